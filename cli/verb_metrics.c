/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/metrics.h"
#include "cli/reply.h"
#include "cli/term.h"

/* The file's content, for everybody to read. Closes @fd. 0 or -errno. */
static int fill(int fd, const char *text, size_t len)
{
	FILE *file = fdopen(fd, "w");
	int r = 0;

	if (!file) {
		r = -errno;
		close(fd);
		return r;
	}
	if (fwrite(text, 1, len, file) != len || fflush(file) != 0 || fchmod(fd, 0644) < 0 ||
	    fsync(fd) < 0)
		r = -errno;
	if (fclose(file) != 0 && r == 0)
		r = -errno;
	return r;
}

/* What is there is replaced at once and as a whole, or stays: whoever reads it never sees half. */
static int replace_file(const char *path, const char *text, size_t len)
{
	char *temporary;
	int fd, r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	r = fd < 0 ? -errno : fill(fd, text, len);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (fd >= 0 && r < 0)
		unlink(temporary);
	free(temporary);
	return r;
}

static int print(const struct options *options, struct json_object *metrics)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = options->output ? open_memstream(&text, &size) : stdout;
	int r;

	if (!out)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "out of memory");
	if (options->json != JSON_OFF)
		reply_print(out, options->json, metrics);
	else
		metrics_print(out, metrics);
	if (!options->output)
		return term_flush_stdout(options);
	/* Without memory the text is cut. */
	r = ferror(out) ? -ENOMEM : 0;
	if ((fclose(out) != 0 || !text) && r == 0)
		r = -ENOMEM;
	if (r == 0)
		r = replace_file(options->output, text, size);
	free(text);
	return r == 0 ? NISV_EXIT_OK
		      : error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "cannot write %s: %s",
				     options->output, strerror(-r));
}

int verb_metrics(const struct options *options, int argc, char **argv)
{
	static const char *const methods[] = {NISV_METHOD_GET_STATUS, NISV_METHOD_LIST_VMS,
					      NISV_METHOD_EXPLAIN};
	struct json_object *replies[3] = {NULL}, *metrics;
	struct client *client = NULL;
	int status;

	(void)argc, (void)argv;
	/* The format is UTF-8 in every locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	status = client_open(options, CLIENT_DAEMON, &client);
	for (size_t i = 0; i < 3 && status == NISV_EXIT_OK; i++)
		status = client_call(client, methods[i], NULL, &replies[i]);
	if (status == NISV_EXIT_OK) {
		metrics = metrics_build(replies[0], replies[1], replies[2]);
		status = print(options, metrics);
		json_object_put(metrics);
	}
	for (size_t i = 0; i < 3; i++)
		json_object_put(replies[i]);
	client_close(client);
	return status;
}
