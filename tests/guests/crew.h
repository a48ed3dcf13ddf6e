/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that run the vCPUs of some VMs, in one of the ways of enum threading. */
#ifndef NISVD_TESTS_CREW_H
#define NISVD_TESTS_CREW_H

#include "vm.h"

struct crew;

/*
 * Makes a crew for n VMs; no thread runs yet. The array and the VMs must outlive the crew. Call
 * crew_signals_init() once in the process before.
 */
struct crew *crew_new(struct vm **vms, unsigned int n);

/* No thread may be left: crew_join() was called, or crew_start() was not. Takes NULL. */
void crew_free(struct crew *crew);

/* Starts all threads. */
void crew_start(struct crew *crew);

/* Waits for the end of all threads, if any; they must have been told to stop, or be done. */
void crew_join(struct crew *crew);

/* A descriptor that is readable once all threads have ended. Owned by the crew. */
int crew_done_fd(const struct crew *crew);

/* Stops one VM or all of them: no vCPU enters KVM_RUN again. Any thread may call them. */
void crew_stop_vm(struct vm *vm);
void crew_stop(struct crew *crew);

/* Stops all VMs because one vCPU cannot go on; the first message is kept for crew_death(). */
void crew_die(struct crew *crew, const char *message);

/* Why the process is to die, or NULL. Only after crew_join(). */
const char *crew_death(const struct crew *crew);

/* Moves every thread to another CPU; turn counts up from call to call. */
void crew_migrate(struct crew *crew, unsigned int turn);

/* Blocks the signals that main() waits for and makes the kick signal harmless. */
void crew_signals_init(void);

#endif
