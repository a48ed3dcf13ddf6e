/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A device is there, and the instruction tells more than that it is the wrong one. Each cause on
 * the evidence it is made for, and each guard that keeps it from being claimed. */

#include "tests/unit/degrade.h"
#include "tests/unit/scenario_machines.h"

#define DEVICE "device-access-nisv-instruction"

/* A64 words. */
#define LDADD  0xb8210002U /* ldadd w1, w2, [x0] */
#define CAS    0xc8a17c02U /* cas x1, x2, [x0] */
#define LDXR   0x885f7c01U /* ldxr w1, [x0] */
#define LDR_Q  0x3dc00000U /* ldr q0, [x0] */
#define LD1    0x4c407000U /* ld1 {v0.16b}, [x0] */
#define DC_ZVA 0xd50b7420U /* dc zva, x0 */
#define LD1B   0xa4014000U /* ld1b {z0.b}, p0/z, [x0, x1] */
#define STG    0xd9200800U /* stg x0, [x0] */
#define CPYFP  0x19010440U /* cpyfp [x0]!, [x1]!, x2! */

#define UART 0x09000000ULL

/* One fault on QEMU's UART. */
static const struct finding *on_uart(uint32_t raw)
{
	struct nisv_rec_fault rec;

	scenario_reset();
	scenario_qemu_virt();
	rec = scenario_injected_nisv(UART, raw);
	return scenario_explain(&rec);
}

/* ---- the classes ---------------------------------------------------------------------------- */

static const struct {
	uint32_t raw;
	const char *cause, *how, *advice;
} classes[] = {
	{LDADD, "atomic-or-exclusive-on-device", "an atomic read-modify-write", "keep locks"},
	{CAS, "atomic-or-exclusive-on-device", "an atomic read-modify-write", "keep locks"},
	{LDXR, "atomic-or-exclusive-on-device", "load or store exclusive", "keep locks"},
	{LDR_Q, "simd-memcpy-on-device", "SIMD or floating-point registers", "memcpy_fromio"},
	{LD1, "simd-memcpy-on-device", "SIMD or floating-point registers", "memcpy_fromio"},
	{DC_ZVA, "dc-zva-on-device", "writes a whole block", "memset_io()"},
	{CPYFP, "mops-on-device", "copies or sets memory (MOPS)", "FEAT_MOPS"},
	{STG, "mte-tag-op-on-device", "memory tags (MTE)", "Tags belong to RAM only"},
	{LD1B, "sve-on-device", "SVE or SME registers", "-fno-tree-vectorize"},
};

static void each_class_on_a_device(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		const struct finding *f = on_uart(classes[i].raw);

		assert_finding(f, classes[i].cause, 0.93);
		assert_contains(f->summary, "on 0x9000000, UART0 PL011 + 0x0, a device");
		assert_contains(f->how, classes[i].how);
		assert_advice(f, classes[i].advice);
		assert_advice(f, "In place of `");	/* what to write, whatever the class */
		assert_int_equal(f->n_alternatives, 0); /* the general cause says less */
		assert_degrades();
	}
}

/* As sure as the device is: a little more than the general cause. */
static void a_class_is_as_sure_as_the_device(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		struct nisv_rec_fault rec;

		on_uart(classes[i].raw);
		sc.evidence.machine_confidence = 0.6;
		assert_finding(scenario_diagnose(), classes[i].cause, 0.73);
		scenario_reset();
		scenario_bus(0x30000000, 0x1000, false);
		rec = scenario_nisv(0x30000000, classes[i].raw);
		assert_finding(scenario_explain(&rec), classes[i].cause, 0.88);
		scenario_reset();
		scenario_qemu_virt();
		rec = scenario_nisv(0x10000000, classes[i].raw);
		assert_finding(scenario_explain(&rec), classes[i].cause, 0.53);
	}
}

/* Not where no device is, and not where KVM's own is: other causes. */
static void a_class_elsewhere_is_no_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		struct nisv_rec_fault rec;

		scenario_reset();
		rec = scenario_nisv(RAM_END, classes[i].raw);
		assert_finding(scenario_explain(&rec), "access-past-ram-end", 0.9);
		scenario_reset();
		scenario_vgic_v3();
		rec = scenario_nisv(0x08000000, classes[i].raw);
		assert_finding(scenario_explain(&rec), "vgic-access-nisv-instruction", 0.96);
		assert_int_equal(sc.findings.list[0].n_alternatives, 0);
	}
}

/* ---- atomic-or-exclusive-on-device ---------------------------------------------------------- */

static void the_syndrome_says_exclusive(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(UART, 0);
	rec.esr = (ESR_READ & ~0x3fU) | 0x35;
	f = scenario_explain(&rec);
	assert_finding(f, "atomic-or-exclusive-on-device", 0.73);
	assert_contains(f->confidence_reason, "the syndrome says unsupported exclusive or atomic");
	scenario_forget();
	rec.ipa = rec.far = 0x0b000000; /* no device */
	assert_finding(scenario_explain(&rec), "unknown", 0.2);
}

/* ---- simd-memcpy-on-device ------------------------------------------------------------------ */

/* A pair at the UART, with the code around it: NOPs, and the words in @code from its start on. */
static const struct finding *explain_pair(const uint32_t *code, size_t n)
{
	static const uint32_t nop = 0xd503201f;
	struct nisv_rec_fault rec = scenario_injected_nisv(UART, LDP);

	scenario_reset();
	scenario_qemu_virt();
	rec.code_len = n ? NISV_CODE_BYTES : 0;
	for (size_t i = 0; i < NISV_CODE_BYTES / sizeof(nop); i++)
		memcpy(rec.code + i * sizeof(nop), i < n ? &code[i] : &nop, sizeof(nop));
	return scenario_explain(&rec);
}

/* Two registers that a compiler read at once are no copy; a row of them is. */
static void a_row_of_pairs_is_a_copy(void **state)
{
	static const uint32_t row[] = {LDP, 0xa9410c02 /* ldp x2, x3, [x0, #16] */,
				       0x3c820020 /* stur q0, [x1, #32] */};
	const struct finding *f = explain_pair(row, ARRAY_SIZE(row));

	(void)state;
	assert_int_equal(sc.findings.n, 1);
	assert_finding(f, "simd-memcpy-on-device", 0.93);
	assert_evidence(f, "The code around the PC has several such accesses in a row: a copy");
	assert_degrades();
}

static void fewer_pairs_are_no_copy(void **state)
{
	static const uint32_t two[] = {LDP, 0xa9410c02, 0xb9400c02 /* ldr w2, [x0, #12] */};

	(void)state;
	assert_finding(explain_pair(two, ARRAY_SIZE(two)), DEVICE, 0.9);
	assert_finding(explain_pair(NULL, 0), DEVICE, 0.9);
}

/* Every function saves and restores registers in pairs. */
static void pairs_on_the_stack_are_no_copy(void **state)
{
	static const uint32_t frame[] = {0xa9be7bfd, /* stp x29, x30, [sp, #-32]! */
					 0xa90153f3, /* stp x19, x20, [sp, #16] */
					 LDP, 0xa94153f3, 0xa8c27bfd};

	(void)state;
	assert_finding(explain_pair(frame, ARRAY_SIZE(frame)), DEVICE, 0.9);
}

/* ---- framebuffer-nisv-memcpy ---------------------------------------------------------------- */

static const uint32_t wide[] = {LDR_Q, LDP, LD1B, DC_ZVA, CPYFP};
static const uint32_t narrow[] = {LDR_POST, LDADD, STG, 0};

static void a_copy_to_a_framebuffer(void **state)
{
	const struct finding *f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wide) + ARRAY_SIZE(narrow); i++) {
		bool is_wide = i < ARRAY_SIZE(wide);
		struct nisv_rec_fault rec;

		scenario_reset();
		scenario_region("framebuffer", 0x30000000, MIB, REGION_DEVICE, ROLE_FRAMEBUFFER);
		rec = scenario_nisv(0x30000000, is_wide ? wide[i] : narrow[i - ARRAY_SIZE(wide)]);
		f = scenario_explain(&rec);
		if (is_wide)
			assert_finding(f, "framebuffer-nisv-memcpy", 0.96);
		else
			assert_string_not_equal(f->cause, "framebuffer-nisv-memcpy");
	}
}

static struct nisv_rec_fault told_framebuffer(uint64_t base)
{
	struct nisv_rec_fault rec;

	scenario_reset();
	scenario_qemu_virt();
	snprintf(scenario_told(GUEST_DEVICE, base, MIB, "display")->compatible, 48,
		 "simple-framebuffer");
	rec = scenario_injected_nisv(base, LDR_Q);
	return rec;
}

/* In a window the guest's word tells more than the window. */
static void the_guest_was_told_of_a_framebuffer(void **state)
{
	struct nisv_rec_fault rec = told_framebuffer(0x10000000);
	const struct finding *f = scenario_explain(&rec);

	(void)state;
	assert_finding(f, "framebuffer-nisv-memcpy", 0.83);
	assert_contains(f->confidence_reason, "the guest was told of a framebuffer there");
	assert_advice(f, "-device ramfb");
	assert_degrades();
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_AFTER;
	assert_finding(scenario_diagnose(), "framebuffer-nisv-memcpy", 0.63);
	sc.faults->sites[0].detail->layout_state = NISV_LAYOUT_STABLE;
	sc.ranges[0].compatible[0] = '\0';
	assert_finding(scenario_diagnose(), "simd-memcpy-on-device", 0.53);
	snprintf(sc.ranges[0].name, sizeof(sc.ranges[0].name), "framebuffer@10000000");
	assert_finding(scenario_diagnose(), "framebuffer-nisv-memcpy", 0.83);
	scenario_reads(0x10000000, 1000);
	assert_finding(scenario_diagnose(), "framebuffer-nisv-memcpy", 0.86);
}

/* Where the machine has nothing it is not there. */
static void a_framebuffer_where_nothing_is(void **state)
{
	struct nisv_rec_fault rec = told_framebuffer(0x0b000000);

	(void)state;
	assert_finding(scenario_explain(&rec), "dt-device-absent", 0.65);
	sc.evidence.machine = NULL;
	assert_finding(scenario_diagnose(), "framebuffer-nisv-memcpy", 0.63);
	rec = told_framebuffer(UART); /* and here something else is */
	assert_finding(scenario_explain(&rec), "simd-memcpy-on-device", 0.93);
}

/* ---- ecam-nisv-read ------------------------------------------------------------------------- */

#define ECAM 0x4010000000ULL

static void a_copy_of_a_configuration_header(void **state)
{
	struct nisv_rec_fault rec;
	const struct finding *f;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(ECAM + 0x0a1b4000, LDP);
	f = scenario_explain(&rec);
	assert_finding(f, "ecam-nisv-read", 0.92);
	assert_contains(f->where, "): devices, no memory.");
	assert_contains(f->summary, "PCIe ECAM (high), function a1:16.4: only accesses");
	assert_advice(f, "one register at a time");
	assert_degrades();
	sc.evidence.machine_confidence = 0.6;
	assert_finding(scenario_diagnose(), "ecam-nisv-read", 0.8);
	sc.evidence.machine_confidence = 0.9;
	sc.machine.doubt = "a version that is not told";
	assert_finding(scenario_diagnose(), "ecam-nisv-read", 0.85);
	sc.machine.doubt = NULL;
	sc.faults->sites[0].detail->insn_state = NISV_INSN_UNREADABLE;
	assert_finding(scenario_diagnose(), "ecam-nisv-read", 0.75);
	scenario_forget();
	rec = scenario_injected_nisv(ECAM, LDR);
	assert_finding(scenario_explain(&rec), "ecam-nisv-read", 0.6);
}

/* Where the space is as small as a device, of one segment, it says more than a copy. */
static void a_copy_of_a_small_configuration_space(void **state)
{
	struct nisv_rec_fault rec = scenario_nisv(0x30008000, 0x3dc00000); /* ldr q0, [x0] */

	(void)state;
	scenario_region("PCI ECAM, segment 0", 0x30000000, MIB, REGION_DEVICE, ROLE_ECAM);
	assert_finding(scenario_explain(&rec), "ecam-nisv-read", 0.96);
	assert_degrades();
}

/* By the instruction it is also a copy from a device. */
static void a_simd_copy_of_a_configuration_header(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(ECAM, LDR_Q);
	assert_finding(scenario_explain(&rec), "ecam-nisv-read", 0.96);
	assert_degrades();
}

static void what_is_no_read_of_configuration_space(void **state)
{
	struct nisv_rec_fault rec;

	(void)state;
	scenario_qemu_virt();
	rec = scenario_injected_nisv(ECAM, STP);
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
	scenario_forget();
	rec = scenario_injected_nisv(0x10000000, LDP);
	assert_finding(scenario_explain(&rec), DEVICE, 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(each_class_on_a_device),
		SCENARIO_TEST(a_class_is_as_sure_as_the_device),
		SCENARIO_TEST(a_class_elsewhere_is_no_cause),
		SCENARIO_TEST(the_syndrome_says_exclusive),
		SCENARIO_TEST(a_row_of_pairs_is_a_copy),
		SCENARIO_TEST(fewer_pairs_are_no_copy),
		SCENARIO_TEST(pairs_on_the_stack_are_no_copy),
		SCENARIO_TEST(a_copy_of_a_small_configuration_space),
		SCENARIO_TEST(a_copy_to_a_framebuffer),
		SCENARIO_TEST(the_guest_was_told_of_a_framebuffer),
		SCENARIO_TEST(a_framebuffer_where_nothing_is),
		SCENARIO_TEST(a_copy_of_a_configuration_header),
		SCENARIO_TEST(a_simd_copy_of_a_configuration_header),
		SCENARIO_TEST(what_is_no_read_of_configuration_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
