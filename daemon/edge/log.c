/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

static int max_level = LOG_INFO;

void log_set_level(int level)
{
	max_level = level;
}

bool log_enabled(int level)
{
	return level <= max_level;
}

/*
 * Nobody waits for a log: what journald does not take is lost, and counted. Anything but a socket
 * is written to as it is.
 */
static void write_text(const char *text, size_t len)
{
	static unsigned long lost;
	char note[96];

	if (lost) {
		snprintf(note, sizeof(note), "<%d>%lu messages were lost: journald took none\n",
			 LOG_WARNING, lost);
		if (send(STDERR_FILENO, note, strlen(note), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			lost = 0;
	}
	if (send(STDERR_FILENO, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return;
	if (errno != ENOTSOCK)
		lost++;
	else if (write(STDERR_FILENO, text, len) < 0)
		return; /* nowhere left to complain to */
}

/* One write(2) per message: lines of several processes on one stderr do not mix. */
static void write_line(int level, char *text)
{
	char line[2048];
	int n;

	for (char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f)
			*p = '?';
	}
	if (getenv("JOURNAL_STREAM"))
		n = snprintf(line, sizeof(line), "<%d>%s\n", level, text);
	else
		n = snprintf(line, sizeof(line), "nisvd: %s\n", text);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	write_text(line, (size_t)n);
}

void log_message(int level, const char *format, ...)
{
	char text[1920];
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	write_line(level, text);
}

int log_error_errno(int err, const char *format, ...)
{
	char text[1920];
	va_list ap;
	int n;

	if (err < 0)
		err = -err;
	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n >= 0 && n < (int)sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerror(err));
	write_line(LOG_ERR, text);
	return -err;
}
