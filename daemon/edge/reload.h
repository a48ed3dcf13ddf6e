/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_RELOAD_H
#define NISVD_RELOAD_H

/* nisvd.conf, read again at SIGHUP, as the service manager sends it (systemd.service(5),
 * ExecReload=). */

struct manager;

/* From now on, in the event loop. With errors in it the configuration stays as it was, which log
 * and STATUS= say; so does what can only change with a restart ([Capture]). 0 or -errno. */
int reload_watch(struct manager *manager);

#endif
