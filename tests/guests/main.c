/* SPDX-License-Identifier: GPL-2.0-or-later */
/* testvmm: options, then rounds of create, run, report, destroy. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "crew.h"
#include "dress.h"
#include "fail.h"
#include "report.h"
#include "run.h"

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		fail(EXIT_SETUP, "signalfd: %s", strerror(errno));
	return fd;
}

enum event {
	EVENT_TIMEOUT,
	EVENT_OTHER_FD,
	EVENT_GO,
	EVENT_TERMINATE
};

/* Waits for a signal, for other_fd (-1: none) or for timeout_ms (-1: for ever). */
static enum event event_wait(int signal_fd, int other_fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = other_fd, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	if (poll(fds, 2, timeout_ms) <= 0)
		return EVENT_TIMEOUT;
	if (fds[0].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info))
		return info.ssi_signo == SIGUSR1 ? EVENT_GO : EVENT_TERMINATE;
	return EVENT_OTHER_FD;
}

static enum event termination_wait(int signal_fd)
{
	enum event event;

	do
		event = event_wait(signal_fd, -1, -1);
	while (event != EVENT_TERMINATE);
	return event;
}

/* --delay, --hold and --idle; EVENT_TERMINATE: the guests are not to run. */
static enum event start_wait(const struct options *o, int signal_fd)
{
	enum event event = EVENT_TIMEOUT;

	if (o->idle)
		return termination_wait(signal_fd);
	if (o->delay_ms)
		event = event_wait(signal_fd, -1, o->delay_ms);
	while (o->hold && event != EVENT_GO && event != EVENT_TERMINATE)
		event = event_wait(signal_fd, -1, -1);
	return event;
}

static bool any_vcpu(struct vm **vms, unsigned int n, bool (*matches)(const struct vcpu *))
{
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < vms[i]->n_vcpus; j++)
			if (matches(&vms[i]->vcpus[j]))
				return true;
	return false;
}

static bool is_paused(const struct vcpu *vcpu)
{
	return vcpu->state == VCPU_PAUSED;
}

static bool is_unsupported(const struct vcpu *vcpu)
{
	return vcpu->stats.unsupported;
}

struct outcome {
	enum event event; /* EVENT_TERMINATE: SIGTERM came, no further round */
	bool paused, unsupported;
	char death[128]; /* empty: nobody died */
};

/* Starts the guests and waits until they are done or SIGTERM stops them. */
static enum event guests_run(struct crew *crew, int signal_fd)
{
	enum event event;

	crew_start(crew);
	do
		event = event_wait(signal_fd, crew_done_fd(crew), -1);
	while (event != EVENT_OTHER_FD && event != EVENT_TERMINATE);
	if (event == EVENT_TERMINATE)
		crew_stop(crew);
	return event;
}

/* One round; the VMs stay, for --linger. */
static struct outcome round_run(const struct options *o, struct vm **vms, struct report *report,
				int signal_fd)
{
	struct crew *crew = crew_new(vms, o->n_vms);
	struct background *background;
	struct outcome outcome = {0};

	report_ready(o->ready);
	background = background_new(vms, o->n_vms, crew);
	outcome.event = start_wait(o, signal_fd);
	if (outcome.event != EVENT_TERMINATE)
		outcome.event = guests_run(crew, signal_fd);
	/* First: it moves threads, which are no more after the join. */
	background_free(background);
	crew_join(crew);
	if (crew_death(crew))
		strncpy(outcome.death, crew_death(crew), sizeof(outcome.death) - 1);
	outcome.paused = any_vcpu(vms, o->n_vms, is_paused);
	outcome.unsupported = any_vcpu(vms, o->n_vms, is_unsupported);
	for (unsigned int i = 0; i < o->n_vms; i++)
		report_add(report, vms[i]);
	crew_free(crew);
	return outcome;
}

/* --every: returns when the round is due; the first one sets *begun_ns. */
static void round_await(const struct options *o, unsigned int round, uint64_t *begun_ns)
{
	uint64_t due_ns;
	struct timespec due;

	if (!round)
		*begun_ns = now_ns();
	due_ns = *begun_ns + (uint64_t)round * o->every_ms * 1000000;
	due = (struct timespec){.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

int main(int argc, char **argv)
{
	static struct options options;
	struct report *report;
	struct vm *vms[MAX_VMS];
	struct outcome outcome = {0};
	uint64_t begun_ns = 0;
	int signal_fd;

	dress(&argc, &argv);
	options_parse(&options, argc, argv);
	crew_signals_init();
	signal_fd = signals_open();
	report = report_new();
	for (unsigned int round = 0; round < options.repeat; round++) {
		bool last;

		round_await(&options, round, &begun_ns);
		for (unsigned int i = 0; i < options.n_vms; i++)
			vms[i] = vm_new(&options, i, round);
		outcome = round_run(&options, vms, report, signal_fd);
		last = round + 1 == options.repeat || outcome.event == EVENT_TERMINATE ||
		       outcome.death[0];
		if (last) {
			report_write(report, options.report);
			if (outcome.death[0])
				fail(EXIT_KVM_RUN, "%s", outcome.death);
			if ((options.linger || outcome.paused) && outcome.event != EVENT_TERMINATE)
				termination_wait(signal_fd);
		}
		for (unsigned int i = 0; i < options.n_vms; i++)
			vm_free(vms[i]);
		if (last)
			break;
	}
	report_free(report);
	close(signal_fd);
	return outcome.unsupported ? EXIT_UNSUPPORTED : 0;
}
