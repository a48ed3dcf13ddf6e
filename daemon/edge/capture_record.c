/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_record.h"

#include <errno.h>
#include <stdint.h>

#define NO_SIZE SIZE_MAX /* that hdr->size may have */

/* The size of a layout follows from the number of its slots. */
static size_t layout_size(const struct nisv_rec_layout *rec, size_t size)
{
	if (size < NISV_LAYOUT_SIZE(0) || rec->n_slots > NISV_SLOTS_MAX)
		return NO_SIZE;
	return NISV_LAYOUT_SIZE(rec->n_slots);
}

static int check_record(const void *data, size_t size)
{
	const struct nisv_rec_hdr *hdr = data;
	size_t want;

	if (size < sizeof(*hdr) || hdr->size > size)
		return -EBADMSG;
	switch (hdr->type) {
	case NISV_REC_VM:
		want = sizeof(struct nisv_rec_vm);
		break;
	case NISV_REC_LAYOUT:
		want = layout_size(data, size);
		break;
	case NISV_REC_FAULT:
		want = sizeof(struct nisv_rec_fault);
		break;
	case NISV_REC_VM_END:
		want = sizeof(struct nisv_rec_hdr);
		break;
	case NISV_REC_SLOT:
		want = sizeof(struct nisv_rec_slot);
		break;
	default:
		return -EBADMSG;
	}
	return hdr->size == want ? 0 : -EBADMSG;
}

int capture_record_deliver(const struct capture_ops *ops, void *userdata, const void *data,
			   size_t size)
{
	const struct nisv_rec_hdr *hdr = data;

	if (check_record(data, size) < 0)
		return -EBADMSG;
	switch (hdr->type) {
	case NISV_REC_VM:
		if (ops->on_vm)
			ops->on_vm(data, userdata);
		break;
	case NISV_REC_LAYOUT:
		if (ops->on_layout)
			ops->on_layout(data, userdata);
		break;
	case NISV_REC_FAULT:
		if (ops->on_fault)
			ops->on_fault(data, userdata);
		break;
	case NISV_REC_SLOT:
		if (ops->on_slot)
			ops->on_slot(data, userdata);
		break;
	default:
		if (ops->on_end)
			ops->on_end(hdr, userdata);
		break;
	}
	return 0;
}
