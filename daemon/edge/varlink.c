/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/varlink.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/log.h"
#include "daemon/edge/varlink_internal.h"
#include "include/nisv_api.h"

/* A crowd at the door is not let in one by one: who comes behind it would wait for long. */
#define ACCEPTS_PER_WAKE 128
/* Nor does it keep us from everybody else, or from rest where none can be let in. */
#define ACCEPT_USEC  10000
#define ACCEPT_WAKES 64

#define DEFAULT_LIMIT(limits, member, value) \
	((limits).member = (limits).member ? (limits).member : (value))

/* ---- org.varlink.service ---- */

static const char service_text[] =
	"# What every varlink service tells about itself.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who made the service, and which interfaces it has.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The text of one interface.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"# The method answers more than once: call it with more.\n"
	"error ExpectedMore ()\n";

static int get_info(struct varlink_call *call, struct json_object *parameters, void *userdata)
{
	const struct varlink_server *server = userdata;
	const struct varlink_info *info = server->info;
	struct json_object *o = json_make_object(), *names = json_make_array();

	json_object_object_foreach (parameters, key, value) {
		(void)value;
		json_object_put(o);
		json_object_put(names);
		return varlink_invalid_parameter(call, key);
	}
	json_add(o, "vendor", json_make_string(info->vendor));
	json_add(o, "product", json_make_string(info->product));
	json_add(o, "version", json_make_string(info->version));
	json_add(o, "url", json_make_string(info->url));
	json_append(names, json_make_string(varlink_service_interface.name));
	for (size_t i = 0; i < server->n_interfaces; i++)
		json_append(names, json_make_string(server->interfaces[i].name));
	json_add(o, "interfaces", names);
	return varlink_reply(call, o);
}

static int get_interface_description(struct varlink_call *call, struct json_object *parameters,
				     void *userdata)
{
	const struct varlink_server *server = userdata;
	const char *name = NULL;

	json_object_object_foreach (parameters, key, value) {
		if (strcmp(key, "interface") != 0 || !json_object_is_type(value, json_type_string))
			return varlink_invalid_parameter(call, key);
		name = json_object_get_string(value);
	}
	if (!name)
		return varlink_invalid_parameter(call, "interface");
	for (size_t i = 0; i <= server->n_interfaces; i++) {
		const struct varlink_interface *f =
			i ? &server->interfaces[i - 1] : &varlink_service_interface;

		if (strcmp(f->name, name) == 0)
			return varlink_reply(call,
					     varlink_one_string("description", f->description));
	}
	return varlink_error(call, VARLINK_ERROR_INTERFACE_NOT_FOUND,
			     varlink_one_string("interface", name));
}

static const struct varlink_method service_methods[] = {
	{"GetInfo", get_info},
	{"GetInterfaceDescription", get_interface_description},
};

const struct varlink_interface varlink_service_interface = {
	.name = "org.varlink.service",
	.description = service_text,
	.methods = service_methods,
	.n_methods = sizeof(service_methods) / sizeof(service_methods[0]),
};

/* ---- listening ---- */

/* It is told why, as far as its socket buffer takes it, and let go. Takes @fd and @p. */
static void let_go(struct varlink_server *server, int fd, const char *error, struct json_object *p)
{
	struct json_object *o = json_make_object();
	const char *text;
	size_t len;

	json_add(o, "error", json_make_string(error));
	json_add(o, "parameters", p);
	text = json_text(o, JSON_C_TO_STRING_PLAIN, &len);
	if (text && send(fd, text, len + 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("varlink: a rejected client was gone already");
	json_object_put(o);
	varlink_leave(server, fd);
}

/* One client too many. */
static void reject(struct varlink_server *server, int fd)
{
	server->stats.rejected++;
	let_go(server, fd, server->info->busy_error,
	       varlink_one_string("message", "too many clients: try again later"));
}

/* The client would wait for ever, and we would wake for it for ever. */
static int accept_without_files(struct varlink_server *server, int listen_fd)
{
	int fd;

	varlink_leave_now(server);
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		reject(server, fd);
	/* What it has is the file that is to be spare again. */
	varlink_leave_now(server);
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd;
}

/* @peer is at the other end of @fd; NULL: who is not known. */
static bool may_ask(const struct varlink_server *server, int fd, const struct ucred *peer)
{
	return !server->access || (peer && server->access(fd, peer, server->userdata));
}

static bool find_place(struct varlink_server *server, const struct ucred *peer)
{
	return server->stats.clients < server->limits.clients ||
	       (peer && varlink_share_connections(server, peer->uid));
}

static void take_in(struct varlink_server *server, int fd)
{
	struct ucred creds;
	socklen_t len = sizeof(creds);
	const struct ucred *peer =
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &len) < 0 ? NULL : &creds;

	if (!may_ask(server, fd, peer)) {
		server->stats.refused++;
		let_go(server, fd, VARLINK_ERROR_PERMISSION_DENIED, json_make_object());
	} else if (!find_place(server, peer) || varlink_connection_new(server, fd, fd, false) < 0) {
		reject(server, fd);
	}
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata)
{
	struct varlink_server *server = userdata;

	(void)source, (void)revents;
	for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			fd = accept_without_files(server, listen_fd);
		else if (fd >= 0)
			take_in(server, fd);
		if (fd < 0)
			break; /* no more; or gone before it was accepted */
	}
	return 0;
}

int varlink_server_adopt_listen(struct varlink_server *server, int fd)
{
	sd_event_source *source;
	int r;

	if (server->listen_fd >= 0)
		return -EALREADY;
	r = fcntl(fd, F_GETFL);
	if (r < 0 || fcntl(fd, F_SETFL, r | O_NONBLOCK) < 0)
		return -errno;
	r = sd_event_add_io(server->event, &source, fd, EPOLLIN, on_connect, server);
	if (r < 0)
		return r;
	r = sd_event_source_set_priority(source, VARLINK_PRIORITY);
	if (r >= 0)
		r = sd_event_source_set_ratelimit(source, ACCEPT_USEC, ACCEPT_WAKES);
	if (r < 0) {
		sd_event_source_unref(source);
		return r;
	}
	server->listen_source = source;
	server->listen_fd = fd;
	return 0;
}

/* Removes a socket that nobody listens on. 0: @addr is free now. */
static int clear_stale(const struct sockaddr_un *addr)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	struct stat st;
	int fd, r;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : log_error_errno(errno, "%s", addr->sun_path);
	if (!S_ISSOCK(st.st_mode)) {
		log_error("%s exists and is no socket: remove it or use another path",
			  addr->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return log_error_errno(errno, "cannot make a socket");
	r = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;
	if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		peer.pid = 0;
	close(fd);
	if (r == -ECONNREFUSED) {
		log_info("%s: replacing a socket that nobody listens on", addr->sun_path);
		if (unlink(addr->sun_path) == 0 || errno == ENOENT)
			return 0;
		return log_error_errno(errno, "cannot remove the stale socket %s", addr->sun_path);
	}
	if (r == 0 && peer.pid > 0)
		log_error("the socket %s is in use by a running nisvd (pid %d): stop it first, or "
			  "use another path",
			  addr->sun_path, (int)peer.pid);
	else
		log_error(
			"the socket %s is in use by another process: stop it first, or use another "
			"path",
			addr->sun_path);
	return -EADDRINUSE;
}

int varlink_server_listen(struct varlink_server *server, const char *path, mode_t mode, gid_t gid)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;
	mode_t mask;
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		log_error("the socket path %s is too long: at most %zu bytes", path,
			  sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	r = clear_stale(&addr);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return log_error_errno(errno, "cannot make a socket");
	mask = umask(0777); /* nobody's until mode and group are right, whatever our umask is */
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0) {
		close(fd);
		return log_error_errno(r, "cannot make the socket %s", path);
	}
	if ((gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) < 0) || chmod(path, mode) < 0 ||
	    lstat(path, &st) < 0 || listen(fd, SOMAXCONN) < 0) {
		r = log_error_errno(errno, "cannot set up the socket %s", path);
		goto fail;
	}
	server->path = strdup(path);
	r = server->path ? varlink_server_adopt_listen(server, fd) : -ENOMEM;
	if (r < 0) {
		free(server->path);
		server->path = NULL;
		log_error_errno(r, "cannot listen on %s", path);
		goto fail;
	}
	server->path_dev = st.st_dev;
	server->path_ino = st.st_ino;
	return 0;
fail:
	unlink(path);
	close(fd);
	return r;
}

/* ---- the server ---- */

int varlink_server_attach(struct varlink_server *server, int fd_in, int fd_out)
{
	struct stat st;

	/* A terminal or pipe has no MSG_NOSIGNAL. */
	if (fstat(fd_out, &st) == 0 && !S_ISSOCK(st.st_mode))
		signal(SIGPIPE, SIG_IGN);
	return varlink_connection_new(server, fd_in, fd_out, true);
}

void varlink_server_set_access(struct varlink_server *server, varlink_access_t access)
{
	server->access = access;
}

void varlink_server_set_clients(struct varlink_server *server, size_t clients)
{
	server->limits.clients = clients;
}

void varlink_server_get_stats(const struct varlink_server *server, struct varlink_stats *ret)
{
	*ret = server->stats;
}

int varlink_server_new(struct sd_event *event, const struct varlink_interface *interfaces,
		       size_t n_interfaces, const struct varlink_info *info,
		       const struct varlink_limits *limits, void *userdata,
		       struct varlink_server **ret)
{
	struct varlink_server *server = calloc(1, sizeof(*server));

	if (!server)
		return -ENOMEM;
	server->event = sd_event_ref(event);
	server->interfaces = interfaces;
	server->n_interfaces = n_interfaces;
	server->info = info;
	server->userdata = userdata;
	server->listen_fd = -1;
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (limits)
		server->limits = *limits;
	DEFAULT_LIMIT(server->limits, clients, 64);
	DEFAULT_LIMIT(server->limits, message_in, 1024 * 1024);
	DEFAULT_LIMIT(server->limits, total_in, 4 * 1024 * 1024);
	DEFAULT_LIMIT(server->limits, message_out, NISV_MESSAGE_MAX);
	DEFAULT_LIMIT(server->limits, queue_bytes, NISV_MESSAGE_MAX);
	DEFAULT_LIMIT(server->limits, total_bytes, 2 * (size_t)NISV_MESSAGE_MAX);
	DEFAULT_LIMIT(server->limits, half_usec, 10 * 1000 * 1000);
	*ret = server;
	return 0;
}

struct varlink_server *varlink_server_free(struct varlink_server *server)
{
	struct stat st;

	if (!server)
		return NULL;
	while (server->connections)
		varlink_connection_free(server->connections);
	varlink_leave_now(server);
	sd_event_source_disable_unref(server->leave_timer);
	sd_event_source_disable_unref(server->listen_source);
	/* Only our own: by now another server may have replaced it. */
	if (server->path && lstat(server->path, &st) == 0 && st.st_dev == server->path_dev &&
	    st.st_ino == server->path_ino)
		unlink(server->path);
	free(server->path);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	sd_event_unref(server->event);
	free(server);
	return NULL;
}
