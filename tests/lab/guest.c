/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Written by tests/lab/initramfs.sh: "daemon" or "bare", the module to load, which may be empty,
 * then COMMAND and its arguments, each ended by NUL. */
#define RUN_FILE       "/lab/run"
#define RUN_SIZE_MAX   (1024 * 1024)
#define RUN_ARGS_MAX   4096
#define NOTIFY_PATH    "/run/lab/notify"
#define DAEMON_LOG     "/var/log/nisvd.log"
#define DAEMON_LOG_MAX (8 * 1024 * 1024) /* the file is in the guest's memory */

struct run {
	int daemon;
	const char *module;
	const char *argv[RUN_ARGS_MAX + 1];
};

struct guest {
	int channel;
	int signals; /* signalfd for SIGCHLD */
	int notify;  /* nisvd's sd_notify socket, or -1 */
	int out[2], err[2], log[2];
	int log_file;	 /* nisvd's log once more, for COMMAND to read; or -1 */
	size_t log_size; /* bytes in it */
	int ready;	 /* READY=1 was seen */
	pid_t daemon;	 /* 0 when there is none (any more) */
	int daemon_status;
	pid_t command;
	int command_status;
};

static void __attribute__((noreturn)) power_off(int channel)
{
	if (channel >= 0)
		tcdrain(channel);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* For what goes wrong before there is a channel: the console shows it, and the host prints the
 * console's tail. */
static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	fputs("labinit: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	power_off(STDERR_FILENO);
}

static void send_frame(struct guest *g, enum frame_type type, const void *payload, size_t size)
{
	int r = frame_send(g->channel, type, payload, size);

	if (r < 0)
		die("cannot write to the channel: %s", strerror(-r));
}

static void send_text(struct guest *g, enum frame_type type, const char *text)
{
	send_frame(g, type, text, strlen(text));
}

static void send_byte(struct guest *g, enum frame_type type, uint8_t byte)
{
	send_frame(g, type, &byte, 1);
}

/* Reads RUN_FILE. Its strings stay allocated: they are the arguments of COMMAND. */
static void load_run(struct run *run)
{
	char *text = malloc(RUN_SIZE_MAX), *end;
	FILE *file = fopen(RUN_FILE, "re");
	size_t size, count = 0;

	if (!file || !text)
		die("cannot read " RUN_FILE ": %s", strerror(errno));
	size = fread(text, 1, RUN_SIZE_MAX, file);
	fclose(file);
	if (!size || size == RUN_SIZE_MAX || text[size - 1])
		die(RUN_FILE " is empty, cut or longer than %d bytes", RUN_SIZE_MAX);
	end = text + size;
	run->daemon = !strcmp(text, "daemon");
	text += strlen(text) + 1;
	run->module = text < end ? text : "";
	text += strlen(run->module) + 1;
	for (; text < end && count < RUN_ARGS_MAX; text += strlen(text) + 1)
		run->argv[count++] = text;
	if (!count || text < end)
		die(RUN_FILE " has no command, or one of more than %d arguments", RUN_ARGS_MAX);
}

/* Everything else is in the initramfs; busybox's own names are not, as only busybox knows them. */
static void install_applets(void)
{
	static const char *const argv[] = {"/bin/busybox", "--install", "-s", "/bin", NULL};
	const struct guest_child child = {argv, STDOUT_FILENO, STDERR_FILENO, NULL};
	pid_t pid = guest_spawn(&child);
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		die("cannot install busybox");
}

/* What it needs is loaded first: tests/lab/modules.sh has written how they depend on each other. */
static bool load_module(struct guest *g, const char *module)
{
	const char *const argv[] = {"modprobe", module, NULL};
	const struct guest_child child = {argv, STDOUT_FILENO, STDERR_FILENO, NULL};
	pid_t pid = guest_spawn(&child);
	int status = 0;
	char text[128];

	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		return true;
	snprintf(text, sizeof(text), "cannot load the module %s; --verbose shows why", module);
	send_text(g, FRAME_NOTE, text);
	return false;
}

static void keep_vm(void)
{
	int r = guest_vm_keep();

	/* -ENOENT: KVM is a module that is not loaded, as a test asked for. */
	if (r < 0 && r != -ENOENT)
		fprintf(stderr, "labinit: no VM to keep: %s\n", strerror(-r));
}

static int listen_notify(void)
{
	const struct sockaddr_un address = {AF_UNIX, NOTIFY_PATH};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		die("cannot listen on " NOTIFY_PATH ": %s", strerror(errno));
	return fd;
}

static void keep_log(struct guest *g, const char *bytes, size_t size)
{
	if (g->log_file < 0)
		return;
	g->log_size += size;
	if (g->log_size <= DAEMON_LOG_MAX && write(g->log_file, bytes, size) == (ssize_t)size)
		return;
	send_text(g, FRAME_NOTE, "nisvd logs too much: " DAEMON_LOG " in the guest is cut");
	close(g->log_file);
	g->log_file = -1;
}

/* Sends what is in the pipe @fd, at most one payload. Returns the bytes sent; 0 when it is empty or
 * closed. */
static size_t forward(struct guest *g, int fd, enum frame_type type)
{
	char buffer[FRAME_PAYLOAD_MAX];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n <= 0)
		return 0;
	send_frame(g, type, buffer, n);
	if (type == FRAME_LOG)
		keep_log(g, buffer, n);
	return n;
}

static void drain(struct guest *g)
{
	while (forward(g, g->log[0], FRAME_LOG))
		;
	while (forward(g, g->out[0], FRAME_OUT))
		;
	while (forward(g, g->err[0], FRAME_ERR))
		;
}

static void take_notification(struct guest *g)
{
	char buffer[4096], *save, *line;
	ssize_t n = recv(g->notify, buffer, sizeof(buffer) - 1, 0);

	if (n <= 0)
		return;
	buffer[n] = '\0';
	for (line = strtok_r(buffer, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strcmp(line, "READY=1"))
			g->ready = 1;
}

static void reap(struct guest *g)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(g->signals, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == g->daemon) {
			g->daemon = 0;
			g->daemon_status = status;
		} else if (pid == g->command) {
			g->command = 0;
			g->command_status = status;
		}
	}
}

/* Waits for the next event and handles it. */
static void step(struct guest *g)
{
	struct pollfd fds[] = {
		{.fd = g->signals, .events = POLLIN}, {.fd = g->notify, .events = POLLIN},
		{.fd = g->log[0], .events = POLLIN},  {.fd = g->out[0], .events = POLLIN},
		{.fd = g->err[0], .events = POLLIN},
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0)
		return;
	if (fds[0].revents)
		reap(g);
	if (fds[1].revents)
		take_notification(g);
	if (fds[2].revents)
		forward(g, g->log[0], FRAME_LOG);
	if (fds[3].revents)
		forward(g, g->out[0], FRAME_OUT);
	if (fds[4].revents)
		forward(g, g->err[0], FRAME_ERR);
}

static void describe_end(char *buffer, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(buffer, size, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(buffer, size, "exited with status %d", WEXITSTATUS(status));
}

static void start_daemon(struct guest *g)
{
	static const char *const argv[] = {"nisvd", NULL};
	const struct guest_child child = {argv, g->log[1], g->log[1], NOTIFY_PATH};
	char end[64], text[128];

	send_byte(g, FRAME_STAGE, STAGE_DAEMON);
	g->log_file = open(DAEMON_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	g->daemon = guest_spawn(&child);
	if (g->daemon < 0)
		die("cannot fork nisvd: %s", strerror(-g->daemon));
	while (g->daemon && !g->ready)
		step(g);
	if (g->ready)
		return;
	drain(g);
	describe_end(end, sizeof(end), g->daemon_status);
	snprintf(text, sizeof(text), "nisvd %s before it was ready", end);
	send_text(g, FRAME_FAILED, text);
	power_off(g->channel);
}

/* A service is ready when starting it is over: it is of Type=notify. */
static void await_service(struct guest *g)
{
	static const char *const argv[] = {"sh", "-c",
					   "systemctl start nisvd.service || "
					   "{ journalctl -o cat -u nisvd.service; exit 1; }",
					   NULL};
	const struct guest_child child = {argv, g->log[1], g->log[1], NULL};

	send_byte(g, FRAME_STAGE, STAGE_DAEMON);
	g->command = guest_spawn(&child);
	if (g->command < 0)
		die("cannot fork systemctl: %s", strerror(-g->command));
	while (g->command)
		step(g);
	drain(g);
	if (!g->command_status)
		return;
	send_text(g, FRAME_FAILED, "nisvd.service did not start");
	power_off(g->channel);
}

/* A nisvd that ends by itself under COMMAND is a crash; one that COMMAND ended is COMMAND's
 * business. */
static void report_daemon_end(struct guest *g)
{
	char end[64], text[128];
	int sig = WIFSIGNALED(g->daemon_status) ? WTERMSIG(g->daemon_status) : 0;

	if (!g->daemon_status || sig == SIGTERM || sig == SIGKILL || sig == SIGINT)
		return;
	describe_end(end, sizeof(end), g->daemon_status);
	snprintf(text, sizeof(text), "nisvd %s while COMMAND ran; its log is shown by --verbose",
		 end);
	send_text(g, FRAME_NOTE, text);
}

static void run_command(struct guest *g, const struct run *run)
{
	const struct guest_child child = {run->argv, g->out[1], g->err[1], NULL};
	int had_daemon = g->daemon != 0, status;

	send_byte(g, FRAME_STAGE, STAGE_COMMAND);
	g->command = guest_spawn(&child);
	if (g->command < 0)
		die("cannot fork COMMAND: %s", strerror(-g->command));
	while (g->command)
		step(g);
	drain(g);
	if (had_daemon && !g->daemon)
		report_daemon_end(g);
	status = g->command_status;
	send_byte(g, FRAME_EXIT,
		  WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Our ends do not block: a pipe is read until it is empty, whoever else still holds its other end.
 */
static void open_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) || fcntl(ends[0], F_SETFL, O_NONBLOCK))
		die("cannot create a pipe: %s", strerror(errno));
}

int guest_main(enum guest_role role)
{
	static struct run run;
	struct guest g = {.notify = -1, .log_file = -1};
	sigset_t child;

	if (role == GUEST_INIT)
		guest_mount();
	load_run(&run);
	g.channel = guest_channel_open();
	if (g.channel < 0)
		die("no serial port on PCI: the kernel needs CONFIG_SERIAL_8250_PCI=y, and on "
		    "arm64 CONFIG_PCI_HOST_GENERIC=y");
	send_text(&g, FRAME_HELLO, FRAME_HELLO_TEXT);
	if (role == GUEST_INIT)
		install_applets();
	if (!*run.module || load_module(&g, run.module))
		keep_vm();

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	g.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	open_pipe(g.out);
	open_pipe(g.err);
	open_pipe(g.log);
	if (run.daemon && role == GUEST_SERVICE) {
		await_service(&g);
	} else if (run.daemon) {
		g.notify = listen_notify();
		start_daemon(&g);
	}
	run_command(&g, &run);
	power_off(g.channel);
}
