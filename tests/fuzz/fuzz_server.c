/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole server, with VMs to tell of, over a socket pair: framing, dispatch, JSON, every method.
 * The first byte of an input tells how the client behaves, the second one how many bytes it sends
 * at once; the rest is what it sends.
 */
#include <sys/socket.h>

#include "daemon/edge/publish.h"
#include "fuzz.h"
#include "talk.h"

enum {
	SLOW = 1,   /* the client reads at the end only */
	NARROW = 2, /* limits that small messages reach */
	EVENTS = 4, /* something happens meanwhile */
	LEAVES = 8, /* it hangs up without reading */
	SHUTS = 16, /* it says that it will send no more */
};

static struct manager *manager;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const dossiers[] = {"tests/corpus/dossiers/arm64/ok-hotplug.jsonl",
					       "tests/corpus/dossiers/arm64/past-end-user.jsonl"};

	(void)argc;
	(void)argv;
	manager = talk_manager(dossiers, 2);
	MUST(manager->vms.n >= 2);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct varlink_limits narrow = {
		.message_in = 200, .message_out = 20000, .queue_bytes = 3000};
	struct input input = {data, size};
	uint8_t how = input_byte(&input);
	size_t chunk = input_byte(&input);
	struct talk talk;

	chunk = chunk ? chunk : SIZE_MAX;
	talk_open(&talk, manager, how & NARROW ? &narrow : NULL);
	while (input.size) {
		size_t n = chunk < input.size ? chunk : input.size;

		talk_send(&talk, input.data, n);
		input.data += n;
		input.size -= n;
		if (how & EVENTS)
			publish_end(manager, manager->vms.list[0]);
		if (!(how & SLOW))
			talk_hear(&talk);
	}
	if (how & SHUTS)
		shutdown(talk.fd, SHUT_WR);
	if (!(how & LEAVES))
		talk_hear(&talk);
	talk_close(&talk);
	MUST(!manager->subscriptions && !manager->n_subscriptions);
	return 0;
}
