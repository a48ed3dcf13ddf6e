/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_VARLINK_H
#define NISVD_VARLINK_H

/*
 * A varlink service on sd-event: framing, dispatch and flow control. It knows nothing about what
 * is served. Protocol: varlink.org, "Method Call" and "Service"; messages are JSON objects, each
 * ended by one NUL byte. org.varlink.service is built in.
 *
 * Nothing here blocks, and no timer runs unless a client has sent half a message. All functions
 * return 0 or a negative errno unless they say otherwise. One thread: that of the event loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct json_object;
struct sd_event;
struct varlink_call;
struct varlink_server;
struct ucred;

/*
 * One method call. @parameters is borrowed and always an object (empty if the client sent none).
 * Answer with varlink_reply(), varlink_error() or varlink_invalid_parameter(), now or later; to
 * answer later, or more than once, keep the call with varlink_call_ref(). A negative return value
 * without an answer, and the last unref of an unanswered call, answer with the busy error.
 */
typedef int (*varlink_method_t)(struct varlink_call *call, struct json_object *parameters,
				void *userdata);

struct varlink_method {
	const char *name; /* without the interface: "GetStatus" */
	varlink_method_t callback;
};

/* Everything is borrowed and must outlive the server. */
struct varlink_interface {
	const char *name;	 /* "org.example.thing" */
	const char *description; /* the interface text that GetInterfaceDescription returns */
	const struct varlink_method *methods;
	size_t n_methods;
};

/* What GetInfo tells, and one error of the service's own. Borrowed; must outlive the server. */
struct varlink_info {
	const char *vendor, *product, *version, *url;
	/* Error (message: string) for a client over the limit and for a call that failed inside. */
	const char *busy_error;
};

/* A member that is 0 has the default. */
struct varlink_limits {
	size_t clients;	    /* connections at once, shared fairly by the users; 64 */
	size_t message_in;  /* bytes of one call, NUL included; 1 MiB */
	size_t total_in;    /* bytes of the calls that all clients are sending; 4 MiB */
	size_t message_out; /* bytes of one reply, NUL included; 16 MiB */
	size_t queue_bytes; /* unsent bytes of one client while another reply waits; 16 MiB */
	size_t total_bytes; /* unsent bytes of all clients; 32 MiB */
	uint64_t half_usec; /* from the first byte of a call to its NUL; 10 s */
};

/* Since the server was made. */
struct varlink_stats {
	size_t clients;	   /* connected now */
	uint64_t rejected; /* connections over the limit, answered with the busy error */
	uint64_t refused;  /* connections of those who may not ask, answered so */
	uint64_t cut;	   /* connections ended by us: malformed, too large, too slow */
	uint64_t dropped;  /* replies that lossy calls lost because nobody read them */
};

/*
 * @interfaces, @info: borrowed. @limits may be NULL and is copied. @userdata goes to every method.
 * The event loop is referenced. Errors: -ENOMEM.
 */
int varlink_server_new(struct sd_event *event, const struct varlink_interface *interfaces,
		       size_t n_interfaces, const struct varlink_info *info,
		       const struct varlink_limits *limits, void *userdata,
		       struct varlink_server **ret);

/*
 * Closes all connections (their closed callbacks run), removes the socket that
 * varlink_server_listen() made. Takes NULL, returns NULL.
 */
struct varlink_server *varlink_server_free(struct varlink_server *server);

/*
 * Binds and listens at @path with @mode and group @gid ((gid_t)-1: leave the group). Nobody can
 * connect before mode and group are set. A socket left behind that nobody listens on is replaced.
 * Logs every error itself. Errors: -EADDRINUSE (another process answers there; its pid is in the
 * message), -EEXIST (@path is no socket), -ENAMETOOLONG, and those of bind(2), chown(2), chmod(2).
 */
int varlink_server_listen(struct varlink_server *server, const char *path, mode_t mode, gid_t gid);

/* Takes over a listening AF_UNIX stream socket (socket activation). Owns @fd on success. */
int varlink_server_adopt_listen(struct varlink_server *server, int fd);

/*
 * Serves one client over @fd_in and @fd_out (they may be the same), which are put into non-blocking
 * mode and closed at the end. When that client is done, sd_event_exit(event, 0) is called. If
 * @fd_out is no socket, SIGPIPE is set to be ignored. Owns both on success. Errors: -EPERM (a
 * regular file cannot be waited for), -ENOMEM.
 */
int varlink_server_attach(struct varlink_server *server, int fd_in, int fd_out);

/*
 * Whether the client connected by the socket @fd may call anything; @userdata is that of the
 * methods. Who may not gets org.varlink.service.PermissionDenied and is let go, before it counts as
 * a client. Without this, whoever can connect may. An attached client is not asked for.
 */
typedef bool (*varlink_access_t)(int fd, const struct ucred *peer, void *userdata);
void varlink_server_set_access(struct varlink_server *server, varlink_access_t access);

/* From the next client on; who is connected stays. */
void varlink_server_set_clients(struct varlink_server *server, size_t clients);

void varlink_server_get_stats(const struct varlink_server *server, struct varlink_stats *ret);

struct varlink_call *varlink_call_ref(struct varlink_call *call);
struct varlink_call *varlink_call_unref(struct varlink_call *call); /* takes NULL, returns NULL */

/* Did the client ask for more than one reply? Without it varlink_reply_more() is not allowed. */
bool varlink_call_wants_more(const struct varlink_call *call);

/* Who called, as of connect(2); for an attached pair of pipes this process itself. */
struct ucred varlink_call_peer(const struct varlink_call *call);

/*
 * The answer: final, with continues, or an error with its fully qualified name. @params is owned
 * from the call on, also on failure; NULL means {}. A oneway call is answered by nothing, and that
 * is success. Errors: -ENOTCONN (the client is gone), -EALREADY (already answered), -EINVAL (reply
 * with continues to a call without more), -ENOMEM, -EMSGSIZE (larger than one reply may be; the
 * call is still open and can be answered otherwise), -ENOBUFS (the client does not read and its
 * queue is full: the connection is cut).
 */
int varlink_reply(struct varlink_call *call, struct json_object *params);
int varlink_reply_more(struct varlink_call *call, struct json_object *params);
int varlink_error(struct varlink_call *call, const char *name, struct json_object *params);

/* org.varlink.service.InvalidParameter; @name of the parameter is copied. */
int varlink_invalid_parameter(struct varlink_call *call, const char *name);

/*
 * For subscriptions: from now on a full queue drops this call's oldest unsent replies, which are
 * counted, in place of cutting the connection. The last unref ends the connection once what is
 * queued is sent: a client that is told no error comes back.
 */
void varlink_call_set_lossy(struct varlink_call *call);
uint64_t varlink_call_dropped(const struct varlink_call *call);

/*
 * @closed runs once if the connection ends before the final answer: the place to forget the call
 * and unref it. NULL removes it. It does not run for calls that were answered.
 */
typedef void (*varlink_closed_t)(struct varlink_call *call, void *userdata);
void varlink_call_set_closed_callback(struct varlink_call *call, varlink_closed_t closed,
				      void *userdata);

#endif
