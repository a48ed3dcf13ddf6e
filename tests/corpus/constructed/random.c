/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/corpus/constructed/random.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/edge/machinefile.h"
#include "tests/corpus/constructed/random_kit.h"

static struct machines maps;

static const struct random_kind *const groups[] = {
	random_device, random_absent, random_memory,  random_slots,
	random_cpu,    random_x86,    random_traffic,
};

int random_begin(const char *folder)
{
	int r = machinefile_load(folder, &maps);

	return r < 0 ? r : maps.n ? 0 : -ENOENT;
}

void random_end(void)
{
	machinefile_clear(&maps);
}

const struct machine *registry(size_t *ret_n)
{
	*ret_n = maps.n;
	return maps.list;
}

/* ---- draws ---------------------------------------------------------------------------------- */

uint32_t draw(struct maker *m, uint32_t below)
{
	return unit_random(&m->state) % below;
}

uint64_t draw_wide(struct maker *m)
{
	uint64_t high = unit_random(&m->state);

	return high << 32 | unit_random(&m->state);
}

bool draw_one_in(struct maker *m, uint32_t n)
{
	return draw(m, n) == 0;
}

uint64_t draw_in(struct maker *m, uint64_t start, uint64_t end, uint64_t step)
{
	uint64_t first = (start + step - 1) & ~(step - 1);

	if (first >= end)
		return start;
	return first + draw_wide(m) % ((end - first + step - 1) / step) * step;
}

void note(struct maker *m, const char *format, ...)
{
	size_t used = strlen(m->c->note);
	va_list args;

	va_start(args, format);
	vsnprintf(m->c->note + used, sizeof(m->c->note) - used, format, args);
	va_end(args);
}

/* ---- kinds ---------------------------------------------------------------------------------- */

static const struct random_kind *kind_at(size_t index)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (const struct random_kind *kind = groups[g]; kind->make; kind++)
			if (index-- == 0)
				return kind;
	return NULL;
}

size_t random_causes(void)
{
	size_t n = 0;

	while (kind_at(n))
		n++;
	return n;
}

const char *random_cause_name(size_t index)
{
	static char name[80];
	const struct random_kind *kind = kind_at(index);

	snprintf(name, sizeof(name), "%s %s", kind->arch, kind->cause ? kind->cause : "healthy");
	return name;
}

/* ---- one case ------------------------------------------------------------------------------- */

static void draw_host(struct maker *m)
{
	/* Some have the fix of table walks on read-only memslots, some not: see hostkernel.h. */
	static const char *const kernels[] = {"6.12.9", "6.6.31", "6.1.55", "5.15.150", "7.0.4"};
	struct host *host = &m->c->host;

	host->arch = m->is_x86 ? "x86_64" : "arm64";
	host->maps = registry(&host->n_maps);
	host->page_bytes = !m->is_x86 && draw_one_in(m, 4) ? 64 * KIB : 4 * KIB;
	host->injection_seen = !draw_one_in(m, 4);
	if (!draw_one_in(m, 4))
		snprintf(host->kernel, sizeof(host->kernel), "%s", DRAW_OF(m, kernels));
}

static void borrow(struct random_case *c)
{
	c->evidence = (struct evidence){
		.host = &c->host,
		.options = &c->options,
		.layout = &c->layout,
		.guest = &c->guest,
		.backings = &c->backings,
		.slots = &c->slots,
		.faults = c->faults,
	};
}

int random_case_make(uint64_t seed, size_t cause_index, struct random_case *ret)
{
	static struct maker m; /* too large for a stack */
	const struct random_kind *kind = kind_at(cause_index);

	memset(ret, 0, sizeof(*ret));
	memset(&m, 0, sizeof(m));
	if (!kind)
		return -EINVAL;
	m.c = ret;
	/* Of one seed every kind has its own numbers. */
	m.state = seed + cause_index * 0x100000001b3ULL;
	m.is_x86 = !strcmp(kind->arch, "x86_64");
	m.now_ns = 1000 * SECOND + draw_wide(&m) % (3600 * SECOND);
	ret->cause = kind->cause;
	ret->faults = faultmap_new();
	if (!ret->faults)
		return -ENOMEM;
	borrow(ret);
	draw_host(&m);
	kind->make(&m);
	return m.failed ? -ENOMEM : 0;
}

void random_case_clear(struct random_case *c)
{
	layout_clear(&c->layout);
	guest_view_clear(&c->guest);
	backings_clear(&c->backings);
	slot_history_clear(&c->slots);
	c->faults = faultmap_free(c->faults);
}
