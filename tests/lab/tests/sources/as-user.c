/* SPDX-License-Identifier: GPL-2.0-or-later */

/* as-user CAPABILITIES KIB COMMAND...: as another user than root, with these capabilities (a mask
 * in hexadecimal) and this limit on locked memory. */

#define _GNU_SOURCE
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define USER 1000

static int set_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = mask, .permitted = mask, .inheritable = mask},
		{.effective = mask >> 32, .permitted = mask >> 32, .inheritable = mask >> 32},
	};

	if (syscall(SYS_capset, &header, data))
		return -1;
	for (int i = 0; i < 64; i++)
		if (mask >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0))
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	if (argc < 4)
		return 2;
	limit.rlim_cur = limit.rlim_max = strtoull(argv[2], NULL, 0) << 10;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
	    setresgid(USER, USER, USER) || setresuid(USER, USER, USER) ||
	    set_capabilities(strtoull(argv[1], NULL, 16))) {
		perror("as-user");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
