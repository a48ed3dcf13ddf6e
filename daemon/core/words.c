/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text text_begin(char *buf, size_t size)
{
	buf[0] = '\0';
	return (struct text){.buf = buf, .size = size};
}

void text_add(struct text *text, const char *format, ...)
{
	size_t room = text->size - text->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + text->len, room, format, args);
	va_end(args);
	if (n < 0)
		text->buf[text->len] = '\0';
	else
		text->len += (size_t)n < room ? (size_t)n : room - 1;
}

struct words words_size(uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct words w = {0};
	size_t unit = 0;
	uint64_t whole = bytes;

	while (whole >= 1024 && whole % 1024 == 0) {
		whole /= 1024;
		unit++;
	}
	/* "1025 KiB" is exact and short enough; a longer number says less than a rounded one. */
	if (whole < 65536) {
		snprintf(w.s, sizeof(w.s), "%" PRIu64 " %s", whole,
			 bytes == 1 ? "byte" : units[unit]);
		return w;
	}
	unit = 0;
	for (whole = bytes; whole >= 1024 * 1024; whole /= 1024)
		unit++;
	snprintf(w.s, sizeof(w.s), "%" PRIu64 ".%" PRIu64 " %s", whole / 1024,
		 whole % 1024 * 10 / 1024, units[unit + 1]);
	return w;
}

void words_hex(char *buf, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*buf++ = digits[bytes[i] >> 4];
		*buf++ = digits[bytes[i] & 0xf];
	}
	*buf = '\0';
}

struct words words_range(uint64_t start, uint64_t size)
{
	struct words w = {0};
	struct text text = text_begin(w.s, sizeof(w.s));

	text_add(&text, "0x%" PRIx64 "-0x%" PRIx64 " (%s)", start, start + size,
		 words_size(size).s);
	return w;
}

struct words words_errno(int err)
{
	unsigned int positive = err < 0 ? -(unsigned int)err : (unsigned int)err;
	struct words w = {0};
	const char *name = NULL;

	switch (positive) {
	case ENOSYS:
		name = "ENOSYS";
		break;
	case EFAULT:
		name = "EFAULT";
		break;
	case ENOEXEC:
		name = "ENOEXEC";
		break;
	case EINVAL:
		name = "EINVAL";
		break;
	case ENOMEM:
		name = "ENOMEM";
		break;
	case EIO:
		name = "EIO";
		break;
	case EHWPOISON:
		name = "EHWPOISON";
		break;
	}
	if (name)
		snprintf(w.s, sizeof(w.s), "%s", name);
	else
		snprintf(w.s, sizeof(w.s), "errno %u", positive);
	return w;
}

struct words words_exit(uint32_t reason)
{
	struct words w = {0};

	/* include/uapi/linux/kvm.h */
	switch (reason) {
	case 17:
		snprintf(w.s, sizeof(w.s), "KVM_EXIT_INTERNAL_ERROR");
		break;
	case 28:
		snprintf(w.s, sizeof(w.s), "KVM_EXIT_ARM_NISV");
		break;
	case 39:
		snprintf(w.s, sizeof(w.s), "KVM_EXIT_MEMORY_FAULT");
		break;
	case 41:
		snprintf(w.s, sizeof(w.s), "KVM_EXIT_ARM_SEA");
		break;
	case 42:
		snprintf(w.s, sizeof(w.s), "KVM_EXIT_ARM_LDST64B");
		break;
	default:
		snprintf(w.s, sizeof(w.s), "exit reason %" PRIu32, reason);
	}
	return w;
}
