/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_HOOKS_H
#define NISVD_CAPTURE_HOOKS_H

/*
 * What the programs are attached to: each tracepoint and function, what it gives, and what is lost
 * without it. Part of capture.
 */

#include "daemon/edge/capture.h"

struct bpf_link;
struct bpf_object;

#define CAPTURE_HOOKS 11

/* Starts as zeroes. */
struct capture_hooks {
	struct bpf_link *links[CAPTURE_HOOKS];
	struct capture_source
		sources[CAPTURE_HOOKS + 1]; /* one more than the hooks: the iterator */
	size_t n_sources;
};

/*
 * Attaches all programs that @object has, in an order in which a fault that two of them see is
 * counted once. @changed is called after each. What is absent or refused becomes a source with its
 * reason; returns -errno (logged) only where nisvd cannot do without it. @refused: none of them was
 * loaded, because the kernel refused one. Detach after failure, too.
 */
int capture_hooks_attach(struct capture_hooks *all, struct bpf_object *object, bool refused,
			 void (*changed)(const struct capture_hooks *all, void *userdata),
			 void *userdata);
void capture_hooks_detach(struct capture_hooks *all);

/* Adds a source that is attached; the strings are borrowed. Never more than there is room for. */
struct capture_source *capture_hooks_add(struct capture_hooks *all, const char *name,
					 const char *gives);

/* Is there a program on this tracepoint or function? */
bool capture_hooks_has(const struct capture_hooks *all, const char *event);

/* Are all aborts seen that KVM injects into a guest? */
bool capture_hooks_see_injection(const struct capture_hooks *all);

#endif
