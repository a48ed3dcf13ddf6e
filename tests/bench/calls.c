/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracefs.h"

/* Documentation/trace/kprobetrace.rst */
#define GROUP "nisvd_bench"

/* Nothing of kernel/trace, where BPF's helpers are: kprobe events are refused there. */

static const struct {
	const char *name;
	const char *function; /* kernel/bpf/hashtab.c, mm/maccess.c */
} calls[] = {
	[CALL_LOOK_UP] = {"hash look-ups", "__htab_map_lookup_elem"},
	[CALL_UPDATE] = {"hash updates", "htab_map_update_elem"},
	[CALL_READ] = {"kernel reads", "copy_from_kernel_nofault"},
};

const char *call_name(enum call call)
{
	return calls[call].name;
}

static bool tell(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

bool calls_begin(void)
{
	bool ok = true;

	for (enum call call = 0; ok && call < _CALL_MAX; call++) {
		char line[128];

		snprintf(line, sizeof(line), "p:" GROUP "/%s %s\n", calls[call].function,
			 calls[call].function);
		ok = tell(TRACEFS "/kprobe_events", line);
	}
	ok = ok && tell(TRACEFS "/events/" GROUP "/enable", "1");
	if (!ok)
		calls_end();
	return ok;
}

void calls_end(void)
{
	tell(TRACEFS "/events/" GROUP "/enable", "0");
	for (enum call call = 0; call < _CALL_MAX; call++) {
		char line[128];

		snprintf(line, sizeof(line), "-:" GROUP "/%s\n", calls[call].function);
		tell(TRACEFS "/kprobe_events", line);
	}
}

uint64_t calls_count(enum call call)
{
	FILE *f = fopen(TRACEFS "/kprobe_profile", "re");
	char name[128];
	uint64_t hits, found = 0;

	while (f && fscanf(f, "%127s %" SCNu64 " %*u", name, &hits) == 2)
		if (!strcmp(name, calls[call].function))
			found = hits;
	if (f)
		fclose(f);
	return found;
}
