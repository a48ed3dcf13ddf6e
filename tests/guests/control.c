/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "fail.h"
#include "options_machine.h"
#include "value.h"

#define MAX_LINE 128

struct control {
	struct vm **vms;
	unsigned int n_vms;
	int in_fd, out_fd; /* out_fd -1: nobody wants to know */
	char line[MAX_LINE];
	size_t length; /* of what has come of the next line */
};

/* For reading and writing: neither side of a FIFO then waits for the other, or sees its end. */
static int file_open(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		fail(EXIT_USAGE, "--control, --acks: cannot open %s: %s", name, strerror(errno));
	return fd;
}

struct control *control_new(struct vm **vms, unsigned int n)
{
	const struct options *o = vms[0]->options;
	struct control *control;

	if (!o->control)
		return NULL;
	control = calloc(1, sizeof(*control));
	if (!control)
		fail(EXIT_SETUP, "out of memory for --control");
	control->vms = vms;
	control->n_vms = n;
	control->in_fd = file_open(o->control, O_NONBLOCK);
	control->out_fd = o->acks ? file_open(o->acks, O_CREAT | O_APPEND) : -1;
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	close(control->in_fd);
	if (control->out_fd >= 0)
		close(control->out_fd);
	free(control);
}

/* The slot that begins at the address which the arguments begin with; *rest is what follows. */
static struct slot *slot_named(struct vm *vm, const char *arguments, const char **rest)
{
	uint64_t address = value_number_prefix(arguments, rest);
	struct slot *slot = vm_slot_find(vm, address);

	if (!slot || slot->option.address != address)
		value_bad(arguments, "the address of a slot");
	return slot;
}

static int slot_move(struct vm *vm, struct slot *slot, uint64_t address)
{
	uint64_t before = slot->option.address;
	int ret;

	slot->option.address = address;
	ret = vm_slot_set(vm, slot, true);
	if (ret < 0)
		slot->option.address = before;
	return ret;
}

static int slot_log(struct vm *vm, struct slot *slot, bool on)
{
	uint32_t before = slot->flags;
	int ret;

	slot->flags &= ~KVM_MEM_LOG_DIRTY_PAGES;
	slot->flags |= on ? KVM_MEM_LOG_DIRTY_PAGES : 0;
	ret = vm_slot_set(vm, slot, true);
	if (ret < 0)
		slot->flags = before;
	return ret;
}

static int command_run(struct vm *vm, const char *verb, size_t length, const char *arguments)
{
	struct slot_option option = {0};
	struct slot *slot;
	const char *rest;

	if (length == 3 && !strncmp(verb, "add", length)) {
		slot_parse(arguments, &option);
		return vm_slot_add(vm, &option, &slot);
	}
	slot = slot_named(vm, arguments, &rest);
	if (length == 4 && !strncmp(verb, "move", length) && *rest == ',')
		return slot_move(vm, slot, value_number(rest + 1, 0, UINT64_MAX));
	if (!*rest && length == 3 && !strncmp(verb, "del", length))
		return vm_slot_remove(vm, slot);
	if (!*rest && length == 3 && !strncmp(verb, "log", length))
		return slot_log(vm, slot, true);
	if (!*rest && length == 5 && !strncmp(verb, "nolog", length))
		return slot_log(vm, slot, false);
	value_bad(verb, "a command");
}

/* The clock that nisvctl shows times in. */
static uint64_t wallclock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* "[VM] VERB ARGUMENTS", carried out and answered. */
static void line_run(struct control *control, const char *line)
{
	uint64_t index = 0, before;
	const char *verb = line;
	size_t length;
	int error;

	value_option_set("control");
	if (isdigit((unsigned char)*verb)) {
		index = value_number_prefix(verb, &verb);
		verb += *verb == ' ';
	}
	length = strcspn(verb, " ");
	if (!verb[length] || index >= control->n_vms)
		value_bad(line, "[VM] COMMAND ARGUMENTS");
	before = wallclock_ns();
	error = -command_run(control->vms[index], verb, length, verb + length + 1);
	if (control->out_fd >= 0 &&
	    dprintf(control->out_fd,
		    "{\"vm\":%" PRIu64 ",\"command\":\"%s\",\"errno\":%d,\"before_ns\":%" PRIu64
		    ",\"after_ns\":%" PRIu64 "}\n",
		    index, verb, error, before, wallclock_ns()) < 0)
		fail(EXIT_USAGE, "--acks: cannot write: %s", strerror(errno));
}

/* Takes what there is to read, and runs the lines that are complete. */
static void input_take(struct control *control)
{
	ssize_t n = read(control->in_fd, control->line + control->length,
			 sizeof(control->line) - control->length);
	char *end;

	if (n <= 0)
		return;
	control->length += n;
	while ((end = memchr(control->line, '\n', control->length))) {
		*end++ = '\0';
		line_run(control, control->line);
		control->length -= end - control->line;
		memmove(control->line, end, control->length);
	}
	if (control->length == sizeof(control->line))
		fail(EXIT_USAGE, "--control: a line has more than %d bytes", MAX_LINE);
}

void control_run(struct control *control, int stop_fd)
{
	struct pollfd fds[] = {
		{.fd = stop_fd, .events = POLLIN},
		{.fd = control->in_fd, .events = POLLIN},
	};

	while (poll(fds, 2, -1) >= 0 && !fds[0].revents)
		input_take(control);
}
