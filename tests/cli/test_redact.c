/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What export --redact leaves out, and that what is left can still be read. */

#include "daemon/edge/redact.h"
#include "tests/cli/replay_case.h"

static void test_arguments(void **state)
{
	static const struct {
		const char *option, *argument, *expected;
	} cases[] = {
		/* QEMU: qemu(1), "-object", "-fw_cfg", "-smbios" */
		{"-object", "secret,id=sec0,data=letmein", "secret,id=sec0,data=***"},
		{"-object", "secret,id=sec0,data=with,,comma,format=raw",
		 "secret,id=sec0,data=***,format=raw"},
		{"-object", "{\"qom-type\":\"secret\",\"id\":\"s\",\"data\":\"let\\\"me\"}",
		 "{\"qom-type\":\"secret\",\"id\":\"s\",\"data\":\"***\"}"},
		{"-object", "{\"qom-type\": \"secret\", \"data\" : \"x y\"}",
		 "{\"qom-type\": \"secret\", \"data\" : \"***\"}"},
		{"-object", "memory-backend-file,id=ram,mem-path=/data,size=1G",
		 "memory-backend-file,id=ram,mem-path=/data,size=1G"},
		{"-spice", "port=5900,password=letmein,tls-port=1",
		 "port=5900,password=***,tls-port=1"},
		{"-spice", "password=a:b/c", "password=***"},
		{"-vnc", ":1,password-secret=sec0", ":1,password-secret=***"},
		{"-fw_cfg", "name=opt/io.systemd.credentials/passwd.x,string=letmein",
		 "name=opt/io.systemd.credentials/passwd.x,string=***"},
		{"-smbios", "type=11,value=io.systemd.credential:a=letmein", "type=11,value=***"},
		{"-smbios", "type=1,manufacturer=ACME", "type=1,manufacturer=ACME"},
		{"-drive", "file=rbd:pool/image:id=admin:key=AQB==:mon_host=h",
		 "file=rbd:pool/image:id=admin:key=***"},
		/* QEMU ends a value at a comma alone. */
		{"-object", "secret,id=s,data=k1 k2&k3;k4\"k5'k6}k7,format=raw",
		 "secret,id=s,data=***,format=raw"},
		{"-spice", "password=\"let me in\" x,port=1", "password=***,port=1"},
		{"-drive", "file=rbd:p/i,file.accesskey=let me,if=none",
		 "file=rbd:p/i,file.accesskey=***,if=none"},
		{"-drive", "pass=let me,pw=l,pwd=l,proxypass=l,AccessKeyId=l",
		 "pass=***,pw=***,pwd=***,proxypass=***,AccessKeyId=***"},
		{NULL, "X-Amz-Signature=letmein", "X-Amz-Signature=***"},
		{NULL, "Authorization: Bearer let me in", "Authorization: ***"},
		{"-H", "Bearer letmein", "Bearer ***"},
		{"-H", "bearers of letmein", "bearers of letmein"},
		{"-drive", "file=ssh://me:p/a@ss@host/x,if=none", "file=ssh://***@host/x,if=none"},
		{"-drive", "file=ssh://me:a,,b c@host/x,if=none", "file=ssh://***@host/x,if=none"},
		{"-drive", "file=https://host/x?a=1&sig=let me,if=none",
		 "file=https://host/x?***,if=none"},
		{"-drive", "file=https://me:p?a@host/x?,if=none",
		 "file=https://***@host/x?,if=none"},
		{"-blockdev", "{'driver':'ssh','uri':'ssh+x://me:a\\'b@host/x?y=z','authkey':'l'}",
		 "{'driver':'ssh','uri':'ssh+x://***@host/x?***','authkey':'***'}"},
		{"-blockdev", "{\"authkey\":[\"let\",\"me\"]}", "{\"authkey\":***"},
		{"-blockdev", "{\"pin\":1234,\"n\":1}", "{\"pin\":***,\"n\":1}"},
		{"-drive", "file=json:{\"password\":\"a,,b\",,\"n\":1}",
		 "file=json:{\"password\":\"***\",,\"n\":1}"},
		{"-drive", "file=https://me:letmein@host/disk.img,if=virtio",
		 "file=https://***@host/disk.img,if=virtio"},
		{"-drive", "file.driver=https,file.cookie=letmein,file.url=https://host/x",
		 "file.driver=https,file.cookie=***,file.url=https://host/x"},
		{"-drive", "file=iscsi://me%letmein@host/iqn/0", "file=iscsi://***@host/iqn/0"},
		{"-blockdev", "{\"driver\":\"ssh\",\"password\":\"letmein\",\"host\":\"h\"}",
		 "{\"driver\":\"ssh\",\"password\":\"***\",\"host\":\"h\"}"},
		/* A kernel's command line */
		{"-append", "root=/dev/vda rd.luks.key=letmein console=ttyAMA0",
		 "root=/dev/vda rd.luks.key=*** console=ttyAMA0"},
		{"-append", "systemd.set_credential=x:letmein quiet",
		 "systemd.set_credential=*** quiet"},
		{"-append", "a.password=a,b&c quiet", "a.password=*** quiet"},
		{"-append", "a.password=\"let me\" \"b.key=let me\" quiet",
		 "a.password=*** \"b.key=*** quiet"},
		{"--cmdline", "luks.key=a,b url=http://me:a,b@h/?c,d quiet",
		 "luks.key=*** url=http://***@h/?*** quiet"},
		{NULL, "--cmdline=luks.key=a,b quiet", "--cmdline=luks.key=*** quiet"},
		{"-append", "monkey=business", "monkey=***"},
		{"-append", "root=/dev/vda console=ttyS0,115200 iommu=pt",
		 "root=/dev/vda console=ttyS0,115200 iommu=pt"},
		/* Other VMMs, and options that take the next argument */
		{NULL, "--api-token=letmein", "--api-token=***"},
		{"--api-token", "letmein", "***"},
		{"--password", "let me in", "***"},
		{"--password", "-letmein", "***"},
		{"--password-file", "/etc/x", "***"},
		{"-m", "128M", "128M"},
		{NULL, "/usr/bin/qemu-system-aarch64", "/usr/bin/qemu-system-aarch64"},
		{NULL, "", ""},
		{NULL, "password=", "password="},
		{NULL, "password", "password"},
		{NULL, "PassWord:letmein", "PassWord:***"},
		{NULL, "password=\"open", "password=***"},
		{NULL, "\"password\":\"open", "\"password\":\"***"},
		{NULL, "\"password\":\"\\", "\"password\":\"***"},
		{NULL, "\"password\"", "\"password\""},
		{NULL, "\"password\"=let}me,x", "\"password\"=***,x"},
		{NULL, "\"password\":", "\"password\":"},
		{NULL, "secret=a,", "secret=***,"},
		{NULL, "secret=a,,", "secret=***"},
		{NULL, "://", "://"},
		{NULL, "x://@", "x://@"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *safe = redact_argument(cases[i].option, cases[i].argument);

		assert_string_equal(safe, cases[i].expected);
		free(safe);
	}
}

/* Of many masks in a row the text grows. */
static void test_growing(void **state)
{
	char argument[4096] = "", *safe;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		strcat(argument, "pin=x,");
	safe = redact_argument(NULL, argument);
	assert_int_equal(strlen(safe), 400 * strlen("pin=***,"));
	free(safe);
}

struct collected {
	FILE *file;
	char *text;
	size_t len;
};

static int collect(struct json_object *line, void *userdata)
{
	struct collected *collected = userdata;

	assert_int_equal(redact_line(line), 0);
	fprintf(collected->file, "%s\n",
		json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	json_object_put(line);
	return 0;
}

static struct collected redacted(struct manager *manager, struct vm *vm)
{
	struct collected collected = {};

	collected.file = open_memstream(&collected.text, &collected.len);
	assert_non_null(collected.file);
	collect(dossier_header(&manager->host, false), &collected);
	assert_int_equal(event_everything(vm, manager->host.arch, collect, &collected), 0);
	assert_int_equal(fclose(collected.file), 0);
	return collected;
}

static void test_what_is_left(void **state)
{
	static const char *const secrets[] = {
		"0x1111111111111111",
		"0x2222222222222222", /* registers */
		"0x30d00985",
		"0x40090000", /* SCTLR_EL1, VBAR_EL1 */
		"0108",
		"ldp", /* the instruction, in every form */
		"x1, x2",
		"letmein",
	};
	struct manager *manager = sample_manager(), *again;
	static const char cmdline[] = "qemu-system-aarch64\0-M\0virt\0-name\0guest=web\0-object\0"
				      "secret,id=s,data=letmein";
	struct vm *vm = sample_vm(manager), *back;
	struct collected text;

	(void)state;
	assert_int_equal(vm_set_cmdline(vm, cmdline, sizeof(cmdline), false), 0);
	vm_choose_machine(vm, manager->machines.list, manager->machines.n, manager->host.arch);
	assert_int_equal(vm_diagnose(vm, &manager->host, manager->started_ns), 0);
	vm_set_end(vm, VM_END_PROCESS_GONE, SAMPLE_TIME_NS + 60000000000ULL);
	text = redacted(manager, vm);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (strstr(text.text, secrets[i]))
			fail_msg("%s is in it: %.200s", secrets[i],
				 strstr(text.text, secrets[i]) - 100);
	assert_contains(text.text, "secret,id=s,data=***");
	/* It is read as any other, and what was found is not forgotten. */
	again = replay(scratch_write(&scratch, "redacted.jsonl", text.text, text.len));
	assert_non_null(again);
	assert_string_equal(scratch.log, "");
	back = again->vms.list[0];
	assert_true(back->stored.redacted);
	assert_string_equal(back->stored.version, NISV_VERSION);
	assert_int_equal(back->stored.n, vm->findings.n);
	for (size_t i = 0; i < vm->findings.n; i++) {
		assert_string_equal(back->stored.list[i].cause, vm->findings.list[i].cause);
		assert_int_equal(back->stored.list[i].severity, vm->findings.list[i].severity);
	}
	assert_int_equal(back->faults->n_sites, vm->faults->n_sites);
	assert_true(back->findings.n > 0);
	/* Nothing is made of registers that are not there. */
	for (size_t i = 0; i < back->findings.n; i++)
		for (size_t line = 0; line < back->findings.list[i].n_evidence; line++)
			assert_null(strstr(back->findings.list[i].evidence[line], "register x"));
	free(text.text);
	manager_free(again);
	manager_free(manager);
}

static void test_stored_findings(void **state)
{
	struct manager *manager = sample_manager(), *again;
	struct vm *vm = sample_vm(manager), *back;

	(void)state;
	again = replay(save(manager, vm));
	assert_non_null(again);
	back = again->vms.list[0];
	assert_false(back->stored.redacted);
	assert_int_equal(back->stored.n, vm->findings.n);
	assert_false(stored_differ(&back->stored, &back->findings));
	back->stored.list[0].severity = SEVERITY_INFO;
	assert_true(stored_differ(&back->stored, &back->findings));
	back->stored.list[0].severity = back->findings.list[0].severity;
	assert_false(stored_differ(&back->stored, &back->findings));
	snprintf(back->stored.list[0].cause, sizeof(back->stored.list[0].cause), "of-old");
	assert_true(stored_differ(&back->stored, &back->findings));
	back->stored.n--;
	assert_true(stored_differ(&back->stored, &back->findings));
	for (size_t i = 0; i < 2 * FINDINGS_MAX; i++)
		assert_int_equal(stored_add(&back->stored, &(struct stored_finding){}), 0);
	assert_int_equal(back->stored.n, FINDINGS_MAX);
	manager_free(again);
	manager_free(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_growing),
		cmocka_unit_test_setup_teardown(test_what_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stored_findings, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
