/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* SERIAL_8250_RUNTIME_UARTS of the Debian kernels. */
#define UARTS 4

/* The driver registers all its lines at boot; the ones without hardware have the type PORT_UNKNOWN.
 */
static int is_real(int fd)
{
	struct serial_struct info;

	return !ioctl(fd, TIOCGSERIAL, &info) && info.type != PORT_UNKNOWN;
}

/* Where the console is an 8250, too: its name, or "". */
static void find_console(char *name, int size)
{
	FILE *file = fopen("/sys/class/tty/console/active", "re");

	if (!file || !fgets(name, size, file))
		name[0] = '\0';
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = '\0';
}

static int make_raw(int fd)
{
	struct termios mode;

	if (tcgetattr(fd, &mode))
		return -errno;
	cfmakeraw(&mode);
	mode.c_cflag |= CLOCAL;
	mode.c_cflag &= ~CRTSCTS;
	/* QEMU sends at any speed; the kernel only computes its time-outs from it. */
	cfsetspeed(&mode, B115200);
	return tcsetattr(fd, TCSANOW, &mode) ? -errno : 0;
}

int guest_channel_open(void)
{
	char console[32];

	find_console(console, sizeof(console));
	for (int i = 0; i < UARTS; i++) {
		char path[32];
		int fd, r;

		snprintf(path, sizeof(path), "/dev/ttyS%d", i);
		if (!strcmp(path + strlen("/dev/"), console))
			continue;
		fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_real(fd)) {
			r = make_raw(fd);
			if (!r && fcntl(fd, F_SETFL, O_RDWR) < 0)
				r = -errno;
			if (!r)
				return fd;
		}
		close(fd);
	}
	return -ENODEV;
}
