/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <stdio.h>
#include <string.h>

#include "workload.h"

#define NAME  "%-31s"
#define VALUE "%18s"
#define WIDE  "%24s"

static const char *unit_name(bool is_icount)
{
	return is_icount ? "instructions" : "ns";
}

static const char *variant_name(enum variant variant)
{
	if (variant >= VARIANT_TOOL)
		return tool_name(variant - VARIANT_TOOL);
	return variant == VARIANT_EMPTY ? "an empty program" : "nisvd";
}

static const char *format_quartiles(struct sample *sample, char text[static 32])
{
	struct quartiles q = sample_quartiles(sample);

	if (sample->n)
		snprintf(text, 32, "%.0f [%.0f..%.0f]", q.median, q.low, q.high);
	else
		snprintf(text, 32, "-");
	return text;
}

/*
 * With its error, if both medians err as far as they may. An empty program that is lost in the
 * noise is no measure for another one.
 */
static const char *format_ratio(struct workload *w, char text[static 32])
{
	struct quartiles empty = sample_quartiles(&w->added[VARIANT_EMPTY]);
	struct quartiles nisvd = sample_quartiles(&w->added[VARIANT_NISVD]);
	double ratio = nisvd.median / empty.median;

	if (empty.median > empty.error)
		snprintf(text, 32, "%.1f+-%.1f", ratio,
			 (nisvd.error + ratio * empty.error) / empty.median);
	else
		snprintf(text, 32, "-");
	return text;
}

static const char *format_limit(const struct workload *w, bool is_icount, char text[static 32])
{
	snprintf(text, 32, w->limit_ns > 0 && !is_icount ? "%.0f" : "-", w->limit_ns);
	return text;
}

/* ---- nisvd beside an empty program ---- */

static void print_row(struct workload *w, bool is_icount)
{
	char empty[32], nisvd[32], over[32], limit[32], ratio[32];

	printf(NAME "%9.0f" VALUE VALUE VALUE "%6s%10s\n", w->name,
	       sample_quartiles(&w->base).median, format_quartiles(&w->added[VARIANT_EMPTY], empty),
	       format_quartiles(&w->added[VARIANT_NISVD], nisvd), format_quartiles(&w->over, over),
	       format_limit(w, is_icount, limit), format_ratio(w, ratio));
}

static void print_rows(bool is_icount)
{
	printf("%s per access: median [quartiles]\n" NAME "%9s" VALUE VALUE VALUE "%6s%10s\n",
	       unit_name(is_icount), "", "untraced", "empty adds", "nisvd adds", "over empty",
	       "limit", "ratio");
	for (unsigned int i = 0; i < n_workloads; i++)
		if (workloads[i].machine)
			print_row(&workloads[i], is_icount);
}

/* ---- beside the tracers of others ---- */

static void print_peers_of(enum variant variant)
{
	char text[32];

	printf(NAME, variant_name(variant));
	for (unsigned int i = 0; i < n_workloads; i++)
		if (workloads[i].machine && workloads[i].is_mmio)
			printf(WIDE, format_quartiles(&workloads[i].added[variant], text));
	putchar('\n');
}

static void print_peers(bool is_icount)
{
	bool any = false;

	for (unsigned int i = 0; i < n_workloads; i++)
		any |= workloads[i].machine && workloads[i].is_mmio;
	if (!any)
		return;
	printf("\n%s added per MMIO access\n" NAME, unit_name(is_icount), "");
	for (unsigned int i = 0; i < n_workloads; i++)
		if (workloads[i].machine && workloads[i].is_mmio)
			printf(WIDE, workloads[i].name + strlen("MMIO in "));
	putchar('\n');
	for (enum variant v = VARIANT_EMPTY; v < _VARIANT_MAX; v++) {
		const char *refusal = v >= VARIANT_TOOL ? tool_refusal(v - VARIANT_TOOL) : NULL;

		if (refusal)
			printf(NAME "  not measured: %s\n", variant_name(v), refusal);
		else
			print_peers_of(v);
	}
}

/* ---- what an access is ---- */

static const char *short_name(size_t event)
{
	return variants_event_name(event) + strlen("kvm_");
}

static void print_events(void)
{
	printf("\n" NAME, "kvm_* events per access");
	for (size_t i = 0; i < variants_n_events(); i++)
		printf("  %s", short_name(i));
	puts("  nisvd's records");
	for (unsigned int i = 0; i < n_workloads; i++) {
		if (!workloads[i].machine)
			continue;
		printf(NAME, workloads[i].name);
		for (size_t e = 0; e < variants_n_events(); e++)
			printf("  %*.2f", (int)strlen(short_name(e)), workloads[i].events[e]);
		printf("  %15.2f\n", workloads[i].records);
	}
}

static void print_calls(void)
{
	bool any = false;

	for (unsigned int i = 0; i < n_workloads; i++)
		any |= workloads[i].has_calls;
	if (!any) {
		puts("\nThis kernel has no kprobes: the map operations of nisvd's programs are not "
		     "counted.");
		return;
	}
	printf("\n" NAME, "nisvd's calls per access");
	for (enum call call = 0; call < _CALL_MAX; call++)
		printf("  %s", call_name(call));
	putchar('\n');
	for (unsigned int i = 0; i < n_workloads; i++) {
		if (!workloads[i].has_calls)
			continue;
		printf(NAME, workloads[i].name);
		for (enum call call = 0; call < _CALL_MAX; call++)
			printf("  %*.2f", (int)strlen(call_name(call)), workloads[i].calls[call]);
		putchar('\n');
	}
}

/* Some x86 hosts emulate the guest's every instruction, its stores to RAM included. */
static void print_emulation(const struct workload *w)
{
	for (size_t e = 0; e < variants_n_events(); e++)
		if (w->machine && w->setup.ram && w->events[e] >= 0.5 &&
		    !strcmp(variants_event_name(e), "kvm_emulate_insn"))
			printf("This KVM emulates the guest's code: \"%s\" is an emulated store.\n",
			       w->name);
}

/* ---- what the kernel measured of the programs ---- */

static void print_runs_of(struct workload *w)
{
	printf(NAME, w->name);
	for (size_t e = 0; e < variants_n_events(); e++) {
		struct quartiles empty = sample_quartiles(&w->runs[VARIANT_EMPTY][e]);
		struct quartiles nisvd = sample_quartiles(&w->runs[VARIANT_NISVD][e]);
		char text[32] = "-";

		if (w->runs[VARIANT_NISVD][e].n)
			snprintf(text, sizeof(text), "%.0f, %.0f", empty.median, nisvd.median);
		printf(VALUE, text);
	}
	putchar('\n');
}

static void print_runs(bool is_icount)
{
	printf("\n%s per run by bpf_stats, which measures its own cost as well: "
	       "empty, nisvd's\n" NAME,
	       unit_name(is_icount), "");
	for (size_t e = 0; e < variants_n_events(); e++)
		printf(VALUE, short_name(e));
	putchar('\n');
	for (unsigned int i = 0; i < n_workloads; i++)
		if (workloads[i].machine)
			print_runs_of(&workloads[i]);
}

void tables_print(bool is_icount)
{
	print_rows(is_icount);
	for (unsigned int i = 0; i < n_workloads; i++)
		print_emulation(&workloads[i]);
	print_peers(is_icount);
	print_runs(is_icount);
	print_events();
	print_calls();
}
