/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/insn_kit.h"

void insn_set_access(struct insn *insn, enum insn_class class, bool is_load, bool is_store,
		     uint32_t bytes)
{
	insn->class = class;
	insn->is_load = is_load;
	insn->is_store = is_store;
	insn->access_bytes = bytes;
}

struct insn_address *insn_add_address(struct insn *insn, int base, int64_t offset)
{
	struct insn_address *address = &insn->addresses[insn->n_addresses++];

	*address = (struct insn_address){
		.base = (int16_t)base,
		.index = INSN_REG_NONE,
		.count = INSN_REG_NONE,
		.bits = insn->isa == ISA_A64 || insn->isa == ISA_X86_64 ? 64 : 32,
		.align = 1,
		.offset = offset,
		.reach = insn->access_bytes,
	};
	return address;
}

void insn_conclude(struct insn *insn)
{
	if (insn->class == INSN_UNKNOWN) {
		insn->is_load = insn->is_store = false;
		insn->access_bytes = 0;
		insn->n_addresses = 0;
		insn->base_reg = INSN_REG_NONE;
		return;
	}
	if (insn->base_reg == INSN_REG_NONE && insn->n_addresses &&
	    insn->addresses[0].base != INSN_REG_PC)
		insn->base_reg = insn->addresses[0].base;
	insn->isv_possible = insn->class == INSN_SINGLE || insn->class == INSN_LITERAL ||
			     insn->class == INSN_UNPRIVILEGED ||
			     insn->class == INSN_ACQUIRE_RELEASE || insn->class == INSN_LS64;
}
