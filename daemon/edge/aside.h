/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_ASIDE_H
#define NISVD_ASIDE_H

/*
 * Work done aside, in a child process with a deadline. Whoever reads another process's memory,
 * mappings or command line waits for its mmap_lock, and that process can hold it for ever: a page
 * fault on a file whose server does not answer keeps it (mm/filemap.c, fs/proc/task_mmu.c). Nobody
 * else on the host may wait with it.
 */

#include <stddef.h>
#include <stdint.h>

#define ASIDE_NS 1000000000ULL /* hundreds of times what a look into a VM mostly takes */

/* How long a process that did not answer is left alone. */
#define ASIDE_SILENT_NS 600000000000ULL

/* What the child does: it has a copy of all memory, but no other file descriptor than @fd. */
typedef void (*aside_work_t)(int fd, void *userdata);

/* For the child: writes all of it, or ends. */
void aside_send(int fd, const void *data, size_t size);

/*
 * Runs @work and collects what it sends, up to @max bytes, into @ret (allocated, the caller frees).
 * 0, -ETIMEDOUT (the child is killed; it ends when the lock is free, if not before), -EFBIG, or
 * another -errno. SIGCHLD must be ignored, so that such a child leaves no zombie.
 */
int aside_run(aside_work_t work, void *userdata, size_t max, void **ret, size_t *ret_len);

#endif
