/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/cgroupname.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct cgroupname group;

static void paths_have_kinds(void **state)
{
	static const struct {
		const char *path;
		enum cgroupname_kind kind;
		const char *name, *driver;
	} rows[] = {
		{"/", CGROUPNAME_NONE, "", ""},
		{"", CGROUPNAME_NONE, "", ""},
		{"/machine.slice/machine-qemu\\x2d3\\x2dweb01.scope/libvirt/vcpu0",
		 CGROUPNAME_LIBVIRT, "web01", "qemu"},
		{"/machine.slice/machine-qemu-12-web-01.scope", CGROUPNAME_LIBVIRT, "web-01",
		 "qemu"},
		{"/machine.slice/machine-qemu\\x2d3\\x2da\\x2db.scope/emulator", CGROUPNAME_LIBVIRT,
		 "a-b", "qemu"},
		{"/machine.slice/machine-qemu\\x2d3.scope", CGROUPNAME_LIBVIRT, "", "qemu"},
		{"/machine/web.libvirt-qemu", CGROUPNAME_LIBVIRT, "web", "qemu"},
		{"/machine/qemu-1-web.libvirt-qemu/emulator", CGROUPNAME_LIBVIRT, "web", "qemu"},
		{"/machine.slice/machine-ch\\x2d1\\x2dx.scope", CGROUPNAME_LIBVIRT, "x", "ch"},
		{"/../../machine.slice/machine-qemu\\x2d3\\x2dup.scope", CGROUPNAME_LIBVIRT, "up",
		 "qemu"},
		/* Not libvirt's: no number. */
		{"/machine.slice/machine-qemu\\x2dbox.scope", CGROUPNAME_MACHINE, "qemu-box", ""},
		{"/machine.slice/machine-box.scope/payload", CGROUPNAME_MACHINE, "box", ""},
		{"/machine.slice/machine-.scope", CGROUPNAME_UNIT, "machine-", ""},
		{"/machine-x.slice/y", CGROUPNAME_NONE, "", ""},
		{"/firecracker/vm-1", CGROUPNAME_JAIL, "vm-1", ""},
		{"/firecracker.slice/vm-1", CGROUPNAME_NONE, "", ""},
		{"/kubepods/burstable/pod12/" ID, CGROUPNAME_CONTAINER, "0123456789ab", ""},
		{"/kubepods.slice/a.slice/crio-" ID ".scope", CGROUPNAME_CONTAINER, "0123456789ab",
		 ""},
		{"/system.slice/docker-" ID ".scope", CGROUPNAME_CONTAINER, "0123456789ab", ""},
		{"/lxc.payload.c1/system.slice/x.service", CGROUPNAME_CONTAINER, "c1", ""},
		{"/kubepods/pod1/kata_" ID, CGROUPNAME_KATA, ID, ""},
		{"/kata_overhead/" ID, CGROUPNAME_KATA, ID, ""},
		{"/kata_overhead/short", CGROUPNAME_NONE, "", ""},
		{"/system.slice/vm\\x2dblue.service", CGROUPNAME_UNIT, "vm-blue", ""},
		{"/qemu.slice/100.scope", CGROUPNAME_UNIT, "100", ""},
		{"/user.slice/user-1.slice/user@1.service/app.slice/box.service/sub",
		 CGROUPNAME_UNIT, "box", ""},
		{"/user.slice/user-1.slice/session-4.scope", CGROUPNAME_NONE, "", ""},
		{"/system.slice/run-u12.service", CGROUPNAME_NONE, "", ""},
		{"/system.slice/containerd.service", CGROUPNAME_NONE, "", ""},
		{"/system.slice/.service", CGROUPNAME_NONE, "", ""},
		{"/a\\x0a.service", CGROUPNAME_UNIT, "a\\x0a", ""},
		{"/a\\x1.service", CGROUPNAME_UNIT, "a\\x1", ""},
		{"/a\\xc3\\xa9.service", CGROUPNAME_UNIT, "a\xc3\xa9", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cgroupname_parse(&group, rows[i].path, strlen(rows[i].path));
		if (group.kind != rows[i].kind || strcmp(group.name, rows[i].name) ||
		    strcmp(group.driver, rows[i].driver))
			fail_msg("%s: kind %d, name %s, driver %s", rows[i].path, group.kind,
				 group.name, group.driver);
		assert_int_equal(group.in_pod, !!strstr(rows[i].path, "kubepods"));
		assert_false(group.is_cut);
	}
}

static void long_machine_names_are_cut(void **state)
{
	static const char path[] = "/machine.slice/machine-qemu\\x2d1\\x2d" ID ".scope";

	(void)state;
	cgroupname_parse(&group, path, sizeof(path) - 1);
	assert_true(group.is_cut);
	assert_string_equal(group.name, ID);
}

static const char *choose(const char *text)
{
	static char path[256];
	const char *found;
	size_t len;

	if (!cgroupname_choose(text, strlen(text), &found, &len))
		return NULL;
	snprintf(path, sizeof(path), "%.*s", (int)len, found);
	return path;
}

static void the_path_that_tells_most_is_chosen(void **state)
{
	(void)state;
	assert_string_equal(choose("0::/a/b\n"), "/a/b");
	assert_string_equal(choose("9:name=systemd:/x\n4:memory:/longer/one\n0::/\n"), "/x");
	assert_string_equal(choose("4:memory:/longer/one\n1:cpu,cpuacct:/x\n"), "/longer/one");
	assert_string_equal(choose("9:name=systemd:/x\n0::/y"), "/y");
	assert_string_equal(
		choose("4:memory:/firecracker/vm1\n9:name=systemd:/system.slice/x.service"
		       "\n0::/system.slice/x.service\n"),
		"/firecracker/vm1");
	assert_string_equal(choose("0::/machine.slice/machine-a.scope (deleted)\n"),
			    "/machine.slice/machine-a.scope");
	assert_string_equal(choose("0::/a:b\n"), "/a:b");
	assert_null(choose("9:name=systemd:/\n0::/\n"));
	assert_null(choose(""));
	assert_null(choose("no colons\n\n:\n::\n0::relative\n"));
}

/* Any bytes at all: nothing is read past the end, and names stay printable. */
static void random_bytes(void **state)
{
	static const char *const words[] = {
		"machine-", "qemu", "\\x2d",	    ".scope", ".service", "/",
		"-",	    "0::",  "name=systemd", ":",      "\n",	  ID,
		"kata_",    "1",    ".libvirt-qemu"};
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		size_t n = 0, len = unit_random(&seed) % 300, path_len;
		char *text = malloc(len ? len : 1); /* exact: ASan sees the end */
		const char *path;

		while (n < len) {
			const char *word = words[unit_random(&seed) % ARRAY_SIZE(words)];

			for (size_t j = 0; word[j] && n < len; j++)
				text[n++] = word[j];
			if (n < len && !(unit_random(&seed) % 4))
				text[n++] = (char)unit_random(&seed);
		}
		cgroupname_parse(&group, text, len);
		for (size_t j = 0; group.name[j]; j++)
			assert_true((unsigned char)group.name[j] >= 0x20);
		if (cgroupname_choose(text, len, &path, &path_len)) {
			assert_true(path >= text && path + path_len <= text + len);
			assert_int_equal(path[0], '/');
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_kinds),
		cmocka_unit_test(long_machine_names_are_cut),
		cmocka_unit_test(the_path_that_tells_most_is_chosen),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
