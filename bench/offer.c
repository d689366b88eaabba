// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-offer: sends live frames of 64-byte UDP packets into a veth, as fast as one CPU can, and counts
 * what comes back out at another interface.  Prints what it did as JSON.
 *
 * A veth's NAPI is scheduled on the CPU that sent to it, so generator, receive program and the copy into the
 * receiver's memory share the pinned CPU; only the receiving process has one of its own.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#include "bench/bpf-packet.h"
#include "bench/bpf-replay.h"
#include "bench/offer.h"
#include "loaders/lib/inet_csum.h"
#include "loaders/lib/msg.h"
#include "skel/offer.skel.h"

#define QUIET_NS  50000000L /* nothing arrived for this long: all has */
#define QUIET_MAX 40

struct options {
	const char *interface;
	const char *far_end; /* NULL: nothing is counted */
	unsigned int cpu;
	unsigned int flows;
	double seconds;
};

static const struct argp_option option_table[] = {
	{"interface", 'i', "NAME", 0, "veth to send into", 0},
	{"far-end", 'f', "NAME", 0, "interface to count and drop at what a forwarder sends", 0},
	{"cpu", 'c', "N", 0, "CPU to send on (default 0)", 0},
	{"flows", 'n', "N", 0, "UDP flows, in turn (default 20000)", 0},
	{"seconds", 't', "S", 0, "how long to send (default 2)", 0},
	{},
};

static double number(struct argp_state *state, const char *arg, double min, double max)
{
	char *end;
	double value = strtod(arg, &end);

	if (*end || end == arg || !(value >= min && value <= max))
		argp_error(state, "'%s' is not a number from %g to %g", arg, min, max);
	return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'i':
		o->interface = arg;
		return 0;
	case 'f':
		o->far_end = arg;
		return 0;
	case 'c':
		o->cpu = (unsigned int)number(state, arg, 0, CPU_SETSIZE - 1);
		return 0;
	case 'n':
		o->flows = (unsigned int)number(state, arg, 1, OFFER_MAX_FLOWS);
		return 0;
	case 't':
		o->seconds = number(state, arg, 0.001, 3600);
		return 0;
	case ARGP_KEY_END:
		if (!o->interface)
			argp_error(state, "--interface is needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The kernel's stack would drop a packet whose header is not summed. */
static void sum_header(struct bench_packet *packet)
{
	struct iphdr ip;

	memcpy(&ip, packet->bytes + ETH_HLEN, sizeof(ip));
	ip.check = (uint16_t)~csum_fold(csum_bytes(0, &ip, sizeof(ip)));
	memcpy(packet->bytes + ETH_HLEN, &ip, sizeof(ip));
}

static int load(struct offer **out, const struct options *o)
{
	unsigned int ifindex = if_nametoindex(o->interface);
	struct offer *offer;
	int err;

	if (!ifindex) {
		msg_error("there is no interface %s in this network namespace", o->interface);
		return -ENODEV;
	}
	offer = offer__open();
	if (!offer)
		return -ENOMEM;
	offer->rodata->cfg.flows = o->flows;
	offer->rodata->cfg.step = bench_replay_step(o->flows);
	offer->rodata->cfg.ifindex = ifindex;
	err = offer__load(offer);
	if (err) {
		msg_error("the sending program cannot be loaded: %s", strerror(-err));
		msg_show_libs();
		offer__destroy(offer);
		return err;
	}
	*out = offer;
	return 0;
}

static int attach_arrivals(const struct offer *offer, const char *name, struct bpf_tc_hook *hook)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(offer->progs.arrivals));
	int err;

	*hook = (struct bpf_tc_hook){
		.sz = sizeof(*hook),
		.ifindex = (int)if_nametoindex(name),
		.attach_point = BPF_TC_INGRESS,
	};
	err = hook->ifindex ? bpf_tc_hook_create(hook) : -ENODEV;
	if (!err) {
		err = bpf_tc_attach(hook, &opts);
		if (err)
			bpf_tc_hook_destroy(hook);
	}
	if (err) {
		msg_error("what arrives at %s cannot be counted: %s", name, strerror(-err));
		msg_show_libs();
	}
	return err;
}

static void detach_arrivals(struct bpf_tc_hook *hook)
{
	hook->attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(hook);
}

static void interrupt(int number)
{
	(void)number;
}

/* One call, which a signal ends: each would repeat its set-up, and a generator that pauses does not saturate. */
static int send_for(const struct offer *offer, const struct bench_packet *packet, double seconds,
		    __u64 *cpu_ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->bytes, .data_size_in = packet->len,
		    .repeat = INT_MAX, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = OFFER_BATCH);
	struct sigaction action = {.sa_handler = interrupt};
	struct itimerval timer = {
		.it_value = {.tv_sec = (time_t)seconds,
			     .tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)},
	};

	__u64 start = bench_clock(CLOCK_THREAD_CPUTIME_ID);

	if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &timer, NULL))
		return -errno;
	if (bpf_prog_test_run_opts(bpf_program__fd(offer->progs.offer), &opts) && errno != EINTR) {
		int err = -errno;

		msg_error("live frames cannot be sent (Linux 5.18): %s", strerror(-err));
		return err;
	}
	*cpu_ns = bench_clock(CLOCK_THREAD_CPUTIME_ID) - start;
	return 0;
}

/* Frames that arrived, once no more do. */
static __u64 settle(const struct offer *offer)
{
	const struct timespec nap = {.tv_nsec = QUIET_NS};
	volatile __u64 *arrived = &offer->bss->arrived;
	__u64 before;
	int i;

	for (i = 0; i < QUIET_MAX; i++) {
		before = *arrived;
		nanosleep(&nap, NULL);
		if (*arrived == before)
			break;
	}
	return *arrived;
}

static int print(const struct options *o, const struct offer *offer,
		 const struct bench_packet *packet, __u64 cpu_ns)
{
	const struct offer__bss *bss = offer->bss;
	json_t *out = json_pack("{s:I, s:i, s:i, s:f, s:f}", "sent_frames", (json_int_t)bss->sent,
				"frame_bytes", (int)packet->len, "flows", (int)o->flows, "seconds",
				(double)(bss->last_ns - bss->first_ns) / 1e9, "cpu_seconds",
				(double)cpu_ns / 1e9);
	int err;

	if (out && o->far_end) {
		json_object_set_new(out, "arrived_frames", json_integer((json_int_t)settle(offer)));
		json_object_set_new(out, "arrived_in_time_frames",
				    json_integer((json_int_t)bss->arrived_in_time));
	}
	err = !out || json_dumpf(out, stdout, JSON_COMPACT) || printf("\n") < 0 ? -EIO : 0;
	json_decref(out);
	return err;
}

static int run(const struct options *o)
{
	struct bench_packet packet;
	struct bpf_tc_hook hook;
	struct offer *offer = NULL;
	__u64 cpu_ns = 0;
	int err;

	bench_packet_make(&packet, false, false, 0);
	sum_header(&packet);
	err = load(&offer, o);
	if (err)
		return err;
	if (o->far_end) {
		err = attach_arrivals(offer, o->far_end, &hook);
		if (err)
			goto destroy;
	}
	err = send_for(offer, &packet, o->seconds, &cpu_ns);
	if (!err)
		err = print(o, offer, &packet, cpu_ns);
	if (o->far_end)
		detach_arrivals(&hook);
destroy:
	offer__destroy(offer);
	return err;
}

static int pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set))
		return 0;
	msg_error("CPU %u cannot be used: %s", cpu, strerror(errno));
	return -errno;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Sends live frames (BPF_PROG_RUN) of 64-byte UDP packets into a veth as "
		       "fast as "
		       "one CPU can, and counts what a forwarder returns.",
	};
	struct options o = {.flows = 20000, .seconds = 2};

	msg_init("tp-offer", false);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return pin(o.cpu) || run(&o) ? EXIT_FAILED : EXIT_OK;
}
