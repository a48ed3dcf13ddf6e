/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is done aside ends in time, whatever it meets, and its answer comes back whole. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/edge/aside.h"

#define MANY 300000U /* more than a pipe holds */

static void send_many(int fd, void *userdata)
{
	char *bytes = calloc(1, MANY);

	memset(bytes, *(char *)userdata, MANY);
	aside_send(fd, bytes, MANY);
	free(bytes);
}

static void hang(int fd, void *userdata)
{
	(void)userdata;
	aside_send(fd, "some", 4);
	for (;;)
		pause();
}

static void die(int fd, void *userdata)
{
	(void)fd;
	(void)userdata;
	abort();
}

/* Which of our files are open in it. */
static void count_files(int fd, void *userdata)
{
	int own = *(int *)userdata;
	char is_open = fcntl(own, F_GETFD) >= 0;

	aside_send(fd, &is_open, 1);
}

static void test_an_answer_comes_back_whole(void **state)
{
	char byte = 7, *data;
	void *ret = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(aside_run(send_many, &byte, 1U << 20, &ret, &len), 0);
	assert_int_equal(len, MANY);
	data = ret;
	assert_int_equal(data[0], 7);
	assert_memory_equal(data, data + 1, MANY - 1);
	free(ret);
}

static void test_too_much_is_refused(void **state)
{
	char byte = 1;
	void *ret = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(aside_run(send_many, &byte, 65536, &ret, &len), -EFBIG);
	assert_null(ret);
}

static void test_what_hangs_is_given_up(void **state)
{
	void *ret = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(aside_run(hang, NULL, 4096, &ret, &len), -ETIMEDOUT);
	assert_null(ret);
}

static void test_a_crash_is_an_empty_answer(void **state)
{
	void *ret = NULL;
	size_t len = 1;

	(void)state;
	assert_int_equal(aside_run(die, NULL, 4096, &ret, &len), 0);
	assert_int_equal(len, 0);
	free(ret);
}

static void test_it_has_no_files_of_ours(void **state)
{
	int own = open("/dev/null", O_RDONLY);
	void *ret = NULL;
	size_t len = 0;

	(void)state;
	assert_true(own > 2);
	assert_int_equal(aside_run(count_files, &own, 16, &ret, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(*(char *)ret, 0);
	free(ret);
	close(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_comes_back_whole),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_what_hangs_is_given_up),
		cmocka_unit_test(test_a_crash_is_an_empty_answer),
		cmocka_unit_test(test_it_has_no_files_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
