/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/guest_node.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/guest_internal.h"
#include "daemon/core/vmname.h"

#define STEPS_MAX (1U << 18)
#define TEXT_MAX  256U /* bytes of a property that are looked at as one text */

#define ADDRESS_CELLS_DEFAULT 2U /* Devicetree Specification 0.4, 2.3.5 */
#define SIZE_CELLS_DEFAULT    1U

/* IEEE 1275 PCI bus binding: phys.hi of an address, bits 25:24. */
#define PCI_CELLS      3U
#define PCI_SPACE_MASK 0x03000000U
#define PCI_SPACE_MEM  0x02000000U /* and 0x03000000: 64-bit memory; 0x01000000: I/O */

enum node_class {
	CLASS_DEVICE = 0,
	CLASS_MEMORY,
	CLASS_RESERVED,
	CLASS_CPU,
	CLASS_GIC_V3,
	CLASS_GIC_V2,
	CLASS_GIC_ITS,
	CLASS_GIC_V2M,
	CLASS_PCI_GENERIC, /* its reg is the configuration space */
	CLASS_PCI_OTHER,
};

static const struct {
	const char *compatible;
	enum node_class class;
} classes[] = {
	{"arm,gic-v3", CLASS_GIC_V3},
	{"arm,gic-v3-its", CLASS_GIC_ITS},
	{"arm,gic-v2m-frame", CLASS_GIC_V2M},
	/* Linux drivers/irqchip/irq-gic.c: IRQCHIP_DECLARE(). */
	{"arm,gic-400", CLASS_GIC_V2},
	{"arm,cortex-a15-gic", CLASS_GIC_V2},
	{"arm,cortex-a9-gic", CLASS_GIC_V2},
	{"arm,cortex-a7-gic", CLASS_GIC_V2},
	{"arm,arm11mp-gic", CLASS_GIC_V2},
	{"arm,pl390", CLASS_GIC_V2},
	/* Linux drivers/pci/controller/pci-host-generic.c; kvmtool and crosvm have cam. */
	{"pci-host-ecam-generic", CLASS_PCI_GENERIC},
	{"pci-host-cam-generic", CLASS_PCI_GENERIC},
};

/* The text that a property begins with; "" if there is none, or it has no end. */
static const char *text(const struct guest_property *property)
{
	size_t len = property->len < TEXT_MAX ? property->len : TEXT_MAX;

	if (!property->data || !memchr(property->data, '\0', len))
		return "";
	return (const char *)property->data;
}

static bool name_is(const struct guest_node *node, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(node->name, name, len) &&
	       (node->name[len] == '\0' || node->name[len] == '@');
}

/* Of one cell; @fallback where it is absent or of another length. */
static uint32_t number(const struct guest_property *property, uint32_t fallback)
{
	uint64_t value = fallback;

	if (property->data && property->len == 4)
		guest_cells(property->data, 1, &value);
	return (uint32_t)value;
}

/* By the first of the node's compatible texts that means something here. */
static enum node_class class_by_compatible(const struct guest_node *node)
{
	struct guest_property rest = node->compatible;

	while (rest.data && rest.len) {
		const uint8_t *end = memchr(rest.data, '\0', rest.len);

		if (!end)
			break;
		for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
			if (!strcmp((const char *)rest.data, classes[i].compatible))
				return classes[i].class;
		rest.len -= (size_t)(end + 1 - rest.data);
		rest.data = end + 1;
	}
	return CLASS_DEVICE;
}

static enum node_class class_of(const struct guest_walk *walk, const struct guest_node *node)
{
	const char *type = text(&node->device_type);
	enum node_class class;

	if (walk->place[walk->depth - 1] == GUEST_IN_RESERVED)
		return CLASS_RESERVED;
	if (walk->place[walk->depth - 1] == GUEST_IN_CPUS)
		return !strcmp(type, "cpu") || name_is(node, "cpu") ? CLASS_CPU : CLASS_DEVICE;
	/* Linux asks for the type (early_init_dt_scan_memory()); others go by the name. */
	if (!strcmp(type, "memory") || (!*type && walk->depth == 2 && name_is(node, "memory")))
		return CLASS_MEMORY;
	class = class_by_compatible(node);
	return class == CLASS_DEVICE && !strcmp(type, "pci") ? CLASS_PCI_OTHER : class;
}

/*
 * What entry @i of a reg is. Linux Documentation/devicetree/bindings/interrupt-controller/
 * arm,gic*.yaml: for version 3 distributor, @regions redistributor regions, GICC, GICH, GICV; for
 * version 2 distributor, GICC, GICH, GICV.
 */
static enum guest_kind kind_of(enum node_class class, size_t i, uint32_t regions)
{
	switch (class) {
	case CLASS_MEMORY:
		return GUEST_MEMORY;
	case CLASS_RESERVED:
		return GUEST_RESERVED;
	case CLASS_GIC_V3:
		if (i == 0)
			return GUEST_GIC_DIST;
		if (i <= regions)
			return GUEST_GIC_REDIST;
		return i == (size_t)regions + 1 ? GUEST_GIC_CPU : GUEST_DEVICE;
	case CLASS_GIC_V2:
		return i == 0 ? GUEST_GIC_DIST : i == 1 ? GUEST_GIC_CPU : GUEST_DEVICE;
	case CLASS_GIC_ITS:
		return i == 0 ? GUEST_GIC_ITS : GUEST_DEVICE;
	case CLASS_GIC_V2M:
		return i == 0 ? GUEST_GIC_V2M : GUEST_DEVICE;
	case CLASS_PCI_GENERIC:
		return i == 0 ? GUEST_PCI_ECAM : GUEST_DEVICE;
	case CLASS_DEVICE:
	case CLASS_CPU:
	case CLASS_PCI_OTHER:
		break;
	}
	return GUEST_DEVICE;
}

static void note_unused(struct guest_walk *walk, const struct guest_node *node)
{
	if (!walk->unused++)
		snprintf(walk->first_unused, sizeof(walk->first_unused), "%.31s", node->name);
}

void guest_node_add(struct guest_walk *walk, const struct guest_node *node, enum guest_kind kind,
		    uint64_t base, uint64_t size)
{
	struct guest_range range = {
		.kind = kind,
		.base = base,
		.size = size,
		.disabled = walk->disabled[walk->depth],
	};

	if (base + size < base)
		note_unused(walk, node);
	else
		guest_add(walk->view, &range, node->name, text(&node->compatible));
}

/* An address of the node's parent bus, as the CPU sees it. */
static bool translate(struct guest_walk *walk, const uint8_t *cells, uint64_t *ret)
{
	const struct guest_bus *parent = &walk->bus[walk->depth - 1];
	uint64_t address;

	return guest_cells(cells, parent->address_cells, &address) &&
	       guest_translate(walk->bus + 1, (size_t)walk->depth - 1, address, &walk->steps, ret);
}

static void read_reg(struct guest_walk *walk, const struct guest_node *node, enum node_class class)
{
	const struct guest_bus *parent = &walk->bus[walk->depth - 1];
	size_t address_bytes = 4 * (size_t)parent->address_cells;
	size_t entry_bytes = address_bytes + 4 * (size_t)parent->size_cells;
	uint32_t regions = number(&node->redist_regions, 1);
	size_t i = 0;

	/* Without a size it is a number on a bus, not memory: a CPU, an I2C address. */
	if (!parent->mapped || !parent->address_cells || !parent->size_cells)
		return;
	for (size_t at = 0; at + entry_bytes <= node->reg.len; at += entry_bytes, i++) {
		const uint8_t *entry = node->reg.data + at;
		uint64_t size, base;
		bool sized = guest_cells(entry + address_bytes, parent->size_cells, &size);

		if (sized && !size)
			continue;
		if (sized && translate(walk, entry, &base))
			guest_node_add(walk, node, kind_of(class, i, regions), base, size);
		else
			note_unused(walk, node);
	}
}

/* The memory windows of a PCI host bridge: its ranges, into the space of its parent. */
static void read_windows(struct guest_walk *walk, const struct guest_node *node)
{
	const struct guest_bus *bus = &walk->bus[walk->depth];
	const struct guest_bus *parent = &walk->bus[walk->depth - 1];
	size_t child_bytes = 4 * (size_t)bus->address_cells;
	size_t parent_bytes = 4 * (size_t)parent->address_cells;
	size_t entry_bytes = child_bytes + parent_bytes + 4 * (size_t)bus->size_cells;

	if (!parent->mapped || bus->address_cells != PCI_CELLS)
		return;
	for (size_t at = 0; at + entry_bytes <= node->ranges.len; at += entry_bytes) {
		const uint8_t *entry = node->ranges.data + at;
		uint64_t space, size, base;

		guest_cells(entry, 1, &space);
		if ((space & PCI_SPACE_MASK) < PCI_SPACE_MEM)
			continue;
		if (!guest_cells(entry + child_bytes + parent_bytes, bus->size_cells, &size) ||
		    !translate(walk, entry + child_bytes, &base))
			note_unused(walk, node);
		else if (size)
			guest_node_add(walk, node, GUEST_PCI_WINDOW, base, size);
	}
}

/* What the node is for its children. */
static int open_bus(struct guest_walk *walk, const struct guest_node *node, bool is_pci)
{
	struct guest_bus *bus = &walk->bus[walk->depth];
	bool is_root = walk->depth == 1;

	*bus = (struct guest_bus){
		.address_cells = number(&node->address_cells, ADDRESS_CELLS_DEFAULT),
		.size_cells = number(&node->size_cells, SIZE_CELLS_DEFAULT),
		/* No ranges: no way through (Devicetree Specification 0.4, 2.3.8). Addresses of PCI
		 * devices are numbers on their bus; where the CPU sees them is in their BARs. */
		.mapped = is_root || (bus[-1].mapped && node->ranges.data && !is_pci),
		.ranges = node->ranges.data,
		.ranges_bytes = is_root ? 0 : node->ranges.len,
	};
	if (bus->address_cells > GUEST_CELLS_MAX || bus->size_cells > GUEST_CELLS_MAX)
		return guest_bad(walk->view, "addresses of %u and sizes of %u cells on a bus",
				 bus->address_cells, bus->size_cells);
	return 0;
}

static enum guest_place place_of(const struct guest_walk *walk, const struct guest_node *node)
{
	if (walk->depth == 2 && name_is(node, "cpus"))
		return GUEST_IN_CPUS;
	if (walk->depth == 2 && name_is(node, "reserved-memory"))
		return GUEST_IN_RESERVED;
	return GUEST_IN_TREE;
}

int guest_node_read(struct guest_walk *walk, const struct guest_node *node)
{
	enum node_class class = class_of(walk, node);
	bool is_pci = class == CLASS_PCI_GENERIC || class == CLASS_PCI_OTHER;
	const char *status = text(&node->status);
	bool okay = !node->status.data || !strcmp(status, "okay") || !strcmp(status, "ok");
	int r = open_bus(walk, node, is_pci);

	if (r < 0)
		return r;
	walk->disabled[walk->depth] = !okay || walk->disabled[walk->depth - 1];
	walk->place[walk->depth] = place_of(walk, node);
	if (walk->depth == 2 && name_is(node, "chosen"))
		walk->view->has_chosen = true;
	if (!walk->disabled[walk->depth]) {
		if (class == CLASS_CPU)
			walk->view->cpus++;
		else if (class == CLASS_GIC_V3)
			walk->view->gic_version = 3;
		else if (class == CLASS_GIC_V2)
			walk->view->gic_version = 2;
	}
	if (walk->depth > 1 && node->reg.data)
		read_reg(walk, node, class);
	if (walk->depth > 1 && node->ranges.data && is_pci)
		read_windows(walk, node);
	return 0;
}

void guest_walk_init(struct guest_walk *walk, struct guest_view *view)
{
	*walk = (struct guest_walk){.view = view, .steps = STEPS_MAX};
	/* The bus that the root itself would be on. */
	walk->bus[0] = (struct guest_bus){.address_cells = ADDRESS_CELLS_DEFAULT,
					  .size_cells = SIZE_CELLS_DEFAULT};
}

void guest_walk_sum_up(struct guest_walk *walk)
{
	struct guest_view *view = walk->view;
	char first[3 * sizeof(walk->first_unused)];

	if (!walk->unused)
		return;
	vmname_sanitize(first, sizeof(first), walk->first_unused, sizeof(walk->first_unused));
	if (!walk->steps) {
		view->dropped += walk->unused;
		snprintf(view->reason, sizeof(view->reason),
			 "its buses have too many ranges: %u addresses are left out, the first in "
			 "\"%.40s\"",
			 walk->unused, first);
	} else {
		snprintf(view->reason, sizeof(view->reason),
			 "%u addresses lead nowhere (no bus maps them, or they wrap around), the "
			 "first in \"%.30s\"",
			 walk->unused, first);
	}
}
