/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SYNDROME_H
#define NISVD_SYNDROME_H

/*
 * ESR_EL2 in fields and words. Arm ARM DDI 0487, D24.2 "ESR_ELx" (ISS encodings for Data Abort and
 * Instruction Abort); cross-checked with arch/arm64/include/asm/esr.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNDROME_EC_IABT_LOWER 0x20U
#define SYNDROME_EC_IABT_SAME  0x21U
#define SYNDROME_EC_DABT_LOWER 0x24U
#define SYNDROME_EC_DABT_SAME  0x25U

struct syndrome {
	uint32_t ec;
	bool is_abort; /* EC is one of the four above; the fields below are then meaningful */
	bool is_iabt;
	bool il, isv, sse, sf, ar, fnp, vncr, fnv, ea, cm, s1ptw, wnr;
	uint32_t sas_bytes; /* 1, 2, 4, 8; 0 without ISV */
	uint32_t srt;	    /* register number, 31 is xzr; valid with isv */
	uint32_t set_lst;   /* ISS[12:11] */
	uint32_t fsc;	    /* 6 bits */
	int level;	    /* of a translation-like fault: -2..3; -128 none */
	uint32_t iss2;	    /* ESR[55:32] */
};

struct syndrome_field {
	const char *name; /* "ISV" */
	char value[24];	  /* "0", "0x24" */
	char meaning[120];
};

#define SYNDROME_FIELDS_MAX 24

struct syndrome syndrome_decode(uint64_t esr);

/* "Data Abort from a lower Exception level", ... of an EC; "reserved" for those the Arm ARM
 * reserves. */
const char *syndrome_ec_name(uint32_t ec);

/* "translation fault, level 1", ... ; @buf is returned. */
const char *syndrome_fsc_name(uint32_t fsc, char *buf, size_t size);

/* All fields that apply, with what they mean. Returns how many of @fields (SYNDROME_FIELDS_MAX)
 * were set. */
size_t syndrome_fields(uint64_t esr, struct syndrome_field *fields);

/* One sentence about the access; @buf is returned. */
const char *syndrome_summary(uint64_t esr, char *buf, size_t size);

#endif
