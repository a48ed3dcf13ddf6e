/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/manager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/edge/ingest.h"
#include "daemon/edge/ingest_process.h"
#include "daemon/edge/kvmwatch.h"
#include "daemon/edge/listen.h"
#include "daemon/edge/log.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/reload.h"
#include "daemon/edge/status_json.h"
#include "daemon/edge/subscribe.h"
#include "daemon/edge/wallclock.h"

#define AGE_USEC     3600000000ULL /* between two looks for dossiers that are too old */
#define AGE_ACCURACY 600000000ULL

static void on_forget(struct vm *vm, void *userdata)
{
	struct manager *manager = userdata;

	log_debug("Forgetting the ended VM %s (%s)", vm->id, vm->name.name);
	publish_forget(manager, vm);
	/* What was counted since the start must not shrink when a VM is dropped. */
	if (status_counts(manager, vm))
		status_add_up(&manager->forgotten, &vm->totals);
	if (manager->capture && !vm->forgotten)
		ingest_doom(manager, vm);
	if (vm->origin == VM_ORIGIN_LIVE)
		ledger_dropped(manager, vm);
}

static void set_host(struct host *host)
{
	struct utsname uts;

	if (uname(&uts) < 0)
		uts = (struct utsname){};
	host->arch = strcmp(uts.machine, "aarch64") ? "x86_64" : "arm64";
	snprintf(host->kernel, sizeof(host->kernel), "%s", uts.release);
	snprintf(host->kernel_build, sizeof(host->kernel_build), "%s", uts.version);
	host->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
}

int manager_new(const struct manager_options *options, const struct config *config,
		struct manager **ret)
{
	struct manager *manager = calloc(1, sizeof(*manager));
	int r;

	if (!manager)
		return log_error_errno(ENOMEM, "Cannot start");
	manager->options = *options;
	manager->config = *config;
	manager->started_ns = wallclock_now_ns();
	manager->vms.forget = on_forget;
	manager->vms.userdata = manager;
	set_host(&manager->host);
	r = machinefile_load(options->machine_path, &manager->machines);
	if (r < 0) {
		log_error_errno(r, "Cannot load the machine maps");
		goto fail;
	}
	manager->host.maps = manager->machines.list;
	manager->host.n_maps = manager->machines.n;
	r = sd_event_new(&manager->event);
	if (r < 0) {
		log_error_errno(r, "Cannot open the event loop");
		goto fail;
	}
	*ret = manager;
	return 0;
fail:
	manager_free(manager);
	return r;
}

struct manager *manager_free(struct manager *manager)
{
	if (!manager)
		return NULL;
	subscribe_stop_all(manager);
	varlink_server_free(manager->server);
	sd_event_source_disable_unref(manager->poll_timer);
	sd_event_source_disable_unref(manager->publish_timer);
	sd_event_source_disable_unref(manager->capture_io);
	sd_event_source_disable_unref(manager->kvm_io);
	ingest_watch_stop(manager);
	capture_free(manager->unattached);
	capture_free(manager->capture);
	manager->capture = NULL;
	/* Before the VMs: they are not to be dropped from it. */
	manager->ledger = ledger_free(manager->ledger);
	vms_clear(&manager->vms);
	fdstore_free(manager->store);
	machinefile_clear(&manager->machines);
	free(manager->doomed);
	free(manager->trace);
	sd_event_unref(manager->event);
	free(manager);
	return NULL;
}

void manager_notify_status(const struct manager *manager)
{
	const char *refused = manager->config_refused ? "; nisvd.conf has errors, see the log" : "";
	uint64_t aborts = 0;

	if (!manager->capture) {
		sd_notifyf(0, "STATUS=Waiting for the kvm module to be loaded%s", refused);
		return;
	}
	for (size_t i = 0; i < manager->vms.n; i++)
		if (status_counts(manager, manager->vms.list[i]))
			aborts += vm_aborts(manager->vms.list[i]);
	sd_notifyf(0, "STATUS=Watching %zu VMs; %llu aborts outside memory so far%s",
		   vms_running(&manager->vms), (unsigned long long)aborts, refused);
}

/* ---- life ---- */

static int on_age(sd_event_source *source, uint64_t usec, void *userdata)
{
	publish_age(userdata);
	sd_event_source_set_time(source, usec + AGE_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	(void)info;
	(void)userdata;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

int manager_start(struct manager *manager)
{
	sigset_t mask;
	int r;

	/* What is done aside ends by itself (aside.h). */
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return log_error_errno(errno, "Cannot block signals");
	r = sd_event_add_signal(manager->event, NULL, SIGTERM, on_signal, manager);
	if (r >= 0)
		r = sd_event_add_signal(manager->event, NULL, SIGINT, on_signal, manager);
	if (r >= 0)
		r = sd_event_set_watchdog(manager->event, true);
	if (r < 0)
		return log_error_errno(r, "Cannot watch for signals");
	if (!manager->options.offline) {
		manager->store = fdstore_new();
		if (!manager->store)
			return log_error_errno(ENOMEM, "Cannot start");
		publish_prepare(manager);
		r = reload_watch(manager);
		if (r < 0)
			return log_error_errno(r, "Cannot watch for SIGHUP");
		r = kvmwatch_start(manager);
		if (r < 0)
			return r;
		/* What VMs do meanwhile is in the rings. */
		publish_load(manager);
		r = sd_event_add_time_relative(manager->event, NULL, CLOCK_MONOTONIC, AGE_USEC,
					       AGE_ACCURACY, on_age, manager);
		if (r < 0)
			return log_error_errno(r, "Cannot watch for dossiers that are too old");
	}
	r = listen_start(manager);
	if (r < 0)
		return r;
	sd_notify(0, "READY=1");
	return 0;
}

int manager_run(struct manager *manager)
{
	int r = sd_event_loop(manager->event);

	sd_notify(0, "STOPPING=1");
	if (manager->capture) {
		/* What the guests did until now is still told. */
		ingest_poll(manager);
		publish_last(manager);
	}
	return r < 0 ? log_error_errno(r, "The event loop failed") : 0;
}
