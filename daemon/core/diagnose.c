/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/diagnose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/consequence.h"
#include "daemon/core/report.h"
#include "daemon/core/rules.h"

static const char *const severity_names[_SEVERITY_MAX] = {
	[SEVERITY_INFO] = "info", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error",
	[SEVERITY_HANG] = "hang", [SEVERITY_FATAL] = "fatal",
};

const char *severity_name(enum severity severity)
{
	return severity < _SEVERITY_MAX ? severity_names[severity] : "unknown";
}

const char *confidence_word(double confidence)
{
	if (confidence >= 0.9)
		return "certain";
	return confidence >= 0.7 ? "likely" : "possible";
}

/*
 * Aborts that KVM injects repeat without any exit to the VMM, thousands a second: some hundreds in
 * a few seconds are a guest that goes nowhere. An access without a description has an exit each
 * time, and a handler that skips it makes progress: only many at a high rate are a livelock.
 */
#define HANG_INJECTED	   512
#define HANG_INJECTED_RATE 100 /* a second */
#define HANG_EXITS	   1000
#define HANG_EXITS_RATE	   1000
#define SECOND_NS	   1000000000ULL

static bool is_livelock(const struct site *site)
{
	uint64_t duration = site->last_ns > site->first_ns ? site->last_ns - site->first_ns : 0;
	uint64_t seconds = duration / SECOND_NS;

	if (site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK ||
	    site->kind == NISV_KIND_BEYOND_IPA)
		return site->count >= HANG_INJECTED && site->count / HANG_INJECTED_RATE >= seconds;
	return site->count >= HANG_EXITS && site->count / HANG_EXITS_RATE >= seconds;
}

static enum severity site_severity(const struct evidence *evidence, const struct site *site)
{
	if (site->outcome == NISV_OUTCOME_VM_KILLED)
		return SEVERITY_FATAL;
	if (is_livelock(site))
		return SEVERITY_HANG;
	/* VMMs stop a vCPU whose instruction KVM could not emulate; one that ended did. */
	if (site->kind == NISV_KIND_EMULATION && site->outcome == NISV_OUTCOME_VMM_DECIDES &&
	    evidence->vm_ended)
		return SEVERITY_FATAL;
	/* KVM always answers these two with an abort, whether it was seen or not. */
	if (site->outcome != NISV_OUTCOME_UNKNOWN ||
	    (!evidence->injection_seen &&
	     (site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK)))
		return SEVERITY_ERROR;
	return SEVERITY_WARNING;
}

/* What became of one site: its cause, and what makes it one finding with others. */
struct verdict {
	uint16_t site;
	uint8_t rule;
	uint8_t kind;
	enum severity severity;
	double confidence;
	uint64_t anchor; /* where: base of the region, slot or gap */
	uint64_t insn;	 /* its bits, with bit 32 set if it is known */
};

struct group {
	size_t first, n; /* of the sorted verdicts */
	enum severity severity;
	double confidence;
};

struct diagnosis {
	const struct evidence *evidence;
	const struct nisv_rec_fault *by_pc[FAULTMAP_DETAILS_MAX]; /* ascending, with instruction */
	size_t n_by_pc;
	uint16_t *cause; /* of each site, see consequence.h */
	struct verdict *verdicts;
	size_t n_verdicts;
	struct group *groups;
	size_t n_groups;
	struct findings findings;
};

static int by_pc(const void *a, const void *b)
{
	const struct nisv_rec_fault *x = *(const struct nisv_rec_fault *const *)a;
	const struct nisv_rec_fault *y = *(const struct nisv_rec_fault *const *)b;

	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static void collect_instructions(struct diagnosis *d)
{
	const struct faultmap *faults = d->evidence->faults;

	for (size_t i = 0; i < faults->n_sites && d->n_by_pc < FAULTMAP_DETAILS_MAX; i++) {
		const struct nisv_rec_fault *rec = faults->sites[i].detail;

		if (rec && rec->insn_state == NISV_INSN_OK)
			d->by_pc[d->n_by_pc++] = rec;
	}
	qsort(d->by_pc, d->n_by_pc, sizeof(d->by_pc[0]), by_pc);
}

static const struct nisv_rec_fault *find_by_pc(const struct diagnosis *d, uint64_t pc)
{
	size_t low = 0, high = d->n_by_pc;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->by_pc[mid]->pc == pc)
			return d->by_pc[mid];
		if (d->by_pc[mid]->pc < pc)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void scene_of(const struct diagnosis *d, const struct verdict *verdict, struct scene *scene)
{
	const struct site *site = &d->evidence->faults->sites[verdict->site];

	scene_set(scene, d->evidence, site,
		  site->kind == NISV_KIND_EXEC ? NULL : find_by_pc(d, site->pc));
}

static uint64_t insn_key(const struct scene *scene)
{
	uint64_t key = 0;

	if (!scene->has_insn)
		return 0;
	if (!scene->is_x86)
		return 1ULL << 32 | scene->insn.raw;
	if (scene->rec)
		memcpy(&key, scene->rec->insn, sizeof(key));
	return key;
}

static void judge(const struct diagnosis *d, struct verdict *verdict)
{
	const struct site *site = &d->evidence->faults->sites[verdict->site];
	struct scene scene;

	scene_of(d, verdict, &scene);
	verdict->confidence = 0;
	for (size_t i = 0; i < n_rules; i++) {
		const char *reason = "";
		double score = rules[i]->score(&scene, &reason);
		bool is_cause = score > RULE_THRESHOLD || i == n_rules - 1;

		if (is_cause && score > verdict->confidence) {
			verdict->confidence = score;
			verdict->rule = (uint8_t)i;
		}
	}
	verdict->kind = (uint8_t)site->kind;
	verdict->severity = site_severity(d->evidence, site);
	verdict->anchor = report_anchor(&scene);
	verdict->insn = insn_key(&scene);
}

static int by_key(const struct verdict *x, const struct verdict *y)
{
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->anchor != y->anchor)
		return x->anchor < y->anchor ? -1 : 1;
	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	return 0;
}

/* Worst first, then those with a record, then the earliest: the first one speaks for the group. */
static int by_key_and_rank(const void *a, const void *b, void *userdata)
{
	const struct verdict *x = a, *y = b;
	const struct faultmap *faults = userdata;
	const struct site *s = &faults->sites[x->site], *t = &faults->sites[y->site];
	int c = by_key(x, y);

	if (c)
		return c;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (!s->detail != !t->detail)
		return s->detail ? -1 : 1;
	if (s->first_ns != t->first_ns)
		return s->first_ns < t->first_ns ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

static int by_worst(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static void make_groups(struct diagnosis *d)
{
	for (size_t i = 0; i < d->n_verdicts; i++) {
		const struct verdict *verdict = &d->verdicts[i];
		struct group *group;

		if (!d->n_groups ||
		    by_key(&d->verdicts[d->groups[d->n_groups - 1].first], verdict)) {
			/* Confidence is that of the site that speaks for the group. */
			d->groups[d->n_groups++] =
				(struct group){.first = i, .confidence = verdict->confidence};
		}
		group = &d->groups[d->n_groups - 1];
		group->n++;
		if (verdict->severity > group->severity)
			group->severity = verdict->severity;
	}
}

/* Calls @use for each consequence with the group its cause is in. */
static void each_consequence(struct diagnosis *d, const uint16_t *group_of,
			     void (*use)(struct diagnosis *d, uint16_t group, uint16_t site))
{
	for (size_t i = 0; i < d->evidence->faults->n_sites; i++)
		if (d->cause[i] != CONSEQUENCE_NONE)
			use(d, group_of[d->cause[i]], (uint16_t)i);
}

/* A guest that goes nowhere after the abort hangs because of the cause. */
static void worsen(struct diagnosis *d, uint16_t group, uint16_t site)
{
	enum severity severity = site_severity(d->evidence, &d->evidence->faults->sites[site]);

	if (severity > d->groups[group].severity)
		d->groups[group].severity = severity;
}

static void map_sites(const struct diagnosis *d, uint16_t *group_of)
{
	for (size_t g = 0; g < d->n_groups; g++)
		for (size_t i = 0; i < d->groups[g].n; i++)
			group_of[d->verdicts[d->groups[g].first + i].site] = (uint16_t)g;
}

/* One finding of one group, all but its consequences. */
static int write_finding(const struct diagnosis *d, const struct group *group,
			 struct finding *finding)
{
	const struct verdict *first = &d->verdicts[group->first];
	struct scene scene;

	finding->severity = group->severity;
	finding->confidence = group->confidence;
	finding->n_sites = group->n;
	for (size_t i = 0; i < group->n && i < FINDING_SITES_MAX; i++)
		finding->sites[i] = &d->evidence->faults->sites[first[i].site];
	scene_of(d, first, &scene);
	scene_describe(&scene);
	return report_write(&scene, rules[first->rule], finding);
}

static void attach(struct diagnosis *d, uint16_t group, uint16_t site)
{
	const struct site *sites = d->evidence->faults->sites;
	struct finding *finding;

	if (group >= d->findings.n)
		return;
	finding = &d->findings.list[group];
	if (finding->n_consequences >= FINDING_CONSEQUENCES_MAX) {
		finding->n_consequences_omitted++;
		return;
	}
	report_consequence(&sites[site], &sites[d->cause[site]],
			   &finding->consequences[finding->n_consequences++]);
}

static int write_findings(struct diagnosis *d)
{
	size_t n = d->n_groups < FINDINGS_MAX ? d->n_groups : FINDINGS_MAX;

	if (!n)
		return 0;
	d->findings.list = calloc(n, sizeof(*d->findings.list));
	if (!d->findings.list)
		return -ENOMEM;
	d->findings.n_omitted = d->n_groups - n;
	for (size_t g = 0; g < n; g++) {
		d->findings.n++;
		if (write_finding(d, &d->groups[g], &d->findings.list[g]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int diagnose_sites(struct diagnosis *d)
{
	const struct faultmap *faults = d->evidence->faults;
	uint16_t *group_of;
	int r;

	consequence_find(faults, d->cause);
	collect_instructions(d);
	for (size_t i = 0; i < faults->n_sites; i++) {
		if (d->cause[i] != CONSEQUENCE_NONE)
			continue;
		d->verdicts[d->n_verdicts].site = (uint16_t)i;
		judge(d, &d->verdicts[d->n_verdicts++]);
	}
	qsort_r(d->verdicts, d->n_verdicts, sizeof(d->verdicts[0]), by_key_and_rank,
		(void *)faults);
	make_groups(d);

	group_of = calloc(faults->n_sites, sizeof(*group_of));
	if (!group_of)
		return -ENOMEM;
	map_sites(d, group_of);
	each_consequence(d, group_of, worsen);
	qsort(d->groups, d->n_groups, sizeof(d->groups[0]), by_worst);
	map_sites(d, group_of);
	r = write_findings(d);
	if (r >= 0)
		each_consequence(d, group_of, attach);
	free(group_of);
	return r;
}

int diagnose(const struct evidence *evidence, struct findings *ret)
{
	size_t n = evidence->faults->n_sites;
	struct diagnosis d = {.evidence = evidence};
	int r = 0;

	if (n) {
		d.cause = calloc(n, sizeof(*d.cause));
		d.verdicts = calloc(n, sizeof(*d.verdicts));
		d.groups = calloc(n, sizeof(*d.groups));
		r = d.cause && d.verdicts && d.groups ? diagnose_sites(&d) : -ENOMEM;
	}
	free(d.cause);
	free(d.verdicts);
	free(d.groups);
	if (r < 0) {
		findings_clear(&d.findings);
		return r;
	}
	*ret = d.findings;
	return 0;
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		struct finding *finding = &findings->list[i];

		for (size_t j = 0; j < finding->n_evidence; j++)
			free(finding->evidence[j]);
		for (size_t j = 0; j < finding->n_advice; j++)
			free(finding->advice[j]);
	}
	free(findings->list);
	*findings = (struct findings){0};
}
