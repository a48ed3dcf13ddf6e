/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of nisvctl: options_parse(). An input is its words, each ended by NUL. */
#include <getopt.h>

#include "cli/options.h"
#include "fuzz.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options options = {.socket = "/run/nisvd/io.nisvd.Monitor"};
	char *text = malloc(size + 1), *words[WORDS_MAX + 2] = {(char *)"nisvctl"};
	size_t at = 0;
	int n = 1, first;

	be_quiet();
	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (; at < size && n <= WORDS_MAX; at += strlen(text + at) + 1)
		words[n++] = text + at;
	optind = 0; /* getopt(3): from the start */
	first = options_parse(n, words, &options);
	MUST(first == -1 || (first >= 1 && first <= n));
	MUST(options.socket);
	free(text);
	return 0;
}
