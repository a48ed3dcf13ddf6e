/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry of the journal, whose fields anyone may write: history_entry(). An input is its fields,
 * each after its length in two bytes; in place of libsystemd they are handed out here.
 */
#include <json-c/json.h>
#include <systemd/sd-journal.h>

#include "cli/history.h"
#include "cli/reply.h"
#include "fuzz.h"

static struct input whole, rest;

void sd_journal_restart_data(sd_journal *journal)
{
	(void)journal;
	rest = whole;
}

/* libsystemd's name for SD_JOURNAL_FOREACH_DATA(). */
int sd_journal_enumerate_available_data(sd_journal *journal, const void **data, size_t *length)
{
	static void *field;
	uint16_t n;

	(void)journal;
	free(field);
	field = NULL;
	if (!rest.size)
		return 0;
	input_take(&rest, &n, sizeof(n));
	if (n > rest.size)
		n = (uint16_t)rest.size;
	/* Not terminated: what is read past its end is seen. */
	field = malloc(n ? n : 1);
	MUST(field);
	input_take(&rest, field, n);
	*data = field;
	*length = n;
	return 1;
}

int sd_journal_get_realtime_usec(sd_journal *journal, uint64_t *ret)
{
	struct input input = whole;

	(void)journal;
	input_take(&input, ret, sizeof(*ret));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *entry, *again;
	char *text = NULL;
	size_t len;
	FILE *out;

	whole = rest = (struct input){data, size};
	entry = history_entry(NULL);
	MUST(json_object_is_type(entry, json_type_object));
	out = open_memstream(&text, &len);
	MUST(out);
	reply_print(out, JSON_SHORT, entry);
	fclose(out);
	again = json_tokener_parse(text);
	MUST(json_object_is_type(again, json_type_object));
	json_object_put(again);
	json_object_put(entry);
	free(text);
	return 0;
}
