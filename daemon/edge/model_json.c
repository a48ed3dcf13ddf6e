/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/model_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/words.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/wallclock.h"

struct json_object *model_number(uint64_t value)
{
	return json_make_int(value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

struct json_object *model_hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_make_string(text);
}

struct json_object *model_bytes(const uint8_t *bytes, size_t n)
{
	char hex[2 * NISV_CODE_BYTES + 1];

	words_hex(hex, bytes, n < NISV_CODE_BYTES ? n : NISV_CODE_BYTES);
	return model_string(hex);
}

struct json_object *model_time(uint64_t ns)
{
	char iso[WALLCLOCK_ISO_MAX];

	return ns ? json_make_string(wallclock_iso(ns, iso)) : NULL;
}

struct json_object *model_string(const char *text)
{
	return text && *text ? json_make_string(text) : NULL;
}

/* Two digits are all that a confidence has; more would print as 0.84999999999999998. */
struct json_object *model_confidence(double value)
{
	char text[16];

	snprintf(text, sizeof(text), "%.2f", value);
	return json_make_real(value, text);
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
	struct json_object *object = json_make_object();

	for (size_t kind = 0; kind < _NISV_KIND_MAX; kind++)
		json_set(object, names[kind], model_number(faults[kind]));
	return object;
}

struct json_object *model_mmio(const struct nisv_vm_stat *totals, uint64_t per_second)
{
	struct json_object *object = json_make_object();

	json_set(object, "reads", model_number(totals->mmio_reads));
	json_set(object, "writes", model_number(totals->mmio_writes));
	json_set(object, "user", model_number(totals->mmio_user));
	json_set(object, "unplaced", model_number(totals->unplaced_mmio));
	json_set(object, "per_second", model_number(per_second));
	return object;
}

static struct json_object *arguments(const struct vm *vm)
{
	struct json_object *list = json_make_array();
	size_t at = 0;

	while (at < vm->cmdline_len) {
		size_t len = strnlen(vm->cmdline + at, vm->cmdline_len - at);
		/* A byte becomes four at most, as \xNN. */
		char text[4 * NISV_CMDLINE_MAX + 1];

		vmname_sanitize(text, sizeof(text), vm->cmdline + at, len);
		json_append(list, json_make_string(text));
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
	object = json_make_object();
	json_set(object, "severity", json_make_string(severity_name(finding->severity)));
	json_set(object, "cause", json_make_string(finding->cause));
	json_set(object, "confidence", model_confidence(finding->confidence));
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
	struct json_object *object = json_make_object();

	json_set(object, "id", json_make_string(vm->id));
	json_set(object, "key", json_make_string(vm->key));
	json_set(object, "name", json_make_string(vm->name.name));
	json_set(object, "name_source", json_make_string(vm->name.source));
	json_set(object, "uuid", model_string(vm->name.uuid));
	json_set(object, "vmm", json_make_string(vm->name.vmm));
	json_set(object, "machine", model_string(vm->machine ? vm->machine->id : NULL));
	json_set(object, "pid", model_number(vm->tgid));
	json_set(object, "origin", json_make_string(vm_origin_name(vm->origin)));
	json_set(object, "state", json_make_string(state(vm)));
	json_set(object, "ended", model_time(vm->end ? vm->end_ns : 0));
	json_set(object, "end_reason", model_string(vm_end_name(vm->end)));
	/* A map that was read before the VMM made its vCPUs does not tell how many there are. */
	json_set(object, "vcpus",
		 layout->known && layout->vcpus ? model_number(layout->vcpus) : NULL);
	json_set(object, "ram_bytes",
		 layout->known ? model_number(layout_ram_bytes(layout)) : NULL);
	json_set(object, "aborts", model_aborts(vm->totals.faults));
	json_set(object, "mmio", model_mmio(&vm->totals, vm->mmio_per_second));
	json_set(object, "last_abort", model_time(vm->last_abort_ns));
	json_set(object, "worst", worst(vm));
	json_set(object, "since", model_time(vm->first_seen_ns));
	json_set(object, "cmdline", arguments(vm));
	json_set(object, "cgroup", model_string(vm->cgroup));
	json_set(object, "unplaced_aborts", model_number(vm->totals.unplaced_faults));
	json_set(object, "suppressed", model_number(vm->totals.suppressed));
	json_set(object, "dropped_details", model_number(vm->faults->dropped_details));
	json_set(object, "lost_records", model_number(vm->totals.lost_records));
	return object;
}

struct json_object *model_region(const struct region *region)
{
	struct json_object *object = json_make_object();

	json_set(object, "ipa", model_hex(region->start));
	json_set(object, "size_bytes", model_number(region->end - region->start));
	json_set(object, "class", json_make_string(region_class_name(region->class)));
	json_set(object, "name", json_make_string(region->name));
	json_set(object, "source", json_make_string(region->source));
	json_set(object, "aborts", model_number(region->aborts));
	json_set(object, "mmio", model_number(region->mmio));
	return object;
}

static struct json_object *instruction(const struct nisv_rec_fault *fault, const char *arch)
{
	return fault ? model_string(fault_insn(fault, arch).text) : NULL;
}

struct json_object *model_site(const struct site *site, const char *arch)
{
	struct json_object *object = json_make_object();

	json_set(object, "kind", json_make_string(kind_name(site->kind)));
	json_set(object, "ipa", site_has_address(site) ? model_hex(site->ipa) : NULL);
	json_set(object, "far", site->far ? model_hex(site->far) : NULL);
	json_set(object, "pc", model_hex(site->pc));
	json_set(object, "esr", site->esr ? model_hex(site->esr) : NULL);
	json_set(object, "instruction", instruction(site->detail, arch));
	json_set(object, "vcpu", model_number(site->vcpu_id));
	json_set(object, "count", model_number(site->count));
	json_set(object, "first", model_time(site->first_ns));
	json_set(object, "last", model_time(site->last_ns));
	json_set(object, "outcome", json_make_string(outcome_name(site->outcome)));
	json_set(object, "errno", site->errno_ ? json_make_int(site->errno_) : NULL);
	json_set(object, "vmm_answer", model_string(site_vmm_answer(site)));
	json_set(object, "vmm_answers", site->answers ? model_number(site->answers) : NULL);
	json_set(object, "user", NULL);
	json_set(object, "busy_since", NULL);
	json_set(object, "busy_until", NULL);
	json_set(object, "busy_per_second", NULL);
	return object;
}

struct json_object *model_place(const struct place *place)
{
	struct json_object *object = json_make_object();
	bool is_storm = place_is_storm(place);

	json_set(object, "kind", json_make_string(place->is_write ? "mmio-write" : "mmio-read"));
	json_set(object, "ipa", model_hex(place->ipa));
	json_set(object, "far", NULL);
	json_set(object, "pc", NULL);
	json_set(object, "esr", NULL);
	json_set(object, "instruction", NULL);
	json_set(object, "vcpu", NULL);
	json_set(object, "count", model_number(place->count));
	json_set(object, "first", model_time(place->first_ns));
	json_set(object, "last", model_time(place->last_ns));
	json_set(object, "outcome", json_make_string("emulated"));
	json_set(object, "errno", NULL);
	json_set(object, "vmm_answer", NULL);
	json_set(object, "vmm_answers", NULL);
	json_set(object, "user", model_number(place->user));
	json_set(object, "busy_since", is_storm ? model_time(place->busy_since_ns) : NULL);
	json_set(object, "busy_until", is_storm ? model_time(place->busy_until_ns) : NULL);
	json_set(object, "busy_per_second", is_storm ? model_number(place->busy_per_second) : NULL);
	return object;
}
