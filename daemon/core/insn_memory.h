/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_MEMORY_H
#define NISVD_INSN_MEMORY_H

/*
 * Memory for capstone, which does not look whether it got any (cs.c: cs_disasm_iter(), 4.0): where
 * the system has none it comes from a reserve that is large enough for every instruction set.
 */

#include <stddef.h>

void *insn_memory_alloc(size_t size);
void *insn_memory_clear(size_t n, size_t size);
void *insn_memory_resize(void *old, size_t size);
void insn_memory_free(void *memory);

#endif
