/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The folders of machine files and the registry made from them. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/edge/log.h"
#include "daemon/edge/machinefile.h"

#define MACHINES_MAX 128

static void ignore(const char *path, const char *why)
{
	log_warning("Ignoring the machine map %s: %s", path, why);
}

/*
 * The text of a regular file of at most MACHINEFILE_BYTES_MAX bytes, to be freed; NULL, and the
 * reason is logged. Nothing here may block: an operator's folder can hold a FIFO.
 */
static char *read_text(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *why = NULL;
	struct stat st;
	char *text = NULL;
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0) {
		ignore(path, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "it is no regular file";
	else if (st.st_size > MACHINEFILE_BYTES_MAX)
		why = "it is larger than 1 MiB";
	else
		text = malloc(MACHINEFILE_BYTES_MAX);
	if (!why && !text)
		why = strerror(ENOMEM);
	while (text && n > 0 && len < MACHINEFILE_BYTES_MAX) {
		n = read(fd, text + len, MACHINEFILE_BYTES_MAX - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			why = strerror(errno);
		else
			len += (size_t)n;
	}
	close(fd);
	if (!why) {
		*ret_len = len;
		return text;
	}
	ignore(path, why);
	free(text);
	return NULL;
}

struct loader {
	struct machines machines;
	unsigned int from[MACHINES_MAX]; /* the folder that each map came from */
	unsigned int folder;		 /* that is being read */
};

/*
 * Puts @machine, whose strings it takes over, into the registry: in the place of the map of the
 * same id, if that one came from an earlier folder.
 */
static int keep(struct loader *loader, const char *path, struct machine *machine)
{
	struct machines *machines = &loader->machines;
	struct machine *list;
	size_t at = 0;

	while (at < machines->n && strcmp(machines->list[at].id, machine->id) != 0)
		at++;
	if (at < machines->n && loader->from[at] == loader->folder) {
		log_warning("Ignoring the machine map %s: another file of its folder has the id "
			    "\"%s\" already",
			    path, machine->id);
		machinefile_release(machine);
		return 0;
	}
	if (at >= MACHINES_MAX) {
		log_warning("Ignoring the machine map %s: more than %d maps", path, MACHINES_MAX);
		machinefile_release(machine);
		return 0;
	}
	if (at < machines->n) {
		machinefile_release(&machines->list[at]);
	} else {
		list = reallocarray(machines->list, at + 1, sizeof(*list));
		if (!list) {
			machinefile_release(machine);
			return -ENOMEM;
		}
		machines->list = list;
		machines->n++;
	}
	machines->list[at] = *machine;
	loader->from[at] = loader->folder;
	return 0;
}

static int load_file(struct loader *loader, const char *path)
{
	struct machine machine;
	size_t len;
	char *text = read_text(path, &len);
	char why[320];
	int r;

	if (!text)
		return 0;
	r = machinefile_parse(text, len, &machine, why, sizeof(why));
	free(text);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ignore(path, why);
		return 0;
	}
	if (why[0])
		log_warning("Machine map %s: %s", path, why);
	return keep(loader, path, &machine);
}

static int is_json(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_folder(struct loader *loader, const char *folder)
{
	struct dirent **found = NULL;
	int n = scandir(folder, &found, is_json, by_name), error = errno, r = 0;
	char path[PATH_MAX];

	if (n < 0) {
		if (error != ENOENT)
			log_warning("Cannot read the machine maps below %s: %s", folder,
				    strerror(error));
		return error == ENOMEM ? -ENOMEM : 0;
	}
	if (n > MACHINEFILES_MAX)
		log_warning("Ignoring %d machine maps below %s, \"%s\" and later ones: "
			    "at most %d files of a folder are read",
			    n - MACHINEFILES_MAX, folder, found[MACHINEFILES_MAX]->d_name,
			    MACHINEFILES_MAX);
	for (int i = 0; i < n; i++) {
		if (i < MACHINEFILES_MAX && !r) {
			if (snprintf(path, sizeof(path), "%s/%s", folder, found[i]->d_name) <
			    (int)sizeof(path))
				r = load_file(loader, path);
			else
				ignore(found[i]->d_name, strerror(ENAMETOOLONG));
		}
		free(found[i]);
	}
	free(found);
	return r;
}

int machinefile_load(const char *path, struct machines *ret)
{
	struct loader loader = {};
	char *copy = strdup(path), *save = NULL;
	int r = copy ? 0 : -ENOMEM;

	for (char *folder = copy ? strtok_r(copy, ":", &save) : NULL; folder && !r;
	     folder = strtok_r(NULL, ":", &save), loader.folder++)
		r = load_folder(&loader, folder);
	free(copy);
	if (r < 0) {
		machinefile_clear(&loader.machines);
		return r;
	}
	*ret = loader.machines;
	return 0;
}

void machinefile_clear(struct machines *machines)
{
	for (size_t i = 0; i < machines->n; i++)
		machinefile_release(&machines->list[i]);
	free(machines->list);
	*machines = (struct machines){};
}
