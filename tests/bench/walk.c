/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "walk.h"

#include <errno.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/discover.h"
#include "daemon/edge/log.h"
#include "fleet.h"

struct walk walks[] = {
	{.name = "no VM of ours"},
	{.name = "one VM, 5 slots", .vms = 1, .slots = 5},
	{.name = "one VM, 500 slots", .vms = 1, .slots = 500},
	{.name = "1,000 VMs, 5 slots each", .vms = 1000, .slots = 5},
};

const unsigned int n_walks = sizeof(walks) / sizeof(walks[0]);

/* ---- scans ---- */

static int scan(struct capture *capture, struct walk *walk)
{
	struct discover_result found;
	double began = sample_now_ms();
	int r = discover_run(capture, &found);

	if (r < 0)
		return r;
	sample_add(&walk->ms, sample_now_ms() - began);
	if (found.n_keys < walk->vms)
		r = log_error_errno(ENODATA, "A scan found %zu VMs of %u", found.n_keys, walk->vms);
	discover_clear(&found);
	return r;
}

static int measure(struct capture *capture, struct walk *walk, unsigned int tries)
{
	struct fleet *fleet = NULL;
	int r = fleet_new(walk->vms, walk->slots, &fleet);

	for (unsigned int i = 0; r >= 0 && i < tries; i++)
		r = scan(capture, walk);
	fleet_free(fleet);
	return r;
}

int walks_measure(unsigned int tries)
{
	static const struct capture_options options = {.count_mmio = true};
	static const struct capture_ops ops;
	struct capture *capture;
	int r;

	r = capture_new(&options, &ops, NULL, &capture);
	if (r < 0)
		return r;
	for (unsigned int i = 0; r >= 0 && i < n_walks; i++)
		r = measure(capture, &walks[i], tries);
	capture_free(capture);
	return r;
}
