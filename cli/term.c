/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#define WIDTH_DEFAULT  80
#define WIDTH_MIN      40
#define WIDTH_READABLE 100

/* Of the terminal, else what the environment's @name says, else 0. */
static int dimension(int reported, const char *name)
{
	const char *said = getenv(name);
	int n = reported > 0 ? reported : said ? atoi(said) : 0;

	return n > 0 && n <= 10000 ? n : 0;
}

static void measure(struct term *term)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){0};
	term->width = dimension(size.ws_col, "COLUMNS");
	term->height = dimension(size.ws_row, "LINES");
	if (!term->width)
		term->width = WIDTH_DEFAULT;
	if (term->width < WIDTH_MIN)
		term->width = WIDTH_MIN;
}

/* When there is no pager after all, what was written for it must not be lost. */
static void copy_through(void)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(STDOUT_FILENO, buf + done, (size_t)(n - done));
			if (w < 0)
				return;
		}
}

static void run_pager(const char *command)
{
	/* -F: short output just appears; -R: our colours; -X: it stays on the screen. No commands
	 * from within: nisvctl is often run with sudo. */
	setenv("LESS", "FRX", 0);
	setenv("LESSSECURE", "1", 1);
	if (command)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		execlp("less", "less", (char *)NULL);
	copy_through();
	_exit(0);
}

static void start_pager(struct term *term)
{
	const char *command = getenv("NISVCTL_PAGER");
	int fds[2];

	if (!command)
		command = getenv("PAGER");
	if (command && (!*command || strcmp(command, "cat") == 0))
		return;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	term->pager = fork();
	if (term->pager == 0) {
		dup2(fds[0], STDIN_FILENO);
		close(fds[0]);
		close(fds[1]); /* not all of it is exec: the end must be seen */
		run_pager(command);
	}
	close(fds[0]);
	if (term->pager > 0)
		term->out = fdopen(fds[1], "w");
	if (term->pager < 0 || !term->out) {
		close(fds[1]);
		term->pager = 0;
		term->out = stdout;
		return;
	}
	signal(SIGPIPE, SIG_IGN); /* leaving the pager early is no error */
}

void term_open(struct term *term, const struct options *options, bool pager)
{
	const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");

	*term = (struct term){.out = stdout};
	measure(term);
	term->terminal = isatty(STDOUT_FILENO);
	term->colour =
		term->terminal && !(no_color && *no_color) && kind && strcmp(kind, "dumb") != 0;
	term->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (pager && term->terminal && !options->no_pager)
		start_pager(term);
}

int term_flush_stdout(const struct options *options)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return NISV_EXIT_OK;
	return error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "cannot write the output: %s",
			    strerror(errno));
}

int term_close(struct term *term, const struct options *options)
{
	if (!term->pager)
		return term_flush_stdout(options);
	fclose(term->out);
	while (waitpid(term->pager, NULL, 0) < 0 && errno == EINTR)
		;
	return NISV_EXIT_OK;
}

const char *term_colour(const struct term *term, enum colour colour)
{
	static const char *const codes[_COLOUR_MAX] = {
		[COLOUR_NONE] = "\033[0m",    [COLOUR_BOLD] = "\033[1m",
		[COLOUR_DIM] = "\033[2m",     [COLOUR_RED] = "\033[1;31m",
		[COLOUR_YELLOW] = "\033[33m", [COLOUR_GREEN] = "\033[32m",
		[COLOUR_BLUE] = "\033[34m",
	};

	return term->colour ? codes[colour] : "";
}

enum colour term_severity(const char *severity)
{
	if (strcmp(severity, "fatal") == 0 || strcmp(severity, "hang") == 0 ||
	    strcmp(severity, "error") == 0)
		return COLOUR_RED;
	return strcmp(severity, "warning") == 0 ? COLOUR_YELLOW : COLOUR_NONE;
}

const char *term_glyph(const struct term *term, const char *u, const char *a)
{
	return term->utf8 ? u : a;
}

/* Length in bytes of the character at @text, of at most @len bytes, and its columns. */
static size_t next_char(const char *text, size_t len, mbstate_t *state, size_t *ret_columns)
{
	wchar_t c;
	size_t n = mbrtowc(&c, text, len, state);
	int width;

	if (n == 0 || n > len) {
		*state = (mbstate_t){0};
		*ret_columns = 1;
		return 1;
	}
	width = wcwidth(c);
	*ret_columns = width > 0 ? (size_t)width : 0;
	return n;
}

static size_t columns_of(const char *text, size_t len)
{
	mbstate_t state = {0};
	size_t columns = 0;

	while (len > 0) {
		size_t width, n = next_char(text, len, &state, &width);

		columns += width;
		text += n;
		len -= n;
	}
	return columns;
}

size_t term_prefix(const char *text, size_t columns, size_t bytes, size_t *ret_columns)
{
	size_t len = strlen(text), at = 0, used = 0;
	mbstate_t state = {0};

	while (at < len) {
		size_t width, n = next_char(text + at, len - at, &state, &width);

		if (used + width > columns || at + n > bytes)
			break;
		used += width;
		at += n;
	}
	*ret_columns = used;
	return at;
}

size_t term_columns(const char *text)
{
	return columns_of(text, strlen(text));
}

void term_wrap(const struct term *term, const char *first, int indent, const char *text)
{
	size_t width = (size_t)(term->width < WIDTH_READABLE ? term->width : WIDTH_READABLE);
	size_t at = term_columns(first);
	bool begun = false;

	if (at < (size_t)indent)
		at = (size_t)indent;
	fputs(first, term->out);
	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " "), columns = columns_of(text, len);

		if (begun && at + 1 + columns > width) {
			fprintf(term->out, "\n%*s", indent, "");
			at = (size_t)indent;
		} else if (begun) {
			putc(' ', term->out);
			at++;
		}
		/* A word that is longer than a line: a path, a disk's options. */
		if (at + columns > width && at < width)
			len = term_prefix(text, width - at, len, &columns);
		fwrite(text, 1, len, term->out);
		at += columns;
		text += len;
		begun = true;
	}
	putc('\n', term->out);
}
