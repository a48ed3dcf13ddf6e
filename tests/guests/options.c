/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "options.h"
#include "options_machine.h"
#include "usage.h"
#include "value.h"

enum {
	OPT_SLOT = 256,
	OPT_SLOTS,
	OPT_BLOB,
	OPT_IPA_BITS,
	OPT_VGIC,
	OPT_REDIST,
	OPT_ITS,
	OPT_AARCH32,
	OPT_PAUTH,
	OPT_SVE,
	OPT_NISV_CAP,
	OPT_IRQCHIP,
	OPT_TSS,
	OPT_ON_NISV,
	OPT_ON_ERROR,
	OPT_INJECT_AT_SYNC,
	OPT_GUEST,
	OPT_LOAD,
	OPT_ENTRY,
	OPT_VECTORS,
	OPT_ARG,
	OPT_VM_STEP,
	OPT_VCPU_STEP,
	OPT_VCPUS,
	OPT_VMS,
	OPT_VM_SLOT_STEP,
	OPT_ONE_THREAD,
	OPT_MOVE_THREADS,
	OPT_PIN,
	OPT_MIGRATE,
	OPT_CHURN,
	OPT_DIRTY_LOG,
	OPT_CONTROL,
	OPT_ACKS,
	OPT_IOEVENTFD,
	OPT_DELAY,
	OPT_REPEAT,
	OPT_EVERY,
	OPT_IDLE,
	OPT_HOLD,
	OPT_MAX_EXITS,
	OPT_MAX_NISV,
	OPT_LINGER,
	OPT_REPORT,
	OPT_READY,
	OPT_CONSOLE,
};

static const struct option long_options[] = {
	{"slot", required_argument, NULL, OPT_SLOT},
	{"slots", required_argument, NULL, OPT_SLOTS},
	{"blob", required_argument, NULL, OPT_BLOB},
	{"ipa-bits", required_argument, NULL, OPT_IPA_BITS},
	{"vgic", required_argument, NULL, OPT_VGIC},
	{"redist", required_argument, NULL, OPT_REDIST},
	{"its", required_argument, NULL, OPT_ITS},
	{"aarch32", no_argument, NULL, OPT_AARCH32},
	{"pauth", no_argument, NULL, OPT_PAUTH},
	{"sve", no_argument, NULL, OPT_SVE},
	{"irqchip", required_argument, NULL, OPT_IRQCHIP},
	{"tss", required_argument, NULL, OPT_TSS},
	{"nisv-cap", required_argument, NULL, OPT_NISV_CAP},
	{"on-nisv", required_argument, NULL, OPT_ON_NISV},
	{"on-error", required_argument, NULL, OPT_ON_ERROR},
	{"inject-at-sync", no_argument, NULL, OPT_INJECT_AT_SYNC},
	{"guest", required_argument, NULL, OPT_GUEST},
	{"load", required_argument, NULL, OPT_LOAD},
	{"entry", required_argument, NULL, OPT_ENTRY},
	{"vectors", required_argument, NULL, OPT_VECTORS},
	{"arg", required_argument, NULL, OPT_ARG},
	{"vm-step", required_argument, NULL, OPT_VM_STEP},
	{"vcpu-step", required_argument, NULL, OPT_VCPU_STEP},
	{"vcpus", required_argument, NULL, OPT_VCPUS},
	{"vms", required_argument, NULL, OPT_VMS},
	{"vm-slot-step", required_argument, NULL, OPT_VM_SLOT_STEP},
	{"one-thread", no_argument, NULL, OPT_ONE_THREAD},
	{"move-threads", no_argument, NULL, OPT_MOVE_THREADS},
	{"pin", required_argument, NULL, OPT_PIN},
	{"migrate", no_argument, NULL, OPT_MIGRATE},
	{"churn", required_argument, NULL, OPT_CHURN},
	{"dirty-log", required_argument, NULL, OPT_DIRTY_LOG},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"acks", required_argument, NULL, OPT_ACKS},
	{"ioeventfd", required_argument, NULL, OPT_IOEVENTFD},
	{"delay", required_argument, NULL, OPT_DELAY},
	{"repeat", required_argument, NULL, OPT_REPEAT},
	{"every", required_argument, NULL, OPT_EVERY},
	{"idle", no_argument, NULL, OPT_IDLE},
	{"hold", no_argument, NULL, OPT_HOLD},
	{"max-exits", required_argument, NULL, OPT_MAX_EXITS},
	{"max-nisv", required_argument, NULL, OPT_MAX_NISV},
	{"linger", no_argument, NULL, OPT_LINGER},
	{"report", required_argument, NULL, OPT_REPORT},
	{"ready", required_argument, NULL, OPT_READY},
	{"ready-fd", required_argument, NULL, OPT_READY},
	{"console", required_argument, NULL, OPT_CONSOLE},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static enum reaction reaction_parse(const char *text, bool nisv)
{
	if (!strcmp(text, "exit"))
		return REACT_EXIT;
	if (!strcmp(text, "rerun"))
		return REACT_RERUN;
	if (!strcmp(text, "skip"))
		return REACT_SKIP;
	if (!strcmp(text, "inject"))
		return REACT_INJECT;
	if (!nisv && !strcmp(text, "pause"))
		return REACT_PAUSE;
	value_bad(text,
		  nisv ? "inject, rerun, skip or exit" : "exit, rerun, skip, inject or pause");
}

/* "N=VALUE" into values[N]; *given gets bit N. */
static void arg_parse(const char *text, uint64_t *values, unsigned int *given)
{
	const char *rest;
	uint64_t index = value_number_prefix(text, &rest);

	if (*rest != '=' || index >= MAX_ARGS)
		value_bad(text, "N=VALUE with N from 0 to 7");
	values[index] = value_number(rest + 1, 0, UINT64_MAX);
	*given |= 1u << index;
}

static void load_parse(char *text, struct options *o)
{
	char *at = strrchr(text, '@');

	o->load_file = text;
	if (at) {
		*at = '\0';
		o->load_address = value_number(at + 1, 0, UINT64_MAX);
		o->has_load_address = true;
	}
}

static void guest_parse(const char *text, struct options *o)
{
	if (!strcmp(text, "list")) {
		guest_list();
		exit(0);
	}
	o->guest = guest_find(text);
	if (!o->guest)
		fail(EXIT_USAGE, "--guest: no program \"%s\"; --guest list names them", text);
}

static void vectors_parse(const char *text, struct options *o)
{
	o->has_vectors = true;
	if (!strcmp(text, "none"))
		return;
	o->vectors = guest_vectors_find(text);
	if (!o->vectors)
		value_bad(text, "none, stop, skip or return (arm64 only)");
}

static void option_apply(struct options *o, int option, char *value, unsigned int *args_given)
{
	unsigned int ignored = 0;
	uint64_t us = 200;

	switch (option) {
	case OPT_SLOT:
		if (o->n_slots == MAX_SLOTS)
			value_bad(value, "one of at most 1024 slots");
		slot_parse(value, &o->slots[o->n_slots++]);
		break;
	case OPT_SLOTS:
		slots_parse(value, o);
		break;
	case OPT_BLOB:
		blob_parse(value, o);
		break;
	case OPT_IPA_BITS:
		o->ipa_bits = value_number(value, 32, 52);
		break;
	case OPT_VGIC:
		vgic_parse(value, o);
		break;
	case OPT_REDIST:
		redist_parse(value, o);
		break;
	case OPT_ITS:
		o->its = value_number(value, 0, UINT64_MAX);
		o->has_its = true;
		break;
	case OPT_AARCH32:
		o->is_32bit = true;
		break;
	case OPT_PAUTH:
		o->has_pauth = true;
		break;
	case OPT_SVE:
		o->has_sve = true;
		break;
	case OPT_IRQCHIP:
		o->irqchip = irqchip_parse(value);
		break;
	case OPT_TSS:
		o->tss = value_number(value, 0, UINT32_MAX);
		break;
	case OPT_NISV_CAP:
		if (strcmp(value, "on") && strcmp(value, "off"))
			value_bad(value, "on or off");
		o->nisv_cap = !strcmp(value, "on");
		break;
	case OPT_ON_NISV:
		o->on_nisv = reaction_parse(value, true);
		break;
	case OPT_ON_ERROR:
		o->on_error = reaction_parse(value, false);
		break;
	case OPT_INJECT_AT_SYNC:
		o->inject_at_sync = true;
		break;
	case OPT_GUEST:
		guest_parse(value, o);
		break;
	case OPT_LOAD:
		load_parse(value, o);
		break;
	case OPT_ENTRY:
		o->entry = value_number(value, 0, UINT64_MAX);
		o->has_entry = true;
		break;
	case OPT_VECTORS:
		vectors_parse(value, o);
		break;
	case OPT_ARG:
		arg_parse(value, o->args, args_given);
		break;
	case OPT_VM_STEP:
		arg_parse(value, o->vm_step, &ignored);
		break;
	case OPT_VCPU_STEP:
		arg_parse(value, o->vcpu_step, &ignored);
		break;
	case OPT_VCPUS:
		o->n_vcpus = value_number(value, 1, MAX_VCPUS);
		break;
	case OPT_VMS:
		o->n_vms = value_number(value, 1, MAX_VMS);
		break;
	case OPT_VM_SLOT_STEP:
		o->vm_slot_step = value_number(value, 0, UINT64_MAX);
		break;
	case OPT_ONE_THREAD:
		o->threading = THREAD_ONE;
		break;
	case OPT_MOVE_THREADS:
		o->threading = THREAD_MOVE;
		break;
	case OPT_PIN:
		o->pin_cpu = value_number(value, 0, 1023);
		break;
	case OPT_MIGRATE:
		o->migrate = true;
		break;
	case OPT_CHURN:
		churn_parse(value, o);
		break;
	case OPT_DIRTY_LOG:
		value_pair(value, &o->dirty_address, &us);
		o->dirty_us = us > 10000000 ? 10000000 : us;
		o->has_dirty = true;
		break;
	case OPT_CONTROL:
		o->control = value;
		break;
	case OPT_ACKS:
		o->acks = value;
		break;
	case OPT_IOEVENTFD:
		ioeventfd_parse(value, o);
		break;
	case OPT_DELAY:
		o->delay_ms = value_number(value, 0, 3600000);
		break;
	case OPT_REPEAT:
		o->repeat = value_number(value, 1, 100000);
		break;
	case OPT_EVERY:
		o->every_ms = value_number(value, 1, 3600000);
		break;
	case OPT_IDLE:
		o->idle = true;
		break;
	case OPT_HOLD:
		o->hold = true;
		break;
	case OPT_MAX_EXITS:
		o->max_exits = value_number(value, 1, UINT64_MAX);
		break;
	case OPT_MAX_NISV:
		o->max_nisv = value_number(value, 1, UINT64_MAX);
		break;
	case OPT_LINGER:
		o->linger = true;
		break;
	case OPT_REPORT:
		o->report = value;
		break;
	case OPT_READY:
		o->ready = value;
		break;
	case OPT_CONSOLE:
		o->console = value_number(value, 0, UINT64_MAX);
		o->has_console = true;
		break;
	case 'h':
		usage_print();
		exit(0);
	default:
		/* getopt has said which argument is wrong. */
		exit(EXIT_USAGE);
	}
}

static void defaults_fill(struct options *o, unsigned int args_given)
{
	if (!o->guest && !o->load_file && !o->idle)
		fail(EXIT_USAGE,
		     "nothing to run: say --guest NAME, --load FILE or --idle; see --help");
	if (!o->n_slots) {
#ifdef __aarch64__
		o->slots[0] = (struct slot_option){.address = 0x40000000, .size = 16 << 20};
#else
		o->slots[0] = (struct slot_option){.address = 0, .size = 1 << 20};
#endif
		o->n_slots = 1;
	}
	if (o->guest && !o->has_vectors)
		o->vectors = o->guest->vectors;
	for (unsigned int i = 0; o->guest && i < GUEST_DEFAULT_ARGS; i++)
		if (!(args_given & (1u << i)))
			o->args[i] = o->guest->args[i];
}

void options_parse(struct options *options, int argc, char **argv)
{
	unsigned int args_given = 0;
	int option, index = 0;

	*options = (struct options){
		.on_nisv = REACT_INJECT,
		.n_vms = 1,
		.n_vcpus = 1,
		.repeat = 1,
		.pin_cpu = -1,
		.tss = DEFAULT_TSS,
	};
	while ((option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		value_option_set(long_options[index].name);
		option_apply(options, option, optarg, &args_given);
		/* "--vgic v3 DIST,CPU": the addresses may be a word of their own. */
		if (option == OPT_VGIC && options->vgic != VGIC_NONE && optind < argc &&
		    argv[optind][0] >= '0' && argv[optind][0] <= '9')
			value_pair(argv[optind++], &options->vgic_dist, &options->vgic_cpu);
	}
	if (optind < argc)
		fail(EXIT_USAGE, "unexpected argument \"%s\"; see --help", argv[optind]);
#ifndef __aarch64__
	if (options->vgic != VGIC_NONE || options->nisv_cap || options->ipa_bits ||
	    options->is_32bit || options->has_pauth || options->has_sve)
		fail(EXIT_USAGE, "--vgic, --nisv-cap, --ipa-bits, --aarch32, --pauth and --sve "
				 "exist on arm64 only");
#else
	if (options->irqchip != IRQCHIP_NONE)
		fail(EXIT_USAGE, "--irqchip exists on x86 only; see --vgic");
#endif
	if ((options->n_redists || options->has_its) && options->vgic != VGIC_V3)
		fail(EXIT_USAGE, "--redist and --its need --vgic v3");
	if (options->acks && !options->control)
		fail(EXIT_USAGE, "--acks answers the commands of --control: there are none");
	defaults_fill(options, args_given);
}
