/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Values of command line options.  @what is the option as the user wrote it; what is no such value ends
 * the program by argp_error(), with what is allowed.
 */
#ifndef TRIPATH_LOADERS_XSK_VALUES_H
#define TRIPATH_LOADERS_XSK_VALUES_H

#include <argp.h>
#include <stdint.h>

uint64_t value_number(struct argp_state *state, const char *what, const char *arg, uint64_t min,
		      uint64_t max);
double value_seconds(struct argp_state *state, const char *what, const char *arg);
uint32_t value_power_of_two(struct argp_state *state, const char *what, const char *arg,
			    uint32_t min, uint32_t max);
/* Index of @arg in the @n @names. */
int value_choice(struct argp_state *state, const char *what, const char *arg,
		 const char *const *names, int n);
/* Fills @cpus from a list such as 2,4-7 of numbers below @max, which is also its room. Returns how many. */
uint32_t value_cpus(struct argp_state *state, char *arg, int *cpus, uint32_t max);

#endif
