/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int stored_add(struct stored *stored, const struct stored_finding *finding)
{
	if (!stored->list)
		stored->list = calloc(FINDINGS_MAX, sizeof(*stored->list));
	if (!stored->list)
		return -ENOMEM;
	if (stored->n < FINDINGS_MAX)
		stored->list[stored->n++] = *finding;
	return 0;
}

void stored_clear(struct stored *stored)
{
	free(stored->list);
	*stored = (struct stored){};
}

/* How many of each cause and severity there are is compared, for equal ones may stand in any order.
 */
static size_t count_stored(const struct stored *stored, const char *cause, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < stored->n; i++)
		n += stored->list[i].severity == severity && !strcmp(stored->list[i].cause, cause);
	return n;
}

static size_t count_now(const struct findings *findings, const char *cause, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->list[i].severity == severity &&
		     !strcmp(findings->list[i].cause, cause);
	return n;
}

bool stored_differ(const struct stored *stored, const struct findings *findings)
{
	if (stored->n != findings->n)
		return true;
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];

		if (count_stored(stored, finding->cause, finding->severity) !=
		    count_now(findings, finding->cause, finding->severity))
			return true;
	}
	return false;
}
