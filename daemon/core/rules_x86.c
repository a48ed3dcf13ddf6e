/* SPDX-License-Identifier: GPL-2.0-or-later */

/* x86: KVM_EXIT_INTERNAL_ERROR, suberror emulation. KVM's emulator met code or data outside memory.
 */

#include <inttypes.h>
#include <string.h>

#include "daemon/core/fault.h"
#include "daemon/core/rules_kit.h"

/* So close above it an address is told as "past the end of RAM". */
#define NEAR_RAM (16ULL << 20)

static bool is_emulation(const struct scene *s)
{
	return s->is_x86 && s->site->kind == NISV_KIND_EMULATION && rule_no_slot(s);
}

/* ---- x86-exec-in-mmio ----------------------------------------------------------------------- */

/* Then the address is that of the code. */
static bool is_fetch(const struct scene *s)
{
	return s->rec && fault_is_failed_fetch(s->rec);
}

/*
 * KVM gives the guest a page fault where its tables do not map the code: the emulator fails without
 * a byte fetched only where they map it to no memslot (kvm_fetch_guest_virt(), X86EMUL_IO_NEEDED).
 */
static double exec_score(const struct scene *s, const char **reason)
{
	if (!is_emulation(s) || !is_fetch(s))
		return 0;
	if (!s->ipa_known) {
		*reason = "the emulator could fetch no instruction; the guest-physical address of "
			  "the code is not known";
		return s->has_linear ? 0.8 : 0.6;
	}
	*reason =
		"the emulator could fetch no instruction, and no memslot holds the code's address";
	return rule_sighted(s, 0.9);
}

static void exec_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where no memory is to run code from");
}

static void exec_where(const struct scene *s, struct text *text)
{
	if (!s->ipa_known) {
		text_add(text, "The guest's page tables map the code to an address outside every "
			       "memslot.");
		return;
	}
	text_add(text, "The code's address is in no memslot: ");
	rule_neighbours(s, text);
	text_add(text, ".");
}

static void exec_how(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text,
		 "KVM emulates accesses outside memory, but it cannot fetch instructions there: "
		 "its emulator gives up.");
}

static const struct advice exec_advice[] = {
	{NULL,
	 "The guest jumped wildly: a NULL or overwritten function pointer, a smashed stack, or "
	 "code that ran off low memory into 0xa0000. The address and RSP are in the record.",
	 "Documentation/virt/kvm/api.rst: KVM_EXIT_INTERNAL_ERROR", REV_LINUX},
	{"qemu",
	 "If it happens at start: check -bios, pflash and the machine type; the reset vector is in "
	 "the last 16 bytes below 4 GiB.",
	 "hw/i386/pc_sysfw.c: pc_system_firmware_init()", REV_QEMU},
	{0},
};

const struct rule rule_x86_exec = {
	.id = "x86-exec-in-mmio",
	.arch = "x86_64",
	.from = RULE_FAULT,
	.what = "The guest ran where no memory is. KVM emulates data accesses outside memory, but "
		"it cannot fetch instructions there.",
	.known_by =
		"KVM's emulator gave up without a byte of the instruction, and no memslot holds "
		"the code's address.",
	.example =
		"vCPU 0 fetched an instruction from 0xa0000, where no memory is to run code from; "
		"KVM left it to the VMM (KVM_EXIT_INTERNAL_ERROR).",
	.score = exec_score,
	.place = exec_place,
	.where = exec_where,
	.how = exec_how,
	.advice = exec_advice,
	.documentation = DOC_KVM_API,
};

/* ---- x86-emulation-failure-mmio ------------------------------------------------------------- */

static double emulation_score(const struct scene *s, const char **reason)
{
	if (!is_emulation(s) || !s->has_insn)
		return 0;
	if (s->no_segment) {
		*reason = "16-bit code, and the base of the operand's segment is not known: it may "
			  "as well be in memory";
		return 0.4;
	}
	if (!s->ipa_known) {
		*reason = "with paging on KVM emulates accesses to memory only where no memory is; "
			  "the guest-physical address is not known";
		return s->has_linear ? 0.6 : 0;
	}
	if (s->is_derived) {
		*reason =
			"the operand's address, computed from the registers with a segment base of "
			"zero (it is not known), is in no memslot";
		return rule_sighted(s, 0.7);
	}
	*reason = "the emulator gave up on an instruction whose operand is in no memslot";
	return rule_sighted(s, 0.85);
}

static void emulation_place(const struct scene *s, struct text *text)
{
	(void)s;
	text_add(text, "where no memory is, with an instruction that KVM cannot emulate");
}

static void emulation_where(const struct scene *s, struct text *text)
{
	if (!s->ipa_known) {
		text_add(text,
			 "The operand's virtual address 0x%" PRIx64
			 " leads outside memory, so KVM must emulate the access.",
			 s->linear);
		return;
	}
	text_add(text,
		 "The operand at 0x%" PRIx64 " is in no memslot, so KVM must emulate the access: ",
		 s->ipa);
	rule_neighbours(s, text);
	text_add(text, ".");
}

static void emulation_how(const struct scene *s, struct text *text)
{
	text_add(text,
		 "KVM's instruction emulator does not know `%s`; it handles plain moves and "
		 "arithmetic, few SSE and at most moves of AVX.",
		 s->insn_text[0] ? s->insn_text : "the instruction");
}

/* Where the machine has nothing a device's driver would not have gone; a window for devices alone
 * is no device. */
static bool is_wrong_address(const struct scene *s)
{
	return rule_is_emulated(s) && !rule_is_device(s) && !s->reserved && !s->device &&
	       rule_is_charted(s);
}

static void emulation_advise(const struct scene *s, struct text *text)
{
	if (!is_wrong_address(s)) {
		rule_advise_instead(s, text);
		return;
	}
	text_add(text, "%s: %s has no device at 0x%" PRIx64,
		 s->region || s->is_derived ? "Probably the address is wrong"
					    : "The address is wrong, by all that is known",
		 rule_machine(s), s->ipa);
	if (s->left_out && !rule_is_window(s->left_out))
		text_add(text, ", the %s that others have there is left out", s->left_out->name);
	else if (s->region)
		text_add(text, ", only a window for devices, in which no access found one");
	if (s->has_ram && s->ipa - s->ram.end < NEAR_RAM)
		text_add(text, ", %s past the end of RAM", words_size(s->ipa - s->ram.end).s);
	text_add(text, ". Find where the pointer comes from first.");
}

static const struct advice emulation_advice[] = {
	{NULL,
	 "Access devices with plain moves (MOV, MOVZX, MOVSX, string moves): readl/writel, "
	 "memcpy_fromio, not memcpy or vector code. KVM's emulator knows few SSE moves and, before "
	 "Linux 7.x, no AVX at all.",
	 "arch/x86/kvm/emulate.c: opcode_table, twobyte_table", REV_LINUX},
	{NULL,
	 "If no device is meant to be there, the pointer is wrong: look up the PC in the guest's "
	 "symbols.",
	 "the operand is in no memslot", REV_NISVD},
	{0},
};

const struct rule rule_x86_emulation = {
	.id = "x86-emulation-failure-mmio",
	.arch = "x86_64",
	.from = RULE_FAULT,
	.what = "The guest accessed what is no memory with an instruction that KVM's emulator does "
		"not know, such as a vector instruction on a device.",
	.known_by =
		"KVM's emulator gave up on an instruction that it had fetched, and the operand's "
		"address is in no memslot.",
	.example =
		"vCPU 0 executed `pxor xmm0, xmmword ptr [rdi]` on 0xfe000000, where no memory is, "
		"with an instruction that KVM cannot emulate.",
	.score = emulation_score,
	.place = emulation_place,
	.where = emulation_where,
	.how = emulation_how,
	.advise = emulation_advise,
	.advice = emulation_advice,
	.documentation = DOC_KVM_API,
};
