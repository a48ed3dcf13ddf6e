/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_SCREEN_H
#define NISVCTL_SCREEN_H

/*
 * The whole terminal, for what is drawn again and again: its alternate screen, without a cursor,
 * where keys come without Enter. The terminal is one, so there is no handle. Every way out gives it
 * back as it was: screen_leave(), the end of the process, a signal that ends or stops it.
 */

#include <stdbool.h>
#include <stddef.h>

/* Is it a terminal on both sides that knows how? */
bool screen_is_there(void);

/* Takes the terminal. False where it cannot be had. */
bool screen_enter(void);

/* Gives it back; nothing where it was not taken. */
void screen_leave(void);

/* Draws @text from the top, as many lines as there are; what was there goes. False: nobody sees it.
 */
bool screen_draw(const char *text, size_t height);

enum screen_event {
	SCREEN_TIME, /* the time is up */
	SCREEN_DRAW, /* the terminal has another size, or was ours to draw on again after a stop */
	SCREEN_QUIT, /* q was pressed, or the terminal is gone */
};

/* Waits @ms milliseconds at most. */
enum screen_event screen_wait(int ms);

/* A file descriptor that is readable when screen_wait() would not wait; -1 without a screen. */
int screen_fd(void);

#endif
