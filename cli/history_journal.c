/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "cli/history.h"
#include "cli/json_make.h"
#include "cli/nearest.h"
#include "include/nisv_journal.h"

/* ---- may we read it? ---- */

struct found {
	size_t files, refused;
};

static void look_at(const char *path, struct found *found)
{
	size_t len = strlen(path);

	if (len < 8 || strcmp(path + len - 8, ".journal") != 0)
		return;
	found->files++;
	found->refused += access(path, R_OK) < 0 && errno == EACCES;
}

/* The journal files in @path and in the folders in it: one for each machine. */
static void look_below(const char *path, bool folders, struct found *found)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char inner[PATH_MAX];

	if (!dir) {
		found->refused += errno == EACCES;
		return;
	}
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || snprintf(inner, sizeof(inner), "%s/%s", path,
						      entry->d_name) >= (int)sizeof(inner))
			continue;
		if (folders && (entry->d_type == DT_DIR || entry->d_type == DT_LNK))
			look_below(inner, false, found);
		else
			look_at(inner, found);
	}
	closedir(dir);
}

/*
 * sd-journal leaves out what it may not read, without a word: findings would be missing, and nobody
 * would know. The journals of users, which have no findings, do not count: theirs can be read by
 * all of them.
 */
static int check_access(const struct options *options, const struct history_query *query)
{
	static const char *const places[] = {"/var/log/journal", "/run/log/journal"};
	struct found found = {};
	char path[PATH_MAX], machine[33];
	sd_id128_t id;

	if (query->directory) {
		look_below(query->directory, true, &found);
	} else {
		bool known = sd_id128_get_machine(&id) >= 0;

		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			snprintf(path, sizeof(path), "%s%s%s", places[i],
				 known && !query->merge ? "/" : "",
				 known && !query->merge ? sd_id128_to_string(id, machine) : "");
			look_below(path, query->merge, &found);
		}
	}
	if (found.refused)
		return error_report(
			options, NISV_EXIT_FAILURE, NULL, NULL,
			"this user may not read all of the journal: use sudo, or join the "
			"group systemd-journal or adm");
	if (query->directory && !found.files)
		return error_report(
			options, NISV_EXIT_FAILURE, NULL, NULL,
			"there is no journal in %s: files *.journal are expected there, or in "
			"the folders in it",
			query->directory);
	return NISV_EXIT_OK;
}

/* ---- which entries ---- */

static int match(sd_journal *journal, const char *field, const char *value)
{
	char *text;
	int len = asprintf(&text, "%s=%s", field, value), r;

	if (len < 0)
		return -ENOMEM;
	r = sd_journal_add_match(journal, text, (size_t)len);
	free(text);
	return r;
}

/* One of several fields has the value. */
static int match_vm(sd_journal *journal, const char *vm)
{
	static const char *const by[] = {NISV_FIELD_VM_NAME, NISV_FIELD_VM, NISV_FIELD_VM_KEY,
					 NISV_FIELD_VM_UUID, "OBJECT_PID"};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(by) / sizeof(by[0]); i++) {
		if (i)
			r = sd_journal_add_disjunction(journal);
		if (r >= 0)
			r = match(journal, by[i], vm);
	}
	return r < 0 ? r : sd_journal_add_conjunction(journal);
}

/*
 * nisvd's own, and no others', by fields that journald itself sets: of the unit, whose processes
 * are nisvd alone, whichever user it has there; or, for a nisvd that was started by hand, of root
 * and by the name of the program. Root alone would not do: there are services of root that let
 * their users choose fields, such as Docker's journald driver with its labels. Nor would nisvd's
 * user: on another host, whose journal this may be, its number is somebody else's.
 */
static int match_nisvd(sd_journal *journal)
{
	int r = match(journal, "_SYSTEMD_UNIT", "nisvd.service");

	if (r >= 0)
		r = sd_journal_add_disjunction(journal);
	if (r >= 0)
		r = match(journal, "_UID", "0");
	if (r >= 0)
		r = match(journal, "_COMM", "nisvd");
	return r < 0 ? r : sd_journal_add_conjunction(journal);
}

static int add_matches(sd_journal *journal, const struct history_query *query)
{
	static const char *const ids[] = {NISV_MSGID_FINDING, NISV_MSGID_OUTCOME, NISV_MSGID_MMIO,
					  NISV_MSGID_STORM, NISV_MSGID_WITHHELD};
	int r = query->vm ? match_vm(journal, query->vm) : 0;

	if (r >= 0)
		r = match_nisvd(journal);
	for (size_t i = 0; r >= 0 && i < sizeof(ids) / sizeof(ids[0]); i++)
		r = match(journal, "MESSAGE_ID", ids[i]);
	if (r >= 0 && query->cause)
		r = match(journal, NISV_FIELD_CAUSE, query->cause);
	if (r >= 0 && query->kind)
		r = match(journal, NISV_FIELD_KIND, query->kind);
	return r;
}

/* ---- reading ---- */

/*
 * 1: @ret is the entry that was written before; 0: there is none any more. They are in the order of
 * writing, which is that of their times only where the clock was never set: one that is too old or
 * too new tells nothing of those before it, so that all of them are looked at.
 */
static int next(sd_journal *journal, const struct history_query *query, struct json_object **ret)
{
	uint64_t usec;
	int r;

	do {
		r = sd_journal_previous(journal);
		if (r > 0)
			r = sd_journal_get_realtime_usec(journal, &usec) < 0 ? -EBADMSG : 1;
	} while (r > 0 && (usec > query->until_usec || usec < query->since_usec));
	if (r <= 0)
		return r;
	*ret = history_entry(journal);
	return 1;
}

static int read_entries(sd_journal *journal, const struct history_query *query,
			struct json_object *list, bool *ret_omitted)
{
	size_t most = query->lines < HISTORY_MAX ? query->lines : HISTORY_MAX;
	struct json_object *entry;
	int r;

	r = sd_journal_seek_tail(journal);
	while (r >= 0 && json_object_array_length(list) < most) {
		r = next(journal, query, &entry);
		if (r <= 0)
			break;
		json_append(list, entry);
	}
	if (r < 0)
		return r;
	/* That -n leaves older ones out is what it is for. */
	*ret_omitted = false;
	if (most == HISTORY_MAX && json_object_array_length(list) == most) {
		r = next(journal, query, &entry);
		*ret_omitted = r > 0;
		if (r > 0)
			json_object_put(entry);
	}
	return r < 0 ? r : 0;
}

static int open_journal(const struct history_query *query, sd_journal **ret)
{
	if (query->directory)
		return sd_journal_open_directory(ret, query->directory, 0);
	return sd_journal_open(ret, query->merge ? 0 : SD_JOURNAL_LOCAL_ONLY);
}

int history_read(const struct options *options, const struct history_query *query,
		 struct json_object **ret, bool *ret_omitted)
{
	struct json_object *list;
	sd_journal *journal;
	int r = open_journal(query, &journal), status;

	if (r < 0)
		return error_report(options, NISV_EXIT_FAILURE, NULL, NULL,
				    "cannot open the journal%s%s: %s",
				    query->directory ? " in " : "",
				    query->directory ? query->directory : "", strerror(-r));
	status = check_access(options, query);
	if (status != NISV_EXIT_OK) {
		sd_journal_close(journal);
		return status;
	}
	list = json_make_array();
	r = add_matches(journal, query);
	if (r >= 0)
		r = read_entries(journal, query, list, ret_omitted);
	sd_journal_close(journal);
	if (r < 0) {
		json_object_put(list);
		return error_report(
			options, NISV_EXIT_FAILURE, NULL, NULL,
			"cannot read the journal: %s; \"journalctl --verify\" tells which "
			"file is damaged",
			strerror(-r));
	}
	*ret = list;
	return NISV_EXIT_OK;
}

/* ---- a cause that was mistyped ---- */

/* There are about 80; that others write such fields, too, must cost us nothing. */
#define CAUSES_MAX 256
#define CAUSE_MAX  64

static size_t read_causes(sd_journal *journal, char causes[CAUSES_MAX][CAUSE_MAX])
{
	const size_t skip = sizeof(NISV_FIELD_CAUSE);
	const void *data;
	size_t n = 0, len;

	if (sd_journal_query_unique(journal, NISV_FIELD_CAUSE) < 0)
		return 0;
	SD_JOURNAL_FOREACH_UNIQUE(journal, data, len)
	{
		if (n == CAUSES_MAX)
			break;
		if (len <= skip || len - skip >= CAUSE_MAX)
			continue;
		memcpy(causes[n], (const char *)data + skip, len - skip);
		causes[n][len - skip] = '\0';
		n += strspn(causes[n], "abcdefghijklmnopqrstuvwxyz0123456789-") == len - skip;
	}
	return n;
}

char *history_nearest_cause(const struct history_query *query)
{
	char(*causes)[CAUSE_MAX] = calloc(CAUSES_MAX, sizeof(*causes));
	const char *words[CAUSES_MAX], *nearest = NULL;
	sd_journal *journal = NULL;
	bool is_there = false;
	char *copy;
	size_t n;

	if (causes && open_journal(query, &journal) >= 0) {
		n = read_causes(journal, causes);
		for (size_t i = 0; i < n; i++) {
			words[i] = causes[i];
			is_there |= !strcmp(causes[i], query->cause);
		}
		nearest = nearest_word(query->cause, words, n);
	}
	copy = nearest && !is_there ? strdup(nearest) : NULL;
	sd_journal_close(journal);
	free(causes);
	return copy;
}
