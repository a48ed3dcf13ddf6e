/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/corpus/cases.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define VERIFY "verify:"

/* NAME|CAUSE|...; all else is comments and words that stand for others. */
static int read_case(const char *line, struct corpus_case *ret)
{
	const char *cause;

	*ret = (struct corpus_case){0};
	if (sscanf(line, "%47[^|]|%63[^|]|", ret->name, ret->cause) != 2)
		return -1;
	cause = ret->cause;
	if (!strcmp(cause, "healthy")) {
		ret->kind = CASE_HEALTHY;
		ret->cause[0] = '\0';
	} else if (!strncmp(cause, VERIFY, strlen(VERIFY))) {
		ret->kind = CASE_VERIFY;
		memmove(ret->cause, cause + strlen(VERIFY), strlen(cause + strlen(VERIFY)) + 1);
	}
	return 0;
}

int cases_read(const char *path, struct corpus_case ret[CASES_MAX])
{
	FILE *file = fopen(path, "re");
	char line[1024];
	int n = 0;

	if (!file) {
		perror(path);
		return -1;
	}
	while (n >= 0 && fgets(line, sizeof(line), file)) {
		if (!islower((unsigned char)line[0]))
			continue;
		if (n == CASES_MAX || read_case(line, &ret[n]) < 0) {
			fprintf(stderr, "%s: no case, or one too many: %s", path, line);
			n = -2;
		}
		n++;
	}
	fclose(file);
	return n;
}
