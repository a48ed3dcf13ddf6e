/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_SUBSCRIBE_H
#define NISVD_SUBSCRIBE_H

/* Method Subscribe: the present state, then every change, to clients that may be slow. */

#include <json-c/json.h>

#include "daemon/edge/manager.h"

#define SUBSCRIPTIONS_MAX 32

/* Starts one for @vm (NULL: all VMs): sends the present state and keeps @call. 0 or -errno; -EUSERS
 * at the limit. */
int subscribe_start(struct manager *manager, struct varlink_call *call, const struct vm *vm);

/* Is anybody interested in @vm? Saves building events for nobody. */
bool subscribe_wanted(const struct manager *manager, const struct vm *vm);

/* Sends @event (owned, may be NULL) to all who subscribed to @vm. */
void subscribe_send(struct manager *manager, const struct vm *vm, struct json_object *event);

void subscribe_stop_all(struct manager *manager);

#endif
