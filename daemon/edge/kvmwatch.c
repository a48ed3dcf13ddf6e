/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/kvmwatch.h"

#include <errno.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "daemon/edge/ingest.h"
#include "daemon/edge/inspect.h"
#include "daemon/edge/kvmmodule.h"
#include "daemon/edge/ledger.h"
#include "daemon/edge/log.h"
#include "daemon/edge/privilege.h"
#include "daemon/edge/publish.h"
#include "daemon/edge/wallclock.h"

#define POLL_USEC     1000000ULL /* how fine rates and MMIO times are; only while VMs are there */
#define POLL_ACCURACY 100000ULL
/*
 * Polling takes no more than this part of the time, and so does telling what records brought; more
 * wake-ups for records than these in an interval wait for its end: many at once cost less each. The
 * interval is short enough that hundreds of VMs that begin at once do not fill a ring in it.
 */
#define PACE_PART	   66
#define RECORDS_USEC	   20000ULL
#define RECORDS_PER_WINDOW 1
#define ENDS_MAX	   128 /* VMs that have ended: so many do not wait for the next poll */
#define SCAN_NS		   100000000ULL /* at each poll, without a hook on VM ends */

/* ---- records and counters ---- */

/* The timer runs only while there is something to count: no VMs, no wake-ups. */
static void arm_timer(struct manager *manager)
{
	uint64_t rest = pace_rest_ns(&manager->polling, PACE_PART) / 1000, now;
	bool needed = false;

	for (size_t i = 0; i < manager->vms.n && !needed; i++)
		needed = !manager->vms.list[i]->forgotten ||
			 publish_is_pending(manager, manager->vms.list[i]);
	if (!needed) {
		sd_event_source_set_enabled(manager->poll_timer, SD_EVENT_OFF);
		return;
	}
	if (sd_event_now(manager->event, CLOCK_MONOTONIC, &now) < 0)
		return;
	sd_event_source_set_time(manager->poll_timer, now + (rest > POLL_USEC ? rest : POLL_USEC));
	sd_event_source_set_enabled(manager->poll_timer, SD_EVENT_ONESHOT);
}

static void poll_now(struct manager *manager)
{
	pace_begin(&manager->polling, CLOCK_THREAD_CPUTIME_ID);
	/* A VMM that lives on after its VMs would hold room that others need. */
	if (!capture_sees_vm_end(manager->capture))
		ingest_discover(manager, SCAN_NS);
	ingest_poll(manager);
	inspect_due(manager, wallclock_now_ns());
	publish_changes(manager);
	manager_notify_status(manager);
	pace_end(&manager->polling);
	arm_timer(manager);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	poll_now(userdata);
	return 0;
}

static int on_publish(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *manager = userdata;

	(void)source;
	(void)usec;
	pace_begin(&manager->publishing, CLOCK_THREAD_CPUTIME_ID);
	publish_records(manager);
	pace_end(&manager->publishing);
	return 0;
}

/* At once if it is due. */
static void publish_soon(struct manager *manager)
{
	uint64_t rest = pace_rest_ns(&manager->publishing, PACE_PART);
	uint64_t due_ns = manager->publishing.ended_ns + rest, now_ns = wallclock_now_ns();
	int enabled;

	if (now_ns >= due_ns) {
		on_publish(manager->publish_timer, 0, manager);
		return;
	}
	if (sd_event_source_get_enabled(manager->publish_timer, &enabled) < 0 ||
	    enabled != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(manager->publish_timer, (due_ns - now_ns) / 1000);
	sd_event_source_set_enabled(manager->publish_timer, SD_EVENT_ONESHOT);
}

static int on_capture(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;
	bool armed = false;
	int enabled;

	(void)source;
	(void)fd;
	(void)events;
	ingest_records(manager);
	if (manager->n_ends > ENDS_MAX) {
		poll_now(manager);
		return 0;
	}
	publish_soon(manager);
	if (sd_event_source_get_enabled(manager->poll_timer, &enabled) >= 0)
		armed = enabled != SD_EVENT_OFF;
	if (!armed)
		arm_timer(manager);
	return 0;
}

/* ---- attaching ---- */

static int capture_failed(struct manager *manager, int r)
{
	const struct capture_obstacle *why;

	if (!manager->capture)
		return log_error_errno(r, "Cannot watch KVM");
	why = capture_obstacle(manager->capture);
	log_error("Cannot watch KVM: %s: %s", why->reason, why->how_to_get);
	sd_notifyf(0, "STATUS=Cannot watch KVM: %s\nERRNO=%d", why->reason, -why->err);
	manager->cannot_work = capture_obstacle_lasts(why);
	/* It has no records to be taken. */
	capture_free(manager->capture);
	manager->capture = NULL;
	return r;
}

/* Faults that will not be seen: who reads the log should not have to ask. */
static void tell_absent(const struct manager *manager)
{
	size_t n;
	const struct capture_source *sources = capture_sources(manager->capture, &n);

	for (size_t i = 0; i < n; i++)
		if (capture_source_hides_faults(&sources[i]))
			log_warning("%s: %s; %s", sources[i].name, sources[i].reason,
				    sources[i].loses);
}

static int on_module(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager *manager = userdata;
	int r;

	(void)source;
	(void)events;
	kvm_module_take(fd);
	if (kvm_module_state() == KVM_MODULE_MISSING)
		return 0;
	r = kvmwatch_start(manager);
	return r < 0 ? sd_event_exit(manager->event, r) : 0;
}

/* Without it no VM can run: nothing is missed. What attaching needs is kept until then. */
static int wait_for_module(struct manager *manager)
{
	const struct capture_obstacle *why = capture_obstacle(manager->capture);

	log_notice("Waiting: %s; %s", why->reason, why->how_to_get);
	capture_free(manager->unattached);
	manager->unattached = manager->capture;
	manager->capture = NULL;
	manager_notify_status(manager);
	return 0;
}

static int watch_records(struct manager *manager)
{
	int r = sd_event_add_time(manager->event, &manager->poll_timer, CLOCK_MONOTONIC, 0,
				  POLL_ACCURACY, on_poll, manager);

	if (r >= 0)
		r = sd_event_source_set_enabled(manager->poll_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(manager->event, &manager->publish_timer, CLOCK_MONOTONIC, 0,
				      1000, on_publish, manager);
	if (r >= 0)
		r = sd_event_source_set_enabled(manager->publish_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_io(manager->event, &manager->capture_io,
				    capture_fd(manager->capture), EPOLLIN, on_capture, manager);
	if (r >= 0)
		r = sd_event_source_set_ratelimit(manager->capture_io, RECORDS_USEC,
						  RECORDS_PER_WINDOW);
	return r < 0 ? log_error_errno(r, "Cannot watch for captured records") : 0;
}

/* Where an earlier daemon was, if capture could. */
static void go_on(struct manager *manager)
{
	bool taken = capture_is_taken_over(manager->capture);

	/* By the clock that it has now. */
	manager->watching_ns = wallclock_now_ns();
	if (taken)
		manager->started_ns = manager->watching_ns;
	ledger_open(manager, !taken);
	if (!taken)
		return;
	publish_restored(manager);
	log_info("Took over from an earlier nisvd: %zu VMs, watched without a gap",
		 vms_running(&manager->vms));
}

static bool can_read(const void *userdata)
{
	const struct manager *manager = userdata;

	return capture_is_readable(manager->capture);
}

/* Attaches and looks for what runs already, or waits for KVM. */
int kvmwatch_start(struct manager *manager)
{
	struct capture_options options = manager->config.capture;
	int r;

	options.store = manager->store;
	/* Before capture looks for it: what comes in between is told. */
	if (!manager->kvm_io && kvm_module_state() == KVM_MODULE_MISSING) {
		r = kvm_module_watch(manager->event, on_module, manager, &manager->kvm_io);
		if (r < 0)
			return log_error_errno(r, "Cannot watch for the kvm module");
	}
	r = capture_new(&options, &ingest_ops, manager, &manager->capture);
	if (r == -ENXIO && manager->kvm_io)
		return wait_for_module(manager);
	if (r < 0)
		return capture_failed(manager, r);
	manager->kvm_io = sd_event_source_disable_unref(manager->kvm_io);
	capture_free(manager->unattached);
	manager->unattached = NULL;
	go_on(manager);
	tell_absent(manager);
	manager->host.injection_seen = capture_sees_injection(manager->capture);
	r = watch_records(manager);
	if (r >= 0)
		r = privilege_drop(can_read, manager);
	if (r < 0)
		return r;
	if (capture_is_taken_over(manager->capture))
		ingest_resume(manager);
	r = ingest_discover(manager, 0);
	if (r < 0)
		log_warning(
			"VMs that run already are seen only at their first fault or MMIO access");
	publish_changes(manager);
	manager_notify_status(manager);
	arm_timer(manager);
	return 0;
}
