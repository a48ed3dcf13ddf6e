/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/refusal.h"

#include <syslog.h>
#include <systemd/sd-journal.h>

#include "include/nisv_journal.h"

void refusal_note(const char *socket)
{
	/* Without a journal there is nobody to be told. */
	(void)sd_journal_send("MESSAGE=No permission to ask nisvd at %s", socket,
			      "MESSAGE_ID=" NISV_MSGID_REFUSED, "PRIORITY=%d", LOG_NOTICE, NULL);
}
