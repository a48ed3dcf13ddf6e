/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <json-c/json_visit.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/json_make.h"
#include "daemon/edge/log.h"
#include "daemon/edge/varlink_internal.h"
#include "include/nisv_api.h"

#define JSON_DEPTH_MAX 32 /* json_tokener gives up beyond it: recursion stays bounded */

/* ---- answers ---- */

int varlink_send(struct varlink_connection *conn, struct varlink_call *call, const char *error,
		 struct json_object *params, bool continues)
{
	struct json_object *reply = json_make_object();
	const char *text;
	size_t len;
	int r = -ENOMEM;

	if (error)
		json_add(reply, "error", json_make_string(error));
	json_add(reply, "parameters", params ? params : json_make_object());
	if (continues)
		json_add(reply, "continues", json_make_bool(true));
	text = json_text(reply, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (text)
		r = varlink_connection_queue(conn, call, text, len + 1);
	json_object_put(reply);
	return r;
}

static int call_answer(struct varlink_call *call, const char *error, struct json_object *params,
		       bool continues)
{
	struct varlink_connection *conn = call->conn;
	int r = 0;

	if (call->answered)
		r = -EALREADY;
	else if (!conn || conn->dead)
		r = -ENOTCONN;
	else if (continues && !call->more)
		r = -EINVAL;
	if (r < 0 || call->oneway)
		json_object_put(params);
	else
		r = varlink_send(conn, call, error, params, continues);
	if (r < 0 && r != -ENOBUFS)
		return r;
	if (!continues) {
		call->answered = true;
		call->conn = NULL;
		conn->call = NULL;
	}
	varlink_connection_poke(conn);
	return r;
}

int varlink_reply(struct varlink_call *call, struct json_object *params)
{
	return call_answer(call, NULL, params, false);
}

int varlink_reply_more(struct varlink_call *call, struct json_object *params)
{
	return call_answer(call, NULL, params, true);
}

int varlink_error(struct varlink_call *call, const char *name, struct json_object *params)
{
	if (strcmp(name, VARLINK_ERROR_PERMISSION_DENIED) == 0)
		log_notice("varlink: permission denied to pid %d (uid %u)", (int)call->peer.pid,
			   (unsigned int)call->peer.uid);
	return call_answer(call, name, params, false);
}

struct json_object *varlink_one_string(const char *key, const char *value)
{
	struct json_object *o = json_make_object();

	json_add(o, key, json_make_string(value));
	return o;
}

int varlink_invalid_parameter(struct varlink_call *call, const char *name)
{
	return varlink_error(call, VARLINK_ERROR_INVALID_PARAMETER,
			     varlink_one_string("parameter", name));
}

struct varlink_call *varlink_call_ref(struct varlink_call *call)
{
	call->n_ref++;
	return call;
}

struct varlink_call *varlink_call_unref(struct varlink_call *call)
{
	struct varlink_connection *conn;

	if (!call || call->n_ref-- > 1)
		return NULL;
	conn = call->conn;
	if (conn && call->lossy) {
		conn->closing = true;
		varlink_connection_poke(conn);
	} else if (conn && !conn->dead &&
		   call_answer(call, conn->server->info->busy_error,
			       varlink_one_string("message", "the call failed; the log of the "
							     "service says why"),
			       false) < 0) {
		varlink_connection_cut(conn, "its call could not be answered");
	}
	if (call->conn)
		conn->call = NULL;
	free(call);
	return NULL;
}

bool varlink_call_wants_more(const struct varlink_call *call)
{
	return call->more;
}

struct ucred varlink_call_peer(const struct varlink_call *call)
{
	return call->peer;
}

void varlink_call_set_lossy(struct varlink_call *call)
{
	call->lossy = true;
}

uint64_t varlink_call_dropped(const struct varlink_call *call)
{
	return call->dropped;
}

void varlink_call_set_closed_callback(struct varlink_call *call, varlink_closed_t closed,
				      void *userdata)
{
	call->closed = closed;
	call->closed_userdata = userdata;
}

/* ---- calls ---- */

/* Strings go to functions that stop at a NUL: one that hides more behind it is refused. */
static int refuse_nul(struct json_object *o, int flags, struct json_object *parent, const char *key,
		      size_t *idx, void *found)
{
	(void)flags, (void)parent, (void)key, (void)idx;
	if (json_object_is_type(o, json_type_string) &&
	    strlen(json_object_get_string(o)) != (size_t)json_object_get_string_len(o))
		*(bool *)found = true;
	return JSON_C_VISIT_RETURN_CONTINUE;
}

/* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. json-c checks less. */
static bool utf8_is_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		unsigned int c = *p++, n = 0, low = 0x80, high = 0xbf;

		if (c < 0x80)
			continue;
		if (c < 0xc2 || c > 0xf4)
			return false;
		n = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		if (c == 0xe0 || c == 0xf0)
			low = c == 0xe0 ? 0xa0 : 0x90;
		if (c == 0xed || c == 0xf4)
			high = c == 0xed ? 0x9f : 0x8f;
		for (; n > 0; n--, low = 0x80, high = 0xbf)
			if (p == end || *p < low || *p++ > high)
				return false;
	}
	return true;
}

static struct json_object *parse_message(const char *text, size_t len)
{
	struct json_tokener *tokener;
	struct json_object *o;
	bool nul = false;

	if (!utf8_is_valid(text, len))
		return NULL;
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tokener, text, (int)len);
	json_tokener_free(tokener);
	if (json_object_is_type(o, json_type_object))
		json_c_visit(o, 0, refuse_nul, &nul);
	if (!json_object_is_type(o, json_type_object) || nul) {
		json_object_put(o);
		return NULL;
	}
	return o;
}

/* A member of a call: true if absent (or null) or of @type. */
static bool get_member(struct json_object *message, const char *key, enum json_type type,
		       struct json_object **ret)
{
	*ret = NULL;
	return !json_object_object_get_ex(message, key, ret) || !*ret ||
	       json_object_is_type(*ret, type);
}

static void dispatch(struct varlink_call *call, const char *method, struct json_object *parameters)
{
	struct varlink_server *server = call->conn->server;
	const char *dot = strrchr(method, '.');
	int r;

	for (size_t i = 0; dot && i <= server->n_interfaces; i++) {
		const struct varlink_interface *f =
			i ? &server->interfaces[i - 1] : &varlink_service_interface;

		if (strlen(f->name) != (size_t)(dot - method) ||
		    strncmp(f->name, method, (size_t)(dot - method)) != 0)
			continue;
		for (size_t k = 0; k < f->n_methods; k++) {
			if (strcmp(f->methods[k].name, dot + 1) != 0)
				continue;
			r = f->methods[k].callback(call, parameters, i ? server->userdata : server);
			if (r < 0)
				log_error_errno(r, "varlink: %s failed", method);
			return;
		}
		varlink_error(call, VARLINK_ERROR_METHOD_NOT_FOUND,
			      varlink_one_string("method", method));
		return;
	}
	if (dot) {
		char *name = strndup(method, (size_t)(dot - method));

		varlink_error(call, VARLINK_ERROR_INTERFACE_NOT_FOUND,
			      varlink_one_string("interface", name ? name : ""));
		free(name);
	} else {
		varlink_invalid_parameter(call, "method");
	}
}

void varlink_call_dispatch(struct varlink_connection *conn, const char *text, size_t len)
{
	struct json_object *message = parse_message(text, len), *method, *parameters, *more,
			   *oneway, *upgrade, *empty = NULL;
	struct varlink_call *call = NULL;

	if (!message) {
		varlink_connection_refuse(conn, "message",
					  "it sent a message that is no JSON object");
		return;
	}
	if (!get_member(message, "method", json_type_string, &method) || !method)
		varlink_connection_refuse(conn, "method",
					  "it sent a message without a method name");
	else if (!get_member(message, "parameters", json_type_object, &parameters))
		varlink_connection_refuse(conn, "parameters",
					  "it sent parameters that are no object");
	else if (!get_member(message, "more", json_type_boolean, &more))
		varlink_connection_refuse(conn, "more",
					  "it sent a value for more that is no boolean");
	else if (!get_member(message, "oneway", json_type_boolean, &oneway) ||
		 (json_object_get_boolean(oneway) && json_object_get_boolean(more)))
		varlink_connection_refuse(conn, "oneway", "it sent a wrong value for oneway");
	else if (!get_member(message, "upgrade", json_type_boolean, &upgrade))
		varlink_connection_refuse(conn, "upgrade",
					  "it sent a value for upgrade that is no boolean");
	else if (!(call = calloc(1, sizeof(*call))) ||
		 (!parameters && !(parameters = empty = json_make_object())))
		varlink_connection_cut(conn, "out of memory");
	if (!call || conn->closing || conn->dead) {
		free(call);
		goto out;
	}
	call->n_ref = 1;
	call->conn = conn;
	call->peer = conn->peer;
	call->more = json_object_get_boolean(more);
	call->oneway = json_object_get_boolean(oneway);
	conn->call = call;
	log_debug("varlink: %s called by pid %d (uid %u)", json_object_get_string(method),
		  (int)conn->peer.pid, (unsigned int)conn->peer.uid);
	if (json_object_get_boolean(upgrade))
		varlink_error(call, VARLINK_ERROR_METHOD_NOT_IMPLEMENTED,
			      varlink_one_string("method", json_object_get_string(method)));
	else
		dispatch(call, json_object_get_string(method), parameters);
	varlink_call_unref(call);
out:
	json_object_put(empty);
	json_object_put(message);
}
