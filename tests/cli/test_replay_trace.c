/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is made of traces that real tools wrote, and of files that nobody should have. */

#include "daemon/edge/status_json.h"
#include "tests/cli/replay_case.h"

#define TRACES "tests/corpus/traces/"

static struct manager *replay_trace_file(const char *name)
{
	struct manager *manager = replay(name);

	if (!manager)
		fail_msg("%s: %s", name, scratch.log);
	assert_non_null(manager->trace);
	return manager;
}

static struct vm *vm_of_pid(const struct manager *manager, uint32_t pid)
{
	for (size_t i = 0; i < manager->vms.n; i++)
		if (manager->vms.list[i]->tgid == pid)
			return manager->vms.list[i];
	fail_msg("no VM of the process %u", pid);
	return NULL;
}

/* The one fault of a VM. */
static const struct site *only_site(const struct vm *vm)
{
	assert_int_equal(vm->faults->n_sites, 1);
	return &vm->faults->sites[0];
}

static void assert_site(const struct vm *vm, enum nisv_kind kind, enum nisv_outcome outcome,
			int err, uint64_t ipa)
{
	const struct site *site = only_site(vm);

	assert_int_equal(site->kind, kind);
	assert_int_equal(site->outcome, outcome);
	assert_int_equal(site->errno_, err);
	assert_int_equal(site->ipa, ipa);
	assert_int_equal(site->count, 1);
	assert_int_equal(vm->totals.faults[kind], 1);
	assert_int_equal(vm->findings.n, 1);
}

/* What testvmm's guests did, told alike by a kernel without kvm_mmio_nisv and one with it. */
static void assert_guests(const struct manager *manager, const uint32_t pids[7])
{
	const struct vm *vm = vm_of_pid(manager, pids[0]);

	assert_string_equal(manager->host.arch, "arm64");
	assert_string_equal(manager->host.kernel, "unknown");
	assert_string_equal(vm->name.name, "qemu-system-aar");
	assert_string_equal(vm->name.vmm, "qemu");
	assert_int_equal(vm->origin, VM_ORIGIN_TRACE);
	assert_false(vm->layout.known);
	assert_site(vm, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0xb0000540);
	assert_site(vm_of_pid(manager, pids[1]), NISV_KIND_NISV, NISV_OUTCOME_VMM_DECIDES, 0,
		    0xb0000540);
	vm = vm_of_pid(manager, pids[2]);
	assert_int_equal(vm->totals.mmio_reads, 1);
	assert_int_equal(vm->totals.mmio_user, 1);
	assert_int_equal(vm->faults->places[0].ipa, 0xb0000400);
	assert_int_equal(vm->findings.n, 0);
	/* One fetch and one walk, which could be of memory. */
	assert_int_equal(vm_of_pid(manager, pids[3])->faults->n_sites, 0);
	assert_int_equal(vm_of_pid(manager, pids[4])->faults->n_sites, 0);
	assert_true(manager->trace->undecided >= 2);
	assert_site(vm_of_pid(manager, pids[5]), NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS,
		    0x60000540);
	assert_site(vm_of_pid(manager, pids[6]), NISV_KIND_BACKING, NISV_OUTCOME_VM_KILLED, -EFAULT,
		    0x60000540);
	assert_int_equal(manager->trace->bad_lines, 0);
}

static void test_ftrace(void **state)
{
	struct manager *manager;

	(void)state;
	manager = replay_trace_file(TRACES "ftrace-6.1.txt");
	assert_guests(manager, (const uint32_t[]){106, 112, 124, 136, 142, 148, 154});
	assert_int_equal(manager->trace->events[TRACE_MMIO_NISV], 0);
	manager_free(manager);
	manager = replay_trace_file(TRACES "ftrace-6.12.txt");
	assert_guests(manager, (const uint32_t[]){154, 160, 172, 184, 190, 196, 202});
	/* The vGIC served it. */
	assert_int_equal(vm_of_pid(manager, 214)->totals.mmio_reads, 1);
	assert_int_equal(vm_of_pid(manager, 214)->totals.mmio_user, 0);
	manager_free(manager);
}

/* Without processes each thread is a VM; a fetch that never ends is none of memory. */
static void test_threads(void **state)
{
	struct manager *manager = replay_trace_file(TRACES "ftrace-6.12-threads.txt");
	const struct vm *vm = vm_of_pid(manager, 151);

	(void)state;
	assert_false(manager->trace->has_tgid);
	assert_int_equal(manager->vms.n, 3);
	assert_int_equal(vm->faults->n_sites, 2);
	assert_int_equal(vm->faults->sites[0].ipa, 0x200);
	assert_true(vm->faults->sites[0].count > TRACE_REPEATS);
	assert_int_equal(vm->faults->sites[1].ipa, 0xb0000540);
	assert_int_equal(vm->faults->sites[1].kind, NISV_KIND_EXEC);
	assert_int_equal(vm->faults->sites[1].outcome, NISV_OUTCOME_UNKNOWN);
	manager_free(manager);
}

static void test_x86(void **state)
{
	struct manager *manager = replay_trace_file(TRACES "ftrace-6.1-x86.txt");
	const struct vm *vm;

	(void)state;
	assert_string_equal(manager->host.arch, "x86_64");
	vm = vm_of_pid(manager, 100);
	assert_int_equal(vm->totals.mmio_writes, 3);
	assert_int_equal(vm->totals.mmio_user, 3);
	assert_int_equal(vm->faults->n_places, 3);
	vm = vm_of_pid(manager, 105);
	assert_int_equal(vm->totals.mmio_reads, 3);
	assert_int_equal(vm->totals.mmio_user, 3);
	vm = vm_of_pid(manager, 110);
	assert_string_equal(vm->name.vmm, "qemu");
	assert_site(vm, NISV_KIND_EMULATION, NISV_OUTCOME_VMM_DECIDES, 0, 0xd0000000);
	assert_int_equal(only_site(vm)->pc, 0x8000);
	assert_site(vm_of_pid(manager, 120), NISV_KIND_EMULATION, NISV_OUTCOME_VMM_DECIDES, 0,
		    0xd0000000);
	/* An ioeventfd. */
	vm = vm_of_pid(manager, 130);
	assert_int_equal(vm->totals.mmio_writes, 3);
	assert_int_equal(vm->totals.mmio_user, 0);
	manager_free(manager);
}

/* Each has the same two VMs first: ldp with ENOSYS, then with KVM_EXIT_ARM_NISV. */
static void test_other_tools(void **state)
{
	static const struct tool {
		const char *file, *name;
		uint32_t first, second;
		uint64_t bad_lines;
	} tools[] = {
		{"trace-cmd.txt", "qemu-system-aar", 150, 152, 0},
		{"trace-cmd-latency.txt", "qemu-sys", 150, 152, 0},
		{"trace-cmd-delta.txt", "qemu-system-aar", 150, 152, 0},
		{"perf-script.txt", "qemu-system-aar", 149, 151, 0},
		{"perf-script-pid.txt", "qemu-system-aar", 158, 160, 0},
		{"perf-trace.txt", "vm", 168, 170, 1},
	};
	char path[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		struct manager *manager;
		const struct vm *vm;

		snprintf(path, sizeof(path), TRACES "%s", tools[i].file);
		manager = replay_trace_file(path);
		vm = vm_of_pid(manager, tools[i].first);
		assert_string_equal(vm->name.name, tools[i].name);
		assert_site(vm, NISV_KIND_NISV, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0xb0000540);
		assert_int_equal(only_site(vm)->pc, 0x40080000);
		assert_true(vm->last_abort_ns > 0 && vm->last_abort_ns < 10000000000);
		assert_site(vm_of_pid(manager, tools[i].second), NISV_KIND_NISV,
			    NISV_OUTCOME_VMM_DECIDES, 0, 0xb0000540);
		assert_int_equal(manager->trace->bad_lines, tools[i].bad_lines);
		if (tools[i].bad_lines)
			assert_contains(scratch.log, "1 of 24 lines were not understood");
		manager_free(manager);
	}
}

/* perf script without --guestkallsyms has the exits alone. */
static void test_exits_alone(void **state)
{
	struct manager *manager = replay_trace_file(TRACES "perf-script-bare.txt");
	const struct vm *vm = vm_of_pid(manager, 150);

	(void)state;
	assert_int_equal(vm->totals.faults[NISV_KIND_NISV], 1);
	assert_int_equal(vm->totals.unplaced_faults, 1);
	assert_int_equal(vm->faults->n_sites, 0);
	manager_free(manager);
}

static void test_bpftrace(void **state)
{
	struct manager *manager = replay_trace_file(TRACES "bpftrace.txt");
	const struct vm *vm = vm_of_pid(manager, 4712);

	(void)state;
	assert_site(vm, NISV_KIND_NISV, NISV_OUTCOME_UNKNOWN, 0, 0x9000fe0);
	assert_string_equal(vm->name.vmm, "qemu"); /* by the name of the vCPU's thread */
	assert_int_equal(vm->last_abort_ns, 0);
	manager_free(manager);
}

static const char *source_state(struct json_object *sources, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(sources); i++) {
		struct json_object *source = json_object_array_get_idx(sources, i), *value;

		json_object_object_get_ex(source, "name", &value);
		if (strcmp(json_object_get_string(value), name) != 0)
			continue;
		json_object_object_get_ex(source, "state", &value);
		return json_object_get_string(value);
	}
	return "none";
}

static void test_what_is_missing_is_told(void **state)
{
	struct manager *manager = replay_trace_file(TRACES "ftrace-6.1.txt");
	struct json_object *sources = sources_to_json(manager), *vm, *value;

	(void)state;
	assert_string_equal(source_state(sources, "kvm_guest_fault"), "in-trace");
	assert_string_equal(source_state(sources, "kvm_mmio_nisv"), "not-in-trace");
	assert_string_equal(source_state(sources, "memory map"), "not-in-trace");
	assert_string_equal(source_state(sources, "kvm_emulate_insn"), "none");
	json_object_put(sources);
	vm = model_vm(manager->vms.list[0]);
	json_object_object_get_ex(vm, "origin", &value);
	assert_string_equal(json_object_get_string(value), "trace");
	json_object_object_get_ex(vm, "state", &value);
	assert_string_equal(json_object_get_string(value), "traced");
	json_object_object_get_ex(vm, "since", &value);
	assert_string_equal(json_object_get_string(value), "2.174193");
	json_object_put(vm);
	/* Of every event, not only of those that tell about faults. */
	assert_int_equal(manager->started_ns, 2160577000);
	assert_int_equal(wallclock_now_ns(), manager->trace->to_ns);
	manager_free(manager);
}

/* It is a trace as before, times and all; the same file makes the same keys. */
static void test_the_dossier_of_a_trace(void **state)
{
	struct manager *manager = replay_trace_file(TRACES "ftrace-6.12.txt"), *again;

	(void)state;
	assert_comes_back(manager, vm_of_pid(manager, 154));
	again = replay_trace_file(TRACES "ftrace-6.12.txt");
	assert_string_equal(again->vms.list[0]->key, manager->vms.list[0]->key);
	assert_string_not_equal(again->vms.list[0]->key, again->vms.list[1]->key);
	manager_free(again);
	manager_free(manager);
}

static void test_tools_own_files(void **state)
{
	static const char dat[] = "\x17\x08\x44tracing6\0\0", data[] = "PERFILE2\0\0";

	(void)state;
	refuse(scratch_write(&scratch, "trace.dat", dat, sizeof(dat)), "trace-cmd report");
	refuse(scratch_write(&scratch, "perf.data", data, sizeof(data)), "perf script");
	refuse(scratch_text(&scratch, "sched", "a-1 [000] ..... 1.0: sched_switch: prev_comm=a\n"),
	       "no trace");
	refuse(scratch_text(&scratch, "dmesg",
			    "kvm [106]: Data abort outside memslots with no valid syndrome info\n"),
	       "no trace");
}

#define PIDS 100000

static void test_a_hundred_thousand_processes(void **state)
{
	const char *path = scratch_path(&scratch, "pids");
	FILE *file = fopen(path, "we");
	struct manager *manager;

	(void)state;
	assert_non_null(file);
	for (int i = 1; i <= PIDS; i++)
		fprintf(file,
			"vm-%d (%d) [000] . 1.0: kvm_guest_fault: ipa 0x1000, hsr 0x92000005, "
			"hxfar "
			"0x1540, pc 0x40\nvm-%d (%d) [000] . 1.1: kvm_userspace_exit: reason error "
			"(38)\n",
			i, i, i, i);
	fclose(file);
	manager = replay_trace_file(path);
	assert_int_equal(manager->vms.n, VMS_MAX);
	assert_int_equal(manager->trace->crowded_events, 2 * (PIDS - VMS_MAX));
	assert_int_equal(vm_of_pid(manager, VMS_MAX)->totals.faults[NISV_KIND_NISV], 1);
	manager_free(manager);
}

/* A guest can make as many places as it likes. */
static void test_more_places_than_room(void **state)
{
	const char *path = scratch_path(&scratch, "places");
	const int places = FAULTMAP_SITES_MAX + 1000;
	FILE *file = fopen(path, "we");
	struct manager *manager;
	struct vm *vm;

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < places; i++)
		fprintf(file,
			"vm-1 (1) [000] . 1.0: kvm_mmio_nisv: ipa 0x%x000, esr 0x92000005, far 0, "
			"pc "
			"0x40\nvm-1 (1) [000] . 1.1: kvm_userspace_exit: reason KVM_EXIT_ARM_NISV "
			"(28)\nvm-1 (1) [000] . 1.2: kvm_mmio: mmio write len 4 gpa 0x%x000 val "
			"0x0\n",
			i + 1, i + 1);
	fclose(file);
	manager = replay_trace_file(path);
	vm = manager->vms.list[0];
	assert_int_equal(vm->totals.faults[NISV_KIND_NISV], places);
	assert_int_equal(vm->faults->n_sites, FAULTMAP_SITES_MAX);
	assert_int_equal(vm->totals.unplaced_faults, 1000);
	assert_int_equal(vm->totals.mmio_writes, places);
	assert_int_equal(vm->totals.unplaced_mmio, places - FAULTMAP_PLACES_MAX);
	manager_free(manager);
}

static void test_what_no_tool_writes(void **state)
{
	static const char good[] =
		"vm-1 (1) [000] . 1.0: kvm_mmio: mmio write len 4 gpa 0x9000000 val 0x0\n";
	const size_t big = 10 << 20;
	char *text = malloc(big + 3 * sizeof(good));
	uint64_t random = 1;
	struct manager *manager;

	(void)state;
	assert_non_null(text);
	/* One line of 10 MiB, then noise, then NULs; the good lines between are found. */
	memset(text, 'x', big);
	text[big / 2] = '\n';
	for (size_t i = big / 2 + 1; i < big * 3 / 4; i++)
		text[i] = (char)unit_random(&random);
	text[big * 3 / 4] = '\n';
	memset(text + big * 3 / 4 + 1, '\0', big / 4 - 2);
	text[big - 1] = '\n';
	memcpy(text + big, good, sizeof(good) - 1);
	manager = replay_trace_file(scratch_write(&scratch, "noise", text, big + sizeof(good) - 1));
	assert_int_equal(manager->vms.n, 1);
	assert_int_equal(manager->vms.list[0]->totals.mmio_writes, 1);
	assert_true(manager->trace->bad_lines > 1000);
	manager_free(manager);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ftrace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_x86, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_tools, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exits_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bpftrace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_missing_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_dossier_of_a_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tools_own_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_hundred_thousand_processes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_more_places_than_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_no_tool_writes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
