/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN alignof(max_align_t)

/* Capstone 4.0.2 keeps 78,288 bytes for the six sets that insn.c opens. */
#define RESERVE_BYTES (128U << 10)

/* Blocks follow each other, each after its size; the last one is given back at once. */
struct block {
	size_t size;
	alignas(ALIGN) unsigned char bytes[];
};

static alignas(ALIGN) unsigned char reserve[RESERVE_BYTES];
static size_t used;

static struct block *block_of(void *memory)
{
	uintptr_t at = (uintptr_t)memory, from = (uintptr_t)reserve;

	if (at < from || at - from >= sizeof(reserve))
		return NULL;
	return (struct block *)((unsigned char *)memory - offsetof(struct block, bytes));
}

static void *from_reserve(size_t size)
{
	struct block *block = (struct block *)(reserve + used);
	size_t room = sizeof(reserve) - used;

	if (size > room || sizeof(*block) + size + ALIGN > room)
		return NULL;
	block->size = sizeof(*block) + (size + ALIGN - 1) / ALIGN * ALIGN;
	used += block->size;
	return block->bytes;
}

void *insn_memory_alloc(size_t size)
{
	void *memory = malloc(size);

	return memory ? memory : from_reserve(size);
}

void *insn_memory_clear(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (memory || __builtin_mul_overflow(n, size, &size))
		return memory;
	memory = from_reserve(size);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

void *insn_memory_resize(void *old, size_t size)
{
	struct block *block = block_of(old);
	void *memory = block ? insn_memory_alloc(size) : realloc(old, size);

	if (block && memory)
		memcpy(memory, old,
		       size < block->size - sizeof(*block) ? size : block->size - sizeof(*block));
	if (block)
		insn_memory_free(old);
	return memory;
}

void insn_memory_free(void *memory)
{
	struct block *block = block_of(memory);

	if (!block)
		free(memory);
	else if ((unsigned char *)block + block->size == reserve + used)
		used -= block->size;
}
