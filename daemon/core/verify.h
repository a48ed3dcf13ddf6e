/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VERIFY_H
#define NISVD_VERIFY_H

/*
 * What will fail in a VM's memory map before it does: what the kernel maps, what backs it, what the
 * VMM emulates and what the guest believes, held against each other. Pure, as diagnose() is, and
 * with findings of the same shape, but without sites: nothing has happened yet. Silent on a healthy
 * VM: what is not known is not reported.
 */

#include "daemon/core/backing.h"
#include "daemon/core/diagnose.h"
#include "daemon/core/guest.h"
#include "daemon/core/vmoptions.h"

/* All pointers are borrowed for the call, and none but ->machine may be NULL. */
struct verify_evidence {
	const char *arch, *vmm;
	const struct vmoptions *options;
	const struct layout *layout;
	const struct machine *machine; /* NULL: unknown */
	double machine_confidence;
	const struct machine *maps; /* the registry, alien boards included */
	size_t n_maps;
	const struct guest_view *guest;
	const struct backings *backings;
	uint64_t host_page_bytes; /* 0: unknown */
	bool ended;		  /* the VM is no more: what was not looked into stays so */
};

/* One check, done or not: an answer without findings says what it rests on. */
struct verify_check {
	const char *name; /* "the guest's memory is in memslots" (static) */
	bool done;
	char reason[128]; /* why not; "" */
};

#define VERIFY_CHECKS_MAX 24

/*
 * 0 or -ENOMEM, then with @ret untouched; @ret is cleared with findings_clear(). @ret_n_checks of
 * @checks are set: those that make sense on this architecture.
 */
int verify(const struct verify_evidence *evidence, struct findings *ret,
	   struct verify_check checks[VERIFY_CHECKS_MAX], size_t *ret_n_checks);

#endif
