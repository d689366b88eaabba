// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-load explain: the classifier's own code, run on a packet made for the question, over the maps
 * that are in use; it changes nothing and counts nothing.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "maps/explain.h"
#include "loaders/lib/generation.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/instance.h"
#include "loaders/load/load.h"
#include "loaders/load/names.h"
#include "loaders/load/question.h"

static const struct argp_option options[] = {
	{"vlan", 'V', "ID", 0, "with a VLAN tag (1 to 4094)", 0},
	{"dscp", 'd', "N", 0, "with this DSCP (0 to 63)", 0},
	{"queue", 'q', "N", 0, "as received on this queue (default 0)", 0},
	{"json", 'j', NULL, 0, "print JSON", 0},
	{},
};

static uint32_t number(struct argp_state *state, const char *what, const char *arg, uint32_t min,
		       uint32_t max)
{
	unsigned long n;
	char *end;

	n = strtoul(arg, &end, 10);
	if (*end || end == arg || n < min || n > max)
		argp_error(state, "%s `%s`: it is a number from %u to %u", what, arg, min, max);
	return (uint32_t)n;
}

static void parse_word(struct question *question, struct argp_state *state, const char *arg)
{
	switch (state->arg_num) {
	case 0:
		question->ifname = arg;
		break;
	case 1:
		question->protocol = !strcmp(arg, "tcp")   ? IPPROTO_TCP
				     : !strcmp(arg, "udp") ? IPPROTO_UDP
							   : 0;
		if (!question->protocol)
			argp_error(state, "protocol `%s`: it is tcp or udp", arg);
		break;
	case 2:
		question->src_text = arg;
		if (!endpoint_parse(arg, &question->src))
			argp_error(state, "source `%s`: write 10.0.0.1:5000 or [2001:db8::1]:5000",
				   arg);
		break;
	case 3:
		question->dst_text = arg;
		if (!endpoint_parse(arg, &question->dst))
			argp_error(state,
				   "destination `%s`: write 10.0.0.1:5000 or [2001:db8::1]:5000",
				   arg);
		break;
	default:
		argp_error(state, "too many words");
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct question *question = state->input;

	switch (key) {
	case 'V':
		question->vlan = (int)number(state, "VLAN", arg, 1, 4094);
		return 0;
	case 'd':
		question->dscp = (uint8_t)number(state, "DSCP", arg, 0, 63);
		return 0;
	case 'q':
		question->queue = number(state, "queue", arg, 0, TP_MAX_QUEUES - 1);
		return 0;
	case 'j':
		question->json = true;
		return 0;
	case ARGP_KEY_ARG:
		parse_word(question, state, arg);
		return 0;
	case ARGP_KEY_END:
		if (!question->dst_text)
			argp_error(state, "what packet? e.g. eth0 udp 10.0.0.1:5000 10.0.0.2:7000");
		if (question->src.family != question->dst.family)
			argp_error(state, "source and destination are of different families");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

struct asking {
	const struct question *question;
	const struct found *found;
	struct explain_answer *answer;
};

static int ask(void *data)
{
	const struct asking *asking = data;
	const struct question *question = asking->question;
	const struct found *found = asking->found;
	uint8_t frame[QUESTION_FRAME_MAX];
	uint32_t len = question_frame(question, frame), key = 0;
	struct xdp_md context = {
		.data_end = len,
		.ingress_ifindex = found->ifindex,
		.rx_queue_index = question->queue,
	};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = len,
		    .ctx_in = &context, .ctx_size_in = sizeof(context));
	struct classifier *skel;
	int err;

	skel = instance_open(question->ifname, &found->state.config, "explain");
	if (!skel)
		return -errno;
	err = classifier__load(skel);
	if (!err)
		err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.explain), &run);
	if (!err &&
	    bpf_map_lookup_elem(bpf_map__fd(skel->maps.explain_answer), &key, asking->answer))
		err = -errno;
	classifier__destroy(skel);
	return err;
}

static int read_policy(const char *ifname, struct policy *policy)
{
	struct generation_maps maps = {
		.policy_gen = pins_open(ifname, "policy_gen"),
		.policy = pins_open(ifname, "policy"),
		.tenant_prefixes = -1,
	};
	int err = -ENOENT;

	if (maps.policy_gen >= 0 && maps.policy >= 0)
		err = generation_read(&maps, policy);
	if (maps.policy >= 0)
		close(maps.policy);
	if (maps.policy_gen >= 0)
		close(maps.policy_gen);
	return err;
}

/* A tick is what the coarse clock, which BPF's jiffies drive, resolves. */
static double seconds_ago(const struct explain_answer *answer)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (double)((uint32_t)answer->jiffies - answer->flow_seen) * (double)tick.tv_nsec / 1e9;
}

static void print_text(const struct question *question, const struct explain_answer *answer,
		       const struct policy *policy)
{
	char packets[16], bytes[16];

	printf("%s %s -> %s on %s, queue %u", question->protocol == IPPROTO_TCP ? "tcp" : "udp",
	       question->src_text, question->dst_text, question->ifname, question->queue);
	if (question->vlan)
		printf(", VLAN %d", question->vlan);
	if (question->dscp)
		printf(", DSCP %u", question->dscp);
	printf("\n  service  %s\n", service_name(policy, answer->service));
	printf("  tenant   %s\n", tenant_name(policy, answer->tenant));
	printf("  class    %s\n", class_name(answer->class_));
	printf("  path     %s\n", path_name(answer->path));
	printf("  verdict  %s", verdict_name(answer->verdict));
	if (answer->verdict == TP_VERDICT_CPU)
		printf(" %u", answer->cpu);
	printf("\n  reason   %s: %s\n", reason_name(answer->reason), reason_text(answer->reason));
	if (answer->path == TP_PATH_AF_XDP)
		printf("  without  an AF_XDP socket on queue %u: stack (%s: %s)\n", question->queue,
		       reason_name(answer->fallback), reason_text(answer->fallback));
	if (answer->flow_packets) {
		si_text((double)answer->flow_packets, packets, sizeof(packets));
		si_text((double)answer->flow_bytes, bytes, sizeof(bytes));
		printf("  flow     %s packets, %sB, last seen %.1f s ago\n", packets, bytes,
		       seconds_ago(answer));
	} else {
		printf("  flow     %s\n", answer->service == TP_SERVICE_CONTROL
						  ? "not kept: control"
						  : "not seen yet, or forgotten");
	}
	printf("  decided  %s, policy %s, generation %u\n",
	       answer->service == TP_SERVICE_CONTROL ? "by the program itself"
	       : answer->cached                      ? "on the flow's first packet, and kept"
						     : "from the policy, just now",
	       policy->name, policy->generation);
}

static int print_json(const struct question *question, const struct explain_answer *answer,
		      const struct policy *policy)
{
	json_t *flow, *json;

	flow = answer->flow_packets
		       ? json_pack("{s:I, s:I, s:f}", "packets", (json_int_t)answer->flow_packets,
				   "bytes", (json_int_t)answer->flow_bytes, "last_seen_s_ago",
				   seconds_ago(answer))
		       : json_null();
	json = json_pack(
		"{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, "
		"s:o?, s:s, s:i, s:o?, s:s?}",
		"interface", question->ifname, "protocol",
		question->protocol == IPPROTO_TCP ? "tcp" : "udp", "source", question->src_text,
		"destination", question->dst_text, "queue", (int)question->queue, "vlan",
		question->vlan, "dscp", question->dscp, "service",
		service_name(policy, answer->service), "tenant",
		tenant_name(policy, answer->tenant), "class", class_name(answer->class_), "path",
		path_name(answer->path), "verdict", verdict_name(answer->verdict), "reason",
		reason_name(answer->reason), "reason_text", reason_text(answer->reason), "cached",
		answer->cached, "cpu",
		answer->verdict == TP_VERDICT_CPU ? json_integer(answer->cpu) : json_null(),
		"policy", policy->name, "generation", (int)policy->generation, "flow", flow,
		"without_af_xdp_socket",
		answer->path == TP_PATH_AF_XDP ? reason_name(answer->fallback) : NULL);
	if (!json)
		return -ENOMEM;
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return 0;
}

static int run(const struct question *question, struct policy *policy)
{
	struct explain_answer answer = {};
	struct found found;
	struct asking asking = {question, &found, &answer};
	int err;

	err = found_query(question->ifname, &found);
	if (err) {
		msg_error("cannot ask the kernel what runs on %s: %s", question->ifname,
			  strerror(-err));
		return EXIT_FAILED;
	}
	if (!found_usable(&found))
		return EXIT_FAILED;
	/* A test run names its interface by index, so it is made where that is. */
	err = netns_run(found.netns, ask, &asking);
	if (err == -EINVAL || err == -ENXIO) {
		msg_error("%s has no receive queue %u in use; it has %u: --queue 0 to %u",
			  question->ifname, question->queue, found.state.config.queues,
			  found.state.config.queues - 1);
		return EXIT_USAGE;
	}
	if (!err)
		err = read_policy(question->ifname, policy);
	if (err) {
		msg_error("cannot ask the classifier of %s: %s", question->ifname, strerror(-err));
		msg_show_libs();
		return EXIT_FAILED;
	}
	if (question->json)
		return print_json(question, &answer, policy) ? EXIT_FAILED : EXIT_OK;
	print_text(question, &answer, policy);
	return EXIT_OK;
}

int load_explain(int argc, char **argv)
{
	const struct argp_child children[] = {{&load_common_argp, 0, NULL, 0}, {}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "IFACE tcp|udp SRC:PORT DST:PORT",
		.doc = "What the classifier of IFACE would do with such a packet, and why.",
		.children = children,
	};
	struct question question = {};
	struct policy *policy;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &question);
	if (!load_can_work("explain"))
		return EXIT_FAILED;
	policy = calloc(1, sizeof(*policy));
	if (!policy) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	code = run(&question, policy);
	free(policy);
	return code;
}
