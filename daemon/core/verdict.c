/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/verdict.h"

#include <string.h>

#include "daemon/core/overlay.h"
#include "daemon/core/report.h"
#include "daemon/core/rules.h"

#define RIGHT_AFTER_NS 1000000000ULL

bool verdict_ended_vm(const struct evidence *evidence, const struct site *site)
{
	return evidence->ended && evidence->ended_ns - site->last_ns < RIGHT_AFTER_NS;
}

enum severity verdict_severity(const struct evidence *evidence, const struct site *site)
{
	if (site->outcome == NISV_OUTCOME_VM_KILLED)
		return SEVERITY_FATAL;
	if (overlay_is_livelock(site))
		return SEVERITY_HANG;
	/* VMMs stop a vCPU whose instruction KVM could not emulate; one that ended then did. */
	if (site->kind == NISV_KIND_EMULATION && site->outcome == NISV_OUTCOME_VMM_DECIDES &&
	    verdict_ended_vm(evidence, site))
		return SEVERITY_FATAL;
	/* KVM always answers these two with an abort, whether it was seen or not. */
	if (site->outcome != NISV_OUTCOME_UNKNOWN ||
	    (!evidence->host->injection_seen &&
	     (site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK)))
		return SEVERITY_ERROR;
	return SEVERITY_WARNING;
}

static uint64_t scope_of(const struct scene *scene, const struct rule *rule)
{
	return rule->scope ? rule->scope(scene) : report_anchor(scene);
}

/* Both are right, and it says more. */
static bool is_more_specific(const struct rule *rule, const struct rule *best)
{
	for (size_t i = 0; best && i < RULE_GENERAL_MAX && rule->general[i]; i++)
		if (!strcmp(rule->general[i], best->id))
			return true;
	return false;
}

void verdict_judge(const struct scene *scene, struct verdict *verdict)
{
	const struct rule *best = NULL;

	verdict->confidence = 0;
	for (size_t i = 0; i < n_rules; i++) {
		const char *reason = "";
		double score = rules[i]->score ? rules[i]->score(scene, &reason) : 0;
		bool is_cause = score > RULE_THRESHOLD || rules[i] == &rule_unknown;

		if (!is_cause || score < verdict->confidence)
			continue;
		if (score == verdict->confidence && !is_more_specific(rules[i], best))
			continue;
		verdict->confidence = score;
		verdict->rule = (uint16_t)i;
		best = rules[i];
	}
	if (!best)
		return;
	verdict->severity = scene->place ? best->traffic_severity
					 : verdict_severity(scene->evidence, verdict->site);
	verdict->scope = scope_of(scene, best);
}
