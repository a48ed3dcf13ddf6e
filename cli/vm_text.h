/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_VM_TEXT_H
#define NISVCTL_VM_TEXT_H

/* What several verbs say about VMs. @vm is a VM of the interface; NULL reads as an empty one. */

#include <stdint.h>

#include "cli/term.h"

#define VM_TEXT_MAX 160

/* All members of an object of counters, such as Aborts and Lost, added up; NULL: 0. */
int64_t counters_sum(struct json_object *counters);

/* "nisv 10, exec 2", "none". */
const char *vm_aborts_text(struct json_object *aborts, char buf[VM_TEXT_MAX]);

/* "web1 (1234-12)". */
const char *vm_title(struct json_object *vm, char buf[VM_TEXT_MAX]);

/* nisvd ended before it, and did not see its end. */
bool vm_is_unwatched(struct json_object *vm);

/* "running", "ended 3 min ago (process-gone)", "last seen 3 min ago (not-watched)". */
const char *vm_state(struct json_object *vm, char buf[VM_TEXT_MAX]);

/*
 * "ring 3, journal 1" of the members of a Lost object (or any object of counters) that are not
 * zero; NULL if all are.
 */
const char *counters_text(struct json_object *counters, char *buf, size_t size);

/* Is []Source what a trace has, rather than a daemon? */
bool sources_are_traced(struct json_object *sources);

/* "5 of 7 attached" of []Source; of a trace "4 of 7 in the trace". */
const char *sources_text(struct json_object *sources, char *buf, size_t size);

/* The guest address of a Site or fault, "-" where none is known: KVM tells none with an emulation
 * failure. */
const char *site_address(struct json_object *site);
bool site_has_address(struct json_object *site);

/* The outcome of a Site or fault: "vmm-decides", "vmm-decides (VMM injected an abort)". */
const char *site_outcome(struct json_object *site, char buf[VM_TEXT_MAX]);

/* An empty line and a heading in bold. */
void print_heading(const struct term *term, const char *text);

/* "Name:     text", wrapped. Nothing if @text is empty. */
void print_field(const struct term *term, const char *name, const char *text);

#endif
