/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_OPTIONS_H
#define NISVCTL_OPTIONS_H

/* The command line's options: one table makes the parser and their part of --help. */

#include <stdbool.h>

#include "cli/cli.h"

/*
 * Parses the options of @argv, which getopt_long() reorders, into @options, whose socket is set
 * already. Returns the index of the first word that is none, or -1 (told).
 */
int options_parse(int argc, char **argv, struct options *options);

/*
 * Is an option given that the verb @verb does not take? Told, then. @taken: the long names of those
 * of single verbs that it takes, with a space between them.
 */
bool options_refuse(const struct options *options, const char *verb, const char *taken);

/* A row of --help: @left is an option or a verb; @text is wrapped. */
void options_print_row(const char *left, const char *text);

/* The sections of --help that tell the options. */
void options_print_help(void);

#endif
