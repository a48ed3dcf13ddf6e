/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_FIELDS_BPF_H
#define NISV_FIELDS_BPF_H

/*
 * Which groups of optional members this kernel has (include/nisv_fields.h). Constants, once libbpf
 * has relocated them: the verifier does not look at what they exclude.
 */

#include "include/nisv_fields.h"
#include "kvm.bpf.h"

#define AND_FIELD(type, member) &&bpf_core_field_exists(struct type, member)

/* HAS(MAP), HAS(CGROUP), ...: has this kernel all members of the group? */
#define HAS(group) (true NISV_FIELDS_##group(AND_FIELD))

/* For the daemon: see NISV_FIELDS_COMPLETE. */
__u32 lacking[_NISV_GROUP_MAX];

#define LACKING(type, member)                              \
	if (!bpf_core_field_exists(struct type, member)) { \
		lacking[group] = n;                        \
		break;                                     \
	}                                                  \
	n++;

#define TELL_GROUP(name, list)                         \
	do {                                           \
		const u32 group = NISV_GROUP_##name;   \
		u32 n = 0;                             \
                                                       \
		lacking[group] = NISV_FIELDS_COMPLETE; \
		list(LACKING);                         \
	} while (0);

static __always_inline void fields_tell(void)
{
	NISV_GROUPS(TELL_GROUP)
}

#endif
