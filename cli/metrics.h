/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_METRICS_H
#define NISVCTL_METRICS_H

/*
 * Metrics for Prometheus. The model is JSON, {"metrics": [{"name", "type", "unit", "help",
 * "samples":
 * [{"labels": {NAME: VALUE}, "value"}]}]}; the text is made of it.
 *
 * The text is what three readers take: Prometheus' text format 0.0.4, as node-exporter's textfile
 * collector and promtool read it; OpenMetrics as Prometheus reads it; and OpenMetrics 2.0, where a
 * counter's family has the name of its samples (OpenMetrics 1.0 leaves out _total there, and then
 * the first two have neither type nor help for it).
 *
 * No label has an address, or what a guest chooses: their number is that of VMs times few.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

/* @status, @list, @explained: replies of GetStatus, ListVMs, Explain; borrowed. To be put. */
struct json_object *metrics_build(struct json_object *status, struct json_object *list,
				  struct json_object *explained);

void metrics_print(FILE *out, struct json_object *metrics);

#endif
