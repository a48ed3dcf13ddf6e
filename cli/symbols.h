/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_SYMBOLS_H
#define NISVCTL_SYMBOLS_H

/*
 * The symbols of a guest's kernel, from a System.map (nm(1) -n) or a copy of its /proc/kallsyms:
 * lines of "ADDRESS TYPE NAME" and, of a module's, "[MODULE]" (Linux, kernel/kallsyms.c: s_show()).
 */

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"

#define SYMBOLS_TEXT_MAX 640 /* bytes of what symbols_at() writes, with its end */

struct symbols;

/* An exit status; an error was told. The file is not trusted: its size and its lines are bounded,
 * and its names are printable ASCII. */
int symbols_read(const struct options *options, const char *path, struct symbols **ret);
struct symbols *symbols_free(struct symbols *symbols); /* takes NULL, returns NULL */

const char *symbols_path(const struct symbols *symbols); /* as it was given */

/*
 * How far above its symbols an arm64 kernel runs (KASLR), by the VBAR_EL1 that it runs with. True,
 * with 0 where it runs where they say; false: there is no symbol "vectors", or @vbar is none of the
 * kernel's.
 *
 * Linux sets VBAR_EL1 to vectors, or, against Spectre-BHB, to one of the copies of 2 KiB each at
 * __bp_harden_el1_vectors (arch/arm64/kernel/proton-pack.c: this_cpu_set_vectors()). It runs at an
 * offset that is a multiple of 64 KiB at least (EFI_KIMG_ALIGN, arch/arm64/include/asm/efi.h): the
 * best aligned offset is taken, and none that is not a whole number of pages of 4 KiB.
 */
bool symbols_slide(const struct symbols *symbols, uint64_t vbar, uint64_t *ret);

/*
 * "el1_abort+0x3c" or "probe+0x10 [virtio_mmio]" for @address of a kernel that runs @slide above
 * its symbols, in @buf, which is returned; NULL if no function is there. @is_return: it is where a
 * call comes back to, so the call is what has a name (a function may end with one).
 */
const char *symbols_at(const struct symbols *symbols, uint64_t slide, uint64_t address,
		       bool is_return, char buf[SYMBOLS_TEXT_MAX]);

#endif
