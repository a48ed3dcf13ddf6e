/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_MANAGER_H
#define NISVD_MANAGER_H

/*
 * The daemon's one owner of everything: event loop, capture, VMs, outputs. Records come in through
 * ingest.c, what is new goes out through publish.c, questions are answered by api.c; nothing else
 * changes state.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/core/host.h"
#include "daemon/core/tracefold.h"
#include "daemon/core/vm.h"
#include "daemon/edge/access.h"
#include "daemon/edge/archive.h"
#include "daemon/edge/capture.h"
#include "daemon/edge/config.h"
#include "daemon/edge/fdstore.h"
#include "daemon/edge/ledger.h"
#include "daemon/edge/machinefile.h"
#include "daemon/edge/pace.h"
#include "daemon/edge/varlink.h"

struct process;	     /* ingest_process.c: a VMM that is watched for its end */
struct subscription; /* subscribe.c */

struct manager_options {
	const char *config_path; /* what is read again at SIGHUP */
	bool config_required;	 /* that it is not there is an error */
	const char *socket_path; /* NULL: only the sockets that the service manager passed, or
				    offline */
	const char *state_dir;	 /* dossiers go to STATE_DIR/dossiers; NULL: none are written */
	bool use_journal;
	bool offline; /* no capture: serve stdin/stdout */
	const char *machine_path;
};

struct manager {
	struct manager_options options;
	struct config config;
	bool config_refused; /* it had errors when it was read last, and @config stayed as it was */
	sd_event *event;
	sd_event_source *poll_timer, *publish_timer, *capture_io, *kvm_io;
	struct pace polling, publishing;
	struct pace ending, saving; /* of VMMs; of dossiers */
	struct pace refreshing;	    /* for queries */
	struct capture *capture;    /* NULL when offline, and while the kvm module is not loaded */
	struct capture *unattached; /* until then: what will be attached */
	bool cannot_work;	    /* capture failed, for a reason that lasts */
	struct machines machines;
	struct fdstore *store;	      /* owned; NULL offline */
	struct ledger *ledger;	      /* owned; NULL where nothing is kept */
	struct nisv_rec_hdr restored; /* the last record in the ledger of an earlier daemon */
	struct vms vms;
	struct nisv_vm_stat forgotten; /* totals of the VMs that were dropped from it */
	struct nisv_vm_key *doomed;    /* owned; VMs whose counters in the kernel are to be freed */
	size_t n_doomed;
	size_t n_ends; /* VMs that have ended since the last poll */
	struct varlink_server *server;
	struct access access;

	struct host host;
	uint64_t started_ns, polled_ns, discovered_ns;
	uint64_t watching_ns;	     /* since when faults are seen; 0: they are not, or offline */
	struct trace_account *trace; /* owned; what the replayed trace is; NULL: none is */

	struct process *processes; /* owned array */
	size_t n_processes;

	struct subscription *subscriptions; /* owned list */
	size_t n_subscriptions;

	struct archive archive;
	uint64_t journal_withheld, dossiers_failed;
	int dossier_error; /* why the last one could not be written; 0: it could */
};

/* @config is copied, @options' strings are borrowed. Loads machine maps, opens the event loop. 0 or
 * -errno (logged). */
int manager_new(const struct manager_options *options, const struct config *config,
		struct manager **ret);

/* Starts capture and discovery, listens (or serves stdin/stdout when offline), tells the service
 * manager. 0 or -errno (logged). */
int manager_start(struct manager *manager);

/* Tells the service manager in a line what goes on (STATUS= of sd_notify(3)). */
void manager_notify_status(const struct manager *manager);

/* Runs until SIGTERM or SIGINT (or the end of the offline client). Returns 0 or -errno. */
int manager_run(struct manager *manager);

struct manager *manager_free(struct manager *manager); /* takes NULL, returns NULL */

#endif
