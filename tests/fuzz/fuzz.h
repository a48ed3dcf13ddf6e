/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share. Each is a program of libFuzzer's: see tests/fuzz/run. */
#ifndef NISVD_TESTS_FUZZ_H
#define NISVD_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libFuzzer calls it with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is; libFuzzer keeps the input of a process that aborts. */
#define MUST(condition)                                                                      \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			dprintf(STDERR_FILENO, "%s:%d: must hold: %s\n", __FILE__, __LINE__, \
				#condition);                                                 \
			abort();                                                             \
		}                                                                            \
	} while (0)

/* What the code under test says on standard error is not of interest. */
static inline void be_quiet(void)
{
	static FILE *null;

	if (!null)
		null = fopen("/dev/null", "we");
	MUST(null);
	stderr = null;
}

/* The string ends within its array and has nothing that a terminal or a journal would obey. */
static inline void must_be_printable(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	MUST(length < size);
	for (size_t i = 0; i < length; i++)
		MUST((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

/* The front of an input as plain values; past its end they are zero. */
struct input {
	const uint8_t *data;
	size_t size;
};

static inline void input_take(struct input *input, void *ret, size_t size)
{
	size_t n = size < input->size ? size : input->size;

	memset(ret, 0, size);
	if (n)
		memcpy(ret, input->data, n);
	input->data += n;
	input->size -= n;
}

static inline uint8_t input_byte(struct input *input)
{
	uint8_t byte;

	input_take(input, &byte, sizeof(byte));
	return byte;
}

/* The path of a file that has the bytes, for what reads files only; until the next call. */
static inline const char *input_path(const uint8_t *data, size_t size)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("input", MFD_CLOEXEC);
	MUST(fd >= 0 && ftruncate(fd, 0) == 0);
	MUST(pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

#endif
