/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVCTL_TOP_H
#define NISVCTL_TOP_H

/*
 * What `top` shows: how much the exact counters of nisvd grew between two moments, and so how many
 * a second. A sample is one moment, a round the difference of two.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/client.h"
#include "cli/format.h"

/* Of so many VMs, the busiest ones, the places are asked for: a map may have 12,000 of them. */
#define TOP_MAPS 4
/* So many places are kept of each, the busiest ones. */
#define TOP_PLACES 16

struct top_counts {
	int64_t aborts, mmio, user; /* of mmio, served by user space */
};

struct top_rates {
	double aborts, mmio, user; /* a second */
};

/* A VM at one moment. */
struct top_vm {
	struct json_object *vm; /* borrowed from the sample's list */
	const char *key;	/* borrowed, too */
	struct top_counts counts;
	bool unique;	      /* its name selects it */
	struct top_rates per; /* since the sample before; see top_sample.measured */
};

/* A place of a fault map at one moment: as in daemon/core/faultmap.h, (kind, page, PC) or, of MMIO,
 * (direction, 512 bytes). */
struct top_site {
	char kind[16];
	uint64_t ipa, pc;
	int64_t count, user;
};

struct top_map {
	char key[40]; /* of the VM */
	double at;    /* CLOCK_MONOTONIC seconds */
	struct top_site *sites;
	size_t n_sites;
};

bool top_site_is_mmio(const struct top_site *site);

/* x86: KVM does not always tell what the emulator failed on. */
bool top_site_has_address(const struct top_site *site);

/* One of the busiest places. */
struct top_place {
	struct top_site site;
	size_t vm; /* its index in the sample */
	char region[64], class[16];
	double per, user_per; /* accesses a second; of these, served by user space */
};

struct top_sample {
	struct json_object *status, *list; /* replies of GetStatus and ListVMs */
	double status_at, at;		   /* when these were counted: CLOCK_MONOTONIC seconds */
	char time[FORMAT_MAX];		   /* of at, ISO 8601 in UTC */
	struct top_counts counts;	   /* of the host, ended VMs included */
	struct top_vm *vms;		   /* running ones, the busiest first */
	size_t n_vms, n_busy;
	struct top_map maps[TOP_MAPS];
	size_t n_maps;
	struct top_place places[TOP_MAPS * TOP_PLACES]; /* the busiest first */
	size_t n_places;
	/* Since the sample before; without one (measured is false) there are no rates. */
	bool measured;
	double interval; /* seconds */
	struct top_rates per;
	int64_t lost; /* more than then, of all kinds */
};

/* CLOCK_MONOTONIC seconds. */
double top_now(void);

/*
 * Asks @client. @before: the sample before of the same nisvd, NULL: none. Returns an exit status or
 * CLIENT_LOST; @ret is to be cleared only after NISV_EXIT_OK.
 */
int top_sample_take(const struct options *options, struct client *client,
		    const struct top_sample *before, struct top_sample *ret);

/* From now on it is shown as one that nothing was measured with: what it told goes on no more. */
void top_sample_forget_rates(struct top_sample *sample);

void top_sample_clear(struct top_sample *sample); /* a cleared or zeroed one, too */

/*
 * The places of one map, with what they grew since @before, the same VM's map at the sample before
 * (NULL: none): appended to the sample's, the busiest TOP_PLACES of them. @reply: of GetFaultMap.
 * False without memory.
 */
bool top_places_add(struct top_sample *sample, size_t vm, struct json_object *reply, double at,
		    const struct top_map *before);

/* The name of a VM if that selects it, else its id. */
const char *top_vm_label(const struct top_vm *vm);

/* Accesses a second; 0 where the count did not grow, or no time went by. */
double top_rate(int64_t before, int64_t now, double seconds);

/* ---- the views ----------------------------------------------------------------------------- */

struct term;

struct top_frame {
	const struct options *options;
	double delay;	  /* seconds */
	size_t height;	  /* lines that there are, 0: as many as it takes */
	const char *note; /* NULL: none */
};

/* As text, to @term. */
void top_text_print(const struct term *term, const struct top_frame *frame,
		    const struct top_sample *sample);

/* The same model as one object. */
struct json_object *top_to_json(const struct top_sample *sample);

#endif
