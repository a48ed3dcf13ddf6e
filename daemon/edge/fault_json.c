/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/fault_json.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/faultmap.h"
#include "daemon/core/vmname.h"
#include "daemon/edge/context_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/wallclock.h"

/* One table drives both directions, so that they cannot drift apart. */
enum member_type {
	HEX64,
	DEC64,
	UINT32,
	INT32
};

struct member {
	const char *name;
	enum member_type type;
	size_t offset;
};

#define MEMBER(type, name, path)                                  \
	{                                                         \
		name, type, offsetof(struct nisv_rec_fault, path) \
	}

static const struct member members[] = {
	MEMBER(HEX64, "ipa", ipa),
	MEMBER(HEX64, "far", far),
	MEMBER(HEX64, "pc", pc),
	MEMBER(HEX64, "esr", esr),
	MEMBER(HEX64, "pstate", pstate),
	MEMBER(UINT32, "vcpu", vcpu_id),
	MEMBER(UINT32, "tid", hdr.tid),
	MEMBER(DEC64, "sequence", hdr.seq),
	MEMBER(DEC64, "order", vcpu_order),
	MEMBER(DEC64, "count", count),
	MEMBER(INT32, "errno", errno_),
	MEMBER(UINT32, "exit_reason", exit_reason),
	MEMBER(UINT32, "layout_state", layout_state),
	MEMBER(HEX64, "generation", generation),
	MEMBER(UINT32, "sysregs_state", sysregs_state),
	MEMBER(UINT32, "instruction_state", insn_state),
	MEMBER(HEX64, "instruction_ipa", insn_ipa),
	MEMBER(UINT32, "nested", nested),
	MEMBER(UINT32, "beyond_host", is_beyond_host),
};

static const struct member sysregs[] = {
	MEMBER(HEX64, "sctlr", sys.sctlr),   MEMBER(HEX64, "tcr", sys.tcr),
	MEMBER(HEX64, "ttbr0", sys.ttbr0),   MEMBER(HEX64, "ttbr1", sys.ttbr1),
	MEMBER(HEX64, "mair", sys.mair),     MEMBER(HEX64, "vbar", sys.vbar),
	MEMBER(HEX64, "elr", sys.elr),	     MEMBER(HEX64, "spsr", sys.spsr),
	MEMBER(HEX64, "esr", sys.esr),	     MEMBER(HEX64, "far", sys.far),
	MEMBER(HEX64, "sp_el0", sys.sp_el0), MEMBER(HEX64, "sp_el1", sys.sp_el1),
};

struct slot_member {
	const char *name;
	size_t offset;
};

static const struct slot_member slots[] = {
	{"slot", offsetof(struct nisv_rec_fault, slot)},
	{"slot_below", offsetof(struct nisv_rec_fault, below)},
	{"slot_above", offsetof(struct nisv_rec_fault, above)},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void write_members(struct json_object *object, const struct member *table, size_t n,
			  const struct nisv_rec_fault *fault)
{
	for (size_t i = 0; i < n; i++) {
		const void *at = (const char *)fault + table[i].offset;
		struct json_object *value = NULL;

		switch (table[i].type) {
		case HEX64:
			value = model_hex(*(const __u64 *)at);
			break;
		case DEC64:
			value = json_make_int((int64_t) * (const __u64 *)at);
			break;
		case UINT32:
			value = json_make_int(*(const __u32 *)at);
			break;
		case INT32:
			value = json_make_int(*(const __s32 *)at);
			break;
		}
		json_set(object, table[i].name, value);
	}
}

static void read_members(struct json_object *object, const struct member *table, size_t n,
			 struct nisv_rec_fault *fault)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)fault + table[i].offset;

		switch (table[i].type) {
		case HEX64:
			*(__u64 *)at = json_read_hex(object, table[i].name);
			break;
		case DEC64:
			*(__u64 *)at = (__u64)json_read_int(object, table[i].name);
			break;
		case UINT32:
			*(__u32 *)at = (__u32)json_read_int(object, table[i].name);
			break;
		case INT32:
			*(__s32 *)at = (__s32)json_read_int(object, table[i].name);
			break;
		}
	}
}

static struct json_object *slot_to_json(const struct nisv_slot *slot)
{
	struct json_object *object;

	if (slot->id < 0)
		return NULL;
	object = json_make_object();
	json_set(object, "gpa", model_hex(slot->gpa));
	json_set(object, "size", model_hex(slot->size));
	json_set(object, "hva", model_hex(slot->hva));
	json_set(object, "flags", model_hex(slot->flags));
	json_set(object, "id", json_make_int(slot->id));
	json_set(object, "address_space", json_make_int(slot->as_id));
	return object;
}

static void slot_from_json(struct json_object *object, struct nisv_slot *slot)
{
	*slot = (struct nisv_slot){.id = -1};
	if (!json_object_is_type(object, json_type_object))
		return;
	slot->gpa = json_read_hex(object, "gpa");
	slot->size = json_read_hex(object, "size");
	slot->hva = json_read_hex(object, "hva");
	slot->flags = (__u32)json_read_hex(object, "flags");
	slot->id = (__s16)json_read_int(object, "id");
	slot->as_id = (__u16)json_read_int(object, "address_space");
}

struct json_object *fault_to_json(const struct nisv_rec_fault *fault, const char *arch)
{
	struct json_object *object = json_make_object(), *registers, *gprs;
	char comm[4 * NISV_COMM_LEN];

	json_set(object, "kind", json_make_string(kind_name(fault->kind)));
	json_set(object, "outcome", json_make_string(outcome_name(fault->outcome)));
	json_set(object, "time", model_time(fault->hdr.time_ns));
	vmname_sanitize(comm, sizeof(comm), fault->comm, sizeof(fault->comm));
	json_set(object, "thread", json_make_string(comm));
	json_set(object, "instruction", model_string(fault_insn(fault, arch).text));
	json_set(object, "instruction_bytes",
		 model_bytes(fault->insn,
			     fault->insn_len < NISV_INSN_MAX ? fault->insn_len : NISV_INSN_MAX));
	write_members(object, members, LENGTH(members), fault);
	for (size_t i = 0; i < LENGTH(slots); i++)
		json_set(object, slots[i].name,
			 slot_to_json((const void *)((const char *)fault + slots[i].offset)));
	gprs = json_make_array();
	for (size_t i = 0; i < NISV_GPRS; i++)
		json_append(gprs, model_hex(fault->gpr[i]));
	json_set(object, "registers", gprs);
	registers = json_make_object();
	write_members(registers, sysregs, LENGTH(sysregs), fault);
	json_set(object, "system_registers", registers);
	context_to_json(object, fault);
	return object;
}

static int kind_from_name(const char *name)
{
	for (int kind = 0; kind < _NISV_KIND_MAX; kind++)
		if (!strcmp(kind_name(kind), name))
			return kind;
	return -EINVAL;
}

static __u32 outcome_from_name(const char *name)
{
	for (int outcome = 0; outcome < _NISV_OUTCOME_MAX; outcome++)
		if (!strcmp(outcome_name(outcome), name))
			return (__u32)outcome;
	return NISV_OUTCOME_UNKNOWN;
}

int fault_from_json(struct json_object *object, struct nisv_rec_fault *ret)
{
	struct nisv_rec_fault fault = {};
	struct json_object *value;
	uint64_t time_ns;
	int kind;

	if (!json_object_is_type(object, json_type_object))
		return -EINVAL;
	kind = kind_from_name(json_read_string(object, "kind"));
	if (kind < 0)
		return kind;
	read_members(object, members, LENGTH(members), &fault);
	fault.kind = (__u32)kind;
	fault.outcome = outcome_from_name(json_read_string(object, "outcome"));
	fault.hdr.type = NISV_REC_FAULT;
	fault.hdr.size = sizeof(fault);
	if (wallclock_parse(json_read_string(object, "time"), &time_ns) < 0)
		time_ns = 1;
	fault.hdr.time_ns = time_ns;
	snprintf(fault.comm, sizeof(fault.comm), "%.15s", json_read_string(object, "thread"));
	fault.insn_len =
		(__u32)json_read_bytes(object, "instruction_bytes", fault.insn, NISV_INSN_MAX);
	for (size_t i = 0; i < LENGTH(slots); i++) {
		value = NULL;
		json_object_object_get_ex(object, slots[i].name, &value);
		slot_from_json(value, (void *)((char *)&fault + slots[i].offset));
	}
	if (json_object_object_get_ex(object, "registers", &value) &&
	    json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < NISV_GPRS && i < json_object_array_length(value); i++) {
			struct json_object *gpr = json_object_array_get_idx(value, i);

			if (json_object_is_type(gpr, json_type_string))
				fault.gpr[i] = strtoull(json_object_get_string(gpr), NULL, 16);
		}
	if (json_object_object_get_ex(object, "system_registers", &value) &&
	    json_object_is_type(value, json_type_object))
		read_members(value, sysregs, LENGTH(sysregs), &fault);
	context_from_json(object, &fault);
	*ret = fault;
	return 0;
}
