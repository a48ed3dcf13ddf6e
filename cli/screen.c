/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* Control sequences of xterm and all that follow it: ctlseqs(ms), DECSET 1049 and 25. */
#define ENTER	    "\033[?1049h\033[?25l\033[H\033[2J"
#define LEAVE	    "\033[?25h\033[?1049l"
#define HOME	    "\033[H"
#define CLEAR_LINE  "\033[K"
#define CLEAR_BELOW "\033[J"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

static struct termios original, ours;
static volatile sig_atomic_t taken;
static int size_fd = -1, wait_fd = -1;

bool screen_is_there(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && kind && *kind &&
	       strcmp(kind, "dumb") != 0;
}

/* All of write(2), tcsetattr(3), sigaction(2), raise(3) may be called in a signal handler. */
static void say(const char *sequence, size_t len)
{
	int saved = errno;
	ssize_t n = write(STDOUT_FILENO, sequence, len);

	(void)n; /* a terminal that is gone needs nothing */
	errno = saved;
}

static void take(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
	say(ENTER, sizeof(ENTER) - 1);
}

static void give_back(void)
{
	say(LEAVE, sizeof(LEAVE) - 1);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &original);
}

void screen_leave(void)
{
	if (!taken)
		return;
	taken = 0;
	give_back();
}

/* The signal comes again when the handler returns, and does what it does. */
static void on_end(int number)
{
	screen_leave();
	signal(number, SIG_DFL);
	raise(number);
}

static void on_stop(int number)
{
	(void)number;
	if (taken)
		give_back();
	raise(SIGSTOP);
	if (!taken)
		return;
	take();
	raise(SIGWINCH); /* all is to be drawn again */
}

static bool watch(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(wait_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_events(void)
{
	sigset_t size;

	sigemptyset(&size);
	sigaddset(&size, SIGWINCH);
	sigprocmask(SIG_BLOCK, &size, NULL);
	size_fd = signalfd(-1, &size, SFD_CLOEXEC | SFD_NONBLOCK);
	wait_fd = epoll_create1(EPOLL_CLOEXEC);
	return size_fd >= 0 && wait_fd >= 0 && watch(size_fd) && watch(STDIN_FILENO);
}

bool screen_enter(void)
{
	struct sigaction end = {.sa_handler = on_end}, stop = {.sa_handler = on_stop};

	if (taken)
		return true;
	if (!open_events() || tcgetattr(STDIN_FILENO, &original) < 0)
		return false;
	ours = original;
	ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	ours.c_cc[VMIN] = 1;
	ours.c_cc[VTIME] = 0;
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaction(ending[i], &end, NULL);
	sigaction(SIGTSTP, &stop, NULL);
	atexit(screen_leave);
	taken = 1;
	take();
	return true;
}

bool screen_draw(const char *text, size_t height)
{
	fputs(HOME, stdout);
	for (size_t line = 0; line < height && *text; line++) {
		size_t len = strcspn(text, "\n");

		if (line)
			fputs("\n", stdout);
		fwrite(text, 1, len, stdout);
		fputs(CLEAR_LINE, stdout);
		text += len;
		text += *text == '\n';
	}
	fputs(CLEAR_BELOW, stdout);
	return fflush(stdout) == 0;
}

/* Is q among the keys that were pressed? Also true at the end of a terminal that is gone. */
static bool read_keys(void)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n < 0)
		return errno != EINTR && errno != EAGAIN;
	return n == 0 || memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n);
}

static bool size_changed(void)
{
	struct signalfd_siginfo info;
	bool changed = false;

	while (read(size_fd, &info, sizeof(info)) == sizeof(info))
		changed = true;
	return changed;
}

enum screen_event screen_wait(int ms)
{
	struct epoll_event event;
	int n = epoll_wait(wait_fd, &event, 1, ms);

	if (n <= 0)
		return n < 0 ? SCREEN_DRAW : SCREEN_TIME;
	if (event.data.fd == size_fd)
		return size_changed() ? SCREEN_DRAW : SCREEN_TIME;
	return read_keys() ? SCREEN_QUIT : SCREEN_DRAW;
}

int screen_fd(void)
{
	return taken ? wait_fd : -1;
}
