/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/subscribe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edge/event_json.h"
#include "daemon/edge/json_make.h"
#include "daemon/edge/status_json.h"

struct subscription {
	struct subscription *next;
	struct manager *manager;
	struct varlink_call *call;   /* one reference */
	char vm_key[VM_KEY_LEN + 1]; /* "": all VMs */
};

static bool wants(const struct subscription *subscription, const struct vm *vm)
{
	return !subscription->vm_key[0] || !strcmp(subscription->vm_key, vm->key);
}

static void subscription_free(struct subscription *subscription)
{
	varlink_call_unref(subscription->call);
	free(subscription);
}

static void on_closed(struct varlink_call *call, void *userdata)
{
	struct subscription *subscription = userdata;
	struct manager *manager = subscription->manager;
	struct subscription **at = &manager->subscriptions;

	(void)call;
	while (*at && *at != subscription)
		at = &(*at)->next;
	if (*at) {
		*at = subscription->next;
		manager->n_subscriptions--;
	}
	subscription_free(subscription);
}

static int send_event(struct json_object *event, void *userdata)
{
	struct subscription *subscription = userdata;
	struct json_object *reply = json_make_object();

	json_add(reply, "event", event);
	json_add(reply, "dropped",
		 json_make_int((int64_t)varlink_call_dropped(subscription->call)));
	return varlink_reply_more(subscription->call, reply);
}

int subscribe_start(struct manager *manager, struct varlink_call *call, const struct vm *vm)
{
	struct subscription *subscription;
	int r = 0;

	if (manager->n_subscriptions >= SUBSCRIPTIONS_MAX)
		return -EUSERS;
	subscription = calloc(1, sizeof(*subscription));
	if (!subscription)
		return -ENOMEM;
	subscription->manager = manager;
	subscription->call = varlink_call_ref(call);
	if (vm)
		memcpy(subscription->vm_key, vm->key, sizeof(subscription->vm_key));
	subscription->next = manager->subscriptions;
	manager->subscriptions = subscription;
	manager->n_subscriptions++;
	varlink_call_set_lossy(call);
	varlink_call_set_closed_callback(call, on_closed, subscription);
	for (size_t i = 0; i < manager->vms.n && r >= 0; i++)
		if (wants(subscription, manager->vms.list[i]) &&
		    (vm || status_counts(manager, manager->vms.list[i])))
			r = event_everything(manager->vms.list[i], manager->host.arch, send_event,
					     subscription);
	return 0;
}

bool subscribe_wanted(const struct manager *manager, const struct vm *vm)
{
	for (const struct subscription *at = manager->subscriptions; at; at = at->next)
		if (wants(at, vm))
			return true;
	return false;
}

void subscribe_send(struct manager *manager, const struct vm *vm, struct json_object *event)
{
	struct subscription *next;

	if (!event)
		return;
	/* A failed send may end the connection, and with it this subscription. */
	for (struct subscription *at = manager->subscriptions; at; at = next) {
		next = at->next;
		if (wants(at, vm))
			send_event(json_object_get(event), at);
	}
	json_object_put(event);
}

void subscribe_stop_all(struct manager *manager)
{
	struct subscription *at;

	while ((at = manager->subscriptions)) {
		manager->subscriptions = at->next;
		manager->n_subscriptions--;
		varlink_call_set_closed_callback(at->call, NULL, NULL);
		subscription_free(at);
	}
}
