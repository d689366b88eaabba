/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the tests of the policy file load one and read what the user would have been told. */
#ifndef TRIPATH_TESTS_UNIT_POLICY_LOAD_H
#define TRIPATH_TESTS_UNIT_POLICY_LOAD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "loaders/lib/policy.h"

#define SAID_LEN (64 * 1024)

/* policy_load(), with what went to stderr in @said. */
int load_file(const char *file, struct policy_source **out, char said[SAID_LEN]);
/* The same for a file made of @bytes. */
int load_bytes(const void *bytes, size_t size, struct policy_source **out, char said[SAID_LEN]);

/* A file that is written piece by piece; free @bytes. */
struct text {
	char *bytes;
	size_t size, room;
};
void text_add(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Loads and compiles @bytes, which must be a good policy. Free all three. */
void compile_bytes(const void *bytes, size_t size, struct policy **policy,
		   struct prefix_entry **prefixes, size_t *n);

#endif
