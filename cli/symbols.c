/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/symbols.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A distribution's kernel has 200,000 symbols in 10 MiB. */
#define FILE_MAX    (64U * 1024 * 1024)
#define SYMBOLS_MAX (2U * 1024 * 1024)
#define NAME_BYTES  512 /* KSYM_NAME_LEN since Linux 6.1 */
#define MODULE_MAX  64	/* MODULE_NAME_LEN */
#define READ_CHUNK  (1U << 20)

/* No function is so long: what is farther from a symbol is past the end of what the file knows. */
#define FUNCTION_MAX (256U << 10)

#define PAGE_BYTES    4096U
#define IMAGE_ALIGN   65536U /* EFI_KIMG_ALIGN, see symbols.h */
#define VECTORS_BYTES 2048U  /* Arm ARM DDI 0487, VBAR_EL1: bits 10 to 0 are RES0 */
#define HARDENED_MAX  4 /* enum arm64_bp_harden_el1_vectors, arch/arm64/include/asm/vectors.h */

struct symbol {
	uint64_t address;
	const char *name;   /* in the text */
	const char *module; /* in the text, without brackets, or NULL */
	char type;
};

struct symbols {
	const char *path; /* borrowed from the options */
	char *text;	  /* owned; lines become strings */
	size_t len, size;
	struct symbol *list; /* owned; ascending by address, functions before others of the same */
	size_t n, capacity;
	const struct symbol *vectors, *hardened; /* NULL: not in it */
};

/* ---- the file ------------------------------------------------------------------------------- */

static int unreadable(const struct options *options, const char *path, int error)
{
	return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
			    "cannot read the symbols %s: %s", path, strerror(error));
}

static int grow(struct symbols *symbols)
{
	char *text;

	if (symbols->size - symbols->len > READ_CHUNK)
		return 0;
	text = realloc(symbols->text, 2 * symbols->size + 2 * READ_CHUNK);
	if (!text)
		return -ENOMEM;
	symbols->text = text;
	symbols->size = 2 * symbols->size + 2 * READ_CHUNK;
	return 0;
}

/* All of it: a file below /proc does not tell its size, and a pipe has none. */
static int read_all(const struct options *options, struct symbols *symbols)
{
	int fd = open(symbols->path, O_RDONLY | O_CLOEXEC), error = fd < 0 ? errno : 0;
	ssize_t n = 1;

	while (!error && n && symbols->len <= FILE_MAX) {
		error = -grow(symbols);
		n = error ? 0 : read(fd, symbols->text + symbols->len, READ_CHUNK);
		if (n < 0 && errno != EINTR)
			error = errno;
		symbols->len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (error)
		return unreadable(options, symbols->path, error);
	if (symbols->len > FILE_MAX)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				    "%s is larger than %u MiB: is it a System.map?", symbols->path,
				    FILE_MAX >> 20);
	symbols->text[symbols->len] = '\0';
	return NISV_EXIT_OK;
}

/* ---- its lines ------------------------------------------------------------------------------ */

static char *skip_blanks(char *text)
{
	return text + strspn(text, " \t");
}

/* The end of a word of printable ASCII, at most @max bytes of it; NULL if it is none. */
static char *word_end(char *text, size_t max)
{
	char *end = text;

	while (*end > ' ' && *end <= '~')
		end++;
	return end > text && (size_t)(end - text) < max && (!*end || *end == ' ' || *end == '\t')
		       ? end
		       : NULL;
}

/* "[module]", if it is there; false if something else is. */
static bool parse_module(char *text, struct symbol *ret)
{
	char *end;

	ret->module = NULL;
	if (!*text)
		return true;
	end = *text == '[' ? word_end(text, MODULE_MAX + 2) : NULL;
	if (!end || end - text < 3 || end[-1] != ']' || *skip_blanks(end))
		return false;
	end[-1] = '\0';
	ret->module = text + 1;
	return true;
}

static bool parse_symbol(char *line, struct symbol *ret)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	char *at = skip_blanks(line + digits), *end;

	if (digits == 0 || digits > 16 || at == line + digits)
		return false;
	ret->address = strtoull(line, NULL, 16);
	if (!isalpha((unsigned char)*at) || (at[1] != ' ' && at[1] != '\t'))
		return false;
	ret->type = *at;
	at = skip_blanks(at + 1);
	end = word_end(at, NAME_BYTES);
	if (!end)
		return false;
	ret->name = at;
	at = skip_blanks(end);
	*end = '\0';
	return parse_module(at, ret);
}

/* Absolute ones are numbers and no addresses; the rest are marks of the assembler. */
static bool is_wanted(const struct symbol *symbol)
{
	return toupper((unsigned char)symbol->type) != 'A' && symbol->name[0] != '$' &&
	       strncmp(symbol->name, ".L", 2) != 0;
}

static bool is_function(const struct symbol *symbol)
{
	return strchr("tTwWi", symbol->type) != NULL;
}

static int add(struct symbols *symbols, const struct symbol *symbol)
{
	size_t capacity = symbols->capacity ? 2 * symbols->capacity : 65536;
	struct symbol *list;

	if (symbols->n >= SYMBOLS_MAX)
		return -ENOSPC;
	if (symbols->n == symbols->capacity) {
		list = reallocarray(symbols->list, capacity, sizeof(*list));
		if (!list)
			return -ENOMEM;
		symbols->list = list;
		symbols->capacity = capacity;
	}
	symbols->list[symbols->n++] = *symbol;
	return 0;
}

static int parse_lines(const struct options *options, struct symbols *symbols)
{
	char *end = symbols->text + symbols->len, *next;
	size_t number = 1;

	for (char *line = symbols->text; line < end; line = next, number++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		struct symbol symbol;
		int r = 0;

		next = newline ? newline + 1 : end;
		if (newline)
			*newline = '\0';
		if (!*skip_blanks(line) && line + strlen(line) + 1 >= next)
			continue;
		if (line + strlen(line) + 1 < next || !parse_symbol(line, &symbol))
			return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
					    "%s, line %zu: expected ADDRESS TYPE NAME, as a "
					    "System.map and /proc/kallsyms have them",
					    symbols->path, number);
		if (is_wanted(&symbol))
			r = add(symbols, &symbol);
		if (r == -ENOSPC)
			return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
					    "%s has more than %u symbols", symbols->path,
					    SYMBOLS_MAX);
		if (r < 0)
			return unreadable(options, symbols->path, -r);
	}
	return NISV_EXIT_OK;
}

/* ---- what is looked up ---------------------------------------------------------------------- */

/* Functions first, of these global ones; else as in the file, whose order is that of the list. */
static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	int c;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	c = is_function(y) - is_function(x);
	if (!c)
		c = (isupper((unsigned char)y->type) != 0) - (isupper((unsigned char)x->type) != 0);
	if (c)
		return c;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int prepare(const struct options *options, struct symbols *symbols)
{
	bool has_function = false, has_address = false;

	if (symbols->n)
		qsort(symbols->list, symbols->n, sizeof(*symbols->list), by_address);
	for (size_t i = 0; i < symbols->n; i++) {
		const struct symbol *symbol = &symbols->list[i];

		has_function = has_function || is_function(symbol);
		has_address = has_address || symbol->address;
		if (symbol->module)
			continue;
		if (strcmp(symbol->name, "vectors") == 0)
			symbols->vectors = symbol;
		else if (strcmp(symbol->name, "__bp_harden_el1_vectors") == 0)
			symbols->hardened = symbol;
	}
	if (!has_function)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				    "%s has no function in it: is it the guest's System.map?",
				    symbols->path);
	if (!has_address)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				    "every address in %s is 0: /proc/kallsyms shows them to root "
				    "only (kernel.kptr_restrict)",
				    symbols->path);
	return NISV_EXIT_OK;
}

int symbols_read(const struct options *options, const char *path, struct symbols **ret)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	int status;

	if (!symbols)
		return unreadable(options, path, ENOMEM);
	symbols->path = path;
	status = read_all(options, symbols);
	if (status == NISV_EXIT_OK)
		status = parse_lines(options, symbols);
	if (status == NISV_EXIT_OK)
		status = prepare(options, symbols);
	if (status != NISV_EXIT_OK) {
		symbols_free(symbols);
		return status;
	}
	*ret = symbols;
	return NISV_EXIT_OK;
}

struct symbols *symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return NULL;
	free(symbols->text);
	free(symbols->list);
	free(symbols);
	return NULL;
}

const char *symbols_path(const struct symbols *symbols)
{
	return symbols->path;
}

/* ---- answers -------------------------------------------------------------------------------- */

bool symbols_slide(const struct symbols *symbols, uint64_t vbar, uint64_t *ret)
{
	uint64_t slide;

	if (!symbols->vectors)
		return false;
	slide = vbar - symbols->vectors->address;
	if (slide % IMAGE_ALIGN == 0) {
		*ret = slide;
		return true;
	}
	for (uint64_t i = 0; symbols->hardened && i < HARDENED_MAX; i++) {
		uint64_t hardened = vbar - symbols->hardened->address - i * VECTORS_BYTES;

		if (hardened % IMAGE_ALIGN == 0) {
			*ret = hardened;
			return true;
		}
	}
	if (slide % PAGE_BYTES != 0)
		return false;
	*ret = slide;
	return true;
}

/* The first one at the highest address that is not above @address, or NULL. */
static const struct symbol *find(const struct symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	while (--low && symbols->list[low - 1].address == symbols->list[low].address)
		;
	return &symbols->list[low];
}

const char *symbols_at(const struct symbols *symbols, uint64_t slide, uint64_t address,
		       bool is_return, char buf[SYMBOLS_TEXT_MAX])
{
	uint64_t unslid = address - slide;
	const struct symbol *symbol = find(symbols, is_return ? unslid - 1 : unslid);

	if (!symbol || !is_function(symbol) || unslid - symbol->address > FUNCTION_MAX)
		return NULL;
	snprintf(buf, SYMBOLS_TEXT_MAX, "%s+0x%" PRIx64 "%s%s%s", symbol->name,
		 unslid - symbol->address, symbol->module ? " [" : "",
		 symbol->module ? symbol->module : "", symbol->module ? "]" : "");
	return buf;
}
