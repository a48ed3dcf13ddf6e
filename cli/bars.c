/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bars.h"

#include <string.h>

enum bar bar_of_class(const char *class)
{
	static const struct {
		const char *class;
		enum bar bar;
	} classes[] = {{"ram", BAR_RAM}, {"rom", BAR_ROM}, {"hole", BAR_HOLE}};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(class, classes[i].class) == 0)
			return classes[i].bar;
	return BAR_DEVICE;
}

/* With a linear part: exact enough for a bar, and no mathematics library for it. */
static double log2_of(uint64_t bytes)
{
	unsigned int whole = bytes ? 63 - (unsigned int)__builtin_clzll(bytes) : 0;

	return bytes ? whole + (double)bytes / (double)(1ULL << whole) - 1 : 0;
}

void bar_scale_add(struct bar_scale *scale, enum bar bar, uint64_t bytes)
{
	double size = log2_of(bytes);

	if (!scale->of[bar].any || size < scale->of[bar].low)
		scale->of[bar].low = size;
	if (!scale->of[bar].any || size > scale->of[bar].high)
		scale->of[bar].high = size;
	scale->of[bar].any = true;
}

size_t bar_length(const struct bar_scale *scale, enum bar bar, uint64_t bytes)
{
	double low = scale->of[bar].low, range = scale->of[bar].high - low;
	double least = (double)scale->columns / 4, share = 1;
	size_t length;

	if (range > 0)
		share = (log2_of(bytes) - low) / range;
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	length = (size_t)(least + share * ((double)scale->columns - least) + 0.5);
	return length ? length : 1;
}

size_t bar_position(uint64_t offset, uint64_t bytes, size_t length)
{
	__extension__ typedef unsigned __int128 wide;

	if (offset >= bytes)
		return length - 1;
	return (size_t)((wide)offset * length / bytes);
}

const char *bar_glyph(const struct term *term, enum bar bar)
{
	switch (bar) {
	case BAR_RAM:
		return term_glyph(term, "█", "#");
	case BAR_ROM:
		return term_glyph(term, "▓", "%");
	case BAR_DEVICE:
		return term_glyph(term, "▒", "+");
	case BAR_MISSING:
		return term_glyph(term, "░", "?");
	case BAR_HOLE:
	case _BAR_MAX:
		break;
	}
	return term_glyph(term, "·", ".");
}

enum colour bar_colour(enum bar bar)
{
	switch (bar) {
	case BAR_RAM:
		return COLOUR_GREEN;
	case BAR_ROM:
		return COLOUR_YELLOW;
	case BAR_DEVICE:
		return COLOUR_BLUE;
	case BAR_MISSING:
		return COLOUR_RED;
	case BAR_HOLE:
	case _BAR_MAX:
		break;
	}
	return COLOUR_DIM;
}

const char *bar_name(enum bar bar)
{
	static const char *const names[_BAR_MAX] = {
		[BAR_RAM] = "RAM",   [BAR_ROM] = "ROM",		  [BAR_DEVICE] = "device",
		[BAR_HOLE] = "hole", [BAR_MISSING] = "not there",
	};

	return names[bar];
}
