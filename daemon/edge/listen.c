/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/edge/access.h"
#include "daemon/edge/api.h"
#include "daemon/edge/fdstore.h"
#include "daemon/edge/log.h"
#include "daemon/edge/manager.h"
#include "include/nisv_api.h"

/* Started by hand there is no nisvd.socket to make the folder. Binding tells what fails here. */
static void make_socket_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash && slash != path ? strndup(path, (size_t)(slash - path)) : NULL;

	if (folder && mkdir(folder, 0755) < 0 && errno != EEXIST)
		log_debug("Cannot make the folder %s: %s", folder, strerror(errno));
	free(folder);
}

static int serve_standard(struct varlink_server *server)
{
	int r = varlink_server_attach(server, STDIN_FILENO, STDOUT_FILENO);

	if (r == -EPERM)
		log_error("Cannot talk over a regular file: give nisvd --offline pipes or a socket "
			  "as its standard input and output");
	else if (r < 0)
		log_error_errno(r, "Cannot talk over standard input and output");
	return r;
}

int listen_start(struct manager *manager)
{
	const struct varlink_limits limits = {
		.clients = manager->config.clients,
		.message_out = NISV_MESSAGE_MAX,
		.queue_bytes = NISV_MESSAGE_MAX,
	};
	int passed, r;

	r = varlink_server_new(manager->event, &api_interface, 1, &api_info, &limits, manager,
			       &manager->server);
	if (r < 0)
		return log_error_errno(r, "Cannot set up the varlink service");
	if (manager->options.offline)
		return serve_standard(manager->server);
	access_set_group(manager);
	varlink_server_set_access(manager->server, access_is_granted);
	passed = fdstore_socket(manager->store);
	if (passed == -EINVAL)
		return log_error_errno(EINVAL, "The service manager passed more than one socket, "
					       "expected one (see nisvd.socket)");
	if (passed >= 0) {
		access_check_socket(manager, passed);
		return varlink_server_adopt_listen(manager->server, passed);
	}
	make_socket_folder(manager->options.socket_path);
	return varlink_server_listen(manager->server, manager->options.socket_path, 0660,
				     manager->access.group);
}
