/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LOG_H
#define NISVD_LOG_H

/*
 * The daemon's own log: to stderr, with the sd-daemon "<N>" priority prefix when stderr goes to the
 * journal (JOURNAL_STREAM, sd_journal_stream_fd(3)), so that every line keeps its level without a
 * second connection. Findings never go this way: they are journal entries of their own (journal.h).
 */

#include <stdbool.h>

/* Levels are syslog(3)'s: LOG_ERR ... LOG_DEBUG. Messages above the level are not formatted. */
void log_set_level(int level);
bool log_enabled(int level);

/* One message, without a trailing newline. Control characters in it are replaced by '?'. */
void log_message(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * As log_message() at error level, followed by ": " and the text of @err (a positive or negative
 * errno). Returns the negative errno, so that `return log_error_errno(r, ...)` does both.
 */
int log_error_errno(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_message(3, __VA_ARGS__)
#define log_warning(...) log_message(4, __VA_ARGS__)
#define log_notice(...)	 log_message(5, __VA_ARGS__)
#define log_info(...)	 log_message(6, __VA_ARGS__)
#define log_debug(...)	 log_message(7, __VA_ARGS__)

#endif
