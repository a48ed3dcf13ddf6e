/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/metrics.h"

#include <ctype.h>
#include <string.h>

#include "cli/json_make.h"
#include "cli/reply.h"

#define LABELS_MAX 4

struct label {
	const char *name, *value;
};

/* ---- the model ---------------------------------------------------------------------------------
 */

/* Adds a metric without samples to @metrics; its list of samples is returned, borrowed. */
static struct json_object *add_metric(struct json_object *metrics, const char *name,
				      const char *type, const char *unit, const char *help)
{
	struct json_object *o = json_make_object(), *samples = json_make_array();

	json_add(o, "name", json_make_string(name));
	json_add(o, "type", json_make_string(type));
	json_add(o, "unit", unit ? json_make_string(unit) : NULL);
	json_add(o, "help", json_make_string(help));
	json_add(o, "samples", samples);
	json_append(metrics, o);
	return samples;
}

/* @labels: LABELS_MAX of them, or fewer and one without a name. */
static void add_sample(struct json_object *samples, const struct label *labels, int64_t value)
{
	struct json_object *o = json_make_object(), *set = json_make_object();

	for (size_t i = 0; i < LABELS_MAX && labels[i].name; i++)
		json_add(set, labels[i].name, json_make_string(labels[i].value));
	json_add(o, "labels", set);
	json_add(o, "value", json_make_int(value));
	json_append(samples, o);
}

/* A sample for each member of an object of counters, whose name is the label @name. */
static void add_counters(struct json_object *samples, const struct label *labels, size_t n_labels,
			 const char *name, struct json_object *counters)
{
	struct label all[LABELS_MAX] = {{0}};

	if (!counters)
		return;
	memcpy(all, labels, n_labels * sizeof(*labels));
	json_object_object_foreach (counters, kind, value) {
		char hyphens[40];

		/* As the kinds are called everywhere else. Unlike values, names are not cleaned. */
		snprintf(hyphens, sizeof(hyphens), "%s", kind);
		for (char *c = hyphens; *c; c++)
			*c = *c == '_' ? '-' : isalnum((unsigned char)*c) ? *c : '?';
		all[n_labels] = (struct label){name, hyphens};
		add_sample(samples, all, json_object_get_int64(value));
	}
}

/* ---- the host ----------------------------------------------------------------------------------
 */

static void add_sources(struct json_object *metrics, struct json_object *sources)
{
	static const char *const states[] = {"attached", "absent", "failed", "off"};
	struct json_object *samples = add_metric(
		metrics, "nisvd_source_state", "gauge", NULL,
		"Whether a source of events is in this state: 1 is, 0 is not. See nisvctl status.");

	for (size_t i = 0; i < reply_length(sources); i++) {
		struct json_object *source = reply_at(sources, i);
		const char *name = reply_string(source, "name"),
			   *state = reply_string(source, "state");

		for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++)
			add_sample(
				samples,
				(struct label[LABELS_MAX]){{"source", name}, {"state", states[k]}},
				strcmp(state, states[k]) == 0);
	}
}

static void add_host(struct json_object *metrics, struct json_object *status)
{
	static const struct label none[LABELS_MAX] = {{0}};
	struct json_object *mmio = reply_object(status, "mmio"), *samples;

	samples = add_metric(metrics, "nisvd_build_info", "gauge", NULL,
			     "The running nisvd and its host; always 1.");
	add_sample(samples,
		   (struct label[LABELS_MAX]){{"version", reply_string(status, "version")},
					      {"kernel", reply_string(status, "kernel")},
					      {"arch", reply_string(status, "arch")}},
		   1);
	samples = add_metric(metrics, "nisvd_uptime_seconds", "gauge", "seconds",
			     "For how long this nisvd has been running.");
	add_sample(samples, none, reply_int(status, "uptime_seconds"));
	samples = add_metric(metrics, "nisvd_vms", "gauge", NULL, "Running VMs.");
	add_sample(samples, none, reply_int(status, "vms"));
	samples = add_metric(metrics, "nisvd_aborts_total", "counter", NULL,
			     "Guest accesses outside memory, by kind; of VMs that ended, too.");
	add_counters(samples, none, 0, "kind", reply_object(status, "aborts"));
	samples = add_metric(metrics, "nisvd_mmio_accesses_total", "counter", NULL,
			     "MMIO accesses of guests; of VMs that ended, too.");
	add_sample(samples, (struct label[LABELS_MAX]){{"direction", "read"}},
		   reply_int(mmio, "reads"));
	add_sample(samples, (struct label[LABELS_MAX]){{"direction", "write"}},
		   reply_int(mmio, "writes"));
	samples = add_metric(metrics, "nisvd_mmio_user_accesses_total", "counter", NULL,
			     "MMIO accesses that user space served; the others KVM served.");
	add_sample(samples, none, reply_int(mmio, "user"));
	samples = add_metric(metrics, "nisvd_lost_total", "counter", NULL,
			     "What could not be kept or sent, by kind. See nisvctl status.");
	add_counters(samples, none, 0, "kind", reply_object(status, "lost"));
	samples = add_metric(metrics, "nisvd_dossiers_removed_total", "counter", NULL,
			     "Dossiers that were removed to keep within MaxBytes=.");
	add_sample(samples, none, reply_int(status, "dossiers_removed"));
	samples = add_metric(metrics, "nisvd_dossiers_left_out", "gauge", NULL,
			     "Dossiers that were not taken back when nisvd started.");
	add_sample(samples, none, reply_int(status, "dossiers_left_out"));
	add_sources(metrics, reply_array(status, "sources"));
}

/* ---- VMs ---------------------------------------------------------------------------------------
 */

/* Two VMs may have one name, no two one id. */
#define VM_LABELS(vm)                        \
	{"vm", reply_string(vm, "name")},    \
	{                                    \
		"id", reply_string(vm, "id") \
	}

static void add_vm_aborts(struct json_object *samples, struct json_object *vm)
{
	const struct label labels[LABELS_MAX] = {VM_LABELS(vm)};

	add_counters(samples, labels, 2, "kind", reply_object(vm, "aborts"));
}

static void add_vm_accesses(struct json_object *samples, struct json_object *vm)
{
	struct json_object *mmio = reply_object(vm, "mmio");

	add_sample(samples, (struct label[LABELS_MAX]){VM_LABELS(vm), {"direction", "read"}},
		   reply_int(mmio, "reads"));
	add_sample(samples, (struct label[LABELS_MAX]){VM_LABELS(vm), {"direction", "write"}},
		   reply_int(mmio, "writes"));
}

static void add_vm_user(struct json_object *samples, struct json_object *vm)
{
	add_sample(samples, (struct label[LABELS_MAX]){VM_LABELS(vm)},
		   reply_int(reply_object(vm, "mmio"), "user"));
}

static void add_vm_rate(struct json_object *samples, struct json_object *vm)
{
	add_sample(samples, (struct label[LABELS_MAX]){VM_LABELS(vm)},
		   reply_int(reply_object(vm, "mmio"), "per_second"));
}

static void add_vms(struct json_object *metrics, struct json_object *vms)
{
	static const struct {
		const char *name, *type, *help;
		void (*add)(struct json_object *samples, struct json_object *vm);
	} kinds[] = {
		{"nisvd_vm_aborts_total", "counter",
		 "Accesses of a running VM outside memory, by kind.", add_vm_aborts},
		{"nisvd_vm_mmio_accesses_total", "counter", "MMIO accesses of a running VM.",
		 add_vm_accesses},
		{"nisvd_vm_mmio_user_accesses_total", "counter",
		 "MMIO accesses of a running VM that user space served.", add_vm_user},
		{"nisvd_vm_mmio_accesses_per_second", "gauge",
		 "MMIO accesses of a running VM a second, when it was last asked.", add_vm_rate},
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct json_object *samples =
			add_metric(metrics, kinds[k].name, kinds[k].type, NULL, kinds[k].help);

		for (size_t i = 0; i < reply_length(vms); i++)
			if (strcmp(reply_string(reply_at(vms, i), "state"), "ended") != 0)
				kinds[k].add(samples, reply_at(vms, i));
	}
}

/* ---- findings ----------------------------------------------------------------------------------
 */

/* The object that is the member @name of @o, a new one where there is none; borrowed. */
static struct json_object *object_at(struct json_object *o, const char *name)
{
	struct json_object *member = reply_object(o, name);

	if (!member) {
		member = json_make_object();
		json_add(o, name, member);
	}
	return member;
}

/* {CAUSE: {SEVERITY: {KEY: null}}}: groups are of one signature, and a VM may be in several of one
 * cause. */
static struct json_object *vms_by_cause(struct json_object *groups)
{
	struct json_object *causes = json_make_object();

	for (size_t i = 0; i < reply_length(groups); i++) {
		struct json_object *group = reply_at(groups, i), *vms = reply_array(group, "vms"),
				   *finding = reply_object(group, "finding"), *keys;

		keys = object_at(object_at(causes, reply_string(finding, "cause")),
				 reply_string(finding, "severity"));
		for (size_t k = 0; k < reply_length(vms); k++)
			json_add(keys, reply_string(reply_at(vms, k), "key"), NULL);
	}
	return causes;
}

static void add_findings(struct json_object *metrics, struct json_object *explained)
{
	struct json_object *causes = vms_by_cause(reply_array(explained, "groups")), *samples;

	samples = add_metric(
		metrics, "nisvd_findings", "gauge", NULL,
		"Open findings of this host: VMs that have any of this cause and severity. "
		"See nisvctl explain.");
	json_object_object_foreach (causes, cause, severities) {
		json_object_object_foreach (severities, severity, keys) {
			const struct label labels[LABELS_MAX] = {{"cause", cause},
								 {"severity", severity}};

			add_sample(samples, labels, json_object_object_length(keys));
		}
	}
	json_object_put(causes);
	samples = add_metric(metrics, "nisvd_findings_omitted", "gauge", NULL,
			     "Findings beyond those that are kept of a VM.");
	add_sample(samples, (struct label[LABELS_MAX]){{0}},
		   reply_int(explained, "omitted_findings"));
}

struct json_object *metrics_build(struct json_object *status, struct json_object *list,
				  struct json_object *explained)
{
	struct json_object *o = json_make_object(), *metrics = json_make_array();

	json_add(o, "metrics", metrics);
	add_host(metrics, status);
	add_vms(metrics, reply_array(list, "vms"));
	add_findings(metrics, explained);
	return o;
}

/* ---- text --------------------------------------------------------------------------------------
 */

/* As the text format of Prometheus has it. */
static void print_escaped(FILE *out, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || (*text == '"' && quotes))
			fprintf(out, "\\%c", *text);
		else
			putc(*text, out);
	}
}

static void print_sample(FILE *out, const char *name, struct json_object *sample)
{
	struct json_object *labels = reply_object(sample, "labels");
	bool begun = false;

	fputs(name, out);
	json_object_object_foreach (labels, label, value) {
		fprintf(out, "%s%s=\"", begun ? "," : "{", label);
		print_escaped(out, json_object_get_string(value), true);
		putc('"', out);
		begun = true;
	}
	fprintf(out, "%s %lld\n", begun ? "}" : "", (long long)reply_int(sample, "value"));
}

void metrics_print(FILE *out, struct json_object *metrics)
{
	struct json_object *list = reply_array(metrics, "metrics");

	for (size_t i = 0; i < reply_length(list); i++) {
		struct json_object *metric = reply_at(list, i),
				   *samples = reply_array(metric, "samples");
		const char *name = reply_string(metric, "name");

		fprintf(out, "# HELP %s ", name);
		print_escaped(out, reply_string(metric, "help"), false);
		fprintf(out, "\n# TYPE %s %s\n", name, reply_string(metric, "type"));
		if (reply_has(metric, "unit"))
			fprintf(out, "# UNIT %s %s\n", name, reply_string(metric, "unit"));
		for (size_t k = 0; k < reply_length(samples); k++)
			print_sample(out, name, reply_at(samples, k));
	}
	fputs("# EOF\n", out);
}
