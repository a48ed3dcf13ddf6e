/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_TRACEFOLD_CASE_H
#define NISVD_TESTS_TRACEFOLD_CASE_H

/* Events of one thread, by their text, and what they are told to be. */

#include <errno.h>

#include "daemon/core/tracefold.h"
#include "tests/unit/unit.h"

#define FOLDED_MAX 256

struct folded {
	struct tracefold *fold;
	struct trace_account account;
	struct nisv_rec_fault faults[FOLDED_MAX];
	size_t n_faults, n_threads, n_unplaced;
	enum nisv_kind unplaced;
	uint64_t reads, writes, user;
	size_t room; /* threads that find room */
};

static inline bool on_thread(struct trace_thread *thread, const struct trace_event *event,
			     void *userdata)
{
	struct folded *f = userdata;

	(void)event;
	f->n_threads += !thread->owner;
	if (f->n_threads > f->room)
		return false;
	thread->owner = f;
	return true;
}

static inline void on_fault(struct trace_thread *thread, const struct nisv_rec_fault *fault,
			    void *userdata)
{
	struct folded *f = userdata;

	(void)thread;
	assert_true(f->n_faults < FOLDED_MAX);
	f->faults[f->n_faults++] = *fault;
}

static inline void on_unplaced(struct trace_thread *thread, enum nisv_kind kind, uint64_t time_ns,
			       void *userdata)
{
	struct folded *f = userdata;

	(void)thread;
	(void)time_ns;
	f->unplaced = kind;
	f->n_unplaced++;
}

static inline void on_access(struct trace_thread *thread, uint64_t ipa, bool is_write,
			     uint64_t time_ns, void *userdata)
{
	struct folded *f = userdata;

	(void)thread;
	(void)ipa;
	(void)time_ns;
	if (is_write)
		f->writes++;
	else
		f->reads++;
}

static inline void on_user(struct trace_thread *thread, uint64_t ipa, bool is_write, void *userdata)
{
	struct folded *f = userdata;

	(void)thread;
	(void)ipa;
	(void)is_write;
	f->user++;
}

static inline struct folded *begin(void)
{
	static const struct tracefold_ops ops = {on_thread, on_fault, on_unplaced, on_access,
						 on_user};
	static struct folded f;

	f = (struct folded){.room = 100000};
	f.fold = tracefold_new(&ops, &f.account, &f);
	assert_non_null(f.fold);
	return &f;
}

/* Each event of the thread 7 of the process 5. */
static inline void take(struct folded *f, const char *event)
{
	struct trace_event parsed;
	char line[512];

	snprintf(line, sizeof(line), "vmm-7 (5) [000] ..... %zu.5: %s",
		 (size_t)f->account.events[TRACE_OTHER] + 1, event);
	if (traceline_parse(line, strlen(line), &parsed) != 1)
		fail_msg("\"%s\" is no event", line);
	tracefold_event(f->fold, &parsed);
}

static inline void end(struct folded *f)
{
	tracefold_end(f->fold);
	f->fold = tracefold_free(f->fold);
}

#define ENTRY  "kvm_entry: PC: 0x40080000"
#define EXIT   "kvm_exit: TRAP: HSR_EC: 0x0024 (DABT_LOW), PC: 0x40080000"
#define LDP    "kvm_guest_fault: ipa 0xb0000000, hsr 0x92000005, hxfar 0xb0000540, pc 0x40080000"
#define LDP_CM "kvm_guest_fault: ipa 0x60000000, hsr 0x92000146, hxfar 0x60000540, pc 0x40080000"
#define LDR    "kvm_guest_fault: ipa 0x9000000, hsr 0x93810005, hxfar 0x9000018, pc 0x40080000"
#define FETCH  "kvm_guest_fault: ipa 0xb0000000, hsr 0x82000005, hxfar 0xb0000540, pc 0xb0000540"
#define VECTOR "kvm_guest_fault: ipa 0, hsr 0x82000005, hxfar 0x200, pc 0x200"
#define WALK \
	"kvm_guest_fault: ipa 0xb0000000, hsr 0x92000084, hxfar 0xffff800010000123, pc 0x40080114"
#define NISV	     "kvm_mmio_nisv: ipa 0xb0000540, esr 0x92000005, far 0xb0000540, pc 0x40080000"
#define ENOSYS_EXIT  "kvm_userspace_exit: reason error (38)"
#define EFAULT_EXIT  "kvm_userspace_exit: reason error (14)"
#define NISV_EXIT    "kvm_userspace_exit: reason KVM_EXIT_ARM_NISV (28)"
#define UNKNOWN_EXIT "kvm_userspace_exit: reason KVM_EXIT_UNKNOWN (0)"
#define MMIO_EXIT    "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)"
#define READ_OUT     "kvm_mmio: mmio unsatisfied-read len 4 gpa 0x9000018 val 0x0"
#define READ_DONE    "kvm_mmio: mmio read len 4 gpa 0x9000018 val 0x1"
#define WRITE	     "kvm_mmio: mmio write len 4 gpa 0x9000000 val 0x61"
#define EMULATE	     "kvm_emulate_insn: 0:8000:67 66 0f ef (real)"
#define GPA	     "kvm_page_fault: vcpu 0 rip 0x8000 address 0xd0000000 error_code 0x100000004"
#define CR2	     "kvm_page_fault: vcpu 0 rip 0x8000 address 0xd0000000 error_code 0x4"

static inline void fold(struct folded *f, const char *const *events)
{
	for (; *events; events++)
		take(f, *events);
	end(f);
}

#define FOLD(f, ...) fold(f, (const char *const[]){__VA_ARGS__, NULL})

static inline void assert_one(const struct folded *f, enum nisv_kind kind,
			      enum nisv_outcome outcome, int err, uint64_t ipa)
{
	assert_int_equal(f->n_faults, 1);
	assert_int_equal(f->n_unplaced, 0);
	assert_int_equal(f->faults[0].kind, kind);
	assert_int_equal(f->faults[0].outcome, outcome);
	assert_int_equal(f->faults[0].errno_, err);
	assert_int_equal(f->faults[0].ipa, ipa);
	assert_int_equal(f->faults[0].hdr.tid, 7);
	assert_int_equal(f->faults[0].hdr.tgid, 5);
	assert_int_equal(f->faults[0].slot.id, -1);
	assert_int_equal(f->faults[0].layout_state, NISV_LAYOUT_NONE);
}

#endif
