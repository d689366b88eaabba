/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packets that are measured: one header stack each, 64 bytes of payload. */
#ifndef TRIPATH_BENCH_BPF_PACKET_H
#define TRIPATH_BENCH_BPF_PACKET_H

#include <stdbool.h>

#include "bench/bpf-time.h"

#define BENCH_PAYLOAD  64
#define BENCH_UDP_PORT 7000 /* local port of a UDP service of the policy */
#define BENCH_TCP_PORT 8000 /* local port of a TCP service of the policy */

/*
 * A UDP or TCP packet, IPv4 or IPv6, of flow @flow of the replay (bench/replay.h), to the local end that
 * bench/ gives its services.
 */
void bench_packet_make(struct bench_packet *pkt, bool ipv6, bool tcp, __u32 flow);

#endif
