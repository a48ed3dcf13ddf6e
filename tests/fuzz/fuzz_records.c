/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes out of the rings: capture_record_deliver() to ingest, and what every method then
 * tells. An input is a row of records, each of a type, what its header has to vary, the number of
 * bytes that follow, and those; the rest of a record is zero. Type 0 is raw bytes.
 */
#include <errno.h>

#include "daemon/edge/capture_record.h"
#include "daemon/edge/ingest.h"
#include "daemon/edge/ingest_layout.h"
#include "daemon/edge/publish.h"
#include "fuzz.h"
#include "talk.h"

/* No process has it (PID_MAX_LIMIT is 4 Mi): /proc is left alone. */
#define NOBODY 0x7fffffff

static struct manager *manager;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	manager = talk_manager(NULL, 0);
	return 0;
}

static size_t size_of(uint8_t type, const void *record)
{
	const struct nisv_rec_layout *layout = record;

	switch (type) {
	case NISV_REC_VM:
		return sizeof(struct nisv_rec_vm);
	case NISV_REC_LAYOUT:
		return NISV_LAYOUT_SIZE(layout->n_slots % (NISV_SLOTS_MAX + 2));
	case NISV_REC_FAULT:
		return sizeof(struct nisv_rec_fault);
	case NISV_REC_SLOT:
		return sizeof(struct nisv_rec_slot);
	default:
		return sizeof(struct nisv_rec_hdr);
	}
}

static void deliver(struct input *input)
{
	uint8_t type = input_byte(input) % (NISV_REC_SLOT + 2), which = input_byte(input);
	uint16_t more;
	/* A record of its own size, so that a byte too far is seen. */
	void *room = calloc(1, sizeof(struct nisv_rec_layout)), *record;
	struct nisv_rec_hdr *hdr = room;
	size_t size;
	int r;

	MUST(room);
	input_take(input, &more, sizeof(more));
	if (more > input->size)
		more = (uint16_t)input->size;
	if (!type) {
		if (more > sizeof(struct nisv_rec_layout))
			more = sizeof(struct nisv_rec_layout);
		input_take(input, room, more);
		if (more >= sizeof(*hdr))
			hdr->tgid = NOBODY;
		size = more;
	} else {
		const size_t body = sizeof(struct nisv_rec_layout) - sizeof(*hdr);

		input_take(input, hdr + 1, more < body ? more : body);
		size = size_of(type, room);
		*hdr = (struct nisv_rec_hdr){
			.type = type,
			.size = (uint32_t)size,
			.vm = {.kvm = 0xffff000000000000 + (which & 7), .ino = 1},
			.seq = which >> 3,
			.time_ns = 1000000000ULL * (which + 1),
			.tgid = NOBODY,
			.tid = NOBODY,
		};
	}
	record = malloc(size ? size : 1);
	MUST(record);
	memcpy(record, room, size);
	free(room);
	r = capture_record_deliver(&ingest_ops, manager, record, size);
	MUST(r == 0 || r == -EBADMSG);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct talk talk;

	manager->host.arch = size & 1 ? "x86_64" : "arm64";
	while (input.size)
		deliver(&input);
	for (size_t i = 0; i < manager->vms.n; i++)
		ingest_layout_poll(manager, manager->vms.list[i]);
	publish_changes(manager);
	talk_open(&talk, manager, NULL);
	talk_ask_all(&talk, NULL);
	for (size_t i = 0; i < manager->vms.n; i++) {
		talk_close(&talk);
		talk_open(&talk, manager, NULL);
		talk_ask_all(&talk, manager->vms.list[i]->key);
	}
	talk_close(&talk);
	vms_clear(&manager->vms);
	return 0;
}
