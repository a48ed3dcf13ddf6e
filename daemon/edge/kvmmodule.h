/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_KVMMODULE_H
#define NISVD_KVMMODULE_H

/*
 * KVM where it is a module (x86-64), which may be loaded after nisvd has started. Its tracepoints
 * and its types are in it: without it no program can be loaded, let alone attached.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

enum kvm_module {
	KVM_MODULE_MISSING, /* not loaded, or not yet completely */
	KVM_MODULE_LOADED,
	KVM_BUILT_IN,
};

/* As sysfs shows it now. KVM_BUILT_IN does not say that this host can run VMs: /dev/kvm does. */
enum kvm_module kvm_module_state(void);

/*
 * Calls @handler (io events of @event) whenever a device or a module comes or goes: then
 * kvm_module_state() may have changed. From before this returns, none is missed. The handler first
 * takes what waits with kvm_module_take(). 0 or -errno; the caller owns *ret.
 */
int kvm_module_watch(sd_event *event, sd_event_io_handler_t handler, void *userdata,
		     sd_event_source **ret);
void kvm_module_take(int fd);

#endif
