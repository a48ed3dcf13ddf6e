/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/capture_obstacle.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/edge/kvmmodule.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define KVM_BTF	    "/sys/kernel/btf/kvm"
/* KVM registers it where it works (misc_register(), kvm_init()). Nobody opens /dev/kvm here, which
 * a sandbox need not show. */
#define KVM_DEVICE "/sys/class/misc/kvm"
#define USER_NS	   "/proc/self/ns/user"

/* At least those of the maps, and of each program, its gate, the link and the event of that. */
#define FILES_NEEDED 128

/* The inode number of the initial user namespace: PROC_USER_INIT_INO, include/linux/proc_ns.h. */
#define USER_INIT_INO 0xEFFFFFFDU

static const char be_root[] = "run nisvd as root, or with CAP_BPF and CAP_PERFMON";
static const char leave_lockdown[] = "boot without lockdown=confidentiality; lockdown=integrity "
				     "does not stand in the way";
static const char give_more[] = "free memory, or let nisvd have more file descriptors "
				"(LimitNOFILE=)";
static const char report_layout[] = "please report this kernel, so that nisvd learns its layout";
static const char report_program[] = "use Linux 5.10 or later; if it is, please report the "
				     "verifier's words that nisvd --verbose "
				     "prints";

int capture_obstacle_set(struct capture_obstacle *why, int err, const char *how_to_get,
			 const char *format, ...)
{
	va_list args;

	why->err = err;
	why->how_to_get = how_to_get;
	va_start(args, format);
	vsnprintf(why->reason, sizeof(why->reason), format, args);
	va_end(args);
	return err;
}

/* What another try need not meet again. */
static bool is_passing(int err)
{
	return err == -ENOMEM || err == -EAGAIN || err == -EINTR || err == -EMFILE ||
	       err == -ENFILE;
}

bool capture_obstacle_lasts(const struct capture_obstacle *why)
{
	return why->err && !is_passing(why->err);
}

/*
 * libbpf takes what it could not probe for want of a file descriptor as what the kernel has not
 * (kernel_supports()): what it says then is of no use.
 */
static bool has_files(void)
{
	int fds[FILES_NEEDED], n = 0;

	while (n < FILES_NEEDED && (fds[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	for (int i = 0; i < n; i++)
		close(fds[i]);
	return n == FILES_NEEDED || errno != EMFILE;
}

int capture_obstacle_of_host(struct capture_obstacle *why)
{
	enum kvm_module kvm = kvm_module_state();

	if (kvm == KVM_MODULE_MISSING)
		return capture_obstacle_set(
			why, -ENXIO,
			"load it (modprobe kvm_intel, or kvm_amd): a running nisvd attaches by "
			"itself as soon as it is there",
			"the kvm module is not loaded");
	if (kvm == KVM_BUILT_IN && access(KVM_DEVICE, F_OK) < 0)
		return capture_obstacle_set(
			why, -ENODEV,
			"switch virtualisation on in the firmware, or run nisvd on a KVM host",
			"there is no /dev/kvm");
	if (access(VMLINUX_BTF, R_OK) < 0)
		return capture_obstacle_set(why, -ENOENT,
					    "use a kernel built with CONFIG_DEBUG_INFO_BTF=y "
					    "(those of Debian and Fedora are)",
					    "no BTF: there is no " VMLINUX_BTF);
	if (kvm == KVM_MODULE_LOADED && access(KVM_BTF, R_OK) < 0)
		return capture_obstacle_set(why, -ENOENT,
					    "use Linux 5.11 or later, built with "
					    "CONFIG_DEBUG_INFO_BTF_MODULES=y",
					    "no BTF of the kvm module: there is no " KVM_BTF);
	if (!has_files())
		return capture_obstacle_set(
			why, -EMFILE, "let nisvd have more file descriptors (LimitNOFILE=)",
			"%s: there are not %d left", strerror(EMFILE), FILES_NEEDED);
	return 0;
}

/* ---- permission ---- */

static bool has_capability(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

static bool in_user_namespace(void)
{
	struct stat st;

	return !stat(USER_NS, &st) && st.st_ino != USER_INIT_INO;
}

/*
 * Until Linux 5.10 BPF maps count as locked memory. libbpf raises the limit where it may, and finds
 * those kernels by the helper that came with the change.
 */
static bool counts_as_locked(struct rlimit *limit)
{
	return !libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_ktime_get_coarse_ns,
					NULL) &&
	       !getrlimit(RLIMIT_MEMLOCK, limit) && limit->rlim_cur != RLIM_INFINITY;
}

/*
 * libbpf says ESRCH of whatever kept it from the kernel's types, which were there when it was asked
 * for them (capture_obstacle_of_host()): can they be read now?
 */
static int read_types_again(void)
{
	struct btf *btf = btf__parse(VMLINUX_BTF, NULL);
	int r = btf ? -EAGAIN : -errno;

	btf__free(btf);
	return r;
}

int capture_obstacle_of_load(struct capture_obstacle *why, int err)
{
	bool may_all = has_capability(CAP_SYS_ADMIN);
	bool bpf = may_all || has_capability(CAP_BPF);
	bool perfmon = may_all || has_capability(CAP_PERFMON);
	struct rlimit limit;

	if (err == -ESRCH)
		err = read_types_again();
	if (is_passing(err))
		return capture_obstacle_set(why, err, give_more,
					    "BPF programs cannot be loaded (%s)", strerror(-err));
	if (err == -ENOSYS)
		return capture_obstacle_set(why, err, "use a kernel with CONFIG_BPF_SYSCALL=y",
					    "this kernel has no bpf(2)");
	/*
	 * The one thing that needs it: libbpf 1.1 looks for bpf_preempt_disable(), which came with
	 * Linux 6.10, in the BTF of all modules, where it is not in the kernel's.
	 */
	if (err == -EINVAL && bpf && perfmon && !may_all)
		return capture_obstacle_set(
			why, -EPERM, "run nisvd as root, or with CAP_SYS_ADMIN as well",
			"no permission: CAP_SYS_ADMIN is missing, which kernels before Linux 6.10 "
			"want of libbpf");
	if (!bpf || !perfmon)
		return capture_obstacle_set(why, -EPERM, be_root, "no permission: %s%s%s missing",
					    bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ",
					    perfmon ? (bpf ? "" : " is")
					    : bpf   ? "CAP_PERFMON is"
						    : "CAP_PERFMON are");
	if (err != -EPERM && err != -EACCES)
		return capture_obstacle_set(why, err, report_program,
					    "BPF programs cannot be loaded (%s)", strerror(-err));
	if (in_user_namespace())
		return capture_obstacle_set(
			why, err, "run nisvd on the host itself, not in a user namespace",
			"no permission: root of a user namespace may not load these programs");
	if (counts_as_locked(&limit))
		return capture_obstacle_set(
			why, err, "set LimitMEMLOCK=infinity in its unit, or ulimit -l unlimited",
			"no permission: RLIMIT_MEMLOCK is %llu KiB, too little for the BPF maps",
			(unsigned long long)limit.rlim_cur >> 10);
	return capture_obstacle_set(why, err,
				    "let nisvd call bpf(2): look for a seccomp filter of its "
				    "container or unit, or a rule of a security module",
				    "no permission: bpf(2) is refused, with all capabilities");
}

int capture_obstacle_of_attaching(struct capture_obstacle *why, int err)
{
	return capture_obstacle_set(
		why, err,
		is_passing(err) ? give_more
				: "please report this, with what nisvd --verbose prints",
		"attaching failed: %s", strerror(-err));
}

int capture_obstacle_of_permission(struct capture_obstacle *why, int err, bool is_kprobe)
{
	if (!is_kprobe)
		return capture_obstacle_set(why, err, be_root, "no permission");
	if (has_capability(CAP_SYS_ADMIN))
		return capture_obstacle_set(
			why, err, leave_lockdown,
			"no permission: this kernel refuses kprobes to root, as "
			"kernel lockdown does");
	return capture_obstacle_set(why, err,
				    "run nisvd with CAP_SYS_ADMIN, or with CAP_PERFMON and "
				    "kernel.perf_event_paranoid=2",
				    "no permission: CAP_SYS_ADMIN is missing");
}

/* ---- a program ---- */

int capture_obstacle_of_layout(struct capture_obstacle *why, int err, const char *kind,
			       const char *type, const char *member)
{
	if (!*member)
		return capture_obstacle_set(
			why, err, report_layout,
			"this kernel has no %s %s: nisvd does not know this layout", kind, type);
	return capture_obstacle_set(
		why, err, report_layout,
		"this kernel's %s %s has no %s %s: nisvd does not know this layout", kind, type,
		strcmp(kind, "enum") ? "member" : "value", member);
}

/* libbpf's words, such as "<byte_off> [25] struct kvm_io_bus.dev_count (0:0 @ offset 0)", where
 * the name of a type may end in a flavour of ours, ___v510. */
static bool explain_layout(struct capture_obstacle *why, int err, const char *log)
{
	static const char marker[] = "failed to resolve CO-RE relocation ";
	const char *at = strstr(log, marker);
	char kind[16], name[96], *member, *flavour;
	size_t n;

	if (!at || sscanf(at + strlen(marker), "<%*[^>]> [%*u] %15s %95[^ (\n]", kind, name) != 2)
		return false;
	n = strcspn(name, ".:");
	member = name + n + strspn(name + n, ".:");
	name[n] = '\0';
	flavour = strstr(name, "___");
	if (flavour)
		*flavour = '\0';
	capture_obstacle_of_layout(why, err, kind, name, member);
	return true;
}

/* The verifier's last words before its statistics. */
static const char *last_words(char *log)
{
	const char *last = "";
	char *line;

	while ((line = strsep(&log, "\n")))
		if (*line && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11))
			last = line;
	return last;
}

enum capture_refusal capture_obstacle_of_program(struct capture_obstacle *why, int err, char *log)
{
	const char *words;

	if (explain_layout(why, err, log))
		return CAPTURE_REFUSED_LAYOUT;
	if (is_passing(err)) {
		capture_obstacle_of_load(why, err);
		return CAPTURE_REFUSED_FOR_NOW;
	}
	words = last_words(log);
	/*
	 * "unknown func bpf_probe_read#4", and since Linux 6.13 "program of this type cannot use
	 * helper bpf_probe_read#4": with CAP_PERFMON it is lockdown that leaves it out
	 * (bpf_tracing_func_proto()), and libbpf takes the old name where the new one is absent.
	 */
	if (strstr(words, "bpf_probe_read#") || strstr(words, "bpf_probe_read_kernel#")) {
		capture_obstacle_set(why, -EPERM, leave_lockdown,
				     "kernel lockdown (confidentiality) forbids BPF to read kernel "
				     "memory");
		return CAPTURE_REFUSED_LOCKDOWN;
	}
	capture_obstacle_set(why, err, report_program, "this kernel refuses the program: %s",
			     words);
	return CAPTURE_REFUSED_PROGRAM;
}
