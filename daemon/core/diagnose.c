/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/diagnose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/consequence.h"
#include "daemon/core/report.h"
#include "daemon/core/rules_kit.h"
#include "daemon/core/verdict.h"

static const char *const severity_names[_SEVERITY_MAX] = {
	[SEVERITY_INFO] = "info", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error",
	[SEVERITY_HANG] = "hang", [SEVERITY_FATAL] = "fatal",
};

const char *severity_name(enum severity severity)
{
	return severity < _SEVERITY_MAX ? severity_names[severity] : "unknown";
}

struct group {
	size_t first, n; /* of the sorted verdicts */
	enum severity severity;
	double confidence;
};

struct diagnosis {
	const struct evidence *evidence;
	struct facts facts;
	const struct nisv_rec_fault *by_pc[FAULTMAP_DETAILS_MAX]; /* ascending, with instruction */
	size_t n_by_pc;
	uint16_t *cause; /* of each site, see consequence.h */
	struct verdict *verdicts;
	size_t n_verdicts, n_traffic; /* of these, the last ones are about MMIO */
	struct group *groups;
	size_t n_groups;
	struct findings findings;
};

/* ---- instructions, by the PC they are at ---------------------------------------------------- */

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

/* ---- judging -------------------------------------------------------------------------------- */

static void set_scene(const struct diagnosis *d, const struct site *site, const struct place *place,
		      struct scene *scene)
{
	bool has_insn = !place && site->kind != NISV_KIND_EXEC;

	scene_set(scene, &d->facts, site, place, has_insn ? find_by_pc(d, site->pc) : NULL);
}

static struct site site_of_place(const struct place *place)
{
	return (struct site){
		.kind = place->is_write ? KIND_MMIO_WRITE : KIND_MMIO_READ,
		.page = place->ipa >> 12,
		.count = place->count,
		.user = place->user,
		.first_ns = place->first_ns,
		.last_ns = place->last_ns,
		.ipa = place->ipa,
	};
}

/* Where other machines have devices and this VM has nothing, the guest may be built for those. */
static void touch(struct diagnosis *d, const struct site *site, const struct place *place)
{
	struct other_device other;
	uint64_t extent = place ? 1ULL << NISV_PLACE_SHIFT : 1;
	struct scene scene;

	if (site->kind != NISV_KIND_NISV && !place)
		return;
	if (!otherwhere_at(&d->facts.otherwhere, site->ipa, extent, &other, 1))
		return;
	set_scene(d, site, place, &scene);
	if (scene_is_empty(&scene) || (scene.region && scene.region->is_window))
		otherwhere_touch(&d->facts.otherwhere, site->ipa, extent);
}

static void touch_all(struct diagnosis *d)
{
	const struct faultmap *faults = d->evidence->faults;

	for (size_t i = 0; i < faults->n_sites; i++)
		if (d->cause[i] == CONSEQUENCE_NONE)
			touch(d, &faults->sites[i], NULL);
	for (size_t i = 0; i < faults->n_places; i++) {
		struct site site = site_of_place(&faults->places[i]);

		if (site.count >= MMIO_FEW)
			touch(d, &site, &faults->places[i]);
	}
}

static void judge_faults(struct diagnosis *d)
{
	const struct faultmap *faults = d->evidence->faults;

	for (size_t i = 0; i < faults->n_sites; i++) {
		struct verdict *verdict = &d->verdicts[d->n_verdicts];
		struct scene scene;

		if (d->cause[i] != CONSEQUENCE_NONE)
			continue;
		*verdict = (struct verdict){.site = &faults->sites[i]};
		set_scene(d, verdict->site, NULL, &scene);
		verdict_judge(&scene, verdict);
		d->n_verdicts++;
	}
}

/* Most MMIO is what devices are for: only what a rule takes up is kept, as a site. */
static int judge_traffic(struct diagnosis *d)
{
	const struct faultmap *faults = d->evidence->faults;
	size_t first = d->n_verdicts;

	for (size_t i = 0; i < faults->n_places; i++) {
		struct site site = site_of_place(&faults->places[i]);
		struct verdict *verdict = &d->verdicts[d->n_verdicts];
		struct scene scene;

		*verdict = (struct verdict){.site = &site, .place = &faults->places[i]};
		set_scene(d, &site, verdict->place, &scene);
		verdict_judge(&scene, verdict);
		d->n_verdicts += verdict->confidence > 0;
	}
	d->n_traffic = d->n_verdicts - first;
	if (!d->n_traffic)
		return 0;
	d->findings.traffic = calloc(d->n_traffic, sizeof(*d->findings.traffic));
	if (!d->findings.traffic)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_traffic; i++) {
		struct verdict *verdict = &d->verdicts[first + i];

		d->findings.traffic[i] = site_of_place(verdict->place);
		verdict->site = &d->findings.traffic[i];
	}
	return 0;
}

/* ---- one root cause, one finding ------------------------------------------------------------ */

static int by_key(const struct verdict *x, const struct verdict *y)
{
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->scope != y->scope)
		return x->scope < y->scope ? -1 : 1;
	return 0;
}

/* Worst first, then those with a record, then the surest, then the earliest: the first one speaks
 * for the group. */
static int by_key_and_rank(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;
	int c = by_key(x, y);

	if (c)
		return c;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (!x->place != !y->place)
		return x->place ? 1 : -1;
	if (!x->site->detail != !y->site->detail)
		return x->site->detail ? -1 : 1;
	if (x->confidence != y->confidence)
		return x->confidence > y->confidence ? -1 : 1;
	if (x->site->first_ns != y->site->first_ns)
		return x->site->first_ns < y->site->first_ns ? -1 : 1;
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
	enum severity severity = verdict_severity(d->evidence, &d->evidence->faults->sites[site]);

	if (severity > d->groups[group].severity)
		d->groups[group].severity = severity;
}

static void map_sites(const struct diagnosis *d, uint16_t *group_of)
{
	for (size_t g = 0; g < d->n_groups; g++)
		for (size_t i = 0; i < d->groups[g].n; i++) {
			const struct verdict *verdict = &d->verdicts[d->groups[g].first + i];

			if (!verdict->place)
				group_of[verdict->site - d->evidence->faults->sites] = (uint16_t)g;
		}
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

/* ---- writing -------------------------------------------------------------------------------- */

static void list_sites(const struct diagnosis *d, const struct group *group,
		       struct finding *finding)
{
	finding->severity = group->severity;
	finding->confidence = group->confidence;
	finding->n_sites = group->n;
	for (size_t i = 0; i < group->n && i < FINDING_SITES_MAX; i++)
		finding->sites[i] = d->verdicts[group->first + i].site;
}

static int write_findings(struct diagnosis *d)
{
	for (size_t g = 0; g < d->findings.n; g++) {
		const struct verdict *first = &d->verdicts[d->groups[g].first];
		struct scene scene;

		set_scene(d, first->site, first->place, &scene);
		scene_describe(&scene);
		if (report_write(&scene, rules[first->rule], &d->findings.list[g]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int make_findings(struct diagnosis *d, const uint16_t *group_of)
{
	size_t n = d->n_groups < FINDINGS_MAX ? d->n_groups : FINDINGS_MAX;

	if (!n)
		return 0;
	d->findings.list = calloc(n, sizeof(*d->findings.list));
	if (!d->findings.list)
		return -ENOMEM;
	d->findings.n = n;
	d->findings.n_omitted = d->n_groups - n;
	for (size_t g = 0; g < n; g++)
		list_sites(d, &d->groups[g], &d->findings.list[g]);
	each_consequence(d, group_of, attach);
	return write_findings(d);
}

static int diagnose_all(struct diagnosis *d)
{
	const struct faultmap *faults = d->evidence->faults;
	uint16_t *group_of;
	int r;

	consequence_find(faults, d->cause);
	collect_instructions(d);
	touch_all(d);
	judge_faults(d);
	r = judge_traffic(d);
	if (r < 0)
		return r;
	qsort(d->verdicts, d->n_verdicts, sizeof(d->verdicts[0]), by_key_and_rank);
	make_groups(d);

	group_of = calloc(faults->n_sites + 1, sizeof(*group_of));
	if (!group_of)
		return -ENOMEM;
	map_sites(d, group_of);
	each_consequence(d, group_of, worsen);
	qsort(d->groups, d->n_groups, sizeof(d->groups[0]), by_worst);
	map_sites(d, group_of);
	r = make_findings(d, group_of);
	free(group_of);
	return r;
}

int diagnose(const struct evidence *evidence, struct findings *ret)
{
	size_t n = evidence->faults->n_sites + evidence->faults->n_places;
	struct diagnosis d = {.evidence = evidence};
	int r = 0;

	if (n) {
		facts_set(&d.facts, evidence);
		/* One more of each: the last verdict is tried before it is kept. */
		d.cause = calloc(n + 1, sizeof(*d.cause));
		d.verdicts = calloc(n + 1, sizeof(*d.verdicts));
		d.groups = calloc(n + 1, sizeof(*d.groups));
		r = d.cause && d.verdicts && d.groups ? diagnose_all(&d) : -ENOMEM;
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
	free(findings->traffic);
	*findings = (struct findings){0};
}
