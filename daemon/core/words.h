/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_WORDS_H
#define NISVD_WORDS_H

/* Words that the texts of findings are made of. */

#include <stddef.h>
#include <stdint.h>

/* A text that grows in a buffer of fixed size; what does not fit is cut. */
struct text {
	char *buf; /* always terminated */
	size_t size, len;
};

struct text text_begin(char *buf, size_t size);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define WORDS_MAX 80

/* A short word in a buffer of its own, to be passed by value into a format. */
struct words {
	char s[WORDS_MAX];
};

/* "16 MiB", "0 bytes", "1.5 GiB": whole numbers exactly, others with one decimal. */
struct words words_size(uint64_t bytes);

/* "0x40000000-0x41000000 (16 MiB)": the end is the first byte after it. */
struct words words_range(uint64_t start, uint64_t size);

/* Two digits for each of @n bytes into @buf, which has room for them and the end. */
void words_hex(char *buf, const uint8_t *bytes, size_t n);

/* "ENOSYS" for -38 or 38; "errno 99" for those KVM_RUN is not known to return. */
struct words words_errno(int err);

/* "KVM_EXIT_ARM_NISV" for 28; "exit reason 99" for those no fault ends with. */
struct words words_exit(uint32_t reason);

#endif
