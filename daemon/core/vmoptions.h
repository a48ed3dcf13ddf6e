/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VMOPTIONS_H
#define NISVD_VMOPTIONS_H

/*
 * What a VMM's command line says about the machine it makes: everything that moves a region of its
 * memory map. The input is hostile (any process may call itself qemu); a value that cannot be read
 * leaves its member unset. Of an option given twice the last one counts, as it does for the VMMs;
 * QEMU's -machine options add up.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmoption {
	VMOPTION_UNSET = 0, /* not given: the VMM's default for that machine version holds */
	VMOPTION_OFF,
	VMOPTION_ON,
};

struct vmoptions {
	/*
	 * A command line of a VMM we know was read to its end, and nothing else describes the
	 * machine: no file (-readconfig, --cfg), no snapshot, no API (Cloud Hypervisor without a
	 * kernel or firmware, libkrun but for krunkit). What is unset then is the VMM's default.
	 */
	bool known;
	char machine[48]; /* QEMU: "virt", "q35", "pc", "microvm" ("pc-i440fx" is "pc"), or "" */
	/* of a versioned machine (virt-8.2, pc-q35-7.1); 0: not told: the newest of its QEMU, or a
	 * distribution's own (virt-rhel9.4.0, pc-q35-noble) */
	uint32_t machine_major;
	uint32_t machine_minor;
	uint64_t ram_bytes;	    /* -m, --memory size=, --mem; 0 unknown */
	uint64_t max_ram_bytes;	    /* -m maxmem=, --memory hotplug_size= added; 0: none */
	uint32_t ram_slots;	    /* -m slots= */
	uint32_t cpus;		    /* -smp, --cpus boot=; 0 unknown */
	uint32_t max_cpus;	    /* -smp maxcpus=, --cpus max= */
	uint32_t gic_version;	    /* 2, 3, 4; 0: not given, or "host", "max" */
	uint32_t phys_bits;	    /* -cpu ...,phys-bits=; --cpus max_phys_bits= */
	uint64_t max_ram_below_4g;  /* QEMU x86 -machine max-ram-below-4g= */
	uint64_t highmem_mmio_size; /* QEMU virt highmem-mmio-size= (10.0 and later) */
	enum vmoption highmem, highmem_ecam, highmem_mmio, highmem_redists, compact_highmem;
	enum vmoption its, secure, virtualization, acpi, nvdimm, ras, mte;
	enum vmoption smmuv3;		   /* iommu=smmuv3 */
	enum vmoption usb;		   /* microvm usb=on, pc usb=on */
	enum vmoption pcie;		   /* microvm pcie=on; Firecracker --enable-pci */
	enum vmoption pit, pic, rtc, hpet; /* microvm, q35, pc */
	enum vmoption firmware; /* -bios, pflash drives or pflash0=, --firmware, --bios */
	enum vmoption tpm;	/* a TPM device is asked for */
	enum vmoption virtio_iommu, pvpanic, sev_or_cca;
	enum vmoption vfio; /* a device of the host is assigned: it has BARs of its own */
	char dtb[128];	    /* -dtb FILE: a device tree that the VMM did not make; "" */
	/* crosvm --pci cam=[start=...,size=...],mem=[...] (since 2024-11); start 0: not given, size
	 * 0: left to its default */
	struct {
		uint64_t start, size;
	} crosvm_cam, crosvm_ecam, crosvm_mem;
};

/* @vmm: the id that vmname found. @cut: the command line was cut at its end. */
void vmoptions_parse(struct vmoptions *ret, const char *vmm, const char *cmdline, size_t len,
		     bool cut);

#endif
