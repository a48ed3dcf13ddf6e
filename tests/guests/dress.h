/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking like another VMM: nisvd names VMs by the command line of their process. */
#ifndef NISVD_TESTS_DRESS_H
#define NISVD_TESTS_DRESS_H

/*
 * With "--dress ARGV0 ARGS..." in the arguments the process executes itself again with exactly
 * those words as its command line and the last part of ARGV0 as its name; the words before --dress
 * travel in a memory file. On return (*argc, *argv) are the options to parse, without --dress.
 * Ends the process with EXIT_USAGE or EXIT_SETUP when that cannot be done.
 */
void dress(int *argc, char ***argv);

#endif
