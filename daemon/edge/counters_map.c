/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/counters_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MIN 256U
#define BATCH_MAX 65536U

/*
 * Shows one batch. 0: there may be more, 1: that was the last, -ENOSPC: a bucket of the map holds
 * more than the batch.
 */
static int read_batch(const struct map_reading *reading, __u32 *position, bool first, char *keys,
		      char *values, __u32 size)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, opts);
	__u32 n = size;
	int r;

	r = bpf_map_lookup_batch(reading->fd, first ? NULL : position, position, keys, values, &n,
				 &opts);
	if (r < 0 && r != -ENOENT)
		return r;
	for (__u32 i = 0; i < n; i++) {
		int err = reading->show(keys + i * reading->key_size,
					values + i * reading->value_size, reading->userdata);

		if (err < 0)
			return err;
	}
	return r == -ENOENT;
}

int map_read(const struct map_reading *reading)
{
	__u32 position = 0, size = BATCH_MIN;
	char *keys = NULL, *values = NULL;
	bool first = true;
	int r;

	for (;;) {
		free(keys);
		free(values);
		keys = calloc(size, reading->key_size);
		values = calloc(size, reading->value_size);
		if (!keys || !values) {
			r = -ENOMEM;
			break;
		}
		do {
			r = read_batch(reading, &position, first, keys, values, size);
			if (r >= 0)
				first = false;
		} while (r == 0);
		if (r != -ENOSPC || size >= BATCH_MAX)
			break;
		size *= 4;
	}
	free(keys);
	free(values);
	return r < 0 ? r : 0;
}

static int table_reserve(struct map_table *table, size_t more)
{
	size_t capacity = table->capacity ? table->capacity : 64;
	char *data;

	while (capacity < table->n + more)
		capacity *= 2;
	if (capacity == table->capacity)
		return 0;
	data = reallocarray(table->data, capacity, table->key_size + table->value_size);
	if (!data)
		return -ENOMEM;
	table->data = data;
	table->capacity = capacity;
	return 0;
}

int map_table_add(const void *key, const void *value, void *userdata)
{
	struct map_table *table = userdata;
	int r = table_reserve(table, 1);
	char *at;

	if (r < 0)
		return r;
	at = table->data + table->n++ * (table->key_size + table->value_size);
	memcpy(at, key, table->key_size);
	if (table->value_size)
		memcpy(at + table->key_size, value, table->value_size);
	return 0;
}
