/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/backing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/vmname.h"

static const char *const kind_names[_BACKING_KIND_MAX] = {
	[BACKING_UNKNOWN] = "unknown",	   [BACKING_NONE] = "none",
	[BACKING_ANONYMOUS] = "anonymous", [BACKING_MEMFD] = "memfd",
	[BACKING_HUGETLB] = "hugetlb",	   [BACKING_FILE] = "file",
	[BACKING_VFIO] = "vfio",	   [BACKING_PFNMAP] = "pfnmap",
	[BACKING_MIXED] = "mixed",
};

const char *backing_kind_name(enum backing_kind kind)
{
	return kind < _BACKING_KIND_MAX ? kind_names[kind] : kind_names[BACKING_UNKNOWN];
}

/* ---- the text ------------------------------------------------------------------------------- */

/* What is left of a line. */
struct cursor {
	const char *at, *end;
};

static bool take_number(struct cursor *c, unsigned int base, uint64_t *ret)
{
	const char *begin = c->at;
	uint64_t value = 0;

	for (; c->at < c->end; c->at++) {
		char ch = *c->at;
		unsigned int digit = ch >= '0' && ch <= '9'   ? (unsigned int)(ch - '0')
				     : ch >= 'a' && ch <= 'f' ? (unsigned int)(ch - 'a') + 10
							      : base;

		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return c->at > begin;
}

static bool take(struct cursor *c, char expected)
{
	if (c->at >= c->end || *c->at != expected)
		return false;
	c->at++;
	return true;
}

static void skip_spaces(struct cursor *c)
{
	while (c->at < c->end && *c->at == ' ')
		c->at++;
}

/* "rw-p": each letter or a hyphen, and p or s at the end. */
static bool take_permissions(struct cursor *c, struct vma *vma)
{
	const char *p = c->at;

	if (c->end - p < 4 || (p[3] != 'p' && p[3] != 's'))
		return false;
	vma->readable = p[0] == 'r';
	vma->writable = p[1] == 'w';
	vma->executable = p[2] == 'x';
	vma->shared = p[3] == 's';
	c->at += 4;
	return true;
}

/* fs/proc/task_mmu.c: show_vma_header_prefix(), show_map_vma(). */
static bool read_header(struct cursor c, struct vma *ret)
{
	struct vma vma = {0};
	uint64_t major, minor;

	if (!take_number(&c, 16, &vma.start) || !take(&c, '-') || !take_number(&c, 16, &vma.end) ||
	    !take(&c, ' ') || !take_permissions(&c, &vma) || !take(&c, ' ') ||
	    !take_number(&c, 16, &vma.offset) || !take(&c, ' ') || !take_number(&c, 16, &major) ||
	    !take(&c, ':') || !take_number(&c, 16, &minor) || !take(&c, ' ') ||
	    !take_number(&c, 10, &vma.inode) || vma.start >= vma.end)
		return false;
	skip_spaces(&c);
	/* A line break in a name comes as \012, and stays so: it is printable. */
	vmname_sanitize(vma.path, sizeof(vma.path), c.at, (size_t)(c.end - c.at));
	*ret = vma;
	return true;
}

static bool begins(const struct cursor *c, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(c->end - c->at) >= len && !memcmp(c->at, prefix, len);
}

/* "Name:" and then anything: a line that only smaps has. */
static bool is_detail(const struct cursor *c)
{
	return c->at < c->end && *c->at >= 'A' && *c->at <= 'Z' &&
	       memchr(c->at, ':', (size_t)(c->end - c->at));
}

static void read_flags(struct cursor c, struct vma *vma)
{
	for (skip_spaces(&c); c.end - c.at >= 2; skip_spaces(&c)) {
		vma->is_pfnmap |= begins(&c, "pf");
		vma->is_io |= begins(&c, "io");
		vma->is_hugetlb |= begins(&c, "ht");
		c.at += 2;
	}
}

/* fs/proc/task_mmu.c: show_smap(), show_smap_vma_flags(). */
static void read_detail(struct cursor c, struct vma *vma)
{
	static const char flags[] = "VmFlags:", page[] = "KernelPageSize:";
	uint64_t kib;

	if (begins(&c, flags)) {
		c.at += strlen(flags);
		read_flags(c, vma);
	} else if (begins(&c, page)) {
		c.at += strlen(page);
		skip_spaces(&c);
		if (take_number(&c, 10, &kib) && kib <= UINT32_MAX / 1024)
			vma->page_bytes = (uint32_t)kib * 1024;
	}
}

static int add(struct vmas *vmas, size_t *room, const struct vma *vma)
{
	struct vma *list;
	size_t more;

	if (vmas->n >= VMAS_MAX || (vmas->n && vma->start < vmas->list[vmas->n - 1].end)) {
		vmas->dropped++;
		return 0;
	}
	if (vmas->n == *room) {
		more = *room ? *room * 2 : 64;
		list = reallocarray(vmas->list, more, sizeof(*list));
		if (!list)
			return -ENOMEM;
		vmas->list = list;
		*room = more;
	}
	vmas->list[vmas->n++] = *vma;
	return 0;
}

int vmas_parse(const char *text, size_t len, struct vmas *ret)
{
	const char *at = text, *end = text + len;
	struct vmas vmas = {0};
	bool is_last_kept = false; /* what follows in smaps is about the last one of the list */
	size_t room = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct cursor line = {.at = at, .end = newline ? newline : end};
		size_t n = vmas.n;
		struct vma vma;

		at = newline ? newline + 1 : end;
		if (is_detail(&line)) {
			if (is_last_kept)
				read_detail(line, &vmas.list[vmas.n - 1]);
			continue;
		}
		is_last_kept = false;
		if (!read_header(line, &vma)) {
			vmas.dropped++;
			continue;
		}
		if (add(&vmas, &room, &vma) < 0) {
			vmas_clear(&vmas);
			return -ENOMEM;
		}
		is_last_kept = vmas.n > n;
	}
	*ret = vmas;
	return 0;
}

void vmas_clear(struct vmas *vmas)
{
	free(vmas->list);
	*vmas = (struct vmas){0};
}

/* ---- what is behind a slot ------------------------------------------------------------------ */

/*
 * What a mapping is by its name alone. A device that is not told here by name is memory without
 * struct page to us: that is what must not be read.
 */
static const struct {
	const char *prefix;
	enum backing_kind kind;
} names[] = {
	/* Linux mm/memfd.c, mm/shmem.c: shmem_zero_setup(); ipc/shm.c; mm/madvise.c, named. */
	{"/memfd:", BACKING_MEMFD},
	{"/dev/zero", BACKING_MEMFD},
	{"/dev/shm/", BACKING_MEMFD},
	{"/run/shm/", BACKING_MEMFD},
	{"/SYSV", BACKING_MEMFD},
	{"[anon_shmem:", BACKING_MEMFD},
	{"/anon_hugepage", BACKING_HUGETLB}, /* fs/hugetlbfs/inode.c: HUGETLB_ANON_FILE */
	{"/dev/hugepages", BACKING_HUGETLB}, /* systemd: dev-hugepages.mount */
	{"anon_inode:[vfio", BACKING_VFIO},  /* drivers/vfio/vfio_main.c */
	{"/dev/vfio/", BACKING_VFIO},
	{"anon_inode:", BACKING_PFNMAP},
	{"/dmabuf", BACKING_PFNMAP}, /* drivers/dma-buf/dma-buf.c: GPU buffers */
	{"/dev/", BACKING_PFNMAP},
	{"/", BACKING_FILE},
};

static enum backing_kind kind_of(const struct vma *vma)
{
	enum backing_kind kind = BACKING_ANONYMOUS;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(vma->path, names[i].prefix, strlen(names[i].prefix))) {
			kind = names[i].kind;
			break;
		}
	if (vma->is_hugetlb)
		return BACKING_HUGETLB;
	if (vma->is_pfnmap || vma->is_io)
		return kind == BACKING_VFIO ? kind : BACKING_PFNMAP;
	return kind;
}

bool vma_may_be_device(const struct vma *vma)
{
	enum backing_kind kind = kind_of(vma);

	return kind == BACKING_PFNMAP || kind == BACKING_VFIO;
}

size_t vmas_from(const struct vmas *vmas, uint64_t address)
{
	size_t low = 0, high = vmas->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vmas->list[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_part(struct backing *backing, const struct vma *vma, uint64_t bytes)
{
	enum backing_kind kind = kind_of(vma);

	if (!backing->covered_bytes) {
		backing->kind = kind;
		backing->readable = vma->readable;
		backing->writable = vma->writable;
		backing->shared = vma->shared;
		backing->page_bytes = vma->page_bytes;
		memcpy(backing->path, vma->path, sizeof(backing->path));
	} else {
		if (backing->kind != kind)
			backing->kind = BACKING_MIXED;
		backing->readable &= vma->readable;
		backing->writable &= vma->writable;
		backing->shared &= vma->shared;
		if (backing->page_bytes != vma->page_bytes)
			backing->page_bytes = 0;
	}
	backing->covered_bytes += bytes;
}

void backing_of_slot(const struct vmas *vmas, const struct nisv_slot *slot, struct backing *ret)
{
	struct backing backing = {.slot_id = slot->id, .as_id = slot->as_id, .kind = BACKING_NONE};
	uint64_t end = slot->size <= UINT64_MAX - slot->hva ? slot->hva + slot->size : UINT64_MAX;
	uint64_t at = slot->hva;
	bool has_gap = false;

	for (size_t i = vmas_from(vmas, at); i < vmas->n && vmas->list[i].start < end; i++) {
		const struct vma *vma = &vmas->list[i];
		uint64_t from = vma->start > at ? vma->start : at;
		uint64_t until = vma->end < end ? vma->end : end;

		if (from > at && !has_gap) {
			has_gap = true;
			backing.gap = slot->gpa + (at - slot->hva);
		}
		add_part(&backing, vma, until - from);
		at = until;
	}
	if (!has_gap)
		backing.gap = slot->gpa + (at - slot->hva);
	*ret = backing;
}

/* ---- of all slots --------------------------------------------------------------------------- */

const struct backing *backings_find(const struct backings *backings, const struct nisv_slot *slot)
{
	for (size_t i = 0; i < backings->n; i++)
		if (backings->list[i].slot_id == slot->id && backings->list[i].as_id == slot->as_id)
			return &backings->list[i];
	return NULL;
}

void backings_clear(struct backings *backings)
{
	free(backings->list);
	*backings = (struct backings){0};
}
