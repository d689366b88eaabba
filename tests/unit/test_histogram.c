// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The histogram of bench/: every value lies in one bucket, whose bound is less than 1 % above it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bench/histogram.h"

/* The one bucket that @value went into. */
static unsigned int bucket_of(__u64 value)
{
	static struct histogram h;
	unsigned int found = HISTOGRAM_BUCKETS;

	memset(&h, 0, sizeof(h));
	histogram_add(&h, value);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h.bucket[i]) {
			assert_int_equal(found, HISTOGRAM_BUCKETS);
			found = i;
		}
	}
	assert_in_range(found, 0, HISTOGRAM_BUCKETS - 1);
	return found;
}

static void check(__u64 value)
{
	__u64 bound = histogram_bound(bucket_of(value));

	assert_true(bound >= value);
	assert_true(bound - value <= value / 128);
}

static void small_values_are_exact(void **state)
{
	for (__u64 value = 0; value < 128; value++)
		assert_int_equal(histogram_bound(bucket_of(value)), value);
}

static void bounds_hold_around_every_power_of_two(void **state)
{
	for (int bit = 7; bit < 64; bit++) {
		__u64 power = 1ULL << bit;

		check(power - 1);
		check(power);
		check(power + 1);
		check(power + power / 3);
	}
	check(~0ULL);
}

static void buckets_follow_one_another(void **state)
{
	for (unsigned int i = 1; i < HISTOGRAM_BUCKETS; i++) {
		assert_true(histogram_bound(i) > histogram_bound(i - 1));
		assert_int_equal(bucket_of(histogram_bound(i - 1) + 1), i);
	}
}

static void json_lists_what_was_counted(void **state)
{
	static struct histogram h;
	json_t *list, *pair;

	memset(&h, 0, sizeof(h));
	histogram_add(&h, 5);
	histogram_add(&h, 5);
	histogram_add(&h, 1000);
	assert_int_equal(h.total, 3);
	assert_int_equal(h.max, 1000);
	list = histogram_json(&h);
	assert_int_equal(json_array_size(list), 2);
	pair = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_array_get(pair, 0)), 5);
	assert_int_equal(json_integer_value(json_array_get(pair, 1)), 2);
	pair = json_array_get(list, 1);
	assert_int_equal(json_integer_value(json_array_get(pair, 0)), 1003);
	json_decref(list);
}

static void error_is_below_one_percent(void **state)
{
	for (__u64 value = 100; value < 1ULL << 40; value += value / 333 + 1) {
		__u64 bound = histogram_bound(bucket_of(value));

		assert_true((double)(bound - value) < 0.01 * (double)value);
	}
}

/* Merging two halves is the same as having counted everything in one. */
static void merging_is_exact(void **state)
{
	static struct histogram half[2], all;

	for (__u64 i = 0; i < 10000; i++) {
		__u64 value = i * i * 37 % 1000003;

		histogram_add(&half[i % 2], value);
		histogram_add(&all, value);
	}
	histogram_merge(&half[0], &half[1]);
	assert_memory_equal(&half[0], &all, sizeof(all));
}

static void quantiles_are_nearest_ranks(void **state)
{
	static struct histogram h;

	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	for (__u64 value = 1; value <= 100; value++)
		histogram_add(&h, value);
	histogram_add(&h, 1000000);
	assert_int_equal(histogram_quantile(&h, 0.5), 51);
	assert_int_equal(histogram_quantile(&h, 0.0), 1);
	assert_int_equal(histogram_quantile(&h, 100.0 / 101), 100);
	/* Never beyond what was seen. */
	assert_int_equal(histogram_quantile(&h, 0.999), 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(bounds_hold_around_every_power_of_two),
		cmocka_unit_test(buckets_follow_one_another),
		cmocka_unit_test(error_is_below_one_percent),
		cmocka_unit_test(merging_is_exact),
		cmocka_unit_test(quantiles_are_nearest_ranks),
		cmocka_unit_test(json_lists_what_was_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
