/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Guests, on their consoles. */

#include "daemon/core/logline.h"
#include "daemon/core/scan.h"

#define LINUX_REVISION "Linux 5.10, 6.12"
#define EDK2_REVISION  "edk2 c5aa7e7d94c0 (2026-08-06)"
#define UBOOT_REVISION "u-boot 6073c36b2c8d (2026-08-20)"

#define INJECTED                                                                                  \
	"The syndrome is ESR_EL1, as the guest sees it. KVM injects 0x96000010 (from user space " \
	"0x92000010) whatever the access was: what it was is in the host's ESR_EL2. On hardware " \
	"the same comes from a failed bus access."
#define OOPSES "The guest's kernel oopses; in an interrupt or in init it panics."
#define STAGE_1                                                                                   \
	"That is stage 1, the guest's own affair: the host sees nothing of it, and no memory of " \
	"the VM is missing."
#define UBOOT_EXCEPTION                                                                          \
	"The guest's U-Boot met an exception; an external abort (esr 0x96000010) is mostly one " \
	"that KVM or the VMM injected."

static const struct logline_row rows[] = {
	{
		.pattern = "Internal error: synchronous external abort: {esr} [#",
		.who = "guest linux",
		.versions = "Linux, arm64",
		.meaning =
			"The guest's kernel got an external abort: in a VM mostly one that KVM or "
			"the VMM injected, for an access to an address where nothing is or with "
			"an instruction that the CPU does not describe.",
		.next = OOPSES,
		.caution = INJECTED,
		.outcome = NISV_OUTCOME_ABORT_INJECTED,
		.is_guest = true,
		.source = "arch/arm64/mm/fault.c do_sea(), arch/arm64/kernel/traps.c __die()",
		.revision = LINUX_REVISION,
	},
	{
		.pattern = "Internal error: Oops: {esr} [#",
		.who = "guest linux",
		.versions = "Linux, arm64",
		.meaning = "The guest's kernel faulted by its own page tables: a wild or null "
			   "pointer.",
		.next = OOPSES,
		.caution = STAGE_1,
		.is_guest = true,
		.source = "arch/arm64/mm/fault.c die_kernel_fault(), arch/arm64/kernel/traps.c "
			  "__die()",
		.revision = LINUX_REVISION,
	},
	{
		.pattern = "Internal error: {*}: {esr} [#",
		.who = "guest linux",
		.versions = "Linux, arm64",
		.meaning = "The guest's kernel met an exception that it cannot go on from.",
		.next = OOPSES,
		.is_guest = true,
		.source = "arch/arm64/kernel/traps.c __die()",
		.revision = LINUX_REVISION,
	},
	{
		.pattern = "Unhandled fault: synchronous external abort ({esr}) at {far}",
		.who = "guest linux",
		.versions = "Linux up to 4.17, arm64",
		.meaning =
			"The guest got an external abort: in a VM mostly one that KVM or the VMM "
			"injected, for an access to an address where nothing is or with an "
			"instruction that the CPU does not describe.",
		.next = "A process of the guest gets SIGBUS, its kernel oopses.",
		.caution = INJECTED,
		.outcome = NISV_OUTCOME_ABORT_INJECTED,
		.is_guest = true,
		.source = "arch/arm64/mm/fault.c do_mem_abort()",
		.revision = "Linux 4.9",
	},
	{
		.pattern = "Unhandled fault: {*} ({esr}) at {far}",
		.who = "guest linux",
		.versions = "Linux up to 4.17, arm64",
		.meaning = "The guest got an abort that its kernel does not handle.",
		.next = "A process of the guest gets a signal, its kernel oopses.",
		.is_guest = true,
		.source = "arch/arm64/mm/fault.c do_mem_abort()",
		.revision = "Linux 4.9",
	},
	{
		.pattern = "Unable to handle kernel {*} at virtual address {far}",
		.who = "guest linux",
		.meaning = "The guest's kernel used a pointer that its own page tables do not map.",
		.next = OOPSES,
		.caution = STAGE_1,
		.is_guest = true,
		.source = "arch/arm64/mm/fault.c die_kernel_fault()",
		.revision = LINUX_REVISION,
	},
	{
		.pattern = "unhandled exception: {*}, ESR {esr}, ",
		.who = "guest linux",
		.versions = "Linux, arm64, with debug.exception-trace",
		.meaning = "A process of the guest met an exception that it does not handle; an "
			   "external abort is mostly one that KVM or the VMM injected.",
		.next = "The process gets a signal and ends.",
		.caution = INJECTED,
		.is_guest = true,
		.source = "arch/arm64/kernel/traps.c arm64_show_signal()",
		.revision = LINUX_REVISION,
	},
	{
		.pattern = "SError Interrupt on CPU{cpu}, code {esr} ",
		.who = "guest linux",
		.versions = "Linux, arm64",
		.meaning = "The guest's kernel got an SError: an error that belongs to no one "
			   "instruction.",
		.next = "The guest's kernel panics.",
		.caution = "KVM injects none for an access outside memory.",
		.is_guest = true,
		.source = "arch/arm64/kernel/traps.c arm64_serror_panic()",
		.revision = LINUX_REVISION,
	},
	{
		.pattern = "Code: {*}({instruction})",
		.who = "guest",
		.meaning = "The instructions before the PC, and in parentheses the one at it.",
		.is_guest = true,
		.source = "arch/arm64/kernel/traps.c dump_kernel_instr(); U-Boot "
			  "arch/arm/lib/interrupts_64.c dump_instr()",
		.revision = LINUX_REVISION ", " UBOOT_REVISION,
	},
	{
		.pattern = "Synchronous Exception at {pc}",
		.who = "edk2",
		.meaning =
			"The guest's UEFI firmware met an exception; its ESR and FAR stand in the "
			"lines below. An external abort (ESR 0x96000010) is mostly one that KVM or "
			"the VMM injected.",
		.next = "The firmware stops for good: the VM runs on, and does nothing.",
		.caution = INJECTED,
		.is_guest = true,
		.source = "UefiCpuPkg/Library/CpuExceptionHandlerLib/AArch64/"
			  "CpuExceptionHandlerLib.c DefaultExceptionHandler(); "
			  "ArmPlatformPkg/Sec/AArch64/ArchSec.c",
		.revision = EDK2_REVISION,
	},
	{
		.pattern = "\"Synchronous Abort\" handler, esr {esr}, far {far}",
		.who = "u-boot",
		.meaning = UBOOT_EXCEPTION,
		.next = "U-Boot resets the VM.",
		.caution = INJECTED,
		.is_guest = true,
		.source = "arch/arm/lib/interrupts_64.c do_sync()",
		.revision = UBOOT_REVISION,
	},
	{
		.pattern = "\"Synchronous Abort\" handler, esr {esr}",
		.who = "u-boot",
		.meaning = UBOOT_EXCEPTION,
		.next = "U-Boot resets the VM.",
		.caution = INJECTED,
		.is_guest = true,
		.source = "arch/arm/lib/interrupts_64.c do_sync()",
		.revision = UBOOT_REVISION,
	},
};

const struct logline_table logline_guest = {rows, sizeof(rows) / sizeof(rows[0])};

/* Lines of an oops or a dump that decode nothing that the others do not. */
static const char *const parts[] = {
	/* arch/arm64/mm/fault.c, mem_abort_decode(), data_abort_decode(), show_pte() */
	"Mem abort info:",
	"Data abort info:",
	"EC = 0x",
	"SET = ",
	"EA = ",
	"FSC = 0x",
	"ISV = ",
	"CM = ",
	"GCS = ",
	"Access size = ",
	"SSE = ",
	"SF = ",
	"user pgtable:",
	"swapper pgtable:",
	"pgd=",
	/* lib/dump_stack.c, kernel/panic.c, arch/arm64/kernel/process.c */
	"CPU: ",
	"Hardware name:",
	"Modules linked in:",
	"Call trace:",
	"Call Trace:",
	"pstate: ",
	"pc : ",
	"lr : ",
	"sp : ",
	"---[ end ",
	"---[ cut here ",
	"Kernel panic - not syncing",
	"Tainted: ",
	"Not tainted",
	"Workqueue: ",
	"Kernel Offset: ",
	"Memory Limit: ",
	"SMP: stopping secondary CPUs",
	"Code: ",
	/* QEMU accel/kvm/kvm-all.c, target/arm/cpu.c, target/i386/cpu-dump.c */
	"emulation failure",
	"extra data[",
	"FPCR=",
	"ES =",
	"CS =",
	"SS =",
	"DS =",
	"FS =",
	"GS =",
	"LDT=",
	"TR =",
	"GDT=",
	"IDT=",
	"DR0=",
	"DR6=",
	"Code=",
	/* edk2 CpuExceptionHandlerLib.c */
	"ESR : EC 0x",
	"Stack dump:",
	"PC 0x",
	"FPSR 0x",
	/* U-Boot, and what firmware says last */
	"Resetting CPU",
	"### ERROR ### Please RESET the board ###",
};

/* " pl011_read+0x10/0x20": a line of a call trace (lib/vsprintf.c, %pS). */
static bool is_symbol(struct scan line)
{
	uint64_t offset, size;

	return scan_find(&line, "+0x") && scan_hex(&line, &offset) && scan_literal(&line, "/0x") &&
	       scan_hex(&line, &size);
}

bool logline_is_part(const char *line, size_t len)
{
	struct scan scan = scan_line(line, len < LOGLINE_MAX ? len : LOGLINE_MAX);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct scan rest = scan;

		if (scan_find(&rest, parts[i]))
			return true;
	}
	return is_symbol(scan);
}
