/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_RANDOM_KIT_H
#define NISVD_TESTS_RANDOM_KIT_H

/* What the makers of random cases share: draws, VMs, records of faults, instructions. */

#include "daemon/core/insn.h"
#include "tests/corpus/constructed/random.h"
#include "tests/draw.h"

#define KIB    UINT64_C(0x400)
#define MIB    UINT64_C(0x100000)
#define GIB    UINT64_C(0x40000000)
#define MS     UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define PAGE   UINT64_C(0x1000)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

enum vmm {
	QEMU = 1 << 0,
	FIRECRACKER = 1 << 1,
	CLOUD_HYPERVISOR = 1 << 2,
	CROSVM = 1 << 3,
	KVMTOOL = 1 << 4,
	LIBKRUN = 1 << 5,
};
#define ANY_VMM 0x3fU

/* What the label rests on, so that it is not left out of the evidence. */
enum keep {
	KEEP_CMDLINE = 1 << 0,
	KEEP_INSN = 1 << 1,
	KEEP_SYSREGS = 1 << 2,
	KEEP_SIGHT = 1 << 3,   /* the memory map is that of the fault */
	KEEP_HISTORY = 1 << 4, /* the changes of memslots are the maker's own */
	KEEP_GUEST = 1 << 5,   /* so is the guest's view, or that there is none */
	KEEP_BACKINGS = 1 << 6,
	KEEP_KERNEL = 1 << 7,
	KEEP_QUIET = 1 << 8, /* no traffic but the maker's own */
	KEEP_SLOTS = 1 << 9, /* no memslots but the maker's own */
};

struct maker {
	struct random_case *c;
	uint64_t state;
	unsigned int keep;
	bool failed; /* out of memory */

	/* The VM: vm_draw() sets these, a maker may change them before vm_make(). */
	bool is_x86;
	enum vmm vmm;
	const char *type; /* QEMU: "virt", "q35", "pc", "microvm" */
	uint32_t vcpus, gic;
	uint64_t ram;
	bool has_its;
	uint32_t ipa_bits;
	char machine_options[96]; /* of QEMU's -machine, with their commas */
	char arguments[256];	  /* more of the command line, after a space */

	/* What it is made of: vm_make(). */
	struct nisv_rec_layout rec;
	char line[1024];
	size_t line_len;
	struct machine map;	    /* by its whole command line */
	struct machine others;	    /* what machines of its kind have with other options */
	uint64_t ram_base, ram_end; /* of the RAM that begins at its base */

	uint64_t now_ns; /* of the fault */
	bool is_a32, is_t32;
};

/* ---- random.c ------------------------------------------------------------------------------- */

uint32_t draw(struct maker *m, uint32_t below);
uint64_t draw_wide(struct maker *m);
bool draw_one_in(struct maker *m, uint32_t n);
/* A multiple of @step (a power of two) in [@start, @end); @start where there is none. */
uint64_t draw_in(struct maker *m, uint64_t start, uint64_t end, uint64_t step);
#define DRAW_OF(m, array) ((array)[draw((m), ARRAY_SIZE(array))])

void note(struct maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The registry: all maps, and a board by its id. */
const struct machine *registry(size_t *ret_n);

/* ---- random_vm.c ---------------------------------------------------------------------------- */

/* One of @vmms; m->gic and m->ram, where set before, stay. */
void vm_draw(struct maker *m, bool is_x86, unsigned int vmms);
void vm_make(struct maker *m);
const char *vmm_name(enum vmm vmm);
/* Memory or a bus range more; to be called before vm_settle(). The id of the memslot. */
int vm_slot(struct maker *m, uint64_t gpa, uint64_t size, uint32_t flags);
void vm_bus(struct maker *m, uint64_t addr, uint32_t len, bool is_ioeventfd);
void vm_remove_slot(struct maker *m, int id);
/* The layout, options and machine of the evidence, as they are now. */
void vm_settle(struct maker *m);
const struct nisv_slot *vm_slot_at(const struct maker *m, uint64_t ipa);
/* Nothing of the machine, of machines of its kind, or of memory is in [@base, @base + @size). */
bool vm_is_empty(const struct maker *m, uint64_t base, uint64_t size);
/* Registered or not, a device of another machine has a byte of it. */
bool vm_is_others(const struct maker *m, uint64_t base, uint64_t size);

typedef bool region_test(const struct maker *m, const struct machine_region *region);
/* One of @map that @test takes, or NULL. */
const struct machine_region *map_draw(struct maker *m, const struct machine *map,
				      region_test *test);
/* With nothing of the VM's own there. */
bool region_is_free(const struct maker *m, const struct machine_region *region);
/* An address of a device that is there for certain, or 0. */
uint64_t device_draw(struct maker *m, uint64_t align);

/* ---- random_world.c: what else there is to know --------------------------------------------- */

struct guest_range *told(struct maker *m, enum guest_kind kind, uint64_t base, uint64_t size,
			 const char *name, const char *compatible);
/* A tree of the VM as it is: its memory, its vGIC, some of its devices. */
void told_truth(struct maker *m, bool with_memory);
void slot_change(struct maker *m, enum nisv_slot_change what, uint64_t ns,
		 const struct nisv_slot *slot);
struct backing *backing_add(struct maker *m, const struct nisv_slot *slot, enum backing_kind kind);
/* @count described accesses in each of @seconds seconds, of which user space serves @user. */
void traffic(struct maker *m, uint64_t ipa, bool is_write, uint64_t count, uint64_t user,
	     unsigned int seconds);
/* The same, all served by user space: KVM has nothing there. */
void traffic_of_vmm(struct maker *m, uint64_t ipa, bool is_write, uint64_t count,
		    unsigned int seconds);
/* Devices at work, and probes, none in the 512 bytes of @ipa. */
void traffic_of_devices(struct maker *m, uint64_t ipa);
void world_draw(struct maker *m, uint64_t ipa);

/* ---- random_fault.c ------------------------------------------------------------------------- */

/* A record of the VM as it is; registers, mode and address spaces at random. */
struct nisv_rec_fault fault_draw(struct maker *m, enum nisv_kind kind, uint64_t ipa);
/* The same with the MMU off, at EL1: FAR is the address. */
void fault_is_early(struct maker *m, struct nisv_rec_fault *rec);
/* A data abort by an instruction of one of the classes (a bit each); @store: 1, 0, -1 either. */
#define CLASS(class) (UINT64_C(1) << (class))
struct nisv_rec_fault nisv_draw(struct maker *m, uint64_t ipa, uint64_t classes, int store);
void fault_add(struct maker *m, struct nisv_rec_fault *rec);
/* An address in [@start, @end) where the VM, machines of its kind and others have nothing. */
uint64_t empty_draw(struct maker *m, uint64_t start, uint64_t end, uint64_t size);
/* The same, close to nothing that would explain it. */
uint64_t nowhere_draw(struct maker *m, uint64_t start, uint64_t end, uint64_t size);
/* How far above RAM its end still explains an access (domain.md: access-past-ram-end). */
uint64_t past_end_limit(const struct maker *m);
bool is_far_from_ram(const struct maker *m, uint64_t ipa);
/* Where the redistributors of some more vCPUs would be: not simply nowhere. */
bool is_by_redists(const struct maker *m, uint64_t ipa);

/* The end of every maker: the fault, what else there is, the evidence. */
void finish(struct maker *m, struct nisv_rec_fault *rec);

/* Not described, whatever device is there; those that have no cause of their own. */
#define UNDESCRIBED \
	(CLASS(INSN_PRE_INDEX) | CLASS(INSN_POST_INDEX) | CLASS(INSN_PAIR) | CLASS(INSN_MULTIPLE))
#define COPIES (CLASS(INSN_PAIR) | CLASS(INSN_SIMD_FP))

/* ---- random_insn.c -------------------------------------------------------------------------- */

/* Puts an instruction of one of @classes into @rec with registers that make it access rec->far;
 * sets *ret_store. False: AArch32 has none. */
bool insn_put(struct maker *m, struct nisv_rec_fault *rec, uint64_t classes, int store,
	      bool *ret_store);
/* The code around it: a copy's, or that of a driver. */
void code_put(struct maker *m, struct nisv_rec_fault *rec, bool is_copy);
/* random_insn_x86.c: one that KVM's emulator does not know, on @linear. */
void insn_put_x86(struct maker *m, struct nisv_rec_fault *rec, uint64_t linear);

/* ---- the causes ----------------------------------------------------------------------------- */

struct random_kind {
	const char *cause; /* NULL: healthy */
	const char *arch;  /* "arm64", "x86_64" */
	void (*make)(struct maker *m);
};

extern const struct random_kind random_device[], random_absent[], random_memory[], random_slots[],
	random_cpu[], random_x86[], random_traffic[];

#endif
