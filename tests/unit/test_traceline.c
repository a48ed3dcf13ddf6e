/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What each tool makes of one event, and what nobody made. */

#include <errno.h>

#include "daemon/core/traceline.h"
#include "tests/unit/unit.h"

static struct trace_event parse(const char *line)
{
	struct trace_event event = {};
	int r = traceline_parse(line, strlen(line), &event);

	if (r != 1)
		fail_msg("\"%s\": %d", line, r);
	return event;
}

static void refuse(const char *line)
{
	struct trace_event event = {};
	int r = traceline_parse(line, strlen(line), &event);

	if (r != -EINVAL)
		fail_msg("\"%s\": %d, a %s", line, r, trace_kind_name(event.kind));
}

#define FAULT "ipa 0xb0000000, hsr 0x92000005, hxfar 0xb0000540, pc 0x00000040080000"

static void assert_fault(const struct trace_event *event)
{
	assert_int_equal(event->kind, TRACE_GUEST_FAULT);
	assert_int_equal(event->arch, TRACE_ARCH_ARM64);
	assert_int_equal(event->ipa, 0xb0000000);
	assert_int_equal(event->esr, 0x92000005);
	assert_int_equal(event->far, 0xb0000540);
	assert_int_equal(event->pc, 0x40080000);
}

/* Each tool's way to tell thread, process and time. */
static void test_heads(void **state)
{
	static const struct head {
		const char *line, *comm;
		uint32_t tid, tgid; /* tgid 0: not told */
		uint64_t time_ns;   /* 0: not told */
	} heads[] = {
		{" qemu-system-aar-107     (    106) [001] .....     2.178773: "
		 "kvm_guest_fault: " FAULT,
		 "qemu-system-aar", 107, 106, 2178773000},
		{"         testvmm-107     (-------) [001] .....     2.178773: "
		 "kvm_guest_fault: " FAULT,
		 "testvmm", 107, 0, 2178773000},
		{"         testvmm-107     [001] d..1     2.178773: kvm_guest_fault: " FAULT,
		 "testvmm", 107, 0, 2178773000},
		{"         testvmm-107   [001]     2.178773: kvm_guest_fault:      " FAULT,
		 "testvmm", 107, 0, 2178773000},
		{"         testvmm-107   [001]     2.178773: (+209)   kvm_guest_fault:      " FAULT,
		 "testvmm", 107, 0, 2178773000},
		{"qemu-sys-150     0.....     5.244690816: kvm_guest_fault:      " FAULT,
		 "qemu-sys", 150, 0, 5244690816},
		{"  <...>-150       0d..1   12us+: kvm_guest_fault: " FAULT, "<...>", 150, 0,
		 12000},
		{"    CPU 0/KVM-4712    [003] ..... 123456: kvm_guest_fault: " FAULT, "CPU 0/KVM",
		 4712, 0, 0},
		{" qemu-system-aar   148 [000]     5.981108: kvm:kvm_guest_fault: " FAULT,
		 "qemu-system-aar", 148, 0, 5981108000},
		{" CPU 0/KVM   147/148   [000]     5.981108:    kvm:kvm_guest_fault: " FAULT,
		 "CPU 0/KVM", 148, 147, 5981108000},
		{"         testvmm   150     6.041063888: kvm_arm64:kvm_guest_fault: " FAULT,
		 "testvmm", 150, 0, 6041063888},
		{"            :149   149 [000]     3.939425:    kvm:kvm_guest_fault: " FAULT, "",
		 149, 0, 3939425000},
		{"   189.447 CPU 1/KVM/170 kvm:kvm_guest_fault(vcpu_pc: 1074266112, hsr: "
		 "2449473541, "
		 "hxfar: 2952791360, ipa: 2952790016)",
		 "CPU 1/KVM", 170, 0, 189447000},
		{"     0.000 (         ): :170/170 kvm:kvm_guest_fault(vcpu_pc: 1074266112, hsr: "
		 "2449473541, hxfar: 2952791360, ipa: 2952790016)",
		 "", 170, 0, 1},
		{"kvm_guest_fault: " FAULT, "", 0, 0, 0},
		{"testvmm 93 kvm_guest_fault ipa=b0000000 hsr=92000005 hxfar=b0000540 pc=40080000",
		 "testvmm", 93, 0, 0},
		{"CPU 0/KVM 93 pc=40080000 hsr=92000005 hxfar=b0000540 ipa=b0000000", "CPU 0/KVM",
		 93, 0, 0},
		{"tracepoint:kvm:kvm_guest_fault pid=92 tid=93 ipa=b0000000 hsr=92000005 "
		 "hxfar=b0000540 pc=40080000",
		 "", 93, 92, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct trace_event event = parse(heads[i].line);

		assert_fault(&event);
		assert_string_equal(event.comm, heads[i].comm);
		assert_int_equal(event.has_tid, heads[i].tid != 0);
		assert_int_equal(event.tid, heads[i].tid);
		assert_int_equal(event.has_tgid, heads[i].tgid != 0);
		assert_int_equal(event.tgid, heads[i].tgid);
		assert_int_equal(event.has_time, heads[i].time_ns != 0);
		assert_int_equal(event.time_ns, heads[i].time_ns);
	}
}

/* Fifteen bytes of any kind: it must not be taken for what is behind it. */
static void test_a_name_is_no_head(void **state)
{
	struct trace_event event =
		parse("a-1 [0] 1.0: b-99    [001] .....     12.5: kvm_mmio_nisv: "
		      "ipa 0x1, esr 0x92000045, far 0x3, pc 0x4");

	(void)state;
	assert_string_equal(event.comm, "a-1 [0] 1.0: b");
	assert_int_equal(event.tid, 99);
	assert_int_equal(event.time_ns, 12500000000);
	event = parse(" kvm_exit: a 1/2   147/148   [000]     5.9: kvm:kvm_userspace_exit: reason "
		      "error (38)");
	assert_string_equal(event.comm, "kvm_exit: a 1/2");
	assert_int_equal(event.errno_, -38);
}

static void test_arm64_events(void **state)
{
	struct trace_event event;

	(void)state;
	event = parse(
		"a-1 [0] . 1.0: kvm_mmio_nisv: ipa 0x000000b0000540, esr 0x00000092000005, far "
		"0xffff800010000540, pc 0xffff8000080001c4");
	assert_int_equal(event.kind, TRACE_MMIO_NISV);
	assert_int_equal(event.pc, 0xffff8000080001c4);
	assert_int_equal(event.far, 0xffff800010000540);
	/* libtraceevent prints %#llx of 0 without 0x; %#08lx is wider than its value. */
	event = parse("a-1 [0] 1.0: kvm_guest_fault: ipa 0, hsr 0x82000005, hxfar 0x000200, pc "
		      "0x00000000000200");
	assert_int_equal(event.ipa, 0);
	assert_int_equal(event.far, 0x200);
	event = parse("a-1 [0] . 1.0: kvm_exit: TRAP: HSR_EC: 0x0024 (DABT_LOW), PC: "
		      "0x0000000040080000");
	assert_int_equal(event.kind, TRACE_EXIT);
	assert_int_equal(event.arch, TRACE_ARCH_ARM64);
	event = parse("a-1 [0] . 1.0: kvm_entry: PC: 0x0000000040080000");
	assert_int_equal(event.kind, TRACE_ENTRY);
	event = parse("a-1 [0] . 1.0: kvm_access_fault: IPA: 40080000");
	assert_int_equal(event.kind, TRACE_ACCESS_FAULT);
	assert_int_equal(event.ipa, 0x40080000);
}

static void test_common_events(void **state)
{
	struct trace_event event;

	(void)state;
	event = parse("a-1 [0] . 1.0: kvm_mmio: mmio unsatisfied-read len 4 gpa 0x9000018 val 0x0");
	assert_int_equal(event.kind, TRACE_MMIO);
	assert_int_equal(event.arch, TRACE_ARCH_UNKNOWN);
	assert_int_equal(event.type, TRACE_MMIO_UNSATISFIED);
	assert_int_equal(event.len, 4);
	assert_int_equal(event.ipa, 0x9000018);
	event = parse("a-1 [0] . 1.0: kvm_mmio: mmio read len 4 gpa 0x9000018 val 0x1f");
	assert_int_equal(event.type, TRACE_MMIO_READ);
	assert_int_equal(event.value, 0x1f);
	event = parse("a-1 [0] . 1.0: kvm_mmio: mmio write len 1 gpa 0x9000000 val 0x61");
	assert_int_equal(event.type, TRACE_MMIO_WRITE);
	event = parse("a-1 [0] . 1.0: kvm_userspace_exit: reason KVM_EXIT_MMIO (6)");
	assert_int_equal(event.reason, 6);
	assert_int_equal(event.errno_, 0);
	event = parse("a-1 [0] . 1.0: kvm_userspace_exit: reason 0x1c (28)");
	assert_int_equal(event.reason, 28);
	event = parse("a-1 [0] . 1.0: kvm_userspace_exit: reason error (14)");
	assert_int_equal(event.errno_, -14);
	assert_false(event.errno_lost);
	event = parse("a-1 [0] . 1.0: kvm_userspace_exit: reason restart (4)");
	assert_int_equal(event.errno_, -4);
	event = parse("a-1 [0] . 1.0: kvm_userspace_exit: reason KVM_EXIT_UNKNOWN (0)");
	assert_true(event.errno_lost);
}

static void test_x86_events(void **state)
{
	static const uint8_t insn[] = {0x67, 0x66, 0x0f, 0xef};
	struct trace_event event;

	(void)state;
	event = parse(
		"a-1 [0] . 1.0: kvm_exit: vcpu 3 reason npf rip 0x8009 info1 0x0000000100000006 "
		"info2 0x00000000d0000000 intr_info 0x00000000 error_code 0x00000000");
	assert_int_equal(event.arch, TRACE_ARCH_X86);
	assert_true(event.has_vcpu);
	assert_int_equal(event.vcpu, 3);
	event = parse("a-1 [0] . 1.0: kvm_entry: vcpu 2, rip 0x8000");
	assert_int_equal(event.vcpu, 2);
	event = parse("a-1 [0] . 1.0: kvm_page_fault: vcpu 0 rip 0x8009 address 0x00000000d0000000 "
		      "error_code 0x100000006");
	assert_int_equal(event.ipa, 0xd0000000);
	assert_int_equal(event.value, 0x100000006);
	event = parse("a-1 [0] . 1.0: kvm_emulate_insn: 0:8000:67 66 0f ef (real) failed");
	assert_true(event.failed);
	assert_int_equal(event.pc, 0x8000);
	assert_int_equal(event.insn_len, sizeof(insn));
	assert_memory_equal(event.insn, insn, sizeof(insn));
	event = parse("a-1 [0] . 1.0: kvm_emulate_insn: ffff0000:d0000000: (prot64)");
	assert_false(event.failed);
	assert_int_equal(event.insn_len, 0);
}

/* perf trace: decimal, negative where a kernel address is, nothing where a value is zero. */
static void test_perf_trace_numbers(void **state)
{
	struct trace_event event;

	(void)state;
	event = parse(
		"1.000 a/1 kvm:kvm_mmio_nisv(vcpu_pc: -140737354137148, esr: 2449473541, far: "
		"-140737219919872, ipa: 2952790016)");
	assert_int_equal(event.pc, 0xffff8000080001c4);
	assert_int_equal(event.far, 0xffff800010000000);
	assert_int_equal(event.esr, 0x92000005);
	event = parse("1.000 a/1 kvm:kvm_guest_fault(hsr: 2181038085)");
	assert_int_equal(event.pc, 0);
	event = parse("1.000 a/1 kvm:kvm_mmio(len: 4, gpa: 150994944)");
	assert_int_equal(event.type, TRACE_MMIO_UNSATISFIED);
	assert_int_equal(event.ipa, 0x9000000);
	event = parse("1.000 a/1 kvm:kvm_mmio(type: 2, len: 4, gpa: 150994944, val: 97)");
	assert_int_equal(event.type, TRACE_MMIO_WRITE);
	event = parse("1.000 a/1 kvm:kvm_userspace_exit(errno: 4294967258)");
	assert_int_equal(event.errno_, -38);
	event = parse("1.000 a/1 kvm:kvm_userspace_exit(reason: 39, errno: -14)");
	assert_int_equal(event.reason, 39);
	assert_int_equal(event.errno_, -14);
	event = parse("1.000 a/1 kvm:kvm_entry(PC: 0x0000000040080000)");
	assert_int_equal(event.pc, 0x40080000);
}

static void test_losses(void **state)
{
	struct trace_event event;

	(void)state;
	event = parse("CPU:1 [LOST 123 EVENTS]");
	assert_int_equal(event.kind, TRACE_LOST);
	assert_int_equal(event.lost, 123);
	assert_int_equal(parse("CPU:0 [45 EVENTS DROPPED]").lost, 45);
	assert_int_equal(parse("CPU:0 [EVENTS DROPPED]").lost, 0);
	assert_int_equal(parse("LOST 24 events!").lost, 24);
	assert_int_equal(parse("# entries-in-buffer/entries-written: 21/300   #P:2").lost, 279);
}

static void test_headings(void **state)
{
	static const char *const lines[] = {
		"",
		"   ",
		"# tracer: nop",
		"#              | |           |       |   |||||     |         |",
		"# entries-in-buffer/entries-written: 21/21   #P:2",
		"cpus=2",
		"CPU 0 is empty",
		"version = 7",
		"Attaching 1 probe...",
	};
	struct trace_event event;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(traceline_parse(lines[i], strlen(lines[i]), &event), 0);
}

static void test_other_events(void **state)
{
	static const char *const lines[] = {
		" a-112     (    112) [000] .....     2.3: kvm_set_guest_debug: vcpu: "
		"0000000030eff919",
		" a-112     [000] .....     2.3: sched_switch: prev_comm=kvm_exit prev_pid=1",
		" a-112     [000] .....     2.3: kvm_vcpu_ioctl <-__arm64_sys_ioctl",
		" a 112 [000] 2.3: kvm:vgic_update_irq_pending: VCPU: 0, IRQ 27, level: 1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(parse(lines[i]).kind, TRACE_OTHER);
}

/* Nothing is made up where a value is missing, cut or too wide. */
static void test_what_is_no_event(void **state)
{
	static const char *const lines[] = {
		"hello",
		"kvm_guest_fault",
		"kvm_guest_fault:",
		"a-1 [0] 1.0: kvm_guest_fault: ipa 0xb0000000, hsr 0x92000005, hxfar 0xb0000540",
		"a-1 [0] 1.0: kvm_guest_fault: ipa 0xb0000000, hsr 0x9200",
		"a-1 [0] 1.0: kvm_guest_fault: ipa 0x1, hsr 0x10000000000000000, hxfar 0x1, pc 0x1",
		"a-1 [0] 1.0: kvm_guest_fault: ipa 0x1, hsr 0x92zz, hxfar 0x1, pc 0x1",
		"a-1 [0] 1.0: kvm_mmio: mmio swap len 4 gpa 0x1 val 0x0",
		"a-1 [0] 1.0: kvm_mmio: mmio read len 4",
		"a-1 [0] 1.0: kvm_userspace_exit: reason error",
		"a-1 [0] 1.0: kvm_userspace_exit: reason error (-38)",
		"a-1 [0] 1.0: kvm_userspace_exit: reason error (5000)",
		"a-1 [0] 1.0: kvm_userspace_exit: reason KVM_EXIT_MMIO (4294967296)",
		"a-1 [0] 1.0: kvm_userspace_exit: reason KVM_EXIT_MMIO (18446744073709551619)",
		"a-1 [0] 1.0: kvm_emulate_insn: 0:8000",
		"1.0 a/1 kvm:kvm_mmio(type: 3, len: 4, gpa: 1)",
		"1.0 a/1 kvm:kvm_userspace_exit(errno: 8589934554)",
		"a 93 pc=40080000 esr=92000005 far=b0000540",
		"a 93 pc=40080000 esr=93810005 far=b0000540 ipa=b0000540",
		"a 93 pc=40080000 esr=5a000000 far=b0000540 ipa=b0000540",
		"[    2.3] kvm [106]: Data abort outside memslots with no valid syndrome info",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		refuse(lines[i]);
}

/* Threads and times that no kernel has. */
static void test_heads_out_of_range(void **state)
{
	struct trace_event event = {};
	static const char *const lines[] = {
		"a-4294967296 [0] 1.0: kvm_mmio: mmio read len 4 gpa 0x1 val 0x0",
		"a-5 [0] 99999999999.0: kvm_mmio: mmio read len 4 gpa 0x1 val 0x0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(traceline_parse(lines[i], strlen(lines[i]), &event), 1);
		assert_false(event.has_time);
	}
}

static void test_bounds(void **state)
{
	static const char line[] = "a-1 [0] 1.0: kvm_userspace_exit: reason error (38)";
	static char longest[4 * TRACELINE_MAX];
	struct trace_event event;

	(void)state;
	/* No byte is read past the length that is given: valgrind and ASan watch. */
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		char *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, line, len);
		event.kind = TRACE_OTHER;
		traceline_parse(copy, len, &event);
		assert_int_equal(event.kind, TRACE_OTHER);
		free(copy);
	}
	assert_int_equal(
		traceline_parse("a-1 [0] 1.0: kvm_entry: PC: 0x1\nkvm_mmio: mmio", 44, &event), 1);
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(traceline_parse(longest, sizeof(longest), &event), -EINVAL);
	memset(longest, '\0', sizeof(longest));
	assert_int_equal(traceline_parse(longest, sizeof(longest), &event), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_a_name_is_no_head),
		cmocka_unit_test(test_arm64_events),
		cmocka_unit_test(test_common_events),
		cmocka_unit_test(test_x86_events),
		cmocka_unit_test(test_perf_trace_numbers),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_headings),
		cmocka_unit_test(test_other_events),
		cmocka_unit_test(test_what_is_no_event),
		cmocka_unit_test(test_heads_out_of_range),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
