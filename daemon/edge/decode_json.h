/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_DECODE_JSON_H
#define NISVD_DECODE_JSON_H

/* What Decode knows of a text, as the objects of io.nisvd.Monitor. New objects, owned by the
 * caller. */

#include <json-c/json.h>

#include "daemon/core/logline.h"
#include "daemon/core/traceline.h"

struct json_object *decode_syndrome(uint64_t esr, bool is_guest); /* Syndrome, addresses null */
struct json_object *decode_instruction(uint32_t word, uint64_t pc);

/* A DecodedLine of @kind ("message", "trace", "registers", "numbers"); all else is null or []. */
struct json_object *decode_line(const char *kind, const char *text, size_t len);
void decode_line_message(struct json_object *line, const struct logline *message);
void decode_line_trace(struct json_object *line, const struct trace_event *event);
void decode_line_values(struct json_object *line, const struct named_value *values, size_t n);

/* At most @len bytes of the client's text as a string that a terminal may show. */
struct json_object *decode_quote(const char *text, size_t len);

#endif
