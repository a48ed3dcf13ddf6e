/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nisvd.conf and its drop-ins: what is read, what is refused, and in which words. */

#include "daemon/edge/config.h"
#include "tests/cli/scratch.h"

struct bench {
	struct scratch scratch;
	struct config config;
};

static int set_up(void **state)
{
	static struct bench bench;

	scratch_open(&bench.scratch);
	config_defaults(&bench.config);
	*state = &bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	scratch_close(&b->scratch);
	return 0;
}

/* Reads @path; what was logged is in the scratch. */
static int read_config(struct bench *b, const char *path, bool required)
{
	int r;

	scratch_listen(&b->scratch);
	r = config_read(&b->config, path, required);
	scratch_logged(&b->scratch);
	return r;
}

static void assert_same(const struct config *a, const struct config *b)
{
	assert_int_equal(a->capture.count_mmio, b->capture.count_mmio);
	assert_int_equal(a->capture.inspect_guest_memory, b->capture.inspect_guest_memory);
	assert_int_equal(a->mmio_storm_rate, b->mmio_storm_rate);
	assert_int_equal(a->journal_per_minute, b->journal_per_minute);
	assert_int_equal(a->capture.sites_per_vm, b->capture.sites_per_vm);
	assert_int_equal(a->capture.places_per_vm, b->capture.places_per_vm);
	assert_int_equal(a->capture.details_per_second, b->capture.details_per_second);
	assert_int_equal(a->dossier_bytes, b->dossier_bytes);
	assert_int_equal(a->dossier_age_s, b->dossier_age_s);
	assert_string_equal(a->socket_group, b->socket_group);
	assert_int_equal(a->clients, b->clients);
}

static void assert_refused(struct bench *b, const char *text, const char *where, const char *why)
{
	const char *path = scratch_text(&b->scratch, "bad.conf", text);
	char expected[1024];

	assert_int_equal(read_config(b, path, true), -EINVAL);
	snprintf(expected, sizeof(expected), "%s%s", path, where);
	assert_contains(b->scratch.log, expected);
	assert_contains(b->scratch.log, why);
}

static void test_all_keys(void **state)
{
	struct bench *b = *state;
	const char *path = scratch_text(&b->scratch, "nisvd.conf",
					"# a comment\n"
					"[Capture]\n"
					"CountMMIO=no\n"
					"InspectGuestMemory = OFF\n"
					"MMIOStormRate=1000\n"
					"SitesPerVM=100\n"
					"PlacesPerVM=200\n"
					"RecordsPerSecond=1000\n"
					"\n"
					"[Journal]\n"
					"EntriesPerMinute=600\n"
					"[Dossiers]\n"
					"MaxBytes=2G\n"
					"MaxAge=12h\n"
					"[Socket]\n"
					"Group=wheel\n"
					"Clients=1\n");

	assert_int_equal(read_config(b, path, true), 0);
	assert_string_equal(b->scratch.log, "");
	assert_false(b->config.capture.count_mmio);
	assert_false(b->config.capture.inspect_guest_memory);
	assert_int_equal(b->config.mmio_storm_rate, 1000);
	assert_int_equal(b->config.journal_per_minute, 600);
	assert_int_equal(b->config.capture.sites_per_vm, 100);
	assert_int_equal(b->config.capture.places_per_vm, 200);
	assert_int_equal(b->config.capture.details_per_second, 1000);
	assert_int_equal(b->config.dossier_bytes, 2ULL << 30);
	assert_int_equal(b->config.dossier_age_s, 12 * 3600);
	assert_string_equal(b->config.socket_group, "wheel");
	assert_int_equal(b->config.clients, 1);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{"[Dossiers]\nMaxBytes=8M\n", 8ULL << 20},
		{"[Dossiers]\nMaxBytes=8388608\n", 8ULL << 20},
		{"[Dossiers]\nMaxBytes=16384K\n", 16ULL << 20},
		{"[Dossiers]\nMaxBytes=1T\n", 1ULL << 40},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			read_config(b, scratch_text(&b->scratch, "size.conf", cases[i].text), true),
			0);
		assert_int_equal(b->config.dossier_bytes, cases[i].bytes);
	}
}

static void test_ages(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} cases[] = {
		{"[Dossiers]\nMaxAge=0\n", 0},
		{"[Dossiers]\nMaxAge=1h\n", 3600},
		{"[Dossiers]\nMaxAge=90d\n", 90 * 86400},
		{"[Dossiers]\nMaxAge=4w\n", 28 * 86400},
		{"[Dossiers]\nMaxAge=10000d\n", 10000 * 86400ULL},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			read_config(b, scratch_text(&b->scratch, "age.conf", cases[i].text), true),
			0);
		assert_int_equal(b->config.dossier_age_s, cases[i].seconds);
	}
}

static void test_shipped_file_is_the_default(void **state)
{
	struct bench *b = *state;
	struct config defaults;

	config_defaults(&defaults);
	assert_int_equal(read_config(b, "systemd/nisvd.conf", true), 0);
	assert_same(&b->config, &defaults);
}

static void test_bad_values(void **state)
{
	static const struct {
		const char *text, *where, *why;
	} cases[] = {
		{"[Capture]\nCountMMIO=maybe\n", ":2: ", "CountMMIO=maybe: expected yes or no"},
		{"[Capture]\n\n# x\nCountMMIO=\n", ":4: ", "expected yes or no"},
		{"[Capture]\nMMIOStormRate=0\n", ":2: ", "a number from 1 to 100000000"},
		{"[Capture]\nMMIOStormRate=100000001\n", ":2: ", "a number from 1 to 100000000"},
		{"[Journal]\nEntriesPerMinute=0\n", ":2: ", "a number from 1 to 600"},
		{"[Journal]\nEntriesPerMinute=601\n", ":2: ", "a number from 1 to 600"},
		{"[Journal]\nEntriesPerMinute=-1\n", ":2: ", "a number from 1 to 600"},
		{"[Journal]\nEntriesPerMinute=10s\n", ":2: ", "a number from 1 to 600"},
		{"[Journal]\nEntriesPerMinute=99999999999999999999\n", ":2: ", "a number from"},
		{"[Journal]\nEntriesPerMinute=4294967297\n", ":2: ", "a number from"},
		{"[Dossiers]\nMaxBytes=8388607\n", ":2: ",
		 "MaxBytes=8388607: expected bytes, or a number with K, M, G or T, from 8M to "
		 "1024G"},
		{"[Dossiers]\nMaxAge=30\n", ":2: ",
		 "MaxAge=30: expected a number with h, d or w, from 1h to 10000d, or 0 for no "
		 "limit"},
		{"[Dossiers]\nMaxAge=0h\n", ":2: ", "from 1h"},
		{"[Dossiers]\nMaxAge=10001d\n", ":2: ", "from 1h"},
		{"[Dossiers]\nMaxAge=3 d\n", ":2: ", "from 1h"},
		{"[Dossiers]\nMaxAge=3dd\n", ":2: ", "from 1h"},
		{"[Dossiers]\nMaxAge=-3d\n", ":2: ", "from 1h"},
		{"[Dossiers]\nMaxAge=18446744073709551615w\n", ":2: ", "from 1h"},
		{"[Capture]\nSitesPerVM=10241\n", ":2: ", "from 16 to 10240"},
		{"[Capture]\nPlacesPerVM=2049\n", ":2: ", "from 16 to 2048"},
		{"[Capture]\nRecordsPerSecond=0\n", ":2: ", "from 1 to 1000"},
		{"[Dossiers]\nMaxBytes=7M\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=1025G\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=2T\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=-1G\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=16MB\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=16m\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=1.5G\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=18446744073709551615T\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=99999999999999999999\n", ":2: ", "from 8M"},
		{"[Dossiers]\nMaxBytes=17592186044416M\n", ":2: ", "from 8M"},
		{"[Socket]\nGroup="
		 "0123456789012345678901234567890123456789012345678901234567890123\n",
		 ":2: ", "longer than 63 bytes"},
		{"[Capture]\nCountMmio=yes\n",
		 ":2: ", "unknown key CountMmio= in section [Capture]"},
		{"[Socket]\nCountMMIO=yes\n", ":2: ", "unknown key CountMMIO= in section [Socket]"},
		{"CountMMIO=yes\n", ":1: ", "in section []"},
		{"[Capture]\nthis is no key\n", ":2: ", "expected a [Section]"},
		{"[Capture\nCountMMIO=yes\n", ":1: ", "expected a [Section]"},
	};
	struct bench *b = *state;
	struct config before = b->config;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_refused(b, cases[i].text, cases[i].where, cases[i].why);
		if (strncmp(cases[i].text, "[Capture\n", 9) != 0)
			assert_same(&b->config, &before);
	}
}

static void test_every_error_is_told_and_the_rest_is_read(void **state)
{
	struct bench *b = *state;

	assert_refused(b,
		       "[Capture]\n"
		       "CountMMIO=maybe\n"
		       "Colour=blue\n"
		       "InspectGuestMemory=no\n"
		       "[Socket]\n"
		       "Clients=many\n"
		       "Group=\n",
		       ":2: ", "CountMMIO=maybe");
	assert_contains(b->scratch.log, ":3: unknown key Colour=");
	assert_contains(b->scratch.log, ":6: Clients=many");
	assert_true(b->config.capture.count_mmio);
	assert_false(b->config.capture.inspect_guest_memory);
	assert_string_equal(b->config.socket_group, "");
}

static void test_long_lines_and_bytes(void **state)
{
	static const char nul[] = "[Capture]\nCountMMIO=n\0o\nInspectGuestMemory=no\n";
	struct bench *b = *state;
	const char *path;
	char text[4096];
	int n;

	n = snprintf(text, sizeof(text), "[Capture]\nInspectGuestMemory=no\n#");
	memset(text + n, 'x', 3000);
	snprintf(text + n + 3000, sizeof(text) - (size_t)n - 3000, "\nCountMMIO=huh\n");
	assert_refused(b, text, ":3: ", "longer than");
	assert_contains(b->scratch.log, ":4: CountMMIO=huh");
	assert_false(b->config.capture.inspect_guest_memory);
	path = scratch_write(&b->scratch, "nul.conf", nul, sizeof(nul) - 1);
	assert_int_equal(read_config(b, path, true), -EINVAL);
	assert_contains(b->scratch.log, ":2: ");
	/* What is logged reaches a terminal: no control character does. */
	assert_refused(b, "[Capture]\n\033[31mred=1\n", ":2: ", "?[31mred");
}

static void test_absent_and_unreadable(void **state)
{
	struct bench *b = *state;
	const char *absent = scratch_path(&b->scratch, "absent.conf");

	assert_int_equal(read_config(b, absent, false), 0);
	assert_string_equal(b->scratch.log, "");
	assert_int_equal(read_config(b, absent, true), -ENOENT);
	assert_contains(b->scratch.log, absent);
	assert_contains(b->scratch.log, "No such file");
	/* A folder can be opened like a file, but not read. */
	assert_int_equal(read_config(b, b->scratch.dir, true), -EISDIR);
	assert_contains(b->scratch.log, "Is a directory");
	/* Nor can this be excused: something is there. */
	assert_int_equal(symlink("loop.conf", scratch_path(&b->scratch, "loop.conf")), 0);
	assert_int_equal(read_config(b, scratch_path(&b->scratch, "loop.conf"), false), -ELOOP);
	assert_contains(b->scratch.log, "loop.conf");
}

static void test_drop_ins(void **state)
{
	struct bench *b = *state;
	const char *path;

	scratch_text(&b->scratch, "nisvd.conf.d/20-b.conf", "[Socket]\nClients=20\nGroup=b\n");
	scratch_text(&b->scratch, "nisvd.conf.d/10-a.conf", "[Socket]\nClients=10\nGroup=a\n");
	scratch_text(&b->scratch, "nisvd.conf.d/30-c.conf", "[Socket]\nGroup=c\n");
	scratch_text(&b->scratch, "nisvd.conf.d/40-ignored.txt", "[Socket]\nGroup=ignored\n");
	/* Drop-ins count even where the file itself is absent. */
	assert_int_equal(read_config(b, scratch_path(&b->scratch, "nisvd.conf"), false), 0);
	assert_int_equal(b->config.clients, 20);
	assert_string_equal(b->config.socket_group, "c");
	path = scratch_text(&b->scratch, "nisvd.conf",
			    "[Socket]\nClients=5\n[Journal]\n"
			    "EntriesPerMinute=7\n");
	assert_int_equal(read_config(b, path, true), 0);
	assert_int_equal(b->config.clients, 20);
	assert_int_equal(b->config.journal_per_minute, 7);
	/* A bad one is named and does not keep the later ones out. */
	scratch_text(&b->scratch, "nisvd.conf.d/15-bad.conf", "[Socket]\nClients=x\n");
	config_defaults(&b->config);
	assert_int_equal(read_config(b, path, true), -EINVAL);
	assert_contains(b->scratch.log, "15-bad.conf:2: Clients=x");
	assert_string_equal(b->config.socket_group, "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shipped_file_is_the_default, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_bad_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_error_is_told_and_the_rest_is_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_lines_and_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_absent_and_unreadable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_drop_ins, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
