/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is told about a VM, once each: findings, sites, outcomes, storms; and what is held back. */

#include "daemon/core/news.h"
#include "tests/unit/unit.h"

#define MINUTE_NS  60000000000ULL
#define SITES_MAX  80
#define NO_LIMIT   1000
#define START_NS   5000
#define MANY_MAX   FINDINGS_MAX
#define LIMIT_LOW  3U
#define LIMIT_HIGH 10U

/* Findings over sites of their own, which a test may reorder. */
struct bench {
	struct news_state state;
	struct finding list[MANY_MAX];
	struct findings findings;
	struct site sites[SITES_MAX];
	struct news_item items[NEWS_MAX];
};

static void tear_down(struct bench *b)
{
	news_clear(&b->state);
}

#define BENCH(name) struct bench name __attribute__((cleanup(tear_down))) = {}

static void set_up(struct bench *b, size_t n_findings)
{
	tear_down(b);
	*b = (struct bench){};
	b->findings = (struct findings){.list = b->list, .n = n_findings};
	for (size_t i = 0; i < SITES_MAX; i++)
		b->sites[i] = (struct site){
			.kind = NISV_KIND_NISV, .page = 0x50000 + i, .pc = 0x40080000, .count = 1};
	for (size_t i = 0; i < n_findings; i++) {
		snprintf(b->list[i].signature, sizeof(b->list[i].signature), "%032zx", i);
		b->list[i].severity = SEVERITY_ERROR;
		b->list[i].sites[0] = &b->sites[i];
		b->list[i].n_sites = 1;
	}
}

static size_t collect(struct bench *b, uint64_t now_ns, unsigned int per_minute)
{
	return news_collect(&b->state, &b->findings, now_ns, per_minute, b->items);
}

static void test_a_finding_is_told_once(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 2);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(b.items[i].type, NEWS_FINDING);
		assert_ptr_equal(b.items[i].finding, &b.list[i]);
		assert_ptr_equal(b.items[i].site, &b.sites[i]);
		assert_int_equal(b.items[i].count, 1);
	}
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	/* More of the same is no news; nor is it when the findings change places. */
	b.sites[0].count = NEWS_STORM - 1;
	b.list[0].sites[0] = &b.sites[1];
	b.list[1].sites[0] = &b.sites[0];
	snprintf(b.list[0].signature, sizeof(b.list[0].signature), "%032zx", (size_t)1);
	snprintf(b.list[1].signature, sizeof(b.list[1].signature), "%032zx", (size_t)0);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	assert_int_equal(b.state.withheld, 0);
}

static void test_nothing_is_no_news(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 0);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	set_up(&b, 1);
	b.list[0].n_sites = 0; /* no item may be without a site */
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	assert_int_equal(b.state.n_known, 0);
}

/* A finding that was told with its first site, and then with its second. */
static void set_up_told(struct bench *b)
{
	set_up(b, 1);
	assert_int_equal(collect(b, START_NS, NO_LIMIT), 1);
	b->list[0].sites[1] = &b->sites[1];
	b->list[0].n_sites = 2;
	assert_int_equal(collect(b, START_NS, NO_LIMIT), 1);
}

static void test_sites(void **state)
{
	BENCH(b);

	(void)state;
	set_up_told(&b);
	assert_int_equal(b.items[0].type, NEWS_SITE);
	assert_ptr_equal(b.items[0].site, &b.sites[1]);
	assert_int_equal(b.items[0].count, 2);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
}

static void test_a_site_is_known_wherever_it_stands(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	/* A worse site comes before the one that was told. */
	b.list[0].sites[0] = &b.sites[7];
	b.list[0].sites[1] = &b.sites[0];
	b.list[0].n_sites = 2;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_SITE);
	assert_ptr_equal(b.items[0].site, &b.sites[7]);
	/* The same page from another PC, and in another way, are other sites. */
	b.sites[8] = b.sites[7];
	b.sites[8].pc += 4;
	b.sites[9] = b.sites[7];
	b.sites[9].kind = NISV_KIND_EXEC;
	b.list[0].sites[2] = &b.sites[8];
	b.list[0].sites[3] = &b.sites[9];
	b.list[0].n_sites = 4;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 2);
	assert_ptr_equal(b.items[0].site, &b.sites[8]);
	assert_ptr_equal(b.items[1].site, &b.sites[9]);
}

static void test_few_sites_of_a_finding_are_told(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 1);
	for (size_t i = 0; i < FINDING_SITES_MAX; i++)
		b.list[0].sites[i] = &b.sites[i];
	b.list[0].n_sites = FINDING_SITES_MAX + 500; /* all count, the list ends before */
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].count, FINDING_SITES_MAX);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);

	set_up(&b, 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	for (size_t i = 0; i < FINDING_SITES_MAX; i++)
		b.list[0].sites[i] = &b.sites[i];
	b.list[0].n_sites = FINDING_SITES_MAX;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), NEWS_SITES_MAX - 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
}

static void test_outcome(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	b.list[0].severity = SEVERITY_FATAL;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_OUTCOME);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	/* A rate around the limit of a hang: told once, however often it goes up and down. */
	set_up(&b, 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	for (int i = 0; i < 10; i++) {
		b.list[0].severity = SEVERITY_HANG;
		assert_int_equal(collect(&b, START_NS, NO_LIMIT), i == 0);
		b.list[0].severity = SEVERITY_ERROR;
		assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	}
}

static void test_answer(void **state)
{
	BENCH(b);

	(void)state;
	/* A fault is told before the VMM has done anything about it. */
	set_up_told(&b);
	b.sites[1].answers = 1;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_ANSWER);
	assert_ptr_equal(b.items[0].site, &b.sites[1]);
	/* Told once for all that follow. */
	b.sites[0].answers = 5;
	b.sites[1].answers = 7;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	/* Seen with the fault, it is in the entry of that. */
	set_up(&b, 1);
	b.sites[0].answers = 1;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_FINDING);
	b.sites[0].answers = 2;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
}

static void test_storm(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	b.sites[0].count = NEWS_STORM - 1;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	b.sites[0].count = NEWS_STORM;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_STORM_GREW);
	assert_int_equal(b.items[0].count, NEWS_STORM);
	assert_int_equal(b.items[0].since_last, NEWS_STORM - 1);
	for (uint64_t count = NEWS_STORM; count < 10 * NEWS_STORM; count += NEWS_STORM) {
		b.sites[0].count = count;
		assert_int_equal(collect(&b, START_NS + count * MINUTE_NS, NO_LIMIT), 0);
	}
	/* Ten times as many are news: how many more there are. */
	b.sites[0].count = 10 * NEWS_STORM + 5;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_STORM_GREW);
	assert_int_equal(b.items[0].since_last, 9 * NEWS_STORM + 5);
	b.sites[0].count = 100 * NEWS_STORM - 1;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	/* So many at once that a hundred times has passed: one item. */
	b.sites[0].count = 5000 * NEWS_STORM;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	b.sites[0].count = UINT64_MAX;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	/* Seen late, the storm comes with the finding: two entries, not one per fault. */
	set_up(&b, 1);
	b.sites[0].count = 100000;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 2);
	assert_int_equal(b.items[0].type, NEWS_FINDING);
	assert_int_equal(b.items[1].type, NEWS_STORM_GREW);
	/* Each fault is in the number of one item. */
	assert_int_equal(b.items[0].since_last, 100000);
	assert_int_equal(b.items[1].since_last, 0);
	/* Its sites became those of another finding: fewer than were told are no news of faults. */
	b.sites[0].count = 100;
	b.list[0].severity++;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_OUTCOME);
	assert_int_equal(b.items[0].since_last, 0);
	b.sites[0].count = 100007;
	b.list[0].severity++;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].since_last, 7);
}

/* A million accesses to a device are no faults: where MMIO is a finding, it is told once. */
static void test_mmio_is_no_storm_of_faults(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 1);
	b.sites[0].kind = KIND_MMIO_READ;
	b.sites[0].count = 1000 * NEWS_STORM;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 1);
	assert_int_equal(b.items[0].type, NEWS_FINDING);
	assert_int_equal(b.items[0].count, 1000 * NEWS_STORM);
	b.sites[0].count *= 2;
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
}

static void test_limit_per_minute(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 8);
	assert_int_equal(collect(&b, START_NS, LIMIT_LOW), LIMIT_LOW);
	assert_int_equal(b.state.withheld, 8 - LIMIT_LOW);
	/* What was held back is not told later; what is new then is, in the next minute. */
	assert_int_equal(collect(&b, START_NS + MINUTE_NS, LIMIT_LOW), 0);
	b.list[0].severity = SEVERITY_FATAL;
	assert_int_equal(collect(&b, START_NS + MINUTE_NS, LIMIT_LOW), 1);
	assert_int_equal(b.state.withheld, 8 - LIMIT_LOW);
	/* Just before the minute is over the limit still holds. */
	set_up(&b, 1);
	assert_int_equal(collect(&b, START_NS, 1), 1);
	b.list[0].severity = SEVERITY_HANG;
	assert_int_equal(collect(&b, START_NS + MINUTE_NS - 1, 1), 0);
	assert_int_equal(b.state.withheld, 1);
	b.list[0].severity = SEVERITY_FATAL;
	assert_int_equal(collect(&b, START_NS + MINUTE_NS, 1), 1);
}

/* Nothing is withheld in silence: a number comes when the minute is over. */
static void test_sum_of_a_minute(void **state)
{
	BENCH(b);

	(void)state;
	set_up(&b, 8);
	assert_int_equal(news_sum_up(&b.state, START_NS, true), 0);
	collect(&b, START_NS, LIMIT_LOW);
	assert_int_equal(news_sum_up(&b.state, START_NS + MINUTE_NS - 1, false), 0);
	assert_int_equal(news_sum_up(&b.state, START_NS + MINUTE_NS, false), 8 - LIMIT_LOW);
	assert_int_equal(news_sum_up(&b.state, START_NS + MINUTE_NS, false), 0);
	assert_int_equal(b.state.withheld, 8 - LIMIT_LOW);
	/* The next minute has its own, and the end of the VM or of nisvd does not wait for it. */
	for (size_t i = 0; i < 8; i++)
		b.list[i].severity = SEVERITY_FATAL;
	collect(&b, START_NS + MINUTE_NS, LIMIT_HIGH);
	assert_int_equal(news_sum_up(&b.state, START_NS + 3 * MINUTE_NS, false), 0);
	for (size_t i = 0; i < 8; i++)
		b.sites[i].count = NEWS_STORM;
	collect(&b, START_NS + MINUTE_NS + 1, LIMIT_HIGH);
	assert_int_equal(news_sum_up(&b.state, START_NS + MINUTE_NS + 2, false), 0);
	assert_int_equal(news_sum_up(&b.state, START_NS + MINUTE_NS + 2, true), 16 - LIMIT_HIGH);
}

static void test_many_findings(void **state)
{
	BENCH(b);

	(void)state;
	/* More than one answer holds: all are accounted for. */
	set_up(&b, NEWS_MAX + 4);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), NEWS_MAX);
	assert_int_equal(b.state.withheld, 4);
	assert_int_equal(collect(&b, START_NS, NO_LIMIT), 0);
	/* More than are remembered: the others may be told again, but never past the limit. */
	set_up(&b, MANY_MAX);
	assert_int_equal(collect(&b, START_NS, LIMIT_HIGH), LIMIT_HIGH);
	assert_int_equal(b.state.n_known, NEWS_KNOWN_MAX);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(collect(&b, START_NS + i, LIMIT_HIGH), 0);
	assert_int_equal(collect(&b, START_NS + MINUTE_NS, LIMIT_HIGH), LIMIT_HIGH);
	for (size_t i = 0; i < LIMIT_HIGH; i++)
		assert_true(b.items[i].finding >= &b.list[NEWS_KNOWN_MAX]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_finding_is_told_once),
		cmocka_unit_test(test_nothing_is_no_news),
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_a_site_is_known_wherever_it_stands),
		cmocka_unit_test(test_few_sites_of_a_finding_are_told),
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_mmio_is_no_storm_of_faults),
		cmocka_unit_test(test_limit_per_minute),
		cmocka_unit_test(test_sum_of_a_minute),
		cmocka_unit_test(test_many_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
