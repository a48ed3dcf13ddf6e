/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations that fail, of a program that is started with LD_PRELOAD: its own and those of its
 * libraries. Without the variables nothing fails.
 *   FAILALLOC=N        the Nth one fails; FAILALLOC=N+: and all that follow
 *   FAILALLOC_LIST=F   none fails; F gets a line "N WHERE" for the first one of each chain of
 *                      callers, where WHERE is a function of others on the way that does not look
 *                      whether it got memory (failalloc.py), or "-"
 *   FAILALLOC_TRACE=F  F gets the callers of the one that fails
 *   FAILALLOC_WAIT=1   counts from the call of failalloc_begin() on
 *   FAILALLOC_OF=NAME  only in the program of that name, not in its children
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES	 32
#define SEEN_MAX 65536 /* a power of two */

/* glibc's own, under the names that it keeps for those who replace it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static unsigned long count, at;
static bool all, busy, begun, waiting;
static int list = -1;
static uint64_t seen[SEEN_MAX];

static bool is_new(uint64_t hash)
{
	size_t i = hash % SEEN_MAX;

	hash |= 1;
	while (seen[i] && seen[i] != hash)
		i = (i + 1) % SEEN_MAX;
	if (seen[i])
		return false;
	seen[i] = hash;
	return true;
}

static const char *careless_of(void *const frames[], int n)
{
	static const char *const names[] = {"json_tokener_parse_ex", "json_tokener_new_ex",
					    "getgrnam"};
	Dl_info info;

	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (dladdr(frames[i], &info) && info.dli_sname &&
			    !strcmp(info.dli_sname, names[k]))
				return names[k];
	return "-";
}

static void note(void)
{
	void *frames[FRAMES];
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */
	int n = backtrace(frames, FRAMES);

	for (int i = 0; i < n; i++)
		hash = (hash ^ (uintptr_t)frames[i]) * 0x100000001b3ULL;
	if (is_new(hash))
		dprintf(list, "%lu %s\n", count, careless_of(frames, n));
}

static void trace(void)
{
	const char *path = getenv("FAILALLOC_TRACE");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	void *frames[FRAMES];

	if (fd < 0)
		return;
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES), fd);
	close(fd);
}

static void begin(void)
{
	const char *text = getenv("FAILALLOC"), *path = getenv("FAILALLOC_LIST"),
		   *name = getenv("FAILALLOC_OF");

	begun = true;
	if (name && strcmp(name, program_invocation_short_name) != 0)
		return;
	if (text) {
		at = strtoul(text, NULL, 10);
		all = strchr(text, '+');
	}
	waiting = getenv("FAILALLOC_WAIT");
	if (path)
		list = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

void failalloc_begin(void);

void failalloc_begin(void)
{
	if (!begun)
		begin();
	waiting = false;
}

static bool fails(void)
{
	/* backtrace(3), dladdr(3) and dprintf(3) allocate, too. */
	if (busy)
		return false;
	busy = true;
	if (!begun)
		begin();
	count += !waiting;
	if (list >= 0 && !waiting)
		note();
	if (at && count == at)
		trace();
	busy = false;
	if (waiting || !at || (all ? count < at : count != at))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (!__builtin_mul_overflow(n, size, &bytes))
		return realloc(old, bytes);
	errno = ENOMEM;
	return NULL;
}

void *aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
	*ret = fails() ? NULL : __libc_memalign(align, size);
	return *ret ? 0 : ENOMEM;
}
