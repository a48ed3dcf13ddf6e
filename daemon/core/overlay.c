/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/overlay.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/core/rules_kit.h"

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
#define MEASURABLE_NS	   1000000ULL /* of less no rate is told */

bool overlay_is_livelock(const struct site *site)
{
	uint64_t duration = site->last_ns > site->first_ns ? site->last_ns - site->first_ns : 0;
	uint64_t seconds = duration / SECOND_NS;

	/* A trace may have no times. */
	if (site->kind >= _NISV_KIND_MAX || !site->first_ns)
		return false;
	if (site->kind == NISV_KIND_EXEC || site->kind == NISV_KIND_WALK ||
	    site->kind == NISV_KIND_BEYOND_IPA)
		return site->count >= HANG_INJECTED && site->count / HANG_INJECTED_RATE >= seconds;
	return site->count >= HANG_EXITS && site->count / HANG_EXITS_RATE >= seconds;
}

/* ---- ext-abort-livelock --------------------------------------------------------------------- */

static const struct advice livelock_advice[] = {
	{NULL,
	 "Stop the VM: it spins at 100 % of a CPU and gets nowhere. Its abort handler, or the code "
	 "that the handler returns to, makes the same access again.",
	 "the count and rate in the evidence", REV_NISVD},
	{"qemu",
	 "virsh suspend (stop in the monitor) halts it; dump-guest-memory FILE keeps its state for "
	 "later.",
	 "hmp-commands.hx: stop, dump-guest-memory", REV_QEMU},
	{0},
};

const struct rule rule_livelock = {
	.id = "ext-abort-livelock",
	.from = RULE_OVERLAY,
	.what = "The guest goes nowhere: the abort that answers an access leads to the same access "
		"again, for ever, at 100 % of a CPU.",
	.known_by =
		"One site (kind, page, PC) repeats so often and so fast that nothing else can be "
		"done between: 1,000 a second where the VMM answers, 100 a second where KVM "
		"does.",
	.example =
		"The same access repeated 412,000 times, 51,500 a second: the guest does nothing "
		"else.",
	.advice = livelock_advice,
	.documentation = DOC_KVM_API,
};

static const struct site *worst_site(const struct finding *finding)
{
	const struct site *worst = NULL;

	for (size_t i = 0; i < finding->n_sites && i < FINDING_SITES_MAX; i++)
		if (overlay_is_livelock(finding->sites[i]) &&
		    (!worst || finding->sites[i]->count > worst->count))
			worst = finding->sites[i];
	for (size_t i = 0; i < finding->n_consequences; i++)
		if (overlay_is_livelock(finding->consequences[i].site) &&
		    (!worst || finding->consequences[i].site->count > worst->count))
			worst = finding->consequences[i].site;
	return worst;
}

static bool find_livelock(const struct finding *finding, struct overlay *ret)
{
	const struct site *site = worst_site(finding);
	struct text text = text_begin(ret->summary, sizeof(ret->summary));
	uint64_t ns;

	if (!site)
		return false;
	ns = site->last_ns > site->first_ns ? site->last_ns - site->first_ns : 0;
	text_add(&text, "The same %s repeated %" PRIu64 " times",
		 site->kind == NISV_KIND_EXEC ? "fetch" : "access", site->count);
	if (ns >= MEASURABLE_NS)
		text_add(&text, ", %.0f a second", (double)site->count * 1e9 / (double)ns);
	text_add(&text, ": the guest does nothing else.");
	ret->confidence = 0.95;
	return true;
}

/* ---- compiler-writeback --------------------------------------------------------------------- */

static const struct advice writeback_advice[] = {
	{NULL,
	 "Compilers turn *p++ on a volatile pointer into pre- and post-indexed forms. GCC stops "
	 "with -fno-auto-inc-dec; clang and rustc have no such option: use an assembly accessor "
	 "there.",
	 "rust-lang/rust#131894, llvm/llvm-project#173014; tried with volatile uint32_t",
	 "GCC 12.2, clang 14.0.6"},
	{NULL,
	 "Linux's own accessors keep the address unmodified since 6.9; drivers that dereference "
	 "__iomem pointers themselves do not.",
	 "d044d6ba6f02: arm64: io: permit offset addressing", "Linux 6.9"},
	{0},
};

const struct rule rule_compiler_writeback = {
	.id = "compiler-writeback",
	.arch = "arm64",
	.from = RULE_OVERLAY,
	.what = "The compiler chose the instruction: a pre- or post-indexed form, made of a "
		"volatile access and the increment of its pointer. The source may look right.",
	.known_by = "A device is at the address, and the instruction at the PC writes its base "
		    "register back.",
	.example =
		"`ldr w1, [x0], #4` writes its base register back: compilers make it of a volatile "
		"read and an increment.",
	.advice = writeback_advice,
	.documentation = DOC_ARM_ARM,
};

static bool find_writeback(const struct scene *s, struct overlay *ret)
{
	struct text text = text_begin(ret->summary, sizeof(ret->summary));

	if (!s->has_insn || s->is_x86 || !(rule_is_device(s) || s->region) ||
	    (s->insn.class != INSN_PRE_INDEX && s->insn.class != INSN_POST_INDEX))
		return false;
	text_add(&text,
		 "`%s` writes its base register back: compilers make it of a volatile %s and an "
		 "increment.",
		 s->insn_text, s->insn.is_store ? "write" : "read");
	ret->confidence = 0.95;
	return true;
}

/* ---- all ------------------------------------------------------------------------------------ */

void overlay_find(const struct scene *s, struct finding *finding)
{
	struct overlay overlay = {.rule = &rule_livelock};

	if (find_livelock(finding, &overlay))
		finding->overlays[finding->n_overlays++] = overlay;
	overlay = (struct overlay){.rule = &rule_compiler_writeback};
	if (find_writeback(s, &overlay))
		finding->overlays[finding->n_overlays++] = overlay;
}
