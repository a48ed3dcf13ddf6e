/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "options_machine.h"
#include "value.h"

/* Where --slots N puts them: above what the first slots of any machine here take. */
#define SLOTS_ADDRESS 0x100000000
#define SLOTS_SIZE    0x10000
#define SLOTS_STEP    0x20000

/* ",WORD" at *rest, which is then moved behind it. */
static bool word_take(const char **rest, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*rest + 1, word, length) || ((*rest)[length + 1] && (*rest)[length + 1] != ','))
		return false;
	*rest += length + 1;
	return true;
}

static bool backing_take(const char **rest, enum backing *ret)
{
	for (enum backing backing = BACKING_RAM + 1; backing < N_BACKINGS; backing++)
		if (word_take(rest, backing_words[backing])) {
			*ret = backing;
			return true;
		}
	return false;
}

void slot_parse(const char *text, struct slot_option *slot)
{
	static const char form[] = "ADDR,SIZE[,ro][,nobacking|ro-backing|unmapped|truncated][,smm]";
	const char *rest;

	slot->address = value_number_prefix(text, &rest);
	if (*rest != ',')
		value_bad(text, form);
	slot->size = value_number_prefix(rest + 1, &rest);
	while (*rest) {
		if (*rest != ',')
			value_bad(text, form);
		if (word_take(&rest, "ro"))
			slot->readonly = true;
		else if (backing_take(&rest, &slot->backing))
			continue;
		else if (word_take(&rest, "smm"))
			slot->smm = true;
		else
			value_bad(text, form);
	}
	if (!slot->size)
		value_bad(text, "a slot with a size");
}

void slots_parse(const char *text, struct options *o)
{
	uint64_t values[] = {0, SLOTS_ADDRESS, SLOTS_SIZE, SLOTS_STEP};
	const char *rest = text;
	unsigned int n = 0;

	do
		values[n++] = value_number_prefix(rest, &rest);
	while (*rest++ == ',' && n < 4);
	if (rest[-1] || (n != 1 && n != 4) || !values[2])
		value_bad(text, "N or N,ADDR,SIZE,STEP");
	for (uint64_t i = 0; i < values[0]; i++) {
		if (o->n_slots == MAX_SLOTS)
			value_bad(text, "within the 1024 slots of a VM");
		o->slots[o->n_slots++] = (struct slot_option){
			.address = values[1] + i * values[3],
			.size = values[2],
		};
	}
}

void churn_parse(const char *text, struct options *o)
{
	const char *rest;

	o->churn.address = value_number_prefix(text, &rest);
	if (*rest != ',')
		value_bad(text, "ADDR,SIZE[,US]");
	o->churn.size = value_number_prefix(rest + 1, &rest);
	o->churn_us = 200;
	if (*rest == ',')
		o->churn_us = value_number(rest + 1, 1, 10000000);
	else if (*rest || !o->churn.size)
		value_bad(text, "ADDR,SIZE[,US]");
}

void vgic_parse(char *text, struct options *o)
{
	size_t word = strcspn(text, ",");
	const char *addresses = text[word] ? text + word + 1 : "";

	text[word] = '\0';
	if (!strcmp(text, "none"))
		o->vgic = VGIC_NONE;
	else if (!strcmp(text, "v2"))
		o->vgic = VGIC_V2;
	else if (!strcmp(text, "v3"))
		o->vgic = VGIC_V3;
	else
		value_bad(text, "v3, v2 or none");
	/* QEMU's virt board, hw/arm/virt.c base_memmap. */
	o->vgic_dist = 0x08000000;
	o->vgic_cpu = o->vgic == VGIC_V3 ? 0x080a0000 : 0x08010000;
	if (*addresses)
		value_pair(addresses, &o->vgic_dist, &o->vgic_cpu);
}

void redist_parse(const char *text, struct options *o)
{
	struct redist_option *redist = &o->redists[o->n_redists];
	uint64_t count;

	if (o->n_redists == MAX_REDISTS)
		value_bad(text, "one of at most 8 regions");
	/* The count has 12 bits: Documentation/virt/kvm/devices/arm-vgic-v3.rst. */
	if (!value_pair(text, &redist->address, &count) || !count || count > 0xfff)
		value_bad(text, "ADDR,COUNT");
	redist->count = count;
	o->n_redists++;
}

void ioeventfd_parse(const char *text, struct options *o)
{
	uint64_t length = 4;

	if (o->n_ioeventfds == MAX_IOEVENTFDS)
		value_bad(text, "one of at most 256 ioeventfds");
	value_pair(text, &o->ioeventfds[o->n_ioeventfds].address, &length);
	/* 0: any length. */
	if (length != 0 && length != 1 && length != 2 && length != 4 && length != 8)
		value_bad(text, "ADDR[,0|1|2|4|8]");
	o->ioeventfds[o->n_ioeventfds++].length = length;
}

enum irqchip irqchip_parse(const char *text)
{
	if (!strcmp(text, "none"))
		return IRQCHIP_NONE;
	if (!strcmp(text, "split"))
		return IRQCHIP_SPLIT;
	if (!strcmp(text, "kernel"))
		return IRQCHIP_KERNEL;
	value_bad(text, "none, split or kernel");
}

static void file_read(const char *name, struct blob *blob)
{
	size_t room = 0;
	ssize_t n;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(EXIT_USAGE, "--blob %s: %s", name, strerror(errno));
	do {
		if (blob->size == room) {
			room = room ? 2 * room : 65536;
			blob->data = realloc(blob->data, room);
			if (!blob->data)
				fail(EXIT_SETUP, "--blob %s: out of memory", name);
		}
		n = read(fd, blob->data + blob->size, room - blob->size);
		if (n < 0)
			fail(EXIT_USAGE, "--blob %s: %s", name, strerror(errno));
		blob->size += n;
	} while (n > 0);
	close(fd);
}

void blob_parse(char *text, struct options *o)
{
	struct blob *blob = &o->blobs[o->n_blobs];
	char *at = strrchr(text, '@');

	if (!at)
		value_bad(text, "FILE@ADDR");
	if (o->n_blobs == MAX_BLOBS)
		value_bad(text, "one of at most 16 blobs");
	*at = '\0';
	blob->name = text;
	blob->address = value_number(at + 1, 0, UINT64_MAX);
	file_read(text, blob);
	o->n_blobs++;
}
