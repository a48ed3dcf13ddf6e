/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_SYNDROME_BPF_H
#define NISV_SYNDROME_BPF_H

/* arm64: what ESR_EL2 says of an abort. Arm ARM, D "AArch64 System Register Descriptions". */

#include "kvm.bpf.h"

#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define EC_IABT_LOW 0x20
#define EC_DABT_LOW 0x24
#define ESR_WNR	    (1ULL << 6)
#define ESR_S1PTW   (1ULL << 7)
#define ESR_CM	    (1ULL << 8)
#define ESR_ISV	    (1ULL << 24)

static __always_inline bool is_iabt(u64 esr)
{
	return ESR_EC(esr) == EC_IABT_LOW;
}

static __always_inline bool is_abort(u64 esr)
{
	return is_iabt(esr) || ESR_EC(esr) == EC_DABT_LOW;
}

/* What KVM takes for a write: kvm_is_write_fault(), where the walker's own write is one too. */
static __always_inline bool is_write(u64 esr)
{
	return !is_iabt(esr) && (esr & ESR_WNR);
}

/* NISV: a data abort of the guest's own access that the CPU did not describe. */
static __always_inline bool is_nisv(u64 esr)
{
	return ESR_EC(esr) == EC_DABT_LOW && !(esr & (ESR_ISV | ESR_S1PTW));
}

/* Cache maintenance by address, which is never described. KVM skips it where no memory is
 * (kvm_handle_guest_abort()), so that it faults on read-only memslots alone. */
static __always_inline bool is_cache_op(u64 esr)
{
	return ESR_EC(esr) == EC_DABT_LOW && (esr & ESR_CM);
}

#endif
