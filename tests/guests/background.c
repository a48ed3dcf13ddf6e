/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "background.h"
#include "control.h"
#include "fail.h"

#define MIGRATE_US 200

struct background {
	const struct options *options;
	struct vm **vms;
	unsigned int n_vms;
	struct crew *crew;
	struct control *control; /* NULL: none */
	pthread_t threads[4];
	unsigned int n_threads;
	int stop_fd;
};

/* Waits that long; false when it is time to stop. */
static bool pause_us(const struct background *b, unsigned int us)
{
	struct pollfd fd = {.fd = b->stop_fd, .events = POLLIN};
	struct timespec timeout = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};

	return ppoll(&fd, 1, &timeout, NULL) <= 0;
}

static void *churn_main(void *argument)
{
	struct background *b = argument;
	bool present = true;

	do {
		present = !present;
		for (unsigned int i = 0; i < b->n_vms; i++) {
			struct vm *vm = b->vms[i];
			int ret = vm_slot_set(vm, vm->churn, present);

			if (ret < 0)
				fail(EXIT_SETUP, "--churn: cannot change the slot: %s",
				     strerror(-ret));
		}
	} while (pause_us(b, b->options->churn_us) || !present);
	return NULL;
}

static void *dirty_main(void *argument)
{
	struct background *b = argument;

	while (pause_us(b, b->options->dirty_us))
		for (unsigned int i = 0; i < b->n_vms; i++)
			vm_dirty_log_clear(b->vms[i],
					   vm_slot_find(b->vms[i], b->options->dirty_address));
	return NULL;
}

static void *migrate_main(void *argument)
{
	struct background *b = argument;

	for (unsigned int turn = 0; pause_us(b, MIGRATE_US); turn++)
		crew_migrate(b->crew, turn);
	return NULL;
}

static void *control_main(void *argument)
{
	struct background *b = argument;

	control_run(b->control, b->stop_fd);
	return NULL;
}

static void thread_add(struct background *b, void *(*run)(void *))
{
	int error = pthread_create(&b->threads[b->n_threads], NULL, run, b);

	if (error)
		fail(EXIT_SETUP, "no background thread: %s", strerror(error));
	b->n_threads++;
}

struct background *background_new(struct vm **vms, unsigned int n, struct crew *crew)
{
	struct background *b = calloc(1, sizeof(*b));

	if (!b)
		fail(EXIT_SETUP, "out of memory for background threads");
	b->options = vms[0]->options;
	b->vms = vms;
	b->n_vms = n;
	b->crew = crew;
	b->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (b->stop_fd < 0)
		fail(EXIT_SETUP, "eventfd: %s", strerror(errno));
	b->control = control_new(vms, n);
	if (b->control)
		thread_add(b, control_main);
	if (b->options->churn.size)
		thread_add(b, churn_main);
	if (b->options->has_dirty && b->options->dirty_us)
		thread_add(b, dirty_main);
	if (b->options->migrate)
		thread_add(b, migrate_main);
	return b;
}

void background_free(struct background *b)
{
	uint64_t one = 1;

	if (!b)
		return;
	if (write(b->stop_fd, &one, sizeof(one)) != sizeof(one))
		fail(EXIT_SETUP, "cannot stop the background threads: %s", strerror(errno));
	for (unsigned int i = 0; i < b->n_threads; i++)
		pthread_join(b->threads[i], NULL);
	control_free(b->control);
	close(b->stop_fd);
	free(b);
}
