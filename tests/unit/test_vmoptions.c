/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/unit.h"

#include "daemon/core/vmoptions.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct vmoptions vm;

/* A literal with \0 between its arguments; the last one is terminated, as in /proc/PID/cmdline. */
#define PARSE(vmm, line) vmoptions_parse(&vm, vmm, line, sizeof(line), false)

static void qemu_by_libvirt(void **state)
{
	(void)state;
	PARSE("qemu",
	      "/usr/bin/qemu-system-aarch64\0-name\0guest=web01,debug-threads=on\0-S\0-object\0"
	      "{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\"}\0-blockdev\0"
	      "{\"driver\":\"file\",\"filename\":\"/usr/share/AAVMF/AAVMF_CODE.fd\"}\0-machine\0"
	      "virt-8.2,usb=off,dump-guest-core=off,gic-version=3,pflash0=libvirt-pflash0-format,"
	      "pflash1=libvirt-pflash1-format,memory-backend=mach-virt.ram,acpi=on,iommu=smmuv3\0"
	      "-accel\0kvm\0-cpu\0host\0-m\0size=2097152k,slots=16,maxmem=16777216k\0-smp\0"
	      "2,maxcpus=8,sockets=8,cores=1,threads=1\0-device\0"
	      "{\"driver\":\"tpm-tis-device\",\"tpmdev\":\"tpm-tpm0\",\"id\":\"tpm0\"}\0-device\0"
	      "{\"id\":\"iommu0\", \"driver\" : \"virtio-iommu-pci\",\"bus\":\"pcie.0\"}\0"
	      "-append\0-dtb\0-msg\0timestamp=on");
	assert_true(vm.known);
	assert_string_equal(vm.machine, "virt");
	assert_int_equal(vm.machine_major, 8);
	assert_int_equal(vm.machine_minor, 2);
	assert_int_equal(vm.ram_bytes, 2 * GIB);
	assert_int_equal(vm.ram_slots, 16);
	assert_int_equal(vm.max_ram_bytes, 16 * GIB);
	assert_int_equal(vm.cpus, 2);
	assert_int_equal(vm.max_cpus, 8);
	assert_int_equal(vm.gic_version, 3);
	assert_int_equal(vm.usb, VMOPTION_OFF);
	assert_int_equal(vm.acpi, VMOPTION_ON);
	assert_int_equal(vm.smmuv3, VMOPTION_ON);
	assert_int_equal(vm.firmware, VMOPTION_ON);
	assert_int_equal(vm.tpm, VMOPTION_ON);
	assert_int_equal(vm.virtio_iommu, VMOPTION_ON);
	assert_int_equal(vm.pvpanic, VMOPTION_UNSET);
	assert_int_equal(vm.highmem, VMOPTION_UNSET);
	assert_int_equal(vm.sev_or_cca, VMOPTION_UNSET);
	assert_string_equal(vm.dtb, "");
}

static void machine_options_add_up_and_the_last_counts(void **state)
{
	(void)state;
	PARSE("qemu",
	      "qemu-system-aarch64\0-M\0virt,highmem=off,its=off\0--machine\0its=on\0-M\0"
	      "secure=on,virtualization=on,gic-version=max,highmem-ecam=no,highmem-mmio=false,"
	      "highmem-redists=off,compact-highmem=off,highmem-mmio-size=1T,nvdimm=on,ras=on,mte="
	      "on,"
	      "dtb=/boot/a,,b.dtb,acpi=auto");
	assert_string_equal(vm.machine, "virt");
	assert_int_equal(vm.machine_major, 0);
	assert_int_equal(vm.highmem, VMOPTION_OFF);
	assert_int_equal(vm.its, VMOPTION_ON);
	assert_int_equal(vm.secure, VMOPTION_ON);
	assert_int_equal(vm.virtualization, VMOPTION_ON);
	assert_int_equal(vm.gic_version, 0);
	assert_int_equal(vm.highmem_ecam, VMOPTION_OFF);
	assert_int_equal(vm.highmem_mmio, VMOPTION_OFF);
	assert_int_equal(vm.highmem_redists, VMOPTION_OFF);
	assert_int_equal(vm.compact_highmem, VMOPTION_OFF);
	assert_int_equal(vm.highmem_mmio_size, 1024 * GIB);
	assert_int_equal(vm.nvdimm, VMOPTION_ON);
	assert_int_equal(vm.ras, VMOPTION_ON);
	assert_int_equal(vm.mte, VMOPTION_ON);
	assert_int_equal(vm.acpi, VMOPTION_UNSET);
	assert_int_equal(vm.tpm, VMOPTION_UNSET);

	PARSE("qemu", "qemu-system-aarch64\0-M\0virt-6.2\0-M\0type=virt,gic-version=2\0-m\0"
		      "512\0-m\0"
		      "1G\0-dtb\0/x.dtb");
	assert_int_equal(vm.machine_major, 0); /* of virt-6.2 nothing is left */
	assert_int_equal(vm.gic_version, 2);
	assert_int_equal(vm.ram_bytes, GIB);
	assert_string_equal(vm.dtb, "/x.dtb");
}

static void machines_have_families_and_versions(void **state)
{
	static const struct {
		const char *type, *machine;
		uint32_t major, minor;
	} rows[] = {
		{"virt", "virt", 0, 0},	       {"virt-10.0", "virt", 10, 0},
		{"virt-2.12", "virt", 2, 12},  {"virt-rhel9.4.0", "virt", 0, 0},
		{"virt-", "virt", 0, 0},       {"virt-8", "virt", 0, 0},
		{"virt-8.", "virt", 0, 0},     {"virt-8.2x", "virt", 0, 0},
		{"virtual", "virtual", 0, 0},  {"q35", "q35", 0, 0},
		{"pc-q35-7.1", "q35", 7, 1},   {"pc-q35-4.0.1", "q35", 4, 0},
		{"pc-q35-noble", "q35", 0, 0}, {"pc", "pc", 0, 0},
		{"pc-i440fx-9.0", "pc", 9, 0}, {"pc-1.3", "pc", 1, 3},
		{"microvm", "microvm", 0, 0},  {"raspi3b", "raspi3b", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[100];
		int n = snprintf(line, sizeof(line), "qemu-kvm%c-M%c%s,usb=on", 0, 0, rows[i].type);

		vmoptions_parse(&vm, "qemu", line, (size_t)n + 1, false);
		assert_string_equal(vm.machine, rows[i].machine);
		assert_int_equal(vm.machine_major, rows[i].major);
		assert_int_equal(vm.machine_minor, rows[i].minor);
		assert_int_equal(vm.usb, VMOPTION_ON);
	}
	PARSE("qemu", "qemu-kvm\0-M\0v\tirt"); /* printable, always */
	assert_string_equal(vm.machine, "v\\x09irt");
}

/* What the host's CPUs have, whatever phys-bits= says. */
static void qemu_with_the_hosts_address_bits(void **state)
{
	(void)state;
	PARSE("qemu", "qemu\0-cpu\0host,phys-bits=36");
	assert_int_equal(vm.phys_bits, 0);
	PARSE("qemu", "qemu\0-cpu\0max,phys-bits=36,host-phys-bits-limit=40");
	assert_int_equal(vm.phys_bits, 40);
	PARSE("qemu", "qemu\0-cpu\0host,phys-bits=36,host-phys-bits=off");
	assert_int_equal(vm.phys_bits, 36);
	PARSE("qemu", "qemu\0-cpu\0EPYC,phys-bits=36,host-phys-bits=on");
	assert_int_equal(vm.phys_bits, 0);
	PARSE("qemu", "qemu\0-machine\0microvm\0-cpu\0EPYC,phys-bits=36");
	assert_int_equal(vm.phys_bits, 0);
}

static void qemu_on_x86(void **state)
{
	(void)state;
	PARSE("qemu",
	      "qemu-system-x86_64\0-machine\0q35,hpet=off,max-ram-below-4g=1G,"
	      "confidential-guest-support=lsec0\0-object\0sev-guest,id=lsec0,cbitpos=47\0-cpu\0"
	      "EPYC,phys-bits=40,host-phys-bits-limit=39\0-drive\0"
	      "if=pflash,format=raw,unit=0,file=/"
	      "x,readonly=on\0-device\0tpm-crb,tpmdev=t\0-device\0"
	      "pvpanic-pci\0-device\0driver=virtio-net-pci,tpm-=x");
	assert_int_equal(vm.hpet, VMOPTION_OFF);
	assert_int_equal(vm.max_ram_below_4g, GIB);
	assert_int_equal(vm.sev_or_cca, VMOPTION_ON);
	assert_int_equal(vm.phys_bits, 40);
	assert_int_equal(vm.firmware, VMOPTION_ON);
	assert_int_equal(vm.tpm, VMOPTION_ON);
	assert_int_equal(vm.pvpanic, VMOPTION_ON);

	PARSE("qemu", "qemu-system-x86_64\0-M\0microvm,pcie=on,usb=on,pit=off,pic=off,rtc=on\0"
		      "-no-acpi\0-drive\0if=virtio,file=pflash\0-usb\0-no-hpet\0-bios\0b.bin");
	assert_int_equal(vm.pcie, VMOPTION_ON);
	assert_int_equal(vm.usb, VMOPTION_ON);
	assert_int_equal(vm.pit, VMOPTION_OFF);
	assert_int_equal(vm.pic, VMOPTION_OFF);
	assert_int_equal(vm.rtc, VMOPTION_ON);
	assert_int_equal(vm.acpi, VMOPTION_OFF);
	assert_int_equal(vm.hpet, VMOPTION_OFF);
	assert_int_equal(vm.firmware, VMOPTION_ON);
	PARSE("qemu", "qemu-system-x86_64\0-drive\0if=virtio,file=pflash\0-object\0rng-random");
	assert_int_equal(vm.firmware, VMOPTION_UNSET);
	assert_int_equal(vm.sev_or_cca, VMOPTION_UNSET);
}

static void cpus_follow_from_each_other(void **state)
{
	static const struct {
		const char *smp;
		uint32_t cpus, max;
	} rows[] = {
		{"4", 4, 4},
		{"cpus=4,maxcpus=8", 4, 8},
		{"maxcpus=6", 6, 6},
		{"sockets=2,cores=4,threads=2", 16, 16},
		{"2,sockets=2,cores=1,threads=1", 2, 2},
		{"", 0, 0},
		{"-4", 0, 0},
		{"4x", 0, 0},
		{"4294967296", 0, 0},
		{"sockets=4294967296,cores=4294967296,threads=7", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[100];
		int n = snprintf(line, sizeof(line), "qemu-kvm%c-smp%c%s", 0, 0, rows[i].smp);

		vmoptions_parse(&vm, "qemu", line, (size_t)n + 1, false);
		assert_int_equal(vm.cpus, rows[i].cpus);
		assert_int_equal(vm.max_cpus, rows[i].max);
	}
}

static void sizes_do_not_overflow(void **state)
{
	static const struct {
		const char *m;
		uint64_t bytes;
	} rows[] = {
		{"99999999999999999999999999", 0},
		{"18446744073709551615T", 0},
		{"16E", 0},
		{"15.9E", 18331451923248866918ULL}, /* 15.9 * 2^60, as finely as 2^-32 */
		{"0", 0},
		{"4gX", 0},
		{".5G", 0},
		{"1.", 0},
		{"1.5G", 1536 * MIB},
		{"0x100", 256 * MIB},
		{"512MiB", 512 * MIB},
		{"4g,slots=2,maxmem=8g", 4 * GIB},
		{"maxmem=8g,size=3g", 3 * GIB},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[100];
		int n = snprintf(line, sizeof(line), "qemu-kvm%c-m%c%s", 0, 0, rows[i].m);

		vmoptions_parse(&vm, "qemu", line, (size_t)n + 1, false);
		if (i == 3)
			assert_in_range(vm.ram_bytes, rows[i].bytes - (1ULL << 32),
					rows[i].bytes + (1ULL << 32));
		else
			assert_int_equal(vm.ram_bytes, rows[i].bytes);
	}
}

static void a_line_that_is_not_whole_is_not_known(void **state)
{
	static const char line[] = "qemu-system-aarch64\0-m\0"
				   "1024\0-m\0"
				   "51";

	(void)state;
	vmoptions_parse(&vm, "qemu", line, sizeof(line) - 1, true); /* 51|2: not all there */
	assert_int_equal(vm.ram_bytes, GIB);
	assert_false(vm.known);
	vmoptions_parse(&vm, "qemu", line, sizeof(line) - 1, false);
	assert_int_equal(vm.ram_bytes, 51 * MIB);
	assert_true(vm.known);
	PARSE("qemu", "qemu-system-aarch64\0-readconfig\0vm.cfg\0-M\0virt");
	assert_string_equal(vm.machine, "virt");
	assert_false(vm.known);
	vmoptions_parse(&vm, "qemu", "", 0, false);
	assert_false(vm.known);
	vmoptions_parse(&vm, "qemu", NULL, 0, false);
	assert_false(vm.known);
	PARSE("unknown", "myvmm\0-m\0"
			 "512");
	assert_false(vm.known);
	assert_int_equal(vm.ram_bytes, 0);
}

static void firecracker(void **state)
{
	(void)state;
	PARSE("firecracker", "firecracker\0--id\0x\0--api-sock\0/run/x\0--enable-pci");
	assert_true(vm.known);
	assert_int_equal(vm.pcie, VMOPTION_ON);
	assert_int_equal(vm.ram_bytes, 0);
	PARSE("firecracker", "firecracker\0--no-api\0--config-file\0vm.json");
	assert_true(vm.known);
	assert_int_equal(vm.pcie, VMOPTION_UNSET);
}

static void cloud_hypervisor(void **state)
{
	(void)state;
	PARSE("cloud-hypervisor",
	      "cloud-hypervisor\0--kernel\0vmlinux\0--cpus\0boot=2,max=8,topology=1:2:3:4,"
	      "affinity=[0@[1,2],1@[max=3]],max_phys_bits=42\0--memory\0size=1G,hotplug_size=3G,"
	      "shared=on\0--tpm\0socket=/x\0--pvpanic\0--cmdline\0--firmware\0--disk\0path=a\0"
	      "path=b,iommu=on\0--net\0tap=,iommu=off\0--platform\0num_pci_segments=2,sev_snp=on");
	assert_true(vm.known);
	assert_int_equal(vm.cpus, 2);
	assert_int_equal(vm.max_cpus, 8);
	assert_int_equal(vm.phys_bits, 42);
	assert_int_equal(vm.ram_bytes, GIB);
	assert_int_equal(vm.max_ram_bytes, 4 * GIB);
	assert_int_equal(vm.tpm, VMOPTION_ON);
	assert_int_equal(vm.pvpanic, VMOPTION_ON);
	assert_int_equal(vm.firmware, VMOPTION_UNSET);
	assert_int_equal(vm.virtio_iommu, VMOPTION_ON);
	assert_int_equal(vm.sev_or_cca, VMOPTION_ON);

	PARSE("cloud-hypervisor",
	      "cloud-hypervisor\0--memory=size=0\0--memory-zone\0id=a,size=1G\0"
	      "id=b,size=512M,hotplug_size=1G\0--firmware=/CLOUDHV.fd\0id=c,size=9G");
	assert_true(vm.known);
	assert_int_equal(vm.ram_bytes, 1536 * MIB);
	assert_int_equal(vm.max_ram_bytes, 2560 * MIB);
	assert_int_equal(vm.firmware, VMOPTION_ON);

	/* Made by its API: the line says nothing of the machine. */
	PARSE("cloud-hypervisor", "cloud-hypervisor\0--api-socket\0/run/vc/vm/1/clh-api.sock");
	assert_false(vm.known);
	PARSE("cloud-hypervisor", "cloud-hypervisor\0--kernel\0k\0--restore\0source_url=file:///x");
	assert_false(vm.known);
}

static void crosvm(void **state)
{
	(void)state;
	PARSE("crosvm", "crosvm\0--log-level\0debug\0run\0--mem\0size=4096\0-c\0num-cores=4,"
			"clusters=[[0,1],[2]"
			"]\0--pci\0mem=[start=0x70000000,size=0x8000000],cam=[start=0x72000000,"
			"size=0x1000000]\0--bios\0u-boot.rom\0-p\0--mem=1\0--no-rtc\0--mte");
	assert_true(vm.known);
	assert_int_equal(vm.ram_bytes, 4 * GIB);
	assert_int_equal(vm.cpus, 4);
	assert_int_equal(vm.crosvm_cam.start, 0x72000000);
	assert_int_equal(vm.crosvm_cam.size, 0x1000000);
	assert_int_equal(vm.crosvm_mem.start, 0x70000000);
	assert_int_equal(vm.crosvm_mem.size, 0x8000000);
	assert_int_equal(vm.crosvm_ecam.size, 0);
	assert_int_equal(vm.firmware, VMOPTION_ON);
	assert_int_equal(vm.rtc, VMOPTION_OFF);
	assert_int_equal(vm.mte, VMOPTION_ON);

	PARSE("crosvm", "crosvm\0run\0--mem=512\0--cpus\0"
			"2\0--pci\0ecam=[start=0xe0000000]\0bzImage");
	assert_int_equal(vm.ram_bytes, 512 * MIB);
	assert_int_equal(vm.cpus, 2);
	assert_int_equal(vm.crosvm_ecam.start, 0xe0000000);
	assert_int_equal(vm.crosvm_ecam.size, 0);
	/* Regions that end past all addresses, or do not begin, are none. */
	PARSE("crosvm", "crosvm\0run\0--pci\0cam=[start=0x10,size=0xffffffffffffffff],mem=[size=1]"
			"\0--cfg\0a.json");
	assert_int_equal(vm.crosvm_cam.start, 0);
	assert_int_equal(vm.crosvm_mem.size, 0);
	assert_false(vm.known);
}

static void kvmtool_and_libkrun(void **state)
{
	(void)state;
	PARSE("kvmtool", "lkvm\0run\0-k\0-m\0-c4\0-m256\0--irqchip\0gicv3-its\0-f\0efi.fd");
	assert_true(vm.known);
	assert_int_equal(vm.cpus, 4);
	assert_int_equal(vm.ram_bytes, 256 * MIB);
	assert_int_equal(vm.gic_version, 3);
	assert_int_equal(vm.its, VMOPTION_ON);
	assert_int_equal(vm.firmware, VMOPTION_ON);
	PARSE("kvmtool", "lkvm\0run\0--mem=1G@2G\0--cpus=2\0--irqchip=gicv2m\0--realm");
	assert_int_equal(vm.ram_bytes, GIB);
	assert_int_equal(vm.cpus, 2);
	assert_int_equal(vm.gic_version, 2);
	assert_int_equal(vm.its, VMOPTION_UNSET);
	assert_int_equal(vm.sev_or_cca, VMOPTION_ON);

	PARSE("libkrun", "krunkit\0--cpus\0"
			 "4\0--memory\0"
			 "2048\0--bootloader\0efi,variable-store=/x,create");
	assert_true(vm.known);
	assert_int_equal(vm.ram_bytes, 2 * GIB);
	assert_int_equal(vm.cpus, 4);
	assert_int_equal(vm.firmware, VMOPTION_ON);
	PARSE("libkrun", "muvm\0--\0glxgears");
	assert_false(vm.known);
}

/* Any bytes at all: nothing is read past the end, and all that comes out is in its range. */
static void random_bytes(void **state)
{
	static const char *const words[] = {"qemu-system-aarch64",
					    "-M",
					    "virt-8.2",
					    "-m",
					    "size=",
					    "maxmem=",
					    "-smp",
					    "-device",
					    "{\"driver\":\"",
					    "}",
					    "[",
					    "]",
					    ",",
					    "=",
					    "--pci",
					    "cam=",
					    "--memory-zone",
					    "G",
					    "--kernel",
					    "\"",
					    "start",
					    "size",
					    "--cpus",
					    "--mem"};
	static const char *const vmms[] = {"qemu",   "firecracker", "cloud-hypervisor",
					   "crosvm", "kvmtool",	    "libkrun"};
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		size_t n = 0, len = unit_random(&seed) % 200;
		char *line = malloc(len ? len : 1); /* exact: ASan sees the end */

		while (n < len) {
			const char *word = words[unit_random(&seed) % ARRAY_SIZE(words)];

			for (size_t j = 0; word[j] && n < len; j++)
				line[n++] = word[j];
			if (n < len && unit_random(&seed) % 3)
				line[n++] = (char)(unit_random(&seed) % 4 ? 0 : unit_random(&seed));
		}
		vmoptions_parse(&vm, vmms[(unsigned int)i % ARRAY_SIZE(vmms)], line, len, i & 8);
		assert_in_range(strlen(vm.machine), 0, sizeof(vm.machine) - 1);
		assert_in_range(vm.its, VMOPTION_UNSET, VMOPTION_ON);
		assert_true(vm.crosvm_cam.start + vm.crosvm_cam.size >= vm.crosvm_cam.start);
		assert_true(!vm.known || !(i & 8));
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_by_libvirt),
		cmocka_unit_test(machine_options_add_up_and_the_last_counts),
		cmocka_unit_test(machines_have_families_and_versions),
		cmocka_unit_test(qemu_with_the_hosts_address_bits),
		cmocka_unit_test(qemu_on_x86),
		cmocka_unit_test(cpus_follow_from_each_other),
		cmocka_unit_test(sizes_do_not_overflow),
		cmocka_unit_test(a_line_that_is_not_whole_is_not_known),
		cmocka_unit_test(firecracker),
		cmocka_unit_test(cloud_hypervisor),
		cmocka_unit_test(crosvm),
		cmocka_unit_test(kvmtool_and_libkrun),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
