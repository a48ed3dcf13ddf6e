/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REGLINE_H
#define NISVD_REGLINE_H

/*
 * Registers and addresses that a line of text names: "ESR = 0x0000000096000010", "hsr 0x92000007",
 * "ESR_EL2=0x92000007 ipa 9000000", and dumps: QEMU's "X00=..." (target/arm/cpu.c,
 * aarch64_cpu_dump_state()) and "RAX=... RIP=..." (target/i386/cpu-dump.c), Linux's "x29: ..."
 * (arch/arm64/kernel/process.c, __show_regs()), EDK2's "X0 0x..." (UefiCpuPkg AArch64
 * CpuExceptionHandlerLib.c), U-Boot's "x0 : ..." (arch/arm/lib/interrupts_64.c, show_regs()).
 *
 * A number is hexadecimal. Without 0x it counts only right behind '=', or with eight digits behind
 * ':' or '=' : words such as "far: added" are no values.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMED_VALUES_MAX 12
#define NAMED_VALUE_NAME 16

struct named_value {
	char name[NAMED_VALUE_NAME]; /* "esr", "far", "ipa", "pc", "elr", "x0", "instruction", ...
				      */
	uint64_t value;
	bool decimal; /* of a count or an id rather than a register */
};

/* The values of the line's first @len bytes, in their order; returns how many of @ret were set. */
size_t regline_parse(const char *line, size_t len, struct named_value ret[NAMED_VALUES_MAX]);

/* The value of that name, or NULL. */
const struct named_value *named_value_find(const struct named_value *list, size_t n,
					   const char *name);

/*
 * One to three numbers and nothing else: ESR, FAR, IPA, hexadecimal with 0x or without. Returns how
 * many, 0 for anything else.
 */
size_t regline_bare(const char *line, size_t len, struct named_value ret[3]);

#endif
