/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The fault records in a dossier: every member comes back, and what is no record does no harm. */

#include "daemon/edge/fault_json.h"
#include "tests/cli/sample.h"

static int set_up(void **state)
{
	(void)state;
	wallclock_go_offline();
	return 0;
}

static struct nisv_slot random_slot(uint64_t *seed)
{
	struct nisv_slot slot = {.id = -1};

	if (unit_random(seed) % 4 == 0)
		return slot;
	slot.gpa = (uint64_t)unit_random(seed) << 32 | unit_random(seed);
	slot.size = (uint64_t)unit_random(seed) << 32 | unit_random(seed);
	slot.hva = (uint64_t)unit_random(seed) << 32 | unit_random(seed);
	slot.flags = unit_random(seed);
	slot.id = (__s16)(unit_random(seed) & 0x7fff);
	slot.as_id = (__u16)unit_random(seed);
	return slot;
}

static uint64_t random64(uint64_t *seed)
{
	return (uint64_t)unit_random(seed) << 32 | unit_random(seed);
}

/* The surroundings of a fault, in every shape that BPF gives them. */
static void random_context(struct nisv_rec_fault *fault, uint64_t *seed)
{
	fault->code_mode = unit_random(seed) % _NISV_CODE_MAX;
	fault->walk = (struct nisv_walk){.state = unit_random(seed) % _NISV_WALK_MAX};
	if (fault->walk.state != NISV_WALK_NONE) {
		fault->walk.va = random64(seed);
		fault->walk.agrees = unit_random(seed) % 2;
		fault->walk.n_steps = unit_random(seed) % (NISV_WALK_STEPS + 1);
	}
	if (fault->walk.state == NISV_WALK_DONE || fault->walk.state == NISV_WALK_NO_SLOT)
		fault->walk.out = random64(seed);
	for (uint32_t i = 0; i < fault->walk.n_steps; i++)
		fault->walk.step[i] = (struct nisv_walk_step){random64(seed), random64(seed),
							      (int)(unit_random(seed) % 5) - 1, 0};
	fault->backtrace = (struct nisv_backtrace){.end = unit_random(seed) % _NISV_BACKTRACE_MAX};
	if (fault->backtrace.end != NISV_BACKTRACE_NONE) {
		fault->backtrace.read_state = unit_random(seed) % _NISV_WALK_MAX;
		fault->backtrace.stopped_at = random64(seed);
		fault->backtrace.n = unit_random(seed) % (NISV_FRAMES_MAX + 1);
	}
	for (uint32_t i = 0; i < fault->backtrace.n; i++)
		fault->backtrace.frame[i] = random64(seed);
	fault->vma = (struct nisv_vma){.state = unit_random(seed) % _NISV_VMA_MAX};
	if (fault->vma.state != NISV_VMA_NOT_ASKED)
		fault->vma.hva = random64(seed);
	if (fault->vma.state != NISV_VMA_FOUND)
		return;
	fault->vma.start = random64(seed);
	fault->vma.end = random64(seed);
	fault->vma.flags = unit_random(seed) & NISV_VMA_FLAGS;
	if (!(fault->vma.flags & NISV_VMA_FILE))
		return;
	fault->vma.ino = random64(seed);
	fault->vma.file_offset = random64(seed);
	if (fault->vma.flags & NISV_VMA_REGULAR)
		fault->vma.file_size = random64(seed);
}

/* Random bits in every member, within what a record can hold. */
static struct nisv_rec_fault random_fault(uint64_t *seed)
{
	struct nisv_rec_fault fault;

	for (size_t i = 0; i < sizeof(fault); i++)
		((uint8_t *)&fault)[i] = (uint8_t)unit_random(seed);
	fault.hdr.type = NISV_REC_FAULT;
	fault.hdr.size = sizeof(fault);
	fault.hdr.vm = (struct nisv_vm_key){};
	fault.hdr.tgid = 0;
	fault.hdr.time_ns = unit_random(seed) * 1000000000ULL + unit_random(seed) % 1000000 * 1000;
	fault.kind = unit_random(seed) % _NISV_KIND_MAX;
	fault.outcome = unit_random(seed) % _NISV_OUTCOME_MAX;
	fault.slot = random_slot(seed);
	fault.below = random_slot(seed);
	fault.above = random_slot(seed);
	fault.insn_len = unit_random(seed) % (NISV_INSN_MAX + 1);
	memset(fault.insn + fault.insn_len, 0, NISV_INSN_MAX - fault.insn_len);
	fault.is_beyond_host = unit_random(seed) % 2;
	fault.reserved = 0;
	fault.code_len = unit_random(seed) % 2 ? NISV_CODE_BYTES : 0;
	if (!fault.code_len)
		memset(fault.code, 0, sizeof(fault.code));
	random_context(&fault, seed);
	memset(fault.comm, 0, sizeof(fault.comm));
	for (size_t i = 0; i < unit_random(seed) % NISV_COMM_LEN; i++)
		fault.comm[i] = (char)(' ' + unit_random(seed) % ('~' - ' '));
	return fault;
}

static void test_every_member_comes_back(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (size_t round = 0; round < 2000; round++) {
		const struct nisv_rec_fault fault = random_fault(&seed);
		struct json_object *object = fault_to_json(&fault, round % 2 ? "arm64" : "x86_64");
		/* Through text, as a dossier does. */
		struct json_object *again = json_tokener_parse(
			json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
		struct nisv_rec_fault back;

		assert_int_equal(fault_from_json(again, &back), 0);
		assert_memory_equal(&back, &fault, sizeof(fault));
		json_object_put(object);
		json_object_put(again);
	}
}

/* Dossiers of versions that knew nothing of a fault's surroundings. */
static void test_without_surroundings(void **state)
{
	static const char *const names[] = {"code_mode", "walk", "backtrace", "mapping"};
	struct nisv_rec_fault fault, back;
	struct json_object *object;
	uint64_t seed = 4;

	(void)state;
	fault = random_fault(&seed);
	object = fault_to_json(&fault, "arm64");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(json_object_object_get_ex(object, names[i], NULL));
		json_object_object_del(object, names[i]);
	}
	assert_int_equal(fault_from_json(object, &back), 0);
	fault.code_mode = NISV_CODE_UNKNOWN;
	fault.walk = (struct nisv_walk){};
	fault.backtrace = (struct nisv_backtrace){};
	fault.vma = (struct nisv_vma){};
	assert_memory_equal(&back, &fault, sizeof(fault));
	json_object_put(object);
}

/* More than a record holds, and what it cannot mean. */
static void test_hostile_surroundings(void **state)
{
	static const char *const texts[] = {
		"{\"kind\":\"walk\",\"walk\":{\"state\":\"done\",\"steps\":[7,{},{},{},{},{},{}]},"
		"\"backtrace\":{\"end\":\"full\",\"frames\":[1,[],{},\"0x4\",5,6,7,8,9,10,11,12,13,"
		"14,15,16,17,18]},\"mapping\":{\"state\":\"found\",\"flags\":[{},7,\"x\",\"io\"]}}",
		"{\"kind\":\"walk\",\"walk\":[],\"backtrace\":7,\"mapping\":\"found\",\"code_"
		"mode\":3}",
		"{\"kind\":\"walk\",\"walk\":{\"state\":\"unknown\",\"steps\":{}},"
		"\"backtrace\":{\"end\":\"unknown\",\"frames\":[\"0x1\"]},"
		"\"mapping\":{\"state\":\"no\",\"address\":\"0x1\"},\"code_mode\":\"unknown\"}",
	};
	static const struct nisv_rec_fault nothing;
	struct nisv_rec_fault fault;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_object *object = json_tokener_parse(texts[i]);

		assert_non_null(object);
		assert_int_equal(fault_from_json(object, &fault), 0);
		json_object_put(object);
		if (!i) {
			assert_int_equal(fault.walk.n_steps, NISV_WALK_STEPS);
			assert_int_equal(fault.backtrace.n, NISV_FRAMES_MAX);
			assert_int_equal(fault.backtrace.frame[3], 4);
			assert_int_equal(fault.vma.flags, NISV_VMA_IO);
			continue;
		}
		assert_int_equal(fault.code_mode, NISV_CODE_UNKNOWN);
		assert_memory_equal(&fault.walk, &nothing.walk, sizeof(fault.walk));
		assert_memory_equal(&fault.backtrace, &nothing.backtrace, sizeof(fault.backtrace));
		assert_memory_equal(&fault.vma, &nothing.vma, sizeof(fault.vma));
	}
}

static void test_bytes_in_a_thread_name(void **state)
{
	struct nisv_rec_fault fault = {.comm = "\x1b[2J\xff\n\xe2\x80\xae", .slot.id = -1};
	struct json_object *object = fault_to_json(&fault, "arm64"), *thread;

	(void)state;
	assert_true(json_object_object_get_ex(object, "thread", &thread));
	assert_string_equal(json_object_get_string(thread), "\\x1b[2J\\xff\\x0a\\xe2\\x80\\xae");
	json_object_put(object);
}

static void test_what_is_no_fault(void **state)
{
	static const char *const texts[] = {
		"null",
		"7",
		"[]",
		"\"fault\"",
		"{}",
		"{\"kind\":7}",
		"{\"kind\":null}",
		"{\"kind\":\"mmio-read\"}",
	};
	struct nisv_rec_fault fault = {.pc = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_object *object = json_tokener_parse(texts[i]);

		assert_int_equal(fault_from_json(object, &fault), -EINVAL);
		assert_int_equal(fault.pc, 77); /* untouched */
		json_object_put(object);
	}
}

static void test_members_of_the_wrong_type(void **state)
{
	static const char text[] =
		"{\"kind\":\"nisv\",\"outcome\":\"great\",\"time\":[],\"ipa\":7,\"pc\":\"-0x1\","
		"\"vcpu\":\"1\",\"count\":1e300,\"order\":-1,\"thread\":{},"
		"\"instruction_bytes\":\"0102zz\",\"slot\":[],\"slot_below\":{\"gpa\":1,\"id\":"
		"70000},"
		"\"registers\":{\"x0\":\"0x1\"},\"system_registers\":[1]}";
	struct json_object *object = json_tokener_parse(text);
	struct nisv_rec_fault fault;

	(void)state;
	assert_non_null(object);
	assert_int_equal(fault_from_json(object, &fault), 0);
	assert_int_equal(fault.outcome, NISV_OUTCOME_UNKNOWN);
	assert_int_equal(fault.hdr.time_ns, 1);
	assert_int_equal(fault.ipa, 0);
	assert_int_equal(fault.vcpu_id, 0);
	assert_int_equal(fault.count, 0);
	assert_string_equal(fault.comm, "");
	assert_int_equal(fault.insn_len, 2);
	assert_int_equal(fault.slot.id, -1);
	assert_int_equal(fault.gpr[0], 0);
	json_object_put(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member_comes_back),
		cmocka_unit_test(test_without_surroundings),
		cmocka_unit_test(test_hostile_surroundings),
		cmocka_unit_test(test_bytes_in_a_thread_name),
		cmocka_unit_test(test_what_is_no_fault),
		cmocka_unit_test(test_members_of_the_wrong_type),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
