/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/native/lacking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <bpf/btf.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned rename_in(struct btf *btf, const struct btf_type *type, const char *member,
			  int new_name)
{
	unsigned renamed = 0;

	for (unsigned i = 0; i < btf_vlen(type); i++) {
		struct btf_member *each = &btf_members(type)[i];

		if (!strcmp(btf__str_by_offset(btf, each->name_off), member)) {
			each->name_off = (uint32_t)new_name;
			renamed++;
		}
		/* Kernels put members into a struct or union without a name. */
		if (!each->name_off)
			renamed +=
				rename_in(btf, btf__type_by_id(btf, each->type), member, new_name);
	}
	return renamed;
}

void btf_without(const char *type, const char *member, char *path)
{
	struct btf *btf = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	int name, fd = mkstemp(path);
	unsigned renamed = 0;
	const void *data;
	uint32_t size;

	assert_non_null(btf);
	assert_true(fd >= 0);
	name = btf__add_str(btf, "renamed_by_the_test");
	assert_true(name > 0);
	for (unsigned id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *each = btf__type_by_id(btf, id);

		if (btf_is_struct(each) && !strcmp(btf__name_by_offset(btf, each->name_off), type))
			renamed += rename_in(btf, each, member, name);
	}
	assert_true(renamed > 0);
	data = btf__raw_data(btf, &size);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
	btf__free(btf);
}
