/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VERIFY_KIT_H
#define NISVD_VERIFY_KIT_H

/* What the checks of verify() share: what they may rest on, and how they report. */

#include "daemon/core/guest_trust.h"
#include "daemon/core/rules_kit.h"
#include "daemon/core/verify.h"

struct verification {
	const struct evidence *e;
	bool has_tree; /* the guest's own device tree, not just some file in its memory */
	char tree_reason[GUEST_TRUST_REASON]; /* why not */
	bool tree_may_be_file;		      /* it is in no place where a VMM would put it */
	bool wrong_machine;		      /* the tree is for another machine: found */
	struct findings findings;
	bool no_memory;
};

/*
 * A check: true if it was done, whether it reports or not; else false and @reason says why not, of
 * 128 bytes.
 */
typedef bool (*verify_fn)(struct verification *v, char *reason);

/* verify_memory.c */
bool verify_memory(struct verification *v, char *reason);
bool verify_ipa_limit(struct verification *v, char *reason);
/* verify_device.c, verify_virtio.c */
bool verify_devices(struct verification *v, char *reason);
bool verify_transports(struct verification *v, char *reason);
/* verify_gic.c */
bool verify_gic_version(struct verification *v, char *reason);
bool verify_cpus(struct verification *v, char *reason);
bool verify_redists(struct verification *v, char *reason);
bool verify_msi(struct verification *v, char *reason);
/* verify_pci.c */
bool verify_ecam(struct verification *v, char *reason);
bool verify_pci_windows(struct verification *v, char *reason);
/* verify_slot.c */
bool verify_backings(struct verification *v, char *reason);
bool verify_pages(struct verification *v, char *reason);
bool verify_vgic_is_free(struct verification *v, char *reason);
bool verify_apics(struct verification *v, char *reason);

/* ---- what may be rested on: each false with a reason ---------------------------------------- */

/* "" is no reason. Returns false, for a check to return. */
bool verify_not_done(char *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All memslots are known, and were not just being changed. */
bool verify_has_slots(const struct verification *v, char *reason);

/* All ranges on KVM's MMIO bus are known. */
bool verify_has_bus(const struct verification *v, char *reason);

/* The guest's device tree, and it is made for this machine as far as was found. */
bool verify_has_tree(const struct verification *v, char *reason);

/* A reference map that is this VM's with little doubt. */
bool verify_has_machine(const struct verification *v, char *reason);

/* ---- questions ------------------------------------------------------------------------------ */

/* [base, base + size) and [@other, @other + @length) share a byte; neither wraps around. */
bool verify_overlaps(uint64_t base, uint64_t size, uint64_t other, uint64_t length);

/* The first usable slot that has a byte of the range, or NULL. */
const struct nisv_slot *verify_slot_over(const struct layout *layout, uint64_t base, uint64_t size);

/* The region of the map that has a byte of the range, as this VM's vGIC has it; NULL: none. */
const struct machine_region *verify_region_over(const struct machine *machine, uint32_t vgic_model,
						uint64_t base, uint64_t size);

/* Some device of KVM, or a doorbell of the VMM, has a byte of the range. */
bool verify_is_on_bus(const struct layout *layout, uint64_t base, uint64_t size);

/* Of its node, or words for one that has none. */
const char *verify_name(const struct guest_range *range);

/* The map of the registry that this VM's own one was made from, or NULL. */
const struct machine *verify_registry_map(const struct verification *v);

/* Does the guest itself say that it has memory there? Not where its tree may be another's. */
bool verify_guest_has(const struct verification *v, const struct nisv_slot *slot);

/* Is it a slot that the guest has as RAM, by its own word or as one of the main run? */
bool verify_is_ram(const struct verification *v, const struct nisv_slot *slot);

/* ---- reporting ------------------------------------------------------------------------------ */

/* The most, and why, where a finding rests on a tree that may be a mere file. */
#define VERIFY_FILE_CONFIDENCE 0.6
#define VERIFY_FILE_REASON                                                               \
	"the device tree is in no place where a VMM puts one: it may be a mere file in " \
	"the guest's memory, made for a VM like this"

/*
 * A new finding, its texts still empty, about @address; NULL where there is no room (counted) or
 * no memory. @reason: why this confidence, which is no more than VERIFY_FILE_CONFIDENCE for causes
 * that rest on such a tree.
 */
struct finding *verify_report(struct verification *v, const struct rule *rule,
			      enum severity severity, double confidence, const char *reason,
			      uint64_t address);

/* The rest of it, all of which must be told before the next one; @finding may be NULL. */
void verify_summary(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void verify_where(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void verify_region(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void verify_evidence_line(struct verification *v, struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void verify_advice_line(struct verification *v, struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The rows of its cause for this VMM. */
void verify_advise(struct verification *v, struct finding *finding);
void verify_alternative(struct finding *finding, const struct rule *rule, double confidence);

/* The finding's identity on every VM that has the same fault: its cause and these. */
void verify_sign(struct finding *finding, const char *what, uint64_t number);

/* Lines that several findings need: which tree, which map. */
void verify_tree_line(struct verification *v, struct finding *finding);
void verify_machine_line(struct verification *v, struct finding *finding);

#endif
