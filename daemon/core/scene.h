/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SCENE_H
#define NISVD_SCENE_H

/*
 * One fault site, or one place of MMIO, as the rules see it: the record, the memory around the
 * address, the device that the machine has there, what the guest believes and other machines have
 * there, the instruction, the state of the CPU, each with how well it is known.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/facts.h"
#include "daemon/core/insn.h"
#include "daemon/core/syndrome.h"

/* When the memory map around the address was read. */
enum sight {
	SIGHT_NONE = 0, /* never */
	SIGHT_LATER,	/* after the fault, or while it changed */
	SIGHT_AT_FAULT, /* as the fault saw it */
};

enum mmu_state {
	MMU_UNKNOWN = 0,
	MMU_OFF,
	MMU_ON
};

struct scene {
	const struct facts *facts;
	const struct evidence *evidence;
	const struct site *site;
	const struct place *place;	  /* of MMIO; NULL: an abort */
	const struct nisv_rec_fault *rec; /* NULL: the site has counts only */
	bool is_x86;
	uint64_t ipa;	 /* the site's; on x86 the operand's where only the registers tell it */
	uint64_t extent; /* bytes from ipa that it is about: 1, or all of an MMIO place */
	bool ipa_known;
	bool is_derived; /* ipa was computed from the instruction and the registers */
	bool is_foreign; /* ipa is an address of a nested guest, not of this VM */
	bool has_linear; /* x86, paging on: only the virtual address is known */
	uint64_t linear;
	bool no_segment; /* x86, 16-bit code: memory or not is up to the unknown segment base */
	struct syndrome esr;

	enum sight sight;
	const struct nisv_slot *slot;	  /* holds ipa, and KVM treats it as memory */
	const struct nisv_slot *changing; /* holds ipa, flagged KVM_MEMSLOT_INVALID */
	const struct nisv_slot *below, *above;
	const struct nisv_slot *appeared; /* holds ipa now, but did not at the fault */
	bool updating;			  /* some memslot was being changed at the fault */
	bool has_ram;
	struct range ram; /* the run of RAM that ends at or below ipa, or else the main one */

	/* The memory that was at ipa last before the fault and is gone, and what came back there
	 * since; NULL: no such change is known. */
	const struct slot_change *removed, *restored;
	uint64_t removed_ns;   /* how long before the fault, at least */
	bool is_removal_exact; /* KVM's own function told when */

	const struct machine_region *region; /* what the machine has there */
	const struct machine_region
		*reserved; /* the VM's own map names it, nothing shows it here */
	const struct machine_region *left_out; /* machines of its kind can have it, but this VM's
						  options, its version or its vGIC leave it out */
	const char *vgic;		       /* frame of the kernel's vGIC, or NULL */
	bool on_bus;			       /* a device on KVM's MMIO bus answers there */
	bool near_doorbell;		       /* an ioeventfd of the same device */
	uint64_t near_count; /* MMIO within the same 512 bytes that was described, and answered: by
				a device, or by the VMM for what is not there */

	const struct guest_range *memory; /* of the guest's own view: RAM there; or NULL */
	const struct guest_range *device; /* a device, a GIC frame or a window of PCI */

	bool has_other; /* another machine has a device there, and this one nothing */
	struct other_device other;
	unsigned int other_hits; /* different devices of it that this VM touched */

	bool has_insn;
	struct insn insn;   /* classified, without its text */
	char insn_text[96]; /* by scene_describe(); "" if the bytes are not known */
	bool insn_is_stale; /* what is at the PC accesses another address: it changed since */
	bool is_a32;	    /* AArch32 code */
	int el;		    /* -1 unknown */
	enum mmu_state mmu;
};

/*
 * @rec_of_pc: a record of another site with the same PC, whose instruction is this one's too; NULL
 * if there is none. @place: the MMIO place that @site stands for, or NULL.
 */
void scene_set(struct scene *scene, const struct facts *facts, const struct site *site,
	       const struct place *place, const struct nisv_rec_fault *rec_of_pc);

/* Sets insn_text: costs more than all rules, so only the scene of a finding gets it. */
void scene_describe(struct scene *scene);

/* A guest of a hypervisor inside the VM ran: PC, FAR, registers and MMU are that guest's. */
bool scene_is_nested(const struct scene *scene);

/* Something but its size speaks for @slot as RAM: all such slots together are what the command line
 * asked for, or, where that is not known, it is not much smaller than the main RAM. */
bool scene_ram_is_plausible(const struct scene *scene, const struct nisv_slot *slot);

/* What the kernel saw proves that a device answers at the address or next to it. Of MMIO that is
 * so where the machine has a device or a window, and the guest does not take it for memory. */
bool scene_has_device(const struct scene *scene);

/* The VM has nothing there, as far as is known: no memory, no device, and no window where the guest
 * may have put one. */
bool scene_is_empty(const struct scene *scene);

#endif
