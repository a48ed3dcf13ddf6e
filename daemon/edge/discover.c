/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/discover.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/log.h"

/* What the iterator writes of one VM, always together. */
struct found {
	struct nisv_rec_vm vm;
	struct nisv_rec_layout layout;
};

/* More VMs than capture can count (bpf/maps.bpf.h) are not told apart either. */
#define FOUND_MAX 1024

static int compare_keys(const void *a, const void *b)
{
	const struct nisv_vm_key *x = a, *y = b;

	if (x->kvm != y->kvm)
		return x->kvm < y->kvm ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* Fills @found whole: 1, at the end 0, -EBADMSG if the end comes within, -errno. */
static int read_one(int fd, struct found *found)
{
	size_t have = 0;

	while (have < sizeof(*found)) {
		ssize_t n = read(fd, (char *)found + have, sizeof(*found) - have);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return have ? -EBADMSG : 0;
		have += n;
	}
	return 1;
}

static struct nisv_vm_key *find_key(struct discover_result *result, const struct nisv_vm_key *key)
{
	for (size_t i = 0; i < result->n_keys; i++)
		if (!compare_keys(&result->keys[i], key))
			return &result->keys[i];
	return NULL;
}

static int add_key(struct discover_result *result, const struct nisv_vm_key *key)
{
	struct nisv_vm_key *keys;

	if (result->n_keys == FOUND_MAX)
		return -ENOBUFS;
	keys = reallocarray(result->keys, result->n_keys + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	keys[result->n_keys++] = *key;
	result->keys = keys;
	return 0;
}

/*
 * Files come in order of descriptors, so that a VM's own comes before its vCPUs' unless it was
 * closed and opened anew: what comes later of the same VM says nothing new.
 */
static int take_one(struct capture *capture, const struct found *found,
		    struct discover_result *result)
{
	int r;

	if (find_key(result, &found->vm.hdr.vm))
		return 0;
	r = add_key(result, &found->vm.hdr.vm);
	if (r < 0)
		return r;
	r = capture_deliver(capture, &found->vm, sizeof(found->vm));
	if (r < 0)
		return r;
	return capture_deliver(capture, &found->layout, sizeof(found->layout));
}

int discover_run(struct capture *capture, struct discover_result *ret)
{
	struct discover_result result = {};
	struct found *found;
	int fd, r;

	fd = capture_open_iterator(capture);
	if (fd < 0)
		return log_error_errno(fd, "Cannot look for running VMs");
	found = malloc(sizeof(*found));
	if (!found) {
		close(fd);
		return -ENOMEM;
	}
	while ((r = read_one(fd, found)) > 0) {
		r = take_one(capture, found, &result);
		if (r < 0)
			break;
	}
	free(found);
	close(fd);
	if (r == -ENOBUFS) {
		log_warning("More than %d VMs run here: the others are not watched", FOUND_MAX);
		r = 0;
	} else if (r == 0) {
		result.complete = true;
	}
	if (r < 0) {
		discover_clear(&result);
		return log_error_errno(r, "Cannot read the list of running VMs");
	}
	if (result.n_keys)
		qsort(result.keys, result.n_keys, sizeof(*result.keys), compare_keys);
	*ret = result;
	return 0;
}

void discover_clear(struct discover_result *result)
{
	free(result->keys);
	*result = (struct discover_result){};
}

bool discover_has(const struct discover_result *result, const struct nisv_vm_key *vm)
{
	return result->n_keys &&
	       bsearch(vm, result->keys, result->n_keys, sizeof(*vm), compare_keys);
}
