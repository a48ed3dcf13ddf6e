/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_kept.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/edge/capture_abi.h"
#include "daemon/edge/log.h"
#include "daemon/edge/wallclock.h"

/* A prefix and a name of bpf/, as long as in the source; fdstore_put() takes 250. */
#define STORED_NAME 96

static const char *name_of(char buf[STORED_NAME], const char *prefix, const char *name)
{
	snprintf(buf, STORED_NAME, "%s-%s", prefix, name);
	return buf;
}

static int find(const struct capture_kept *kept, const char *prefix, const char *name)
{
	char buf[STORED_NAME];

	return kept->store ? fdstore_find(kept->store, name_of(buf, prefix, name)) : -ENOENT;
}

/* Settings are each daemon's own. */
static bool is_shared(const struct bpf_map *map)
{
	return !strstr(bpf_map__name(map), ".rodata");
}

static bool has_all_maps(const struct capture_kept *kept, const struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object)
		if (is_shared(map) && find(kept, "map", bpf_map__name(map)) < 0)
			return false;
	return true;
}

/* False, with the reason in @why: what is kept cannot be used. */
static bool is_usable(struct capture_kept *kept, const struct bpf_object *programs,
		      const struct bpf_object *gates, char *why, size_t size)
{
	const uint32_t zero = 0;
	int fd = find(kept, "map", "gate_build");

	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &kept->build) < 0) {
		snprintf(why, size, "it does not say whose it is");
		return false;
	}
	kept->build.version[sizeof(kept->build.version) - 1] = '\0';
	if (kept->build.abi != capture_abi(programs)) {
		snprintf(why, size, "its maps are those of nisvd %s, this is %s, which has others",
			 kept->build.version, NISV_VERSION);
		return false;
	}
	if (!has_all_maps(kept, programs) || !has_all_maps(kept, gates)) {
		snprintf(why, size, "a part of it is missing");
		return false;
	}
	return true;
}

void capture_kept_look(struct capture_kept *kept, const struct bpf_object *programs,
		       const struct bpf_object *gates)
{
	char why[160];

	if (!kept->store || fdstore_is_empty(kept->store))
		return;
	kept->is_found = is_usable(kept, programs, gates, why, sizeof(why));
	if (kept->is_found) {
		wallclock_take_base(kept->build.time_base);
		return;
	}
	log_notice("What was counted before this start is not taken over: %s; counting begins anew",
		   why);
	fdstore_drop_all(kept->store);
}

int capture_kept_reuse(const struct capture_kept *kept, struct bpf_object *object)
{
	struct bpf_map *map;
	int r = 0;

	if (!kept->is_found)
		return 0;
	bpf_object__for_each_map (map, object) {
		int fd = is_shared(map) ? find(kept, "map", bpf_map__name(map)) : -ENOENT;

		if (r >= 0 && fd >= 0)
			r = bpf_map__reuse_fd(map, fd);
	}
	return r;
}

int capture_kept_link(const struct capture_kept *kept, const char *program)
{
	return kept->is_found ? find(kept, "link", program) : -ENOENT;
}

int capture_kept_gate(const struct capture_kept *kept, const char *program)
{
	return kept->is_found ? find(kept, "gate", program) : -ENOENT;
}

void capture_kept_put_maps(const struct capture_kept *kept, const struct bpf_object *object)
{
	char name[STORED_NAME];
	struct bpf_map *map;

	if (!kept->store || kept->is_found)
		return;
	bpf_object__for_each_map (map, object)
		if (is_shared(map))
			fdstore_put(kept->store, name_of(name, "map", bpf_map__name(map)),
				    bpf_map__fd(map));
}

void capture_kept_put_gate(const struct capture_kept *kept, const char *program, int gate_fd,
			   int link_fd)
{
	char name[STORED_NAME];

	if (!kept->store)
		return;
	fdstore_put(kept->store, name_of(name, "gate", program), gate_fd);
	fdstore_put(kept->store, name_of(name, "link", program), link_fd);
}

void capture_kept_drop_gate(const struct capture_kept *kept, const char *program)
{
	char name[STORED_NAME];

	if (!kept->store)
		return;
	fdstore_drop(kept->store, name_of(name, "link", program));
	fdstore_drop(kept->store, name_of(name, "gate", program));
}
