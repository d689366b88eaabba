/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * xdp-filter's full program (xdp-tools), as distributed, with its maps filled for the same packets.
 */
#ifndef TRIPATH_BENCH_BPF_OPPONENT_H
#define TRIPATH_BENCH_BPF_OPPONENT_H

#include <stddef.h>
#include <linux/types.h>

struct bpf_object;

struct bench_opponent {
	struct bpf_object *object;
	int prog_fd;
};

/*
 * Loads @path, which must be a build with every feature that denies by default, and allows it the
 * @n local ports of @ports (host byte order), for UDP and TCP.  Its address and Ethernet tables get
 * 1,000 entries that the packets do not match: an operator who allows services by port looks
 * through them all.
 */
int bench_opponent_open(struct bench_opponent *o, const char *path, const __u16 *ports, size_t n);
void bench_opponent_close(struct bench_opponent *o);

#endif
