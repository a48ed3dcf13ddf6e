/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core/cgroupname.h"

#include <ctype.h>
#include <string.h>

#include "daemon/core/cmdline.h"

#define COMPONENT_MAX	 255 /* NAME_MAX: no cgroup's name is longer */
#define CONTAINER_ID_LEN 64
#define SHORT_ID_LEN	 12
#define MACHINE_NAME_MAX 64 /* libvirt src/util/virsystemd.c, virSystemdMakeMachineName() */

static bool ends_with(struct cmdline_text text, const char *with)
{
	size_t n = strlen(with);

	return text.len >= n && !memcmp(text.s + text.len - n, with, n);
}

static struct cmdline_text drop_start(struct cmdline_text text, size_t n)
{
	return (struct cmdline_text){text.s + n, text.len - n};
}

/* Takes @prefix and @suffix off @text; false if it does not have both. */
static bool strip(struct cmdline_text *text, const char *prefix, const char *suffix)
{
	size_t n = strlen(prefix), m = strlen(suffix);

	if (text->len < n + m || !cmdline_begins(*text, prefix) || !ends_with(*text, suffix))
		return false;
	*text = (struct cmdline_text){text->s + n, text->len - n - m};
	return true;
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
					    : -1;
}

/* systemd.unit(5), "string escaping for inclusion in unit names": \xNN is a byte. */
static size_t unescape(char out[COMPONENT_MAX], struct cmdline_text text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && n < COMPONENT_MAX; i++) {
		int high = -1, low = -1;

		if (text.len - i >= 4 && text.s[i] == '\\' && text.s[i + 1] == 'x') {
			high = hex_digit(text.s[i + 2]);
			low = hex_digit(text.s[i + 3]);
		}
		if (high < 0 || low < 0) {
			out[n++] = text.s[i];
			continue;
		}
		out[n++] = (char)(high << 4 | low);
		i += 3;
	}
	return n;
}

static void set(struct cgroupname *ret, enum cgroupname_kind kind, struct cmdline_text name)
{
	if (kind < ret->kind)
		return;
	ret->kind = kind;
	vmname_sanitize(ret->name, sizeof(ret->name), name.s, name.len);
}

/* ---- machines: libvirt and systemd-machined ---- */

/* "qemu-3-web01" as libvirt makes it: driver, id, and what is left of the name. */
static bool take_domain(struct cgroupname *ret, struct cmdline_text machine)
{
	static const char *const drivers[] = {"qemu", "ch", "lxc", "xen", "bhyve"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		size_t n = strlen(drivers[i]), at = n + 1;

		if (!cmdline_begins(machine, drivers[i]) || machine.len <= at ||
		    machine.s[n] != '-')
			continue;
		while (at < machine.len && isdigit((unsigned char)machine.s[at]))
			at++;
		if (at == n + 1 || (at < machine.len && machine.s[at] != '-'))
			continue;
		/* A name with no character that is allowed there leaves nothing: "qemu-3". */
		if (at < machine.len)
			at++;
		set(ret, CGROUPNAME_LIBVIRT, drop_start(machine, at));
		memcpy(ret->driver, drivers[i], n + 1);
		ret->is_cut = machine.len >= MACHINE_NAME_MAX - 1;
		return true;
	}
	return false;
}

/* "machine-qemu\x2d3\x2dweb01.scope", "machine-qemu-3-web01.scope", "machine-box.scope" */
static void take_machine_scope(struct cgroupname *ret, struct cmdline_text part)
{
	char plain[COMPONENT_MAX];
	struct cmdline_text machine;

	if (!strip(&part, "machine-", ".scope"))
		return;
	machine = (struct cmdline_text){plain, unescape(plain, part)};
	if (machine.len && !take_domain(ret, machine))
		set(ret, CGROUPNAME_MACHINE, machine);
}

/*
 * Without systemd: "/machine/web01.libvirt-qemu" or "qemu-3-web01.libvirt-qemu" (libvirt
 * src/util/vircgroup.c, virCgroupNewDomainPartition()).
 */
static void take_libvirt_partition(struct cgroupname *ret, struct cmdline_text part)
{
	struct cmdline_text name = part;

	if (!strip(&name, "", ".libvirt-qemu") || !name.len || take_domain(ret, name))
		return;
	set(ret, CGROUPNAME_LIBVIRT, name);
	memcpy(ret->driver, "qemu", sizeof("qemu"));
}

/* ---- containers ---- */

static bool is_container_id(struct cmdline_text text)
{
	if (text.len != CONTAINER_ID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (hex_digit(text.s[i]) < 0)
			return false;
	return true;
}

static void take_container(struct cgroupname *ret, struct cmdline_text part)
{
	static const char *const prefixes[] = {"docker-", "libpod-", "cri-containerd-", "crio-",
					       "nerdctl-"};
	struct cmdline_text id = part;

	if (strip(&id, "lxc.payload.", "") && id.len) {
		set(ret, CGROUPNAME_CONTAINER, id);
		return;
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strip(&id, prefixes[i], ".scope"))
			break;
	if (is_container_id(id))
		set(ret, CGROUPNAME_CONTAINER, (struct cmdline_text){id.s, SHORT_ID_LEN});
}

/* Kubernetes: "kubepods", "kubepods.slice", "kubepods-burstable.slice" */
static bool is_pod(struct cmdline_text part)
{
	return cmdline_begins(part, "kubepods");
}

/* Kata (virtcontainers, "kata_<id>"; "/kata_overhead/<id>", "/vc/<id>") */
static void take_kata(struct cgroupname *ret, struct cmdline_text before, struct cmdline_text part)
{
	struct cmdline_text id = part;

	if (strip(&id, "kata_", "") && is_container_id(id))
		set(ret, CGROUPNAME_KATA, id);
	else if ((cmdline_is(before, "kata_overhead") || cmdline_is(before, "vc")) &&
		 is_container_id(part))
		set(ret, CGROUPNAME_KATA, part);
}

/* Firecracker src/jailer/src/cgroup.rs: PARENT/ID, and the parent is the program's name. */
static void take_jail(struct cgroupname *ret, struct cmdline_text before, struct cmdline_text part)
{
	if (cmdline_begins(before, "firecracker") && !memchr(before.s, '.', before.len))
		set(ret, CGROUPNAME_JAIL, part);
}

/* ---- units ---- */

/*
 * Units that do not stand for one VM: sessions, transient ones without a name of their own, and
 * services that start VMs and much else by the dozen.
 */
static bool says_nothing(struct cmdline_text unit)
{
	static const char *const whole[] = {
		"init",	   "containerd", "docker",   "crio",
		"kubelet", "k3s",	 "libvirtd", "virtqemud",
		"ssh",	   "sshd",	 "cron",     "crond",
		"atd",	   "incus",	 "lxd",	     "snap.lxd.daemon",
	};
	static const char *const begins[] = {"session-",      "user@",	    "run-",
					     "app-",	      "vte-spawn-", "getty@",
					     "serial-getty@", "sshd@",	    "ssh@"};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (cmdline_is(unit, whole[i]))
			return true;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (cmdline_begins(unit, begins[i]))
			return true;
	return false;
}

static void take_unit(struct cgroupname *ret, struct cmdline_text part)
{
	struct cmdline_text unit = part;
	char plain[COMPONENT_MAX];

	if ((!strip(&unit, "", ".service") && !strip(&unit, "", ".scope")) || !unit.len ||
	    says_nothing(unit))
		return;
	unit = (struct cmdline_text){plain, unescape(plain, unit)};
	set(ret, CGROUPNAME_UNIT, unit);
}

/* ---- paths ---- */

void cgroupname_parse(struct cgroupname *ret, const char *path, size_t len)
{
	struct cmdline_text before = {"", 0};
	const char *end = path + len;

	*ret = (struct cgroupname){};
	/* Deeper parts come later, and win over those of their kind. */
	for (const char *p = path; p < end;) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		struct cmdline_text part = {p, (size_t)((slash ? slash : end) - p)};

		p = slash ? slash + 1 : end;
		if (!part.len)
			continue;
		ret->in_pod |= is_pod(part);
		take_unit(ret, part);
		take_container(ret, part);
		take_jail(ret, before, part);
		take_kata(ret, before, part);
		take_machine_scope(ret, part);
		take_libvirt_partition(ret, part);
		before = part;
	}
}

struct candidate {
	struct cmdline_text path;
	unsigned int kind, hierarchy; /* 2: v2, 1: systemd's, 0: another */
};

/* "4:memory:/path"; false for a root and for what is no such line. */
static bool read_line(struct cmdline_text line, struct candidate *ret)
{
	const char *first = memchr(line.s, ':', line.len), *second;
	struct cmdline_text controllers;
	struct cgroupname name;

	second = first ? memchr(first + 1, ':', (size_t)(line.s + line.len - first - 1)) : NULL;
	if (!second)
		return false;
	controllers = (struct cmdline_text){first + 1, (size_t)(second - first - 1)};
	ret->path = drop_start(line, (size_t)(second + 1 - line.s));
	strip(&ret->path, "", " (deleted)");
	if (ret->path.len < 2 || ret->path.s[0] != '/')
		return false;
	cgroupname_parse(&name, ret->path.s, ret->path.len);
	ret->kind = name.kind;
	ret->hierarchy = !controllers.len ? 2 : cmdline_is(controllers, "name=systemd") ? 1 : 0;
	return true;
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->kind != b->kind)
		return a->kind > b->kind;
	if (a->hierarchy != b->hierarchy)
		return a->hierarchy > b->hierarchy;
	return a->path.len > b->path.len;
}

bool cgroupname_choose(const char *text, size_t len, const char **ret_path, size_t *ret_len)
{
	struct candidate best = {}, other;
	const char *end = text + len;

	for (const char *p = text; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		struct cmdline_text line = {p, (size_t)((newline ? newline : end) - p)};

		p = newline ? newline + 1 : end;
		if (read_line(line, &other) && (!best.path.len || is_better(&other, &best)))
			best = other;
	}
	if (!best.path.len)
		return false;
	*ret_path = best.path.s;
	*ret_len = best.path.len;
	return true;
}
