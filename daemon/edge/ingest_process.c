/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/ingest_process.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/edge/ingest.h"
#include "daemon/edge/pace.h"
#include "daemon/edge/procfs.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/wallclock.h"

/* Hundreds may end at once, and what is read at the end of one is that of all. */
#define ENDING_PART	66
#define ENDING_BURST_NS 50000000ULL

/* A VMM whose end is awaited through a pidfd; it may own several VMs. */
struct process {
	uint32_t tgid;
	int fd;
	sd_event_source *source;
	bool has_ended; /* and its VMs have not yet */
};

void ingest_end(struct manager *manager, struct vm *vm, enum vm_end why)
{
	vm_set_end(vm, why, wallclock_now_ns());
	manager->n_ends++;
	publish_end(manager, vm);
}

static void drop_process(struct manager *manager, size_t i)
{
	sd_event_source_disable_unref(manager->processes[i].source);
	close(manager->processes[i].fd);
	manager->processes[i] = manager->processes[--manager->n_processes];
}

void ingest_process_ends(struct manager *manager)
{
	for (size_t i = manager->n_processes; i > 0; i--) {
		const struct process *process = &manager->processes[i - 1];

		if (!process->has_ended)
			continue;
		for (size_t v = 0; v < manager->vms.n; v++) {
			struct vm *vm = manager->vms.list[v];

			if (!vm->end && vm->tgid == process->tgid)
				ingest_end(manager, vm, VM_END_PROCESS_GONE);
		}
		drop_process(manager, i - 1);
	}
}

/* At once, unless that took long of late: then the next poll does it. */
static int on_process_end(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;

	(void)events;
	for (size_t i = 0; i < manager->n_processes; i++)
		manager->processes[i].has_ended |= manager->processes[i].fd == fd;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (!pace_allows(&manager->ending, ENDING_PART, ENDING_BURST_NS))
		return 0;
	pace_begin(&manager->ending, CLOCK_THREAD_CPUTIME_ID);
	ingest_poll(manager);
	publish_changes(manager);
	pace_end(&manager->ending);
	return 0;
}

int ingest_watch(struct manager *manager, const struct vm *vm)
{
	struct process *list, process = {.tgid = vm->tgid};
	int r;

	for (size_t i = 0; i < manager->n_processes; i++)
		if (manager->processes[i].tgid == vm->tgid)
			return 0;
	process.fd = procfs_pidfd(vm->tgid);
	if (process.fd < 0)
		return process.fd;
	list = reallocarray(manager->processes, manager->n_processes + 1, sizeof(*list));
	if (!list) {
		close(process.fd);
		return -ENOMEM;
	}
	manager->processes = list;
	r = sd_event_add_io(manager->event, &process.source, process.fd, EPOLLIN, on_process_end,
			    manager);
	if (r < 0) {
		close(process.fd);
		return r;
	}
	manager->processes[manager->n_processes++] = process;
	return 0;
}

void ingest_watch_stop(struct manager *manager)
{
	while (manager->n_processes)
		drop_process(manager, manager->n_processes - 1);
	free(manager->processes);
	manager->processes = NULL;
}
