/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One fault as the rules see it: what is around the address, and how well it is known. */

#include "tests/unit/scenario_machines.h"

#include "daemon/core/scene.h"

static struct facts facts;
static struct scene scene;

static void look(const struct nisv_rec_fault *rec)
{
	facts_set(&facts, &sc.evidence);
	scene_set(&scene, &facts, scenario_add(rec), NULL, NULL);
}

static void look_at(uint64_t ipa)
{
	struct nisv_rec_fault rec = scenario_nisv(ipa, LDP);

	scenario_forget();
	look(&rec);
}

/* ---- memory --------------------------------------------------------------------------------- */

static void whose_memory_map_it_is(void **state)
{
	static const struct {
		enum nisv_layout_state record;
		bool is_known;
		enum sight sight;
	} cases[] = {
		{NISV_LAYOUT_STABLE, true, SIGHT_AT_FAULT},
		{NISV_LAYOUT_STABLE, false, SIGHT_AT_FAULT},
		{NISV_LAYOUT_UNSTABLE, true, SIGHT_LATER},
		{NISV_LAYOUT_AFTER, true, SIGHT_LATER},
		{NISV_LAYOUT_NONE, true, SIGHT_LATER},
		{NISV_LAYOUT_NONE, false, SIGHT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		rec = scenario_nisv(RAM_END, LDP);
		rec.layout_state = cases[i].record;
		sc.layout.known = cases[i].is_known;
		look(&rec);
		assert_int_equal(scene.sight, cases[i].sight);
		assert_int_equal(!!scene.below, cases[i].sight != SIGHT_NONE);
	}
}

/* A record's slots are bounded by capture, not checked. */
static void slots_of_a_record_that_make_no_sense(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	rec.below.gpa = RAM_END - 8; /* reaches past the address */
	rec.above = (struct nisv_slot){.gpa = RAM_BASE, .size = MIB, .id = 2};
	rec.slot = (struct nisv_slot){.gpa = UINT64_MAX - 8, .size = 0x1000, .id = 3};
	look(&rec);
	assert_null(scene.below);
	assert_null(scene.above);
	assert_null(scene.slot);
	rec.slot = (struct nisv_slot){.gpa = RAM_END + 8, .size = MIB, .id = 3}; /* not there */
	rec.below = (struct nisv_slot){.gpa = RAM_BASE, .size = 0, .id = 3};
	scenario_forget();
	look(&rec);
	assert_null(scene.slot);
	assert_null(scene.below);
	rec.below = (struct nisv_slot){
		.gpa = RAM_BASE, .size = MIB, .id = 3, .flags = NISV_SLOT_INVALID};
	rec.above = (struct nisv_slot){
		.gpa = 0x50000000, .size = MIB, .id = 4, .flags = NISV_SLOT_INVALID};
	scenario_forget();
	look(&rec);
	assert_null(scene.below);
	assert_null(scene.above);
}

/* A slot of the layout that the record did not see came later, if the memslots changed since. */
static void a_slot_that_appeared(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	scenario_slot(1, RAM_END, 2 * MIB, 0);
	look(&rec);
	assert_null(scene.appeared); /* of one generation: one of the two is wrong */
	sc.layout.generation += 2;
	look(&rec);
	assert_non_null(scene.appeared);
	rec.ipa = RAM_BASE + 0x1000;
	rec.slot = (struct nisv_slot){.gpa = RAM_BASE, .size = MIB, .id = 0};
	look(&rec);
	assert_non_null(scene.slot);
	assert_null(scene.appeared);
	sc.layout.known = false;
	rec = scenario_nisv(RAM_END, LDP);
	look(&rec);
	assert_null(scene.appeared);
}

static void ram_that_is_asked_for(void **state)
{
	(void)state;
	scenario_slot(1, 0x50000000, 4 * MIB, 0);
	look_at(RAM_END);
	assert_true(scene_ram_is_plausible(&scene, &sc.layout.slots[0]));
	assert_false(scene_ram_is_plausible(&scene, &sc.layout.slots[1]));
	assert_false(scene_ram_is_plausible(&scene, NULL));
	sc.options.ram_bytes = 16 * MIB; /* the main one is all of it */
	look_at(RAM_END);
	assert_true(scene_ram_is_plausible(&scene, &sc.layout.slots[0]));
	assert_false(scene_ram_is_plausible(&scene, &sc.layout.slots[1]));
	sc.options.ram_bytes = 20 * MIB; /* both are */
	look_at(RAM_END);
	assert_true(scene_ram_is_plausible(&scene, &sc.layout.slots[1]));
	sc.layout.total_slots = 9; /* not all slots are known: their sum tells nothing */
	look_at(RAM_END);
	assert_false(scene_ram_is_plausible(&scene, &sc.layout.slots[1]));
}

/* ---- devices -------------------------------------------------------------------------------- */

/* What the map calls RAM the memslots tell; a hole is nothing. */
static void regions_that_are_no_device(void **state)
{
	(void)state;
	scenario_region("hotplug area", 0x50000000, MIB, REGION_RAM, ROLE_NONE);
	scenario_region("hole", 0x60000000, MIB, REGION_HOLE, ROLE_NONE);
	scenario_region("ROM", 0x70000000, MIB, REGION_ROM, ROLE_NONE);
	look_at(0x50000000);
	assert_null(scene.region);
	assert_null(scene.reserved);
	look_at(0x60000000);
	assert_null(scene.region);
	assert_null(scene.reserved);
	look_at(0x70000000);
	assert_null(scene.region);
	assert_string_equal(scene.reserved->name, "ROM");
}

static void regions_that_options_leave_out(void **state)
{
	static struct machine registry[1];

	(void)state;
	registry[0] = sc.machine;
	sc.host.maps = registry;
	sc.host.n_maps = 1;
	registry[0].n_regions = 3;
	registry[0].regions[0] = (struct machine_region)REGION("SMMU", 0x50000000, MIB,
							       REGION_DEVICE, ROLE_NONE, .vgic = 0);
	registry[0].regions[1] = (struct machine_region)REGION("RAM", 0x60000000, MIB, REGION_RAM,
							       ROLE_NONE, .vgic = 0);
	registry[0].regions[2] = (struct machine_region)REGION(
		"stolen time", 0x70000000, MIB, REGION_RAM, ROLE_STOLEN_TIME, .vgic = 0);
	look_at(0x50000000);
	assert_string_equal(scene.left_out->name, "SMMU");
	assert_null(scene.region);
	look_at(0x60000000);
	assert_null(scene.left_out);
	look_at(0x70000000);
	assert_string_equal(scene.left_out->name, "stolen time");
	snprintf(registry[0].id, sizeof(registry[0].id), "another"); /* not of this kind */
	look_at(0x50000000);
	assert_null(scene.left_out);
}

/* A frame of the other vGIC is left out; where there is no vGIC that is not known. */
static void frames_of_the_other_vgic(void **state)
{
	(void)state;
	scenario_qemu_virt();
	look_at(0x08010000);
	assert_null(scene.left_out);
	scenario_vgic_v3();
	look_at(0x08010000);
	assert_string_equal(scene.left_out->name, "GICv2 CPU interface");
	scenario_vgic_v2();
	look_at(0x08010000);
	assert_null(scene.left_out);
	assert_string_equal(scene.vgic, "CPU interface");
	assert_string_equal(scene.region->name, "GICv2 CPU interface");
}

static void traffic_close_by(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 50; i++)
		scenario_mmio(0x30000000 + i * 0x400, i & 1, 5, 5);
	facts_set(&facts, &sc.evidence);
	for (uint64_t ipa = 0x30000000; ipa < 0x30000000 + 50 * 0x400; ipa += 0x100) {
		struct site site = {.kind = NISV_KIND_NISV, .ipa = ipa};

		scene_set(&scene, &facts, &site, NULL, NULL);
		assert_int_equal(scene.near_count > 0, !(ipa & 0x200));
	}
}

/* ---- the CPU -------------------------------------------------------------------------------- */

static void the_state_of_the_cpu(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	look(&rec);
	assert_int_equal(scene.el, 1);
	assert_int_equal(scene.mmu, MMU_OFF);
	assert_true(scene.has_insn);
	assert_int_equal(scene.insn.class, INSN_PAIR);
	rec.pstate = EL0;
	rec.sys.sctlr = 1;
	rec.insn_len = 2;
	scenario_forget();
	look(&rec);
	assert_int_equal(scene.el, 0);
	assert_int_equal(scene.mmu, MMU_ON);
	assert_false(scene.has_insn);
	rec.sysregs_state = NISV_SYSREGS_STALE;
	scenario_forget();
	look(&rec);
	assert_int_equal(scene.mmu, MMU_UNKNOWN);
	/* A record of another site tells the instruction and the state, not the memory. */
	facts_set(&facts, &sc.evidence);
	rec = scenario_nisv(RAM_END, LDP);
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	scene_set(&scene, &facts, &(struct site){.kind = NISV_KIND_NISV, .ipa = RAM_END}, NULL,
		  &rec);
	assert_true(scene.has_insn);
	assert_null(scene.rec);
	assert_int_equal(scene.sight, SIGHT_LATER);
}

/* A trace tells neither registers nor bytes: what is 0 in its records is not known. */
static void a_trace_has_no_registers(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	rec.pstate = 0; /* of EL0, if it was told */
	sc.evidence.is_traced = true;
	look(&rec);
	assert_int_equal(scene.el, -1);
	assert_int_equal(scene.mmu, MMU_UNKNOWN);
	assert_false(scene.has_insn);
}

/* What is at the PC when it is read need not be what faulted: its address tells. */
static void an_instruction_that_did_not_fault_so(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(RAM_END, LDP);

	(void)state;
	rec.gpr[0] = RAM_END - 64;
	look(&rec);
	assert_true(scene.insn_is_stale);
	assert_false(scene.has_insn);
	scenario_forget();
	rec.gpr[0] = RAM_END - 7; /* the second register of the pair reaches into it */
	look(&rec);
	assert_false(scene.insn_is_stale);
	assert_true(scene.has_insn);
	scenario_forget();
	rec.gpr[0] = RAM_END - 64;
	rec.esr |= 1 << 15; /* FnP: FAR is not precise to the byte */
	look(&rec);
	assert_false(scene.insn_is_stale);
	assert_true(scene.has_insn);
	scenario_forget();
	rec = scenario_walk(RAM_END, 0xffff000000000000); /* FAR is not of the table's address */
	scenario_insn(&rec, LDP);
	look(&rec);
	assert_true(scene.has_insn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(whose_memory_map_it_is),
		SCENARIO_TEST(slots_of_a_record_that_make_no_sense),
		SCENARIO_TEST(a_slot_that_appeared),
		SCENARIO_TEST(ram_that_is_asked_for),
		SCENARIO_TEST(regions_that_are_no_device),
		SCENARIO_TEST(regions_that_options_leave_out),
		SCENARIO_TEST(frames_of_the_other_vgic),
		SCENARIO_TEST(traffic_close_by),
		SCENARIO_TEST(the_state_of_the_cpu),
		SCENARIO_TEST(a_trace_has_no_registers),
		SCENARIO_TEST(an_instruction_that_did_not_fault_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
