/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction of a fault record: fault_insn(), fault_registers(), insn_address(),
 * insn_agrees(). The first byte of an input chooses the host, the second one how many bytes of the
 * instruction are known; those, PSTATE, the control registers, FAR and the general registers
 * follow.
 */
#include "daemon/core/fault.h"
#include "fuzz.h"

static void class_must_hold(const struct insn *insn)
{
	bool is_x86 = insn->isa >= ISA_X86_16;

	MUST(insn->class < _INSN_CLASS_MAX && insn->isa < _ISA_MAX);
	MUST(insn->n_bytes <= INSN_BYTES_MAX && insn->length <= INSN_BYTES_MAX);
	MUST(!insn->length || insn->n_bytes <= insn->length);
	MUST(insn->base_reg >= INSN_REG_NONE && insn->base_reg <= INSN_REG_SP);
	MUST(insn->n_addresses <= INSN_ADDRESSES_MAX);
	MUST(!(insn->isv_possible && is_x86) && !(insn->is_emulated && !is_x86));
	MUST(insn->class == INSN_UNKNOWN || (insn->length && insn->n_bytes == insn->length));
	if (insn->class == INSN_UNKNOWN || insn->class == INSN_OTHER)
		MUST(!insn->is_load && !insn->is_store && !insn->n_addresses);
	if (insn->isv_possible)
		MUST(!insn_class_why(insn->class) && insn->is_load != insn->is_store);
}

/* Registers that give an address agree with that address, and with its last byte. */
static void addresses_must_hold(const struct insn *insn, const struct insn_registers *registers,
				uint64_t far)
{
	MUST(insn->n_addresses || insn_agrees(insn, registers, far) == INSN_CANNOT_TELL);
	for (unsigned int i = 0; i < insn->n_addresses; i++) {
		const struct insn_address *a = &insn->addresses[i];
		uint64_t address;

		MUST(a->bits == 16 || a->bits == 32 || a->bits == 64);
		MUST(a->align && !(a->align & (a->align - 1)));
		MUST(a->reach >= insn->access_bytes || insn->isa >= ISA_X86_16);
		if (!insn_address(insn, i, registers, &address))
			continue;
		MUST(a->bits == 64 || address >> a->bits == 0);
		if (!a->reach || a->count != INSN_REG_NONE)
			continue;
		MUST(insn_agrees(insn, registers, address) == INSN_AGREES);
		MUST(insn_agrees(insn, registers, address + a->reach - 1) == INSN_AGREES);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	const char *arch = input_byte(&input) & 1 ? "x86_64" : "arm64";
	struct nisv_rec_fault fault = {
		.insn_state = NISV_INSN_OK,
		.insn_len = input_byte(&input) % (NISV_INSN_MAX + 2),
		.sysregs_state = NISV_SYSREGS_CURRENT,
	};
	struct insn_registers registers;
	struct insn insn, class;

	input_take(&input, fault.insn, sizeof(fault.insn));
	input_take(&input, &fault.pstate, sizeof(fault.pstate));
	input_take(&input, &fault.sys, sizeof(fault.sys));
	input_take(&input, &fault.far, sizeof(fault.far));
	input_take(&input, &fault.pc, sizeof(fault.pc));
	input_take(&input, fault.gpr, sizeof(fault.gpr));

	insn = fault_insn(&fault, arch);
	must_be_printable(insn.text, sizeof(insn.text));
	MUST(!insn.text[0] == !insn.n_bytes);
	class_must_hold(&insn);
	class = fault_insn_class(&fault, arch);
	MUST(class.class == insn.class && class.length == insn.length && !class.text[0]);
	if (fault_registers(&fault, arch, &registers))
		addresses_must_hold(&insn, &registers, fault.far);
	return 0;
}
