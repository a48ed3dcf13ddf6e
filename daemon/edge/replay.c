/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/replay_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/log.h"

bool replay_read_line(struct replay_lines *lines, size_t *ret_len)
{
	size_t len = 0;
	int c;

	if (lines->held) {
		lines->held = false;
		*ret_len = lines->held_len;
		return true;
	}
	while ((c = getc_unlocked(lines->file)) != EOF && c != '\n') {
		if (len < REPLAY_LINE_MAX)
			lines->line[len] = (char)c;
		len++;
	}
	*ret_len = len < REPLAY_LINE_MAX ? len : 0;
	return c != EOF || len;
}

/* What the tools write themselves is no text: trace-cmd.dat(5), perf.data-file-format.txt. */
static const char *binary_advice(const char *begin, size_t len)
{
	static const struct {
		const char *magic, *advice;
	} formats[] = {
		{"\x17\x08\x44tracing", "trace-cmd report"},
		{"PERFILE2", "perf script --guestkallsyms=/proc/kallsyms"},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (len >= strlen(formats[i].magic) &&
		    memcmp(begin, formats[i].magic, strlen(formats[i].magic)) == 0)
			return formats[i].advice;
	return NULL;
}

static bool is_json(const char *begin, size_t len)
{
	size_t blank = 0;

	while (blank < len && strchr(" \t\r", begin[blank]))
		blank++;
	return blank < len && begin[blank] == '{';
}

static int take_file(struct manager *manager, struct replay_lines *lines, const char *path)
{
	const char *advice;
	size_t len;

	if (!replay_read_line(lines, &len))
		return ferror(lines->file) ? 0
					   : log_error_errno(EINVAL,
							     "%s is no dossier, and no trace: it "
							     "is empty",
							     path);
	advice = binary_advice(lines->line, len);
	if (advice)
		return log_error_errno(EINVAL,
				       "%s is a tool's own file: give the text that \"%s\" "
				       "makes of it",
				       path, advice);
	lines->held = true;
	lines->held_len = len;
	return is_json(lines->line, len) ? replay_dossier(manager, lines, path, NULL)
					 : replay_trace(manager, lines, path);
}

static int read_all(struct manager *manager, FILE *file, const char *path, const char *key)
{
	struct replay_lines lines = {.file = file, .line = malloc(REPLAY_LINE_MAX)};
	int r;

	if (!lines.line)
		r = log_error_errno(ENOMEM, "Cannot read %s", path);
	else
		r = key ? replay_dossier(manager, &lines, path, key)
			: take_file(manager, &lines, path);
	if (r >= 0 && ferror(file))
		r = log_error_errno(errno ? errno : EIO, "Cannot read %s", path);
	free(lines.line);
	fclose(file);
	return r < 0 ? r : 0;
}

int replay_load(struct manager *manager, FILE *file, const char *path, const char *key)
{
	return read_all(manager, file, path, key);
}

int replay_file(struct manager *manager, const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return log_error_errno(errno, "Cannot open %s", path);
	return read_all(manager, file, path, NULL);
}
