/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/faultmap_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT 12
#define CHUNK_MIN  16U

struct faultmap *faultmap_new(void)
{
	return calloc(1, sizeof(struct faultmap));
}

struct faultmap *faultmap_free(struct faultmap *map)
{
	if (!map)
		return NULL;
	for (size_t i = 0; i < map->n_sites; i++)
		free(map->sites[i].detail);
	free(map->sites);
	free(map->places);
	free(map);
	return NULL;
}

int faultmap_grow(void **array, size_t n, size_t size)
{
	void *bigger;

	if (n && (n < CHUNK_MIN || (n & (n - 1))))
		return 0;
	bigger = realloc(*array, (n ? 2 * n : CHUNK_MIN) * size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	return 0;
}

static int site_compare(const struct site *site, uint64_t page, uint32_t kind, uint64_t pc)
{
	if (site->page != page)
		return site->page < page ? -1 : 1;
	if ((uint32_t)site->kind != kind)
		return (uint32_t)site->kind < kind ? -1 : 1;
	if (site->pc != pc)
		return site->pc < pc ? -1 : 1;
	return 0;
}

/* Where the site is (*ret_found) or belongs. */
static size_t site_search(const struct faultmap *map, uint64_t page, uint32_t kind, uint64_t pc,
			  bool *ret_found)
{
	size_t low = 0, high = map->n_sites;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = site_compare(&map->sites[mid], page, kind, pc);

		if (c == 0) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_found = false;
	return low;
}

/* Finds the site or opens it, empty but for its key. */
static int site_get(struct faultmap *map, uint64_t page, uint32_t kind, uint64_t pc,
		    struct site **ret)
{
	struct site *site;
	bool found;
	size_t at;
	int r;

	at = site_search(map, page, kind, pc, &found);
	if (found) {
		*ret = &map->sites[at];
		return 0;
	}
	if (map->n_sites >= FAULTMAP_SITES_MAX) {
		map->dropped_sites++;
		return -ENOSPC;
	}
	r = faultmap_grow((void **)&map->sites, map->n_sites, sizeof(*map->sites));
	if (r < 0)
		return r;
	site = &map->sites[at];
	memmove(site + 1, site, (map->n_sites - at) * sizeof(*site));
	map->n_sites++;
	*site = (struct site){.kind = (enum nisv_kind)kind, .page = page, .pc = pc};
	*ret = site;
	return 1;
}

static bool is_fatal(const struct nisv_rec_fault *rec)
{
	return rec->outcome == NISV_OUTCOME_VM_KILLED;
}

/* Drops the latest detail that is no death; false if all are. */
static bool evict_detail(struct faultmap *map)
{
	struct site *latest = NULL;

	for (size_t i = 0; i < map->n_sites; i++) {
		struct site *site = &map->sites[i];

		if (!site->detail || is_fatal(site->detail))
			continue;
		if (!latest || site->first_ns > latest->first_ns)
			latest = site;
	}
	if (!latest)
		return false;
	free(latest->detail);
	latest->detail = NULL;
	map->n_details--;
	return true;
}

/*
 * The first records are kept: they are what the diagnosis rests on, later ones repeat them. But
 * what killed the VM is never one too many.
 */
static int site_add_detail(struct faultmap *map, struct site *site,
			   const struct nisv_rec_fault *rec)
{
	if (map->n_details >= FAULTMAP_DETAILS_MAX) {
		map->dropped_details++;
		if (!is_fatal(rec) || !evict_detail(map))
			return 0;
	}
	site->detail = malloc(sizeof(*site->detail));
	if (!site->detail)
		return -ENOMEM;
	*site->detail = *rec;
	if (site->detail->insn_len > NISV_INSN_MAX)
		site->detail->insn_len = NISV_INSN_MAX;
	if (site->detail->code_len != NISV_CODE_BYTES)
		site->detail->code_len = 0;
	site->detail->comm[NISV_COMM_LEN - 1] = '\0';
	map->n_details++;
	return 0;
}

/*
 * A fault that caught its memslot in the middle of a change proves what the others of the site only
 * suggest, whichever came first.
 */
static void site_improve_detail(struct site *site, const struct nisv_rec_fault *rec)
{
	struct nisv_rec_fault *kept = site->detail;

	if (!kept || rec->slot.id < 0 || !(rec->slot.flags & NISV_SLOT_INVALID))
		return;
	if (kept->slot.id >= 0 && (kept->slot.flags & NISV_SLOT_INVALID))
		return;
	kept->slot = rec->slot;
	kept->below = rec->below;
	kept->above = rec->above;
	kept->generation = rec->generation;
	kept->layout_state = rec->layout_state;
}

/* What is later known of the same fault; a candidate never undoes what was confirmed. */
static bool site_set_outcome(struct site *site, enum nisv_outcome outcome, int err,
			     uint32_t exit_reason)
{
	if (outcome == NISV_OUTCOME_UNKNOWN)
		return false;
	if (site->outcome == outcome && site->errno_ == err)
		return false;
	site->outcome = outcome;
	site->errno_ = err;
	if (site->detail) {
		site->detail->outcome = outcome;
		site->detail->errno_ = err;
		site->detail->exit_reason = exit_reason;
	}
	return true;
}

int faultmap_record(struct faultmap *map, const struct nisv_rec_fault *rec, struct site **ret_site)
{
	struct site *site;
	bool opened, first, changed;
	int r;

	if (rec->kind >= _NISV_KIND_MAX || rec->outcome >= _NISV_OUTCOME_MAX)
		return -EINVAL;
	r = site_get(map, rec->ipa >> PAGE_SHIFT, rec->kind, rec->pc, &site);
	if (r < 0)
		return r;
	opened = r > 0 || site->count == 0;
	if (opened)
		site->first_ns = rec->hdr.time_ns;
	first = site->first_order == 0;
	if (first) {
		site->ipa = rec->ipa;
		site->far = rec->far;
		site->esr = rec->esr;
		r = site_add_detail(map, site, rec);
		site->first_order = rec->vcpu_order ? rec->vcpu_order : 1;
		if (r < 0)
			return r;
	} else {
		site_improve_detail(site, rec);
		/* Two rings bring the records: an earlier one may come later. */
		if (rec->vcpu_order && rec->vcpu_order < site->first_order)
			site->first_order = rec->vcpu_order;
	}
	if (rec->count > site->count)
		site->count = rec->count;
	else if (opened)
		site->count = 1;
	else if (!rec->count)
		site->count++;
	if (rec->hdr.time_ns >= site->last_ns) {
		site->last_ns = rec->hdr.time_ns;
		site->vcpu_id = rec->vcpu_id;
	}
	changed = site_set_outcome(site, (enum nisv_outcome)rec->outcome, rec->errno_,
				   rec->exit_reason);
	if (ret_site)
		*ret_site = site;
	if (first)
		return 1;
	return changed ? 2 : 0;
}

bool faultmap_has_site(const struct faultmap *map, const struct nisv_site_key *key)
{
	bool found;

	site_search(map, key->page, key->kind, key->pc, &found);
	return found;
}

int faultmap_count_site(struct faultmap *map, const struct nisv_site_key *key,
			const struct nisv_site *value)
{
	struct site *site;
	int r;

	if (key->kind >= _NISV_KIND_MAX || value->outcome >= _NISV_OUTCOME_MAX)
		return -EINVAL;
	r = site_get(map, key->page, key->kind, key->pc, &site);
	if (r < 0)
		return r;
	if (r > 0) {
		site->ipa = value->ipa;
		site->far = value->far;
		site->esr = value->esr;
		site->first_ns = value->first_ns;
	}
	if (value->count > site->count)
		site->count = value->count;
	if (value->answers > site->answers)
		site->answers = value->answers;
	if (value->first_ns < site->first_ns)
		site->first_ns = value->first_ns;
	if (value->last_ns >= site->last_ns) {
		site->last_ns = value->last_ns;
		site->vcpu_id = value->vcpu_id;
		site_set_outcome(site, (enum nisv_outcome)value->outcome, value->errno_,
				 site->detail ? site->detail->exit_reason : 0);
	}
	return 0;
}

static const char *const kind_names[_NISV_KIND_MAX] = {
	[NISV_KIND_NISV] = "nisv",
	[NISV_KIND_EXEC] = "exec",
	[NISV_KIND_WALK] = "walk",
	[NISV_KIND_BEYOND_IPA] = "beyond-ipa",
	[NISV_KIND_BACKING] = "backing",
	[NISV_KIND_EMULATION] = "emulation",
	[NISV_KIND_MEMORY_FAULT] = "memory-fault",
	[NISV_KIND_LDST64B] = "ldst64b",
};

const char *kind_name(enum nisv_kind kind)
{
	if (kind == KIND_MMIO_READ || kind == KIND_MMIO_WRITE)
		return kind == KIND_MMIO_READ ? "mmio-read" : "mmio-write";
	return kind < _NISV_KIND_MAX ? kind_names[kind] : "unknown";
}

static const char *const outcome_names[_NISV_OUTCOME_MAX] = {
	[NISV_OUTCOME_UNKNOWN] = "unknown",
	[NISV_OUTCOME_VM_KILLED] = "vm-killed",
	[NISV_OUTCOME_VMM_DECIDES] = "vmm-decides",
	[NISV_OUTCOME_ABORT_INJECTED] = "abort-injected",
};

const char *outcome_name(enum nisv_outcome outcome)
{
	return outcome < _NISV_OUTCOME_MAX ? outcome_names[outcome] : "unknown";
}

bool site_has_address(const struct site *site)
{
	return site->ipa || site->kind != NISV_KIND_EMULATION;
}

const char *site_vmm_answer(const struct site *site)
{
	return site->answers ? outcome_name(NISV_OUTCOME_ABORT_INJECTED) : NULL;
}
