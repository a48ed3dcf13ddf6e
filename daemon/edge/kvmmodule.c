/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/kvmmodule.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Also there where KVM is built in: it has parameters (virt/kvm/kvm_main.c). */
#define KVM_MODULE "/sys/module/kvm"
/* Modules alone have it (kernel/module/sysfs.c); "live" once they can be used. */
#define KVM_MODULE_INIT KVM_MODULE "/initstate"

/* The kernel's own multicast group (lib/kobject_uevent.c); udev's is 2 and needs udev. */
#define KERNEL_GROUP 1

enum kvm_module kvm_module_state(void)
{
	FILE *file = fopen(KVM_MODULE_INIT, "re");
	char state[16] = "";

	if (!file)
		return access(KVM_MODULE, F_OK) ? KVM_MODULE_MISSING : KVM_BUILT_IN;
	if (!fgets(state, sizeof(state), file))
		state[0] = '\0';
	fclose(file);
	return strcmp(state, "live\n") ? KVM_MODULE_MISSING : KVM_MODULE_LOADED;
}

int kvm_module_watch(sd_event *event, sd_event_io_handler_t handler, void *userdata,
		     sd_event_source **ret)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int r;

	if (fd < 0)
		return -errno;
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	if (r >= 0)
		r = sd_event_add_io(event, ret, fd, EPOLLIN, handler, userdata);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(*ret, true);
	else
		close(fd);
	return r;
}

/* What it is about does not matter: who looks at the state of the module after any of them misses
 * none, even where the kernel had no room for them all (ENOBUFS). */
void kvm_module_take(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), MSG_TRUNC) >= 0 || errno == ENOBUFS || errno == EINTR)
		;
}
