/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_fields.h"

#include <errno.h>

struct field {
	const char *type, *member;
};

struct group {
	const struct field *fields;
	size_t n;
};

#define FIELD(type, member) {#type, #member},
#define GROUP(name, list)                                     \
	[NISV_GROUP_##                                        \
		name] = {(const struct field[]){list(FIELD)}, \
			 sizeof((const struct field[]){list(FIELD)}) / sizeof(struct field)},

static const struct group groups[] = {NISV_GROUPS(GROUP)};

static const struct {
	const char *gives, *loses;
} words[] = {
	[NISV_GROUP_MAP] = {"the memory map and the in-kernel devices of a VM",
			    "the map of a VM is unknown but for the slots around a fault"},
	[NISV_GROUP_SYSREGS] = {"the guest's system registers at a fault",
				"the faulting instruction and the guest's callers are not read "
				"where they need the guest's translation"},
	[NISV_GROUP_CGROUP] = {"the cgroup of a VMM, even if it is gone at once",
			       "a VM whose name comes from its cgroup has another one"},
	[NISV_GROUP_CMDLINE] = {"the command line of a VMM, even if it is gone at once",
				"a VMM that is gone at once has no command line, and its VM no "
				"name from it"},
	[NISV_GROUP_MAPPING] = {"what the VMM has mapped behind a slot",
				"nothing is read from a guest's memory, and what is behind a slot "
				"that KVM could not use is unknown"},
};

_Static_assert(sizeof(words) / sizeof(words[0]) == _NISV_GROUP_MAX, "words for each group");

bool capture_field_lacking(enum nisv_group group, uint32_t lacking, struct capture_source *ret,
			   struct capture_obstacle *why)
{
	const struct field *field;

	if (lacking >= groups[group].n)
		return false;
	field = &groups[group].fields[lacking];
	capture_obstacle_of_layout(why, -ENOENT, "struct", field->type, field->member);
	*ret = (struct capture_source){
		.name = field->member,
		.gives = words[group].gives,
		.loses = words[group].loses,
	};
	return true;
}
