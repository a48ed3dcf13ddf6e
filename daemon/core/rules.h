/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_RULES_H
#define NISVD_RULES_H

/*
 * The causes, one row each: how sure, and the words for it. Specification: the taxonomy, with its
 * order of evaluation, its bands of confidence and its guards. Bands: 0.9 and more for what the
 * kernel shows (slot flags, ESR, instruction bytes); 0.7 to 0.85 for one fact of a reference map;
 * 0.5 to 0.7 for a likeness; 0.4 and less, proximity alone, never becomes a finding's cause.
 */

#include "daemon/core/scene.h"
#include "daemon/core/words.h"

/* Advice, for one VMM or (NULL) for all, with where the named option or fact comes from. */
struct advice {
	const char *vmm;
	const char *text;
	const char *source;
};

struct rule {
	const char *id;
	/* 0 to 1; sets *reason (a static string) where it is not 0. Must not look at anything but
	 * the scene. */
	double (*score)(const struct scene *scene, const char **reason);
	/* What is at the address: follows "vCPU 0 executed `...` on 0x..., " in the summary. */
	void (*place)(const struct scene *scene, struct text *text);
	void (*where)(const struct scene *scene, struct text *text);
	void (*how)(const struct scene *scene, struct text *text);
	/* One line of advice that needs numbers of this VM, or NULL. */
	void (*advise)(const struct scene *scene, struct text *text);
	const struct advice *advice; /* up to one with a NULL text */
	const char *documentation;
};

#define RULES_MAX	   16
#define RULE_THRESHOLD	   0.4 /* what is not above it is no cause */
#define RULE_ALTERNATIVE   0.3
#define UNKNOWN_CONFIDENCE 0.2

/* In order of evaluation; the last one is `unknown` and scores UNKNOWN_CONFIDENCE. */
extern const struct rule *const rules[];
extern const size_t n_rules;

extern const struct rule rule_backing_gone, rule_beyond_ipa_limit, rule_jumped_to_unmapped,
	rule_uninitialised_page_table, rule_readonly_slot_write, rule_memslot_update_race,
	rule_vgic_access, rule_device_access, rule_past_ram_end, rule_null_pointer, rule_hole,
	rule_x86_exec, rule_x86_emulation;

/* ---- shared by the rules -------------------------------------------------------------------- */

/* One band less. */
double rule_lower(double score);

/* @score as it is when the memory map was read at the fault, one band less when it was read later,
 * 0 when it was never read. */
double rule_sighted(const struct scene *scene, double score);

/* A data abort that KVM had to answer without a description, in the VM's own address space. */
bool rule_is_nisv(const struct scene *scene);

/* A region whose devices the guest places, or one as large: what answers where in it is not known.
 */
bool rule_is_window(const struct machine_region *region);

/* No memory at the address, as far as is known. */
bool rule_no_slot(const struct scene *scene);

/* @score for a cause that lies in the layout of memory: nothing that memory which is there now can
 * have been. */
double rule_lasting(const struct scene *scene, double score);

/* Why the access could not be described: from the instruction if it is known, else from the ESR. */
void rule_how_nisv(const struct scene *scene, struct text *text);

/* "; the nearest memory ..." in one phrase: slots below and above with their distances. */
void rule_neighbours(const struct scene *scene, struct text *text);

/* "memslot 0, 0x40000000-0x41000000 (16 MiB), writable" */
void rule_slot(const struct nisv_slot *slot, struct text *text);

/* What gives a VM of @vmm that much RAM, rounded up to MiB: "-m 256M", "--mem 256". */
void rule_ram_option(const char *vmm, uint64_t bytes, struct text *text);

#define DOC_KVM_API "https://docs.kernel.org/virt/kvm/api.html"
#define DOC_ARM_ARM "https://developer.arm.com/documentation/ddi0487/latest"

#endif
