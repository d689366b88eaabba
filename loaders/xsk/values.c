// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t value_number(struct argp_state *state, const char *what, const char *arg, uint64_t min,
		      uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || value < min || value > max)
		argp_error(state, "%s: '%s' is not a number from %llu to %llu", what, arg,
			   (unsigned long long)min, (unsigned long long)max);
	return value;
}

double value_seconds(struct argp_state *state, const char *what, const char *arg)
{
	char *end;
	double value = strtod(arg, &end);

	if (end == arg || *end || !(value >= 0 && value < 1e9))
		argp_error(state, "%s: '%s' is not a number of seconds", what, arg);
	return value;
}

uint32_t value_power_of_two(struct argp_state *state, const char *what, const char *arg,
			    uint32_t min, uint32_t max)
{
	uint32_t value = (uint32_t)value_number(state, what, arg, min, max);

	if (value & (value - 1))
		argp_error(state, "%s: %u is not a power of two", what, value);
	return value;
}

int value_choice(struct argp_state *state, const char *what, const char *arg,
		 const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(arg, names[i]))
			return i;
	argp_error(state, "%s: '%s' is not one of: echo, drop, forward, client", what, arg);
	return 0;
}

uint32_t value_cpus(struct argp_state *state, char *arg, int *cpus, uint32_t max)
{
	char *item, *save = NULL;
	uint32_t n = 0;

	for (item = strtok_r(arg, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *dash = strchr(item, '-');
		uint64_t first, last;

		if (dash)
			*dash = '\0';
		first = value_number(state, "--cpu", item, 0, max - 1);
		last = dash ? value_number(state, "--cpu", dash + 1, first, max - 1) : first;
		for (; first <= last && n < max; first++)
			cpus[n++] = (int)first;
	}
	if (!n)
		argp_error(state, "--cpu: which CPUs? e.g. --cpu 2,4-7");
	return n;
}
