/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_abi.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/: not against malice, only against change. */
#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static void add_bytes(uint64_t *hash, const void *data, size_t n)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < n; i++)
		*hash = (*hash ^ bytes[i]) * FNV_PRIME;
}

static void add_number(uint64_t *hash, uint64_t value)
{
	add_bytes(hash, &value, sizeof(value));
}

static void add_name(uint64_t *hash, const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	/* With its end: "a", "bc" is not "ab", "c". */
	if (name)
		add_bytes(hash, name, strlen(name) + 1);
}

/* What clang makes of "typedef", "const" and "volatile" changes nothing. */
static const struct btf_type *type_of(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* Our values have no pointers, and what a variable's pointer points to is none of theirs: the depth
 * is that of structs in structs. */
static void add_type(uint64_t *hash, const struct btf *btf,
		     uint32_t id) /* NOLINT(misc-no-recursion) */
{
	const struct btf_type *type = type_of(btf, id);

	if (!type)
		return;
	add_number(hash, btf_kind(type));
	if (btf_is_array(type)) {
		add_number(hash, btf_array(type)->nelems);
		add_type(hash, btf, btf_array(type)->type);
	} else if (btf_is_composite(type)) {
		add_number(hash, type->size);
		for (int i = 0; i < btf_vlen(type); i++) {
			const struct btf_member *member = &btf_members(type)[i];

			add_name(hash, btf, member->name_off);
			add_number(hash, btf_member_bit_offset(type, (uint32_t)i));
			add_type(hash, btf, member->type);
		}
	} else if (btf_is_datasec(type)) {
		for (int i = 0; i < btf_vlen(type); i++) {
			const struct btf_var_secinfo *info = &btf_var_secinfos(type)[i];
			const struct btf_type *variable = btf__type_by_id(btf, info->type);

			add_name(hash, btf, variable->name_off);
			add_number(hash, info->offset);
			add_type(hash, btf, variable->type);
		}
	} else if (!btf_is_ptr(type)) {
		add_number(hash, type->size);
	}
}

uint64_t capture_abi(const struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	uint64_t hash = FNV_BASIS;
	struct bpf_map *map;

	if (!btf)
		return 0;
	bpf_object__for_each_map (map, object) {
		const char *name = bpf_map__name(map);

		/* Settings, each daemon's own. */
		if (strstr(name, ".rodata"))
			continue;
		add_bytes(&hash, name, strlen(name) + 1);
		add_number(&hash, bpf_map__type(map));
		add_number(&hash, bpf_map__key_size(map));
		add_number(&hash, bpf_map__value_size(map));
		add_type(&hash, btf, bpf_map__btf_key_type_id(map));
		add_type(&hash, btf, bpf_map__btf_value_type_id(map));
	}
	return hash;
}
