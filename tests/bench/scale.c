/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scale.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "daemon/edge/log.h"
#include "fleet.h"

#define ANSWER_MAX (4 << 20)

/* Lines of text, or VMs in JSON: either way at least as many as there are VMs. */
static unsigned int count(const char *answer, const char *what)
{
	unsigned int n = 0;

	for (const char *at = answer; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static int measure(const struct bench_daemon *daemon, const char *const *arguments,
		   const char *mark, unsigned int tries, struct sample *sample)
{
	static char answer[ANSWER_MAX];

	for (unsigned int i = 0; i < tries; i++) {
		double began = sample_now_ms();
		int r = bench_daemon_ask(daemon, arguments, answer, sizeof(answer));

		if (r)
			return log_error_errno(EIO, "nisvctl list fails");
		sample_add(sample, sample_now_ms() - began);
		if (count(answer, mark) < SCALE_VMS)
			return log_error_errno(ENODATA, "nisvctl list shows %u VMs of %u",
					       count(answer, mark), SCALE_VMS);
	}
	return 0;
}

int scale_measure(unsigned int tries, struct scale *ret)
{
	static const char *const text[] = {"list", "--no-pager", NULL};
	static const char *const json[] = {"list", "--json=short", NULL};
	struct bench_daemon *daemon = NULL;
	struct fleet *fleet = NULL;
	int r = fleet_new(SCALE_VMS, 1, &fleet);

	if (r >= 0)
		r = bench_daemon_start(&daemon);
	if (r >= 0)
		r = measure(daemon, text, "\n", tries, &ret->list_ms);
	if (r >= 0)
		r = measure(daemon, json, "\"id\":", tries, &ret->json_ms);
	if (r >= 0)
		ret->rss_kib = bench_daemon_rss_kib(daemon);
	bench_daemon_stop(daemon);
	fleet_free(fleet);
	return r;
}
