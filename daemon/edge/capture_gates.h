/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_GATES_H
#define NISVD_CAPTURE_GATES_H

/* The gates (nisv_gate.h): new ones, or those of an earlier daemon. Part of capture. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/edge/capture_kept.h"

struct bpf_link;
struct bpf_program;
struct gate_bpf;

struct capture_gates {
	struct gate_bpf *skel; /* owned */
	struct capture_kept kept;
};

/* Opens them; what is kept is not looked at yet. -ENOEXEC: the object in the program is broken. */
int capture_gates_open(struct capture_gates *gates, struct fdstore *store);

/* Loads them; new maps are marked as those of the programs with this @abi. 0 or -errno. */
int capture_gates_load(struct capture_gates *gates, uint64_t abi);
void capture_gates_free(struct capture_gates *gates);

/* What passes gate number @gate goes to @program from now on. 0 or -errno. */
int capture_gates_aim(const struct capture_gates *gates, const struct bpf_program *program,
		      int gate);

/* Is the gate of the program of this name attached already? */
bool capture_gates_is_attached(const struct capture_gates *gates, const char *program);

/* Attaches it, and has it kept. *ret is owned by the caller. 0 or -errno. */
int capture_gates_attach(const struct capture_gates *gates, const char *program,
			 struct bpf_link **ret);

/* It is not wanted: an earlier daemon's is detached. */
void capture_gates_close(struct capture_gates *gates, const char *program);

/* If it is kept, destroying @link will not detach it. */
void capture_gates_leave(const struct capture_gates *gates, struct bpf_link *link);

/* Of the gates' own maps. -ENOENT: no such map. */
int capture_gates_map_fd(const struct capture_gates *gates, const char *name);

/* Events that went by: no program stood behind a gate, or one ran already on that CPU. */
uint64_t capture_gates_missed(const struct capture_gates *gates, int n_cpus);

#endif
