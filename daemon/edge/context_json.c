/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/context_json.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/json_read.h"
#include "daemon/edge/model_json.h"

/* The number below @n that @name_of calls so, by the enumerator's own function; 0 if none is. */
#define FROM_NAME(name_of, n, name)                          \
	({                                                   \
		const char *_name = (name);                  \
		__u32 _value = (n);                          \
		while (--_value)                             \
			if (!strcmp(name_of(_value), _name)) \
				break;                       \
		_value;                                      \
	})

/* ---- the walk ---- */

static bool has_output(const struct nisv_walk *walk)
{
	switch (walk->state) {
	case NISV_WALK_DONE:
	case NISV_WALK_MMU_OFF:
	case NISV_WALK_NO_SLOT:
	case NISV_WALK_UNREADABLE:
	case NISV_WALK_IO_MEMORY:
	case NISV_WALK_UNSAFE:
		return true;
	default:
		return false;
	}
}

struct json_object *context_walk(const struct nisv_walk *walk)
{
	struct json_object *object, *steps;

	if (walk->state == NISV_WALK_NONE)
		return NULL;
	object = json_make_object();
	json_set(object, "state", json_make_string(walk_state_name(walk->state)));
	json_set(object, "address", model_hex(walk->va));
	json_set(object, "output", has_output(walk) ? model_hex(walk->out) : NULL);
	json_set(object, "agrees", json_make_bool(walk->agrees != 0));
	steps = json_make_array();
	for (size_t i = 0; i < walk->n_steps && i < NISV_WALK_STEPS; i++) {
		const struct nisv_walk_step *step = &walk->step[i];
		struct json_object *value = json_make_object();

		json_set(value, "level", json_make_int(step->level));
		json_set(value, "address", model_hex(step->address));
		json_set(value, "descriptor", model_hex(step->descriptor));
		json_append(steps, value);
	}
	json_set(object, "steps", steps);
	return object;
}

static void walk_from_json(struct json_object *object, struct nisv_walk *walk)
{
	struct json_object *steps = json_read_member(object, "steps", json_type_array);

	walk->state = FROM_NAME(walk_state_name, _NISV_WALK_MAX, json_read_string(object, "state"));
	if (walk->state == NISV_WALK_NONE)
		return;
	walk->va = json_read_hex(object, "address");
	walk->out = json_read_hex(object, "output");
	walk->agrees = json_read_bool(object, "agrees");
	for (size_t i = 0; steps && i < json_object_array_length(steps) && i < NISV_WALK_STEPS;
	     i++) {
		struct json_object *value = json_object_array_get_idx(steps, i);

		walk->step[i].level = (__s32)json_read_int(value, "level");
		walk->step[i].address = json_read_hex(value, "address");
		walk->step[i].descriptor = json_read_hex(value, "descriptor");
		walk->n_steps = (__u32)i + 1;
	}
}

/* ---- the backtrace ---- */

static struct json_object *backtrace_to_json(const struct nisv_backtrace *trace)
{
	struct json_object *object, *frames;

	if (trace->end == NISV_BACKTRACE_NONE)
		return NULL;
	object = json_make_object();
	frames = json_make_array();
	for (size_t i = 0; i < trace->n && i < NISV_FRAMES_MAX; i++)
		json_append(frames, model_hex(trace->frame[i]));
	json_set(object, "frames", frames);
	json_set(object, "end", json_make_string(backtrace_end_name(trace->end)));
	json_set(object, "read_state",
		 trace->read_state == NISV_WALK_NONE
			 ? NULL
			 : model_string(walk_state_name(trace->read_state)));
	json_set(object, "stopped_at", trace->stopped_at ? model_hex(trace->stopped_at) : NULL);
	return object;
}

static void backtrace_from_json(struct json_object *object, struct nisv_backtrace *trace)
{
	struct json_object *frames = json_read_member(object, "frames", json_type_array);

	trace->end =
		FROM_NAME(backtrace_end_name, _NISV_BACKTRACE_MAX, json_read_string(object, "end"));
	if (trace->end == NISV_BACKTRACE_NONE)
		return;
	trace->read_state =
		FROM_NAME(walk_state_name, _NISV_WALK_MAX, json_read_string(object, "read_state"));
	trace->stopped_at = json_read_hex(object, "stopped_at");
	for (size_t i = 0; frames && i < json_object_array_length(frames) && i < NISV_FRAMES_MAX;
	     i++) {
		struct json_object *value = json_object_array_get_idx(frames, i);

		if (json_object_is_type(value, json_type_string))
			trace->frame[i] = strtoull(json_object_get_string(value), NULL, 16);
		trace->n = (__u32)i + 1;
	}
}

/* ---- the mapping ---- */

/* One table drives both directions, so that they cannot drift apart. */
static const struct {
	__u32 flag;
	const char *name;
} vma_flags[] = {
	{NISV_VMA_READ, "read"},     {NISV_VMA_WRITE, "write"},	    {NISV_VMA_EXEC, "execute"},
	{NISV_VMA_SHARED, "shared"}, {NISV_VMA_IO, "io"},	    {NISV_VMA_PFNMAP, "pfnmap"},
	{NISV_VMA_FILE, "file"},     {NISV_VMA_REGULAR, "regular"},
};

#define N_FLAGS (sizeof(vma_flags) / sizeof(vma_flags[0]))

static struct json_object *flags_to_json(__u32 flags)
{
	struct json_object *list = json_make_array();

	for (size_t i = 0; i < N_FLAGS; i++)
		if (flags & vma_flags[i].flag)
			json_append(list, json_make_string(vma_flags[i].name));
	return list;
}

static __u32 flags_from_json(struct json_object *list)
{
	__u32 flags = 0;

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));

		for (size_t k = 0; name && k < N_FLAGS; k++)
			if (!strcmp(name, vma_flags[k].name))
				flags |= vma_flags[k].flag;
	}
	return flags;
}

static struct json_object *vma_to_json(const struct nisv_vma *vma)
{
	bool found = vma->state == NISV_VMA_FOUND;
	bool is_file = found && vma->flags & NISV_VMA_FILE;
	struct json_object *object;

	if (vma->state == NISV_VMA_NOT_ASKED)
		return NULL;
	object = json_make_object();
	json_set(object, "state", json_make_string(vma_state_name(vma->state)));
	json_set(object, "address", model_hex(vma->hva));
	json_set(object, "start", found ? model_hex(vma->start) : NULL);
	json_set(object, "end", found ? model_hex(vma->end) : NULL);
	json_set(object, "flags", found ? flags_to_json(vma->flags) : NULL);
	json_set(object, "inode", is_file ? json_make_int((int64_t)vma->ino) : NULL);
	json_set(object, "file_offset", is_file ? model_hex(vma->file_offset) : NULL);
	json_set(object, "file_size",
		 is_file && vma->flags & NISV_VMA_REGULAR ? model_hex(vma->file_size) : NULL);
	return object;
}

static void vma_from_json(struct json_object *object, struct nisv_vma *vma)
{
	vma->state = FROM_NAME(vma_state_name, _NISV_VMA_MAX, json_read_string(object, "state"));
	if (vma->state == NISV_VMA_NOT_ASKED)
		return;
	vma->hva = json_read_hex(object, "address");
	vma->start = json_read_hex(object, "start");
	vma->end = json_read_hex(object, "end");
	vma->flags = flags_from_json(json_read_member(object, "flags", json_type_array));
	vma->ino = (__u64)json_read_int(object, "inode");
	vma->file_offset = json_read_hex(object, "file_offset");
	vma->file_size = json_read_hex(object, "file_size");
}

/* ---- all ---- */

void context_to_json(struct json_object *object, const struct nisv_rec_fault *fault)
{
	json_set(object, "code_mode",
		 fault->code_mode == NISV_CODE_UNKNOWN
			 ? NULL
			 : model_string(code_mode_name(fault->code_mode)));
	json_set(object, "walk", context_walk(&fault->walk));
	json_set(object, "backtrace", backtrace_to_json(&fault->backtrace));
	json_set(object, "mapping", vma_to_json(&fault->vma));
	json_set(object, "code", model_bytes(fault->code, fault->code_len ? NISV_CODE_BYTES : 0));
}

void context_from_json(struct json_object *object, struct nisv_rec_fault *fault)
{
	fault->code_mode =
		FROM_NAME(code_mode_name, _NISV_CODE_MAX, json_read_string(object, "code_mode"));
	walk_from_json(json_read_member(object, "walk", json_type_object), &fault->walk);
	backtrace_from_json(json_read_member(object, "backtrace", json_type_object),
			    &fault->backtrace);
	vma_from_json(json_read_member(object, "mapping", json_type_object), &fault->vma);
	fault->code_len =
		json_read_bytes(object, "code", fault->code, NISV_CODE_BYTES) == NISV_CODE_BYTES
			? NISV_CODE_BYTES
			: 0;
}
