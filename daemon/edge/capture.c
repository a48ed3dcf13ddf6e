/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/edge/capture_hooks.h"
#include "daemon/edge/log.h"
#include "nisvd-older.skel.h"
#include "nisvd.skel.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define KVM_DEVICE  "/dev/kvm"
#define ENOTSUPP    524 /* include/linux/errno.h of the kernel, which lets it out */

struct capture {
	struct nisvd_bpf *skel;
	struct ring_buffer *records;
	const struct capture_ops *ops;
	void *userdata;
	int n_cpus;
	uint64_t bad_records;
	struct capture_hooks hooks;
	struct bpf_link *iterator;
	bool iterator_only; /* the other programs were refused */
};

static int on_libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text, *rest, *line;

	(void)level;
	if (!log_enabled(LOG_DEBUG) || vasprintf(&text, format, args) < 0)
		return 0;
	/* The verifier's log comes as one message of many lines. */
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (*line)
			log_debug("%s", line);
	free(text);
	return 0;
}

/* ---- loading ---- */

static int check_host(void)
{
	if (access(KVM_DEVICE, F_OK) < 0)
		return log_error_errno(ENODEV,
				       "There is no " KVM_DEVICE ": load the kvm module "
				       "(modprobe kvm_intel, or kvm_amd), switch virtualisation on "
				       "in the firmware, or run nisvd on a KVM host");
	if (access(VMLINUX_BTF, R_OK) < 0)
		return log_error_errno(ENOENT,
				       "There is no " VMLINUX_BTF ": use a kernel built with "
				       "CONFIG_DEBUG_INFO_BTF=y (those of Debian and Fedora are)");
	return 0;
}

static int explain_load_error(int err)
{
	if (err == -EPERM)
		return log_error_errno(EPERM,
				       "The kernel does not let us load BPF programs: run nisvd as "
				       "root, or with CAP_BPF and CAP_PERFMON (and check that "
				       "kernel lockdown is not in confidentiality mode)");
	if (err == -ENOSYS)
		return log_error_errno(err, "This kernel has no bpf(2): use one with "
					    "CONFIG_BPF_SYSCALL=y, Linux 5.10 or later");
	return log_error_errno(err,
			       "The kernel refused a BPF program: Linux 5.10 or later with KVM "
			       "is needed (if it is, please report the verifier's words that "
			       "nisvd --verbose prints)");
}

static void set_options(struct nisvd_bpf *skel, const struct capture_options *options)
{
	if (options->sites_per_vm)
		skel->rodata->sites_per_vm = options->sites_per_vm;
	if (options->places_per_vm)
		skel->rodata->places_per_vm = options->places_per_vm;
	if (options->details_per_second)
		skel->rodata->details_per_second = options->details_per_second;
	if (options->vital_per_second)
		skel->rodata->vital_per_second = options->vital_per_second;
	if (options->slots_per_second)
		skel->rodata->slots_per_second = options->slots_per_second;
	skel->rodata->host_page_shift = (uint32_t)__builtin_ctzl((unsigned long)getpagesize());
	skel->rodata->count_mmio = options->count_mmio;
	skel->rodata->inspect_guest_memory = options->inspect_guest_memory;
}

/*
 * The programs come twice, with the same maps and names (bpf/older.bpf.h): the skeleton of the one
 * object opens the other, too.
 */
static int open_object(struct nisvd_bpf **ret, bool older)
{
	struct nisvd_bpf *skel = calloc(1, sizeof(*skel));
	int r;

	*ret = skel;
	if (!skel)
		return -ENOMEM;
	r = nisvd_bpf__create_skeleton(skel);
	if (r < 0)
		return r;
	if (older)
		skel->skeleton->data = (void *)nisvd_older_bpf__elf_bytes(&skel->skeleton->data_sz);
	return bpf_object__open_skeleton(skel->skeleton, NULL);
}

static int open_skeleton(struct capture *capture, const struct capture_options *options, bool older)
{
	int r;

	nisvd_bpf__destroy(capture->skel);
	r = open_object(&capture->skel, older);
	if (r < 0) {
		log_error_errno(r, "Cannot open the BPF object");
		return -ENOEXEC;
	}
	set_options(capture->skel, options);
	if (!options->count_mmio)
		bpf_program__set_autoload(capture->skel->progs.on_mmio, false);
	r = bpf_map__set_max_entries(capture->skel->maps.mmio_cache, capture->n_cpus);
	return r < 0 ? log_error_errno(r, "Cannot size the MMIO cache") : 0;
}

/* The verifier's, or that of a JIT without interpreter; anything else holds for each program. */
static bool is_refusal(int err)
{
	return err == -EINVAL || err == -EACCES || err == -ENOTSUPP;
}

static int load_programs(struct capture *capture, const struct capture_options *options, bool older)
{
	int r = open_skeleton(capture, options, older);

	return r < 0 ? r : nisvd_bpf__load(capture->skel);
}

/* The one program that shows VMs and their memory maps. */
static int load_iterator(struct capture *capture, const struct capture_options *options)
{
	struct bpf_program *program;
	int r;

	r = open_skeleton(capture, options, true);
	if (r < 0)
		return r;
	bpf_object__for_each_program (program, capture->skel->obj) {
		bpf_program__set_autoload(program, program == capture->skel->progs.find_vms);
	}
	r = nisvd_bpf__load(capture->skel);
	if (r < 0)
		return r;
	capture->iterator_only = true;
	log_warning("This kernel refuses the programs that watch KVM: VMs and their memory maps "
		    "are shown, but no faults; use Linux 5.10 or later (if it is, please report "
		    "the verifier's words that nisvd --verbose prints)");
	return 0;
}

static int load(struct capture *capture, const struct capture_options *options)
{
	int err;

	libbpf_set_print(on_libbpf_print);
	capture->n_cpus = libbpf_num_possible_cpus();
	if (capture->n_cpus <= 0)
		return log_error_errno(EIO, "Cannot learn the number of CPUs from sysfs");
	err = load_programs(capture, options, false);
	if (is_refusal(err))
		err = load_programs(capture, options, true);
	if (is_refusal(err) && load_iterator(capture, options) >= 0)
		return 0;
	return err < 0 ? explain_load_error(err) : 0;
}

/* ---- attaching ---- */

/*
 * Which event counts a fault depends on which there are: told to the programs as soon as one is
 * attached. One fault that both see in between is still counted once (struct vcpu_state).
 */
static void tell_attached(const struct capture_hooks *hooks, void *userdata)
{
	struct capture *capture = userdata;

	capture->skel->bss->has_inject = capture_hooks_see_injection(hooks);
	capture->skel->bss->has_mmio_nisv = capture_hooks_has(hooks, "kvm_mmio_nisv");
	capture->skel->bss->has_destroy = capture_hooks_has(hooks, "kvm_destroy_vm");
}

static void attach_iterator(struct capture *capture)
{
	struct capture_source *source = capture_hooks_add(&capture->hooks, "task_file iterator",
							  "VMs that ran before nisvd, and the end "
							  "of VMs");

	capture->iterator = bpf_program__attach_iter(capture->skel->progs.find_vms, NULL);
	if (capture->iterator)
		return;
	source->state = CAPTURE_FAILED;
	source->reason = strerror(errno);
	source->how_to_get = "use Linux 5.10 or later";
}

static int attach(struct capture *capture)
{
	int r = capture_hooks_attach(&capture->hooks, capture->skel->obj, capture->iterator_only,
				     tell_attached, capture);

	if (r >= 0)
		attach_iterator(capture);
	return r;
}

/* ---- records ---- */

/* The size of a layout follows from the number of its slots. */
static size_t layout_size(const struct nisv_rec_layout *rec, size_t size)
{
	if (size < NISV_LAYOUT_SIZE(0) || rec->n_slots > NISV_SLOTS_MAX)
		return 0;
	return NISV_LAYOUT_SIZE(rec->n_slots);
}

static int check_record(const void *data, size_t size)
{
	const struct nisv_rec_hdr *hdr = data;
	size_t want;

	if (size < sizeof(*hdr) || hdr->size > size)
		return -EBADMSG;
	switch (hdr->type) {
	case NISV_REC_VM:
		want = sizeof(struct nisv_rec_vm);
		break;
	case NISV_REC_LAYOUT:
		want = layout_size(data, size);
		break;
	case NISV_REC_FAULT:
		want = sizeof(struct nisv_rec_fault);
		break;
	case NISV_REC_VM_END:
		want = sizeof(struct nisv_rec_hdr);
		break;
	case NISV_REC_SLOT:
		want = sizeof(struct nisv_rec_slot);
		break;
	default:
		return -EBADMSG;
	}
	return hdr->size == want ? 0 : -EBADMSG;
}

int capture_deliver(struct capture *capture, const void *data, size_t size)
{
	const struct nisv_rec_hdr *hdr = data;

	if (check_record(data, size) < 0) {
		capture->bad_records++;
		return -EBADMSG;
	}
	switch (hdr->type) {
	case NISV_REC_VM:
		if (capture->ops->on_vm)
			capture->ops->on_vm(data, capture->userdata);
		break;
	case NISV_REC_LAYOUT:
		if (capture->ops->on_layout)
			capture->ops->on_layout(data, capture->userdata);
		break;
	case NISV_REC_FAULT:
		if (capture->ops->on_fault)
			capture->ops->on_fault(data, capture->userdata);
		break;
	case NISV_REC_SLOT:
		if (capture->ops->on_slot)
			capture->ops->on_slot(data, capture->userdata);
		break;
	default:
		if (capture->ops->on_end)
			capture->ops->on_end(hdr, capture->userdata);
		break;
	}
	return 0;
}

static int on_record(void *userdata, void *data, size_t size)
{
	capture_deliver(userdata, data, size);
	return 0;
}

/* The vital ring comes first: ring_buffer__consume() takes the rings in this order. */
static int open_rings(struct capture *capture)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): load() has set it */
	const struct bpf_map *vital = capture->skel->maps.ring_vital;
	const struct bpf_map *ring = capture->skel->maps.ring;
	int r;

	capture->records = ring_buffer__new(bpf_map__fd(vital), on_record, capture, NULL);
	if (!capture->records)
		return log_error_errno(errno, "Cannot map the ring buffer");
	r = ring_buffer__add(capture->records, bpf_map__fd(ring), on_record, capture);
	return r < 0 ? log_error_errno(r, "Cannot map the second ring buffer") : 0;
}

int capture_new(const struct capture_options *options, const struct capture_ops *ops,
		void *userdata, struct capture **ret)
{
	struct capture *capture;
	int r;

	r = check_host();
	if (r < 0)
		return r;
	capture = calloc(1, sizeof(*capture));
	if (!capture)
		return log_error_errno(ENOMEM, "Cannot start capture");
	capture->ops = ops;
	capture->userdata = userdata;
	r = load(capture, options);
	if (r >= 0)
		r = open_rings(capture);
	if (r >= 0)
		r = attach(capture);
	/* libbpf freed the kernel's type information, megabytes of small pieces: give them back. */
	malloc_trim(0);
	if (r < 0) {
		capture_free(capture);
		return r;
	}
	*ret = capture;
	return 0;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	capture_hooks_detach(&capture->hooks);
	bpf_link__destroy(capture->iterator);
	ring_buffer__free(capture->records);
	nisvd_bpf__destroy(capture->skel);
	free(capture);
}

int capture_fd(const struct capture *capture)
{
	return ring_buffer__epoll_fd(capture->records);
}

int capture_dispatch(struct capture *capture)
{
	return ring_buffer__consume(capture->records);
}

/* ---- what there is, what was lost ---- */

bool capture_sees_injection(const struct capture *capture)
{
	return capture_hooks_see_injection(&capture->hooks);
}

bool capture_sees_vm_end(const struct capture *capture)
{
	return capture_hooks_has(&capture->hooks, "kvm_destroy_vm");
}

bool capture_sees_slot_changes(const struct capture *capture)
{
	return capture_hooks_has(&capture->hooks, "kvm_arch_commit_memory_region");
}

const struct capture_source *capture_sources(const struct capture *capture, size_t *ret_n)
{
	*ret_n = capture->hooks.n_sources;
	return capture->hooks.sources;
}

const char *capture_state_to_string(enum capture_state state)
{
	static const char *const names[] = {
		[CAPTURE_ATTACHED] = "attached",
		[CAPTURE_ABSENT] = "absent",
		[CAPTURE_FAILED] = "failed",
		[CAPTURE_OFF] = "off",
	};

	return names[state];
}

const char *capture_loss_to_string(enum nisv_loss loss)
{
	static const char *const names[_NISV_LOSS_MAX] = {
		[NISV_LOSS_RING] = "records",	[NISV_LOSS_VITAL] = "vital_records",
		[NISV_LOSS_VMS] = "vms",	[NISV_LOSS_SITES] = "sites",
		[NISV_LOSS_PLACES] = "places",	[NISV_LOSS_VCPUS] = "vcpus",
		[NISV_LOSS_NO_VCPU] = "events", [NISV_LOSS_WALK] = "slot_walks",
	};

	return loss < _NISV_LOSS_MAX ? names[loss] : "unknown";
}

static uint64_t missed_runs(const struct capture *capture)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program (program, capture->skel->obj) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

void capture_losses(const struct capture *capture, struct capture_losses *ret)
{
	int fd = bpf_map__fd(capture->skel->maps.losses);
	uint64_t *per_cpu = calloc(capture->n_cpus, sizeof(*per_cpu));

	*ret = (struct capture_losses){
		.bad_records = capture->bad_records,
		.missed_runs = missed_runs(capture),
	};
	for (uint32_t loss = 0; per_cpu && loss < _NISV_LOSS_MAX; loss++) {
		if (bpf_map_lookup_elem(fd, &loss, per_cpu) < 0)
			continue;
		for (int cpu = 0; cpu < capture->n_cpus; cpu++)
			ret->by_kind[loss] += per_cpu[cpu];
	}
	free(per_cpu);
}

int capture_map_fd(const struct capture *capture, const char *name)
{
	return bpf_object__find_map_fd_by_name(capture->skel->obj, name);
}

int capture_n_cpus(const struct capture *capture)
{
	return capture->n_cpus;
}

int capture_open_iterator(const struct capture *capture)
{
	int fd;

	if (!capture->iterator)
		return -EOPNOTSUPP;
	fd = bpf_iter_create(bpf_link__fd(capture->iterator));
	return fd < 0 ? -errno : fd;
}
