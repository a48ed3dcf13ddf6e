/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_JOURNAL_SEND_H
#define NISVD_JOURNAL_SEND_H

/*
 * One entry to journald, which is waited for no longer than a moment: sd_journal_sendv() waits for
 * ever if journald is stopped and its socket full. Protocol: systemd.io/JOURNAL_NATIVE_PROTOCOL.
 */

#include <stddef.h>
#include <sys/uio.h>

/*
 * @fields: "NAME=value" each. 0, also where there is no journald at all; -EAGAIN: it does not take
 * entries now; -ECONNREFUSED: nor is it there; others of sendmsg(2), -ENOMEM.
 */
int journal_send(const struct iovec *fields, size_t n);

#endif
