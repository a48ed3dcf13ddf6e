/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/core/vmname.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "include/nisv_record.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

/* One argument of the command line: not terminated, may hold any byte but NUL. */
struct arg {
	const char *s;
	size_t len;
};

struct args {
	const char *next, *end;
	bool cut; /* the last argument may be incomplete */
};

static bool args_take(struct args *args, struct arg *ret)
{
	const char *nul;

	if (args->next >= args->end)
		return false;
	nul = memchr(args->next, '\0', (size_t)(args->end - args->next));
	if (!nul && args->cut)
		return false;
	ret->s = args->next;
	ret->len = (size_t)((nul ? nul : args->end) - args->next);
	args->next = nul ? nul + 1 : args->end;
	return true;
}

static bool arg_is(struct arg arg, const char *text)
{
	return arg.len == strlen(text) && !memcmp(arg.s, text, arg.len);
}

static bool arg_begins(struct arg arg, const char *text)
{
	size_t n = strlen(text);

	return arg.len >= n && !memcmp(arg.s, text, n);
}

/* ---- values --------------------------------------------------------------------------------- */

/*
 * QEMU's option syntax (util/qemu-option.c, util/keyval.c): "key=value,key=value", a comma inside a
 * value is doubled, the first element may be a bare value of the implied key. Finds @key, or the
 * bare first value if
 * @implied. The value keeps its doubled commas.
 */
static bool option_find(struct arg list, const char *key, bool implied, struct arg *ret)
{
	const char *p = list.s, *end = list.s + list.len;
	bool first = true;

	while (p < end) {
		const char *start = p, *equals = NULL;

		for (; p < end; p++) {
			if (*p == '=' && !equals)
				equals = p;
			if (*p != ',')
				continue;
			if (p + 1 < end && p[1] == ',')
				p++;
			else
				break;
		}
		if (equals && (size_t)(equals - start) == strlen(key) &&
		    !memcmp(start, key, strlen(key))) {
			*ret = (struct arg){equals + 1, (size_t)(p - equals - 1)};
			return true;
		}
		if (!equals && first && implied) {
			*ret = (struct arg){start, (size_t)(p - start)};
			return true;
		}
		first = false;
		p++;
	}
	return false;
}

static void set_name(struct vmname *vm, struct arg value, bool doubled_commas)
{
	char plain[NISV_CMDLINE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < value.len && n < sizeof(plain); i++) {
		plain[n++] = value.s[i];
		if (doubled_commas && value.s[i] == ',' && i + 1 < value.len &&
		    value.s[i + 1] == ',')
			i++;
	}
	if (!n)
		return;
	vmname_sanitize(vm->name, sizeof(vm->name), plain, n);
	vm->source = "cmdline";
}

/* RFC 9562 text form; anything else is no UUID. */
static void set_uuid(struct vmname *vm, struct arg value)
{
	char uuid[37];

	if (value.len != sizeof(uuid) - 1)
		return;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.s[i];
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? c != '-' : !isxdigit(c))
			return;
		uuid[i] = (char)tolower(c);
	}
	uuid[sizeof(uuid) - 1] = '\0';
	memcpy(vm->uuid, uuid, sizeof(uuid));
}

/* A size with an optional K, M, G, T suffix; @unit is what a bare number means. */
static void set_ram(struct vmname *vm, struct arg value, uint64_t unit)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < value.len && isdigit((unsigned char)value.s[i]); i++) {
		if (n > UINT64_MAX / 100)
			return;
		n = 10 * n + (uint64_t)(value.s[i] - '0');
	}
	if (i == 0)
		return;
	if (i < value.len) {
		static const char suffixes[] = "BKMGT";
		const char *suffix = strchr(suffixes, toupper((unsigned char)value.s[i]));

		if (!suffix)
			return;
		unit = 1ULL << (10 * (suffix - suffixes));
		i++;
		/* "512MiB" and "512MB" are written, too. */
		if (i < value.len && !arg_is((struct arg){value.s + i, value.len - i}, "iB") &&
		    !arg_is((struct arg){value.s + i, value.len - i}, "B"))
			return;
	}
	if (n && n <= UINT64_MAX / unit)
		vm->ram_option_bytes = n * unit;
}

static void set_machine(struct vmname *vm, struct arg value)
{
	struct arg type;

	if (option_find(value, "type", true, &type))
		vmname_sanitize(vm->machine_option, sizeof(vm->machine_option), type.s, type.len);
}

/* ---- the VMMs ------------------------------------------------------------------------------- */

/* What the value of an option is. */
enum meaning {
	MEANS_NAME,	 /* the name as it is */
	MEANS_QEMU_NAME, /* [guest=]NAME,... */
	MEANS_UUID,	 /* as it is */
	MEANS_UUID_KEY,	 /* ...,uuid=UUID,... */
	MEANS_MACHINE,	 /* [type=]MACHINE,... */
	MEANS_RAM_MIB,	 /* [size=]N, bare numbers are MiB */
	MEANS_RAM_BYTES, /* [size=]N, bare numbers are bytes */
	MEANS_NOTHING,	 /* free text: must not be read as an option */
};

struct option_row {
	const char *option; /* with its hyphens; QEMU takes one or two */
	enum meaning meaning;
};

struct vmm_row {
	const char *vmm;
	const struct option_row *options; /* up to an empty row */
	bool equals;			  /* takes --option=value */
};

/* QEMU qemu-options.hx; -m in system/vl.c, set_memory_options(): MiB unless suffixed. */
static const struct option_row qemu_options[] = {
	{"-name", MEANS_QEMU_NAME}, {"-uuid", MEANS_UUID},	{"-machine", MEANS_MACHINE},
	{"-M", MEANS_MACHINE},	    {"-m", MEANS_RAM_MIB},	{"-append", MEANS_NOTHING},
	{"-kernel", MEANS_NOTHING}, {"-initrd", MEANS_NOTHING}, {NULL, MEANS_NOTHING},
};

/* Firecracker src/firecracker/src/main.rs: --id; RAM comes over the API. */
static const struct option_row firecracker_options[] = {
	{"--id", MEANS_NAME},
	{NULL, MEANS_NOTHING},
};

/* Cloud Hypervisor cloud-hypervisor/src/main.rs: a size is in bytes unless suffixed. */
static const struct option_row cloud_hypervisor_options[] = {
	{"--platform", MEANS_UUID_KEY},
	{"--memory", MEANS_RAM_BYTES},
	{"--cmdline", MEANS_NOTHING},
	{NULL, MEANS_NOTHING},
};

/* crosvm src/crosvm/cmdline.rs: RunCommand. */
static const struct option_row crosvm_options[] = {
	{"--name", MEANS_NAME},	     {"--mem", MEANS_RAM_MIB}, {"-m", MEANS_RAM_MIB},
	{"--params", MEANS_NOTHING}, {"-p", MEANS_NOTHING},    {NULL, MEANS_NOTHING},
};

/* kvmtool builtin-run.c: BUILD_OPTIONS. */
static const struct option_row kvmtool_options[] = {
	{"--name", MEANS_NAME}, {"-n", MEANS_NOTHING}, {"--mem", MEANS_RAM_MIB},
	{"-m", MEANS_RAM_MIB},	{"-p", MEANS_NOTHING}, {"--params", MEANS_NOTHING},
	{NULL, MEANS_NOTHING},
};

/* krunkit src/cmdline.rs: --memory in MiB. */
static const struct option_row libkrun_options[] = {
	{"--memory", MEANS_RAM_MIB},
	{NULL, MEANS_NOTHING},
};

static const struct option_row no_options[] = {{NULL, MEANS_NOTHING}};

static const struct vmm_row vmms[] = {
	{"qemu", qemu_options, false},
	{"firecracker", firecracker_options, true},
	{"cloud-hypervisor", cloud_hypervisor_options, true},
	{"crosvm", crosvm_options, true},
	{"kvmtool", kvmtool_options, true},
	{"libkrun", libkrun_options, true},
	{"unknown", no_options, false},
};

/* Names of programs; comm has at most 15 characters, so a program is told by how it begins. */
struct program_row {
	const char *begins;
	bool whole; /* nothing may follow */
	const char *vmm;
};

static const struct program_row programs[] = {
	{"qemu-system-", false, "qemu"},
	{"qemu-kvm", false, "qemu"},
	{"kvm", true, "qemu"},
	{"firecracker", false, "firecracker"},
	{"cloud-hyperviso", false, "cloud-hypervisor"},
	{"crosvm", false, "crosvm"},
	{"lkvm", false, "kvmtool"},
	{"krun", false, "libkrun"}, /* krun, krunvm, krunkit */
	{"muvm", true, "libkrun"},
	{"crun", true, "libkrun"},
};

static const struct vmm_row *vmm_find(const char *vmm)
{
	const struct vmm_row *row = vmms;

	while (strcmp(row->vmm, vmm) && row < &vmms[sizeof(vmms) / sizeof(vmms[0]) - 1])
		row++;
	return row;
}

static const char *program_vmm(struct arg program)
{
	for (size_t i = 0; i < program.len; i++) {
		if (program.s[i] != '/')
			continue;
		program.s += i + 1;
		program.len -= i + 1;
		i = (size_t)-1;
	}
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (programs[i].whole ? arg_is(program, programs[i].begins)
				      : arg_begins(program, programs[i].begins))
			return programs[i].vmm;
	return NULL;
}

static void option_apply(struct vmname *vm, enum meaning meaning, struct arg value)
{
	struct arg part;

	switch (meaning) {
	case MEANS_NAME:
		set_name(vm, value, false);
		break;
	case MEANS_QEMU_NAME:
		if (option_find(value, "guest", true, &part))
			set_name(vm, part, true);
		break;
	case MEANS_UUID:
		set_uuid(vm, value);
		break;
	case MEANS_UUID_KEY:
		if (option_find(value, "uuid", false, &part))
			set_uuid(vm, part);
		break;
	case MEANS_MACHINE:
		set_machine(vm, value);
		break;
	case MEANS_RAM_MIB:
	case MEANS_RAM_BYTES:
		if (option_find(value, "size", true, &part))
			set_ram(vm, part, meaning == MEANS_RAM_MIB ? MIB : 1);
		break;
	case MEANS_NOTHING:
		break;
	}
}

/* Applies @arg if it is an option of the VMM, and takes its value from @args where it is apart. */
static void arg_parse(struct vmname *vm, const struct vmm_row *vmm, struct arg arg,
		      struct args *args)
{
	struct arg value;

	if (!strcmp(vmm->vmm, "qemu") && arg_begins(arg, "--")) {
		arg.s++;
		arg.len--;
	}
	for (const struct option_row *row = vmm->options; row->option; row++) {
		size_t n = strlen(row->option);

		if (arg_is(arg, row->option)) {
			if (args_take(args, &value))
				option_apply(vm, row->meaning, value);
			return;
		}
		if (vmm->equals && arg.len > n && arg.s[n] == '=' && arg_begins(arg, row->option)) {
			option_apply(vm, row->meaning,
				     (struct arg){arg.s + n + 1, arg.len - n - 1});
			return;
		}
	}
}

void vmname_parse(struct vmname *ret, const char *cmdline, size_t len, const char *comm)
{
	struct arg task = {comm, strnlen(comm, NISV_COMM_LEN)};
	/* Capture copies NISV_CMDLINE_MAX bytes at most: a longer line ends within an argument. */
	struct args args = {cmdline, cmdline + len, len >= NISV_CMDLINE_MAX};
	const struct vmm_row *vmm;
	const char *id = NULL;
	struct arg arg;

	memset(ret, 0, sizeof(*ret));
	if (args_take(&args, &arg))
		id = program_vmm(arg);
	if (!id)
		id = program_vmm(task);
	vmm = vmm_find(id ? id : "unknown");
	ret->vmm = vmm->vmm;
	ret->source = "comm";

	while (args_take(&args, &arg))
		arg_parse(ret, vmm, arg, &args);

	if (!ret->name[0])
		vmname_sanitize(ret->name, sizeof(ret->name), task.s, task.len);
	if (!ret->name[0])
		memcpy(ret->name, "vm", sizeof("vm"));
}
