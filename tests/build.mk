# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

# The classifier under BPF_PROG_RUN: packet vectors, generated packets, fuzzing, the flow table.
CLASSIFIER_TEST_SRCS := tests/unit/judge.c tests/unit/prog_run.c tests/unit/counters.c tests/unit/link.c \
	tests/unit/reference.c tests/vectors/packet.c tests/vectors/rules.c tests/vectors/policies.c \
	tests/vectors/vectors.c loaders/lib/generation.c
CLASSIFIER_TEST_LIBS := -lcmocka -lxdp -lbpf -lelf -lz

TEST_PROGRAMS += test_vectors
test_vectors_SRCS := tests/unit/test_vectors.c $(CLASSIFIER_TEST_SRCS)
test_vectors_LIBS := $(CLASSIFIER_TEST_LIBS)

TEST_PROGRAMS += test_generated
test_generated_SRCS := tests/unit/test_generated.c $(CLASSIFIER_TEST_SRCS)
test_generated_LIBS := $(CLASSIFIER_TEST_LIBS)

TEST_PROGRAMS += test_fuzz
test_fuzz_SRCS := tests/unit/test_fuzz.c tests/unit/random_rules.c tests/unit/random_frame.c $(CLASSIFIER_TEST_SRCS)
test_fuzz_LIBS := $(CLASSIFIER_TEST_LIBS)

TEST_PROGRAMS += test_flow
test_flow_SRCS := tests/unit/test_flow.c $(CLASSIFIER_TEST_SRCS)
test_flow_LIBS := $(CLASSIFIER_TEST_LIBS)

TEST_PROGRAMS += test_race
test_race_SRCS := tests/unit/test_race.c $(CLASSIFIER_TEST_SRCS)
test_race_LIBS := $(CLASSIFIER_TEST_LIBS) -lpthread

# The policy file: what good ones compile to, every refusal word by word, mutants.
POLICY_TEST_SRCS := tests/unit/policy_load.c loaders/lib/msg.c $(POLICY_SRCS)
POLICY_TEST_LIBS := -lcmocka -lcyaml -lyaml -lsodium -lxdp -lbpf

TEST_PROGRAMS += test_policy
test_policy_SRCS := tests/unit/test_policy.c $(POLICY_TEST_SRCS)
test_policy_LIBS := $(POLICY_TEST_LIBS)

TEST_PROGRAMS += test_policy_refusals
test_policy_refusals_SRCS := tests/unit/test_policy_refusals.c $(POLICY_TEST_SRCS)
test_policy_refusals_LIBS := $(POLICY_TEST_LIBS)

TEST_PROGRAMS += test_policy_fuzz
test_policy_fuzz_SRCS := tests/unit/test_policy_fuzz.c $(POLICY_TEST_SRCS)
test_policy_fuzz_LIBS := $(POLICY_TEST_LIBS)

# The AF_XDP sink: who owns a frame, and checksums of what it received.
TEST_PROGRAMS += test_frames
test_frames_SRCS := tests/unit/test_frames.c loaders/lib/frames.c loaders/lib/msg.c
test_frames_LIBS := -lcmocka -lxdp -lbpf

TEST_PROGRAMS += test_packet
test_packet_SRCS := tests/unit/test_packet.c loaders/lib/packet.c
test_packet_LIBS := -lcmocka

TEST_PROGRAMS += test_udp_headers
test_udp_headers_SRCS := tests/unit/test_udp_headers.c loaders/lib/udp_headers.c loaders/lib/packet.c
test_udp_headers_LIBS := -lcmocka
