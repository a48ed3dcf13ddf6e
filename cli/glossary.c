/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/glossary.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/json_make.h"
#include "cli/vm_text.h"

#define WORDS_MAX  4
#define TERM_WIDTH 17 /* the longest term, two blanks before it and one behind */

/* Meanings: Arm ARM (DDI 0487) glossary, D8 and D24; KVM's Documentation/virt/kvm/api.rst. */
static const struct entry {
	const char *words[WORDS_MAX]; /* the first is the term, the others are forms of it */
	const char *meaning;
} entries[] = {
	{{"IPA"},
	 "intermediate physical address: what the guest takes for a physical address. On x86 it is "
	 "called GPA"},
	{{"memslot", "memslots"},
	 "a range of guest-physical addresses that the VMM told KVM to back with its own memory. "
	 "Outside all of them the VM has no memory"},
	{{"VMM"},
	 "virtual machine monitor: the program on the host that makes and runs the VM, such as "
	 "QEMU"},
	{{"vCPU", "vCPUs"}, "a CPU of the VM: a thread of the VMM that runs in KVM_RUN"},
	{{"KVM_RUN"}, "the ioctl in which a vCPU runs; it returns to the VMM when KVM needs it"},
	{{"NISV", "ISV"},
	 "ISV is the bit of ESR_EL2 that says that the CPU described the access: register, size, "
	 "direction. With ISV=0 (NISV) KVM cannot emulate it"},
	{{"ESR_EL2", "ESR"},
	 "the syndrome: the register in which the CPU tells the hypervisor why the guest stopped"},
	{{"FAR", "FAR_EL2"}, "the virtual address that the guest's instruction used"},
	{{"stage-1"}, "the guest's own translation, from virtual addresses to IPAs"},
	{{"stage-2", "stage 2"}, "the hypervisor's translation, from IPAs to the host's memory"},
	{{"MMIO"},
	 "memory-mapped I/O: an access to a device's registers. KVM or the VMM emulates it"},
	{{"PC"}, "program counter: the virtual address of the instruction"},
	{{"EL0", "EL1", "EL2"},
	 "Exception levels: EL0 is the guest's user space, EL1 its kernel, EL2 the hypervisor"},
	{{"MMU off"}, "the guest translates nothing yet: its addresses are IPAs"},
	{{"VBAR_EL1"},
	 "where the guest's exception vectors are; 0x0 early in a boot, when it has none yet"},
	{{"external abort", "External abort"},
	 "what a CPU gets when a device or the memory system refuses an access. A VMM injects one "
	 "into "
	 "the guest in answer to an access that it cannot serve"},
	{{"write-back", "post-indexed", "pre-indexed"},
	 "an instruction that also updates its address register; the CPU describes none of these"},
	{{"device tree"}, "what tells an arm64 guest which memory and devices it has"},
	{{"E820"}, "what tells an x86 guest which memory it has"},
	{{"reference map"}, "what this VMM emulates where, by its source code, for these options"},
	{{"GIC", "GICv2", "GICv3"}, "Arm's interrupt controller; KVM emulates most of it"},
	{{"redistributor", "redistributors"}, "the part of a GICv3 that each vCPU has for itself"},
	{{"ITS"}, "the part of a GICv3 that turns messages of PCI devices into interrupts"},
	{{"ECAM"}, "the address range through which a guest configures PCI devices"},
	{{"BAR"}, "the address range that a PCI device's registers were given"},
	{{"MSI"}, "an interrupt that a PCI device sends by writing to memory"},
	{{"guest_memfd"}, "memory of a VM that the VMM itself cannot map"},
	{{"ENOSYS"},
	 "\"Function not implemented\": KVM_RUN's answer where KVM cannot emulate an access"},
	{{"EFAULT"}, "\"Bad address\": KVM_RUN's answer where the host's memory cannot be reached"},
};

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || !is_part_of_word(at[-1])) && !is_part_of_word(at[len]))
			return true;
	return false;
}

static bool uses(const char *text, const struct entry *entry)
{
	for (size_t i = 0; i < WORDS_MAX && entry->words[i]; i++)
		if (has_word(text, entry->words[i]))
			return true;
	return false;
}

void glossary_print(const struct term *term, struct json_object *reply)
{
	size_t len;
	const char *text = json_text(reply, JSON_C_TO_STRING_PLAIN, &len);
	char first[TERM_WIDTH + 8];
	bool begun = false;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if (!uses(text, &entries[i]))
			continue;
		if (!begun)
			print_heading(term, "Terms");
		begun = true;
		snprintf(first, sizeof(first), "  %-*s", TERM_WIDTH - 2, entries[i].words[0]);
		term_wrap(term, first, TERM_WIDTH, entries[i].meaning);
	}
}
