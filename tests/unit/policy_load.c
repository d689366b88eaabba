// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policy_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int load_file(const char *file, struct policy_source **out, char said[SAID_LEN])
{
	int to = memfd_create("said", MFD_CLOEXEC), real = dup(STDERR_FILENO), err;
	ssize_t n;

	assert_true(to >= 0 && real >= 0);
	*out = NULL;
	fflush(stderr);
	dup2(to, STDERR_FILENO);
	err = policy_load(file, out);
	fflush(stderr);
	dup2(real, STDERR_FILENO);
	close(real);
	n = pread(to, said, SAID_LEN - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	close(to);
	return err;
}

int load_bytes(const void *bytes, size_t size, struct policy_source **out, char said[SAID_LEN])
{
	int fd = memfd_create("policy", MFD_CLOEXEC), err;
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = load_file(path, out, said);
	close(fd);
	return err;
}

void text_add(struct text *text, const char *fmt, ...)
{
	va_list args;
	char *more;
	int n;

	va_start(args, fmt);
	n = vasprintf(&more, fmt, args);
	va_end(args);
	assert_true(n >= 0);
	if (text->size + (size_t)n >= text->room) {
		text->room = 2 * text->room + (size_t)n + 1;
		text->bytes = realloc(text->bytes, text->room);
		assert_non_null(text->bytes);
	}
	memcpy(text->bytes + text->size, more, (size_t)n + 1);
	text->size += (size_t)n;
	free(more);
}

void compile_bytes(const void *bytes, size_t size, struct policy **policy,
		   struct prefix_entry **prefixes, size_t *n)
{
	static char said[SAID_LEN];
	struct policy_source *src;

	if (load_bytes(bytes, size, &src, said))
		fail_msg("refused: %s", said);
	assert_string_equal(said, "");
	*policy = malloc(sizeof(**policy));
	assert_non_null(*policy);
	assert_int_equal(policy_compile(src, *policy, prefixes, n), 0);
	policy_free(src);
}
