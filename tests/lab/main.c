/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of the lab's line in one static program, so that they always agree on it: PID 1 of the
 * guest, or with the argument `service` a unit of its systemd; and with the argument `host` the
 * supervisor of QEMU on this machine. Which one is told by the argument and never by the pid: in a
 * container the supervisor may be PID 1 too.
 */
#include "guest.h"
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "host"))
		return host_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "service"))
		return guest_main(GUEST_SERVICE);
	if (getpid() == 1)
		return guest_main(GUEST_INIT);
	fputs("labinit: started by tests/lab/lab and by the guest's kernel, not by hand\n", stderr);
	return 2;
}
