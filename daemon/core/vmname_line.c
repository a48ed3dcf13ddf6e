/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names and UUIDs on a command line. */

#include <ctype.h>
#include <string.h>

#include "daemon/core/vmname_internal.h"
#include "include/nisv_record.h"

#define KATA_ID_LEN 64

/* What the value of an option is. */
enum {
	MEANS_NAME,	   /* the name as it is */
	MEANS_QEMU_NAME,   /* [guest=]NAME,... */
	MEANS_UUID,	   /* as it is */
	MEANS_QEMU_SMBIOS, /* type=1,uuid=UUID,... */
	MEANS_PLATFORM,	   /* ...,uuid=UUID,... */
	MEANS_SOCKET,	   /* [path=]FILE */
};

/* qemu-options.hx */
static const struct cmdline_option qemu[] = {
	{"-name", MEANS_QEMU_NAME, CMDLINE_VALUE},
	{"-uuid", MEANS_UUID, CMDLINE_VALUE},
	{"-smbios", MEANS_QEMU_SMBIOS, CMDLINE_VALUE},
	{},
};

/* src/firecracker/src/main.rs */
static const struct cmdline_option firecracker[] = {
	{"--id", MEANS_NAME, CMDLINE_VALUE},
	{"--api-sock", MEANS_SOCKET, CMDLINE_VALUE},
	{},
};

/* cloud-hypervisor/src/main.rs; vmm/src/vm_config.rs, PlatformConfig */
static const struct cmdline_option cloud_hypervisor[] = {
	{"--api-socket", MEANS_SOCKET, CMDLINE_VALUE},
	{"--platform", MEANS_PLATFORM, CMDLINE_VALUE},
	{},
};

/* src/crosvm/cmdline.rs, RunCommand */
static const struct cmdline_option crosvm[] = {
	{"--name", MEANS_NAME, CMDLINE_VALUE},
	{"--socket", MEANS_SOCKET, CMDLINE_VALUE},
	{"-s", MEANS_SOCKET, CMDLINE_VALUE},
	{},
};

/* builtin-run.c, BUILD_OPTIONS */
static const struct cmdline_option kvmtool[] = {
	{"--name", MEANS_NAME, CMDLINE_VALUE},
	{},
};

/* kata-containers src/runtime/pkg/containerd-shim-v2 */
static const struct cmdline_option dragonball[] = {
	{"-id", MEANS_NAME, CMDLINE_VALUE},
	{},
};

static const struct cmdline_option nothing[] = {{}};

static const struct cmdline_option *table_of(const char *vmm)
{
	static const struct {
		const char *vmm;
		const struct cmdline_option *table;
	} tables[] = {
		{"qemu", qemu},
		{"firecracker", firecracker},
		{"cloud-hypervisor", cloud_hypervisor},
		{"crosvm", crosvm},
		{"kvmtool", kvmtool},
		{"dragonball", dragonball},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (!strcmp(tables[i].vmm, vmm))
			return tables[i].table;
	return nothing;
}

/* RFC 9562 text form; anything else is no UUID. */
static void set_uuid(struct line *line, struct cmdline_text value)
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
	memcpy(line->uuid, uuid, sizeof(uuid));
}

static void set_name(struct line *line, enum line_name kind, struct cmdline_text value)
{
	if (!value.len || kind < line->kind)
		return;
	line->kind = kind;
	vmname_sanitize(line->name, sizeof(line->name), value.s, value.len);
}

/* ---- Kata Containers ---- */

static bool is_kata_id(struct cmdline_text text)
{
	if (text.len != KATA_ID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!isxdigit((unsigned char)text.s[i]))
			return false;
	return true;
}

/*
 * The sandbox id in a path of the runtime: /run/vc/vm/ID/..., /run/vc/firecracker/ID/...
 * (src/runtime/virtcontainers), /run/kata/ID/... (src/runtime-rs).
 */
static bool kata_path(struct cmdline_text path, struct cmdline_text *ret)
{
	static const char *const folders[] = {"/vc/vm/", "/vc/firecracker/", "/run/kata/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *end = path.s + path.len;
		const char *at =
			path.len ? memmem(path.s, path.len, folders[i], strlen(folders[i])) : NULL;
		const char *slash;

		if (!at)
			continue;
		at += strlen(folders[i]);
		slash = memchr(at, '/', (size_t)(end - at));
		if (!slash || slash == at)
			continue;
		*ret = (struct cmdline_text){at, (size_t)(slash - at)};
		return true;
	}
	return false;
}

/* "sandbox-ID" (virtcontainers/qemu.go), and the bare ID of the other VMMs. */
static bool kata_name(struct cmdline_text name, struct cmdline_text *ret)
{
	static const char prefix[] = "sandbox-";

	if (!cmdline_begins(name, prefix))
		return false;
	*ret = (struct cmdline_text){name.s + sizeof(prefix) - 1, name.len - (sizeof(prefix) - 1)};
	return is_kata_id(*ret);
}

/* ---- sockets ---- */

/* What control sockets are called by those who do not name them after the VM. */
static bool is_everyones(struct cmdline_text name)
{
	static const char *const names[] = {
		"",
		"api",
		"ch",
		"clh",
		"ch-api",
		"clh-api",
		"cloud-hypervisor",
		"chv",
		"vmm",
		"vm",
		"fc",
		"fc-api",
		"firecracker",
		"crosvm",
		"control",
		"socket",
		"sock",
		"run",
		"tmp",
		"root",
		"var",
		"api-socket",
		"crosvm-control",
		".",
		"..",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (cmdline_is(name, names[i]))
			return true;
	return false;
}

static struct cmdline_text without_ending(struct cmdline_text name)
{
	/* libvirt src/ch/ch_monitor.c makes "NAME-socket". */
	static const char *const endings[] = {".sock", ".socket", "-socket", ".ipc"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (name.len > n && !memcmp(name.s + name.len - n, endings[i], n)) {
			name.len -= n;
			break;
		}
	}
	return name;
}

/* A socket is often named after its VM, or lies in a folder that is. */
static void take_socket(struct line *line, struct cmdline_text value)
{
	struct cmdline_text path, name, folder;

	if (!cmdline_find(CMDLINE_BRACKETS, value, "path", true, &path) ||
	    !cmdline_contains(path, "/"))
		return;
	if (kata_path(path, &name)) {
		set_name(line, LINE_KATA, name);
		return;
	}
	name = cmdline_basename(path);
	folder = (struct cmdline_text){path.s, path.len - name.len - 1};
	name = without_ending(name);
	if (is_everyones(name))
		name = cmdline_basename(folder);
	if (!is_everyones(name))
		set_name(line, LINE_SOCKET, name);
}

/* ---- options ---- */

static void take_qemu_name(struct line *line, struct cmdline_text value)
{
	struct cmdline_text guest, id;
	char plain[NISV_CMDLINE_MAX];
	bool is_domain;
	size_t n = 0;

	if (!cmdline_find(CMDLINE_QEMU, value, "guest", true, &guest))
		return;
	is_domain = cmdline_find(CMDLINE_QEMU, value, "guest", false, &guest);
	for (size_t i = 0; i < guest.len && n < sizeof(plain); i++) {
		plain[n++] = guest.s[i];
		if (guest.s[i] == ',' && i + 1 < guest.len && guest.s[i + 1] == ',')
			i++;
	}
	guest = (struct cmdline_text){plain, n};
	if (n)
		line->kind = LINE_NOTHING; /* the last -name counts, whatever it is */
	if (kata_name(guest, &id))
		set_name(line, LINE_KATA, id);
	else
		set_name(line, is_domain ? LINE_DOMAIN : LINE_NAME, guest);
}

static void take_name(struct line *line, struct cmdline_text value)
{
	/* src/vmm/src/logger/logging.rs, DEFAULT_INSTANCE_ID */
	if (!cmdline_is(value, "anonymous-instance"))
		set_name(line, LINE_NAME, value);
}

/* "uuid" is the older word for "system_uuid". */
static void take_platform(struct line *line, struct cmdline_text value)
{
	struct cmdline_text part;

	if (cmdline_find(CMDLINE_BRACKETS, value, "uuid", false, &part))
		set_uuid(line, part);
	if (cmdline_find(CMDLINE_BRACKETS, value, "system_uuid", false, &part))
		set_uuid(line, part);
}

static void take_smbios(struct line *line, struct cmdline_text value)
{
	struct cmdline_text part;

	if (cmdline_find(CMDLINE_QEMU, value, "type", false, &part) && cmdline_is(part, "1") &&
	    cmdline_find(CMDLINE_QEMU, value, "uuid", false, &part))
		set_uuid(line, part);
}

static void take(struct line *line, int meaning, struct cmdline_text value)
{
	switch (meaning) {
	case MEANS_NAME:
		take_name(line, value);
		break;
	case MEANS_QEMU_NAME:
		take_qemu_name(line, value);
		break;
	case MEANS_UUID:
		set_uuid(line, value);
		break;
	case MEANS_QEMU_SMBIOS:
		take_smbios(line, value);
		break;
	case MEANS_PLATFORM:
		take_platform(line, value);
		break;
	case MEANS_SOCKET:
		take_socket(line, value);
		break;
	}
}

/* ---- names without an option ---- */

/* "runsc-sandbox ... boot ... ID" (gVisor runsc/sandbox/sandbox.go, createSandboxProcess()). */
static void take_gvisor(struct line *line, struct cmdline args)
{
	struct cmdline_text arg, last = {"", 0};
	bool boots = false;

	while (cmdline_take(&args, &arg)) {
		boots |= cmdline_is(arg, "boot");
		last = arg;
	}
	if (boots && !args.cut && !cmdline_begins(last, "-") && !cmdline_is(last, "boot"))
		set_name(line, LINE_NAME, last);
}

/* "krunvm start NAME COMMAND..." */
static void take_krunvm(struct line *line, struct cmdline args)
{
	struct cmdline_text arg;

	if (!cmdline_take(&args, &arg) || !cmdline_is(cmdline_basename(arg), "krunvm") ||
	    !cmdline_take(&args, &arg) || !cmdline_is(arg, "start"))
		return;
	while (cmdline_take(&args, &arg)) {
		if (cmdline_is(arg, "--cpus") || cmdline_is(arg, "--mem")) {
			cmdline_take(&args, &arg);
		} else if (!cmdline_begins(arg, "-")) {
			set_name(line, LINE_NAME, arg);
			return;
		}
	}
}

void vmname_read_line(struct line *ret, const char *vmm, struct cmdline args)
{
	struct cmdline_options options = {.args = args};
	struct cmdline_text value;
	int meaning;

	*ret = (struct line){};
	if (!cmdline_take(&options.args, &value))
		return;
	while (cmdline_next_option(&options, cmdline_style(vmm), table_of(vmm), &meaning, &value))
		take(ret, meaning, value);
	if (!strcmp(vmm, "gvisor"))
		take_gvisor(ret, args);
	if (!strcmp(vmm, "libkrun"))
		take_krunvm(ret, args);
	if (!strcmp(vmm, "dragonball") && ret->kind == LINE_NAME)
		ret->kind = LINE_KATA;
}
