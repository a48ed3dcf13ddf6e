/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The programs load and attach on this kernel, and bear being run where there is no vCPU. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/edge/capture.h"
#include "daemon/edge/counters.h"
#include "daemon/edge/discover.h"
#include "nisvd-older.skel.h"

static unsigned n_records;

static void on_vm(const struct nisv_rec_vm *vm, void *userdata)
{
	(void)vm;
	(void)userdata;
	n_records++;
}

static void on_layout(const struct nisv_rec_layout *layout, void *userdata)
{
	(void)layout;
	(void)userdata;
	n_records++;
}

static void on_fault(const struct nisv_rec_fault *fault, void *userdata)
{
	(void)fault;
	(void)userdata;
	n_records++;
}

static void on_end(const struct nisv_rec_hdr *end, void *userdata)
{
	(void)end;
	(void)userdata;
	n_records++;
}

static const struct capture_ops ops = {on_vm, on_layout, on_fault, on_end, NULL};

static struct capture *start(void)
{
	const struct capture_options options = {.count_mmio = true, .inspect_guest_memory = true};
	struct capture *capture = NULL;

	assert_int_equal(capture_new(&options, &ops, NULL, &capture), 0);
	return capture;
}

/* What this kernel does not need, it loads as well. */
static void test_older(void **state)
{
	struct nisvd_older_bpf *older = nisvd_older_bpf__open_and_load();

	(void)state;
	assert_non_null(older);
	nisvd_older_bpf__destroy(older);
}

/* Whatever is not attached says why, and what to do if something is lost by it. */
static void test_sources(void **state)
{
	struct capture *capture = start();
	const struct capture_source *sources;
	bool exits = false, mmio = false;
	size_t n;

	(void)state;
	sources = capture_sources(capture, &n);
	assert_true(n >= 4);
	for (size_t i = 0; i < n; i++) {
		assert_true(*sources[i].name && *sources[i].gives);
		assert_true((sources[i].state == CAPTURE_ATTACHED) == !*sources[i].reason);
		if (!strcmp(sources[i].name, "kvm_userspace_exit"))
			exits = sources[i].state == CAPTURE_ATTACHED;
		if (!strcmp(sources[i].name, "kvm_mmio"))
			mmio = sources[i].state == CAPTURE_ATTACHED;
	}
	assert_true(exits && mmio);
	capture_free(capture);
}

/* Twice in one process, and beside each other. */
static void test_two_captures(void **state)
{
	struct capture *one = start(), *other = start();

	(void)state;
	assert_true(capture_fd(one) != capture_fd(other));
	capture_free(one);
	assert_int_equal(capture_dispatch(other) < 0, 0);
	capture_free(other);
}

/* The newest program of that name: ours, if it was just loaded. */
static int program_fd(const char *name)
{
	__u32 id = 0;
	int found = -1;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    !strncmp(info.name, name, sizeof(info.name) - 1)) {
			if (found >= 0)
				close(found);
			found = fd;
		} else {
			close(fd);
		}
	}
	return found;
}

static int run_program(const char *name, uint64_t *args, size_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = n * sizeof(*args));
	int fd = program_fd(name), r;

	assert_true(fd >= 0);
	r = bpf_prog_test_run_opts(fd, &opts);
	close(fd);
	return r < 0 ? r : (int)opts.retval;
}

static uint64_t lost_events(const struct capture *capture)
{
	struct capture_losses losses;

	capture_losses(capture, &losses);
	return losses.by_kind[NISV_LOSS_NO_VCPU];
}

/* Outside any vCPU nothing is counted for anyone, and that is counted. */
static void test_no_vcpu(void **state)
{
	struct capture *capture = start();
	uint64_t mmio[] = {2, 4, 0x10000000, 0};
	uint64_t fault[] = {0, (uint64_t)-38};
	uint64_t other[] = {2, 0};
	uint64_t before = lost_events(capture);
	struct counters *counters;

	(void)state;
	assert_int_equal(run_program("on_mmio", mmio, 4), 0);
	assert_int_equal(lost_events(capture), before + 1);
	/* An exit that means nothing to us is not even looked at. */
	assert_int_equal(run_program("on_userspace_exit", other, 2), 0);
	assert_int_equal(lost_events(capture), before + 1);
	fault[0] = 39; /* KVM_EXIT_MEMORY_FAULT, a fault on each architecture */
	fault[1] = (uint64_t)-14;
	assert_int_equal(run_program("on_userspace_exit", fault, 2), 0);
	assert_int_equal(lost_events(capture), before + 2);
	assert_int_equal(counters_read(capture, &counters), 0);
	for (size_t i = 0; i < counters->n_vms; i++)
		assert_true(counters->vms[i].stat.tgid != (uint32_t)getpid());
	counters_free(counters);
	capture_free(capture);
}

/* An exit that a later kernel may have: told as unknown, with its number, and taken for nothing
 * else. */
static void test_unknown_exit(void **state)
{
	struct capture *capture = start();
	uint64_t later[] = {44, (uint64_t)-14};
	struct capture_losses losses;

	(void)state;
	capture_losses(capture, &losses);
	assert_int_equal(losses.by_kind[NISV_LOSS_EXIT], 0);
	assert_int_equal(capture_unknown_exit(capture), 0);
	assert_int_equal(run_program("on_userspace_exit", later, 2), 0);
	later[0] = 1000;
	later[1] = 0;
	assert_int_equal(run_program("on_userspace_exit", later, 2), 0);
	capture_losses(capture, &losses);
	assert_int_equal(losses.by_kind[NISV_LOSS_EXIT], 2);
	assert_int_equal(capture_unknown_exit(capture), 1000);
	assert_int_equal(losses.by_kind[NISV_LOSS_NO_VCPU], 0);
	capture_free(capture);
}

/* What is no record of ours goes no further. */
static void test_bad_records(void **state)
{
	struct capture *capture = start();
	struct nisv_rec_fault *fault = calloc(1, sizeof(*fault));
	struct nisv_rec_layout *layout = calloc(1, sizeof(*layout));
	struct capture_losses losses;
	unsigned before;

	(void)state;
	assert_non_null(fault);
	before = n_records;
	fault->hdr.type = NISV_REC_FAULT;
	fault->hdr.size = sizeof(*fault);
	assert_int_equal(capture_deliver(capture, fault, sizeof(*fault) - 1), -EBADMSG);
	assert_int_equal(capture_deliver(capture, fault, 4), -EBADMSG);
	fault->hdr.size = sizeof(*fault) - 8;
	assert_int_equal(capture_deliver(capture, fault, sizeof(*fault)), -EBADMSG);
	fault->hdr.type = NISV_REC_SLOT + 1;
	assert_int_equal(capture_deliver(capture, fault, sizeof(*fault)), -EBADMSG);
	fault->hdr.type = 0;
	assert_int_equal(capture_deliver(capture, fault, sizeof(*fault)), -EBADMSG);
	assert_int_equal(n_records, before);
	/* The length of a layout follows from the number of its slots. */
	assert_non_null(layout);
	layout->hdr.type = NISV_REC_LAYOUT;
	layout->n_slots = 3;
	layout->hdr.size = NISV_LAYOUT_SIZE(2);
	assert_int_equal(capture_deliver(capture, layout, sizeof(*layout)), -EBADMSG);
	layout->hdr.size = NISV_LAYOUT_SIZE(3);
	assert_int_equal(capture_deliver(capture, layout, NISV_LAYOUT_SIZE(2)), -EBADMSG);
	layout->n_slots = NISV_SLOTS_MAX + 1;
	layout->hdr.size = sizeof(*layout);
	assert_int_equal(capture_deliver(capture, layout, sizeof(*layout)), -EBADMSG);
	layout->n_slots = UINT32_MAX;
	layout->hdr.size = (uint32_t)NISV_LAYOUT_SIZE(layout->n_slots);
	assert_int_equal(capture_deliver(capture, layout, sizeof(*layout)), -EBADMSG);
	assert_int_equal(n_records, before);
	layout->n_slots = 3;
	layout->hdr.size = NISV_LAYOUT_SIZE(3);
	assert_int_equal(capture_deliver(capture, layout, sizeof(*layout)), 0);
	assert_int_equal(n_records, ++before);
	free(layout);
	capture_losses(capture, &losses);
	assert_int_equal(losses.bad_records, 9);
	fault->hdr.type = NISV_REC_FAULT;
	fault->hdr.size = sizeof(*fault);
	assert_int_equal(capture_deliver(capture, fault, sizeof(*fault)), 0);
	assert_int_equal(n_records, before + 1);
	free(fault);
	capture_free(capture);
}

/* Nothing of the kernel's type information stays in memory: the daemon's whole limit is 15 MiB. */
static void test_memory(void **state)
{
	struct capture *capture = start();
	unsigned long kib = 0;
	char line[256];
	FILE *status;

	(void)state;
	status = fopen("/proc/self/status", "r");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "RssAnon: %lu kB", &kib) == 1)
			break;
	fclose(status);
	assert_true(kib > 0 && kib < 4096);
	capture_free(capture);
}

/* BTF's typedef of a tracepoint and the state of its source agree, in both directions. */
static void test_absent_means_absent(void **state)
{
	struct capture *capture = start();
	const struct capture_source *sources;
	size_t n;

	(void)state;
	sources = capture_sources(capture, &n);
	for (size_t i = 0; i < n; i++)
		assert_true(sources[i].state == CAPTURE_ATTACHED ||
			    sources[i].state == CAPTURE_ABSENT);
	capture_free(capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_older),	     cmocka_unit_test(test_sources),
		cmocka_unit_test(test_two_captures), cmocka_unit_test(test_no_vcpu),
		cmocka_unit_test(test_bad_records),  cmocka_unit_test(test_unknown_exit),
		cmocka_unit_test(test_memory),	     cmocka_unit_test(test_absent_means_absent),
	};

	if (geteuid() != 0 || access("/dev/kvm", F_OK) < 0) {
		printf("SKIP: loading the programs takes root and a host with KVM\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
