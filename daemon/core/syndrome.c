/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/syndrome.h"

#include <inttypes.h>
#include <stdio.h>

/* Bit positions: Arm ARM DDI 0487, "ESR_ELx" and "ISS encoding for an exception from a Data Abort".
 */
#define ESR_EC_SHIFT 26
#define ESR_IL	     (1U << 25)
#define ISS_ISV	     (1U << 24)
#define ISS_SSE	     (1U << 21)
#define ISS_SF	     (1U << 15) /* ISV = 1; FnP when ISV = 0 */
#define ISS_AR	     (1U << 14)
#define ISS_VNCR     (1U << 13)
#define ISS_FNV	     (1U << 10)
#define ISS_EA	     (1U << 9)
#define ISS_CM	     (1U << 8)
#define ISS_S1PTW    (1U << 7)
#define ISS_WNR	     (1U << 6)
#define ISS2_MASK    0xffffffU

#define FSC_SEA 0x10U

/* Names of the exception classes: Arm ARM "ESR_ELx", EC; arch/arm64/include/asm/esr.h. */
static const char *const ec_names[64] = {
	[0x00] = "Unknown reason",
	[0x01] = "Trapped WFI or WFE",
	[0x03] = "Trapped MCR or MRC access (coproc 15)",
	[0x04] = "Trapped MCRR or MRRC access (coproc 15)",
	[0x05] = "Trapped MCR or MRC access (coproc 14)",
	[0x06] = "Trapped LDC or STC access",
	[0x07] = "Trapped SVE, SIMD or floating-point access",
	[0x08] = "Trapped VMRS access",
	[0x09] = "Trapped pointer authentication instruction",
	[0x0a] = "Trapped LD64B or ST64B instruction",
	[0x0c] = "Trapped MRRC access (coproc 14)",
	[0x0d] = "Branch Target exception",
	[0x0e] = "Illegal Execution state",
	[0x11] = "SVC instruction (AArch32)",
	[0x12] = "HVC instruction (AArch32)",
	[0x13] = "SMC instruction (AArch32)",
	[0x14] = "Trapped MSRR, MRRS or 128-bit system instruction",
	[0x15] = "SVC instruction (AArch64)",
	[0x16] = "HVC instruction (AArch64)",
	[0x17] = "SMC instruction (AArch64)",
	[0x18] = "Trapped MSR, MRS or system instruction",
	[0x19] = "Trapped SVE access",
	[0x1a] = "Trapped ERET, ERETAA or ERETAB",
	[0x1b] = "TSTART access",
	[0x1c] = "Pointer authentication failure",
	[0x1d] = "Trapped SME access",
	[0x20] = "Instruction Abort from a lower Exception level",
	[0x21] = "Instruction Abort from the current Exception level",
	[0x22] = "PC alignment fault",
	[0x24] = "Data Abort from a lower Exception level",
	[0x25] = "Data Abort from the current Exception level",
	[0x26] = "SP alignment fault",
	[0x27] = "Memory Copy or Memory Set exception",
	[0x28] = "Trapped floating-point exception (AArch32)",
	[0x2c] = "Trapped floating-point exception (AArch64)",
	[0x2d] = "Guarded Control Stack exception",
	[0x2f] = "SError exception",
	[0x30] = "Breakpoint from a lower Exception level",
	[0x31] = "Breakpoint from the current Exception level",
	[0x32] = "Software Step from a lower Exception level",
	[0x33] = "Software Step from the current Exception level",
	[0x34] = "Watchpoint from a lower Exception level",
	[0x35] = "Watchpoint from the current Exception level",
	[0x38] = "BKPT instruction (AArch32)",
	[0x3a] = "Vector Catch exception (AArch32)",
	[0x3c] = "BRK instruction (AArch64)",
	[0x3d] = "Profiling exception",
};

const char *syndrome_ec_name(uint32_t ec)
{
	return ec < 64 && ec_names[ec] ? ec_names[ec] : "reserved";
}

#define LEVEL_NONE (-128)

/* Fault status codes by value: text, and the level the text ends with. */
struct fsc_row {
	uint8_t first, last; /* consecutive codes are consecutive levels */
	int8_t level;	     /* of the first, LEVEL_NONE: none */
	const char *text;
};

/* Arm ARM DDI 0487, ISS encoding for a Data Abort, DFSC (IFSC is a subset). */
static const struct fsc_row fsc_rows[] = {
	{0x00, 0x03, 0, "address size fault"},
	{0x04, 0x07, 0, "translation fault"},
	{0x08, 0x0b, 0, "access flag fault"},
	{0x0c, 0x0f, 0, "permission fault"},
	{0x10, 0x10, LEVEL_NONE, "synchronous external abort"},
	{0x11, 0x11, LEVEL_NONE, "tag check fault"},
	{0x12, 0x13, -2, "synchronous external abort on a table walk"},
	{0x14, 0x17, 0, "synchronous external abort on a table walk"},
	{0x18, 0x18, LEVEL_NONE, "parity or ECC error"},
	{0x1b, 0x1f, -1, "parity or ECC error on a table walk"},
	{0x21, 0x21, LEVEL_NONE, "alignment fault"},
	{0x22, 0x27, -2, "granule protection fault on a table walk"},
	{0x28, 0x28, LEVEL_NONE, "granule protection fault"},
	{0x29, 0x29, -1, "address size fault"},
	{0x2a, 0x2b, -2, "translation fault"},
	{0x2c, 0x2c, -2, "address size fault"},
	{0x30, 0x30, LEVEL_NONE, "TLB conflict abort"},
	{0x31, 0x31, LEVEL_NONE, "unsupported atomic hardware update"},
	{0x34, 0x34, LEVEL_NONE, "lockdown"},
	{0x35, 0x35, LEVEL_NONE, "unsupported exclusive or atomic access"},
};

static const struct fsc_row *fsc_find(uint32_t fsc)
{
	for (size_t i = 0; i < sizeof(fsc_rows) / sizeof(fsc_rows[0]); i++)
		if (fsc >= fsc_rows[i].first && fsc <= fsc_rows[i].last)
			return &fsc_rows[i];
	return NULL;
}

static int fsc_level(uint32_t fsc)
{
	const struct fsc_row *row = fsc_find(fsc);

	return row && row->level != LEVEL_NONE ? row->level + (int)(fsc - row->first) : LEVEL_NONE;
}

const char *syndrome_fsc_name(uint32_t fsc, char *buf, size_t size)
{
	const struct fsc_row *row = fsc_find(fsc);

	if (!row)
		snprintf(buf, size, "reserved fault status 0x%02x", fsc);
	else if (row->level == LEVEL_NONE)
		snprintf(buf, size, "%s", row->text);
	else
		snprintf(buf, size, "%s, level %d", row->text, fsc_level(fsc));
	return buf;
}

struct syndrome syndrome_decode(uint64_t esr)
{
	uint32_t iss = (uint32_t)esr;
	struct syndrome s = {.ec = (iss >> ESR_EC_SHIFT) & 0x3f, .level = LEVEL_NONE};

	s.il = iss & ESR_IL;
	s.iss2 = (uint32_t)(esr >> 32) & ISS2_MASK;
	s.is_iabt = s.ec == SYNDROME_EC_IABT_LOWER || s.ec == SYNDROME_EC_IABT_SAME;
	s.is_abort = s.is_iabt || s.ec == SYNDROME_EC_DABT_LOWER || s.ec == SYNDROME_EC_DABT_SAME;
	if (!s.is_abort)
		return s;

	s.fsc = iss & 0x3f;
	s.level = fsc_level(s.fsc);
	s.s1ptw = iss & ISS_S1PTW;
	s.ea = iss & ISS_EA;
	s.fnv = s.fsc == FSC_SEA && (iss & ISS_FNV);
	s.set_lst = (iss >> 11) & 3;
	if (s.is_iabt)
		return s;

	s.wnr = iss & ISS_WNR;
	s.cm = iss & ISS_CM;
	s.vncr = iss & ISS_VNCR;
	s.isv = iss & ISS_ISV;
	if (s.isv) {
		s.sas_bytes = 1U << ((iss >> 22) & 3);
		s.sse = iss & ISS_SSE;
		s.srt = (iss >> 16) & 0x1f;
		s.sf = iss & ISS_SF;
		s.ar = iss & ISS_AR;
	} else {
		s.fnp = iss & ISS_SF;
	}
	return s;
}

struct field_list {
	struct syndrome_field *fields;
	size_t n;
};

static void field_put(struct field_list *list, const char *name, const char *value,
		      const char *meaning)
{
	struct syndrome_field *field = &list->fields[list->n++];

	field->name = name;
	snprintf(field->value, sizeof(field->value), "%s", value);
	snprintf(field->meaning, sizeof(field->meaning), "%s", meaning);
}

static void field_put_bit(struct field_list *list, const char *name, bool value, const char *if_set,
			  const char *if_clear)
{
	field_put(list, name, value ? "1" : "0", value ? if_set : if_clear);
}

static void field_put_hex(struct field_list *list, const char *name, uint32_t value, int digits,
			  const char *meaning)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%0*" PRIx32, digits, value);
	field_put(list, name, text, meaning);
}

/* The part of a Data Abort's ISS that describes the access, or says that nothing does. */
static void fields_access(struct field_list *list, const struct syndrome *s)
{
	char text[64];

	field_put_bit(list, "ISV", s->isv, "the access is described: size, register and direction",
		      "the CPU does not describe the access to the hypervisor");
	if (!s->isv) {
		field_put_bit(list, "FnP", s->fnp, "FAR is not precise to the byte",
			      "FAR is precise");
		return;
	}
	snprintf(text, sizeof(text), "access of %" PRIu32 " byte%s", s->sas_bytes,
		 s->sas_bytes == 1 ? "" : "s");
	field_put_hex(list, "SAS", s->sas_bytes == 8 ? 3 : s->sas_bytes / 2, 1, text);
	field_put_bit(list, "SSE", s->sse, "the value is sign-extended",
		      "the value is not sign-extended");
	if (s->srt == 31)
		snprintf(text, sizeof(text), "zero register");
	else
		snprintf(text, sizeof(text), "register x%" PRIu32, s->srt);
	field_put_hex(list, "SRT", s->srt, 2, text);
	field_put_bit(list, "SF", s->sf, "64-bit register", "32-bit register");
	field_put_bit(list, "AR", s->ar, "acquire or release", "no acquire or release");
}

static void fields_abort(struct field_list *list, const struct syndrome *s)
{
	static const char *const set_text[4] = {"recoverable state", "reserved", "uncontainable",
						"restartable state"};
	static const char *const lst_text[4] = {"not a 64-byte access", "ST64BV", "LD64B or ST64B",
						"ST64BV0"};
	char text[64];

	if (!s->is_iabt)
		fields_access(list, s);
	if (!s->is_iabt && s->vncr)
		field_put(list, "VNCR", "1", "access through VNCR_EL2");
	if (s->isv && s->set_lst)
		field_put_hex(list, "LST", s->set_lst, 1, lst_text[s->set_lst]);
	if (s->fsc == FSC_SEA) {
		field_put_hex(list, "SET", s->set_lst, 1, set_text[s->set_lst]);
		field_put_bit(list, "FnV", s->fnv, "FAR is not valid", "FAR is valid");
	}
	field_put_bit(list, "EA", s->ea, "external abort type bit set", "no external abort type");
	if (!s->is_iabt)
		field_put_bit(list, "CM", s->cm, "cache maintenance or address translation",
			      "not a cache maintenance instruction");
	field_put_bit(list, "S1PTW", s->s1ptw,
		      "stage-2 fault on a stage-1 table walk: IPA is a table's address",
		      "fault on the access itself, not on a table walk");
	if (!s->is_iabt)
		field_put_bit(list, "WnR", s->wnr, "write", "read");
	field_put_hex(list, s->is_iabt ? "IFSC" : "DFSC", s->fsc, 2,
		      syndrome_fsc_name(s->fsc, text, sizeof(text)));
}

size_t syndrome_fields(uint64_t esr, struct syndrome_field *fields)
{
	struct syndrome s = syndrome_decode(esr);
	struct field_list list = {.fields = fields};

	field_put_hex(&list, "EC", s.ec, 2, syndrome_ec_name(s.ec));
	field_put_bit(&list, "IL", s.il, "32-bit instruction (always 1 without ISV)",
		      "16-bit instruction");
	if (s.is_abort)
		fields_abort(&list, &s);
	else
		field_put_hex(&list, "ISS", (uint32_t)esr & 0x1ffffff, 7,
			      "specific to this exception class");
	if (s.iss2)
		field_put_hex(&list, "ISS2", s.iss2, 6, "syndrome bits 55:32");
	return list.n;
}

const char *syndrome_summary(uint64_t esr, char *buf, size_t size)
{
	struct syndrome s = syndrome_decode(esr);
	char fault[64];

	if (!s.is_abort) {
		snprintf(buf, size, "%s", syndrome_ec_name(s.ec));
		return buf;
	}
	syndrome_fsc_name(s.fsc, fault, sizeof(fault));
	if (s.is_iabt)
		snprintf(buf, size, "%s: instruction fetch%s, %s", syndrome_ec_name(s.ec),
			 s.s1ptw ? ", on a stage-1 table walk" : "", fault);
	else if (s.isv)
		snprintf(buf, size,
			 "%s: %s of %" PRIu32 " byte%s %s %c%" PRIu32 ", described (ISV=1), %s",
			 syndrome_ec_name(s.ec), s.wnr ? "write" : "read", s.sas_bytes,
			 s.sas_bytes == 1 ? "" : "s", s.wnr ? "from" : "into", s.sf ? 'x' : 'w',
			 s.srt, fault);
	else
		snprintf(buf, size, "%s: %s, not described (ISV=0)%s, %s", syndrome_ec_name(s.ec),
			 s.cm	 ? "cache maintenance"
			 : s.wnr ? "write"
				 : "read",
			 s.s1ptw ? ", on a stage-1 table walk" : "", fault);
	return buf;
}
