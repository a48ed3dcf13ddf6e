/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_TESTS_TREE_H
#define NISVD_TESTS_TREE_H

/* Device trees for tests, written with libfdt's sequential writer. */

#include <assert.h>
#include <libfdt.h>
#include <stdint.h>
#include <string.h>

#define TREE_CELLS_MAX 64

struct tree {
	_Alignas(8) unsigned char blob[1 << 16];
};

static inline void tree_ok(int r)
{
	if (r < 0) {
		fprintf(stderr, "tree: %s\n", fdt_strerror(r));
		abort();
	}
}

/* The root stays open. */
static inline void tree_begin(struct tree *tree)
{
	tree_ok(fdt_create(tree->blob, sizeof(tree->blob)));
	tree_ok(fdt_finish_reservemap(tree->blob));
	tree_ok(fdt_begin_node(tree->blob, ""));
}

static inline void tree_cells(struct tree *tree, const char *name, size_t n, const uint32_t *cells)
{
	fdt32_t data[TREE_CELLS_MAX];

	for (size_t i = 0; i < n; i++)
		data[i] = cpu_to_fdt32(cells[i]);
	tree_ok(fdt_property(tree->blob, name, data, (int)(4 * n)));
}

#define tree_put(tree, name, ...)                                                    \
	tree_cells(tree, name, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), \
		   (uint32_t[]){__VA_ARGS__})

static inline void tree_text(struct tree *tree, const char *name, const char *value)
{
	tree_ok(fdt_property_string(tree->blob, name, value));
}

static inline void tree_node(struct tree *tree, const char *name)
{
	tree_ok(fdt_begin_node(tree->blob, name));
}

static inline void tree_end(struct tree *tree)
{
	tree_ok(fdt_end_node(tree->blob));
}

/* A node below a parent of two and two cells, closed. */
static inline void tree_device(struct tree *tree, const char *name, const char *compatible,
			       uint64_t base, uint64_t size)
{
	tree_node(tree, name);
	tree_text(tree, "compatible", compatible);
	tree_put(tree, "reg", (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
		 (uint32_t)size);
	tree_end(tree);
}

static inline void tree_memory(struct tree *tree, const char *name, uint64_t base, uint64_t size)
{
	tree_node(tree, name);
	tree_text(tree, "device_type", "memory");
	tree_put(tree, "reg", (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
		 (uint32_t)size);
	tree_end(tree);
}

static inline size_t tree_finish(struct tree *tree)
{
	tree_end(tree);
	tree_ok(fdt_finish(tree->blob));
	return fdt_totalsize(tree->blob);
}

/* What QEMU's virt machine hands its guest, cut down: @cpus CPUs, @ram bytes from 0x40000000. */
static inline size_t tree_virt(struct tree *tree, unsigned int cpus, uint64_t ram)
{
	tree_begin(tree);
	tree_put(tree, "#address-cells", 2);
	tree_put(tree, "#size-cells", 2);
	tree_text(tree, "compatible", "linux,dummy-virt");
	tree_node(tree, "chosen");
	tree_text(tree, "bootargs", "console=ttyAMA0");
	tree_end(tree);
	tree_memory(tree, "memory@40000000", 0x40000000, ram);
	tree_node(tree, "cpus");
	tree_put(tree, "#address-cells", 1);
	tree_put(tree, "#size-cells", 0);
	for (unsigned int i = 0; i < cpus; i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu@%x", i);
		tree_node(tree, name);
		tree_text(tree, "device_type", "cpu");
		tree_text(tree, "compatible", "arm,arm-v8");
		tree_put(tree, "reg", i);
		tree_end(tree);
	}
	tree_end(tree);
	tree_node(tree, "intc@8000000");
	tree_text(tree, "compatible", "arm,gic-v3");
	tree_put(tree, "#address-cells", 2);
	tree_put(tree, "#size-cells", 2);
	tree_put(tree, "#redistributor-regions", 1);
	tree_put(tree, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
	tree_ok(fdt_property(tree->blob, "ranges", NULL, 0));
	tree_device(tree, "its@8080000", "arm,gic-v3-its", 0x8080000, 0x20000);
	tree_end(tree);
	tree_device(tree, "pl011@9000000", "arm,pl011", 0x9000000, 0x1000);
	tree_node(tree, "pcie@10000000");
	tree_text(tree, "compatible", "pci-host-ecam-generic");
	tree_text(tree, "device_type", "pci");
	tree_put(tree, "#address-cells", 3);
	tree_put(tree, "#size-cells", 2);
	tree_put(tree, "reg", 0x40, 0x10000000, 0, 0x10000000);
	tree_put(tree, "ranges", 0x1000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, /* I/O */
		 0x2000000, 0, 0x10000000, 0, 0x10000000, 0, 0x2eff0000,     /* 32-bit */
		 0x3000000, 0x80, 0, 0x80, 0, 0x80, 0);			     /* 64-bit */
	tree_node(tree, "ethernet@1,0");
	tree_put(tree, "reg", 0x800, 0, 0, 0, 0);
	tree_end(tree);
	tree_end(tree);
	tree_device(tree, "virtio_mmio@a000000", "virtio,mmio", 0xa000000, 0x200);
	return tree_finish(tree);
}

#endif
