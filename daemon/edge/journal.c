/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <syslog.h>

#include "daemon/core/fault.h"
#include "daemon/core/rules.h"
#include "daemon/core/symptoms.h"
#include "daemon/edge/journal_send.h"
#include "daemon/edge/log.h"
#include "include/nisv_journal.h"

#define FIELDS_MAX 32

struct entry {
	struct iovec fields[FIELDS_MAX];
	int n;
};

static void add(struct entry *entry, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct entry *entry, const char *name, const char *format, ...)
{
	char *value, *text;
	va_list ap;
	int len;

	va_start(ap, format);
	len = vasprintf(&value, format, ap);
	va_end(ap);
	if (len < 0)
		return;
	if (*value && entry->n < FIELDS_MAX) {
		len = asprintf(&text, "%s=%s", name, value);
		if (len >= 0)
			entry->fields[entry->n++] =
				(struct iovec){.iov_base = text, .iov_len = (size_t)len};
	}
	free(value);
}

static int priority(enum severity severity)
{
	switch (severity) {
	case SEVERITY_FATAL:
	case SEVERITY_HANG:
		return LOG_ERR;
	case SEVERITY_ERROR:
	case SEVERITY_WARNING:
		return LOG_WARNING;
	default:
		return LOG_NOTICE;
	}
}

static bool is_mmio(const struct site *site)
{
	return site->kind == KIND_MMIO_READ || site->kind == KIND_MMIO_WRITE;
}

static const char *message_id(const struct news_item *item)
{
	switch (item->type) {
	case NEWS_OUTCOME:
	case NEWS_ANSWER:
		return NISV_MSGID_OUTCOME;
	case NEWS_STORM_GREW:
		return NISV_MSGID_STORM;
	default:
		return is_mmio(item->site) ? NISV_MSGID_MMIO : NISV_MSGID_FINDING;
	}
}

/* x86 KVM does not always say what the emulator failed on: the finding may have it from the
 * registers of its first site. */
static bool address_of(const struct news_item *item, uint64_t *ret)
{
	bool derived = item->site == item->finding->sites[0] && item->finding->has_address;

	*ret = item->site->ipa || !derived ? item->site->ipa : item->finding->address;
	return derived || site_has_address(item->site);
}

static void add_message(struct entry *entry, const struct vm *vm, const struct news_item *item)
{
	const struct finding *finding = item->finding;
	char since[80];
	uint64_t address;

	switch (item->type) {
	case NEWS_FINDING:
		add(entry, "MESSAGE", "VM %s: %s [%s, %s]", vm->name.name, finding->summary,
		    finding->cause, severity_name(finding->severity));
		break;
	case NEWS_SITE:
		if (is_mmio(item->site))
			add(entry, "MESSAGE", "VM %s: %s again, at IPA 0x%" PRIx64 " (%s)",
			    vm->name.name, finding->cause, item->site->ipa,
			    kind_name(item->site->kind));
		else if (address_of(item, &address))
			add(entry, "MESSAGE",
			    "VM %s: %s again, at IPA 0x%" PRIx64 " from PC 0x%" PRIx64,
			    vm->name.name, finding->cause, address, item->site->pc);
		else
			add(entry, "MESSAGE", "VM %s: %s again, from PC 0x%" PRIx64, vm->name.name,
			    finding->cause, item->site->pc);
		break;
	case NEWS_OUTCOME:
		add(entry, "MESSAGE", "VM %s: %s is now %s: %s", vm->name.name, finding->cause,
		    severity_name(finding->severity), finding->summary);
		break;
	case NEWS_ANSWER:
		add(entry, "MESSAGE",
		    "VM %s: %s: the VMM answered the access to IPA 0x%" PRIx64
		    " with an external abort in the guest",
		    vm->name.name, finding->cause, item->site->ipa);
		break;
	case NEWS_STORM_GREW:
		snprintf(since, sizeof(since),
			 ", %" PRIu64 " of them since the last entry about it", item->since_last);
		add(entry, "MESSAGE",
		    "VM %s: %s repeats: %" PRIu64
		    " faults so far%s; the next one comes at ten times as many",
		    vm->name.name, finding->cause, item->count, item->since_last ? since : "");
		break;
	}
}

/* The last component of a cgroup path that names a unit (systemd.unit(5)). */
static void add_unit(struct entry *entry, const char *cgroup)
{
	const char *slash;

	if (!cgroup)
		return;
	slash = strrchr(cgroup, '/');
	if (slash && (strstr(slash, ".service") || strstr(slash, ".scope")))
		add(entry, NISV_FIELD_UNIT, "%s", slash + 1);
}

/* What only faults have. */
static void add_fault(struct entry *entry, const struct site *site, const char *arch)
{
	add(entry, NISV_FIELD_PC, "0x%" PRIx64, site->pc);
	if (site->esr)
		add(entry, NISV_FIELD_ESR, "0x%" PRIx64, site->esr);
	if (site->detail)
		add(entry, NISV_FIELD_INSN, "%s", fault_insn(site->detail, arch).text);
	if (site->answers)
		add(entry, NISV_FIELD_VMM_ANSWER, "%s", site_vmm_answer(site));
	if (site->errno_)
		add(entry, NISV_FIELD_ERRNO, "%d", site->errno_ < 0 ? -site->errno_ : site->errno_);
}

static void add_finding(struct entry *entry, const struct finding *finding)
{
	add(entry, NISV_FIELD_CAUSE, "%s", finding->cause);
	for (size_t i = 0; i < finding->n_overlays; i++)
		add(entry, NISV_FIELD_OVERLAY, "%s", finding->overlays[i].rule->id);
	add(entry, NISV_FIELD_SEVERITY, "%s", severity_name(finding->severity));
	add(entry, NISV_FIELD_CONFIDENCE, "%.2f", finding->confidence);
	add(entry, NISV_FIELD_SIGNATURE, "%s", finding->signature);
	if (finding->symptom)
		add(entry, NISV_FIELD_SYMPTOM, "%s", finding->symptom->text);
}

static void add_vm(struct entry *entry, const struct vm *vm, const char *dossier)
{
	add(entry, "OBJECT_PID", "%" PRIu32, vm->tgid);
	add(entry, NISV_FIELD_VM, "%s", vm->id);
	add(entry, NISV_FIELD_VM_KEY, "%s", vm->key);
	add(entry, NISV_FIELD_VM_NAME, "%s", vm->name.name);
	add(entry, NISV_FIELD_VM_UUID, "%s", vm->name.uuid);
	add(entry, NISV_FIELD_VMM, "%s", vm->name.vmm);
	add(entry, NISV_FIELD_CGROUP, "%s", vm->cgroup ? vm->cgroup : "");
	add_unit(entry, vm->cgroup);
	add(entry, NISV_FIELD_DOSSIER, "%s", dossier ? dossier : "");
}

static int send_entry(struct entry *entry)
{
	int r = journal_send(entry->fields, (size_t)entry->n);

	if (r < 0)
		log_debug("Cannot write to the journal: %s", strerror(-r));
	for (int i = 0; i < entry->n; i++)
		free(entry->fields[i].iov_base);
	return r;
}

int journal_news(const struct vm *vm, const struct news_item *item, const char *arch,
		 const char *dossier)
{
	const struct finding *finding = item->finding;
	const struct site *site = item->site;
	struct entry entry = {};
	uint64_t address;

	add_message(&entry, vm, item);
	add(&entry, "MESSAGE_ID", "%s", message_id(item));
	add(&entry, "PRIORITY", "%d", priority(finding->severity));
	add_vm(&entry, vm, dossier);
	add(&entry, NISV_FIELD_KIND, "%s", kind_name(site->kind));
	if (address_of(item, &address))
		add(&entry, NISV_FIELD_IPA, "0x%" PRIx64, address);
	if (!is_mmio(site))
		add_fault(&entry, site, arch);
	add_finding(&entry, finding);
	add(&entry, NISV_FIELD_OUTCOME, "%s",
	    is_mmio(site) ? "emulated" : outcome_name(site->outcome));
	add(&entry, NISV_FIELD_COUNT, "%" PRIu64, item->count);
	add(&entry, NISV_FIELD_SINCE_LAST, "%" PRIu64, item->since_last);
	return send_entry(&entry);
}

int journal_withheld(const struct vm *vm, uint64_t withheld, const char *dossier)
{
	const struct finding *worst = vm_worst(vm);
	struct entry entry = {};

	add(&entry, "MESSAGE",
	    "VM %s: %" PRIu64 " more entries within a minute were withheld; \"nisvctl explain %s\" "
	    "tells what they were about",
	    vm->name.name, withheld, vm->key);
	add(&entry, "MESSAGE_ID", "%s", NISV_MSGID_WITHHELD);
	add(&entry, "PRIORITY", "%d", priority(worst ? worst->severity : SEVERITY_INFO));
	add_vm(&entry, vm, dossier);
	if (worst)
		add(&entry, NISV_FIELD_SEVERITY, "%s", severity_name(worst->severity));
	add(&entry, NISV_FIELD_WITHHELD, "%" PRIu64, withheld);
	return send_entry(&entry);
}

void journal_refused(const struct ucred *peer, const char *comm)
{
	struct entry entry = {};

	add(&entry, "MESSAGE", "Refused to answer uid %u, gid %u, pid %d (%s)", peer->uid,
	    peer->gid, peer->pid, comm);
	add(&entry, "MESSAGE_ID", "%s", NISV_MSGID_REFUSED);
	add(&entry, "PRIORITY", "%d", LOG_NOTICE);
	add(&entry, NISV_FIELD_PEER_UID, "%u", peer->uid);
	add(&entry, NISV_FIELD_PEER_GID, "%u", peer->gid);
	add(&entry, NISV_FIELD_PEER_PID, "%d", peer->pid);
	add(&entry, NISV_FIELD_PEER_COMM, "%s", comm);
	send_entry(&entry);
}
