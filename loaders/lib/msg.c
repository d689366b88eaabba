// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "msg.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

static struct {
	const char *program;
	bool verbose;
	bool colour;
	int output_error;
	size_t held;
	char libs[64 * 1024]; /* the newest that fits; a verifier log is longer and its end is what
				 matters */
} msg = {.program = "tripath"};

static void hold(const char *line)
{
	size_t n = strlen(line);

	if (n >= sizeof(msg.libs)) {
		line += n - (sizeof(msg.libs) - 1);
		n = sizeof(msg.libs) - 1;
	}
	if (msg.held + n >= sizeof(msg.libs)) {
		size_t drop = msg.held + n - (sizeof(msg.libs) - 1);

		memmove(msg.libs, msg.libs + drop, msg.held - drop);
		msg.held -= drop;
	}
	memcpy(msg.libs + msg.held, line, n + 1);
	msg.held += n;
}

static int __attribute__((format(printf, 1, 0))) from_lib(const char *fmt, va_list args)
{
	static char line[32 * 1024];

	if (msg.verbose)
		return vfprintf(stderr, fmt, args);
	if (vsnprintf(line, sizeof(line), fmt, args) > 0)
		hold(line);
	return 0;
}

static int __attribute__((format(printf, 2, 0)))
from_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : from_lib(fmt, args);
}

static int __attribute__((format(printf, 2, 0)))
from_libxdp(enum libxdp_print_level level, const char *fmt, va_list args)
{
	return level == LIBXDP_DEBUG ? 0 : from_lib(fmt, args);
}

void msg_init(const char *program, bool verbose)
{
	msg.program = program;
	msg.verbose = verbose;
	msg.colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
	signal(SIGPIPE, SIG_IGN);
	libbpf_set_print(from_libbpf);
	libxdp_set_print(from_libxdp);
}

bool msg_verbose(void)
{
	return msg.verbose;
}

static void __attribute__((format(printf, 3, 0)))
say(const char *colour, const char *kind, const char *fmt, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", msg.program);
	if (kind)
		fprintf(stderr, "%s%s%s ", msg.colour ? colour : "", kind,
			msg.colour ? "\033[0m" : "");
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

#define SAY(colour, kind)                                                                          \
	do {                                                                                       \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, fmt);                                                               \
		say(colour, kind, fmt, args);                                                      \
		va_end(args);                                                                      \
	} while (0)

void msg_error(const char *fmt, ...)
{
	SAY("\033[1;31m", "error:");
}

void msg_warn(const char *fmt, ...)
{
	SAY("\033[1;33m", "warning:");
}

void msg_info(const char *fmt, ...)
{
	SAY("", NULL);
}

void msg_verbose_info(const char *fmt, ...)
{
	if (msg.verbose)
		SAY("", NULL);
}

int msg_flush(void)
{
	if (msg.output_error)
		return msg.output_error;
	/* A write that failed while something was printed left only the mark; most fail here again. */
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	msg.output_error = errno ? -errno : -EIO;
	if (msg.output_error != -EPIPE)
		msg_error("cannot write to standard output: %s", strerror(-msg.output_error));
	return msg.output_error;
}

void msg_show_libs(void)
{
	const char *line = msg.libs;

	while (msg.held && *line) {
		size_t n = strcspn(line, "\n");

		fprintf(stderr, "    %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	msg_clear_libs();
}

void msg_clear_libs(void)
{
	msg.held = 0;
	msg.libs[0] = '\0';
}
