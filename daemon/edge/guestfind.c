/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/guestfind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/guest_places.h"

#define TREE_MAGIC   "\xd0\x0d\xfe\xed" /* Devicetree Specification 0.4, 5.2 */
#define SEARCH_BYTES (64ULL << 20)	/* at the beginning and the end of RAM */
#define SEARCH_STEP  4096ULL		/* the least that boot loaders align a tree to */
#define SEARCH_BATCH 1024U
#define TREES_MAX    16U /* that are read in one go */

/* ---- device trees ---- */

struct search {
	struct guestmem *memory;
	unsigned int trees; /* read so far */
	int score;	    /* of @best */
	struct guest_view best;
};

/*
 * A guest can hold several: those of its boot loader, overlays, copies. The one that a kernel was
 * booted with tells of memory and has /chosen.
 */
static int score_of(const struct guest_view *view)
{
	int score = view->has_chosen ? 2 : 0;

	if (view->state != GUEST_FOUND)
		return 0;
	for (size_t i = 0; i < view->n_ranges; i++)
		if (view->ranges[i].kind == GUEST_MEMORY)
			return score + 4;
	return view->cpus ? score + 1 : 0;
}

static int read_tree(struct guestmem *memory, uint64_t ipa, struct guest_view *ret)
{
	uint8_t header[GUEST_TREE_HEADER];
	uint32_t size;
	void *blob;
	int r;

	r = guestmem_read(memory, ipa, header, sizeof(header));
	if (r < 0)
		return r;
	size = guest_tree_size(header, sizeof(header));
	if (!size)
		return -ENODATA;
	/* What follows the part in use is room, and need not even be there. */
	blob = calloc(1, size);
	if (!blob)
		return -ENOMEM;
	r = guestmem_read(memory, ipa, blob, guest_tree_used(header));
	if (r >= 0)
		r = guest_from_tree(blob, size, ret);
	free(blob);
	if (r == 0 || r == -EBADMSG)
		ret->address = ipa;
	return r;
}

/* 0: go on; 1: nothing better can come; or -errno. */
static int take_tree(struct search *search, uint64_t ipa)
{
	struct guest_view view = {0};
	int score, r;

	if (search->trees >= TREES_MAX)
		return 1;
	if (search->best.address == ipa && search->best.state != GUEST_UNREAD)
		return 0;
	r = read_tree(search->memory, ipa, &view);
	if (r == -ENODATA)
		return 0;
	if (r < 0 && r != -EBADMSG)
		return r;
	search->trees++;
	score = score_of(&view);
	if (search->best.state == GUEST_UNREAD || score > search->score) {
		guest_view_clear(&search->best);
		search->best = view;
		search->score = score;
	} else {
		guest_view_clear(&view);
	}
	return search->score == 6;
}

static int try_places(struct search *search, const uint64_t *ipas, size_t n)
{
	uint64_t words[SEARCH_BATCH];
	int r;

	for (size_t at = 0; at < n; at += SEARCH_BATCH) {
		size_t some = n - at < SEARCH_BATCH ? n - at : SEARCH_BATCH;

		r = guestmem_read_words(search->memory, ipas + at, some, words);
		for (size_t i = 0; r == 0 && i < some; i++)
			if (!memcmp(&words[i], TREE_MAGIC, 4))
				r = take_tree(search, ipas[at + i]);
		if (r)
			return r;
	}
	return 0;
}

static int search_range(struct search *search, const struct range *range)
{
	uint64_t ipas[SEARCH_BATCH], bytes = range->end - range->start;
	size_t n = 0;
	int r;

	for (uint64_t at = 0; at < bytes; at += SEARCH_STEP) {
		ipas[n++] = range->start + at;
		if (n < SEARCH_BATCH && bytes - at > SEARCH_STEP)
			continue;
		r = try_places(search, ipas, n);
		if (r)
			return r;
		n = 0;
	}
	return 0;
}

int guestfind_tree(struct guestmem *memory, const struct layout *layout, struct guest_view *ret)
{
	struct search search = {.memory = memory};
	struct range ranges[2];
	uint64_t *places;
	int r;

	places = malloc(GUEST_PLACES_MAX * sizeof(places[0]));
	if (!places)
		return -ENOMEM;
	r = try_places(&search, places, guest_places(layout, places));
	free(places);
	if (r == 0 && !search.score) {
		size_t n = guest_search(layout, SEARCH_BYTES, ranges);

		for (size_t i = 0; r == 0 && i < n; i++)
			r = search_range(&search, &ranges[i]);
	}
	if (r < 0) {
		guest_view_clear(&search.best);
		return r;
	}
	*ret = search.best;
	if (ret->state == GUEST_FOUND && !search.score) {
		/* A piece of a tree, or one of something else: it says nothing of a machine. */
		guest_view_clear(ret);
	}
	if (ret->state == GUEST_UNREAD) {
		ret->state = GUEST_NOT_FOUND;
		snprintf(ret->reason, sizeof(ret->reason),
			 "no device tree where VMMs put one, nor in the first and last %llu MiB of "
			 "RAM",
			 SEARCH_BYTES >> 20);
	}
	return 0;
}

/* ---- x86 ---- */

#define LOW_BYTES     (1U << 20)
#define PAGE_BYTES    4096U
#define BOOT_ALIGN    16U /* Linux arch/x86/boot/main.c: boot_params */
#define HEADER_OFFSET 0x202U
#define PVH_ALIGN     4U

/*
 * Firecracker, Cloud Hypervisor, crosvm and libkrun put boot parameters at 0x7000 and PVH's start
 * information at 0x6000 (their layout.rs: ZERO_PAGE_START, PVH_INFO_START); kvmtool and QEMU load a
 * kernel's real-mode code at 0x10000, which fills in parameters of its own, and firmware does as it
 * likes: all below 1 MiB.
 */
static int read_low_memory(struct guestmem *memory, uint8_t *low, uint32_t at, uint32_t len)
{
	int r = guestmem_read(memory, at, low + at, len);

	if (r != -ENODATA)
		return r;
	if (len == PAGE_BYTES) {
		memset(low + at, 0, len);
		return 0;
	}
	/* Some of it is not there: halves, down to pages. */
	r = read_low_memory(memory, low, at, len / 2);
	return r == 0 ? read_low_memory(memory, low, at + len / 2, len / 2) : r;
}

static int table_by_pvh(struct guestmem *memory, const void *info, struct guest_view *ret)
{
	uint8_t table[PAGE_BYTES];
	uint64_t address;
	uint32_t bytes;
	int r;

	if (!guest_pvh_table(info, GUEST_PVH_INFO, &address, &bytes) || bytes > sizeof(table))
		return -ENODATA;
	r = guestmem_read(memory, address, table, bytes);
	if (r < 0)
		return r;
	r = guest_from_pvh(table, bytes, ret);
	return r == -EBADMSG ? -ENODATA : r;
}

static int find_boot_params(const uint8_t *low, struct guest_view *ret)
{
	for (uint32_t at = 0; at + GUEST_BOOT_PARAMS <= LOW_BYTES; at += BOOT_ALIGN) {
		int r;

		if (memcmp(low + at + HEADER_OFFSET, "HdrS", 4) != 0)
			continue;
		/* The header of a kernel image has the magic, too, and no table. */
		r = guest_from_boot_params(low + at, GUEST_BOOT_PARAMS, ret);
		if (r == -EBADMSG)
			continue;
		ret->address = at;
		return r;
	}
	return -ENODATA;
}

static int find_pvh(struct guestmem *memory, const uint8_t *low, struct guest_view *ret)
{
	for (uint32_t at = 0; at + GUEST_PVH_INFO <= LOW_BYTES; at += PVH_ALIGN) {
		int r = table_by_pvh(memory, low + at, ret);

		if (r == -ENODATA)
			continue;
		ret->address = at;
		return r;
	}
	return -ENODATA;
}

int guestfind_e820(struct guestmem *memory, struct guest_view *ret)
{
	uint8_t *low = malloc(LOW_BYTES);
	int r;

	if (!low)
		return -ENOMEM;
	r = read_low_memory(memory, low, 0, LOW_BYTES);
	if (r == 0)
		r = find_boot_params(low, ret);
	if (r == -ENODATA)
		r = find_pvh(memory, low, ret);
	free(low);
	if (r != -ENODATA)
		return r;
	*ret = (struct guest_view){.state = GUEST_NOT_FOUND};
	snprintf(ret->reason, sizeof(ret->reason),
		 "no boot parameters and no PVH start information below 1 MiB");
	return 0;
}

int guestfind_again(struct guestmem *memory, const struct guest_view *before,
		    struct guest_view *ret)
{
	uint8_t page[GUEST_BOOT_PARAMS];
	struct guest_view view;
	int r;

	if (before->source == GUEST_DEVICE_TREE) {
		r = read_tree(memory, before->address, &view);
	} else {
		r = guestmem_read(memory, before->address, page, sizeof(page));
		if (r == 0)
			r = guest_from_boot_params(page, sizeof(page), &view);
		if (r == -EBADMSG)
			r = table_by_pvh(memory, page, &view);
	}
	if (r == -EBADMSG || r == -ENODATA)
		return -ENOENT;
	if (r < 0)
		return r;
	view.address = before->address;
	*ret = view;
	return 0;
}
