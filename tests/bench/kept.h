/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISV_BENCH_KEPT_H
#define NISV_BENCH_KEPT_H

/*
 * nisvd's programs, loaded as nisvd does, to be attached and detached in milliseconds. Their maps
 * stay with them.
 */

#include <stddef.h>
#include <stdint.h>

struct kept;

/* @programs: their names, @n (up to 8) of them. 0 or -errno, logged. The caller frees it. */
int kept_new(const char *const *programs, size_t n, struct kept **ret);
void kept_free(struct kept *kept); /* takes NULL */

/* The file descriptor of a program, owned by @kept. -1: nisvd does not attach it on this kernel. */
int kept_fd(const struct kept *kept, size_t program);

/* Takes all records from the rings. The number of those about a fault. */
uint64_t kept_records(struct kept *kept);

#endif
