/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Nothing that calls itself a dossier may do harm: whatever is in it, it is read as far as it goes,
 * or refused with a reason.
 */

#include "tests/cli/replay_case.h"

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
