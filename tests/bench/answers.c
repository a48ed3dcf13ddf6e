/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answers.h"

#include <stdio.h>

#include "explain.h"
#include "judgement.h"
#include "latency.h"
#include "scale.h"
#include "walk.h"

int answers_latency(unsigned int tries)
{
	static struct sample sample;
	struct quartiles q;
	int r = latency_measure(tries, &sample);

	if (r < 0)
		return r;
	q = sample_quartiles(&sample);
	printf("\nFrom the failing KVM_RUN to the answer of nisvctl explain: %.0f ms "
	       "[%.0f..%.0f]\n",
	       q.median, q.low, q.high);
	return 0;
}

/* What the slots of a VM add to a scan is its row less that of no VM. */
int answers_scans(unsigned int tries)
{
	int r = walks_measure(tries);

	if (r < 0)
		return r;
	printf("\n%-32s%s\n", ANSWERS_SCANS, "  ms [quartiles]");
	for (unsigned int i = 0; i < n_walks; i++) {
		struct quartiles q = sample_quartiles(&walks[i].ms);

		printf("%-32s  %.3f [%.3f..%.3f]\n", walks[i].name, q.median, q.low, q.high);
	}
	return 0;
}

int answers_scale(unsigned int tries)
{
	static struct scale scale;
	struct quartiles text, json;
	int r = scale_measure(tries, &scale);

	if (r < 0)
		return r;
	text = sample_quartiles(&scale.list_ms);
	json = sample_quartiles(&scale.json_ms);
	printf("\n%s: nisvctl list %.0f ms [%.0f..%.0f], with --json %.0f ms [%.0f..%.0f]; "
	       "nisvd's RSS is %.1f MiB\n",
	       ANSWERS_SCALE, text.median, text.low, text.high, json.median, json.low, json.high,
	       (double)scale.rss_kib / 1024);
	return 0;
}

int answers_explain(unsigned int tries)
{
	static struct explain explain;
	struct quartiles text, json;
	int r = explain_measure(tries, &explain);

	if (r < 0)
		return r;
	text = sample_quartiles(&explain.text_ms);
	json = sample_quartiles(&explain.json_ms);
	printf("\n%s: nisvctl explain %.0f ms [%.0f..%.0f], with --json %.0f ms [%.0f..%.0f], "
	       "limit %.0f ms;\n"
	       "at rest nisvd takes %.1f ms a second; its RSS is %.1f MiB, its BPF maps %.1f MiB\n",
	       ANSWERS_SITES, text.median, text.low, text.high, json.median, json.low, json.high,
	       EXPLAIN_LIMIT_MS, explain.rest_ms, explain.rss_mib, explain.maps_mib);
	return 0;
}

int answers_judgements(unsigned int tries)
{
	int r = judgements_measure(tries);

	if (r < 0)
		return r;
	printf("\n%-32s%s\n", ANSWERS_SITES ", diagnosed", "  us a site [quartiles], limit");
	for (unsigned int i = 0; i < n_judgements; i++) {
		struct quartiles q = sample_quartiles(&judgements[i].us);

		printf("%-32s  %.2f [%.2f..%.2f], %.0f\n", judgements[i].name, q.median, q.low,
		       q.high, JUDGEMENT_LIMIT_US);
	}
	return 0;
}
