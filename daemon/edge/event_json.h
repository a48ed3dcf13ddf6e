/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_EVENT_JSON_H
#define NISVD_EVENT_JSON_H

/*
 * type Event of io.nisvd.Monitor: what Subscribe sends and a dossier stores, one object per line.
 */

#include <json-c/json.h>

#include "daemon/core/vm.h"

struct json_object *event_vm(const struct vm *vm);
struct json_object *event_layout(const struct vm *vm); /* NULL if no layout is known */
struct json_object *event_guest(const struct vm *vm);
/* @vmm_answer: site_vmm_answer() of its site; NULL as the record comes, which is before the answer.
 */
struct json_object *event_fault(const struct vm *vm, const struct nisv_rec_fault *fault,
				const char *vmm_answer, const char *arch);
struct json_object *event_finding(const struct vm *vm, const struct finding *finding,
				  const char *arch);
struct json_object *event_end(const struct vm *vm);

/*
 * Everything known about @vm, as events in the order in which they can be replayed: vm, layout,
 * guest (if it was read), every fault with a full record, sites, findings, end. Each object is
 * handed to @sink, which owns it; a negative return value of @sink stops and is returned.
 */
typedef int (*event_sink_t)(struct json_object *event, void *userdata);
int event_everything(const struct vm *vm, const char *arch, event_sink_t sink, void *userdata);

/* Of that, what nobody else knows while the kernel counts for @vm: no sites, and no findings, which
 * follow from the rest. */
int event_known(const struct vm *vm, const char *arch, event_sink_t sink, void *userdata);

/* Of that, what the kernel counted. */
int event_counts(const struct vm *vm, const char *arch, event_sink_t sink, void *userdata);

#endif
