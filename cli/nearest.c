/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 48

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits (insert, delete, replace a letter) from one word to the other. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX], n = strlen(b);

	if (strlen(a) >= WORD_MAX || n >= WORD_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t above = row[k];

			row[k] = min3(above + 1, row[k - 1] + 1, diagonal + (a[i - 1] != b[k - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const char *nearest = NULL;
	size_t best = 3; /* more edits than two is another word */

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, words[i]);

		if (strlen(word) > 1 && strncmp(word, words[i], strlen(word)) == 0)
			d = 1;
		if (d < best && d < strlen(word)) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}
