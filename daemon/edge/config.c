/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/edge/config.h"

#include <errno.h>
#include <glob.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/core/faultmap.h"
#include "daemon/edge/log.h"

#define MIB    (1024ULL * 1024)
#define HOUR_S 3600ULL

enum key_type {
	KEY_BOOL,
	KEY_NUMBER,
	KEY_BYTES, /* min and max in MiB */
	KEY_AGE,   /* min and max in hours; 0 is no limit */
	KEY_NAME
};

static const struct key {
	const char *section, *name;
	enum key_type type;
	size_t offset;
	unsigned int min, max;
} keys[] = {
	{"Capture", "CountMMIO", KEY_BOOL, offsetof(struct config, capture.count_mmio), 0, 0},
	{"Capture", "InspectGuestMemory", KEY_BOOL,
	 offsetof(struct config, capture.inspect_guest_memory), 0, 0},
	{"Capture", "SitesPerVM", KEY_NUMBER, offsetof(struct config, capture.sites_per_vm), 16,
	 CONFIG_SITES},
	{"Capture", "PlacesPerVM", KEY_NUMBER, offsetof(struct config, capture.places_per_vm), 16,
	 CONFIG_PLACES},
	{"Capture", "RecordsPerSecond", KEY_NUMBER,
	 offsetof(struct config, capture.details_per_second), 1, 1000},
	{"Capture", "MMIOStormRate", KEY_NUMBER, offsetof(struct config, mmio_storm_rate), 1,
	 100000000},
	{"Journal", "EntriesPerMinute", KEY_NUMBER, offsetof(struct config, journal_per_minute), 1,
	 600},
	{"Dossiers", "MaxBytes", KEY_BYTES, offsetof(struct config, dossier_bytes), 8, 1 << 20},
	{"Dossiers", "MaxAge", KEY_AGE, offsetof(struct config, dossier_age_s), 1, 10000 * 24},
	{"Socket", "Group", KEY_NAME, offsetof(struct config, socket_group), 0, 0},
	{"Socket", "Clients", KEY_NUMBER, offsetof(struct config, clients), 1, 1024},
};

void config_defaults(struct config *config)
{
	*config = (struct config){
		.capture =
			{
				.count_mmio = true,
				.inspect_guest_memory = true,
				.sites_per_vm = CONFIG_SITES,
				.places_per_vm = CONFIG_PLACES,
				.details_per_second = 32,
			},
		.mmio_storm_rate = FAULTMAP_BUSY_RATE,
		.journal_per_minute = 10,
		.dossier_bytes = 512 * MIB,
		.dossier_age_s = 30 * 24 * HOUR_S,
		.socket_group = "nisv",
		.clients = 64,
	};
}

static int parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*ret = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

/* The number that @text begins with, and what follows it. No sign, no blank. */
static bool parse_digits(const char *text, uint64_t *ret, const char **ret_end)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	*ret_end = end;
	return !errno;
}

/* "536870912", "512M": of 1024 each, as systemd.syntax(7) has it. */
static int parse_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	static const char units[] = "KMGT";
	const char *unit, *end;
	uint64_t value;

	if (!parse_digits(text, &value, &end))
		return -EINVAL;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return -EINVAL;
	for (const char *u = units; unit && u <= unit; u++) {
		if (value > max)
			return -EINVAL;
		value *= 1024;
	}
	if (value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* "30d", "12h", "4w", and "0". */
static int parse_age(const char *text, uint64_t min_s, uint64_t max_s, uint64_t *ret)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'h', HOUR_S}, {'d', 24 * HOUR_S}, {'w', 7 * 24 * HOUR_S}};
	const char *end;
	uint64_t value;

	if (!parse_digits(text, &value, &end))
		return -EINVAL;
	if (!value && !*end) {
		*ret = 0;
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (end[0] != units[i].unit || end[1] || value > max_s / units[i].seconds ||
		    value * units[i].seconds < min_s)
			continue;
		*ret = value * units[i].seconds;
		return 0;
	}
	return -EINVAL;
}

struct reading {
	struct config *config;
	const char *path;
	FILE *file;
	unsigned int line; /* the current one, from 1 */
	bool has_errors;   /* with a message */
	char message[256]; /* why the current line was refused */
};

/*
 * inih reads through this: it does not tell a handler which line it is, and would take the rest of
 * a line that is longer than its buffer for a line of its own.
 */
static char *read_line(char *buf, int size, void *userdata)
{
	struct reading *reading = userdata;
	int c = 0;

	if (!fgets(buf, size, reading->file))
		return NULL;
	reading->line++;
	if (strchr(buf, '\n') || feof(reading->file))
		return buf;
	while (c != '\n' && c != EOF)
		c = getc(reading->file);
	log_error("%s:%u: longer than %d bytes, or with a NUL byte in it", reading->path,
		  reading->line, size - 2);
	reading->has_errors = true;
	*buf = '\0';
	return buf;
}

static int set_key(struct reading *reading, const struct key *key, const char *value)
{
	void *at = (char *)reading->config + key->offset;
	unsigned long number;
	char *end;

	switch (key->type) {
	case KEY_BOOL:
		if (!parse_bool(value, at))
			return 0;
		snprintf(reading->message, sizeof(reading->message), "%s=%.64s: expected yes or no",
			 key->name, value);
		return -EINVAL;
	case KEY_NUMBER:
		errno = 0;
		number = strtoul(value, &end, 10);
		if (*value >= '0' && *value <= '9' && !*end && !errno && number >= key->min &&
		    number <= key->max) {
			*(unsigned int *)at = (unsigned int)number;
			return 0;
		}
		snprintf(reading->message, sizeof(reading->message),
			 "%s=%.64s: expected a number from %u to %u", key->name, value, key->min,
			 key->max);
		return -EINVAL;
	case KEY_BYTES:
		if (!parse_bytes(value, key->min * MIB, key->max * MIB, at))
			return 0;
		snprintf(reading->message, sizeof(reading->message),
			 "%s=%.64s: expected bytes, or a number with K, M, G or T, from %uM to %uG",
			 key->name, value, key->min, key->max / 1024);
		return -EINVAL;
	case KEY_AGE:
		if (!parse_age(value, key->min * HOUR_S, key->max * HOUR_S, at))
			return 0;
		snprintf(reading->message, sizeof(reading->message),
			 "%s=%.64s: expected a number with h, d or w, from %uh to %ud, or 0 for "
			 "no limit",
			 key->name, value, key->min, key->max / 24);
		return -EINVAL;
	case KEY_NAME:
		if (strlen(value) < CONFIG_NAME_MAX) {
			snprintf(at, CONFIG_NAME_MAX, "%s", value);
			return 0;
		}
		snprintf(reading->message, sizeof(reading->message), "%s=: longer than %d bytes",
			 key->name, CONFIG_NAME_MAX - 1);
		return -EINVAL;
	}
	return -EINVAL;
}

/* inih calls this for each key; it keeps only lines without a key for its own return value. */
static int on_line(void *userdata, const char *section, const char *name, const char *value)
{
	struct reading *reading = userdata;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name)) {
			if (!set_key(reading, &keys[i], value))
				return 1;
			log_error("%s:%u: %s", reading->path, reading->line, reading->message);
			reading->has_errors = true;
			return 1;
		}
	log_error("%s:%u: unknown key %.64s= in section [%.64s]; see nisvd.conf(5)", reading->path,
		  reading->line, name, section);
	reading->has_errors = true;
	return 1;
}

static int read_file(struct config *config, const char *path, bool required)
{
	struct reading reading = {.config = config, .path = path};
	int line, error = 0;

	reading.file = fopen(path, "re");
	if (!reading.file) {
		if (!required && errno == ENOENT)
			return 0;
		return log_error_errno(errno, "Cannot read the configuration %s", path);
	}
	line = ini_parse_stream(read_line, &reading, on_line, &reading);
	if (ferror(reading.file))
		error = errno ? errno : EIO;
	fclose(reading.file);
	if (error)
		return log_error_errno(error, "Cannot read the configuration %s", path);
	if (line)
		log_error("%s:%d: expected a [Section], a Key=value or a # comment", path, line);
	return line || reading.has_errors ? -EINVAL : 0;
}

int config_read(struct config *config, const char *path, bool required)
{
	char pattern[4096];
	glob_t found = {};
	int r, result;

	result = read_file(config, path, required);
	snprintf(pattern, sizeof(pattern), "%s.d/*.conf", path);
	if (glob(pattern, 0, NULL, &found) == GLOB_NOSPACE)
		result = log_error_errno(ENOMEM, "Cannot look for %s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		r = read_file(config, found.gl_pathv[i], true);
		if (r < 0)
			result = r;
	}
	globfree(&found);
	return result;
}
