/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every cause on the evidence it is made for, and every guard that keeps it from being claimed. */

#include "tests/unit/scenario.h"

/* ---- access-past-ram-end
 * ------------------------------------------------------------------------- */

static void past_ram_end(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_confidence(f, 0.9);
	assert_string_equal(
		f->summary,
		"vCPU 0 executed `ldp x1, x2, [x0]` on 0x41000000, 0 bytes past the end "
		"of RAM (0x40000000-0x41000000, 16 MiB); the CPU did not describe the access "
		"and KVM_RUN failed with ENOSYS.");
	assert_contains(f->how, "pair of registers");
	assert_contains(f->region, "RAM 0x40000000-0x41000000 (16 MiB) ends 0 bytes below");
	assert_evidence(f, "ESR_EL2 0x92000005: Data Abort");
	assert_evidence(f, "is in no memslot");
	assert_evidence(f, "Base register x0 = 0x41000000, the faulting address itself");
	assert_evidence(f, "Memory map as the fault saw it (generation 4)");
	assert_evidence(f, "PC 0x40000004, EL1, MMU off");
	assert_evidence(f, "KVM_RUN returned ENOSYS");
	assert_advice(f, "17 MiB of RAM");
	assert_true(f->has_address);
	assert_int_equal(f->address, RAM_END);
	assert_string_equal(confidence_word(f->confidence), "certain");
}

static void past_ram_end_far_from_its_first_page(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 63 * MIB, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_confidence(f, 0.75);
	assert_contains(f->summary, "63 MiB past the end of RAM");
}

static void far_past_ram_end_is_not_near_it(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 64 * MIB, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "ends 64 MiB below");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "access-past-ram-end");
	assert_string_equal(confidence_word(f->confidence), "possible");
}

static void the_limit_grows_with_ram(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	sc.rec.slots[0].size = 1024 * MIB;
	layout_from_record(&sc.layout, &sc.rec);
	rec = scenario_nisv(RAM_BASE + 1279 * MIB, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "access-past-ram-end");
}

static void the_command_line_wanted_more_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 8 * MIB, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	sc.evidence.ram_option_bytes = 64 * MIB;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "access-past-ram-end");
	assert_confidence(f, 0.9);
	assert_contains(f->where, "asks for 64 MiB, the memslots hold 16 MiB");
	assert_evidence(f, "The command line asks for 64 MiB of RAM, the memslots hold 16 MiB");
	assert_advice(f, "-m 25M");
}

static void ram_is_not_short_where_slots_were_cut(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END + 8 * MIB, LDP);

	(void)state;
	sc.evidence.ram_option_bytes = 64 * MIB;
	sc.layout.total_slots = 200;
	assert_confidence(scenario_explain(&rec), 0.75);
}

static void crosvm_has_devices_past_ram(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "crosvm";
	f = scenario_explain(&rec);
	assert_confidence(f, 0.5);
	assert_contains(f->confidence_reason, "crosvm");
}

static void ram_in_two_adjoining_slots_is_one(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, RAM_END, 16 * MIB, 0);
	rec = scenario_nisv(RAM_END + 16 * MIB, LDP);
	assert_contains(scenario_explain(&rec)->summary,
			"past the end of RAM (0x40000000-0x42000000, 32 MiB)");
}

/* ---- hole-between-slots
 * --------------------------------------------------------------------------- */

static void hole_between_ram(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(1, 0x48000000, 16 * MIB, 0);
	rec = scenario_nisv(0x44000000, LDP);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "hole-between-slots");
	assert_confidence(f, 0.85);
	assert_contains(f->summary,
			"in the hole between the RAM that ends at 0x41000000 and the RAM "
			"that begins at 0x48000000");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "access-past-ram-end");
	assert_evidence(f, "RAM 0x48000000-0x49000000 (16 MiB) begins 64 MiB above");
}

static void a_small_slot_above_makes_no_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 64 * 1024, 0); /* a BAR or a frame buffer */
	rec = scenario_nisv(RAM_END, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "access-past-ram-end");
}

static void rom_above_makes_no_hole(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0x48000000, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x47000000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* ---- null-pointer-low-ipa
 * ------------------------------------------------------------------------- */

static void null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "null-pointer-low-ipa");
	assert_confidence(f, 0.9);
	assert_contains(f->where, "the base register holds 0x10");
	assert_advice(f, "Find the pointer");
}

static void null_pointer_without_the_instruction(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0, 0);
	const struct finding *f;

	(void)state;
	rec.insn_state = NISV_INSN_UNREADABLE;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "null-pointer-low-ipa");
	assert_confidence(f, 0.8);
	assert_contains(f->summary, "vCPU 0 read from 0x0, next to address zero");
	assert_contains(f->how, "its page was not present on the host");
}

static void low_but_not_that_low(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x8000, 0);

	(void)state;
	assert_confidence(scenario_explain(&rec), 0.5);
}

static void a_mapped_low_address_is_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x10, 0);

	(void)state;
	rec.far = 0xffff800000000010;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

static void memory_at_zero_is_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(1, 0, MIB, 0);
	rec = scenario_nisv(0x10, LDP);
	assert_string_not_equal(scenario_explain(&rec)->cause, "null-pointer-low-ipa");
}

static void low_devices_are_no_null_pointer(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x3f8, LDR_POST);
	const struct finding *f;

	(void)state;
	sc.evidence.vmm = "crosvm";
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_int_equal(f->n_alternatives, 1);
	assert_string_equal(f->alternatives[0].cause, "null-pointer-low-ipa");
}

static void flash_of_other_vms_at_zero(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "null-pointer-low-ipa");
	assert_confidence(f, 0.8);
	assert_contains(f->where, "FLASH");
	assert_advice(f, "QEMU passes no device tree in x0");
}

/* ---- device-access-nisv-instruction
 * --------------------------------------------------------------- */

static void post_index_on_the_uart(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_confidence(f, 0.9);
	assert_contains(f->summary,
			"executed `ldr w1, [x0], #4` on 0x9000fe0, UART0 PL011 + 0xfe0");
	assert_contains(f->summary, "KVM left it to QEMU, which injects an abort");
	assert_contains(f->how, "post-indexed: it writes the base register back");
	assert_contains(f->where, "The address is right");
	assert_contains(f->region, "UART0 PL011");
	assert_advice(f, "single-register loads and stores without writeback");
	assert_advice(f, "QEMU cannot emulate it");
	assert_evidence(f, "Reference map qemu-virt-arm64, known by the command line");
}

static void device_without_the_instruction(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, 0);

	(void)state;
	scenario_qemu_virt();
	assert_confidence(scenario_explain(&rec), 0.7);
}

static void device_known_by_likeness_only(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);

	(void)state;
	scenario_qemu_virt();
	sc.evidence.machine_confidence = 0.6;
	assert_confidence(scenario_explain(&rec), 0.7);
}

static void stale_bytes_weaken_the_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.6);
	assert_contains(f->how, "the code may have changed since");
}

static void a_window_is_less_than_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x10001000, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "device-access-nisv-instruction");
	assert_confidence(f, 0.75);
	assert_contains(f->where, "PCIe MMIO window");
}

static void a_slot_beats_the_reference_map(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(5, 0x09000000, 0x1000, NISV_SLOT_READONLY);
	rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	f = scenario_explain(&rec);
	assert_string_not_equal(f->cause, "device-access-nisv-instruction");
}

static void without_a_map_the_uart_is_a_hole(void **state)
{
	struct nisv_rec_fault rec = scenario_injected_nisv(0x09000fe0, LDR_POST);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->how, "post-indexed");
	assert_evidence(f, "No reference map is known for this machine");
}

static void an_ioeventfd_shows_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x40003000 - 0x10000000, LDP);

	(void)state;
	sc.layout.bus[0] = (struct nisv_bus_range){.addr = 0x30003050, .len = 4, .is_ioeventfd = 1};
	sc.layout.n_bus = 1;
	rec = scenario_nisv(0x30003000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "device-access-nisv-instruction");
	assert_confidence(&sc.findings.list[0], 0.8);
}

static void a_bus_device_is_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30000010, LDP);

	(void)state;
	sc.layout.bus[0] = (struct nisv_bus_range){.addr = 0x30000000, .len = 0x1000};
	sc.layout.n_bus = 1;
	assert_string_equal(scenario_explain(&rec)->cause, "device-access-nisv-instruction");
}

/* ---- vgic-access-nisv-instruction
 * ----------------------------------------------------------------- */

static void post_index_on_the_distributor(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x08006100, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_vgic_v3();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "vgic-access-nisv-instruction");
	assert_confidence(f, 0.95);
	assert_contains(f->summary, "the vGIC's distributor + 0x6100, which KVM emulates");
	assert_advice(f, "No setting of the VMM helps");
}

static void redistributors_end_with_the_vcpus(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x080b0000, LDR_POST);

	(void)state;
	scenario_vgic_v3();
	assert_contains(scenario_explain(&rec)->summary, "the vGIC's redistributor + 0x10000");
	scenario_teardown(state);
	scenario_setup(state);
	scenario_vgic_v3();
	rec = scenario_nisv(0x080c0000, LDR_POST);
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* The map says distributor, but this VM's kernel has its vGIC elsewhere, or none. */
static void the_kernels_vgic_beats_the_map(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x08006100, LDR_POST);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");

	scenario_teardown(state);
	scenario_setup(state);
	scenario_qemu_virt();
	scenario_vgic_v3();
	sc.layout.vgic_dist = 0x20000000;
	rec = scenario_nisv(0x08006100, LDR_POST);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "GICv3 distributor");
	assert_contains(f->where, "this VM does not");
}

static void the_its_counts_where_the_bus_has_it(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x08080000, LDP);
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_vgic_v3();
	sc.layout.bus[0] = (struct nisv_bus_range){.addr = 0x08080000, .len = 0x20000};
	sc.layout.n_bus = 1;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "vgic-access-nisv-instruction");
	assert_contains(f->summary, "GIC ITS + 0x0");
}

/* ---- readonly-slot-write-nisv
 * --------------------------------------------------------------------- */

static void write_to_flash(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x1000, 0xa9000801); /* stp x1, x2, [x0] */
	rec.esr = 0x92000046;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "readonly-slot-write-nisv");
	assert_confidence(f, 0.95);
	assert_contains(f->summary, "a write to the read-only memslot 2 (FLASH, 0x0-0x4000000)");
	assert_advice(f, "variable store");
}

static void cache_maintenance_on_flash_is_something_else(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x1000, 0xd5087620); /* dc ivac, x0 */
	rec.esr = 0x92000146;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->how, "cache maintenance");
	assert_contains(f->where, "inside a read-only memslot");
}

static void a_read_is_no_write(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x1000, LDP);
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

static void a_walk_in_flash_is_something_else(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_fault(NISV_KIND_WALK, 0x9000);
	rec.esr = 0x920000c7;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* ---- memslot-update-race
 * -------------------------------------------------------------------------- */

static void slot_flagged_invalid(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(1, 0x48000000, 2 * MIB, NISV_SLOT_INVALID);
	rec = scenario_nisv(0x48000100, LDP);
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "memslot-update-race");
	assert_confidence(f, 0.95);
	assert_contains(f->summary, "in memslot 1 while the VMM was changing it");
	assert_contains(f->region, "being changed");
}

/* Most faults of a slot that is deleted and re-added find no slot at all. */
static void a_slot_that_came_back(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);
	const struct finding *f;

	(void)state;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	sc.layout.generation = 6;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "memslot-update-race");
	assert_confidence(f, 0.65);
	assert_contains(f->summary, "where memslot 1 is now, but was not then");
	assert_string_equal(f->alternatives[0].cause, "access-past-ram-end");

	scenario_teardown(state);
	scenario_setup(state);
	rec = scenario_nisv(RAM_END, LDP);
	rec.generation |= 1ULL << 63;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	f = scenario_explain(&rec);
	assert_confidence(f, 0.8);
	assert_evidence(f, "generation 4, a change in progress");
}

/* The record that caught the slot flagged INVALID proves it for the whole site. */
static void a_later_record_proves_the_race(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_add(&rec);
	assert_string_equal(scenario_diagnose()->cause, "access-past-ram-end");
	rec.count = 2;
	rec.slot = (struct nisv_slot){.gpa = RAM_END, .size = 2 * MIB, .flags = NISV_SLOT_INVALID};
	scenario_add(&rec);
	assert_string_equal(scenario_diagnose()->cause, "memslot-update-race");
	assert_confidence(&sc.findings.list[0], 0.95);
	rec.count = 4;
	rec.slot.id = -1; /* and stays proven */
	scenario_add(&rec);
	assert_confidence(scenario_diagnose(), 0.95);
}

static void a_writable_slot_contradicts_enosys(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_BASE + 0x100, LDP);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "memslot-update-race");
	assert_confidence(f, 0.6);
}

static void a_writable_slot_without_an_outcome_is_unknown(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_BASE + 0x100, LDP);
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "A writable memslot holds the address at the fault");
	assert_int_equal(f->severity, SEVERITY_WARNING);
}

/* ---- backing-gone
 * --------------------------------------------------------------------------------- */

static void efault_inside_a_slot(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, RAM_BASE + 0x2000);
	const struct finding *f;

	(void)state;
	rec.esr = 0x93810006;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "backing-gone");
	assert_confidence(f, 0.85);
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_contains(f->summary, "KVM_RUN failed with EFAULT");
	assert_contains(f->summary, "0x7f0040002000");
	assert_string_equal(f->alternatives[0].cause, "backing-not-faultable");
	assert_advice(f, "/proc/PID/maps");
}

static void efault_proves_the_slot(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, RAM_BASE + 0x2000);

	(void)state;
	rec.layout_state = NISV_LAYOUT_AFTER; /* no first phase: this is how these records come */
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	assert_confidence(scenario_explain(&rec), 0.85);
	assert_null(strstr(sc.findings.list[0].confidence_reason, "after the fault"));
}

static void efault_outside_slots_is_unknown(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BACKING, 0x70000000);

	(void)state;
	rec.esr = 0x93810006;
	rec.outcome = NISV_OUTCOME_VM_KILLED;
	rec.errno_ = -EFAULT;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* ---- beyond-ipa-limit
 * ----------------------------------------------------------------------------- */

static void beyond_the_ipa_size(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BEYOND_IPA, 0x10000000000);
	const struct finding *f;

	(void)state;
	rec.esr = 0x92000044;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "beyond-ipa-limit");
	assert_confidence(f, 0.97);
	assert_contains(f->where, "40 bits");
	assert_contains(f->where, "up to 0xffffffffff");
	assert_int_equal(f->severity, SEVERITY_ERROR);
}

static void beyond_an_unknown_limit(void **state)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_BEYOND_IPA, 0x10000000000);

	(void)state;
	sc.layout.ipa_bits = 0;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	assert_confidence(scenario_explain(&rec), 0.9);
}

/* ---- jumped-to-unmapped
 * --------------------------------------------------------------------------- */

static void jump_into_nothing(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.gpr[30] = 0x40001234;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "jumped-to-unmapped");
	assert_confidence(f, 0.95);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary,
			"vCPU 0 fetched an instruction from 0x50000000, where no memory is");
	assert_contains(f->summary, "KVM injected an abort into the guest");
	assert_advice(f, "x30 holds 0x40001234");
}

static void an_unconfirmed_fetch_is_less_sure(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);
	const struct finding *f;

	(void)state;
	rec.outcome = NISV_OUTCOME_UNKNOWN;
	f = scenario_explain(&rec);
	assert_confidence(f, 0.85);
	assert_int_equal(f->severity, SEVERITY_ERROR); /* KVM always injects */
	sc.evidence.injection_seen = true;	       /* a hook would have seen it */
	f = scenario_diagnose();
	assert_confidence(f, 0.7);
	assert_int_equal(f->severity, SEVERITY_WARNING);
}

static void a_jump_into_a_device(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x09000000);

	(void)state;
	scenario_qemu_virt();
	assert_contains(scenario_explain(&rec)->where, "UART0 PL011");
}

static void a_fetch_for_ever_is_a_hang(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x50000000);

	(void)state;
	rec.count = 511;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_ERROR);
	rec.count = 512;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_HANG);
}

/* A first exception without vectors: there was no jump, and no earlier fault. */
static void an_exception_without_vectors(void **state)
{
	struct nisv_rec_fault rec = scenario_exec(0x200);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "jumped-to-unmapped");
	assert_contains(f->summary, "VBAR_EL1 + 0x200: an exception vector");
	assert_advice(f, "Set VBAR_EL1");
}

/* ---- uninitialised-page-table
 * --------------------------------------------------------------------- */

static struct nisv_rec_fault walk(uint64_t table, uint64_t far)
{
	struct nisv_rec_fault rec = scenario_fault(NISV_KIND_WALK, table);

	rec.far = far;
	rec.esr = ESR_WALK;
	rec.outcome = NISV_OUTCOME_ABORT_INJECTED;
	rec.sys.sctlr = 1;
	return rec;
}

static void ttbr_points_to_nothing(void **state)
{
	struct nisv_rec_fault rec = walk(0x70000000, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.sys.ttbr0 = 0x0001000070000001; /* with an ASID and CnP */
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "uninitialised-page-table");
	assert_confidence(f, 0.9);
	assert_contains(f->summary, "TTBR0_EL1 is not in RAM");
	assert_contains(f->where, "TTBR0_EL1 = 0x1000070000001");
}

static void the_high_half_has_its_own_root(void **state)
{
	struct nisv_rec_fault rec = walk(0x70000000, 0xffff800000000000);

	(void)state;
	rec.sys.ttbr0 = 0x70000000;
	rec.sys.ttbr1 = 0x40001000;
	assert_confidence(scenario_explain(&rec), 0.8);
	assert_contains(sc.findings.list[0].where, "next-level table");
}

static void a_nested_walk_is_not_ours(void **state)
{
	struct nisv_rec_fault rec = walk(0x70000000, 0x40000010);
	const struct finding *f;

	(void)state;
	rec.is_nested = 1;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_contains(f->where, "nested guest");
}

/* ---- x86
 * ------------------------------------------------------------------------------------------ */

static struct nisv_rec_fault emulation(uint64_t gpa, uint64_t rip, const uint8_t *insn, size_t len)
{
	struct nisv_rec_fault rec;

	sc.evidence.arch = "x86_64";
	sc.rec.n_slots = 0;
	scenario_slot(0, 0, MIB, 0);
	rec = scenario_fault(NISV_KIND_EMULATION, gpa);
	rec.pc = rip;
	rec.esr = rec.far = 0;
	rec.outcome = NISV_OUTCOME_VMM_DECIDES;
	rec.exit_reason = 17;
	memcpy(rec.insn, insn, len);
	rec.insn_len = (uint32_t)len;
	rec.insn_state = len ? NISV_INSN_OK : NISV_INSN_NONE;
	return rec;
}

static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07}; /* pxor xmm0, [bx] */

static void x86_jump_into_nothing(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0xd0000000, pxor, 0);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "x86-exec-in-mmio");
	assert_confidence(f, 0.9);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary, "fetched an instruction from 0xd0000000");
	assert_contains(f->summary, "KVM_EXIT_INTERNAL_ERROR");
}

static void x86_unknown_instruction_on_nothing(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_string_equal(f->cause, "x86-emulation-failure-mmio");
	assert_confidence(f, 0.85);
	assert_contains(f->summary, "executed `pxor xmm0, xmmword ptr [bx]` on 0xd0000000");
	assert_evidence(f, "Instruction 66 0f ef 07");
	assert_evidence(f, "16-bit code, paging off");
}

static void x86_operand_from_the_registers(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	/* 16-bit addresses end at 64 KiB: without memory there, the operand is outside. */
	sc.rec.slots[0].size = 0x8000;
	layout_from_record(&sc.layout, &sc.rec);
	rec.gpr[3] = 0xd000;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "x86-emulation-failure-mmio");
	assert_confidence(f, 0.7); /* the layout is of the fault's generation */
	assert_int_equal(f->address, 0xd000);
	assert_evidence(f, "computed from the registers");
}

static void x86_operand_in_memory_is_unknown(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	rec.gpr[3] = 0x1000;
	assert_string_equal(scenario_explain(&rec)->cause, "unknown");
}

/* With paging the registers tell a virtual address only. */
static void x86_operand_behind_page_tables(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0x7c00, pxor, sizeof(pxor));
	const struct finding *f;

	(void)state;
	rec.sys.sctlr = 0x80000001;
	rec.sys.tcr = 0x20;
	rec.gpr[7] = 0xffffc90000001000;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "x86-emulation-failure-mmio");
	assert_confidence(f, 0.6);
	assert_false(f->has_address);
	assert_contains(f->summary, "on virtual address 0xffffc90000001000");
	assert_string_equal(f->region, "not known");
}

static void x86_jump_behind_page_tables(void **state)
{
	struct nisv_rec_fault rec = emulation(0, 0xffffc90000001000, pxor, 0);
	const struct finding *f;

	(void)state;
	rec.sys.sctlr = 0x80000001;
	rec.sys.tcr = 0x20;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "x86-exec-in-mmio");
	assert_confidence(f, 0.8);
	assert_contains(f->summary,
			"fetched an instruction from virtual address 0xffffc90000001000");
}

static void x86_no_operand_is_unknown(void **state)
{
	static const uint8_t cpuid[] = {0x0f, 0xa2};
	struct nisv_rec_fault rec = emulation(0, 0x7c00, cpuid, sizeof(cpuid));
	const struct finding *f;

	(void)state;
	f = scenario_explain(&rec);
	assert_string_equal(f->cause, "unknown");
	assert_false(f->has_address);
	assert_contains(f->where, "not known");
	assert_contains(f->confidence_reason, "address is not known");
}

static void x86_vm_that_ended_with_it(void **state)
{
	struct nisv_rec_fault rec = emulation(0xd0000000, 0x7c00, pxor, sizeof(pxor));

	(void)state;
	sc.evidence.vm_ended = true;
	assert_int_equal(scenario_explain(&rec)->severity, SEVERITY_FATAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(past_ram_end),
		SCENARIO_TEST(past_ram_end_far_from_its_first_page),
		SCENARIO_TEST(far_past_ram_end_is_not_near_it),
		SCENARIO_TEST(the_limit_grows_with_ram),
		SCENARIO_TEST(the_command_line_wanted_more_ram),
		SCENARIO_TEST(ram_is_not_short_where_slots_were_cut),
		SCENARIO_TEST(crosvm_has_devices_past_ram),
		SCENARIO_TEST(ram_in_two_adjoining_slots_is_one),
		SCENARIO_TEST(hole_between_ram),
		SCENARIO_TEST(a_small_slot_above_makes_no_hole),
		SCENARIO_TEST(rom_above_makes_no_hole),
		SCENARIO_TEST(null_pointer),
		SCENARIO_TEST(null_pointer_without_the_instruction),
		SCENARIO_TEST(low_but_not_that_low),
		SCENARIO_TEST(a_mapped_low_address_is_no_null_pointer),
		SCENARIO_TEST(memory_at_zero_is_no_null_pointer),
		SCENARIO_TEST(low_devices_are_no_null_pointer),
		SCENARIO_TEST(flash_of_other_vms_at_zero),
		SCENARIO_TEST(post_index_on_the_uart),
		SCENARIO_TEST(device_without_the_instruction),
		SCENARIO_TEST(device_known_by_likeness_only),
		SCENARIO_TEST(stale_bytes_weaken_the_device),
		SCENARIO_TEST(a_window_is_less_than_a_device),
		SCENARIO_TEST(a_slot_beats_the_reference_map),
		SCENARIO_TEST(without_a_map_the_uart_is_a_hole),
		SCENARIO_TEST(an_ioeventfd_shows_a_device),
		SCENARIO_TEST(a_bus_device_is_a_device),
		SCENARIO_TEST(post_index_on_the_distributor),
		SCENARIO_TEST(redistributors_end_with_the_vcpus),
		SCENARIO_TEST(the_kernels_vgic_beats_the_map),
		SCENARIO_TEST(the_its_counts_where_the_bus_has_it),
		SCENARIO_TEST(write_to_flash),
		SCENARIO_TEST(cache_maintenance_on_flash_is_something_else),
		SCENARIO_TEST(a_read_is_no_write),
		SCENARIO_TEST(a_walk_in_flash_is_something_else),
		SCENARIO_TEST(slot_flagged_invalid),
		SCENARIO_TEST(a_slot_that_came_back),
		SCENARIO_TEST(a_later_record_proves_the_race),
		SCENARIO_TEST(a_writable_slot_contradicts_enosys),
		SCENARIO_TEST(a_writable_slot_without_an_outcome_is_unknown),
		SCENARIO_TEST(efault_inside_a_slot),
		SCENARIO_TEST(efault_proves_the_slot),
		SCENARIO_TEST(efault_outside_slots_is_unknown),
		SCENARIO_TEST(beyond_the_ipa_size),
		SCENARIO_TEST(beyond_an_unknown_limit),
		SCENARIO_TEST(jump_into_nothing),
		SCENARIO_TEST(an_unconfirmed_fetch_is_less_sure),
		SCENARIO_TEST(a_jump_into_a_device),
		SCENARIO_TEST(a_fetch_for_ever_is_a_hang),
		SCENARIO_TEST(an_exception_without_vectors),
		SCENARIO_TEST(ttbr_points_to_nothing),
		SCENARIO_TEST(the_high_half_has_its_own_root),
		SCENARIO_TEST(a_nested_walk_is_not_ours),
		SCENARIO_TEST(x86_jump_into_nothing),
		SCENARIO_TEST(x86_unknown_instruction_on_nothing),
		SCENARIO_TEST(x86_operand_from_the_registers),
		SCENARIO_TEST(x86_operand_in_memory_is_unknown),
		SCENARIO_TEST(x86_operand_behind_page_tables),
		SCENARIO_TEST(x86_jump_behind_page_tables),
		SCENARIO_TEST(x86_no_operand_is_unknown),
		SCENARIO_TEST(x86_vm_that_ended_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
