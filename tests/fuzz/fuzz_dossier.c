/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file for --replay, or in the folder of dossiers: replay_load(). Then every method answers from
 * what came of it. An input that begins with 'K' is loaded as the archive does it, for the key of
 * the seeds.
 */
#include "daemon/edge/replay.h"
#include "daemon/edge/wallclock.h"
#include "fuzz.h"
#include "talk.h"

#define KEY "00112233445566778899aabbccddeeff"

static struct manager *manager;
static struct host host;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	manager = talk_manager(NULL, 0);
	manager->host.arch = "arm64";
	host = manager->host;
	return 0;
}

static void forget(void)
{
	vms_clear(&manager->vms);
	free(manager->trace);
	manager->trace = NULL;
	manager->host = host;
	wallclock_go_offline();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool archived = size && *data == 'K';
	FILE *file;

	data += archived;
	size -= archived;
	file = size ? fmemopen((void *)data, size, "r") : NULL;
	if (!file)
		return 0;
	replay_load(manager, file, "input", archived ? KEY : NULL);
	MUST(!archived || manager->vms.n <= 1);
	talk_of_all(manager);
	forget();
	return 0;
}
