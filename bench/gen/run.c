// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tp-bench run: opens the client, offers the load, reports. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/gen/clock.h"
#include "bench/gen/commands.h"
#include "bench/gen/load.h"
#include "bench/gen/options.h"
#include "bench/gen/probe.h"
#include "bench/gen/report.h"
#include "bench/gen/report_parts.h"
#include "loaders/lib/msg.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = 1;
}

static void catch_signals(void)
{
	/* Without SA_RESTART: a sleep ends, and the loop looks. */
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int open_client(const struct run_options *o, struct load *l, struct histogram *delivery,
		       struct client **c)
{
	const struct client_events events = load_events(l);
	struct sockaddr_storage address[HELLO_SERVERS];
	char why[TRANSPORT_WHY] = "";
	/* On a stream every class has a connection of its own: bulk must not stand before small messages. */
	unsigned int times = o->ops->datagram ? 1 : o->workload.n;
	struct transport_config config = {
		.addresses = address,
		.naddresses = o->nto * times,
		.wait = o->wait,
		.interface = o->interface,
		.queue = o->queue,
		.delivery = delivery,
	};
	int err;

	if (config.naddresses > HELLO_SERVERS) {
		msg_error("%u servers for %u classes are too many connections; at most %d", o->nto,
			  times, HELLO_SERVERS);
		return -EINVAL;
	}
	xsk_options_apply(&o->xsk, &config);
	for (unsigned int i = 0; i < config.naddresses; i++)
		address[i] = o->to[i % o->nto];
	err = client_open(o->ops, &config, o->timeout_ms * NS_PER_MS, &events, c, why);
	if (err && err != -EINTR)
		msg_error("%s: %s", o->ops->name, why);
	return err;
}

/* Since the client was opened, so with the warm-up. */
static json_t *delivery_json(const struct run_options *o, const struct histogram *delivery)
{
	json_t *object;

	if (!delivery->total)
		return json_pack("{s:s}", "unsupported",
				 !strcmp(o->ops->name, "xsk")
					 ? "frames carry no arrival stamp: tp-load attach --stamp"
					 : "this transport has no arrival stamps");
	object = report_histogram(delivery);
	if (object)
		json_object_set_new(object, "stamp",
				    json_string(strcmp(o->ops->name, "xsk") ? "SO_TIMESTAMPNS"
									    : "XDP metadata"));
	return object;
}

static int report(const struct run_options *o, const struct load *l, const struct client *c,
		  const struct histogram *delivery, const struct cgroup *cgroup, json_t *probes)
{
	struct client_counts counts = client_counts(c);
	json_t *receipt = client_receipt(c), *root;
	int status;

	if (!receipt)
		receipt = json_object();
	if (o->cpu >= 0)
		json_object_set_new(receipt, "cpu", json_integer(o->cpu));
	root = report_json(o, l, &counts, cgroup, receipt, probes, &status);
	if (!root) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	if (delivery)
		json_object_set_new(root, "delivery", delivery_json(o, delivery));
	if (o->json) {
		json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	} else {
		report_print(root);
	}
	if (status != EXIT_OK)
		msg_error("%s", json_string_value(json_object_get(root, "why")));
	json_decref(root);
	return msg_flush() ? EXIT_FAILED : status;
}

static int measure(const struct run_options *o, const struct cgroup *cgroup)
{
	const struct load_options options = {
		.closed = o->closed,
		.wait = o->wait,
		.servers = o->nto,
		.own_connections = !o->ops->datagram,
		.duration_s = o->duration_s,
		.warmup_s = o->warmup_s,
		.timeout_ns = o->timeout_ms * NS_PER_MS,
		.progress = !o->json && isatty(STDERR_FILENO),
		.stop = &stop,
	};
	struct probes probes = {0};
	struct histogram *delivery = o->delivery ? calloc(1, sizeof(*delivery)) : NULL;
	struct client *c = NULL;
	struct load *l = NULL;
	json_t *said = NULL;
	int err, status;

	err = load_new(&o->workload, &options, cgroup, &l);
	if (!err)
		err = open_client(o, l, delivery, &c);
	if (!err && o->probes)
		err = probes_start(&probes, o->probes, o->json, &stop);
	if (!err)
		err = load_run(l, c);
	if (probes.n)
		said = probes_stop(&probes);
	if (!err)
		status = report(o, l, c, delivery, cgroup, said);
	else if (!l && err != -ENOMEM) /* a trace that cannot be read */
		status = EXIT_USAGE;
	else
		status = err == -EOPNOTSUPP ? EXIT_UNSUPPORTED : EXIT_FAILED;
	if (err)
		json_decref(said);
	if (err == -EINTR)
		msg_error("interrupted; nothing is reported");
	client_close(c);
	load_free(l);
	free(delivery);
	return status;
}

int command_run(int argc, char **argv)
{
	struct run_options o;
	struct cgroup cgroup;
	int status, err;

	run_options_parse(&o, argc, argv);
	if (o.cpu >= 0) {
		err = cpu_pin((unsigned int)o.cpu);
		if (err) {
			msg_error("CPU %d is not there, or not for this process", o.cpu);
			workload_free(&o.workload);
			return EXIT_USAGE;
		}
	}
	/* Sleeps end when they are over, not up to 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	catch_signals();
	cgroup_join(&cgroup, "client");
	status = measure(&o, &cgroup);
	cgroup_leave(&cgroup);
	workload_free(&o.workload);
	return status;
}
