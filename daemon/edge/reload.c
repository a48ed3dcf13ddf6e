/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/reload.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/publish.h"

/* sd_notify(3): the service manager tells this reload from an earlier one by it. */
static void notify_begin(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)now.tv_sec * 1000000 +
			   (unsigned long long)now.tv_nsec / 1000);
}

/* What is built into the programs that are attached: a restart attaches others, and loses nothing.
 */
static void keep_capture(const struct config *running, struct config *fresh)
{
	const struct capture_options *a = &running->capture, *b = &fresh->capture;

	if (a->count_mmio != b->count_mmio || a->inspect_guest_memory != b->inspect_guest_memory ||
	    a->sites_per_vm != b->sites_per_vm || a->places_per_vm != b->places_per_vm ||
	    a->details_per_second != b->details_per_second)
		log_notice("What has changed in [Capture] comes with the next start, but for "
			   "MMIOStormRate=: \"systemctl restart nisvd\"");
	fresh->capture = running->capture;
}

static void apply(struct manager *manager, struct config *fresh)
{
	keep_capture(&manager->config, fresh);
	manager->config = *fresh;
	for (size_t i = 0; i < manager->vms.n; i++)
		manager->vms.list[i]->faults->busy_rate = fresh->mmio_storm_rate;
	access_set_group(manager);
	publish_age(manager);
	varlink_server_set_clients(manager->server, fresh->clients);
	log_info("The configuration was read again");
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct manager *manager = userdata;
	struct config fresh;
	int r;

	(void)source;
	(void)info;
	notify_begin();
	config_defaults(&fresh);
	r = config_read(&fresh, manager->options.config_path, manager->options.config_required);
	manager->config_refused = r < 0;
	if (r < 0)
		log_error("The configuration stays as it was: correct what is named above, then "
			  "\"systemctl reload nisvd\"");
	else
		apply(manager, &fresh);
	manager_notify_status(manager);
	sd_notify(0, "READY=1");
	return 0;
}

int reload_watch(struct manager *manager)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	return sd_event_add_signal(manager->event, NULL, SIGHUP, on_reload, manager);
}
