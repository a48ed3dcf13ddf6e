/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A saved dossier explains the same as the daemon that wrote it. */

#include "tests/cli/replay_case.h"

static void test_the_same_findings(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	assert_comes_back(manager, vm);
	/* Its end is evidence, too. */
	vm_set_end(vm, VM_END_PROCESS_GONE, SAMPLE_TIME_NS + 60000000000ULL);
	assert_comes_back(manager, vm);
	manager_free(manager);
}

static void test_the_same_without_hooks(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	manager->host.injection_seen = false;
	for (size_t i = 0; i < vm->faults->n_sites; i++) {
		struct site *site = &vm->faults->sites[i];

		if (site->kind == NISV_KIND_EXEC)
			site->outcome = site->detail->outcome = NISV_OUTCOME_UNKNOWN;
	}
	assert_comes_back(manager, vm);
	manager_free(manager);
}

static void test_the_same_without_a_layout(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	layout_clear(&vm->layout);
	backings_clear(&vm->backings);
	slot_history_clear(&vm->slots);
	guest_view_clear(&vm->guest);
	assert_comes_back(manager, vm);
	manager_free(manager);
}

/* What the tools see, not only what is written again. */
static void test_layers_come_back(void **state)
{
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager), *back;

	(void)state;
	again = replay(save(manager, vm));
	assert_non_null(again);
	back = again->vms.list[0];
	assert_int_equal(back->backings.n, 2);
	assert_int_equal(backings_find(&back->backings, &back->layout.slots[1])->kind,
			 BACKING_HUGETLB);
	assert_int_equal(backings_find(&back->backings, &back->layout.slots[1])->gap, 0x47e00000);
	assert_true(backings_find(&back->backings, &back->layout.slots[1])->shared);
	assert_null(backings_find(&back->backings, &back->layout.slots[2]));
	assert_int_equal(back->slots.n, 4);
	assert_int_equal(back->slots.total, 1000);
	for (size_t i = 0; i < back->slots.n; i++)
		assert_memory_equal(&back->slots.list[i], &vm->slots.list[i],
				    sizeof(struct slot_change));
	assert_int_equal(back->guest.state, GUEST_FOUND);
	assert_int_equal(back->guest.source, GUEST_DEVICE_TREE);
	assert_int_equal(back->guest.bytes, 7564);
	assert_int_equal(back->guest.n_ranges, 4);
	assert_memory_equal(back->guest.ranges, vm->guest.ranges, 4 * sizeof(struct guest_range));
	assert_int_equal(guest_overhang(&back->guest, &back->layout), 0x18000000);
	assert_int_equal(back->layout_ns, vm->layout_ns);
	assert_int_equal(back->guest.read_ns, vm->guest.read_ns);
	manager_free(again);
	manager_free(manager);
}

static void test_the_same_without_layers(void **state)
{
	static const enum guest_state states[] = {
		GUEST_NOT_FOUND, GUEST_OFF, GUEST_PROTECTED, GUEST_UNREADABLE, GUEST_BAD,
	};
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	backings_clear(&vm->backings);
	assert_comes_back(manager, vm);
	snprintf(vm->backings.reason, sizeof(vm->backings.reason), "needs CAP_SYS_PTRACE");
	slot_history_clear(&vm->slots);
	assert_comes_back(manager, vm);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		guest_view_clear(&vm->guest);
		vm->guest.state = states[i];
		snprintf(vm->guest.reason, sizeof(vm->guest.reason), "because");
		vm->guest.read_ns = SAMPLE_TIME_NS;
		assert_comes_back(manager, vm);
	}
	manager_free(manager);
}

static void test_the_same_without_a_name(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	snprintf(vm->comm, sizeof(vm->comm), "kvmtool");
	assert_int_equal(vm_set_cmdline(vm, "", 0, false), 0);
	assert_string_equal(vm->name.source, "comm");
	assert_comes_back(manager, vm);
	manager_free(manager);
}

/* By machined and by its executable: neither is in a dossier. */
static void test_who_it_was_decided_to_be(void **state)
{
	static const char line[] = "/opt/vmm\0-machine\0virt\0-m\0"
				   "512\0-name\0said";
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	assert_int_equal(vm_set_cmdline(vm, line, sizeof(line), false), 0);
	assert_string_equal(vm->name.vmm, "unknown");
	vm->name.vmm = "qemu";
	vm->name.source = "machined";
	snprintf(vm->name.name, sizeof(vm->name.name), "decided");
	snprintf(vm->name.uuid, sizeof(vm->name.uuid), "0f0e0d0c-0b0a-0908-0706-050403020100");
	vmoptions_parse(&vm->options, "qemu", vm->cmdline, vm->cmdline_len, false);
	assert_int_equal(vm->options.ram_bytes, 512U << 20);
	assert_comes_back(manager, vm);
	manager_free(manager);
}

static void test_the_same_with_a_cut_command_line(void **state)
{
	static const char begin[] = "qemu-system-aarch64\0-M\0virt\0-name\0cut\0-append";
	static char line[NISV_CMDLINE_MAX];
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, begin, sizeof(begin));
	assert_int_equal(vm_set_cmdline(vm, line, sizeof(line), true), 0);
	assert_comes_back(manager, vm);
	assert_int_equal(vm->options.known, false);
	manager_free(manager);
}

/* Sites beyond those with a full record: what is left of them is their counts. */
static void test_the_same_with_many_sites(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	for (uint32_t i = 0; i < 3 * FAULTMAP_DETAILS_MAX; i++) {
		struct nisv_rec_fault fault = sample_fault(10 + i, NISV_KIND_NISV,
							   0x60000000 + i * 0x1000ULL, 0xa9400801);

		if (i % 3 == 0) {
			fault.outcome = NISV_OUTCOME_VM_KILLED;
			fault.errno_ = -ENOSYS;
		}
		assert_int_equal(faultmap_record(vm->faults, &fault, NULL), 1);
	}
	assert_comes_back(manager, vm);
	manager_free(manager);
}

static void test_answers_come_back(void **state)
{
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager);
	struct site *site = vm->faults->sites;
	char *text;

	(void)state;
	while (site->outcome != NISV_OUTCOME_VMM_DECIDES)
		site++;
	text = everything(manager, vm);
	assert_null(strstr(text, "\"vmm_answer\":\"abort-injected\""));
	assert_contains(text, "\"vmm_answer\":null,\"vmm_answers\":null");
	free(text);
	site->answers = 200;
	vm->dirty = true;
	assert_comes_back(manager, vm);
	text = everything(manager, vm);
	/* In the fault, the site and the finding. */
	assert_contains(text, "\"vmm_answer\":\"abort-injected\"}");
	assert_contains(text, "\"vmm_answer\":\"abort-injected\",\"vmm_answers\":200");
	assert_contains(text, "QEMU answered with an external abort, 200 of 256 times");
	free(text);
	again = replay(save(manager, vm));
	assert_int_equal(again->vms.list[0]->faults->sites[site - vm->faults->sites].answers, 200);
	manager_free(again);
	manager_free(manager);
}

/* How fast a place was, and for how long, is what its host measured, by the rate set there. */
static void test_storms_come_back(void **state)
{
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager);
	struct place *place = &vm->faults->places[0], *back;

	(void)state;
	place->user = place->count = 100000000;
	place->first_ns = SAMPLE_TIME_NS - 60000000000ULL;
	/* Fast on the whole, but it was no storm there. */
	again = replay(save(manager, vm));
	back = faultmap_place(again->vms.list[0]->faults, place->ipa, place->is_write);
	assert_int_equal(back->user, 100000000);
	assert_false(place_is_storm(back));
	manager_free(again);
	place->busy_since_ns = SAMPLE_TIME_NS - 20000000000ULL;
	place->busy_until_ns = SAMPLE_TIME_NS - 5000000000ULL;
	place->busy_per_second = 41000;
	assert_comes_back(manager, vm);
	again = replay(save(manager, vm));
	back = faultmap_place(again->vms.list[0]->faults, place->ipa, place->is_write);
	assert_int_equal(back->busy_since_ns, place->busy_since_ns);
	assert_int_equal(back->busy_until_ns, place->busy_until_ns);
	assert_int_equal(back->busy_per_second, 41000);
	assert_string_equal(
		again->vms.list[0]->findings.list[again->vms.list[0]->findings.n - 1].cause,
		"mmio-storm");
	manager_free(again);
	manager_free(manager);
}

/* A storm that no clock can have measured is none. */
static void test_storms_that_cannot_be(void **state)
{
	static const char *const busy[] = {
		"\"busy_since\":\"2026-01-01T00:01:00.000000Z\","
		"\"busy_until\":\"2026-01-01T00:00:00.000000Z\",\"busy_per_second\":7",
		"\"busy_since\":null,\"busy_until\":\"2026-01-01T00:00:00.000000Z\"",
		"\"busy_since\":\"2026-01-01T00:00:00.000000Z\",\"busy_until\":7",
		"\"busy_since\":[],\"busy_until\":{},\"busy_per_second\":-1",
		"\"busy_per_second\":9223372036854775807",
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
		struct manager *again;
		struct place *place;

		snprintf(text, sizeof(text),
			 "{\"nisv_dossier\":1,\"arch\":\"arm64\"}\n"
			 "{\"event\":\"vm\",\"vm_key\":\"" SAMPLE_KEY
			 "\",\"vm\":{\"id\":\"1-2\"}}\n"
			 "{\"event\":\"sites\",\"vm_key\":\"" SAMPLE_KEY
			 "\",\"sites\":[{\"kind\":\"mmio-read\",\"ipa\":\"0x9000000\","
			 "\"count\":9,%s}]}\n",
			 busy[i]);
		again = replay(scratch_text(&scratch, "storm", text));
		assert_non_null(again);
		place = faultmap_place(again->vms.list[0]->faults, 0x9000000, false);
		assert_non_null(place);
		assert_false(place_is_storm(place));
		assert_int_equal(place->busy_per_second, 0);
		manager_free(again);
	}
}

static void test_x86(void **state)
{
	static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07};
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct nisv_rec_fault fault = sample_fault(5, NISV_KIND_EMULATION, 0xd0000000, 0);

	(void)state;
	faultmap_free(vm->faults);
	vm->faults = faultmap_new();
	manager->host.arch = "x86_64";
	manager->host.injection_seen = false;
	fault.exit_reason = 17;
	fault.esr = fault.far = 0;
	fault.sys = (struct nisv_sysregs){.sctlr = 0x11};
	fault.insn_len = sizeof(pxor);
	memcpy(fault.insn, pxor, sizeof(pxor));
	assert_int_equal(faultmap_record(vm->faults, &fault, NULL), 1);
	assert_comes_back(manager, vm);
	assert_int_equal(vm->findings.n, 1);
	manager_free(manager);
}

static void test_several_vms(void **state)
{
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager);
	char *text, *both, *found;
	size_t len, header;

	(void)state;
	text = sample_read(save(manager, vm), &len);
	both = malloc(2 * len + 1);
	assert_non_null(both);
	header = strcspn(text, "\n") + 1;
	memcpy(both, text, len);
	memcpy(both + len, text + header, len - header + 1);
	/* The same VM twice is one; with another key it is another. */
	again = replay(scratch_text(&scratch, "twice.jsonl", both));
	assert_int_equal(again->vms.n, 1);
	manager_free(again);
	for (found = both + len; (found = strstr(found, SAMPLE_KEY)); found++)
		*found = 'f';
	again = replay(scratch_text(&scratch, "two.jsonl", both));
	assert_int_equal(again->vms.n, 2);
	assert_int_equal(again->vms.list[0]->findings.n, vm->findings.n);
	assert_int_equal(again->vms.list[1]->findings.n, vm->findings.n);
	manager_free(again);
	free(text);
	free(both);
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_same_findings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_without_hooks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_without_a_layout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_layers_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_without_layers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_without_a_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_it_was_decided_to_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_with_a_cut_command_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_same_with_many_sites, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answers_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_storms_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_storms_that_cannot_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_x86, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_several_vms, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
