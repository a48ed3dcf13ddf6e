/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/reply.h"
#include "cli/screen.h"
#include "cli/term.h"
#include "cli/top.h"

#define DELAY_DEFAULT  2.0
#define DELAY_MIN      0.1 /* seconds: less would measure the asking */
#define DELAY_MAX      86400.0
#define HEIGHT_DEFAULT 24

struct top {
	const struct options *options;
	struct client *client;
	double delay;
	size_t rounds;	       /* still to show */
	bool screen;	       /* it is ours; else the rounds go one below the other */
	bool begun;	       /* there is a round above */
	struct top_sample now; /* the newest; of the nisvd that client talks to, if has_now */
	bool has_now;
	char note[96];
};

/* "2", "0.5": with a point in every locale. Less than 0 for what is none, or has too many digits.
 */
static double read_seconds(const char *text)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits);
	bool point = text[whole] == '.';
	const char *fraction = text + whole + point;
	size_t n = strspn(fraction, digits);
	double value, unit = 1;

	if (!whole || whole > 9 || n > 9 || point != (n > 0) || fraction[n])
		return -1;
	value = (double)strtoul(text, NULL, 10);
	for (size_t i = 0; i < n; i++) {
		unit /= 10;
		value += unit * (fraction[i] - '0');
	}
	return value;
}

static bool parse_delay(const struct options *options, double *ret)
{
	double value = options->delay ? read_seconds(options->delay) : DELAY_DEFAULT;

	*ret = value;
	if (value >= DELAY_MIN && value <= DELAY_MAX)
		return true;
	error_report(options, NISV_EXIT_USAGE, NULL, NULL,
		     "-d takes seconds, %.1f to %.0f, not \"%s\"", DELAY_MIN, DELAY_MAX,
		     options->delay);
	return false;
}

/* ---- showing -----------------------------------------------------------------------------------
 */

static void note(struct top *top, const char *text)
{
	time_t now = time(NULL);
	struct tm tm;
	char clock[16];

	localtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(top->note, sizeof(top->note), "%s %s", clock, text);
	if (!top->screen)
		error_note(top->options, "%s", top->note);
}

static int draw(const struct top *top)
{
	struct top_frame frame = {top->options, top->delay, HEIGHT_DEFAULT, NULL};
	char *text = NULL;
	struct term term;
	size_t size;
	bool seen;

	term_open(&term, top->options, false);
	if (term.height)
		frame.height = (size_t)term.height;
	if (*top->note)
		frame.note = top->note;
	term.out = open_memstream(&text, &size);
	if (!term.out)
		return NISV_EXIT_FAILURE;
	top_text_print(&term, &frame, &top->now);
	/* Without memory the frame is cut, or not there. */
	seen = fclose(term.out) == 0 && screen_draw(text, frame.height);
	free(text);
	return seen ? NISV_EXIT_OK : NISV_EXIT_FAILURE;
}

static int print_round(struct top *top)
{
	struct top_frame frame = {top->options, top->delay, 0, NULL};
	struct json_object *o;
	struct term term;

	if (top->options->json != JSON_OFF) {
		o = top_to_json(&top->now);
		reply_print(stdout, JSON_SHORT, o);
		json_object_put(o);
	} else {
		if (top->begun)
			putchar('\n');
		term_open(&term, top->options, false);
		top_text_print(&term, &frame, &top->now);
	}
	top->begun = true;
	return term_flush_stdout(top->options);
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

/* False: it is time to leave. */
static bool handle(const struct top *top, enum screen_event event)
{
	return event == SCREEN_TIME || (event == SCREEN_DRAW && draw(top) == NISV_EXIT_OK);
}

/* Until the next round; false: it is time to leave. */
static bool wait_round(const struct top *top)
{
	/* Who reads our rounds may go: a pipe without a reader polls as an error. */
	struct pollfd reader = {.fd = STDOUT_FILENO};
	double until = top->now.at + top->delay, left;

	while ((left = until - top_now()) > 0) {
		int ms = (int)(left * 1000) + 1;

		if (top->screen ? !handle(top, screen_wait(ms)) : poll(&reader, 1, ms) > 0)
			return false;
	}
	return true;
}

/* nisvd ended the conversation; false: it is time to leave, with an exit status in @ret_status. */
static bool reopen(struct top *top, int *ret_status)
{
	int status;

	top->client = client_close(top->client);
	note(top, "nisvd ended the conversation; waiting for it to come back");
	top_sample_forget_rates(&top->now);
	*ret_status = NISV_EXIT_OK;
	if (top->screen && draw(top) != NISV_EXIT_OK)
		return false;
	while ((status = client_reopen(top->options, screen_fd(), &top->client)) ==
	       CLIENT_DISTURBED)
		if (!handle(top, screen_wait(0)))
			return false;
	*ret_status = status;
	if (status != NISV_EXIT_OK)
		return false;
	client_allow_gone(top->client);
	note(top, "nisvd is back");
	return true;
}

/* ---- rounds ------------------------------------------------------------------------------------
 */

/* Takes a sample in place of the one before. */
static int take(struct top *top)
{
	struct top_sample sample;
	int status = top_sample_take(top->options, top->client, top->has_now ? &top->now : NULL,
				     &sample);

	if (status != NISV_EXIT_OK)
		return status;
	top_sample_clear(&top->now);
	top->now = sample;
	top->has_now = true;
	return NISV_EXIT_OK;
}

static int show(struct top *top, bool wants_screen)
{
	top->screen = top->screen || (wants_screen && screen_enter());
	if (top->screen)
		return draw(top);
	return top->now.measured ? print_round(top) : NISV_EXIT_OK;
}

static int run(struct top *top, bool wants_screen)
{
	int status;

	for (;;) {
		status = take(top);
		if (status == CLIENT_LOST && client_can_return(top->client)) {
			top->has_now = false; /* a new nisvd counts from the start */
			if (!reopen(top, &status))
				return status;
			continue;
		}
		if (status == NISV_EXIT_OK)
			status = show(top, wants_screen);
		if (status != NISV_EXIT_OK)
			return status == CLIENT_LOST ? client_lost(top->client) : status;
		if (top->now.measured && --top->rounds == 0)
			return NISV_EXIT_OK;
		if (!wait_round(top))
			return NISV_EXIT_OK;
	}
}

int verb_top(const struct options *options, int argc, char **argv)
{
	struct top top = {.options = options, .rounds = SIZE_MAX};
	bool wants_screen = !options->lines && options->json == JSON_OFF && screen_is_there();
	int status;

	(void)argc, (void)argv;
	if (!parse_delay(options, &top.delay) || !parse_count(options, &top.rounds))
		return NISV_EXIT_USAGE;
	if (options->file)
		return error_report(options, NISV_EXIT_USAGE, NULL, NULL,
				    "top needs a running nisvd: in a file nothing goes on");
	status = client_open(options, CLIENT_DAEMON, &top.client);
	if (status != NISV_EXIT_OK)
		return status;
	client_allow_gone(top.client);
	status = run(&top, wants_screen);
	screen_leave();
	client_close(top.client);
	top_sample_clear(&top.now);
	return status;
}
