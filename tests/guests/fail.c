/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail.h"

void fail(int status, const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	fputs("testvmm: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	/* Not exit(): other threads may be inside KVM_RUN, and a VMM that dies does so at once. */
	_exit(status);
}
