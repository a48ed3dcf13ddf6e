/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_NEWS_JSON_H
#define NISVD_NEWS_JSON_H

/* What the journal was told about a VM, as a line of the ledger has it (ledger.h), and back. */

#include <json-c/json.h>

#include "daemon/core/news.h"

/* A new object, owned by the caller. */
struct json_object *news_to_json(const struct news_state *state);

/* Takes the place of what @state holds. 0, -EINVAL or -ENOMEM. */
int news_from_json(struct json_object *object, struct news_state *state);

#endif
