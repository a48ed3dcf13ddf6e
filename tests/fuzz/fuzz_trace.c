/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of kvm tracepoints: traceline_parse() on each line of an input, and what tracefold makes
 * of all of them.
 */
#include "daemon/core/tracefold.h"
#include "daemon/core/traceline.h"
#include "daemon/core/tracewords.h"
#include "fuzz.h"

struct told {
	uint64_t faults, unplaced, accesses, users, repeated;
};

static bool on_thread(struct trace_thread *thread, const struct trace_event *event, void *userdata)
{
	MUST(event->kind != TRACE_OTHER && event->kind != TRACE_LOST);
	thread->owner = userdata;
	return true;
}

static void on_fault(struct trace_thread *thread, const struct nisv_rec_fault *fault,
		     void *userdata)
{
	struct told *told = userdata;

	MUST(fault->kind < _NISV_KIND_MAX && fault->outcome < _NISV_OUTCOME_MAX);
	MUST(fault->errno_ <= 0 && fault->hdr.tid == thread->tid);
	MUST(memchr(fault->comm, '\0', sizeof(fault->comm)));
	MUST(fault->vcpu_order > 0);
	told->faults++;
	if (fault->kind == NISV_KIND_EXEC || fault->kind == NISV_KIND_WALK)
		told->repeated++;
}

static void on_unplaced(struct trace_thread *thread, enum nisv_kind kind, uint64_t time_ns,
			void *userdata)
{
	struct told *told = userdata;

	(void)thread;
	(void)time_ns;
	MUST(kind < _NISV_KIND_MAX);
	told->unplaced++;
}

static void on_access(struct trace_thread *thread, uint64_t ipa, bool is_write, uint64_t time_ns,
		      void *userdata)
{
	struct told *told = userdata;

	(void)thread;
	(void)ipa;
	(void)is_write;
	(void)time_ns;
	told->accesses++;
}

static void on_user(struct trace_thread *thread, uint64_t ipa, bool is_write, void *userdata)
{
	struct told *told = userdata;

	(void)thread;
	(void)ipa;
	(void)is_write;
	told->users++;
}

static void event_must_hold(const struct trace_event *event)
{
	MUST(event->kind < _TRACE_KIND_MAX);
	MUST(memchr(event->comm, '\0', sizeof(event->comm)));
	MUST(event->errno_ <= 0 && event->errno_ >= -4095);
	MUST(event->type <= TRACE_MMIO_WRITE);
	MUST(event->insn_len <= NISV_INSN_MAX);
	MUST(!event->has_time || event->time_ns);
	MUST(!*trace_kind_name(event->kind) == !trace_words_of(event).meaning);
}

/* Nothing is told twice, and nothing that no event told. */
static void told_must_hold(const struct told *told, const struct trace_account *account)
{
	uint64_t aborts = account->events[TRACE_GUEST_FAULT] + account->events[TRACE_MMIO_NISV] +
			  account->events[TRACE_EMULATE_INSN];

	MUST(told->faults <= 2 * aborts);
	MUST(told->unplaced <= account->events[TRACE_USERSPACE_EXIT]);
	MUST(told->accesses <= account->events[TRACE_MMIO]);
	MUST(told->users <= told->accesses);
	MUST(told->repeated + account->undecided <= account->events[TRACE_GUEST_FAULT]);
	MUST(account->from_ns <= account->to_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tracefold_ops ops = {on_thread, on_fault, on_unplaced, on_access,
						 on_user};
	const char *text = (const char *)data;
	struct trace_account account = {};
	struct trace_event event;
	struct told told = {};
	struct tracefold *fold = tracefold_new(&ops, &account, &told);

	MUST(fold);
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t n = end ? (size_t)(end - text) : size;
		/* At the end of what is allocated, so that a byte too far is seen. */
		char *line = malloc(n ? n : 1);

		MUST(line);
		memcpy(line, text, n);
		if (traceline_parse(line, n, &event) > 0) {
			event_must_hold(&event);
			tracefold_event(fold, &event);
		}
		free(line);
		n += end ? 1 : 0;
		text += n;
		size -= n;
	}
	tracefold_end(fold);
	told_must_hold(&told, &account);
	tracefold_free(fold);
	return 0;
}
