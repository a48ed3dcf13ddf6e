/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_REDACT_H
#define NISVD_REDACT_H

/* A dossier for strangers: without the guest's registers and memory, and without secrets of its
 * VMM. */

#include <json-c/json.h>
#include <stddef.h>

/*
 * Takes out of one line of a dossier, in place, what is in nisv-dossier(5), PRIVACY: of a fault its
 * registers, instruction, code, page table entries and callers; of a finding the sentences that
 * quote them; of a command line what secrets redact_argument() finds. The header says "redacted".
 * 0, or -ENOMEM: something may still be there.
 */
int redact_line(struct json_object *line);

/*
 * @argument of a command line with each secret in it as "***", to be freed: passwords, secrets,
 * tokens and the like by the names of their options, data of QEMU's -object secret, values of
 * fw_cfg items and of credentials, what a URL has before its host, and its query. @option: the
 * argument before it, or NULL. NULL without memory.
 */
char *redact_argument(const char *option, const char *argument);

#endif
