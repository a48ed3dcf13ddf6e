/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A read-only memslot. Each cause on the evidence it is made for, and each guard that keeps it from
 * being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define DC_IVAC	  0xd5087620U /* dc ivac, x0 */
#define DC_ZVA	  0xd50b7420U /* dc zva, x0 */
#define ESR_FLASH 0x92000046U /* a write, translation fault of level 2 */

/* QEMU's flash, of which the first chip has a memslot. */
static struct nisv_rec_fault flash_fault(uint64_t ipa, uint32_t raw, uint64_t esr)
{
	struct nisv_rec_fault rec;

	scenario_reset();
	scenario_qemu_virt_v3();
	scenario_slot(2, 0, 64 * MIB, NISV_SLOT_READONLY);
	rec = scenario_injected_nisv(ipa, raw);
	rec.esr = esr;
	return rec;
}

/* ---- cache-op-on-readonly-slot -------------------------------------------------------------- */

static void cache_maintenance_on_flash(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x1000, DC_IVAC, ESR_FLASH | ESR_CM);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "cache-op-on-readonly-slot", 0.97);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_contains(f->summary,
			"executed `dc ivac, x0` on 0x1000, a cache maintenance operation on the "
			"read-only memslot 2 (FLASH, 0x0-0x4000000)");
	assert_contains(f->where, "inside memory, in memslot 2");
	assert_contains(f->where, "FLASH of the machine. KVM treats a write to it as an access to "
				  "a device");
	assert_contains(f->how, "cache maintenance operation, which transfers no register");
	assert_advice(f, "\"Data abort outside memslots\": that text is wrong here");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	f = scenario_diagnose();
	assert_finding(f, "cache-op-on-readonly-slot", 0.8);
	assert_contains(f->confidence_reason, "read after the fault");
}

/* The syndrome tells it without the instruction, and that it is no write. */
static void cache_maintenance_that_was_not_read(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x1000, 0, ESR_FLASH | ESR_CM);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "cache-op-on-readonly-slot", 0.97);
	assert_contains(f->summary, "vCPU 0 accessed 0x1000, a cache maintenance operation on");
}

static void cache_maintenance_elsewhere(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x04001000, DC_IVAC, ESR_FLASH | ESR_CM);

	(void)state;
	assert_finding(scenario_explain(&rec), "unknown", 0.2); /* in no memslot */
	rec = flash_fault(0x09000000, DC_IVAC, ESR_FLASH | ESR_CM);
	assert_finding(scenario_explain(&rec), "unknown", 0.2); /* on a device */
	assert_string_equal(sc.findings.list[0].where, "The machine has UART0 PL011 there.");
	rec = flash_fault(0x1000, DC_IVAC, ESR_FLASH | ESR_CM);
	rec.slot.flags = 0;
	assert_finding(scenario_explain(&rec), "unknown", 0.2); /* in a writable one */
	rec = flash_fault(0x1000, DC_IVAC, ESR_FLASH | ESR_CM);
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
}

/* ---- readonly-slot-write-nisv --------------------------------------------------------------- */

static void a_write_to_flash(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x1040, STP, ESR_FLASH);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "readonly-slot-write-nisv", 0.95);
	assert_contains(f->summary,
			"executed `stp x1, x2, [x0]` on 0x1040, a write to the read-only memslot 2 "
			"(FLASH, 0x0-0x4000000)");
	assert_contains(f->how, "pair of registers");
	assert_advice(f, "second -drive if=pflash without readonly=on");
	assert_advice(f, "plain single-register stores");
	assert_int_equal(f->n_alternatives, 0);
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "readonly-slot-write-nisv", 0.8);
}

/* A permission fault is one as well as a translation fault. */
static void a_write_to_a_page_that_was_read_before(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x1040, STP, 0x9200004f);

	(void)state;
	assert_finding(scenario_explain(&rec), "readonly-slot-write-nisv", 0.95);
}

static void zeroing_a_block_of_flash_is_a_write(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x1040, DC_ZVA, ESR_FLASH);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "readonly-slot-write-nisv", 0.95);
	assert_contains(f->how, "DC ZVA and its kin");
}

static void a_rom_without_a_name(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_slot(2, 0x80000000, MIB, NISV_SLOT_READONLY);
	rec = scenario_nisv(0x80000040, STP);
	f = scenario_explain(&rec);
	assert_finding(f, "readonly-slot-write-nisv", 0.95);
	assert_contains(f->summary, "the read-only memslot 2 (0x80000000-0x80100000)");
	assert_int_equal(f->severity, SEVERITY_FATAL);
	assert_no_advice(f, "pflash");
}

static void what_is_no_write_to_read_only_memory(void **state)
{
	struct nisv_rec_fault rec = flash_fault(0x1000, LDP, ESR_READ);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "unknown", 0.2); /* a read */
	assert_contains(f->where, "inside a read-only memslot");
	rec = flash_fault(0x1040, STP, ESR_FLASH);
	rec.slot.flags = 0;
	assert_finding(scenario_explain(&rec), "memslot-update-race", 0.6);
	rec = flash_fault(0x1040, STP, ESR_FLASH);
	rec.nested = NISV_NESTED_OWN;
	assert_finding(scenario_explain(&rec), "nested-guest-fault", 0.8);
	rec = flash_fault(0x1040, STP, ESR_FLASH | 1U << 7); /* a walk's */
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(cache_maintenance_on_flash),
		SCENARIO_TEST(cache_maintenance_that_was_not_read),
		SCENARIO_TEST(cache_maintenance_elsewhere),
		SCENARIO_TEST(a_write_to_flash),
		SCENARIO_TEST(a_write_to_a_page_that_was_read_before),
		SCENARIO_TEST(zeroing_a_block_of_flash_is_a_write),
		SCENARIO_TEST(a_rom_without_a_name),
		SCENARIO_TEST(what_is_no_write_to_read_only_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
