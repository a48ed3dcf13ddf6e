/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "guest.h"

/* The bounds of the section that GUEST fills; the linker provides them. */
extern const struct guest __start_guest_table[], __stop_guest_table[];

const struct guest *guest_find(const char *name)
{
	for (const struct guest *g = __start_guest_table; g < __stop_guest_table; g++)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

void guest_list(void)
{
	for (const struct guest *g = __start_guest_table; g < __stop_guest_table; g++)
		printf("%-16s %s\n", g->name, g->help);
}

const uint8_t *guest_vectors_find(const char *name)
{
#ifdef __aarch64__
	extern const uint8_t guest_vectors_stop[], guest_vectors_skip[], guest_vectors_return[];

	if (!strcmp(name, "stop"))
		return guest_vectors_stop;
	if (!strcmp(name, "skip"))
		return guest_vectors_skip;
	if (!strcmp(name, "return"))
		return guest_vectors_return;
#else
	(void)name;
#endif
	return NULL;
}
