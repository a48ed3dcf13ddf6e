/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/guestmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/edge/procfs.h"

#define WORDS_MAX    512U	  /* per process_vm_readv(2); IOV_MAX is 1024 */
#define PAGES_MAX    512U	  /* entries of pagemap looked at together */
#define PAGE_PRESENT (1ULL << 63) /* Linux Documentation/admin-guide/mm/pagemap.rst */

struct guestmem {
	uint32_t pid;
	int pagemap;
	uint64_t page_bytes; /* of the host */
	/* Entries of pagemap that were read last, from page @window_page on. */
	uint64_t window[PAGES_MAX], window_page;
	size_t n_window;
	size_t n_slots;
	struct nisv_slot slots[];
};

static bool is_plain_memory(enum backing_kind kind)
{
	return kind == BACKING_ANONYMOUS || kind == BACKING_MEMFD || kind == BACKING_HUGETLB ||
	       kind == BACKING_FILE;
}

static bool may_be_read(const struct vm *vm, const struct nisv_slot *slot)
{
	const struct backing *backing = backings_find(&vm->backings, slot);

	return slot->as_id == 0 && !(slot->flags & (NISV_SLOT_INVALID | NISV_SLOT_GUEST_MEMFD)) &&
	       slot->hva + slot->size >= slot->hva && backing && is_plain_memory(backing->kind);
}

static int refused(int error, char *reason, size_t size)
{
	if (error == EPERM || error == EACCES) {
		snprintf(reason, size,
			 "no permission to read the VMM's memory: nisvd needs CAP_SYS_PTRACE and "
			 "CAP_DAC_READ_SEARCH (CAPABILITIES in nisvd(8))");
		return -EPERM;
	}
	if (error == ENOENT || error == ESRCH) {
		snprintf(reason, size, "the VMM has ended");
		return -ESRCH;
	}
	snprintf(reason, size, "the VMM's memory cannot be read: %s", strerror(error));
	return -error;
}

int guestmem_open(const struct vm *vm, struct guestmem **ret, char *reason, size_t size)
{
	struct guestmem *memory;
	char path[48];

	memory = malloc(sizeof(*memory) + vm->layout.n_slots * sizeof(memory->slots[0]));
	if (!memory)
		return -ENOMEM;
	*memory = (struct guestmem){
		.pid = vm->tgid,
		.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
	};
	for (size_t i = 0; i < vm->layout.n_slots; i++)
		if (may_be_read(vm, &vm->layout.slots[i]))
			memory->slots[memory->n_slots++] = vm->layout.slots[i];
	if (!memory->n_slots) {
		snprintf(reason, size, "%s",
			 vm->backings.reason[0] ? vm->backings.reason
						: "no memslot is backed by plain memory");
		free(memory);
		return -ENODATA;
	}
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/pagemap", vm->tgid);
	memory->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (memory->pagemap < 0) {
		int r = refused(errno, reason, size);

		free(memory);
		return r;
	}
	/* From here on the open file stands for that process's memory, whatever its number. */
	if (!procfs_is_process(vm->tgid, vm->start_ns)) {
		guestmem_close(memory);
		return refused(ESRCH, reason, size);
	}
	*ret = memory;
	return 0;
}

struct guestmem *guestmem_close(struct guestmem *memory)
{
	if (!memory)
		return NULL;
	close(memory->pagemap);
	free(memory);
	return NULL;
}

/* The VMM's address of the @len bytes at @ipa; false if no one slot that may be read has them. */
static bool find_hva(const struct guestmem *memory, uint64_t ipa, size_t len, uint64_t *ret)
{
	for (size_t i = 0; i < memory->n_slots; i++) {
		const struct nisv_slot *slot = &memory->slots[i];

		if (ipa < slot->gpa || ipa - slot->gpa >= slot->size)
			continue;
		if (len > slot->size - (ipa - slot->gpa))
			return false;
		*ret = slot->hva + (ipa - slot->gpa);
		return true;
	}
	return false;
}

/* 1: present, 0: not, or -errno. Of what follows @page, @ahead entries may be of use, too. */
static int page_is_present(struct guestmem *memory, uint64_t page, size_t ahead)
{
	size_t want = ahead < PAGES_MAX ? ahead : PAGES_MAX;

	if (page < memory->window_page || page - memory->window_page >= memory->n_window) {
		ssize_t n = pread(memory->pagemap, memory->window, want * sizeof(memory->window[0]),
				  (off_t)(page * sizeof(memory->window[0])));

		memory->n_window = 0;
		if (n < 0)
			return -errno;
		memory->window_page = page;
		memory->n_window = (size_t)n / sizeof(memory->window[0]);
		if (!memory->n_window)
			return -ESRCH; /* the process has given up its memory */
	}
	return (memory->window[page - memory->window_page] & PAGE_PRESENT) != 0;
}

/* The same of all pages that hold the @len bytes at @hva. */
static int is_present(struct guestmem *memory, uint64_t hva, size_t len)
{
	uint64_t last = (hva + len - 1) / memory->page_bytes;
	int r = 1;

	for (uint64_t page = hva / memory->page_bytes; r == 1 && page <= last; page++)
		r = page_is_present(memory, page, last - page + 1);
	return r;
}

int guestmem_read(struct guestmem *memory, uint64_t ipa, void *buf, size_t len)
{
	struct iovec local = {.iov_base = buf, .iov_len = len}, remote = {.iov_len = len};
	uint64_t hva;
	ssize_t n;
	int r;

	if (!len || !find_hva(memory, ipa, len, &hva))
		return -ENODATA;
	/* What was present a while ago may have been given back since. */
	memory->n_window = 0;
	r = is_present(memory, hva, len);
	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	remote.iov_base = (void *)(uintptr_t)hva; /* NOLINT(performance-no-int-to-ptr) */
	n = process_vm_readv((pid_t)memory->pid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return errno == EFAULT ? -ENODATA : -errno;
	return (size_t)n == len ? 0 : -ENODATA;
}

/* Words that are present, to be read together. */
struct batch {
	struct iovec remote[WORDS_MAX];
	size_t index[WORDS_MAX]; /* of the caller's words */
	size_t n;
};

/*
 * A word that cannot be read after all ends a call behind the last one that could be: it stays
 * zero, and the rest is read on.
 */
static int read_batch(const struct guestmem *memory, const struct batch *batch, uint64_t *ret)
{
	uint64_t words[WORDS_MAX] = {0};
	size_t done = 0;

	while (done < batch->n) {
		struct iovec local = {.iov_base = words,
				      .iov_len = (batch->n - done) * GUESTMEM_WORD};
		ssize_t bytes = process_vm_readv((pid_t)memory->pid, &local, 1,
						 batch->remote + done, batch->n - done, 0);
		size_t got = bytes < 0 ? 0 : (size_t)bytes / GUESTMEM_WORD;

		if (bytes < 0 && errno != EFAULT)
			return -errno;
		for (size_t i = 0; i < got; i++)
			ret[batch->index[done + i]] = words[i];
		done += got + 1;
	}
	return 0;
}

int guestmem_read_words(struct guestmem *memory, const uint64_t *ipas, size_t n, uint64_t *ret)
{
	struct batch batch = {.n = 0};
	uint64_t hva;
	int r;

	memory->n_window = 0;
	memset(ret, 0, n * sizeof(ret[0]));
	for (size_t i = 0; i < n; i++) {
		if (!find_hva(memory, ipas[i], GUESTMEM_WORD, &hva) || hva % GUESTMEM_WORD)
			continue;
		r = page_is_present(memory, hva / memory->page_bytes, PAGES_MAX);
		if (r < 0)
			return r;
		if (!r)
			continue;
		batch.remote[batch.n] = (struct iovec){
			.iov_base = (void *)(uintptr_t)hva, /* NOLINT(performance-no-int-to-ptr) */
			.iov_len = GUESTMEM_WORD,
		};
		batch.index[batch.n++] = i;
		if (batch.n < WORDS_MAX)
			continue;
		r = read_batch(memory, &batch, ret);
		if (r < 0)
			return r;
		batch.n = 0;
	}
	return read_batch(memory, &batch, ret);
}

bool guestmem_is_current(const struct guestmem *memory)
{
	uint64_t entry;

	/* Of memory that is given up there is nothing to read: as long as there is, its process
	 * has not ended, and its number is its own. */
	return pread(memory->pagemap, &entry, sizeof(entry),
		     (off_t)(memory->slots[0].hva / memory->page_bytes * sizeof(entry))) ==
	       sizeof(entry);
}
