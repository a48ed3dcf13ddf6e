/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nisvd does with a dossier, in a process of its own that can be killed.
 *   save_dossier DIR N   writes that of sample_vm() to DIR, with N suppressed records
 *   save_dossier DIR     starts with what is in DIR, and prints those numbers
 */
#include <dlfcn.h>

#include "tests/cli/archive_case.h"

/* What is made for the test is there; with failalloc.c, memory may be lacking from here on. */
static void begin(void)
{
	void (*failalloc_begin)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "failalloc_begin");

	if (failalloc_begin)
		failalloc_begin();
}

static int save(const char *dir, unsigned long n)
{
	struct manager *manager = daemon_new();
	struct vm *vm = sample_vm(manager);
	int r;

	manager->host.saved_ns = WRITTEN_NS;
	vm->totals.suppressed = n;
	begin();
	r = dossier_write(dir, vm, &manager->host);
	if (r < 0)
		fprintf(stderr, "save_dossier: %s\n", strerror(-r));
	manager_free(manager);
	return r < 0;
}

static int load(const char *dir)
{
	struct manager *manager = daemon_new();

	archive_load(manager, dir);
	for (size_t i = 0; i < manager->vms.n; i++)
		printf("%llu\n", (unsigned long long)manager->vms.list[i]->totals.suppressed);
	manager_free(manager);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return save(argv[1], strtoul(argv[2], NULL, 10));
	return argc == 2 ? load(argv[1]) : 2;
}
