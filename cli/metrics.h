/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_METRICS_H
#define NISVCTL_METRICS_H

/*
 * Metrics for Prometheus. The model is JSON, {"metrics": [{"name", "type", "unit", "help",
 * "samples":
 * [{"labels": {NAME: VALUE}, "value"}]}]}; the text is made of it.
 *
 * The text is Prometheus' text format 0.0.4, which node-exporter's textfile collector and promtool
 * read, and not OpenMetrics 1.0: that one leaves out _total in the TYPE and HELP of a counter, and
 * the two readers would then have neither for it (promtool: "no help text"). So the reference
 * parser of OpenMetrics refuses this text, while Prometheus itself takes it as that, too; the lines
 * UNIT and EOF are for it, and comments to the others.
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
