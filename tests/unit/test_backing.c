/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/backing.h"

static struct vmas parse(const char *text)
{
	/* A copy without a NUL behind it: a sanitizer sees a read beyond the end. */
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	struct vmas vmas = {0};

	assert_non_null(copy);
	memcpy(copy, text, len);
	copy = realloc(copy, len ? len : 1);
	assert_int_equal(vmas_parse(copy, len, &vmas), 0);
	free(copy);
	return vmas;
}

static struct backing behind(const char *text, uint64_t hva, uint64_t size)
{
	const struct nisv_slot slot = {
		.gpa = 0x40000000, .size = size, .hva = hva, .id = 3, .as_id = 1};
	struct vmas vmas = parse(text);
	struct backing backing;

	backing_of_slot(&vmas, &slot, &backing);
	vmas_clear(&vmas);
	assert_int_equal(backing.slot_id, 3);
	assert_int_equal(backing.as_id, 1);
	return backing;
}

static enum backing_kind kind_by_name(const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "10000-20000 rw-s 00000000 00:01 7 %s\n", name);
	return behind(line, 0x10000, 0x10000).kind;
}

static void test_maps(void **state)
{
	struct vmas vmas = parse("7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n"
				 "7f0000021000-7f0004000000 ---p 00000000 00:00 0\n"
				 "7f1000000000-7f1010000000 rw-s 00200000 00:01 2057    "
				 "/memfd:guest ram (deleted)\n"
				 "7fff00000000-7fff00001000 r-xp 00000000 fd:01 12345678901 "
				 "/usr/lib/a\\012b.so");

	(void)state;
	assert_int_equal(vmas.n, 4);
	assert_int_equal(vmas.dropped, 0);
	assert_int_equal(vmas.list[0].start, 0x7f0000000000);
	assert_int_equal(vmas.list[0].end, 0x7f0000021000);
	assert_true(vmas.list[0].readable && vmas.list[0].writable);
	assert_false(vmas.list[0].executable || vmas.list[0].shared);
	assert_string_equal(vmas.list[0].path, "");
	assert_false(vmas.list[1].readable || vmas.list[1].writable);
	assert_true(vmas.list[2].shared);
	assert_int_equal(vmas.list[2].offset, 0x200000);
	assert_int_equal(vmas.list[2].inode, 2057);
	assert_string_equal(vmas.list[2].path, "/memfd:guest ram (deleted)");
	assert_true(vmas.list[3].executable);
	assert_int_equal(vmas.list[3].inode, 12345678901);
	assert_string_equal(vmas.list[3].path, "/usr/lib/a\\012b.so");
	assert_int_equal(vmas_from(&vmas, 0), 0);
	assert_int_equal(vmas_from(&vmas, 0x7f0000021000), 1);
	assert_int_equal(vmas_from(&vmas, 0x7f0005000000), 2);
	assert_int_equal(vmas_from(&vmas, UINT64_MAX), 4);
	vmas_clear(&vmas);
	assert_null(vmas.list);
}

static const char smaps[] = "7f0000000000-7f0000200000 rw-s 00000000 00:0f 9 /mnt/huge/ram\n"
			    "Size:               2048 kB\n"
			    "KernelPageSize:     2048 kB\n"
			    "MMUPageSize:        2048 kB\n"
			    "VmFlags: rd wr sh mr mw me ms de ht sd \n"
			    "7f0000200000-7f0000210000 rw-s 1000000000 00:05 10 /opt/fpga/bar\n"
			    "KernelPageSize:        4 kB\n"
			    "VmFlags: rd wr sh mr mw me ms pf io de dd \n";

static void test_smaps(void **state)
{
	struct vmas vmas = parse(smaps);

	(void)state;
	assert_int_equal(vmas.n, 2);
	assert_int_equal(vmas.dropped, 0);
	assert_true(vmas.list[0].is_hugetlb);
	assert_false(vmas.list[0].is_pfnmap || vmas.list[0].is_io);
	assert_int_equal(vmas.list[0].page_bytes, 2 << 20);
	assert_true(vmas.list[1].is_pfnmap && vmas.list[1].is_io);
	assert_false(vmas.list[1].is_hugetlb);
	assert_int_equal(vmas.list[1].page_bytes, 4096);
	vmas_clear(&vmas);
	assert_int_equal(behind(smaps, 0x7f0000000000, 0x200000).kind, BACKING_HUGETLB);
	assert_int_equal(behind(smaps, 0x7f0000200000, 0x10000).kind, BACKING_PFNMAP);
	assert_int_equal(behind(smaps, 0x7f0000000000, 0x210000).kind, BACKING_MIXED);
	assert_int_equal(behind(smaps, 0x7f0000000000, 0x210000).page_bytes, 0);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		enum backing_kind kind;
	} cases[] = {
		{"", BACKING_ANONYMOUS},
		{"[heap]", BACKING_ANONYMOUS},
		{"[anon:ram]", BACKING_ANONYMOUS},
		{"[anon_shmem:ram]", BACKING_MEMFD},
		{"/memfd:x (deleted)", BACKING_MEMFD},
		{"/dev/shm/ram", BACKING_MEMFD},
		{"/dev/zero (deleted)", BACKING_MEMFD},
		{"/SYSV00000000 (deleted)", BACKING_MEMFD},
		{"/anon_hugepage (deleted)", BACKING_HUGETLB},
		{"/dev/hugepages/libvirt/qemu/1-vm/ram", BACKING_HUGETLB},
		{"/dev/hugepages1G/ram", BACKING_HUGETLB},
		{"anon_inode:[vfio-device]", BACKING_VFIO},
		{"/dev/vfio/12", BACKING_VFIO},
		{"/dev/mem", BACKING_PFNMAP},
		{"/dev/dri/renderD128", BACKING_PFNMAP},
		{"/dmabuf:", BACKING_PFNMAP},
		{"/usr/share/AAVMF/AAVMF_CODE.fd", BACKING_FILE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (kind_by_name(cases[i].name) != cases[i].kind)
			fail_msg("\"%s\" is %s, expected %s", cases[i].name,
				 backing_kind_name(kind_by_name(cases[i].name)),
				 backing_kind_name(cases[i].kind));
}

static void test_device_names(void **state)
{
	struct vmas vmas = parse("1000-2000 rw-s 00000000 00:05 10 /dev/dri/card0\n"
				 "2000-3000 rw-s 00000000 00:05 10 /dev/shm/x\n"
				 "3000-4000 rw-s 00000000 00:05 10 anon_inode:[vfio-device]\n");

	(void)state;
	assert_true(vma_may_be_device(&vmas.list[0]));
	assert_false(vma_may_be_device(&vmas.list[1]));
	assert_true(vma_may_be_device(&vmas.list[2]));
	vmas_clear(&vmas);
}

static const char split[] = "10000-20000 rw-p 00000000 00:00 0 \n"
			    "20000-30000 r--p 00000000 00:00 0 \n"
			    "40000-50000 rw-p 00000000 00:00 0 \n"
			    "60000-70000 ---p 00000000 00:00 0 \n";

static void test_coverage(void **state)
{
	struct backing b;

	(void)state;
	b = behind(split, 0x10000, 0x10000);
	assert_int_equal(b.covered_bytes, 0x10000);
	assert_true(b.readable && b.writable && !b.shared);
	b = behind(split, 0x18000, 0x10000);
	assert_int_equal(b.covered_bytes, 0x10000);
	assert_true(b.readable);
	assert_false(b.writable);
	b = behind(split, 0x18000, 0x30000);
	assert_int_equal(b.kind, BACKING_ANONYMOUS);
	assert_int_equal(b.covered_bytes, 0x20000);
	assert_int_equal(b.gap, 0x40000000 + 0x18000);
	/* Of two gaps the first one. */
	b = behind(split, 0x28000, 0x40000);
	assert_int_equal(b.covered_bytes, 0x20000);
	assert_int_equal(b.gap, 0x40000000 + 0x8000);
	assert_false(b.readable);
	b = behind(split, 0x8000, 0x10000);
	assert_int_equal(b.covered_bytes, 0x8000);
	assert_int_equal(b.gap, 0x40000000);
	b = behind(split, 0x48000, 0x10000);
	assert_int_equal(b.covered_bytes, 0x8000);
	assert_int_equal(b.gap, 0x40008000);
	b = behind(split, 0x30000, 0x10000);
	assert_int_equal(b.kind, BACKING_NONE);
	assert_int_equal(b.covered_bytes, 0);
	assert_int_equal(b.gap, 0x40000000);
	assert_false(b.readable || b.writable);
	/* A slot whose end wraps around reaches to the end. */
	b = behind(split, 0x48000, UINT64_MAX);
	assert_int_equal(b.covered_bytes, 0x18000);
}

static void test_hostile(void **state)
{
	static const char *const broken[] = {
		"x",
		"10000",
		"10000-",
		"10000-20000",
		"10000-20000 rw",
		"10000-20000 rw-x 0 0:0 0",
		"20000-10000 rw-p 0 0:0 0",
		"10000-10000 rw-p 0 0:0 0",
		"10000000000000000-20000 rw-p 0 0:0 0",
		"10000-20000 rw-p 0 0:0",
		"10000-20000 rw-p 0 0:0 99999999999999999999",
	};
	struct vmas vmas = parse("");

	(void)state;
	assert_int_equal(vmas.n, 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		vmas = parse(broken[i]);
		assert_int_equal(vmas.n, 0);
		assert_int_equal(vmas.dropped, 1);
		vmas_clear(&vmas);
	}
	/* Details of nothing, and of a line that was dropped, are nobody's. */
	vmas = parse("VmFlags: io\n"
		     "10000-20000 rw-p 0 0:0 0\n"
		     "what is this?\n"
		     "VmFlags: io\n"
		     "18000-19000 rw-p 0 0:0 0\n"
		     "VmFlags: io\n");
	assert_int_equal(vmas.n, 1);
	assert_int_equal(vmas.dropped, 2);
	assert_false(vmas.list[0].is_io);
	vmas_clear(&vmas);
	vmas = parse("10000-20000 rw-p 0 0:0 0 /a\x1b[31m\xff");
	assert_null(strchr(vmas.list[0].path, '\x1b'));
	vmas_clear(&vmas);
}

static void test_too_many(void **state)
{
	size_t room = (size_t)(VMAS_MAX + 10) * 48, len = 0;
	char *text = malloc(room);
	struct vmas vmas = {0};

	(void)state;
	assert_non_null(text);
	for (unsigned int i = 0; i < VMAS_MAX + 10; i++)
		len += (size_t)snprintf(text + len, room - len, "%x-%x rw-p 0 0:0 0\n", 2 * i + 1,
					2 * i + 2);
	assert_int_equal(vmas_parse(text, len, &vmas), 0);
	assert_int_equal(vmas.n, VMAS_MAX);
	assert_int_equal(vmas.dropped, 10);
	vmas_clear(&vmas);
	free(text);
}

static void test_find(void **state)
{
	struct backing list[] = {{.slot_id = 1, .as_id = 0}, {.slot_id = 1, .as_id = 1}};
	struct backings backings = {.list = list, .n = 2};
	struct nisv_slot slot = {.id = 1, .as_id = 1};

	(void)state;
	assert_ptr_equal(backings_find(&backings, &slot), &list[1]);
	slot.id = 2;
	assert_null(backings_find(&backings, &slot));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps),	 cmocka_unit_test(test_smaps),
		cmocka_unit_test(test_names),	 cmocka_unit_test(test_device_names),
		cmocka_unit_test(test_coverage), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
