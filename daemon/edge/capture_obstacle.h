/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_CAPTURE_OBSTACLE_H
#define NISVD_CAPTURE_OBSTACLE_H

/* Why a program, or capture as a whole, cannot work on this host. Part of capture. */

#include <stdbool.h>
#include <stddef.h>

struct capture_obstacle {
	int err;		/* negative errno; 0: there is no obstacle */
	char reason[192];	/* what stands in the way */
	const char *how_to_get; /* what to do about it; never NULL where there is one */
};

/* Sets all of it; the reason is formatted, @how_to_get borrowed. Returns @err. */
int capture_obstacle_set(struct capture_obstacle *why, int err, const char *how_to_get,
			 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Does it stay until somebody changes this host, or how nisvd is started? Not so a lack of memory
 * or of file descriptors: another start may have them. */
bool capture_obstacle_lasts(const struct capture_obstacle *why);

/*
 * The following set all of *why, and return its err: that of @err unless the reason is another one.
 */

/*
 * Has this host what no program can do without: KVM, and the kernel's type information? 0 if so;
 * -ENXIO: the kvm module is not loaded; -ENODEV: no KVM; -ENOENT: no BTF; -EMFILE: this process may
 * open too few files for it.
 */
int capture_obstacle_of_host(struct capture_obstacle *why);

/* libbpf could not load anything, with @err, before the kernel looked at a program. */
int capture_obstacle_of_load(struct capture_obstacle *why, int err);

/* This kernel's @kind ("struct", "enum") @type has no such @member; "": there is no such type. */
int capture_obstacle_of_layout(struct capture_obstacle *why, int err, const char *kind,
			       const char *type, const char *member);

/* Why a kernel refuses a program. */
enum capture_refusal {
	CAPTURE_REFUSED_LAYOUT,	  /* the kernel lacks a field that it reads */
	CAPTURE_REFUSED_LOCKDOWN, /* kernel lockdown forbids reading: that holds for all programs */
	CAPTURE_REFUSED_FOR_NOW,  /* something is used up, such as memory: no program is to blame */
	CAPTURE_REFUSED_PROGRAM,  /* because of what it does */
};

/*
 * The kernel refused one program, with @err, and its verifier said @log, which is cut into lines.
 */
enum capture_refusal capture_obstacle_of_program(struct capture_obstacle *why, int err, char *log);

/* A program that is loaded could not be attached, with @err. */
int capture_obstacle_of_attaching(struct capture_obstacle *why, int err);

/* Attaching was refused for lack of permission. */
int capture_obstacle_of_permission(struct capture_obstacle *why, int err, bool is_kprobe);

#endif
