/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Records of faults, as capture delivers them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

/* PSTATE (Arm ARM, SPSR_EL2): the mode in M[4:0], interrupts masked, condition flags. */
#define EL0T	0x000U
#define EL1H	0x005U
#define A32_USR 0x010U
#define A32_SVC 0x013U
#define A32_T	0x020U
#define DAIF	0x3c0U
#define NZCV	0xf0000000U

/* ESR_EL2 (Arm ARM): class, 32-bit instruction, what the data abort is. */
#define EC_IABT		(0x20ULL << 26)
#define EC_DABT		(0x24ULL << 26)
#define ESR_IL		(1ULL << 25)
#define ISS_S1PTW	(1ULL << 7)
#define ISS_WNR		(1ULL << 6)
#define FSC_TRANSLATION 0x04U
#define FSC_PERMISSION	0x0cU
#define FSC_EXCLUSIVE	0x35U

/* Linux 6.x: SCTLR_EL1 before the MMU is on and after (INIT_SCTLR_EL1_MMU_OFF, _ON). */
#define SCTLR_OFF 0x30d50980ULL
#define SCTLR_ON  0x34f4d91dULL
#define TCR_LINUX 0x00000032b5503510ULL
#define CR0_PE	  0x00000033ULL
#define CR0_PG	  0x80050033ULL
#define CR4_PAE	  0x00000020ULL

/* ESR_EL1 of an injected abort at the same level: domain.md 0. */
#define ESR_SEA_FETCH 0x86000010ULL
#define ESR_SEA_DATA  0x96000010ULL
#define VECTOR_SPX    0x200ULL /* Arm ARM D1.3.1: synchronous, current EL with SP_ELx */

#define EXIT_INTERNAL_ERROR 17
#define EXIT_ARM_NISV	    28
#define EXIT_MEMORY_FAULT   39
#define EXIT_ARM_LDST64B    42

/* ---- memory and the CPU --------------------------------------------------------------------- */

static void place(const struct maker *m, struct nisv_rec_fault *rec)
{
	rec->slot.id = rec->below.id = rec->above.id = -1;
	rec->layout_state = NISV_LAYOUT_STABLE;
	rec->generation = m->rec.generation;
	for (uint32_t i = 0; i < m->rec.n_slots; i++) {
		const struct nisv_slot *slot = &m->rec.slots[i];

		if (slot->gpa > rec->ipa) {
			if (rec->above.id < 0 || slot->gpa < rec->above.gpa)
				rec->above = *slot;
		} else if (rec->ipa - slot->gpa < slot->size) {
			rec->slot = *slot;
		} else if (rec->below.id < 0 || slot->gpa > rec->below.gpa) {
			rec->below = *slot;
		}
	}
}

static uint64_t ram_draw(struct maker *m, uint64_t step)
{
	return draw_in(m, m->ram_base + MIB, m->ram_end, step);
}

/* An address that the guest's kernel or process has it mapped at, with the same page offset. */
static uint64_t map_somewhere(struct maker *m, uint64_t ipa, bool is_user)
{
	uint64_t page = draw_wide(m) & 0x7ffffff000;

	if (m->is_a32)
		return 0xc0000000 | (page & 0x3ffff000) | (ipa & 0xfff);
	return (is_user ? 0x0000aaaa00000000 : 0xffff800000000000) + page + (ipa & 0xfff);
}

static void draw_gprs(struct maker *m, struct nisv_rec_fault *rec)
{
	for (int i = 0; i < NISV_GPRS; i++)
		switch (draw(m, 3)) {
		case 0:
			rec->gpr[i] = draw(m, 4096);
			break;
		case 1:
			rec->gpr[i] = ram_draw(m, 8);
			break;
		default:
			rec->gpr[i] = draw_wide(m);
		}
}

static void draw_arm64(struct maker *m, struct nisv_rec_fault *rec)
{
	bool on = draw(m, 3), is_user = on && draw_one_in(m, 4);
	uint64_t code = on ? map_somewhere(m, 0, is_user) : ram_draw(m, PAGE);

	rec->far = on ? map_somewhere(m, rec->ipa, is_user) : rec->ipa;
	rec->pc = (code & ~0xfffULL) + 4 * draw(m, 1024);
	rec->pstate = (is_user ? EL0T : EL1H) | (draw_wide(m) & NZCV) |
		      (!is_user && draw_one_in(m, 2) ? DAIF : 0);
	if (m->is_a32)
		rec->pstate = (is_user ? A32_USR : A32_SVC) | (m->is_t32 ? A32_T : 0);
	rec->sysregs_state = NISV_SYSREGS_CURRENT;
	rec->sys.sctlr = on ? SCTLR_ON : SCTLR_OFF;
	rec->sys.tcr = TCR_LINUX;
	rec->sys.ttbr0 = ram_draw(m, PAGE);
	rec->sys.ttbr1 = ram_draw(m, PAGE);
	rec->sys.vbar = on ? map_somewhere(m, 0, false) & ~0x7ffULL : ram_draw(m, 0x800);
	rec->insn_ipa = ram_draw(m, PAGE) + (rec->pc & 0xfff);
}

static void draw_x86(struct maker *m, struct nisv_rec_fault *rec)
{
	bool on = draw(m, 3);

	rec->pc = on ? 0xffffffff81000000 + draw(m, 16 * MIB) : ram_draw(m, 16) & 0x7fffffff;
	rec->pstate = 0x10006;
	rec->sysregs_state = NISV_SYSREGS_CURRENT;
	rec->code_mode = on ? NISV_CODE_64 : NISV_CODE_32;
	rec->sys.sctlr = on ? CR0_PG : CR0_PE;
	rec->sys.tcr = on ? CR4_PAE : 0;
	rec->sys.ttbr0 = ram_draw(m, PAGE);
}

/* ---- what KVM and the VMM make of it -------------------------------------------------------- */

static void end_as(struct nisv_rec_fault *rec, enum nisv_outcome outcome, int error, uint32_t exit)
{
	rec->outcome = outcome;
	rec->errno_ = error;
	rec->exit_reason = exit;
}

static void draw_outcome(const struct maker *m, struct nisv_rec_fault *rec)
{
	switch (rec->kind) {
	case NISV_KIND_NISV:
		if (m->rec.is_protected)
			end_as(rec, NISV_OUTCOME_ABORT_INJECTED, 0, 0);
		else if (m->rec.nisv_to_user)
			end_as(rec, NISV_OUTCOME_VMM_DECIDES, 0, EXIT_ARM_NISV);
		else
			end_as(rec, NISV_OUTCOME_VM_KILLED, -ENOSYS, 0);
		break;
	case NISV_KIND_BACKING:
		end_as(rec, NISV_OUTCOME_VM_KILLED, -EFAULT, 0);
		break;
	case NISV_KIND_EMULATION:
		end_as(rec, NISV_OUTCOME_VMM_DECIDES, 0, EXIT_INTERNAL_ERROR);
		break;
	case NISV_KIND_MEMORY_FAULT:
		end_as(rec, NISV_OUTCOME_VMM_DECIDES, 0, EXIT_MEMORY_FAULT);
		break;
	case NISV_KIND_LDST64B:
		end_as(rec, NISV_OUTCOME_VMM_DECIDES, 0, EXIT_ARM_LDST64B);
		break;
	default: /* the second phase is seen where the injection can be hooked */
		end_as(rec,
		       m->c->host.injection_seen ? NISV_OUTCOME_ABORT_INJECTED
						 : NISV_OUTCOME_UNKNOWN,
		       0, 0);
	}
}

static void draw_esr(struct maker *m, struct nisv_rec_fault *rec)
{
	uint64_t level = 1 + draw(m, 3);

	if (m->is_x86)
		return;
	rec->esr = ESR_IL | FSC_TRANSLATION | level;
	rec->esr |= rec->kind == NISV_KIND_EXEC ? EC_IABT : EC_DABT;
	if (rec->kind == NISV_KIND_WALK)
		rec->esr |= ISS_S1PTW;
}

struct nisv_rec_fault fault_draw(struct maker *m, enum nisv_kind kind, uint64_t ipa)
{
	struct nisv_rec_fault rec = {
		.kind = kind,
		.ipa = ipa,
		.vcpu_id = draw(m, m->vcpus),
		.vcpu_order = 1 + draw(m, 20),
		.count = 1ULL << draw(m, 4),
		.insn_state = NISV_INSN_NONE,
	};

	rec.hdr.time_ns = m->now_ns;
	place(m, &rec);
	draw_gprs(m, &rec);
	if (m->is_x86)
		draw_x86(m, &rec);
	else
		draw_arm64(m, &rec);
	if (kind == NISV_KIND_EXEC)
		rec.pc = rec.far;
	draw_esr(m, &rec);
	draw_outcome(m, &rec);
	snprintf(rec.comm, sizeof(rec.comm), "%s", m->vmm == QEMU ? "CPU 0/KVM" : "fc_vcpu 0");
	return rec;
}

void fault_is_early(struct maker *m, struct nisv_rec_fault *rec)
{
	rec->far = rec->ipa;
	rec->pc = rec->kind == NISV_KIND_EXEC ? rec->ipa : ram_draw(m, 4);
	rec->pstate = m->is_a32 ? A32_SVC | DAIF : EL1H | DAIF;
	rec->sys.sctlr = SCTLR_OFF;
	rec->sys.vbar = ram_draw(m, 0x800);
	rec->insn_ipa = rec->pc;
}

/* ---- data aborts ---------------------------------------------------------------------------- */

static bool is_exclusive(const struct nisv_rec_fault *rec, const struct maker *m)
{
	enum insn_isa isa = !m->is_a32 ? ISA_A64 : m->is_t32 ? ISA_T32 : ISA_A32;
	enum insn_class class = insn_classify(isa, rec->insn, rec->insn_len).class;

	return class == INSN_EXCLUSIVE || class == INSN_ATOMIC;
}

struct nisv_rec_fault nisv_draw(struct maker *m, uint64_t ipa, uint64_t classes, int store)
{
	struct nisv_rec_fault rec;
	bool is_store = false;

	m->is_a32 = ipa < 4 * GIB && (m->rec.is_32bit || draw_one_in(m, 10));
	m->is_t32 = m->is_a32 && draw_one_in(m, 2);
	rec = fault_draw(m, NISV_KIND_NISV, ipa);
	if (!insn_put(m, &rec, classes, store, &is_store)) {
		m->is_a32 = m->is_t32 = false;
		rec = fault_draw(m, NISV_KIND_NISV, ipa);
		insn_put(m, &rec, classes, store, &is_store);
	}
	if (is_store)
		rec.esr |= ISS_WNR;
	if (is_store && rec.slot.id >= 0 && draw_one_in(m, 2))
		rec.esr = (rec.esr & ~0x3fULL) | FSC_PERMISSION | (rec.esr & 3);
	if (is_exclusive(&rec, m) && draw_one_in(m, 4))
		rec.esr = (rec.esr & ~0x3fULL) | FSC_EXCLUSIVE;
	return rec;
}

/* ---- the end -------------------------------------------------------------------------------- */

static void lose(struct maker *m, struct nisv_rec_fault *rec)
{
	if (!(m->keep & KEEP_INSN) && rec->insn_state == NISV_INSN_OK && draw_one_in(m, 8)) {
		rec->insn_state = NISV_INSN_UNREADABLE;
		note(m, "insn not readable; ");
	}
	if (!(m->keep & KEEP_SYSREGS) && draw_one_in(m, 8)) {
		rec->sysregs_state = draw_one_in(m, 2) ? NISV_SYSREGS_STALE : NISV_SYSREGS_NONE;
		note(m, "sysregs not current; ");
	}
	if (!(m->keep & KEEP_SIGHT) && rec->layout_state == NISV_LAYOUT_STABLE &&
	    draw_one_in(m, 12)) {
		rec->layout_state = NISV_LAYOUT_AFTER;
		/* Both together leave what rests on the map with no more than proximity. */
		m->keep |= KEEP_CMDLINE;
		note(m, "memslots read later; ");
	}
}

void fault_add(struct maker *m, struct nisv_rec_fault *rec)
{
	lose(m, rec);
	if (faultmap_record(m->c->faults, rec, NULL) < 0)
		m->failed = true;
}

/* A driver's other accesses to the same registers: answered, whether a device is there or not. */
static void draw_beside(struct maker *m, const struct nisv_rec_fault *rec)
{
	uint64_t count = 1 + draw(m, 15);

	if (rec->kind != NISV_KIND_NISV || m->keep & KEEP_QUIET || rec->nested ||
	    vm_slot_at(m, rec->ipa) || !draw_one_in(m, 4))
		return;
	/* Where the map is not certain either, they would be a device's. */
	m->keep |= KEEP_CMDLINE;
	traffic(m, rec->ipa, draw_one_in(m, 2), count, count, 1);
	note(m, "%u described beside it; ", (unsigned int)count);
}

/* An abort that the guest has no vectors for: VBAR_EL1 is as after reset, and nothing is at 0. */
static bool draw_lost_vectors(struct maker *m, struct nisv_rec_fault *rec,
			      struct nisv_rec_fault *ret)
{
	if (rec->outcome != NISV_OUTCOME_ABORT_INJECTED || rec->sys.sctlr != SCTLR_OFF ||
	    m->is_a32 || (rec->pstate & 0x1f) != EL1H || !vm_is_empty(m, 0, PAGE) ||
	    !draw_one_in(m, 2))
		return false;
	m->keep |= KEEP_SYSREGS;
	rec->sys.vbar = 0;
	*ret = fault_draw(m, NISV_KIND_EXEC, VECTOR_SPX);
	ret->vcpu_id = rec->vcpu_id;
	ret->vcpu_order = rec->vcpu_order + 1;
	ret->hdr.time_ns = rec->hdr.time_ns + 5000;
	ret->far = ret->pc = VECTOR_SPX;
	ret->pstate = EL1H | DAIF;
	memcpy(ret->gpr, rec->gpr, sizeof(ret->gpr));
	ret->sys = rec->sys;
	ret->sys.elr = rec->pc;
	ret->sys.esr = rec->kind == NISV_KIND_EXEC ? ESR_SEA_FETCH : ESR_SEA_DATA;
	return true;
}

/* The same access from a second place of the code, where the guest goes on. */
static void draw_again(struct maker *m, const struct nisv_rec_fault *rec)
{
	struct nisv_rec_fault next = *rec;

	if (rec->outcome != NISV_OUTCOME_VMM_DECIDES || rec->kind != NISV_KIND_NISV ||
	    !draw_one_in(m, 4))
		return;
	next.pc += 0x40;
	next.hdr.time_ns += MS;
	next.vcpu_order++;
	fault_add(m, &next);
}

void finish(struct maker *m, struct nisv_rec_fault *rec)
{
	struct nisv_rec_fault next;

	draw_again(m, rec);

	draw_beside(m, rec);
	if (draw_lost_vectors(m, rec, &next)) {
		note(m, "then its vector is not there; ");
		fault_add(m, &next);
	}

	note(m, "%s ipa 0x%llx far 0x%llx esr 0x%llx; ", kind_name((enum nisv_kind)rec->kind),
	     (unsigned long long)rec->ipa, (unsigned long long)rec->far,
	     (unsigned long long)rec->esr);
	fault_add(m, rec);
	world_draw(m, rec->ipa);
}
