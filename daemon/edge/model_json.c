/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/model_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/edge/wallclock.h"

/* @name: a literal that @object has not yet: a list of 1,000 VMs has 30,000 members. */
static void set(struct json_object *object, const char *name, struct json_object *value)
{
	json_object_object_add_ex(object, name, value,
				  JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

struct json_object *model_number(uint64_t value)
{
	return json_object_new_int64(value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

struct json_object *model_hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_object_new_string(text);
}

struct json_object *model_bytes(const uint8_t *bytes, size_t n)
{
	char hex[2 * NISV_CODE_BYTES + 1] = "";

	for (size_t i = 0; i < n && i < NISV_CODE_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return model_string(hex);
}

struct json_object *model_time(uint64_t ns)
{
	char iso[WALLCLOCK_ISO_MAX];

	return ns ? json_object_new_string(wallclock_iso(ns, iso)) : NULL;
}

struct json_object *model_string(const char *text)
{
	return text && *text ? json_object_new_string(text) : NULL;
}

/* Two digits are all that a confidence has; more would print as 0.84999999999999998. */
struct json_object *model_confidence(double value)
{
	char text[16];

	snprintf(text, sizeof(text), "%.2f", value);
	return json_object_new_double_s(value, text);
}

struct json_object *model_aborts(const __u64 faults[_NISV_KIND_MAX])
{
	/* Field names of varlink have no hyphens, unlike kind_name(). */
	static const char *const names[_NISV_KIND_MAX] = {
		[NISV_KIND_NISV] = "nisv",
		[NISV_KIND_EXEC] = "exec",
		[NISV_KIND_WALK] = "walk",
		[NISV_KIND_BEYOND_IPA] = "beyond_ipa",
		[NISV_KIND_BACKING] = "backing",
		[NISV_KIND_EMULATION] = "emulation",
		[NISV_KIND_MEMORY_FAULT] = "memory_fault",
		[NISV_KIND_LDST64B] = "ldst64b",
	};
	struct json_object *object = json_object_new_object();

	for (size_t kind = 0; kind < _NISV_KIND_MAX; kind++)
		set(object, names[kind], model_number(faults[kind]));
	return object;
}

struct json_object *model_mmio(const struct nisv_vm_stat *totals, uint64_t per_second)
{
	struct json_object *object = json_object_new_object();

	set(object, "reads", model_number(totals->mmio_reads));
	set(object, "writes", model_number(totals->mmio_writes));
	set(object, "user", model_number(totals->mmio_user));
	set(object, "unplaced", model_number(totals->unplaced_mmio));
	set(object, "per_second", model_number(per_second));
	return object;
}

static struct json_object *arguments(const struct vm *vm)
{
	struct json_object *list = json_object_new_array();
	size_t at = 0;

	while (at < vm->cmdline_len) {
		size_t len = strnlen(vm->cmdline + at, vm->cmdline_len - at);
		/* A byte becomes four at most, as \xNN. */
		char text[4 * NISV_CMDLINE_MAX + 1];

		vmname_sanitize(text, sizeof(text), vm->cmdline + at, len);
		json_object_array_add(list, json_object_new_string(text));
		at += len + 1;
	}
	return list;
}

static struct json_object *worst(const struct vm *vm)
{
	const struct finding *finding = vm_worst(vm);
	struct json_object *object;

	if (!finding)
		return NULL;
	object = json_object_new_object();
	set(object, "severity", json_object_new_string(severity_name(finding->severity)));
	set(object, "cause", json_object_new_string(finding->cause));
	set(object, "confidence", model_confidence(finding->confidence));
	return object;
}

/* A trace does not tell the end of a VM. */
static const char *state(const struct vm *vm)
{
	if (vm->end)
		return "ended";
	return vm->origin == VM_ORIGIN_TRACE ? "traced" : "running";
}

struct json_object *model_vm(const struct vm *vm)
{
	const struct layout *layout = &vm->layout;
	struct json_object *object = json_object_new_object();

	set(object, "id", json_object_new_string(vm->id));
	set(object, "key", json_object_new_string(vm->key));
	set(object, "name", json_object_new_string(vm->name.name));
	set(object, "name_source", json_object_new_string(vm->name.source));
	set(object, "uuid", model_string(vm->name.uuid));
	set(object, "vmm", json_object_new_string(vm->name.vmm));
	set(object, "machine", model_string(vm->machine ? vm->machine->id : NULL));
	set(object, "pid", model_number(vm->tgid));
	set(object, "origin", json_object_new_string(vm_origin_name(vm->origin)));
	set(object, "state", json_object_new_string(state(vm)));
	set(object, "ended", model_time(vm->end ? vm->end_ns : 0));
	set(object, "end_reason", model_string(vm_end_name(vm->end)));
	/* A map that was read before the VMM made its vCPUs does not tell how many there are. */
	set(object, "vcpus", layout->known && layout->vcpus ? model_number(layout->vcpus) : NULL);
	set(object, "ram_bytes", layout->known ? model_number(layout_ram_bytes(layout)) : NULL);
	set(object, "aborts", model_aborts(vm->totals.faults));
	set(object, "mmio", model_mmio(&vm->totals, vm->mmio_per_second));
	set(object, "last_abort", model_time(vm->last_abort_ns));
	set(object, "worst", worst(vm));
	set(object, "since", model_time(vm->first_seen_ns));
	set(object, "cmdline", arguments(vm));
	set(object, "cgroup", model_string(vm->cgroup));
	set(object, "unplaced_aborts", model_number(vm->totals.unplaced_faults));
	set(object, "suppressed", model_number(vm->totals.suppressed));
	set(object, "dropped_details", model_number(vm->faults->dropped_details));
	set(object, "lost_records", model_number(vm->totals.lost_records));
	return object;
}

struct json_object *model_region(const struct region *region)
{
	struct json_object *object = json_object_new_object();

	set(object, "ipa", model_hex(region->start));
	set(object, "size_bytes", model_number(region->end - region->start));
	set(object, "class", json_object_new_string(region_class_name(region->class)));
	set(object, "name", json_object_new_string(region->name));
	set(object, "source", json_object_new_string(region->source));
	set(object, "aborts", model_number(region->aborts));
	set(object, "mmio", model_number(region->mmio));
	return object;
}

static struct json_object *instruction(const struct nisv_rec_fault *fault, const char *arch)
{
	return fault ? model_string(fault_insn(fault, arch).text) : NULL;
}

struct json_object *model_site(const struct site *site, const char *arch)
{
	struct json_object *object = json_object_new_object();

	set(object, "kind", json_object_new_string(kind_name(site->kind)));
	set(object, "ipa", site_has_address(site) ? model_hex(site->ipa) : NULL);
	set(object, "far", site->far ? model_hex(site->far) : NULL);
	set(object, "pc", model_hex(site->pc));
	set(object, "esr", site->esr ? model_hex(site->esr) : NULL);
	set(object, "instruction", instruction(site->detail, arch));
	set(object, "vcpu", model_number(site->vcpu_id));
	set(object, "count", model_number(site->count));
	set(object, "first", model_time(site->first_ns));
	set(object, "last", model_time(site->last_ns));
	set(object, "outcome", json_object_new_string(outcome_name(site->outcome)));
	set(object, "errno", site->errno_ ? json_object_new_int(site->errno_) : NULL);
	set(object, "vmm_answer", model_string(site_vmm_answer(site)));
	set(object, "vmm_answers", site->answers ? model_number(site->answers) : NULL);
	set(object, "user", NULL);
	set(object, "busy_since", NULL);
	set(object, "busy_until", NULL);
	set(object, "busy_per_second", NULL);
	return object;
}

struct json_object *model_place(const struct place *place)
{
	struct json_object *object = json_object_new_object();
	bool is_storm = place_is_storm(place);

	set(object, "kind", json_object_new_string(place->is_write ? "mmio-write" : "mmio-read"));
	set(object, "ipa", model_hex(place->ipa));
	set(object, "far", NULL);
	set(object, "pc", NULL);
	set(object, "esr", NULL);
	set(object, "instruction", NULL);
	set(object, "vcpu", NULL);
	set(object, "count", model_number(place->count));
	set(object, "first", model_time(place->first_ns));
	set(object, "last", model_time(place->last_ns));
	set(object, "outcome", json_object_new_string("emulated"));
	set(object, "errno", NULL);
	set(object, "vmm_answer", NULL);
	set(object, "vmm_answers", NULL);
	set(object, "user", model_number(place->user));
	set(object, "busy_since", is_storm ? model_time(place->busy_since_ns) : NULL);
	set(object, "busy_until", is_storm ? model_time(place->busy_until_ns) : NULL);
	set(object, "busy_per_second", is_storm ? model_number(place->busy_per_second) : NULL);
	return object;
}
