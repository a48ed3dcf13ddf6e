/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cgroup's path and /proc/PID/cgroup: cgroupname_parse(), cgroupname_choose(). */
#include "daemon/core/cgroupname.h"
#include "fuzz.h"

static void parse(const char *path, size_t len)
{
	struct cgroupname name;

	cgroupname_parse(&name, path, len);
	MUST(name.kind <= CGROUPNAME_LIBVIRT);
	MUST(name.kind == CGROUPNAME_NONE || name.kind == CGROUPNAME_LIBVIRT || name.name[0]);
	must_be_printable(name.name, sizeof(name.name));
	must_be_printable(name.driver, sizeof(name.driver));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *path;
	size_t len;

	/* No file name has a zero byte. */
	size = strnlen(text, size);

	parse(text, size);
	if (cgroupname_choose(text, size, &path, &len)) {
		MUST(path >= text && len <= size && path + len <= text + size);
		parse(path, len);
	}
	return 0;
}
