/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_JOURNAL_EDGE_H
#define NISVD_JOURNAL_EDGE_H

/* Structured journal entries; the fields and MESSAGE_IDs are in include/nisv_journal.h. */

#include "daemon/core/vm.h"

struct ucred;

/* One entry about @item of @vm. @dossier: the file that tells all, or NULL. 0, or -errno if
 * journald did not take it (journal_send()). */
int journal_news(const struct vm *vm, const struct news_item *item, const char *arch,
		 const char *dossier);

/* One entry about @withheld ones of @vm that were not written. The same. */
int journal_withheld(const struct vm *vm, uint64_t withheld, const char *dossier);

/* @peer, whose program is @comm ("": unknown), was refused an answer. */
void journal_refused(const struct ucred *peer, const char *comm);

#endif
