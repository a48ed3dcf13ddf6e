/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The number by which two builds know that they may share maps: any change to what is in them is
 * another one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <stdint.h>
#include <string.h>

#include "daemon/edge/capture_abi.h"
#include "nisvd-older.skel.h"
#include "nisvd.skel.h"

static struct nisvd_bpf *skel;
static struct btf *btf;
static uint64_t abi;
static uint32_t other_name;

static int set_up(void **state)
{
	(void)state;
	skel = nisvd_bpf__open();
	assert_non_null(skel);
	btf = bpf_object__btf(skel->obj);
	/* Now: types move when a name is added. */
	other_name = (uint32_t)btf__add_str(btf, "another_name");
	abi = capture_abi(skel->obj);
	assert_int_not_equal(abi, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	nisvd_bpf__destroy(skel);
	return 0;
}

/* Changes a number in the types of the object and back. */
#define ASSERT_COUNTS(field)                                       \
	do {                                                       \
		__typeof__(field) before = (field);                \
		(field) ^= 8;                                      \
		assert_int_not_equal(capture_abi(skel->obj), abi); \
		(field) = before;                                  \
		assert_int_equal(capture_abi(skel->obj), abi);     \
	} while (0)

/* Of a struct: the name and place of each member, how long its arrays are; so of those inside it.
 */
static unsigned check_members(uint32_t id) /* NOLINT(misc-no-recursion) */
{
	struct btf_type *type = (struct btf_type *)btf__type_by_id(btf, id);
	unsigned n = 0;

	if (btf_is_array(type))
		return check_members(btf_array(type)->type);
	if (!btf_is_composite(type))
		return 0;
	ASSERT_COUNTS(type->size);
	for (int i = 0; i < btf_vlen(type); i++, n++) {
		struct btf_member *member = &btf_members(type)[i];
		struct btf_type *of = (struct btf_type *)btf__type_by_id(btf, member->type);
		uint32_t name = member->name_off;

		ASSERT_COUNTS(member->offset);
		member->name_off = other_name;
		assert_int_not_equal(capture_abi(skel->obj), abi);
		member->name_off = name;
		if (btf_is_array(of))
			ASSERT_COUNTS(btf_array(of)->nelems);
		n += check_members(member->type);
	}
	return n;
}

static void test_members_of_keys_and_values(void **state)
{
	unsigned n = 0;
	struct bpf_map *map;

	(void)state;
	bpf_object__for_each_map (map, skel->obj) {
		if (!bpf_map__btf_value_type_id(map) || strstr(bpf_map__name(map), "data") ||
		    strstr(bpf_map__name(map), "bss"))
			continue;
		n += check_members(bpf_map__btf_key_type_id(map));
		n += check_members(bpf_map__btf_value_type_id(map));
	}
	assert_true(n > 50);
}

static void test_variables(void **state)
{
	struct bpf_map *map;
	unsigned n = 0;

	(void)state;
	bpf_object__for_each_map (map, skel->obj) {
		const struct btf_type *section =
			btf__type_by_id(btf, bpf_map__btf_value_type_id(map));

		if (!section || !btf_is_datasec(section))
			continue;
		for (int i = 0; i < btf_vlen(section); i++, n++) {
			struct btf_var_secinfo *info = &btf_var_secinfos(section)[i];
			bool is_setting = strstr(bpf_map__name(map), ".rodata");

			info->offset ^= 8;
			/* Settings are each daemon's own. */
			assert_int_equal(capture_abi(skel->obj) == abi, is_setting);
			info->offset ^= 8;
		}
	}
	assert_true(n > 5);
}

static void test_maps(void **state)
{
	struct bpf_map *map;

	(void)state;
	/* How many elements it has is no matter. */
	assert_int_equal(bpf_map__set_max_entries(skel->maps.sites, 7), 0);
	assert_int_equal(capture_abi(skel->obj), abi);
	assert_int_equal(bpf_map__set_type(skel->maps.sites, BPF_MAP_TYPE_LRU_HASH), 0);
	assert_int_not_equal(capture_abi(skel->obj), abi);
	assert_int_equal(bpf_map__set_type(skel->maps.sites, BPF_MAP_TYPE_HASH), 0);
	assert_int_equal(capture_abi(skel->obj), abi);
	map = skel->maps.losses;
	assert_int_equal(bpf_map__set_value_size(map, bpf_map__value_size(map) + 8), 0);
	assert_int_not_equal(capture_abi(skel->obj), abi);
}

static void test_builds(void **state)
{
	struct nisvd_bpf *again = nisvd_bpf__open();
	struct nisvd_older_bpf *older = nisvd_older_bpf__open();

	(void)state;
	assert_non_null(again);
	assert_non_null(older);
	assert_int_equal(capture_abi(again->obj), abi);
	assert_int_not_equal(capture_abi(older->obj), abi);
	nisvd_bpf__destroy(again);
	nisvd_older_bpf__destroy(older);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_members_of_keys_and_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_variables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_maps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_builds, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
