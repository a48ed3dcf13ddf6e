/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VMOPTIONS_INTERNAL_H
#define NISVD_VMOPTIONS_INTERNAL_H

/* Between vmoptions.c and vmoptions_qemu.c. */

#include "daemon/core/cmdline.h"
#include "daemon/core/vmoptions.h"

/* What is known of the line so far, beside the options themselves. */
struct parse {
	bool is_elsewhere; /* part of the machine is described in a file or a snapshot */
	bool has_payload;  /* there is something to boot: the line makes the machine, not an API */
	uint64_t smp_product; /* QEMU: sockets, cores, threads, ... multiplied; 0: none given */
};

/* Both leave *@ret as it is if @value is not of their kind. */
void vmoptions_count(uint32_t *ret, struct cmdline_text value);
void vmoptions_switch(enum vmoption *ret, struct cmdline_text value);

/* QEMU's options of use here (qemu-options.hx), with meanings of vmoptions_qemu.c's own. */
extern const struct cmdline_option vmoptions_qemu[];
/* Takes one of them; what cannot be read is left unset. */
void vmoptions_take_qemu(struct vmoptions *options, struct parse *parse, int meaning,
			 struct cmdline_text value);
/* Once all options are taken: what follows from several of them. */
void vmoptions_settle_qemu(struct vmoptions *options, const struct parse *parse);

#endif
