/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What nisvd costs a guest: a guest that does one thing in a tight loop, with no program attached,
 * with an empty program on each tracepoint that nisvd uses, and with nisvd's own. The three states
 * alternate every few milliseconds on one running VM, and what a state adds is taken against the
 * bare slice of the same round: a change of the machine's speed, or a lucky placement in memory,
 * then meets all three.
 */

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "tests/bench/guest.h"
#include "tests/bench/measure.h"

#define ROUNDS_DEFAULT 200

enum state { BARE, EMPTY, NISVD, N_STATES };

/* One tracepoint of KVM, and nisvd's program for it. */
struct hook {
	const char *tracepoint;
	const char *program; /* as the kernel names it: 15 characters */
	int fd;
};

static struct hook hooks[] = {
	{"kvm_mmio", "on_mmio", -1},
	{"kvm_userspace_exit", "on_userspace_exit", -1},
	{"kvm_emulate_insn", "on_emulate_insn", -1},
	{"kvm_guest_fault", "on_guest_fault", -1},
	{"kvm_mmio_nisv", "on_mmio_nisv", -1},
};

#define N_HOOKS (sizeof(hooks) / sizeof(hooks[0]))

/* ---- programs ---- */

static void on_vm(const struct nisv_rec_vm *vm, void *userdata)
{
	(void)vm;
	(void)userdata;
}

static void on_layout(const struct nisv_rec_layout *layout, void *userdata)
{
	(void)layout;
	(void)userdata;
}

static void on_fault(const struct nisv_rec_fault *fault, void *userdata)
{
	(void)fault;
	(void)userdata;
}

static void on_end(const struct nisv_rec_hdr *end, void *userdata)
{
	(void)end;
	(void)userdata;
}

static void keep_program(int fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		for (size_t i = 0; i < N_HOOKS; i++)
			if (hooks[i].fd < 0 &&
			    !strncmp(info.name, hooks[i].program, sizeof(info.name) - 1)) {
				hooks[i].fd = fd;
				return;
			}
	close(fd);
}

/*
 * Loads nisvd's programs as nisvd does and keeps those that it attached, detached: they can then be
 * attached and detached without loading them again. Programs get rising ids, so the new ones are
 * those behind the last one that was there before.
 */
static int load_programs(void)
{
	static const struct capture_ops ops = {on_vm, on_layout, on_fault, on_end};
	const struct capture_options options = {.count_mmio = true, .inspect_guest_memory = true};
	struct capture *capture;
	__u32 id = 0, next;

	while (!bpf_prog_get_next_id(id, &next))
		id = next;
	if (capture_new(&options, &ops, NULL, &capture) < 0)
		return -1;
	while (!bpf_prog_get_next_id(id, &next)) {
		int fd = bpf_prog_get_fd_by_id(next);

		if (fd >= 0)
			keep_program(fd);
		id = next;
	}
	capture_free(capture);
	return 0;
}

static int load_empty(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K}, /* r0 = 0 */
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "empty", "GPL", insns, 2, NULL);
}

/* ---- measuring ---- */

/* One slice of the guest in one state; nanoseconds per event, -1 on failure. */
static double measure(struct guest *guest, enum state state, int empty)
{
	int links[N_HOOKS];
	double ns;

	for (size_t i = 0; i < N_HOOKS; i++) {
		links[i] = -1;
		if (state != BARE && hooks[i].fd >= 0)
			links[i] = bpf_raw_tracepoint_open(hooks[i].tracepoint,
							   state == EMPTY ? empty : hooks[i].fd);
	}
	/* The first slice of a state pays for what its programs and the CPU have to learn. */
	ns = guest_slice(guest);
	if (ns >= 0)
		ns = guest_slice(guest);
	for (size_t i = 0; i < N_HOOKS; i++)
		if (links[i] >= 0)
			close(links[i]);
	return ns;
}

static void print_result(const struct guest_kind *kind, struct samples *bare,
			 struct samples *empty, struct samples *nisvd)
{
	struct quartiles b = samples_quartiles(bare);
	struct quartiles e = samples_quartiles(empty), n = samples_quartiles(nisvd);

	printf("%s\n", kind->what);
	printf("  no program     %9.1f ns per %s  [%.1f .. %.1f]\n", b.median, kind->unit, b.low,
	       b.high);
	printf("  empty program  %+9.1f ns  [%+.1f .. %+.1f]\n", e.median, e.low, e.high);
	printf("  nisvd          %+9.1f ns  [%+.1f .. %+.1f], %+.1f %%", n.median, n.low, n.high,
	       100 * n.median / b.median);
	if (e.median > 0)
		printf(", %.2f times the empty program", n.median / e.median);
	printf("\n");
}

static int run_kind(const struct guest_kind *kind, unsigned rounds, int empty)
{
	struct samples bare = {}, with_empty = {}, with_nisvd = {};
	struct guest *guest;

	if (guest_new(kind, &guest) < 0)
		return -1;
	for (unsigned round = 0; round < rounds; round++) {
		double ns[N_STATES];

		for (unsigned i = 0; i < N_STATES; i++) {
			/* Another order each round. */
			enum state state = (i + round) % N_STATES;

			ns[state] = measure(guest, state, empty);
			if (ns[state] < 0) {
				fprintf(stderr, "bench: %s failed\n", kind->what);
				guest_free(guest);
				return -1;
			}
		}
		samples_add(&bare, ns[BARE]);
		samples_add(&with_empty, ns[EMPTY] - ns[BARE]);
		samples_add(&with_nisvd, ns[NISVD] - ns[BARE]);
	}
	guest_free(guest);
	print_result(kind, &bare, &with_empty, &with_nisvd);
	fflush(stdout);
	return 0;
}

int main(int argc, char *argv[])
{
	unsigned rounds = argc > 1 ? atoi(argv[1]) : ROUNDS_DEFAULT;
	const char *only = argc > 2 ? argv[2] : "";
	int empty, failed = 0;

	if (rounds < 1 || rounds > SAMPLES_MAX) {
		fprintf(stderr,
			"Usage: %s [ROUNDS [WORD]]\nROUNDS (1 to %d, default %d) of each scenario "
			"whose title has WORD in it\n",
			argv[0], SAMPLES_MAX, ROUNDS_DEFAULT);
		return 2;
	}
	if (load_programs() < 0)
		return 77;
	empty = load_empty();
	if (empty < 0) {
		fprintf(stderr, "bench: cannot load an empty program: %s\n", strerror(errno));
		return 1;
	}
	printf("CPU time per event of a guest; what programs add: median [quartiles] of %u rounds.\n"
	       "Programs are on:",
	       rounds);
	for (size_t i = 0; i < N_HOOKS; i++)
		if (hooks[i].fd >= 0)
			printf(" %s", hooks[i].tracepoint);
	printf("\n\n");
	for (size_t i = 0; i < n_guest_kinds; i++)
		if (strstr(guest_kinds[i].what, only) &&
		    run_kind(&guest_kinds[i], rounds, empty) < 0)
			failed = 1;
	return failed;
}
