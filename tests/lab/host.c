/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include "frame.h"
#include "tail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define EXIT_LAB_FAILED 1
#define EXIT_USAGE	2
#define EXIT_TIMEOUT	124
#define TAIL_LINES	40

static const char *const stage_names[] = {
	[STAGE_BOOT] = "booting the kernel",
	[STAGE_DAEMON] = "waiting for nisvd to be ready",
	[STAGE_COMMAND] = "running COMMAND",
};

struct host {
	struct host_qemu qemu;
	int signals;
	int verbose;
	struct timespec start;
	double timeout; /* seconds */
	enum stage stage;
	struct frame_reader reader;
	struct tail console, log;
	int out_fd;	    /* where the payload at hand goes, or -1 */
	size_t out_done;    /* bytes of it written already */
	int channel_closed; /* QEMU ended */
	int status;	    /* what to exit with, or -1 as long as that is open */
};

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

static void enter_stage(struct host *h, unsigned int stage)
{
	if (stage > STAGE_COMMAND)
		return;
	h->stage = stage;
	if (h->verbose)
		fprintf(stderr, "lab: %.1f s: %s\n", seconds_since(&h->start), stage_names[stage]);
}

/* A log's bytes: kept for the case of a failure, shown at once with --verbose. */
static void take_log(struct host *h, struct tail *tail, const void *bytes, size_t size)
{
	tail_add(tail, bytes, size);
	if (h->verbose)
		fwrite(bytes, 1, size, stderr);
}

static void take_console(struct host *h)
{
	char buffer[4096];
	ssize_t n = read(h->qemu.console, buffer, sizeof(buffer));

	if (n > 0) {
		take_log(h, &h->console, buffer, n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(h->qemu.console);
		h->qemu.console = -1;
	}
}

static void end_failed(struct host *h, const uint8_t *why, size_t size)
{
	fprintf(stderr, "lab: %.*s\n", (int)size, (const char *)why);
	if (!h->verbose)
		tail_print(&h->log, "the end of nisvd's log", TAIL_LINES);
	h->status = EXIT_LAB_FAILED;
}

static void end_silent(struct host *h)
{
	if (!h->verbose)
		tail_print(&h->console, "the end of the guest's console", TAIL_LINES);
	fprintf(stderr, "lab: the guest ended by itself while %s\n", stage_names[h->stage]);
	h->status = EXIT_LAB_FAILED;
}

static void end_timeout(struct host *h)
{
	if (!h->verbose) {
		tail_print(&h->console, "the end of the guest's console", TAIL_LINES);
		tail_print(&h->log, "the end of nisvd's log", TAIL_LINES);
	}
	fprintf(stderr, "lab: gave up after %g s while %s (--timeout sets the limit)\n", h->timeout,
		stage_names[h->stage]);
	h->status = EXIT_TIMEOUT;
}

/* Handles frames until one has to wait for standard output or error, or there is no whole one. */
static void take_frames(struct host *h)
{
	enum frame_type type;
	const uint8_t *payload;
	size_t size;
	int r;

	while (h->status < 0 && h->out_fd < 0) {
		r = frame_next(&h->reader, &type, &payload, &size);
		if (r < 0) {
			fputs("lab: the channel to the guest is garbled; please report this as a "
			      "bug\n",
			      stderr);
			h->status = EXIT_LAB_FAILED;
		}
		if (r <= 0)
			return;
		switch (type) {
		case FRAME_OUT:
			h->out_fd = STDOUT_FILENO;
			return;
		case FRAME_ERR:
			h->out_fd = STDERR_FILENO;
			return;
		case FRAME_LOG:
			take_log(h, &h->log, payload, size);
			break;
		case FRAME_NOTE:
			fprintf(stderr, "lab: %.*s\n", (int)size, (const char *)payload);
			break;
		case FRAME_STAGE:
			if (size == 1)
				enter_stage(h, payload[0]);
			break;
		case FRAME_FAILED:
			end_failed(h, payload, size);
			break;
		case FRAME_EXIT:
			h->status = size == 1 ? payload[0] : EXIT_LAB_FAILED;
			break;
		case FRAME_HELLO:
			break;
		}
		frame_drop(&h->reader);
	}
}

/* The descriptor polled writable and a payload fits a pipe: this waits for no reader, however slow.
 */
static void pass_through(struct host *h)
{
	enum frame_type type;
	const uint8_t *payload;
	size_t size;
	ssize_t n;

	if (frame_next(&h->reader, &type, &payload, &size) != 1)
		return;
	n = write(h->out_fd, payload + h->out_done, size - h->out_done);
	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		fprintf(stderr, "lab: cannot write COMMAND's output: %s\n", strerror(errno));
		h->status = EXIT_LAB_FAILED;
	} else if (n >= 0) {
		h->out_done += n;
	}
	if (h->out_done == size) {
		h->out_fd = -1;
		h->out_done = 0;
		frame_drop(&h->reader);
	}
}

static void take_channel(struct host *h)
{
	if (frame_fill(&h->reader, h->qemu.channel) < 0)
		h->channel_closed = 1;
}

/* Waits for the next event and handles it. */
static void step(struct host *h)
{
	double left = h->timeout - seconds_since(&h->start);
	struct pollfd fds[] = {
		{.fd = h->signals, .events = POLLIN},
		{.fd = h->qemu.console, .events = POLLIN},
		{.fd = h->out_fd < 0 && !h->channel_closed ? h->qemu.channel : -1,
		 .events = POLLIN},
		{.fd = h->out_fd, .events = POLLOUT},
	};
	struct signalfd_siginfo info;

	if (left <= 0) {
		end_timeout(h);
		return;
	}
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), left * 1000 + 1) < 0)
		return;
	if (fds[0].revents && read(h->signals, &info, sizeof(info)) == sizeof(info)) {
		h->status = 128 + info.ssi_signo;
		return;
	}
	if (fds[1].revents)
		take_console(h);
	if (fds[2].revents)
		take_channel(h);
	if (fds[3].revents)
		pass_through(h);
	take_frames(h);
	/* The console holds the reason, so it is read to its end. */
	if (h->status < 0 && h->out_fd < 0 && h->channel_closed && h->qemu.console < 0)
		end_silent(h);
}

int host_main(int argc, char **argv)
{
	static struct host h = {.out_fd = -1, .status = -1};
	sigset_t ends;
	int r;

	if (argc < 4 || (h.timeout = strtod(argv[1], NULL)) <= 0) {
		fputs("lab: host TIMEOUT VERBOSE QEMU ARGS...\n", stderr);
		return EXIT_USAGE;
	}
	h.verbose = !strcmp(argv[2], "1");
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	h.signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	clock_gettime(CLOCK_MONOTONIC, &h.start);
	enter_stage(&h, STAGE_BOOT);
	r = h.signals < 0 ? -errno : host_qemu_start(&h.qemu, argv + 3);
	if (r < 0) {
		fprintf(stderr, "lab: cannot start QEMU: %s\n", strerror(-r));
		return EXIT_LAB_FAILED;
	}
	while (h.status < 0)
		step(&h);
	host_qemu_kill(&h.qemu);
	if (h.verbose)
		fprintf(stderr, "lab: %.1f s: done, status %d\n", seconds_since(&h.start),
			h.status);
	return h.status;
}
