/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "crew.h"
#include "fail.h"
#include "run.h"

/* Gets a thread out of KVM_RUN; the handler does nothing, EINTR does all. */
#define KICK_SIGNAL SIGRTMIN

struct crew {
	const struct options *options;
	struct vm **vms;
	unsigned int n_vms;
	struct vcpu **vcpus; /* of all VMs */
	unsigned int n_vcpus;
	pthread_t *threads;
	unsigned int n_threads; /* that exist */
	unsigned int n_running;
	unsigned int n_assigned;   /* THREAD_PER_VCPU: vCPUs that have their thread */
	pthread_mutex_t lock;	   /* all of this but the vCPUs themselves */
	pthread_cond_t queued;	   /* THREAD_MOVE: a vCPU was put back, or is over */
	unsigned int next, n_over; /* THREAD_MOVE: where to look first; vCPUs that are over */
	int done_fd;
	char death[128];
};

static void kick(int signal_number)
{
	(void)signal_number;
}

void crew_signals_init(void)
{
	struct sigaction action = {.sa_handler = kick};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(KICK_SIGNAL, &action, NULL);
}

static bool step(struct vcpu *vcpu)
{
	unsigned long long never = 0;

	atomic_compare_exchange_strong(&vcpu->vm->begun_ns, &never, now_ns());
	if (vcpu_step(vcpu))
		return true;
	vcpu->vm->ended_ns = now_ns();
	return false;
}

static void run_one(struct crew *crew)
{
	struct vcpu *vcpu;

	pthread_mutex_lock(&crew->lock);
	vcpu = crew->vcpus[crew->n_assigned++];
	pthread_mutex_unlock(&crew->lock);
	/* step() but for the clock, which would be read at each exit. */
	step(vcpu);
	while (vcpu_step(vcpu))
		;
	vcpu->vm->ended_ns = now_ns();
}

static void run_in_turn(struct crew *crew)
{
	bool any;

	do {
		any = false;
		for (unsigned int i = 0; i < crew->n_vcpus; i++)
			any |= crew->vcpus[i]->state == VCPU_RUNNABLE && step(crew->vcpus[i]);
	} while (any);
}

/* A vCPU that waits and was not run by this thread last time; with the lock held. */
static struct vcpu *queue_take(struct crew *crew)
{
	for (unsigned int n = 0; n < crew->n_vcpus; n++) {
		struct vcpu *vcpu = crew->vcpus[crew->next];

		crew->next = (crew->next + 1) % crew->n_vcpus;
		if (vcpu->queued &&
		    !(vcpu->has_last_thread && pthread_equal(vcpu->last_thread, pthread_self()))) {
			vcpu->queued = false;
			vcpu->has_last_thread = true;
			vcpu->last_thread = pthread_self();
			return vcpu;
		}
	}
	return NULL;
}

/* There is one thread more than vCPUs, so one that may take the vCPU is always idle. */
static void run_moving(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	while (crew->n_over < crew->n_vcpus) {
		struct vcpu *vcpu = queue_take(crew);
		bool runnable;

		if (!vcpu) {
			pthread_cond_wait(&crew->queued, &crew->lock);
			continue;
		}
		pthread_mutex_unlock(&crew->lock);
		runnable = step(vcpu);
		pthread_mutex_lock(&crew->lock);
		if (runnable)
			vcpu->queued = true;
		else
			crew->n_over++;
		pthread_cond_broadcast(&crew->queued);
	}
	pthread_mutex_unlock(&crew->lock);
}

static void *thread_main(void *argument)
{
	struct crew *crew = argument;
	uint64_t one = 1;
	bool last;

	switch (crew->options->threading) {
	case THREAD_PER_VCPU:
		run_one(crew);
		break;
	case THREAD_ONE:
		run_in_turn(crew);
		break;
	case THREAD_MOVE:
		run_moving(crew);
		break;
	}
	pthread_mutex_lock(&crew->lock);
	last = !--crew->n_running;
	pthread_mutex_unlock(&crew->lock);
	if (last && write(crew->done_fd, &one, sizeof(one)) != sizeof(one))
		fail(EXIT_SETUP, "cannot tell that the guests are done: %s", strerror(errno));
	return NULL;
}

struct crew *crew_new(struct vm **vms, unsigned int n)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	unsigned int n_vcpus = n * vms[0]->n_vcpus;

	if (!crew || !(crew->vcpus = calloc(n_vcpus, sizeof(*crew->vcpus))) ||
	    !(crew->threads = calloc(n_vcpus + 1, sizeof(*crew->threads))))
		fail(EXIT_SETUP, "out of memory for threads");
	crew->options = vms[0]->options;
	crew->vms = vms;
	crew->n_vms = n;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->queued, NULL);
	crew->done_fd = eventfd(0, EFD_CLOEXEC);
	if (crew->done_fd < 0)
		fail(EXIT_SETUP, "eventfd: %s", strerror(errno));
	for (unsigned int i = 0; i < n; i++) {
		vms[i]->crew = crew;
		for (unsigned int j = 0; j < vms[i]->n_vcpus; j++) {
			vms[i]->vcpus[j].queued = true;
			crew->vcpus[crew->n_vcpus++] = &vms[i]->vcpus[j];
		}
	}
	return crew;
}

void crew_start(struct crew *crew)
{
	unsigned int n = crew->n_vcpus;
	pthread_attr_t attributes;
	cpu_set_t cpus;

	if (crew->options->threading == THREAD_ONE)
		n = 1;
	else if (crew->options->threading == THREAD_MOVE)
		n++;
	pthread_attr_init(&attributes);
	if (crew->options->pin_cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(crew->options->pin_cpu, &cpus);
		pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	}
	pthread_mutex_lock(&crew->lock);
	crew->n_running = n;
	while (crew->n_threads < n) {
		int error = pthread_create(&crew->threads[crew->n_threads], &attributes,
					   thread_main, crew);

		if (error)
			fail(EXIT_SETUP, "no vCPU thread: %s (--pin: is that CPU there?)",
			     strerror(error));
		crew->n_threads++;
	}
	pthread_mutex_unlock(&crew->lock);
	pthread_attr_destroy(&attributes);
}

void crew_join(struct crew *crew)
{
	for (unsigned int i = 0; i < crew->n_threads; i++)
		pthread_join(crew->threads[i], NULL);
	crew->n_threads = 0;
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	close(crew->done_fd);
	pthread_cond_destroy(&crew->queued);
	pthread_mutex_destroy(&crew->lock);
	free(crew->threads);
	free(crew->vcpus);
	free(crew);
}

int crew_done_fd(const struct crew *crew)
{
	return crew->done_fd;
}

void crew_stop_vm(struct vm *vm)
{
	struct crew *crew = vm->crew;

	/* In this order: a thread that clears immediate_exit looks at stop afterwards. */
	vm->stop = true;
	for (unsigned int i = 0; i < vm->n_vcpus; i++)
		__atomic_store_n(&vm->vcpus[i].run->immediate_exit, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&crew->lock);
	for (unsigned int i = 0; i < crew->n_threads; i++)
		pthread_kill(crew->threads[i], KICK_SIGNAL);
	pthread_mutex_unlock(&crew->lock);
}

void crew_stop(struct crew *crew)
{
	for (unsigned int i = 0; i < crew->n_vms; i++)
		crew_stop_vm(crew->vms[i]);
}

void crew_die(struct crew *crew, const char *message)
{
	pthread_mutex_lock(&crew->lock);
	if (!crew->death[0])
		snprintf(crew->death, sizeof(crew->death), "%s", message);
	pthread_mutex_unlock(&crew->lock);
	crew_stop(crew);
}

const char *crew_death(const struct crew *crew)
{
	return crew->death[0] ? crew->death : NULL;
}

void crew_migrate(struct crew *crew, unsigned int turn)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);

	pthread_mutex_lock(&crew->lock);
	for (unsigned int i = 0; i < crew->n_threads; i++) {
		cpu_set_t cpus;

		CPU_ZERO(&cpus);
		CPU_SET((turn + i) % n_cpus, &cpus);
		pthread_setaffinity_np(crew->threads[i], sizeof(cpus), &cpus);
	}
	pthread_mutex_unlock(&crew->lock);
}
