/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A saved dossier must explain the same as the daemon that wrote it, and nothing that calls itself
 * a dossier may do harm: whatever is in it, it is read as far as it goes, or refused with a reason.
 */

#include "tests/cli/sample.h"

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	wallclock_go_offline();
	scratch_open(&scratch);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

/* A manager that read @path; NULL if it refused. What was logged is in the scratch. */
static struct manager *replay(const char *path)
{
	struct manager *manager = sample_manager();
	int r;

	/* Not what this host has, but what the file says. */
	manager->injection_seen = true;
	scratch_listen(&scratch);
	r = replay_file(manager, path);
	scratch_logged(&scratch);
	if (r < 0)
		return manager_free(manager);
	for (size_t i = 0; i < manager->vms.n; i++)
		assert_int_equal(
			vm_diagnose(manager->vms.list[i], manager->arch, manager->injection_seen),
			0);
	return manager;
}

static void refuse(const char *path, const char *why)
{
	assert_null(replay(path));
	assert_contains(scratch.log, path);
	assert_contains(scratch.log, why);
}

/* All that is known about a VM as text, one line for each event but its fault map's time. */
struct lines {
	char *text;
	size_t len, size;
};

static int add_line(struct json_object *event, void *userdata)
{
	struct lines *lines = userdata;
	const char *text;
	size_t len;

	json_object_object_add(event, "time", NULL);
	text = json_object_to_json_string_length(event, JSON_C_TO_STRING_PLAIN, &len);
	if (lines->len + len + 2 > lines->size) {
		lines->size = 2 * (lines->size + len + 2);
		lines->text = realloc(lines->text, lines->size);
		assert_non_null(lines->text);
	}
	memcpy(lines->text + lines->len, text, len);
	lines->len += len;
	lines->text[lines->len++] = '\n';
	lines->text[lines->len] = '\0';
	json_object_put(event);
	return 0;
}

static char *everything(const struct manager *manager, const struct vm *vm)
{
	struct lines lines = {};

	assert_int_equal(event_everything(vm, manager->arch, add_line, &lines), 0);
	return lines.text;
}

static const char *save(const struct manager *manager, const struct vm *vm)
{
	static char path[256];

	assert_int_equal(sample_save(manager, vm, scratch.dir), 0);
	return dossier_path(scratch.dir, vm, path, sizeof(path));
}

/* It is no part of a dossier: the same command line and layout must make the same one again. */
static void assert_same_machine(const struct machine *a, const struct machine *b)
{
	assert_int_equal(!a, !b);
	if (!a)
		return;
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->n_regions, b->n_regions);
	for (size_t i = 0; i < a->n_regions; i++) {
		assert_string_equal(a->regions[i].name, b->regions[i].name);
		assert_int_equal(a->regions[i].base, b->regions[i].base);
		assert_int_equal(a->regions[i].size, b->regions[i].size);
	}
}

static void assert_comes_back(struct manager *manager, struct vm *vm)
{
	struct manager *again;
	char *before, *after;

	vm_choose_machine(vm, manager->machines.list, manager->machines.n, manager->arch);
	assert_int_equal(vm_diagnose(vm, manager->arch, manager->injection_seen), 0);
	before = everything(manager, vm);
	again = replay(save(manager, vm));
	assert_non_null(again);
	assert_string_equal(scratch.log, "");
	assert_int_equal(again->vms.n, 1);
	assert_string_equal(again->arch, manager->arch);
	assert_string_equal(again->kernel, manager->kernel);
	assert_string_equal(again->vms.list[0]->choice.reason, vm->choice.reason);
	assert_same_machine(again->vms.list[0]->machine, vm->machine);
	after = everything(again, again->vms.list[0]);
	assert_string_equal(after, before);
	free(before);
	free(after);
	manager_free(again);
}

static void test_the_same_findings(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	assert_comes_back(manager, vm);
	/* Its end is evidence, too. */
	vms_end(&manager->vms, vm, VM_END_PROCESS_GONE, SAMPLE_TIME_NS + 60000000000ULL);
	assert_comes_back(manager, vm);
	manager_free(manager);
}

static void test_the_same_without_hooks(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);

	(void)state;
	manager->injection_seen = false;
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

static void test_x86(void **state)
{
	static const uint8_t pxor[] = {0x66, 0x0f, 0xef, 0x07};
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct nisv_rec_fault fault = sample_fault(5, NISV_KIND_EMULATION, 0xd0000000, 0);

	(void)state;
	faultmap_free(vm->faults);
	vm->faults = faultmap_new();
	manager->arch = "x86_64";
	manager->injection_seen = false;
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

/* ---- broken and hostile files ---- */

static void test_what_is_no_dossier(void **state)
{
	(void)state;
	refuse(scratch_path(&scratch, "absent"), "No such file");
	refuse(scratch.dir, "Is a directory");
	refuse(scratch_text(&scratch, "empty", ""), "empty");
	refuse(scratch_text(&scratch, "line", "\n"), "no dossier");
	refuse(scratch_text(&scratch, "text", "hello\n"), "no dossier");
	refuse(scratch_text(&scratch, "array", "[1]\n"), "no dossier");
	refuse(scratch_text(&scratch, "json", "{\"a\":1}\n"), "no dossier");
	refuse(scratch_text(&scratch, "type", "{\"nisv_dossier\":\"1\"}\n"), "no dossier");
	refuse(scratch_text(&scratch, "later", "{\"nisv_dossier\":2}\n"), "schema 2");
	refuse(scratch_text(&scratch, "half", "{\"nisv_dossier\":1"), "no dossier");
	refuse("/dev/null", "empty");
}

static void test_cut_anywhere(void **state)
{
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager);
	size_t len, events = 0;
	char *text;

	(void)state;
	text = sample_read(save(manager, vm), &len);
	/* After each line, in the middle of each, and a byte before its end. */
	for (size_t at = 0; at < len;) {
		size_t line = strcspn(text + at, "\n");
		const size_t ends[] = {at + line + 1, at + line, at + line / 2, at + line - 1};

		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			again = replay(scratch_write(&scratch, "cut", text, ends[i]));
			if (at == 0 && i >= 2) {
				assert_null(again);
				continue;
			}
			assert_non_null(again);
			assert_int_equal(again->vms.n, events + (i < 2) > 1);
			if (i >= 2)
				assert_contains(scratch.log, "1 lines could not be read");
			manager_free(again);
		}
		at += line + 1;
		events++;
	}
	assert_true(events > 10);
	free(text);
	manager_free(manager);
}

static void test_bytes_changed(void **state)
{
	static const char bytes[] = "\0\"{}[],:\\\xff-9e0xtn ";
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager);
	uint64_t seed = 5;
	size_t len;
	char *text, *broken;

	(void)state;
	text = sample_read(save(manager, vm), &len);
	broken = malloc(len);
	assert_non_null(broken);
	for (size_t round = 0; round < 1500; round++) {
		memcpy(broken, text, len);
		for (size_t i = 0; i < 1 + round % 40; i++)
			broken[unit_random(&seed) % len] =
				round % 2 ? (char)unit_random(&seed)
					  : bytes[unit_random(&seed) % (sizeof(bytes) - 1)];
		again = replay(scratch_write(&scratch, "broken", broken, len));
		for (size_t i = 0; again && i < again->vms.n; i++)
			free(everything(again, again->vms.list[i]));
		manager_free(again);
	}
	free(text);
	free(broken);
	manager_free(manager);
}

static void test_random_bytes(void **state)
{
	static uint8_t bytes[65536];
	uint64_t seed = 6;

	(void)state;
	for (size_t round = 0; round < 50; round++) {
		int at = snprintf((char *)bytes, sizeof(bytes), "{\"nisv_dossier\":1}\n");

		for (size_t i = (size_t)at; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)unit_random(&seed);
		manager_free(replay(scratch_write(&scratch, "random", bytes, sizeof(bytes))));
		assert_contains(scratch.log, "lines could not be read");
	}
}

/* One event line behind a header and a VM. @member: its name and value. */
static struct manager *replay_event(const char *type, const char *member)
{
	static char text[300000];

	snprintf(text, sizeof(text),
		 "{\"nisv_dossier\":1,\"arch\":\"arm64\"}\n"
		 "{\"event\":\"vm\",\"vm_key\":\"" SAMPLE_KEY "\",\"vm\":{\"id\":\"1-2\"}}\n"
		 "{\"event\":\"%s\",\"vm_key\":\"" SAMPLE_KEY "\",%s}\n",
		 type, member);
	return replay(scratch_text(&scratch, "event", text));
}

static void test_wrong_types_and_numbers(void **state)
{
	static const struct {
		const char *type, *member;
		bool is_bad;
	} cases[] = {
		{"vm", "\"vm\":null", true},
		{"vm", "\"vm\":[]", true},
		{"vm",
		 "\"vm\":{\"id\":[],\"pid\":\"x\",\"cmdline\":{\"a\":1},\"aborts\":[],\"mmio\":7}",
		 false},
		{"vm", "\"vm\":{\"cmdline\":[1,null,[],{},\"-name\",\"x\"],\"cgroup\":7}", false},
		{"vm", "\"vm\":{\"aborts\":{\"nisv\":-1,\"exec\":99999999999999999999999}}", false},
		{"vm",
		 "\"vm\":{\"ended\":\"9999-12-31T23:59:59.999999Z\",\"end_reason\":\"not-found\"}",
		 false},
		{"vm", "\"vm\":{\"since\":\"0000-01-01T00:00:00.000000Z\"}", false},
		{"vm", "\"vm\":{\"since\":\"2026-99-99T99:99:99.000000Z\",\"lost_records\":-5}",
		 false},
		{"end", "\"vm\":{\"end_reason\":\"bored\"}", false},
		{"layout", "\"layout\":7", true},
		{"layout", "\"layout\":{\"slots\":{},\"bus\":7,\"vgic_redistributors\":\"x\"}",
		 false},
		{"layout", "\"layout\":{\"slots\":[7,null,[]],\"bus\":[null],\"ipa_bits\":-1}",
		 false},
		{"layout",
		 "\"layout\":{\"slots\":[{\"gpa\":\"0xffffffffffffffff\",\"size_bytes\":"
		 "9223372036854775807,\"slot_id\":99999,\"address_space\":-1,\"flags\":[7,null]}],"
		 "\"ipa_bits\":4294967297,\"vcpus\":9223372036854775807,\"vgic\":\"v3\","
		 "\"vgic_distributor\":\"zzz\",\"vgic_redistributors\":[{\"base\":"
		 "\"0xffffffffffffffff\",\"count\":4294967295}]}",
		 false},
		{"layout",
		 "\"layout\":{\"slots\":[{\"gpa\":\"0x0\",\"size_bytes\":1,\"backing\":7},{"
		 "\"gpa\":\"0x1\",\"size_bytes\":1,\"backing\":{\"kind\":\"gold\"}},{\"gpa\":"
		 "\"0x2\",\"size_bytes\":1,\"backing\":{\"kind\":\"memfd\",\"permissions\":7,"
		 "\"covered_bytes\":-1,\"page_bytes\":-1,\"path\":[]}}],\"backing_reason\":7}",
		 false},
		{"layout", "\"layout\":{\"changes\":7,\"total_changes\":-1}", false},
		{"layout",
		 "\"layout\":{\"changes\":[7,null,{},{\"change\":\"eaten\"},{\"change\":"
		 "\"moved\",\"slot\":[],\"since\":7,\"until\":\"never\",\"gpa_before\":{}}]}",
		 false},
		{"guest", "\"guest\":7", true},
		{"guest", "\"guest\":{}", true},
		{"guest", "\"guest\":{\"state\":\"asleep\"}", true},
		{"guest",
		 "\"guest\":{\"state\":\"found\",\"source\":7,\"cpus\":-1,\"gic\":\"v9\","
		 "\"ranges\":{},\"dropped_ranges\":-1}",
		 false},
		{"guest",
		 "\"guest\":{\"state\":\"found\",\"ranges\":[7,null,[],{\"kind\":\"gold\","
		 "\"size_bytes\":1},{\"kind\":\"memory\",\"ipa\":\"0xffffffffffffffff\","
		 "\"size_bytes\":2},{\"kind\":\"memory\",\"size_bytes\":0},{\"kind\":"
		 "\"device\",\"ipa\":\"0x9\",\"size_bytes\":9223372036854775807,\"name\":7}]}",
		 false},
		{"fault", "\"fault\":{}", true},
		{"fault", "\"fault\":{\"kind\":\"nisv\"}", false},
		{"fault", "\"fault\":{\"kind\":\"exec\",\"ipa\":\"-1\",\"count\":-1,\"order\":-1}",
		 false},
		{"fault", "\"fault\":{\"kind\":\"walk\",\"time\":\"9999-12-31T23:59:59.000000Z\"}",
		 false},
		{"sites", "\"sites\":7", false},
		{"sites",
		 "\"sites\":[7,null,[],{\"kind\":7},{\"kind\":\"nisv\",\"errno\":-2147483648}]",
		 false},
		{"sites",
		 "\"sites\":[{\"kind\":\"mmio-read\",\"ipa\":\"0xffffffffffffffff\",\"count\":1,"
		 "\"user\":9223372036854775807}]",
		 false},
		{"finding", "\"finding\":{\"cause\":\"null-pointer-low-ipa\"}", false},
		{"of-a-later-version", "\"x\":1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct manager *again = replay_event(cases[i].type, cases[i].member);

		assert_non_null(again);
		assert_int_equal(again->vms.n, 1);
		if (cases[i].is_bad)
			assert_contains(scratch.log, "1 lines could not be read");
		else if (*scratch.log)
			fail_msg("%s: %s", cases[i].member, scratch.log);
		free(everything(again, again->vms.list[0]));
		manager_free(again);
	}
}

enum long_list {
	LONG_SLOTS,
	LONG_CHANGES,
	LONG_RANGES,
	_LONG_MAX
};

static size_t long_entry(enum long_list list, size_t k, char *buf, size_t size)
{
	switch (list) {
	case LONG_SLOTS:
		return (size_t)snprintf(buf, size,
					"%s{\"gpa\":\"0x%zx000\",\"size_bytes\":4096,\"backing\":{"
					"\"kind\":\"memfd\"}}",
					k ? "," : "", k);
	case LONG_CHANGES:
		return (size_t)snprintf(buf, size, "%s{\"change\":\"created\"}", k ? "," : "");
	default:
		return (size_t)snprintf(
			buf, size,
			"%s{\"kind\":\"memory\",\"ipa\":\"0x%zx000\",\"size_bytes\":4096}",
			k ? "," : "", k);
	}
}

/* Longer than any nisvd writes. */
static void test_long_lists(void **state)
{
	static const char *const begin[_LONG_MAX] = {"\"layout\":{\"slots\":[",
						     "\"layout\":{\"changes\":[",
						     "\"guest\":{\"state\":\"found\",\"ranges\":["};
	static const size_t max[_LONG_MAX] = {NISV_SLOTS_MAX, SLOT_HISTORY_MAX, GUEST_RANGES_MAX};
	static char text[262144];

	(void)state;
	for (enum long_list list = 0; list < _LONG_MAX; list++) {
		size_t n = (size_t)snprintf(text, sizeof(text), "%s", begin[list]);
		struct manager *again;
		struct vm *vm;

		for (size_t k = 0; k < max[list] + 50; k++)
			n += long_entry(list, k, text + n, sizeof(text) - n);
		snprintf(text + n, sizeof(text) - n, "]}");
		again = replay_event(list == LONG_RANGES ? "guest" : "layout", text);
		assert_non_null(again);
		assert_string_equal(scratch.log, "");
		vm = again->vms.list[0];
		assert_int_equal(vm->layout.n_slots, list == LONG_SLOTS ? max[list] : 0);
		assert_int_equal(vm->backings.n, vm->layout.n_slots);
		assert_int_equal(vm->slots.n, list == LONG_CHANGES ? max[list] : 0);
		assert_int_equal(vm->guest.n_ranges, list == LONG_RANGES ? max[list] : 0);
		assert_int_equal(vm->guest.dropped, list == LONG_RANGES ? 50 : 0);
		manager_free(again);
	}
}

static void test_bad_keys(void **state)
{
	static const char *const keys[] = {
		"\"\"",
		"7",
		"null",
		"\"../../../../../../../../../../etc/passwd\"",
		"\"0011223344556677 899aabbccddeeff\"",
		"\"00112233445566778899AABBCCDDEEFF\"",
		"\"00112233445566778899aabbccddeeff0\"",
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct manager *again;

		/* A key names a file: nothing but what nisvd itself makes. */
		snprintf(text, sizeof(text),
			 "{\"nisv_dossier\":1}\n{\"event\":\"vm\",\"vm_key\":%s,\"vm\":{}}\n",
			 keys[i]);
		again = replay(scratch_text(&scratch, "key", text));
		assert_non_null(again);
		assert_int_equal(again->vms.n, 0);
		assert_contains(scratch.log, "1 lines");
		manager_free(again);
	}
}

static void test_text_that_reaches_a_terminal(void **state)
{
	static const char vm[] =
		"\"vm\":{\"id\":\"\\u001b[2J\",\"cgroup\":\"/\\u001b\\n\",\"name_source\":\"comm\","
		"\"name\":\"\\u0007bell\",\"cmdline\":[\"x\\u001b\",\"\\u202e\"]}";
	struct manager *again = replay_event("vm", vm);
	char *text;

	(void)state;
	assert_non_null(again);
	text = everything(again, again->vms.list[0]);
	/* JSON escapes control characters itself: none may be left for it to escape. */
	assert_null(strstr(text, "\\u00"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_contains(text, "\\\\x1b");
	free(text);
	manager_free(again);
}

static void test_deep_nesting(void **state)
{
	enum {
		DEPTH = 100000
	};
	static char text[2 * DEPTH + 256];
	struct manager *again;
	int at = snprintf(text, sizeof(text), "{\"nisv_dossier\":1}\n{\"event\":\"vm\",\"vm\":");

	(void)state;
	memset(text + at, '[', DEPTH);
	memset(text + at + DEPTH, ']', DEPTH);
	snprintf(text + at + 2 * DEPTH, sizeof(text) - (size_t)at - 2 * DEPTH, "}\n");
	again = replay(scratch_text(&scratch, "deep", text));
	assert_non_null(again);
	assert_contains(scratch.log, "1 lines");
	manager_free(again);
	memcpy(text, "{\"nisv_dossier\":", 16);
	memset(text + 16, '[', DEPTH);
	refuse(scratch_write(&scratch, "header", text, DEPTH), "no dossier");
}

static void test_long_lines(void **state)
{
	enum {
		LONG = 10 * 1024 * 1024
	};
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager);
	size_t len, header;
	char *text, *file;

	(void)state;
	text = sample_read(save(manager, vm), &len);
	header = strcspn(text, "\n") + 1;
	file = malloc(LONG + len + 1);
	assert_non_null(file);
	memcpy(file, text, header);
	memset(file + header, 'x', LONG);
	file[header + LONG - 1] = '\n';
	memcpy(file + header + LONG, text + header, len - header + 1);
	/* What is behind such a line is still read. */
	again = replay(scratch_write(&scratch, "long", file, LONG + len));
	assert_non_null(again);
	assert_contains(scratch.log, "1 lines");
	assert_int_equal(again->vms.n, 1);
	assert_int_equal(again->vms.list[0]->findings.n, vm->findings.n);
	manager_free(again);
	memset(file, 'x', LONG);
	refuse(scratch_write(&scratch, "endless", file, LONG), "no dossier");
	free(text);
	free(file);
	manager_free(manager);
}

static void test_as_many_vms_as_there_may_be(void **state)
{
	FILE *file = fopen(scratch_path(&scratch, "many"), "we");
	struct manager *again;

	(void)state;
	assert_non_null(file);
	fputs("{\"nisv_dossier\":1}\n", file);
	for (unsigned int i = 0; i < VMS_MAX + 100; i++)
		fprintf(file, "{\"event\":\"vm\",\"vm_key\":\"%032x\",\"vm\":{\"id\":\"1-2\"}}\n",
			i);
	fclose(file);
	again = replay(scratch_path(&scratch, "many"));
	assert_non_null(again);
	assert_int_equal(again->vms.n, VMS_MAX);
	assert_contains(scratch.log, "100 lines");
	manager_free(again);
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
		cmocka_unit_test_setup_teardown(test_x86, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_several_vms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_no_dossier, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bytes_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_types_and_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text_that_reaches_a_terminal, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_deep_nesting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_as_many_vms_as_there_may_be, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
