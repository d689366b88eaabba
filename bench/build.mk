# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
BPF += bench/bpf/replay bench/bpf/pass bench/bpf/inserts bench/bpf/live

PROGRAMS += tp-bpfbench tp-pingpong

tp-bpfbench_SRCS := bench/bpf-run.c bench/bpf-time.c bench/bpf-packet.c bench/bpf-classifier.c \
	bench/bpf-opponent.c bench/bpf-replay.c bench/bpf-cases.c bench/bpf-insert.c bench/bpf-veth.c \
	bench/bpf-receipt.c loaders/lib/msg.c loaders/lib/generation.c $(POLICY_SRCS)
tp-bpfbench_LIBS := -lbpf -lxdp -ljansson -lsodium -lcyaml -lyaml

tp-pingpong_SRCS := bench/pingpong.c bench/histogram.c loaders/lib/msg.c
tp-pingpong_LIBS := -lbpf -lxdp -ljansson -lm

TEST_PROGRAMS += test_histogram
test_histogram_SRCS := tests/unit/test_histogram.c bench/histogram.c
test_histogram_LIBS := -lcmocka -ljansson -lm

# The load generator and its answering end.
GEN_SRCS := $(filter-out bench/gen/options.c bench/gen/run_options.c bench/gen/run.c bench/gen/serve.c bench/gen/xsk_options.c,$(wildcard bench/gen/*.c)) \
	$(XSK_LIB_SRCS) bench/histogram.c loaders/lib/msg.c loaders/lib/policy_yaml.c
GEN_LIBS := -luring -lcyaml -lyaml -ljansson -lpthread -lm -lbpf -lxdp

PROGRAMS += tp-bench
tp-bench_SRCS := bench/tp-bench.c bench/gen/options.c bench/gen/run_options.c bench/gen/run.c bench/gen/serve.c \
	bench/gen/xsk_options.c loaders/probe/kind.c loaders/xsk/address.c $(GEN_SRCS)
tp-bench_LIBS := $(GEN_LIBS)

TEST_PROGRAMS += test_schedule test_framing
test_schedule_SRCS := tests/unit/test_schedule.c bench/gen/schedule.c loaders/lib/msg.c
test_schedule_LIBS := -lcmocka -ljansson -lbpf -lxdp -lm
test_framing_SRCS := tests/unit/test_framing.c bench/gen/framing.c bench/gen/assembly.c bench/gen/checksum.c bench/gen/content.c
test_framing_LIBS := -lcmocka -ljansson -lpthread

BPF += bench/bpf/softirq_empty bench/bpf/lose

# Suite pps: live frames, and what a UDP socket makes of them.
BPF += bench/bpf/offer bench/bpf/redirect

PROGRAMS += tp-offer tp-udpsink tp-redirect

tp-offer_SRCS := bench/offer.c bench/bpf-packet.c bench/bpf-time.c bench/bpf-replay.c loaders/lib/msg.c
tp-offer_LIBS := -lbpf -lxdp -ljansson

tp-udpsink_SRCS := bench/udpsink.c loaders/lib/msg.c
tp-udpsink_LIBS := -lbpf -lxdp -ljansson

tp-redirect_SRCS := bench/redirect.c loaders/lib/pins.c loaders/lib/msg.c
tp-redirect_LIBS := -lbpf -lxdp -ljansson
