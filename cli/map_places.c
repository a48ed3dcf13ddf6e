/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/map_places.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/format.h"
#include "cli/map_rows.h"
#include "cli/reply.h"

static void place_add(struct place *place, struct json_object *site)
{
	bool writes = strcmp(reply_string(site, "kind"), "mmio-write") == 0;
	int64_t *sum = writes ? &place->writes : &place->reads;

	*sum = reply_sum(*sum, reply_int(site, "count"));
	place->user = reply_sum(place->user, reply_int(site, "user"));
}

struct place *places_collect(struct json_object **sites, size_t n_sites, size_t *ret_n)
{
	struct place *places = calloc(n_sites + 1, sizeof(*places));
	size_t n = 0;

	*ret_n = 0;
	for (size_t i = 0; places && i < n_sites; i++) {
		struct place *last = n ? &places[n - 1] : NULL;
		bool mmio = site_is_mmio(sites[i]);

		if (!last || !mmio || !last->mmio ||
		    reply_address(last->site, "ipa") != reply_address(sites[i], "ipa"))
			places[n++] = (struct place){.site = sites[i], .mmio = mmio};
		if (mmio)
			place_add(&places[n - 1], sites[i]);
	}
	*ret_n = n;
	return places;
}

static void mmio_text(const struct place *place, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "MMIO ");
	char counted[FORMAT_MAX];

	if (place->reads)
		n += (size_t)snprintf(buf + n, size - n, "%s",
				      format_counted(place->reads, "read", counted));
	if (place->writes)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", place->reads ? ", " : "",
				      format_counted(place->writes, "write", counted));
	if (place->user)
		snprintf(buf + n, size - n, ", %" PRId64 " by the VMM", place->user);
}

static void abort_text(struct json_object *site, char *buf, size_t size)
{
	const char *instruction = reply_string(site, "instruction");
	char times[FORMAT_MAX];

	snprintf(buf, size, "%.30s %s%s%.90s, %.40s", reply_string(site, "kind"),
		 format_times(reply_int(site, "count"), times), *instruction ? ": " : "",
		 instruction, reply_string(site, "outcome"));
}

void place_text(const struct place *place, char *buf, size_t size)
{
	if (place->mmio)
		mmio_text(place, buf, size);
	else
		abort_text(place->site, buf, size);
}

int64_t place_accesses(const struct place *place)
{
	return place->mmio ? reply_sum(place->reads, place->writes)
			   : reply_int(place->site, "count");
}
