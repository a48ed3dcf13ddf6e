/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes made into text that is safe to show. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/vmname.h"

/* Bytes of the UTF-8 sequence at @s (RFC 3629: shortest form, no surrogates), 0: not one. */
static size_t utf8_sequence(const unsigned char *s, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c;
	size_t n;

	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	c = s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

/* Controls (C0, DEL, C1), line and paragraph separators, and what reorders text on a terminal. */
static bool is_unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void vmname_sanitize(char *dst, size_t size, const char *src, size_t len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t out = 0;

	if (!size)
		return;
	len = strnlen(src, len);
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_sequence(s + i, len - i, &c);
		bool escape = n == 0 || is_unprintable(c);
		size_t need;

		if (n == 0)
			n = 1;
		need = escape ? 4 * n : n;
		if (out + need >= size)
			break;
		if (escape)
			for (size_t j = 0; j < n; j++)
				snprintf(dst + out + 4 * j, 5, "\\x%02x", s[i + j]);
		else
			memcpy(dst + out, s + i, n);
		out += need;
		i += n;
	}
	dst[out] = '\0';
}
