/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_LAB_FRAME_H
#define NISVD_LAB_FRAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * The line between the two ends of the lab: a byte stream from the guest's PID 1 to the host's
 * supervisor, in frames. A frame is a type, two bytes of payload length (little endian) and the
 * payload. One stream for all keeps the order: when FRAME_EXIT arrives, everything COMMAND wrote
 * has arrived before it.
 *
 * The guest's kernel probes the UART before PID 1 owns it and may send a few bytes; the host
 * therefore throws away everything up to the first FRAME_HELLO.
 */
enum frame_type {
	FRAME_HELLO = 0xa1,  /* FRAME_HELLO_TEXT; once, first */
	FRAME_STAGE = 0xa2,  /* one byte, enum stage: what the guest does from now on */
	FRAME_OUT = 0xa3,    /* bytes of COMMAND's standard output */
	FRAME_ERR = 0xa4,    /* bytes of COMMAND's standard error */
	FRAME_LOG = 0xa5,    /* bytes of nisvd's standard output and error */
	FRAME_NOTE = 0xa6,   /* a message of the lab for its user, no newline */
	FRAME_FAILED = 0xa7, /* nisvd could not be started: why, no newline; the last frame */
	FRAME_EXIT = 0xa8, /* one byte: COMMAND's exit status as a shell shows it; the last frame */
};

enum stage {
	STAGE_BOOT,    /* never sent: what the host assumes until it hears otherwise */
	STAGE_DAEMON,  /* nisvd was started and is not ready */
	STAGE_COMMAND, /* COMMAND runs */
};

#define FRAME_HELLO_TEXT "nisvd-lab 1"
#define FRAME_HEADER	 3
/* At most PIPE_BUF (4096 on Linux, pipe(7)): a pipe that polls writable takes a whole payload
 * without blocking. */
#define FRAME_PAYLOAD_MAX 4096

/*
 * Blocking write of one frame to @fd. @size is at most FRAME_PAYLOAD_MAX. Returns 0 or -errno.
 */
int frame_send(int fd, enum frame_type type, const void *payload, size_t size);

/* Incoming bytes not yet taken as frames. Zero-initialise. */
struct frame_reader {
	int synced; /* FRAME_HELLO was seen */
	size_t used;
	uint8_t data[2 * (FRAME_HEADER + FRAME_PAYLOAD_MAX)];
};

/*
 * Reads what is there from @fd without blocking longer than one read(2). Returns 0, -EPIPE at the
 * end of the stream, or -errno. Call only after frame_next() has returned 0: a whole frame always
 * fits then.
 */
int frame_fill(struct frame_reader *reader, int fd);

/*
 * The next whole frame. Returns 1 with *@ret_type, *@ret_payload and *@ret_size set (the payload is
 * valid until the next call on @reader; frame_drop() it when done), 0 when there is none yet,
 * -EPROTO when what came is no frame.
 */
int frame_next(struct frame_reader *reader, enum frame_type *ret_type, const uint8_t **ret_payload,
	       size_t *ret_size);

/* Forgets the frame that frame_next() returned. */
void frame_drop(struct frame_reader *reader);

#endif
