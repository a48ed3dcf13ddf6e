/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dress.h"
#include "fail.h"
#include "options.h"

/* The number of the descriptor that holds our own options, each ended by NUL. */
#define OPTIONS_VARIABLE "TESTVMM_OPTIONS_FD"

__attribute__((noreturn)) static void execute_dressed(int n_own, char **own, char **dressed)
{
	int fd = memfd_create("options", 0);
	char number[16];

	for (int i = 0; i < n_own; i++) {
		size_t size = strlen(own[i]) + 1;

		if (fd < 0 || write(fd, own[i], size) != (ssize_t)size)
			fail(EXIT_SETUP, "--dress: cannot pass the options: %s", strerror(errno));
	}
	snprintf(number, sizeof(number), "%d", fd);
	setenv(OPTIONS_VARIABLE, number, 1);
	execv("/proc/self/exe", dressed);
	fail(EXIT_SETUP, "--dress: cannot execute myself: %s", strerror(errno));
}

/* Splits the memory file into *argv; text and array live as long as the process. */
static void options_take(int fd, int *argc, char ***argv)
{
	struct stat st;
	char *text, *end;
	int n = 0;

	if (fstat(fd, &st) || !(text = malloc(st.st_size + 1)) ||
	    pread(fd, text, st.st_size, 0) != st.st_size)
		fail(EXIT_SETUP, "--dress: cannot read the options: %s", strerror(errno));
	close(fd);
	end = text + st.st_size;
	for (char *p = text; p < end; p++)
		n += !*p;
	*argv = calloc(n + 1, sizeof(**argv));
	if (!*argv)
		fail(EXIT_SETUP, "--dress: out of memory");
	*argc = n;
	n = 0;
	for (char *p = text; p < end; p += strlen(p) + 1)
		(*argv)[n++] = p;
}

void dress(int *argc, char ***argv)
{
	const char *number = getenv(OPTIONS_VARIABLE);

	if (number) {
		const char *slash = strrchr((*argv)[0], '/');

		prctl(PR_SET_NAME, slash ? slash + 1 : (*argv)[0]);
		options_take(atoi(number), argc, argv);
		unsetenv(OPTIONS_VARIABLE);
		return;
	}
	for (int i = 1; i < *argc; i++) {
		if (strcmp((*argv)[i], "--dress"))
			continue;
		if (i + 1 == *argc)
			fail(EXIT_USAGE, "--dress: no command line follows it");
		execute_dressed(i, *argv, *argv + i + 1);
	}
}
