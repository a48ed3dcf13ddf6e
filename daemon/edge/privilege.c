/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/edge/log.h"

#define BIT(capability) (1ULL << (capability))

/* What the operator grants for looking into VMMs is needed at each look. */
#define LOOKING (BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH))

static int set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)(effective >> 32),
		 .permitted = (uint32_t)(permitted >> 32)},
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int get_permitted(uint64_t *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

/* Best effort: with NoNewPrivileges=yes the bounding set gives nothing. */
static void bound(uint64_t keep)
{
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (!(keep & BIT(capability)))
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

static void tell(uint64_t kept)
{
	if (!kept)
		log_info("Attached: all capabilities are given up");
	else
		log_info("Attached: all capabilities are given up but%s%s%s",
			 kept & BIT(CAP_BPF) ? " CAP_BPF, which reading maps needs on this kernel"
					     : "",
			 kept & BIT(CAP_SYS_PTRACE) ? " CAP_SYS_PTRACE" : "",
			 kept & BIT(CAP_DAC_READ_SEARCH) ? " CAP_DAC_READ_SEARCH" : "");
}

int privilege_drop(bool (*works)(const void *userdata), const void *userdata)
{
	uint64_t permitted = 0, keep;
	int r;

	if (geteuid() == 0)
		return 0;
	r = get_permitted(&permitted);
	if (r < 0)
		return log_error_errno(r, "Cannot read the capabilities");
	keep = permitted & LOOKING;
	/* Whether that is enough is asked first: what is given up is gone. */
	r = set(keep, permitted);
	if (r >= 0 && !works(userdata))
		keep |= permitted & BIT(CAP_BPF);
	if (r >= 0)
		r = set(permitted, permitted);
	if (r >= 0) {
		bound(keep);
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
		r = set(keep, keep);
	}
	if (r < 0)
		return log_error_errno(r, "Cannot give up capabilities");
	tell(keep);
	return 0;
}
