/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Findings and causes as JSON: what the interface says of them, and what is null. */

#include "daemon/core/rules.h"
#include "daemon/edge/api.h"
#include "daemon/edge/finding_json.h"
#include "tests/cli/sample.h"

#define UART_IPA    0x09000fe0
#define OLD_TIME_NS (SAMPLE_TIME_NS - 60000000000ULL)

/* ---- reading -------------------------------------------------------------------------------- */

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, name, &value))
		fail_msg("no member %s in %s", name, json_object_to_json_string(object));
	return value;
}

static void assert_text(struct json_object *object, const char *name, const char *expected)
{
	struct json_object *value = member(object, name);

	if (!expected) {
		assert_null(value);
		return;
	}
	assert_true(json_object_is_type(value, json_type_string));
	assert_string_equal(json_object_get_string(value), expected);
}

static void assert_number(struct json_object *object, const char *name, int64_t expected)
{
	struct json_object *value = member(object, name);

	assert_true(json_object_is_type(value, json_type_int));
	assert_int_equal(json_object_get_int64(value), expected);
}

static void assert_null_member(struct json_object *object, const char *name)
{
	assert_null(member(object, name));
}

/* The members of @object are those that the interface text has in "type @type (". */
static void assert_is_type(struct json_object *object, const char *type)
{
	char head[64], member_line[64];
	const char *text, *end;
	size_t n = 0;

	snprintf(head, sizeof(head), "\ntype %s (\n", type);
	text = strstr(api_interface.description, head);
	assert_non_null(text);
	end = strstr(text, "\n)\n");
	assert_non_null(end);
	json_object_object_foreach (object, name, value) {
		const char *found;

		(void)value;
		snprintf(member_line, sizeof(member_line), "\n  %s: ", name);
		found = strstr(text, member_line);
		if (!found || found > end)
			fail_msg("%s has no member %s in the interface", type, name);
	}
	for (const char *line = text + strlen(head) - 1; line < end; line = strchr(line + 1, '\n'))
		n += line[3] != '#' && line[3] != ' ';
	assert_int_equal(json_object_object_length(object), n);
}

/* ---- the finding under test ----------------------------------------------------------------- */

static const struct finding *finding_at(const struct vm *vm, const char *cause, uint64_t ipa)
{
	for (size_t i = 0; i < vm->findings.n; i++)
		if (!strcmp(vm->findings.list[i].cause, cause) &&
		    vm->findings.list[i].sites[0]->ipa == ipa)
			return &vm->findings.list[i];
	fail_msg("no finding %s", cause);
	return NULL;
}

static struct nisv_rec_fault *uart_record(struct vm *vm)
{
	const struct site *site =
		finding_at(vm, "device-access-nisv-instruction", UART_IPA)->sites[0];

	assert_non_null(site->detail);
	return site->detail;
}

static struct json_object *uart_finding(const struct manager *manager, struct vm *vm)
{
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &manager->host, manager->started_ns), 0);
	return model_finding(finding_at(vm, "device-access-nisv-instruction", UART_IPA), vm->faults,
			     manager->host.arch);
}

/* ---- what there is -------------------------------------------------------------------------- */

static void test_all_members(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct json_object *finding = uart_finding(manager, vm), *part;

	(void)state;
	assert_is_type(finding, "Finding");
	assert_is_type(json_object_array_get_idx(member(finding, "sites"), 0), "Site");
	assert_is_type(member(finding, "context"), "Context");
	part = member(finding, "symptom");
	assert_contains(json_object_get_string(member(part, "text")), "QEMU logs nothing");
	assert_text(part, "source", "target/arm/kvm.c: kvm_arm_handle_dabt_nisv(), " REV_QEMU);
	part = member(finding, "overlays");
	assert_int_equal(json_object_array_length(part), 1);
	part = json_object_array_get_idx(part, 0);
	assert_int_equal(json_object_object_length(part), 3);
	assert_text(part, "cause", "compiler-writeback");
	assert_string_equal(json_object_to_json_string(member(part, "confidence")), "0.95");
	assert_contains(json_object_get_string(member(part, "summary")), "`ldr w1, [x0], #4`");
	json_object_put(finding);
	manager_free(manager);
}

static void test_context_of_arm64(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct nisv_rec_fault *fault = uart_record(vm);
	struct json_object *finding, *context, *list;

	(void)state;
	fault->sys.sctlr |= 1;
	fault->sys.tcr = 16; /* 48 bits in the lower half */
	fault->walk = (struct nisv_walk){
		.va = 0xffff800000000fe0,
		.out = 0xb0000000,
		.state = NISV_WALK_NO_SLOT,
		.n_steps = 1,
		.agrees = 1,
		.step = {{.address = 0x41000000, .descriptor = 0xb0000003, .level = 1}},
	};
	fault->backtrace = (struct nisv_backtrace){
		.n = 2,
		.end = NISV_BACKTRACE_ORDER,
		.frame = {0x0023800000081234, 0x40081300}, /* the first one is signed */
	};
	finding = uart_finding(manager, vm);
	context = member(finding, "context");
	assert_number(context, "el", 1);
	assert_text(context, "side", "kernel");
	assert_text(context, "mmu", "on");
	assert_text(context, "code", "a64");
	assert_text(context, "vbar", "0x40090000");
	assert_is_type(member(context, "walk"), "Walk");
	assert_text(member(context, "walk"), "output", "0xb0000000");
	list = member(context, "backtrace");
	assert_int_equal(json_object_array_length(list), 2);
	assert_text(json_object_array_get_idx(list, 0), "address", "0x800000081234");
	assert_text(json_object_array_get_idx(list, 1), "address", "0x40081300");
	assert_text(context, "backtrace_end", "order");
	json_object_put(finding);
	manager_free(manager);
}

/* Registers of an earlier time are no guess at those of now. */
static void test_context_of_stale_registers(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct nisv_rec_fault *fault = uart_record(vm);
	struct json_object *finding, *context;

	(void)state;
	fault->sysregs_state = NISV_SYSREGS_STALE;
	finding = uart_finding(manager, vm);
	context = member(finding, "context");
	assert_number(context, "el", 1); /* PSTATE is the fault's */
	assert_null_member(context, "mmu");
	assert_null_member(context, "vbar");
	assert_null_member(context, "walk");
	assert_int_equal(json_object_array_length(member(context, "backtrace")), 0);
	assert_null_member(context, "backtrace_end");
	json_object_put(finding);
	/* A walk that explains the fault was made with the right ones. */
	fault->walk = (struct nisv_walk){.state = NISV_WALK_DONE, .agrees = 1};
	finding = uart_finding(manager, vm);
	assert_text(member(finding, "context"), "mmu", "on");
	assert_null_member(member(finding, "context"), "vbar");
	json_object_put(finding);
	fault->walk.agrees = 0;
	finding = uart_finding(manager, vm);
	assert_null_member(member(finding, "context"), "mmu");
	json_object_put(finding);
	/* Of a trace there are no registers at all. */
	fault->sysregs_state = NISV_SYSREGS_NONE;
	finding = uart_finding(manager, vm);
	context = member(finding, "context");
	assert_null_member(context, "el");
	assert_null_member(context, "side");
	assert_text(context, "code", "unknown");
	json_object_put(finding);
	manager_free(manager);
}

static void test_code_of_arm64(void **state)
{
	static const struct {
		uint64_t pstate;
		const char *code, *side;
		int el;
	} cases[] = {
		{0x3c5, "a64", "kernel", 1}, {0x3c0, "a64", "user", 0}, {0x1d3, "a32", "kernel", 1},
		{0x010, "a32", "user", 0},   {0x030, "t32", "user", 0},
	};
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct nisv_rec_fault *fault = uart_record(vm);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct finding *finding =
			finding_at(vm, "device-access-nisv-instruction", UART_IPA);
		struct json_object *object, *context;

		fault->pstate = cases[i].pstate;
		object = model_finding(finding, vm->faults, "arm64");
		context = member(object, "context");
		assert_text(context, "code", cases[i].code);
		assert_text(context, "side", cases[i].side);
		assert_number(context, "el", cases[i].el);
		json_object_put(object);
	}
	manager_free(manager);
}

static void test_code_of_x86(void **state)
{
	static const struct {
		enum nisv_code_mode mode;
		uint64_t cr0, cr4;
		const char *code, *mmu;
	} cases[] = {
		{NISV_CODE_REAL, 0, 0, "real", "off"},
		{NISV_CODE_VM86, 0x80000001, 0, "vm86", "on"},
		{NISV_CODE_32, 0x80000001, 0x20, "32-bit", "on"},
		{NISV_CODE_64, 0x80000001, 0x20, "64-bit", "on"},
		{NISV_CODE_UNKNOWN, 0x1, 0, "32-bit", "off"},
		{NISV_CODE_UNKNOWN, 0x80000001, 0x20, "64-bit", "on"},
	};
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct nisv_rec_fault *fault = uart_record(vm);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct finding *finding =
			finding_at(vm, "device-access-nisv-instruction", UART_IPA);
		struct json_object *object, *context;

		fault->code_mode = cases[i].mode;
		fault->sys = (struct nisv_sysregs){.sctlr = cases[i].cr0, .tcr = cases[i].cr4};
		object = model_finding(finding, vm->faults, "x86_64");
		context = member(object, "context");
		assert_text(context, "code", cases[i].code);
		assert_text(context, "mmu", cases[i].mmu);
		assert_null_member(context, "el");
		assert_null_member(context, "vbar");
		json_object_put(object);
	}
	manager_free(manager);
}

/* ---- what there is not ---------------------------------------------------------------------- */

static void test_nothing_is_null(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct finding finding = *finding_at(vm, "device-access-nisv-instruction", UART_IPA);
	struct json_object *object;

	(void)state;
	/* As verify() makes them. */
	finding.n_sites = finding.n_overlays = 0;
	finding.symptom = NULL;
	object = model_finding(&finding, vm->faults, "arm64");
	assert_is_type(object, "Finding");
	assert_null_member(object, "context");
	assert_null_member(object, "symptom");
	assert_int_equal(json_object_array_length(member(object, "overlays")), 0);
	assert_int_equal(json_object_array_length(member(object, "sites")), 0);
	json_object_put(object);
	manager_free(manager);
}

static struct place *uart_place(struct vm *vm)
{
	struct place *place = faultmap_place(vm->faults, 0x09000000, true);

	assert_non_null(place);
	return place;
}

static void test_storm(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct place *place = uart_place(vm);
	struct json_object *object, *site;

	(void)state;
	place->busy_since_ns = OLD_TIME_NS;
	place->busy_until_ns = OLD_TIME_NS + PLACE_STORM_NS;
	place->busy_per_second = 41234;
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &manager->host, place->busy_until_ns + 1), 0);
	assert_contains(finding_at(vm, "mmio-storm", 0x09000000)->summary,
			"41234 times a second for more than 10 s, and it goes on");
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &manager->host, place->busy_until_ns + PLACE_QUIET_NS + 1),
			 0);
	assert_contains(finding_at(vm, "mmio-storm", 0x09000000)->summary,
			"41234 times a second for 10 s.");
	object = model_finding(finding_at(vm, "mmio-storm", 0x09000000), vm->faults, "arm64");
	assert_null_member(object, "context");
	assert_null_member(object, "symptom");
	site = json_object_array_get_idx(member(object, "sites"), 0);
	assert_is_type(site, "Site");
	assert_text(site, "kind", "mmio-write");
	assert_text(site, "ipa", "0x9000000");
	assert_null_member(site, "pc");
	assert_null_member(site, "esr");
	assert_null_member(site, "far");
	assert_null_member(site, "vcpu");
	assert_null_member(site, "instruction");
	assert_null_member(site, "errno");
	assert_text(site, "outcome", "emulated");
	assert_number(site, "count", 4000);
	assert_number(site, "user", 3999);
	assert_text(site, "busy_since", "2023-11-14T22:12:20.123456Z");
	assert_text(site, "busy_until", "2023-11-14T22:12:30.123456Z");
	assert_number(site, "busy_per_second", 41234);
	json_object_put(object);
	/* Busy, but not for long. */
	place->busy_until_ns--;
	site = model_place(place);
	assert_null_member(site, "busy_since");
	assert_null_member(site, "busy_until");
	assert_null_member(site, "busy_per_second");
	json_object_put(site);
	manager_free(manager);
}

/* ---- the rule table ------------------------------------------------------------------------- */

static void test_causes(void **state)
{
	struct json_object *object, *row;

	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		object = model_cause(rules[i]);
		assert_is_type(object, "Cause");
		assert_text(object, "id", rules[i]->id);
		json_object_put(object);
	}
	object = model_cause(&rule_compiler_writeback);
	assert_text(object, "architecture", "arm64");
	assert_string_equal(json_object_to_json_string(member(object, "found")), "[ \"overlay\" ]");
	row = json_object_array_get_idx(member(object, "advice"), 1);
	assert_null_member(row, "whose");
	assert_text(row, "source", "d044d6ba6f02: arm64: io: permit offset addressing, Linux 6.9");
	json_object_put(object);
	object = model_cause(&rule_backing_gone);
	assert_null_member(object, "architecture");
	assert_string_equal(json_object_to_json_string(member(object, "found")),
			    "[ \"fault\", \"map\" ]");
	row = json_object_array_get_idx(member(object, "advice"), 1);
	assert_text(row, "whose", "qemu");
	json_object_put(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_members),
		cmocka_unit_test(test_context_of_arm64),
		cmocka_unit_test(test_context_of_stale_registers),
		cmocka_unit_test(test_code_of_arm64),
		cmocka_unit_test(test_code_of_x86),
		cmocka_unit_test(test_nothing_is_null),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_causes),
	};

	wallclock_go_offline();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
