/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NISVD_INGEST_COUNTERS_H
#define NISVD_INGEST_COUNTERS_H

/* What BPF counted of a VM, taken into its fault map: the part of ingest.c that polls. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counters;
struct counters_vm;
struct manager;
struct nisv_site;
struct nisv_site_key;
struct vm;

/* Marks the VMs dirty that have new faults, or answers to them. Is there any? Goes before
 * ingest_count(). */
bool ingest_news(const struct manager *manager, const struct counters *counters);

/*
 * Sites on their way in. Those that a fault map has are counted at once; new ones wait until all
 * are there: in the kernel they have no order, and each would be put in between the others.
 */
struct ingest_sites {
	const struct manager *manager;
	struct ingest_site_new *list; /* owned until ingest_new_sites() */
	size_t n;
};

/* counters_site_t, with a struct ingest_sites: takes a site of a VM that is dirty. Others may have
 * thousands that stay as they are. */
void ingest_site(const struct nisv_site_key *key, const struct nisv_site *site, void *userdata);
void ingest_new_sites(struct ingest_sites *sites);

/* @from: what @counters has of @vm. */
void ingest_count(struct vm *vm, const struct counters *counters, const struct counters_vm *from,
		  uint64_t now_ns);

#endif
