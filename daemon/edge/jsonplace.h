/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_JSONPLACE_H
#define NISVD_JSONPLACE_H

/*
 * Where in a JSON text something is, for messages about files that people write: json-c forgets the
 * places of what it has read. Works on text that json-c took in its strict mode; on any other text
 * it ends at the end of the text, with a place that means nothing.
 */

#include <stdbool.h>
#include <stddef.h>

/* A key of the document's object, or of an object in a list that is one of its members. */
struct jsonplace_key {
	size_t element;	  /* 1, 2, ...: in this object of the list; 0: of the document itself */
	const char *text; /* as written, not unescaped */
	size_t len;
	size_t offset; /* of its opening quote */
};

/* Calls @each for every key in the order of the text, those in lists only for the list @list, until
 * @each returns false. */
void jsonplace_keys(const char *text, size_t len, const char *list,
		    bool (*each)(const struct jsonplace_key *key, void *userdata), void *userdata);

/*
 * Offset of the key @name in the @element-th object of @list (or of the document, @element 0);
 * where there is no such key, of the object's brace. @name may be NULL: of the brace.
 */
size_t jsonplace_find(const char *text, size_t len, const char *list, size_t element,
		      const char *name);

/* Line and column, both from 1; columns are bytes. */
void jsonplace_line(const char *text, size_t offset, size_t *ret_line, size_t *ret_column);

#endif
