// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-load attach: maps first, policy second, program last.  Killed at any point it leaves either
 * pins without a program, which the next attach or detach cleans up, or a program that detach
 * finds.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/attach.h"
#include "loaders/load/load.h"

/* A 4 KiB page less veth's headroom, the Ethernet header and the kernel's trailer; others allow about that. */
#define ONE_PAGE_MTU_VETH 3506
#define ONE_PAGE_MTU      3498

/* One way to be attached. */
struct
try {
	enum tp_attach_mode mode;
	bool frags;
};

static const struct argp_option options[] = {
	{"policy", 'p', "FILE", 0, "the policy file (required)", 0},
	{"mode", 'm', "native|generic|auto", 0,
	 "where to run: in the driver, behind it, or (auto, the default) in the driver if it can",
	 0},
	{"stamp", 's', NULL, 0,
	 "stamp frames for AF_XDP sockets with their arrival, in XDP metadata: for measuring "
	 "delivery",
	 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct attach *attach = state->input;

	switch (key) {
	case 'p':
		attach->file = arg;
		return 0;
	case 'm':
		if (!strcmp(arg, "auto"))
			attach->want = WANT_AUTO;
		else if (!strcmp(arg, "native"))
			attach->want = WANT_NATIVE;
		else if (!strcmp(arg, "generic"))
			attach->want = WANT_GENERIC;
		else
			argp_error(state, "mode `%s`: it is native, generic or auto", arg);
		return 0;
	case 's':
		attach->state.config.stamp = true;
		return 0;
	case ARGP_KEY_ARG:
		if (attach->ifname)
			argp_error(state, "one interface at a time");
		attach->ifname = arg;
		return 0;
	case ARGP_KEY_END:
		if (!attach->ifname)
			argp_error(state, "which interface?");
		if (!attach->file)
			argp_error(state, "--policy FILE is missing; docs/examples/observe.yaml "
					  "steers nothing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint32_t one_buffer_mtu(const struct netif *netif)
{
	return strcmp(netif->driver, "veth") ? ONE_PAGE_MTU : ONE_PAGE_MTU_VETH;
}

static const char *driver_of(const struct netif *netif)
{
	return netif->driver[0] ? netif->driver : "(unknown)";
}

static void say_why(const struct netif *netif, int err, bool refused)
{
	if (err == -EBUSY || err == -EEXIST)
		msg_error("%s got an XDP program from somebody else just now; xdp-loader status %s "
			  "names it",
			  netif->name, netif->name);
	else if (refused && netif->loopback)
		msg_error("%s is the loopback: it has no driver that could run XDP (%s), so "
			  "generic mode is the only one: --mode generic",
			  netif->name, strerror(-err));
	else if (refused && netif->mtu > one_buffer_mtu(netif))
		msg_error("driver %s refuses native XDP at MTU %u, in one buffer and in several "
			  "(%s): "
			  "ip link set %s mtu %u (and the same on its peer), or --mode generic",
			  driver_of(netif), netif->mtu, strerror(-err), netif->name,
			  one_buffer_mtu(netif));
	else if (refused)
		msg_error("driver %s refuses XDP on %s (%s); --mode generic works on every driver",
			  driver_of(netif), netif->name, strerror(-err));
	else
		msg_error("cannot attach to %s: %s", netif->name, strerror(-err));
	if (!refused || msg_verbose())
		msg_show_libs();
}

/*
 * NAPI promises that a queue is served by one CPU at a time.  tun runs XDP where the writer writes, and
 * a bond or team runs it for several devices whose queues have the same numbers.
 */
static bool shares_queues(const struct netif *netif)
{
	return !strcmp(netif->driver, "tun") || !strcmp(netif->driver, "bonding") ||
	       !strcmp(netif->driver, "team");
}

/*
 * The whole of it in one mode.  Each try makes its own maps: the kernel ties a cpumap to programs that take
 * frames of several buffers, or to those that do not.
 */
static int attach_as(struct attach *attach, const struct try *try, bool *refused)
{
	int state_fd, err;

	*refused = false;
	attach->lock = -1;
	attach->state.mode = try->mode;
	attach->state.config.frags = try->frags;
	attach->state.config.atomic_counters =
		try->mode == TP_MODE_GENERIC || shares_queues(&attach->netif);
	attach->policy->generation = 0;
	msg_clear_libs();
	state_fd = attach_prepare(attach);
	if (state_fd < 0) {
		err = state_fd;
		goto remove_pins;
	}
	drops_attach(attach->ifname, attach->state.config.queues,
		     policy_cpus(attach->source, NULL, 0) > 0);
	err = attach_live(attach, state_fd, refused);
	close(state_fd);
	if (!err)
		goto unlock;
remove_pins:
	pins_remove(attach->ifname);
unlock:
	if (attach->lock >= 0)
		close(attach->lock);
	return err;
}

/* Best way first; the next one only where the driver refused. */
static int attach_somehow(struct attach *attach)
{
	const struct netif *netif = &attach->netif;
	bool large = netif->mtu > one_buffer_mtu(netif), refused = false;
	const struct try tries[] = {
		{TP_MODE_NATIVE, large},
		{TP_MODE_NATIVE, !large},
		{TP_MODE_GENERIC, false},
	};
	int err = -EOPNOTSUPP, first = 0;
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (attach->want == (tries[i].mode == TP_MODE_NATIVE ? WANT_GENERIC : WANT_NATIVE))
			continue;
		if (tries[i].mode == TP_MODE_GENERIC && first && !netif->loopback)
			msg_warn("driver %s refuses native XDP on %s at MTU %u (%s): trying "
				 "generic mode, "
				 "which costs more",
				 driver_of(netif), netif->name, netif->mtu, strerror(-first));
		err = attach_as(attach, &tries[i], &refused);
		if (!err || !refused)
			break;
		/* The first refusal tells more than that of the second way of the same mode. */
		if (!first)
			first = err;
	}
	if (err)
		say_why(netif, refused && first ? first : err, refused);
	return err;
}

static void report(const struct attach *attach)
{
	const struct attach_state *state = &attach->state;

	warn_about(&attach->netif, state->mode);
	warn_policy(&attach->netif, attach->source, attach->policy->flags, state->mode);
	if (state->config.frags)
		msg_warn("at MTU %u frames come in several buffers: an AF_XDP sink must bind with "
			 "XDP_USE_SG; "
			 "fix: ip link set %s mtu %u",
			 attach->netif.mtu, attach->ifname, one_buffer_mtu(&attach->netif));
	printf("attached to %s: program %u in %s mode, %s; policy %s, %u queue(s), %u flows%s\n",
	       attach->ifname, state->prog_id, mode_name(state->mode),
	       state->method == TP_ATTACH_DISPATCHER
		       ? "beside others through libxdp's dispatcher"
		       : "as the only program (this kernel cannot dispatch several)",
	       attach->policy->name, state->config.queues,
	       (state->config.flow_set_mask + 1) * TP_FLOW_WAYS,
	       state->config.stamp ? ", arrival stamps" : "");
}

static int run(struct attach *attach)
{
	int lock, err;

	err = pins_mount();
	if (err) {
		msg_error("cannot mount bpffs on " PINS_BPFFS ": %s", strerror(-err));
		return EXIT_FAILED;
	}
	lock = pins_lock();
	if (lock < 0) {
		msg_error("cannot lock " PINS_ROOT ": %s", strerror(-lock));
		return EXIT_FAILED;
	}
	attach->dispatch = xdp_dispatcher_works();
	err = attach_claim(attach);
	if (!err)
		err = attach_somehow(attach);
	close(lock);
	if (err)
		return err == -EOPNOTSUPP ? EXIT_UNSUPPORTED : EXIT_FAILED;
	report(attach);
	return EXIT_OK;
}

int load_attach(int argc, char **argv)
{
	const struct argp_child children[] = {{&load_common_argp, 0, NULL, 0}, {}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "IFACE",
		.doc = "Attach the classifier to IFACE under the policy of FILE.",
		.children = children,
	};
	struct attach attach = {};
	int err, code = EXIT_FAILED;

	argp_parse(&argp, argc, argv, 0, NULL, &attach);
	if (!load_can_work("attach"))
		return EXIT_FAILED;
	err = netif_query(attach.ifname, &attach.netif);
	if (err) {
		msg_error("interface %s: %s; ip link lists what there is in this network namespace",
			  attach.ifname, strerror(-err));
		return EXIT_FAILED;
	}
	if (sodium_init() < 0) {
		msg_error("libsodium finds no source of randomness");
		return EXIT_FAILED;
	}
	if (policy_load(attach.file, &attach.source))
		return EXIT_USAGE;
	attach.policy = malloc(sizeof(*attach.policy));
	if (!attach.policy ||
	    policy_compile(attach.source, attach.policy, &attach.prefixes, &attach.prefix_count)) {
		msg_error("out of memory");
		goto free_policy;
	}
	if (cpus_online(attach.source))
		code = run(&attach);
	free(attach.prefixes);
free_policy:
	free(attach.policy);
	policy_free(attach.source);
	return code;
}
