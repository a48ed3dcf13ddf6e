/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A fault map of thousands of sites as JSON: the array is made while it is printed. */

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/core/diagnose.h"
#include "daemon/core/layout.h"
#include "daemon/edge/finding_json.h"
#include "daemon/edge/model_json.h"
#include "daemon/edge/sites_json.h"
#include "daemon/edge/wallclock.h"

#define SITES	 10000
#define PLACES	 2048
#define RAM_BASE 0x40000000ULL
#define RAM_SIZE 0x10000000ULL
#define ESR_READ 0x92000005U

static struct faultmap *faults;

static int setup(void **state)
{
	(void)state;
	faults = faultmap_new();
	return faults ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	faults = faultmap_free(faults);
	return 0;
}

/* Behind the end of RAM, each one a page on, as BPF counts them. */
static void add_sites(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t ipa = RAM_BASE + RAM_SIZE + i * 0x1000;
		const struct nisv_site_key key = {
			.page = ipa >> 12, .pc = RAM_BASE, .kind = NISV_KIND_NISV};
		const struct nisv_site value = {.count = 1 + i,
						.first_ns = 1 + i,
						.last_ns = 1 + i,
						.ipa = ipa,
						.far = ipa,
						.esr = ESR_READ,
						.outcome = NISV_OUTCOME_VMM_DECIDES};

		assert_int_equal(faultmap_count_site(faults, &key, &value), 0);
	}
}

static void add_places(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		const struct nisv_place_key key = {.place = i};
		const struct nisv_place value = {.count = 1 + i};

		assert_true(faultmap_count_place(faults, &key, &value, 1) >= 0);
	}
}

/* As varlink prints a reply, read again. */
static struct json_object *printed(const struct faultmap *map)
{
	struct json_object *reply = json_object_new_object(), *again;

	json_object_object_add(reply, "sites", sites_to_json(map, "arm64"));
	json_object_object_add(reply, "after", json_object_new_int(7));
	again = json_tokener_parse(json_object_to_json_string_ext(
		reply, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	assert_non_null(again);
	assert_int_equal(json_object_get_int(json_object_object_get(again, "after")), 7);
	json_object_put(reply);
	return again;
}

/* Takes @expected. */
static void assert_same(struct json_object *actual, struct json_object *expected)
{
	struct json_object *again = json_tokener_parse(json_object_to_json_string(expected));

	assert_true(json_object_equal(actual, again));
	json_object_put(again);
	json_object_put(expected);
}

static void all_sites_and_places_are_printed(void **state)
{
	struct json_object *reply, *sites;

	(void)state;
	add_sites(SITES);
	add_places(PLACES);
	reply = printed(faults);
	sites = json_object_object_get(reply, "sites");
	assert_int_equal(json_object_array_length(sites), SITES + PLACES);
	for (size_t i = 0; i < SITES; i += SITES / 7)
		assert_same(json_object_array_get_idx(sites, i),
			    model_site(&faults->sites[i], "arm64"));
	assert_same(json_object_array_get_idx(sites, SITES - 1),
		    model_site(&faults->sites[SITES - 1], "arm64"));
	assert_same(json_object_array_get_idx(sites, SITES), model_place(&faults->places[0]));
	assert_same(json_object_array_get_idx(sites, SITES + PLACES - 1),
		    model_place(&faults->places[PLACES - 1]));
	json_object_put(reply);
}

static void without_sites_it_is_an_empty_array(void **state)
{
	struct json_object *reply = printed(faults);

	(void)state;
	assert_int_equal(json_object_array_length(json_object_object_get(reply, "sites")), 0);
	json_object_put(reply);
	add_sites(1);
	reply = printed(NULL);
	assert_int_equal(json_object_array_length(json_object_object_get(reply, "sites")), 0);
	json_object_put(reply);
}

static void places_alone_begin_the_array(void **state)
{
	struct json_object *reply;

	(void)state;
	add_places(2);
	reply = printed(faults);
	assert_int_equal(json_object_array_length(json_object_object_get(reply, "sites")), 2);
	json_object_put(reply);
}

/* One root cause is one finding: some of its sites are told, all are counted. */
static void ten_thousand_sites_are_one_finding(void **state)
{
	static struct nisv_rec_layout rec;
	const struct host host = {.arch = "arm64", .page_bytes = 4096};
	const struct vmoptions options = {};
	const struct guest_view guest = {};
	const struct backings backings = {};
	const struct slot_history slots = {};
	struct findings findings = {};
	struct layout layout = {};
	const struct evidence evidence = {
		.host = &host,
		.vmm = "qemu",
		.options = &options,
		.layout = &layout,
		.guest = &guest,
		.backings = &backings,
		.slots = &slots,
		.faults = faults,
	};
	struct json_object *finding, *sites;

	(void)state;
	rec.state = NISV_LAYOUT_STABLE;
	rec.ipa_bits = 40;
	rec.vgic_dist = rec.vgic_cpu = NISV_ADDR_UNSET;
	rec.n_slots = rec.total_slots = 1;
	rec.slots[0] = (struct nisv_slot){.gpa = RAM_BASE, .size = RAM_SIZE};
	assert_int_equal(layout_from_record(&layout, &rec), 0);
	add_sites(SITES);
	assert_int_equal(diagnose(&evidence, &findings), 0);
	assert_int_equal(findings.n, 1);
	finding = model_finding(&findings.list[0], faults, "arm64");
	sites = json_object_object_get(finding, "sites");
	assert_int_equal(json_object_array_length(sites), FINDING_SITES_MAX);
	assert_int_equal(json_object_get_int(json_object_object_get(finding, "total_sites")),
			 SITES);
	json_object_put(finding);
	findings_clear(&findings);
	layout_clear(&layout);
}

#define SITES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SITES_TEST(all_sites_and_places_are_printed),
		SITES_TEST(without_sites_it_is_an_empty_array),
		SITES_TEST(places_alone_begin_the_array),
		SITES_TEST(ten_thousand_sites_are_one_finding),
	};

	/* Of the live clock two readings may be apart. */
	wallclock_go_offline();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
