/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/reply.h"
#include "cli/top.h"
#include "cli/vm_text.h"

double top_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double top_rate(int64_t before, int64_t now, double seconds)
{
	return now > before && seconds > 0 ? ((double)now - (double)before) / seconds : 0;
}

static struct top_rates rates(const struct top_counts *before, const struct top_counts *now,
			      double seconds)
{
	return (struct top_rates){
		.aborts = top_rate(before->aborts, now->aborts, seconds),
		.mmio = top_rate(before->mmio, now->mmio, seconds),
		.user = top_rate(before->user, now->user, seconds),
	};
}

/* Of a VM or of GetStatus. */
static struct top_counts counts_of(struct json_object *o)
{
	struct json_object *mmio = reply_object(o, "mmio");

	return (struct top_counts){
		.aborts = counters_sum(reply_object(o, "aborts")),
		.mmio = reply_sum(reply_int(mmio, "reads"), reply_int(mmio, "writes")),
		.user = reply_int(mmio, "user"),
	};
}

/* ---- VMs ------------------------------------------------------------------------------------- */

const char *top_vm_label(const struct top_vm *vm)
{
	const char *name = reply_string(vm->vm, "name");

	return vm->unique && *name ? name : reply_string(vm->vm, "id");
}

static int by_name(const void *a, const void *b)
{
	const struct top_vm *const *x = a, *const *y = b;

	return strcmp(reply_string((*x)->vm, "name"), reply_string((*y)->vm, "name"));
}

static int by_key(const void *a, const void *b)
{
	const struct top_vm *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* Aborts are never right, MMIO is mostly; of equals those that did more before. */
static int by_rate(const void *a, const void *b)
{
	const struct top_vm *x = a, *y = b;

	if (x->per.aborts != y->per.aborts)
		return x->per.aborts < y->per.aborts ? 1 : -1;
	if (x->per.mmio != y->per.mmio)
		return x->per.mmio < y->per.mmio ? 1 : -1;
	if (x->counts.aborts != y->counts.aborts)
		return x->counts.aborts < y->counts.aborts ? 1 : -1;
	if (x->counts.mmio != y->counts.mmio)
		return x->counts.mmio < y->counts.mmio ? 1 : -1;
	return strcmp(reply_string(x->vm, "id"), reply_string(y->vm, "id"));
}

/* Pointers to @vms in an order, to be freed; NULL without memory. */
static struct top_vm **sorted(struct top_vm *vms, size_t n,
			      int (*compare)(const void *, const void *))
{
	struct top_vm **list = calloc(n + 1, sizeof(struct top_vm *));

	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		list[i] = &vms[i];
	qsort(list, n, sizeof(struct top_vm *), compare);
	return list;
}

static bool mark_unique(struct top_sample *sample)
{
	struct top_vm **list = sorted(sample->vms, sample->n_vms, by_name);
	bool ok = list != NULL;

	for (size_t i = 0; list && i < sample->n_vms; i++)
		list[i]->unique = (i == 0 || by_name(&list[i - 1], &list[i]) != 0) &&
				  (i + 1 == sample->n_vms || by_name(&list[i], &list[i + 1]) != 0);
	free(list);
	return ok;
}

/* A VM that was not there before has counted all that it has since then. */
static bool measure_vms(const struct top_sample *before, struct top_sample *sample)
{
	struct top_vm **list = sorted(before->vms, before->n_vms, by_key);
	bool ok = list != NULL;
	const struct top_counts none = {0};

	for (size_t i = 0; list && i < sample->n_vms; i++) {
		struct top_vm *vm = &sample->vms[i], **found;

		found = bsearch(&vm, list, before->n_vms, sizeof(struct top_vm *), by_key);
		vm->per = rates(found ? &(*found)->counts : &none, &vm->counts,
				sample->at - before->at);
	}
	free(list);
	return ok;
}

static bool collect_vms(const struct top_sample *before, struct top_sample *sample)
{
	struct json_object *list = reply_array(sample->list, "vms");

	sample->vms = calloc(reply_length(list) + 1, sizeof(*sample->vms));
	if (!sample->vms)
		return false;
	for (size_t i = 0; i < reply_length(list); i++) {
		struct json_object *vm = reply_at(list, i);

		if (strcmp(reply_string(vm, "state"), "running") == 0)
			sample->vms[sample->n_vms++] = (struct top_vm){
				.vm = vm,
				.key = reply_string(vm, "key"),
				.counts = counts_of(vm),
			};
	}
	if (!mark_unique(sample) || (before && !measure_vms(before, sample)))
		return false;
	qsort(sample->vms, sample->n_vms, sizeof(*sample->vms), by_rate);
	while (sample->n_busy < sample->n_vms && (sample->vms[sample->n_busy].per.aborts > 0 ||
						  sample->vms[sample->n_busy].per.mmio > 0))
		sample->n_busy++;
	return true;
}

static int out_of_memory(const struct options *options)
{
	return error_report(options, NISV_EXIT_FAILURE, NULL, NULL, "out of memory");
}

/* ---- places ------------------------------------------------------------------------------------
 */

static const struct top_map *find_map(const struct top_sample *sample, const char *key)
{
	for (size_t i = 0; sample && i < sample->n_maps; i++)
		if (strcmp(sample->maps[i].key, key) == 0)
			return &sample->maps[i];
	return NULL;
}

/* The first VMs of the order; of a first sample that is no measure yet, but likely the busy ones.
 */
static int collect_places(const struct options *options, struct client *client,
			  const struct top_sample *before, struct top_sample *sample)
{
	size_t n = sample->measured ? sample->n_busy : sample->n_vms;

	for (size_t i = 0; i < n && i < TOP_MAPS; i++) {
		const char *key = sample->vms[i].key;
		double asked = top_now();
		struct json_object *reply;
		int status = client_attempt(client, NISV_METHOD_GET_FAULT_MAP,
					    client_params("vm", key), &reply);
		bool ok;

		if (status == NISV_EXIT_NO_SUCH_VM)
			continue; /* it ended since it was listed */
		if (status != NISV_EXIT_OK)
			return status;
		ok = top_places_add(sample, i, reply, (asked + top_now()) / 2,
				    find_map(before, key));
		json_object_put(reply);
		if (!ok)
			return out_of_memory(options);
	}
	return NISV_EXIT_OK;
}

/* ---- a sample
 * ------------------------------------------------------------------------------------ */

static int ask(struct client *client, const char *method, struct json_object **ret, double *ret_at)
{
	double asked = top_now();
	int status = client_attempt(client, method, NULL, ret);

	*ret_at = (asked + top_now()) / 2;
	return status;
}

static void measure_host(const struct top_sample *before, struct top_sample *sample)
{
	sample->measured = true;
	sample->interval = sample->at - before->at;
	sample->per =
		rates(&before->counts, &sample->counts, sample->status_at - before->status_at);
	if (__builtin_sub_overflow(counters_sum(reply_object(sample->status, "lost")),
				   counters_sum(reply_object(before->status, "lost")),
				   &sample->lost) ||
	    sample->lost < 0)
		sample->lost = 0;
}

int top_sample_take(const struct options *options, struct client *client,
		    const struct top_sample *before, struct top_sample *ret)
{
	struct top_sample sample = {0};
	struct timespec now;
	int status;

	status = ask(client, NISV_METHOD_GET_STATUS, &sample.status, &sample.status_at);
	if (status == NISV_EXIT_OK)
		status = ask(client, NISV_METHOD_LIST_VMS, &sample.list, &sample.at);
	if (status == NISV_EXIT_OK) {
		clock_gettime(CLOCK_REALTIME, &now);
		format_iso(now.tv_sec, (unsigned int)(now.tv_nsec / 1000), sample.time);
		sample.counts = counts_of(sample.status);
		if (before)
			measure_host(before, &sample);
		status = collect_vms(before, &sample)
				 ? collect_places(options, client, before, &sample)
				 : out_of_memory(options);
	}
	if (status == NISV_EXIT_OK)
		*ret = sample;
	else
		top_sample_clear(&sample);
	return status;
}

void top_sample_forget_rates(struct top_sample *sample)
{
	sample->measured = false;
	sample->n_places = sample->n_busy = 0;
	sample->lost = 0;
	sample->per = (struct top_rates){0};
	for (size_t i = 0; i < sample->n_vms; i++)
		sample->vms[i].per = (struct top_rates){0};
}

void top_sample_clear(struct top_sample *sample)
{
	json_object_put(sample->status);
	json_object_put(sample->list);
	free(sample->vms);
	for (size_t i = 0; i < sample->n_maps; i++)
		free(sample->maps[i].sites);
	*sample = (struct top_sample){0};
}
