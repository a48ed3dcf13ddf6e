/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_HOOKS_H
#define NISVD_CAPTURE_HOOKS_H

/*
 * What the programs are attached to: each tracepoint, function and iterator, what it gives, and
 * what is lost without it. Part of capture.
 */

#include "daemon/edge/capture.h"
#include "include/nisv_fields.h"

struct bpf_link;
struct capture_gates;
struct bpf_object;
struct bpf_program;

#define CAPTURE_HOOKS 12

/*
 * The sources of this architecture, in a fixed order, and after them the members of kernel
 * structures that this kernel lacks. Starts as zeroes; its sources point into it.
 */
struct capture_hooks {
	struct capture_gates *gates;	       /* borrowed; set before attaching */
	struct bpf_link *links[CAPTURE_HOOKS]; /* of those that this daemon attached */
	struct capture_source sources[CAPTURE_HOOKS + _NISV_GROUP_MAX];
	struct capture_obstacle obstacles[CAPTURE_HOOKS + _NISV_GROUP_MAX];
	const struct hook *hooks[CAPTURE_HOOKS];
	size_t n_hooks, n_sources;
};

/* Adds a source for each program of @object. */
void capture_hooks_list(struct capture_hooks *all, const struct bpf_object *object);

/* The source of this name is switched off by the options: its program is not to be loaded. */
void capture_hooks_switch_off(struct capture_hooks *all, const char *event);

/* Is this program to be loaded? Not if it is switched off, or was refused. */
bool capture_hooks_want(const struct capture_hooks *all, const struct bpf_program *program);

/* The kernel refuses this program, or (NULL) all of them. */
void capture_hooks_refuse(struct capture_hooks *all, const struct bpf_program *program,
			  const struct capture_obstacle *why);

/* Adds a source for the first member of each group that this kernel lacks. */
void capture_hooks_tell_fields(struct capture_hooks *all, const uint32_t lacking[_NISV_GROUP_MAX]);

/*
 * Attaches all programs that @object has loaded, in an order in which a fault that two of them see
 * is counted once; behind gates that are attached already they take the place of those of an
 * earlier daemon, one after the other. @changed is called after each. What is absent or refused
 * becomes the state of its source; returns -errno, with @why, only where nisvd cannot do without
 * it. Detach after failure, too.
 */
int capture_hooks_attach(struct capture_hooks *all, const struct bpf_object *object,
			 void (*changed)(const struct capture_hooks *all, void *userdata),
			 void *userdata, struct capture_obstacle *why);
void capture_hooks_detach(struct capture_hooks *all);

/* Is there a program on this tracepoint or function? */
bool capture_hooks_has(const struct capture_hooks *all, const char *event);

/* The link of the iterator that finds VMs, NULL if it is not attached. */
const struct bpf_link *capture_hooks_iterator(const struct capture_hooks *all);

/* Are all aborts seen that KVM injects into a guest? */
bool capture_hooks_see_injection(const struct capture_hooks *all);

#endif
