/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The memory table of an x86 guest, from where its VMM put it for the kernel: in the boot
 * parameters of the Linux boot protocol, or as the memory map of PVH. Both hold entries of E820
 * types.
 */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/guest.h"
#include "daemon/core/guest_internal.h"

/* Linux arch/x86/include/uapi/asm/bootparam.h: struct boot_params and struct setup_header. */
#define ENTRIES_OFFSET	 0x1e8U
#define BOOT_FLAG_OFFSET 0x1feU
#define BOOT_FLAG	 0xaa55U
#define HEADER_OFFSET	 0x202U
#define TABLE_OFFSET	 0x2d0U
#define TABLE_MAX	 128U /* E820_MAX_ENTRIES_ZEROPAGE */
#define BOOT_ENTRY_BYTES 20U  /* struct boot_e820_entry, packed */

/* Xen public/arch-x86/hvm/start_info.h. */
#define PVH_MAGIC	   0x336ec578U
#define PVH_VERSION_OFFSET 4U
#define PVH_TABLE_OFFSET   40U
#define PVH_COUNT_OFFSET   48U
#define PVH_ENTRY_BYTES	   24U

#define TYPE_OFFSET 16U
#define TYPE_RAM    1U

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

/* ACPI Specification 6.5, table 15.3 (address range types). */
static const char *type_name(uint32_t type, char *buf, size_t size)
{
	static const char *const names[] = {
		[TYPE_RAM] = "RAM",	   [2] = "reserved", [3] = "ACPI",
		[4] = "ACPI NVS",	   [5] = "unusable", [6] = "disabled",
		[7] = "persistent memory",
	};

	if (type < sizeof(names) / sizeof(names[0]) && names[type])
		return names[type];
	snprintf(buf, size, "type %u", type);
	return buf;
}

/* @n entries of @stride bytes, each beginning with address, size and type. */
static int read_entries(const uint8_t *table, size_t n, size_t stride, struct guest_view *ret)
{
	bool has_ram = false;
	int r = guest_begin(ret, GUEST_E820);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *entry = table + i * stride;
		uint32_t type = get32(entry + TYPE_OFFSET);
		struct guest_range range = {
			.kind = type == TYPE_RAM ? GUEST_MEMORY : GUEST_RESERVED,
			.base = get64(entry),
			.size = get64(entry + 8),
		};
		char buf[24];

		if (!range.size)
			continue;
		if (range.base + range.size < range.base)
			return guest_bad(ret, "entry %zu of the memory table wraps around", i);
		has_ram |= type == TYPE_RAM;
		guest_add(ret, &range, type_name(type, buf, sizeof(buf)), "");
	}
	if (!has_ram)
		return guest_bad(ret, "the memory table has no RAM");
	ret->bytes = (uint32_t)(n * stride);
	return guest_done(ret);
}

int guest_from_boot_params(const void *page, size_t len, struct guest_view *ret)
{
	const uint8_t *bytes = page;
	uint32_t n;

	*ret = (struct guest_view){.source = GUEST_E820};
	if (len < GUEST_BOOT_PARAMS)
		return guest_bad(ret, "boot parameters cut after %zu bytes", len);
	/* The magic stands in a kernel image's header, too: only a loader fills in a table. */
	if (memcmp(bytes + HEADER_OFFSET, "HdrS", 4) != 0 ||
	    (bytes[BOOT_FLAG_OFFSET] | bytes[BOOT_FLAG_OFFSET + 1] << 8) != BOOT_FLAG)
		return guest_bad(ret, "no boot parameters");
	n = bytes[ENTRIES_OFFSET];
	if (!n || n > TABLE_MAX)
		return guest_bad(ret, "boot parameters with %u memory entries", n);
	return read_entries(bytes + TABLE_OFFSET, n, BOOT_ENTRY_BYTES, ret);
}

bool guest_pvh_table(const void *info, size_t len, uint64_t *ret_address, uint32_t *ret_bytes)
{
	const uint8_t *bytes = info;
	uint32_t n;

	/* The memory map came with version 1. */
	if (len < GUEST_PVH_INFO || get32(bytes) != PVH_MAGIC ||
	    get32(bytes + PVH_VERSION_OFFSET) < 1)
		return false;
	n = get32(bytes + PVH_COUNT_OFFSET);
	if (!n || n > TABLE_MAX)
		return false;
	*ret_address = get64(bytes + PVH_TABLE_OFFSET);
	*ret_bytes = n * PVH_ENTRY_BYTES;
	return true;
}

int guest_from_pvh(const void *table, size_t len, struct guest_view *ret)
{
	*ret = (struct guest_view){.source = GUEST_E820};
	if (len < PVH_ENTRY_BYTES || len > TABLE_MAX * PVH_ENTRY_BYTES)
		return guest_bad(ret, "a memory table of %zu bytes", len);
	return read_entries(table, len / PVH_ENTRY_BYTES, PVH_ENTRY_BYTES, ret);
}
