/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A System.map, or a copy of /proc/kallsyms: symbols_read(), symbols_slide(), symbols_at(). An
 * input begins with a VBAR_EL1 and an address.
 */
#include "cli/symbols.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct options options = {.socket = "", .json = JSON_OFF};
	struct input input = {data, size};
	uint64_t vbar, address, slide = 0;
	char buf[SYMBOLS_TEXT_MAX];
	struct symbols *symbols;
	const char *text;

	be_quiet();
	input_take(&input, &vbar, sizeof(vbar));
	input_take(&input, &address, sizeof(address));
	if (symbols_read(&options, input_path(input.data, input.size), &symbols) != NISV_EXIT_OK)
		return 0;
	symbols_slide(symbols, vbar, &slide);
	for (int is_return = 0; is_return < 2; is_return++) {
		text = symbols_at(symbols, slide, address, is_return, buf);
		if (text)
			must_be_printable(text, SYMBOLS_TEXT_MAX);
	}
	symbols_free(symbols);
	return 0;
}
