/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/corpus/constructed/random_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/corpus/constructed/random_kit.h"

static void write_qemu_arm64(struct maker *m, char *line, size_t size)
{
	static const char *const versions[] = {"-6.2", "-7.1", "-8.2", "-9.0", "-9.2", "-10.0", ""};

	snprintf(
		line, size,
		"qemu-system-aarch64 -name guest=random -machine virt%s,accel=kvm,gic-version=%u%s "
		"-cpu host -smp %u -m %" PRIu64 "M",
		DRAW_OF(m, versions), m->gic, m->machine_options, m->vcpus, m->ram / MIB);
}

static void write_qemu_x86(struct maker *m, char *line, size_t size)
{
	static const char *const versions[] = {"6.2", "7.2", "8.2", "9.2"};
	const char *version = DRAW_OF(m, versions);
	char machine[32];

	if (!strcmp(m->type, "q35"))
		snprintf(machine, sizeof(machine), "pc-q35-%s", version);
	else if (!strcmp(m->type, "pc"))
		snprintf(machine, sizeof(machine), "pc-i440fx-%s", version);
	else
		snprintf(machine, sizeof(machine), "%s", m->type);
	/* -cpu is the maker's, where its options matter. */
	snprintf(line, size,
		 "qemu-system-x86_64 -name guest=random -machine %s,accel=kvm%s %s-smp %u -m "
		 "%" PRIu64 "M",
		 machine, m->machine_options, strstr(m->arguments, "-cpu") ? "" : "-cpu host ",
		 m->vcpus, m->ram / MIB);
}

static void write_kvmtool(struct maker *m, char *line, size_t size)
{
	const char *chip = m->is_x86		    ? ""
			   : m->gic == NISV_VGIC_V2 ? " --irqchip gicv2"
			   : m->has_its		    ? " --irqchip gicv3-its"
						    : " --irqchip gicv3";

	snprintf(line, size, "lkvm run --name random -m %" PRIu64 " -c %u%s -k /boot/Image",
		 m->ram / MIB, m->vcpus, chip);
}

static void write_words(struct maker *m, char *line, size_t size)
{
	uint64_t ram = m->ram / MIB;

	switch (m->vmm) {
	case QEMU:
		if (m->is_x86)
			write_qemu_x86(m, line, size);
		else
			write_qemu_arm64(m, line, size);
		break;
	case FIRECRACKER:
		snprintf(line, size, "firecracker --id random --api-sock /run/random.sock");
		break;
	case CLOUD_HYPERVISOR:
		snprintf(line, size,
			 "cloud-hypervisor --api-socket /run/random.sock --kernel /boot/Image "
			 "--memory size=%" PRIu64 "M --cpus boot=%u",
			 ram, m->vcpus);
		break;
	case CROSVM:
		snprintf(line, size, "crosvm run --name random --cpus %u --mem %" PRIu64, m->vcpus,
			 ram);
		break;
	case KVMTOOL:
		write_kvmtool(m, line, size);
		break;
	case LIBKRUN:
		snprintf(line, size, "krunkit --cpus %u --memory %" PRIu64, m->vcpus, ram);
		break;
	}
}

size_t line_write(struct maker *m, char *line, size_t size)
{
	size_t length;

	write_words(m, line, size);
	length = strlen(line);
	snprintf(line + length, size - length, "%s%s", m->arguments,
		 m->vmm == CROSVM ? " /boot/Image" : "");
	length = strlen(line);
	for (size_t i = 0; i < length; i++)
		if (line[i] == ' ')
			line[i] = '\0';
	return length + 1;
}
