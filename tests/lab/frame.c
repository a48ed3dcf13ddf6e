/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const uint8_t hello[] = "\xa1\x0b\x00" FRAME_HELLO_TEXT;
#define HELLO_SIZE (sizeof(hello) - 1)
_Static_assert(HELLO_SIZE == FRAME_HEADER + 0x0b, "the length byte of the hello frame");

static size_t payload_size(const uint8_t *header)
{
	return header[1] | (size_t)header[2] << 8;
}

static void discard(struct frame_reader *reader, size_t size)
{
	reader->used -= size;
	memmove(reader->data, reader->data + size, reader->used);
}

int frame_send(int fd, enum frame_type type, const void *payload, size_t size)
{
	uint8_t buffer[FRAME_HEADER + FRAME_PAYLOAD_MAX];
	size_t done = 0;

	if (size > FRAME_PAYLOAD_MAX)
		return -EMSGSIZE;
	buffer[0] = type;
	buffer[1] = size & 0xff;
	buffer[2] = size >> 8;
	if (size)
		memcpy(buffer + FRAME_HEADER, payload, size);
	size += FRAME_HEADER;
	while (done < size) {
		ssize_t n = write(fd, buffer + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += n;
	}
	return 0;
}

int frame_fill(struct frame_reader *reader, int fd)
{
	ssize_t n = read(fd, reader->data + reader->used, sizeof(reader->data) - reader->used);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	reader->used += n;
	return 0;
}

/* Throws away what precedes the first hello; keeps a tail that may be its beginning. */
static void synchronise(struct frame_reader *reader)
{
	const uint8_t *found = memmem(reader->data, reader->used, hello, HELLO_SIZE);

	if (found) {
		discard(reader, found - reader->data);
		reader->synced = 1;
	} else if (reader->used >= HELLO_SIZE) {
		discard(reader, reader->used - (HELLO_SIZE - 1));
	}
}

int frame_next(struct frame_reader *reader, enum frame_type *ret_type, const uint8_t **ret_payload,
	       size_t *ret_size)
{
	size_t size;

	if (!reader->synced)
		synchronise(reader);
	if (!reader->synced || reader->used < FRAME_HEADER)
		return 0;
	size = payload_size(reader->data);
	if (reader->data[0] < FRAME_HELLO || reader->data[0] > FRAME_EXIT ||
	    size > FRAME_PAYLOAD_MAX)
		return -EPROTO;
	if (reader->used < FRAME_HEADER + size)
		return 0;
	*ret_type = reader->data[0];
	*ret_payload = reader->data + FRAME_HEADER;
	*ret_size = size;
	return 1;
}

void frame_drop(struct frame_reader *reader)
{
	discard(reader, FRAME_HEADER + payload_size(reader->data));
}
