/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Journal entries as journald receives them: the native protocol on a datagram socket at its
 * address, in a mount namespace of this test's own.
 */

#include <inttypes.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/core/news.h"
#include "daemon/core/rules.h"
#include "daemon/edge/journal.h"
#include "include/nisv_journal.h"
#include "tests/cli/sample.h"

#define JOURNAL_DIR    "/run/systemd/journal"
#define JOURNAL_SOCKET JOURNAL_DIR "/socket"

static int journal_fd = -1;

struct entry {
	char text[65536];
	size_t len;
};

/* Makes /run this test's own and answers for journald there. 0, or 77 without the privilege. */
static int listen_as_journald(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "size=64k") < 0)
		return 77;
	if (mkdir("/run/systemd", 0755) < 0 || mkdir(JOURNAL_DIR, 0755) < 0)
		return 1;
	journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return journal_fd < 0 || bind(journal_fd, (const void *)&address, sizeof(address)) < 0;
}

/* The datagram is there once sd_journal_sendv() returned. False: none. */
static bool next_entry(struct entry *entry)
{
	ssize_t n = recv(journal_fd, entry->text, sizeof(entry->text) - 1, MSG_DONTWAIT);

	if (n < 0)
		return false;
	entry->len = (size_t)n;
	entry->text[n] = '\0';
	return true;
}

/* The value of @name in @entry, which has no field of several lines; "" if it is not there. */
static const char *field(const struct entry *entry, const char *name)
{
	static char values[8][4096];
	static size_t turn;
	char *value = values[turn++ % ARRAY_SIZE(values)];
	size_t len = strlen(name);

	*value = '\0';
	for (const char *line = entry->text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == '=')
			snprintf(value, sizeof(values[0]), "%.*s",
				 (int)strcspn(line + len + 1, "\n"), line + len + 1);
	}
	return value;
}

static struct entry *tell(const struct vm *vm, enum news_type type, const struct finding *finding,
			  const char *dossier)
{
	static struct entry entry;
	const struct news_item item = {type, finding, finding->sites[0], 77, 7};

	journal_news(vm, &item, "arm64", dossier);
	assert_true(next_entry(&entry));
	assert_false(next_entry(&(struct entry){}));
	return &entry;
}

static const struct finding *worst_at(const struct vm *vm, uint64_t ipa)
{
	for (size_t i = 0; i < vm->findings.n; i++)
		if (vm->findings.list[i].sites[0]->ipa == ipa)
			return &vm->findings.list[i];
	fail_msg("no finding at 0x%" PRIx64, ipa);
	return NULL;
}

static void test_every_field(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct finding *finding = worst_at(vm, 0x48000010);
	const struct entry *entry = tell(vm, NEWS_FINDING, finding, "/var/lib/nisvd/d/x.jsonl");
	char text[512];

	(void)state;
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_FINDING);
	assert_string_equal(field(entry, "PRIORITY"), "3");
	assert_string_equal(field(entry, "OBJECT_PID"), "4711");
	assert_string_equal(field(entry, NISV_FIELD_VM), "4711-9");
	assert_string_equal(field(entry, NISV_FIELD_VM_KEY), SAMPLE_KEY);
	assert_string_equal(field(entry, NISV_FIELD_VM_NAME), "web-\\x1b[31m1");
	assert_string_equal(field(entry, NISV_FIELD_VM_UUID),
			    "0f0e0d0c-0b0a-0908-0706-050403020100");
	assert_string_equal(field(entry, NISV_FIELD_VMM), "qemu");
	assert_string_equal(field(entry, NISV_FIELD_KIND), "nisv");
	assert_string_equal(field(entry, NISV_FIELD_IPA), "0x48000010");
	assert_string_equal(field(entry, NISV_FIELD_PC), "0x40080000");
	assert_string_equal(field(entry, NISV_FIELD_ESR), "0x92000007");
	assert_string_equal(field(entry, NISV_FIELD_INSN), "ldp x1, x2, [x0]");
	assert_string_equal(field(entry, NISV_FIELD_CAUSE), "access-past-ram-end");
	assert_string_equal(field(entry, NISV_FIELD_SEVERITY), "fatal");
	assert_string_equal(field(entry, NISV_FIELD_SIGNATURE), finding->signature);
	assert_string_equal(field(entry, NISV_FIELD_ERRNO), "38");
	assert_contains(field(entry, NISV_FIELD_SYMPTOM),
			"kvm run failed Function not implemented");
	assert_null(strstr(entry->text, NISV_FIELD_OVERLAY "="));
	assert_string_equal(field(entry, NISV_FIELD_CGROUP), vm->cgroup);
	assert_string_equal(field(entry, NISV_FIELD_UNIT), "machine-qemu-1-web.scope");
	assert_string_equal(field(entry, NISV_FIELD_OUTCOME), "vm-killed");
	assert_string_equal(field(entry, NISV_FIELD_COUNT), "77");
	assert_string_equal(field(entry, NISV_FIELD_DOSSIER), "/var/lib/nisvd/d/x.jsonl");
	snprintf(text, sizeof(text), "%.2f", finding->confidence);
	assert_string_equal(field(entry, NISV_FIELD_CONFIDENCE), text);
	assert_contains(field(entry, "MESSAGE"), finding->summary);
	assert_contains(field(entry, "MESSAGE"), "VM web-");
	manager_free(manager);
}

static void test_each_kind_of_message(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct finding *finding = worst_at(vm, 0x09000fe0);
	const struct entry *entry;

	(void)state;
	entry = tell(vm, NEWS_SITE, finding, NULL);
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_FINDING);
	assert_contains(field(entry, "MESSAGE"), "again, at IPA 0x9000fe0 from PC 0x40080004");
	assert_string_equal(field(entry, NISV_FIELD_DOSSIER), "");
	entry = tell(vm, NEWS_OUTCOME, finding, NULL);
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_OUTCOME);
	assert_contains(field(entry, "MESSAGE"), "is now");
	entry = tell(vm, NEWS_STORM_GREW, finding, NULL);
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_STORM);
	assert_contains(field(entry, "MESSAGE"), "77 faults so far, 7 of them since");
	assert_string_equal(field(entry, NISV_FIELD_SINCE_LAST), "7");
	manager_free(manager);
}

static void test_withheld(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct entry entry;

	(void)state;
	journal_withheld(vm, 12, "/var/lib/nisvd/d/x.jsonl");
	assert_true(next_entry(&entry));
	assert_false(next_entry(&(struct entry){}));
	assert_string_equal(field(&entry, "MESSAGE_ID"), NISV_MSGID_WITHHELD);
	assert_string_equal(field(&entry, "PRIORITY"), "3");
	assert_string_equal(field(&entry, NISV_FIELD_WITHHELD), "12");
	assert_string_equal(field(&entry, NISV_FIELD_VM_KEY), SAMPLE_KEY);
	assert_string_equal(field(&entry, NISV_FIELD_DOSSIER), "/var/lib/nisvd/d/x.jsonl");
	assert_contains(
		field(&entry, "MESSAGE"),
		"12 more entries within a minute were withheld; \"nisvctl explain " SAMPLE_KEY
		"\"");
	manager_free(manager);
}

/* What became of a fault is one thing, what the VMM then did another; that is known later. */
static void test_answer(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct finding *finding = worst_at(vm, 0x09000fe0);
	const struct entry *entry;

	(void)state;
	entry = tell(vm, NEWS_FINDING, finding, NULL);
	assert_string_equal(field(entry, NISV_FIELD_OUTCOME), "vmm-decides");
	assert_null(strstr(entry->text, NISV_FIELD_VMM_ANSWER));
	for (size_t i = 0; i < vm->faults->n_sites; i++)
		vm->faults->sites[i].answers = vm->faults->sites[i].ipa == 0x09000fe0;
	entry = tell(vm, NEWS_ANSWER, finding, NULL);
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_OUTCOME);
	assert_string_equal(field(entry, NISV_FIELD_OUTCOME), "vmm-decides");
	assert_string_equal(field(entry, NISV_FIELD_VMM_ANSWER), "abort-injected");
	assert_contains(field(entry, "MESSAGE"), "the VMM answered the access to IPA 0x9000fe0 "
						 "with an external abort in the guest");
	manager_free(manager);
}

/* What is said beside the cause: one field for each. */
static void test_overlays(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct finding finding = *worst_at(vm, 0x09000fe0);
	const struct entry *entry;

	(void)state;
	finding.overlays[1] = (struct overlay){.rule = &rule_livelock};
	finding.n_overlays = 2;
	entry = tell(vm, NEWS_FINDING, &finding, NULL);
	assert_contains(entry->text, "\n" NISV_FIELD_OVERLAY "=compiler-writeback\n");
	assert_contains(entry->text, "\n" NISV_FIELD_OVERLAY "=ext-abort-livelock\n");
	manager_free(manager);
}

/* MMIO is no fault: it has no PC, no syndrome, and a message of its own. */
static void test_mmio(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	struct place *place = &vm->faults->places[0];
	const struct finding *finding;
	const struct entry *entry;

	(void)state;
	place->busy_until_ns = SAMPLE_TIME_NS;
	place->busy_since_ns = SAMPLE_TIME_NS - 2 * PLACE_STORM_NS;
	vm->dirty = true;
	assert_int_equal(vm_diagnose(vm, &manager->host, manager->started_ns), 0);
	finding = worst_at(vm, 0x09000000);
	entry = tell(vm, NEWS_FINDING, finding, NULL);
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_MMIO);
	assert_contains(field(entry, "MESSAGE"), "times a second for 20 s. [mmio-storm, warning]");
	assert_string_equal(field(entry, NISV_FIELD_KIND), "mmio-write");
	assert_string_equal(field(entry, NISV_FIELD_IPA), "0x9000000");
	assert_string_equal(field(entry, NISV_FIELD_OUTCOME), "emulated");
	assert_null(strstr(entry->text, NISV_FIELD_PC "="));
	assert_null(strstr(entry->text, NISV_FIELD_ESR "="));
	assert_null(strstr(entry->text, NISV_FIELD_SYMPTOM "="));
	entry = tell(vm, NEWS_SITE, finding, NULL);
	assert_string_equal(field(entry, "MESSAGE_ID"), NISV_MSGID_MMIO);
	assert_contains(field(entry, "MESSAGE"), "again, at IPA 0x9000000 (mmio-write)");
	manager_free(manager);
}

/* What a VMM calls itself may hold anything; journald would take a newline for the next field. */
static void test_hostile_names(void **state)
{
	static const char cmdline[] =
		"qemu-system-aarch64\0-name\0guest=evil\nNISV_CAUSE=none\nPRIORITY=7"
		"\x1b]0;x\a\xff\xc0\x80";
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct entry *entry;

	(void)state;
	assert_int_equal(vm_set_cmdline(vm, cmdline, sizeof(cmdline), false), 0);
	entry = tell(vm, NEWS_FINDING, worst_at(vm, 0x48000010), NULL);
	assert_string_equal(field(entry, NISV_FIELD_CAUSE), "access-past-ram-end");
	assert_string_equal(field(entry, "PRIORITY"), "3");
	assert_string_equal(field(entry, NISV_FIELD_VM_NAME),
			    "evil\\x0aNISV_CAUSE=none\\x0aPRIORITY=7\\x1b]0;x\\x07\\xff\\xc0\\x80");
	for (size_t i = 0; i < entry->len; i++)
		assert_true((unsigned char)entry->text[i] >= ' ' || entry->text[i] == '\n');
	manager_free(manager);
}

static void test_long_values_are_whole(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	char path[3000];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_string_equal(
		field(tell(vm, NEWS_FINDING, worst_at(vm, 0x48000010), path), NISV_FIELD_DOSSIER),
		path);
	manager_free(manager);
}

/* Many names have no unit, and an absent value makes no empty field. */
static void test_absent_values(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct finding *finding = worst_at(vm, 0x09000fe0);
	const struct entry *entry;

	(void)state;
	snprintf(vm->cgroup, strlen(vm->cgroup) + 1, "/user.slice");
	vm->name.uuid[0] = '\0';
	entry = tell(vm, NEWS_FINDING, finding, NULL);
	assert_null(strstr(entry->text, NISV_FIELD_UNIT "="));
	assert_null(strstr(entry->text, NISV_FIELD_VM_UUID "="));
	assert_null(strstr(entry->text, NISV_FIELD_ERRNO "="));
	assert_null(strstr(entry->text, NISV_FIELD_DOSSIER "="));
	assert_null(strstr(entry->text, "=\n"));
	manager_free(manager);
}

static void test_no_journald(void **state)
{
	struct manager *manager = sample_manager();
	struct vm *vm = sample_vm(manager);
	const struct finding *finding = worst_at(vm, 0x09000fe0);
	const struct news_item item = {NEWS_FINDING, finding, finding->sites[0], 1, 1};

	(void)state;
	/* The last test: it takes the socket away. */
	close(journal_fd);
	assert_int_equal(unlink(JOURNAL_SOCKET), 0);
	journal_news(vm, &item, "arm64", NULL);
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_each_kind_of_message),
		cmocka_unit_test(test_withheld),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_overlays),
		cmocka_unit_test(test_mmio),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_absent_values),
		cmocka_unit_test(test_long_values_are_whole),
		cmocka_unit_test(test_no_journald),
	};
	int r = listen_as_journald();

	if (r == 77)
		fputs("SKIP: no privilege for a mount namespace to receive journal entries in\n",
		      stderr);
	wallclock_go_offline();
	return r ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
