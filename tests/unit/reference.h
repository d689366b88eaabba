/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * docs/classifier.md once more, in user space and from that page alone: the fuzz test holds
 * the BPF program against it.  It shares no code and no compiled table with what it judges.
 */
#ifndef TRIPATH_TESTS_UNIT_REFERENCE_H
#define TRIPATH_TESTS_UNIT_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "reasons.h"
#include "tests/vectors/rules.h"

/* What stands behind one receive queue. */
enum sink_beat {
	BEAT_NEVER,
	BEAT_FRESH,
	BEAT_STALE,  /* older than the stall time */
	BEAT_FUTURE, /* the sink's CPU took the time after ours did: as fresh as can be */
};

struct sink {
	enum sink_beat beat;
	bool socket;   /* an AF_XDP socket is in the XSKMAP */
	bool forwards; /* TP_SINK_FORWARDS */
};

struct reference_input {
	const struct rules *rules; /* NULL: no policy in force */
	const unsigned char *frame;
	size_t length; /* of the whole frame */
	size_t linear; /* of its first buffer, which must hold the headers */
	struct sink sink;
	__u64 cpus; /* bit per CPU that the cpumap holds */
};

struct reference_answer {
	enum tp_verdict verdict;
	enum tp_reason reason;
	bool counted; /* under a service; else per queue and under the default tenant only */
	bool flow;    /* decided by rules 8 and 9, so the flow table knows it */
	__u8 service;
	__u8 class_; /* this and path: of the service, where a service of the policy matched */
	__u8 path;
	__u16 tenant;
	__u32 cpu; /* where verdict is TP_VERDICT_CPU */
};

struct reference_answer reference_classify(const struct reference_input *input);
const char *reference_reason_name(__u32 reason);

#endif
