/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/discover.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/log.h"

/* More VMs than capture can count (MAX_VMS, bpf/maps.bpf.h) are not told apart either. */
#define FOUND_MAX 8192

/* What the iterator has written and nobody has taken yet: many records at one read. */
struct reader {
	int fd;
	size_t at, have;
	_Alignas(struct nisv_rec_layout) char buffer[65536];
};

_Static_assert(sizeof(((struct reader *)0)->buffer) >=
		       sizeof(struct nisv_rec_vm) + sizeof(struct nisv_rec_layout),
	       "one VM does not fit");

static int compare_keys(const void *a, const void *b)
{
	const struct nisv_vm_key *x = a, *y = b;

	if (x->kvm != y->kvm)
		return x->kvm < y->kvm ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* Makes @size bytes available at the reader's place: 1, at the end 0, -EBADMSG if it comes within,
 * -errno. */
static int read_ahead(struct reader *reader, size_t size)
{
	if (reader->have - reader->at >= size)
		return 1;
	memmove(reader->buffer, reader->buffer + reader->at, reader->have - reader->at);
	reader->have -= reader->at;
	reader->at = 0;
	while (reader->have < size) {
		ssize_t n = read(reader->fd, reader->buffer + reader->have,
				 sizeof(reader->buffer) - reader->have);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return reader->have ? -EBADMSG : 0;
		reader->have += (size_t)n;
	}
	return 1;
}

/* The next record, valid until the next call but one of the same VM: 1, at the end 0, -errno. */
static int read_record(struct reader *reader, const struct nisv_rec_hdr **ret)
{
	const struct nisv_rec_hdr *hdr;
	int r = read_ahead(reader, sizeof(*hdr));

	if (r <= 0)
		return r;
	hdr = (const struct nisv_rec_hdr *)(reader->buffer + reader->at);
	if (hdr->size < sizeof(*hdr) || hdr->size > sizeof(struct nisv_rec_layout))
		return -EBADMSG;
	r = read_ahead(reader, hdr->size);
	if (r <= 0)
		return r ? r : -EBADMSG;
	hdr = (const struct nisv_rec_hdr *)(reader->buffer + reader->at);
	reader->at += hdr->size;
	*ret = hdr;
	return 1;
}

/* Adds a key at its place: 1, 0 if it is there already, -errno. */
static int add_key(struct discover_result *result, const struct nisv_vm_key *key)
{
	size_t low = 0, high = result->n_keys;
	struct nisv_vm_key *keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_keys(&result->keys[middle], key);

		if (!order)
			return 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (result->n_keys == FOUND_MAX)
		return -ENOBUFS;
	/* Grows when it is full, which it is at each power of two. */
	if (!(result->n_keys & (result->n_keys - 1))) {
		keys = reallocarray(result->keys, result->n_keys ? 2 * result->n_keys : 1,
				    sizeof(*keys));
		if (!keys)
			return -ENOMEM;
		result->keys = keys;
	}
	memmove(&result->keys[low + 1], &result->keys[low],
		(result->n_keys - low) * sizeof(*result->keys));
	result->keys[low] = *key;
	result->n_keys++;
	return 1;
}

/*
 * Files come in order of descriptors, so that a VM's own comes before its vCPUs' unless it was
 * closed and opened anew: what comes later of the same VM says nothing new. 1, at the end 0,
 * -errno.
 */
static int take_vm(struct capture *capture, struct reader *reader, struct discover_result *result)
{
	const struct nisv_rec_hdr *hdr;
	bool is_new;
	int r = read_record(reader, &hdr);

	if (r <= 0)
		return r;
	r = add_key(result, &hdr->vm);
	if (r < 0)
		return r;
	is_new = r;
	r = is_new ? capture_deliver(capture, hdr, hdr->size) : 0;
	if (r >= 0)
		r = read_record(reader, &hdr);
	/* The two records of a VM come together (bpf/discover.bpf.h). */
	if (r <= 0)
		return r ? r : -EBADMSG;
	r = is_new ? capture_deliver(capture, hdr, hdr->size) : 0;
	return r < 0 ? r : 1;
}

int discover_run(struct capture *capture, struct discover_result *ret)
{
	struct discover_result result = {};
	struct reader *reader;
	int r;

	reader = malloc(sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->at = reader->have = 0;
	reader->fd = capture_open_iterator(capture);
	if (reader->fd < 0) {
		r = reader->fd;
		free(reader);
		return log_error_errno(r, "Cannot look for running VMs");
	}
	do
		r = take_vm(capture, reader, &result);
	while (r > 0);
	close(reader->fd);
	free(reader);
	if (r == -ENOBUFS) {
		log_warning("More than %d VMs run here: the others are not watched", FOUND_MAX);
		r = 0;
	} else if (r == 0) {
		result.complete = true;
	}
	if (r < 0) {
		discover_clear(&result);
		return log_error_errno(r, "Cannot read the list of running VMs");
	}
	*ret = result;
	return 0;
}

void discover_clear(struct discover_result *result)
{
	free(result->keys);
	*result = (struct discover_result){};
}

bool discover_has(const struct discover_result *result, const struct nisv_vm_key *vm)
{
	return result->n_keys &&
	       bsearch(vm, result->keys, result->n_keys, sizeof(*vm), compare_keys);
}
