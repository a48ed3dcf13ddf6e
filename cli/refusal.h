/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_REFUSAL_H
#define NISVCTL_REFUSAL_H

/*
 * nisvd never sees whom the kernel refuses to let connect to its socket at @socket. As sudo does,
 * the one who was refused leaves a note in the journal: journald adds who that is.
 */
void refusal_note(const char *socket);

#endif
