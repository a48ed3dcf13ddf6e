/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operator's reference map: machinefile_parse(). */
#include <errno.h>

#include "daemon/edge/machinefile.h"
#include "fuzz.h"

static void machine_must_hold(const struct machine *machine)
{
	must_be_printable(machine->id, sizeof(machine->id));
	MUST(machine->id[0]);
	must_be_printable(machine->vmm, sizeof(machine->vmm));
	must_be_printable(machine->match, sizeof(machine->match));
	MUST(!strcmp(machine->arch, "arm64") || !strcmp(machine->arch, "x86_64"));
	MUST(machine->n_regions <= MACHINE_REGIONS_MAX);
	for (size_t i = 0; i < machine->n_regions; i++) {
		const struct machine_region *region = &machine->regions[i];

		MUST(region->size && region->base + (region->size - 1) >= region->base);
		MUST(!i || machine->regions[i - 1].base <= region->base);
		MUST(region->class < _REGION_CLASS_MAX);
		MUST(strlen(region->source) <= MACHINEFILE_SOURCE_MAX);
		must_be_printable(region->name, sizeof(region->name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine;
	char why[256] = "";
	int r = machinefile_parse((const char *)data, size, &machine, why, sizeof(why));

	MUST(r == 0 || r == -EINVAL || r == -ENOMEM);
	MUST(r != -EINVAL || why[0]);
	must_be_printable(why, sizeof(why));
	if (r < 0)
		return 0;
	machine_must_hold(&machine);
	machinefile_release(&machine);
	return 0;
}
