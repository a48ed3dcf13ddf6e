/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_GUESTMEM_H
#define NISVD_GUESTMEM_H

/*
 * Bounded reads of a guest's memory, through the memory of its VMM: process_vm_readv(2), which
 * needs CAP_SYS_PTRACE. It changes nothing: only pages are read that /proc/PID/pagemap, which needs
 * CAP_DAC_READ_SEARCH, shows as present, since a read would bring in the others (memory would be
 * allocated, or a userfaultfd asked). Only slots of plain memory are read: never device memory (the
 * kernel refuses that, too), and never those of guest_memfd.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/vm.h"

struct guestmem;

/*
 * @vm's backings must be known. 0; or, with a reason of what is wrong and what to do in @reason,
 * -ESRCH (its process is gone), -EPERM, -ENODATA (no slot can be read) or -ENOMEM.
 */
int guestmem_open(const struct vm *vm, struct guestmem **ret, char *reason, size_t size);
struct guestmem *guestmem_close(struct guestmem *memory); /* takes NULL, returns NULL */

/*
 * All @len bytes at guest-physical @ipa, from one slot. 0; -ENODATA: not all of them can be read;
 * -EPERM; -ESRCH: the VMM is gone.
 */
int guestmem_read(struct guestmem *memory, uint64_t ipa, void *buf, size_t len);

#define GUESTMEM_WORD 8U

/*
 * The GUESTMEM_WORD bytes at each of the @n addresses, which must be multiples of it; zeroes for
 * those that cannot be read. Takes one system call for some hundred of them; best in order. 0,
 * -EPERM or -ESRCH.
 */
int guestmem_read_words(struct guestmem *memory, const uint64_t *ipas, size_t n, uint64_t *ret);

/* Whether all that was read came from the VMM: false if its number may have gone to another. */
bool guestmem_is_current(const struct guestmem *memory);

#endif
