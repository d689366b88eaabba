// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The schedule of tp-bench: a seed repeats it, its rate is the one asked for, and it is quiet while off. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bench/gen/schedule.h"

#define N 100000

static uint64_t times[2][N];

static void draw(uint64_t *out, const struct traffic *t, uint64_t seed, unsigned int index)
{
	struct schedule s;

	assert_int_equal(schedule_init(&s, t, seed, index), 0);
	for (int i = 0; i < N; i++)
		out[i] = schedule_next(&s);
	schedule_free(&s);
}

static const struct traffic kinds[] = {
	{.name = "p", .arrivals = ARRIVALS_POISSON, .rate_per_s = 20000},
	{.name = "u", .arrivals = ARRIVALS_UNIFORM, .rate_per_s = 20000},
	{.name = "o", .arrivals = ARRIVALS_ONOFF, .rate_per_s = 20000, .on_ms = 5, .off_ms = 15},
};

static void a_seed_repeats_it(void **state)
{
	for (int k = 0; k < 3; k++) {
		draw(times[0], &kinds[k], 7, 1);
		draw(times[1], &kinds[k], 7, 1);
		assert_memory_equal(times[0], times[1], sizeof(times[0]));
	}
}

static void another_seed_or_class_is_another(void **state)
{
	draw(times[0], &kinds[0], 7, 1);
	draw(times[1], &kinds[0], 8, 1);
	assert_memory_not_equal(times[0], times[1], sizeof(times[0]));
	draw(times[1], &kinds[0], 7, 2);
	assert_memory_not_equal(times[0], times[1], sizeof(times[0]));
}

static void time_ascends_at_the_rate(void **state)
{
	for (int k = 0; k < 3; k++) {
		double rate;

		draw(times[0], &kinds[k], 3, 0);
		for (int i = 1; i < N; i++)
			assert_true(times[0][i] >= times[0][i - 1]);
		rate = N / ((double)times[0][N - 1] / 1e9);
		assert_true(rate > 0.98 * kinds[k].rate_per_s && rate < 1.02 * kinds[k].rate_per_s);
	}
}

/* The gaps of a Poisson process: their deviation is their mean, and 1/e of them are longer. */
static void poisson_is_poisson(void **state)
{
	int longer = 0;
	double mean, square = 0;

	draw(times[0], &kinds[0], 11, 0);
	mean = (double)times[0][N - 1] / N;
	for (int i = 1; i < N; i++) {
		double gap = (double)(times[0][i] - times[0][i - 1]);

		longer += gap > mean;
		square += gap * gap;
	}
	assert_true(fabs((double)longer / N - exp(-1)) < 0.01);
	assert_true(fabs(sqrt(square / N - mean * mean) / mean - 1) < 0.02);
}

static void nothing_comes_while_off(void **state)
{
	draw(times[0], &kinds[2], 5, 0);
	for (int i = 0; i < N; i++)
		assert_true((double)(times[0][i] % 20000000) <= 5000000.0 + 1);
}

static int trace_of(const char *text, struct schedule *s)
{
	char path[] = "/tmp/tripath-trace-XXXXXX";
	struct traffic t = {.name = "t", .arrivals = ARRIVALS_TRACE, .trace = path};
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = schedule_init(s, &t, 1, 0);
	unlink(path);
	return err;
}

static void a_trace_is_followed_to_its_end(void **state)
{
	struct schedule s;

	assert_int_equal(trace_of("# seconds\n0\n0.5\n0.5\n2e-3k\n", &s), -EINVAL);
	schedule_free(&s);
	assert_int_equal(trace_of("1\n0.5\n", &s), -EINVAL);
	schedule_free(&s);
	assert_int_equal(trace_of("# only a comment\n", &s), -EINVAL);
	schedule_free(&s);
	/* As other systems end lines, and as many programs leave the last one. */
	assert_int_equal(trace_of("0\r\n \r\n0.25", &s), 0);
	assert_int_equal(schedule_next(&s), 0);
	assert_int_equal(schedule_next(&s), 250000000);
	assert_int_equal(schedule_next(&s), SCHEDULE_END);
	schedule_free(&s);
	assert_int_equal(trace_of("# seconds\n0\n\n0.5\n0.5\n2\n", &s), 0);
	assert_int_equal(schedule_next(&s), 0);
	assert_int_equal(schedule_next(&s), 500000000);
	assert_int_equal(schedule_next(&s), 500000000);
	assert_int_equal(schedule_next(&s), 2000000000);
	assert_true(schedule_next(&s) == SCHEDULE_END);
	schedule_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_repeats_it),
		cmocka_unit_test(another_seed_or_class_is_another),
		cmocka_unit_test(time_ascends_at_the_rate),
		cmocka_unit_test(poisson_is_poisson),
		cmocka_unit_test(nothing_comes_while_off),
		cmocka_unit_test(a_trace_is_followed_to_its_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
