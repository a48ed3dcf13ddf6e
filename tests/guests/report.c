/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "report.h"

struct report {
	FILE *stream; /* grows text */
	char *text;
	size_t size;
	bool any;
};

struct report *report_new(void)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report || !(report->stream = open_memstream(&report->text, &report->size)))
		fail(EXIT_SETUP, "out of memory for the report");
	fprintf(report->stream, "{\"pid\":%d,\"vms\":[", getpid());
	return report;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	fclose(report->stream);
	free(report->text);
	free(report);
}

static void slots_print(FILE *f, const struct vm *vm)
{
	bool any = false;

	fputs("\"slots\":[", f);
	for (unsigned int i = 0; i < vm->n_slots; i++) {
		const struct slot *slot = &vm->slots[i];

		if (!slot->memory)
			continue;
		fprintf(f,
			"%s{\"id\":%u,\"address\":\"0x%" PRIx64 "\",\"size\":%" PRIu64
			",\"hva\":\"0x%" PRIxPTR
			"\",\"ro\":%s,\"smm\":%s,\"log\":%s,\"backing\":\"%s\"}",
			any ? "," : "", slot->id, slot->option.address, slot->option.size,
			(uintptr_t)slot->memory, slot->flags & KVM_MEM_READONLY ? "true" : "false",
			slot->option.smm ? "true" : "false",
			slot->flags & KVM_MEM_LOG_DIRTY_PAGES ? "true" : "false",
			backing_words[slot->option.backing]);
		any = true;
	}
	fputs("],", f);
}

/* What there is beside the slots. */
static void machine_print(FILE *f, const struct vm *vm)
{
	static const char *const vgics[] = {
		[VGIC_NONE] = "none", [VGIC_V2] = "v2", [VGIC_V3] = "v3"};
	static const char *const irqchips[] = {
		[IRQCHIP_NONE] = "none", [IRQCHIP_SPLIT] = "split", [IRQCHIP_KERNEL] = "kernel"};
	const struct options *o = vm->options;
	bool redist = o->vgic == VGIC_V3 && !o->n_redists;

	fprintf(f, "\"ipa_bits\":%u,\"nisv_cap\":%s,\"aarch32\":%s,\"irqchip\":\"%s\",",
		o->ipa_bits, o->nisv_cap ? "true" : "false", o->is_32bit ? "true" : "false",
		irqchips[o->irqchip]);
	fprintf(f, "\"vgic\":{\"model\":\"%s\"", vgics[o->vgic]);
	if (o->vgic != VGIC_NONE)
		fprintf(f, ",\"distributor\":\"0x%" PRIx64 "\"", o->vgic_dist);
	if (o->vgic == VGIC_V2)
		fprintf(f, ",\"cpu_interface\":\"0x%" PRIx64 "\"", o->vgic_cpu);
	if (o->has_its)
		fprintf(f, ",\"its\":\"0x%" PRIx64 "\"", o->its);
	fputs(",\"redistributors\":[", f);
	if (redist)
		fprintf(f, "{\"address\":\"0x%" PRIx64 "\",\"count\":0}", o->vgic_cpu);
	for (unsigned int i = 0; i < o->n_redists; i++)
		fprintf(f, "%s{\"address\":\"0x%" PRIx64 "\",\"count\":%u}", i ? "," : "",
			o->redists[i].address, o->redists[i].count);
	fputs("]},", f);
}

/* The places, summed in blocks of 1 << shift bytes. */
static void places_print(FILE *f, const char *name, const struct stats *stats, unsigned int shift)
{
	fprintf(f, "\"%s\":{", name);
	for (size_t i = 0; i < stats->n_places;) {
		uint64_t block = (stats->places[i].key - 1) << PLACE_SHIFT >> shift;
		uint64_t reads = 0, writes = 0;
		size_t first = i;

		for (; i < stats->n_places &&
		       (stats->places[i].key - 1) << PLACE_SHIFT >> shift == block;
		     i++) {
			reads += stats->places[i].reads;
			writes += stats->places[i].writes;
		}
		fprintf(f, "%s\"0x%" PRIx64 "\":{\"reads\":%" PRIu64 ",\"writes\":%" PRIu64 "}",
			first ? "," : "", block << shift, reads, writes);
	}
	fputs("},", f);
}

static void reasons_print(FILE *f, const struct stats *stats)
{
	bool any = false;

	fputs("\"other\":{", f);
	for (unsigned int i = 0; i < MAX_REASONS; i++) {
		if (!stats->reasons[i])
			continue;
		fprintf(f, "%s\"%u\":%" PRIu64, any ? "," : "", i, stats->reasons[i]);
		any = true;
	}
	fputs("},", f);
}

static void ioeventfds_print(FILE *f, const struct vm *vm)
{
	fputs("\"ioeventfds\":[", f);
	for (unsigned int i = 0; i < vm->options->n_ioeventfds; i++) {
		uint64_t count;

		/* Nothing to read is no write: the descriptor does not block. */
		if (read(vm->ioeventfds[i], &count, sizeof(count)) != sizeof(count))
			count = 0;
		fprintf(f, "%s{\"address\":\"0x%" PRIx64 "\",\"length\":%u,\"writes\":%" PRIu64 "}",
			i ? "," : "", vm->options->ioeventfds[i].address,
			vm->options->ioeventfds[i].length, count);
	}
	fputs("],", f);
}

static void first_print(FILE *f, const struct first_fault *first)
{
	if (!first->kind) {
		fputs("\"first\":null,", f);
		return;
	}
	fprintf(f, "\"first\":{\"kind\":\"%s\",\"vcpu\":%u,\"pc\":\"0x%" PRIx64 "\",", first->kind,
		first->vcpu, first->pc);
	if (first->has_ipa)
		fprintf(f, "\"ipa\":\"0x%" PRIx64 "\",\"esr_iss\":\"0x%" PRIx64 "\"},", first->ipa,
			first->esr_iss);
	else
		fputs("\"ipa\":null,\"esr_iss\":null},", f);
}

static void exception_print(FILE *f, const struct stats *stats)
{
	const struct guest_exception *e = &stats->exception;

	if (!stats->exceptions)
		fputs("\"exception\":null,", f);
	else
		fprintf(f,
			"\"exception\":{\"esr\":\"0x%" PRIx64 "\",\"far\":\"0x%" PRIx64
			"\",\"elr\":\"0x%" PRIx64 "\"},",
			e->esr, e->far, e->elr);
}

void report_add(struct report *report, struct vm *vm)
{
	struct stats sum = {0};
	unsigned int paused = 0;
	FILE *f = report->stream;

	for (unsigned int i = 0; i < vm->n_vcpus; i++) {
		stats_add(&sum, &vm->vcpus[i].stats);
		paused += vm->vcpus[i].state == VCPU_PAUSED;
	}
	stats_places_sort(&sum);
	fprintf(f,
		"%s{\"vm\":%u,\"round\":%u,\"pid\":%d,\"fd\":%d,\"vcpus\":%u,\"entry\":\"0x%" PRIx64
		"\",",
		report->any ? "," : "", vm->index, vm->round, getpid(), vm->fd, vm->n_vcpus,
		vm->entry);
	slots_print(f, vm);
	machine_print(f, vm);
	fprintf(f,
		"\"exits\":%" PRIu64 ",\"nisv\":%" PRIu64 ",\"enosys\":%" PRIu64
		",\"efault\":%" PRIu64 ",\"mmio_reads\":%" PRIu64 ",\"mmio_writes\":%" PRIu64
		",\"unplaced\":%" PRIu64 ",\"internal_error\":%" PRIu64 ",",
		sum.exits, sum.nisv, sum.enosys, sum.efault, sum.mmio_reads, sum.mmio_writes,
		sum.unplaced, sum.internal_errors);
	fprintf(f,
		"\"syncs\":%" PRIu64 ",\"interrupted\":%" PRIu64 ",\"other_errnos\":%" PRIu64
		",\"done\":%" PRIu64 ",\"paused\":%u,\"exceptions\":%" PRIu64
		",\"unsupported\":%" PRIu64 ",",
		sum.syncs, sum.interrupted, sum.other_errnos, sum.done, paused, sum.exceptions,
		sum.unsupported);
	reasons_print(f, &sum);
	places_print(f, "mmio_by_page", &sum, 12);
	places_print(f, "mmio_by_place", &sum, PLACE_SHIFT);
	ioeventfds_print(f, vm);
	first_print(f, &sum.first);
	exception_print(f, &sum);
	fprintf(f, "\"run_ns\":%llu}",
		vm->ended_ns > vm->begun_ns ? vm->ended_ns - vm->begun_ns : 0);
	report->any = true;
	stats_clear(&sum);
}

/* A word of digits is a descriptor that the caller left open for us. */
static void text_write(const char *where, const char *text, size_t size)
{
	bool named = where && !isdigit((unsigned char)where[0]);
	int fd = !where ? STDOUT_FILENO : atoi(where);

	if (named)
		fd = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		fail(EXIT_USAGE, "cannot write %s: %s", where, strerror(errno));
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, text + done, size - done);

		if (n < 0)
			fail(EXIT_USAGE, "cannot write %s: %s", where ? where : "the report",
			     strerror(errno));
		done += n;
	}
	if (named)
		close(fd);
}

void report_write(struct report *report, const char *where)
{
	fputs("]}\n", report->stream);
	if (fflush(report->stream) || ferror(report->stream))
		fail(EXIT_SETUP, "out of memory for the report");
	fflush(stdout);
	text_write(where, report->text, report->size);
}

void report_ready(const char *where)
{
	static const char text[] = "ready\n";

	if (where)
		text_write(where, text, sizeof(text) - 1);
}
