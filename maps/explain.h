/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer of the `explain` program: what classify() decides for the packet it was run on, read
 * from the live maps without changing any.
 */
#ifndef TRIPATH_MAPS_EXPLAIN_H
#define TRIPATH_MAPS_EXPLAIN_H

#include "flow.h"

/* Map explain_answer: array of one; belongs to the process that asks, never pinned. */
struct explain_answer {
	__u64 jiffies; /* now, to date the `seen` of flows */
	__u32 verdict; /* enum tp_verdict */
	__u32 reason;  /* enum tp_reason */
	__u32 queue;   /* receive queue that the answer is for */
	__u32 cpu;     /* target of TP_VERDICT_CPU */
	__u32 generation;
	__u16 tenant;
	__u8 service;
	__u8 class_;
	__u8 path;     /* the service's home path */
	__u8 cached;   /* 1: the flow table held a valid decision; 0: made from the policy */
	__u8 fallback; /* enum tp_reason if the queue had no AF_XDP socket; equal to reason
			  elsewhere */
	__u8 pad[5];
	__u64 flow_packets; /* of the flow, where it is in the table */
	__u64 flow_bytes;
	__u32 flow_seen; /* jiffies, low 32 bits */
	__u32 pad2;
};

_Static_assert(sizeof(struct explain_answer) == 64, "");

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct explain_answer);
} explain_answer SEC(".maps");
#endif

#endif
