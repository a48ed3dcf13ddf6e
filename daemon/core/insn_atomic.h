/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INSN_ATOMIC_H
#define NISVD_INSN_ATOMIC_H

/*
 * The text of the Armv8.1 atomics (FEAT_LSE), which capstone 4 of Debian 12 does not know, and
 * which guests use on device memory by mistake (spinlocks, reference counts).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes the assembly text of @raw into @buf; false, with @buf untouched, if it is none of them. */
bool insn_atomic_text(uint32_t raw, char *buf, size_t size);

#endif
