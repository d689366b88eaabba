/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How every program of tripath speaks to people: "PROGRAM: error: what, and what to do about it" on
 * stderr, colour only on a terminal.  libbpf's and libxdp's chatter is held back and shown only
 * when a step fails, or with -v.
 */
#ifndef TRIPATH_LOADERS_LIB_MSG_H
#define TRIPATH_LOADERS_LIB_MSG_H

#include <stdbool.h>

/* Exit codes of every program. */
enum msg_exit {
	EXIT_OK = 0,
	EXIT_FAILED = 1,      /* it was tried and did not work */
	EXIT_USAGE = 2,       /* the command line or the policy file is wrong; nothing was tried */
	EXIT_UNSUPPORTED = 3, /* this kernel, driver or machine cannot do it; the message says what
				 is missing */
};

/*
 * Call first. @program stays referenced. Also routes libbpf's and libxdp's output, and makes a reader that
 * went away an error of the next write (EPIPE) instead of a signal that ends the program midway.
 */
void msg_init(const char *program, bool verbose);
bool msg_verbose(void);

void msg_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void msg_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void msg_info(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* always shown */
void msg_verbose_info(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* with -v */

/*
 * Writes out what was printed to stdout.  0, or -errno of the first write that failed, having said so once;
 * of -EPIPE nothing is said: the reader (`head`, a pager) had what it wanted.
 */
int msg_flush(void);

/* Prints what libbpf and libxdp said since the last call, indented, to stderr; for use after a
 * failure. */
void msg_show_libs(void);
/* Forgets it. */
void msg_clear_libs(void);

#endif
