/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_COUNTERS_MAP_H
#define NISVD_COUNTERS_MAP_H

/* Reading a BPF hash map in batches: one element after the other, or all as an array. */

#include <stddef.h>

/* A map, and who is shown its elements. @show returns 0 or -errno, which ends the reading. */
struct map_reading {
	int fd;
	size_t key_size, value_size;
	int (*show)(const void *key, const void *value, void *userdata);
	void *userdata;
};

/* 0 or -errno. Elements that come or go meanwhile may be shown or not, and some twice. */
int map_read(const struct map_reading *reading);

/* An array that grows, of one element being a key followed by its value. Zeroed but for the sizes
 * at first; who has it frees ->data. */
struct map_table {
	char *data;
	size_t n, capacity, key_size, value_size;
};

/* A ->show: appends to the table that is userdata. @value may be NULL where its size is 0. 0 or
 * -ENOMEM. */
int map_table_add(const void *key, const void *value, void *userdata);

#endif
