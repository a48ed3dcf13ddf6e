/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/corpus/coverage.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show(struct coverage *coverage, const char *id)
{
	for (size_t i = 0; i < n_rules; i++)
		if (!strcmp(rules[i]->id, id))
			coverage->shown[i] = true;
}

void coverage_add(struct coverage *coverage, const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->list[i];

		show(coverage, f->cause);
		for (size_t k = 0; k < f->n_overlays; k++)
			show(coverage, f->overlays[k].rule->id);
	}
}

/* As a string of the program's. */
static bool file_names(const char *path, const char *id)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512], word[80];

	if (!file)
		return false;
	snprintf(word, sizeof(word), "\"%s\"", id);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, word) != NULL;
	fclose(file);
	return found;
}

static size_t print_tests(const glob_t *files, const char *id)
{
	size_t n = 0;

	printf("%-40s", id);
	for (size_t i = 0; i < files->gl_pathc; i++)
		if (file_names(files->gl_pathv[i], id) && n++ < 2)
			printf(" %s", strrchr(files->gl_pathv[i], '/') + 1);
	puts(n ? "" : " NO TEST");
	return n;
}

size_t coverage_print(const struct coverage *coverage)
{
	glob_t files = {0};
	size_t untested = 0;

	if (glob("tests/unit/test_*.c", 0, NULL, &files) != 0)
		return n_rules;
	for (size_t i = 0; i < n_rules; i++)
		if (!coverage->shown[i])
			untested += !print_tests(&files, rules[i]->id);
	globfree(&files);
	return untested;
}
