// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tp-bench serve: opens every end, then one thread each until a signal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/gen/clock.h"
#include "bench/gen/commands.h"
#include "bench/gen/cpu.h"
#include "bench/gen/options.h"
#include "bench/gen/server.h"
#include "bench/gen/sock.h"
#include "loaders/lib/msg.h"

static int open_all(struct server *s, const struct serve_options *o)
{
	char why[TRANSPORT_WHY] = "";

	for (unsigned int i = 0; i < o->nlisten * o->workers; i++) {
		struct worker *w = &s->worker[i];
		struct transport_config config = {
			.addresses = &o->listen[i / o->workers],
			.naddresses = 1,
			.wait = o->wait,
			.reuse_port = o->workers > 1,
			.interface = o->interface,
			.queue = o->queue + i % o->workers,
		};
		int err;

		xsk_options_apply(&o->xsk, &config);
		w->cpu = o->has_cpus ? (int)cpu_nth(&o->cpus, i) : -1;
		err = server_open(s, w, &config, why);
		if (err) {
			msg_error("%s: %s", o->ops->name, why);
			return err;
		}
		s->nworkers++;
	}
	return 0;
}

static void say_ready(const struct server *s, const struct serve_options *o)
{
	char name[SOCK_NAME];

	if (o->json) {
		json_t *ready =
			json_pack("{s:s, s:s}", "event", "ready", "transport", o->ops->name);

		json_dumpf(ready, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(ready);
		return;
	}
	for (unsigned int i = 0; i < o->nlisten; i++)
		msg_info("%s on %s, %s, %u thread%s", o->ops->name, sock_name(&o->listen[i], name),
			 transport_wait_names[o->wait], o->workers, o->workers > 1 ? "s" : "");
}

static void say_final(const struct server *s, const struct serve_options *o)
{
	json_t *object = server_json(s);

	if (!object)
		return;
	if (o->json) {
		json_object_set_new(object, "event", json_string("final"));
		json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	} else {
		struct server_counts c = server_counts(s);

		msg_info("%llu requests, %.1f MB in, %.1f MB out, %llu corrupt; CPU %.2f s user, "
			 "%.2f s system",
			 (unsigned long long)c.requests, (double)c.bytes_in / 1e6,
			 (double)c.bytes_out / 1e6, (unsigned long long)c.corrupt,
			 json_number_value(json_object_get(object, "user_s")),
			 json_number_value(json_object_get(object, "system_s")));
	}
	json_decref(object);
}

/* Signals are this thread's alone: the workers never return early from a call for them. */
static int run(struct server *s, const struct serve_options *o, const sigset_t *signals)
{
	unsigned int started = 0;
	int err = 0, number;

	for (; started < s->nworkers && !err; started += !err)
		err = pthread_create(&s->worker[started].thread, NULL, server_run,
				     &s->worker[started]);
	if (err) {
		msg_error("no thread: %s", strerror(err));
	} else {
		say_ready(s, o);
		sigwait(signals, &number);
	}
	atomic_store(&s->stop, true);
	while (started--)
		pthread_join(s->worker[started].thread, NULL);
	if (!err)
		say_final(s, o);
	if (msg_flush())
		return -EIO;
	return atomic_load(&s->failed) ? -EIO : -err;
}

int command_serve(int argc, char **argv)
{
	struct serve_options o;
	struct server *s;
	sigset_t signals;
	int err;

	serve_options_parse(&o, argc, argv);
	s = calloc(1, sizeof(*s));
	if (!s) {
		msg_error("out of memory");
		return EXIT_FAILED;
	}
	s->ops = o.ops;
	s->wait = o.wait;
	s->stall_ns = o.stall_ms * NS_PER_MS;
	s->stall_at_ns = (uint64_t)(o.stall_at_s * 1e9);
	if (getrandom(&s->instance, sizeof(s->instance), 0) != sizeof(s->instance))
		s->instance = clock_ns();
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	cgroup_join(&s->cgroup, "server");
	err = open_all(s, &o);
	if (!err)
		err = run(s, &o, &signals);
	for (unsigned int i = 0; i < s->nworkers; i++)
		server_close(&s->worker[i]);
	cgroup_leave(&s->cgroup);
	free(s);
	if (err == -EOPNOTSUPP)
		return EXIT_UNSUPPORTED;
	return err ? EXIT_FAILED : EXIT_OK;
}
