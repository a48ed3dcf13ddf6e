/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backing.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Where memory goes that is unmapped again: the kernel places new mappings from the top down, so
 * nothing else comes to lie in a hole down here.
 */
#define LOW_MEMORY 0x1000000000

const char *const backing_words[N_BACKINGS] = {
	[BACKING_RAM] = "",
	[BACKING_CLOSED] = "nobacking",
	[BACKING_READONLY] = "ro-backing",
	[BACKING_UNMAPPED] = "unmapped",
	[BACKING_TRUNCATED] = "truncated",
};

static void *map(void *where, uint64_t size, int protection, int flags, int fd)
{
	void *memory = mmap(where, size, protection, flags, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void *file_map(uint64_t size)
{
	int fd = memfd_create("truncated", MFD_CLOEXEC);
	void *memory = NULL;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, (off_t)size))
		memory = map(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (memory && ftruncate(fd, getpagesize())) {
		munmap(memory, size);
		memory = NULL;
	}
	close(fd);
	return memory;
}

uint8_t *backing_map(enum backing backing, uint64_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	static uint64_t low = LOW_MEMORY;
	uint8_t *memory;

	switch (backing) {
	case BACKING_CLOSED:
		return map(NULL, size, PROT_NONE, flags, -1);
	case BACKING_READONLY:
		return map(NULL, size, PROT_READ, flags, -1);
	case BACKING_TRUNCATED:
		return file_map(size);
	case BACKING_UNMAPPED:
		memory = map((void *)(uintptr_t)low, size, PROT_NONE, flags | MAP_FIXED_NOREPLACE,
			     -1);
		low += size;
		return memory;
	default:
		return map(NULL, size, PROT_READ | PROT_WRITE, flags, -1);
	}
}

void backing_spoil(enum backing backing, uint8_t *memory, uint64_t size)
{
	if (backing == BACKING_UNMAPPED)
		munmap(memory, size);
}

void backing_unmap(enum backing backing, uint8_t *memory, uint64_t size)
{
	if (backing != BACKING_UNMAPPED)
		munmap(memory, size);
}
