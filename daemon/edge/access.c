/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/access.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/core/vmname.h"
#include "daemon/edge/journal.h"
#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "daemon/edge/procfs.h"
#include "daemon/edge/wallclock.h"

#define NO_GROUP	((gid_t)-1)
#define TOLD_MAX	10U
#define MINUTE_NS	60000000000ULL
#define PEER_GROUPS_MAX 65536 /* NGROUPS_MAX, linux/limits.h */

void access_set_group(struct manager *manager)
{
	const char *name = manager->config.socket_group;
	const struct group *group = *name ? getgrnam(name) : NULL;

	if (*name && !group)
		log_notice("There is no group %s: only root may ask (groupadd --system %s)", name,
			   name);
	manager->access.group = group ? group->gr_gid : NO_GROUP;
}

void access_check_socket(const struct manager *manager, int fd)
{
	const char *name = manager->config.socket_group;
	struct sockaddr_un addr = {};
	socklen_t len = sizeof(addr) - 1;
	struct stat st;

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0 || stat(addr.sun_path, &st) < 0)
		return;
	if (manager->access.group != NO_GROUP && st.st_gid != manager->access.group &&
	    !(st.st_mode & S_IWOTH))
		log_warning("Members of %s cannot ask, the socket is for another group: write "
			    "SocketGroup=%s below [Socket] by \"systemctl edit nisvd.socket\", "
			    "then \"systemctl restart nisvd.socket nisvd\"",
			    name, name);
}

static bool is_member(int fd, const struct ucred *peer, gid_t group)
{
	socklen_t len = 0;
	gid_t *list;
	bool is = peer->gid == group;

	/* With no room for them the kernel says how much they need. */
	if (is || (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) < 0 && errno != ERANGE) ||
	    len > PEER_GROUPS_MAX * sizeof(*list))
		return is;
	list = malloc(len + 1);
	if (list && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len) >= 0)
		for (size_t i = 0; i < len / sizeof(*list) && !is; i++)
			is = list[i] == group;
	free(list);
	return is;
}

/* Whoever is refused can try again and again. */
static bool may_tell(struct access *access)
{
	uint64_t now_ns = wallclock_now_ns();

	if (now_ns - access->minute_ns >= MINUTE_NS) {
		if (access->untold)
			log_notice("%u more refusals in that minute were not logged",
				   access->untold);
		access->minute_ns = now_ns;
		access->told = access->untold = 0;
	}
	if (access->told < TOLD_MAX)
		return ++access->told;
	access->untold++;
	return false;
}

static void tell(const struct manager *manager, const struct ucred *peer)
{
	char comm[32] = "", clean[64] = "";

	if (procfs_comm((uint32_t)peer->pid, comm, sizeof(comm)) >= 0)
		vmname_sanitize(clean, sizeof(clean), comm, strlen(comm));
	if (manager->options.use_journal)
		journal_refused(peer, clean);
	else
		log_notice("Refused to answer uid %u, gid %u, pid %d (%s)", peer->uid, peer->gid,
			   peer->pid, clean);
}

bool access_is_granted(int fd, const struct ucred *peer, void *userdata)
{
	struct manager *manager = userdata;

	if (peer->uid == 0 || peer->uid == geteuid() ||
	    (manager->access.group != NO_GROUP && is_member(fd, peer, manager->access.group)))
		return true;
	if (may_tell(&manager->access))
		tell(manager, peer);
	return false;
}
