// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-xsk: the AF_XDP sink (path B).  Opens what tp-load pinned, binds one socket a receive queue, runs
 * one worker thread each, and watches over them.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/xsk/options.h"
#include "loaders/xsk/report.h"
#include "loaders/lib/xsk_target.h"
#include "loaders/xsk/worker.h"

#define TICK_NS             50000000L /* how often time, counts and the interfaces are looked at */
#define TICKS_PER_PIN_CHECK 20

struct sink {
	struct xsk_options opt;
	struct target target[WORKER_PORTS];
	uint32_t ntargets;
	struct worker *workers;
	uint32_t nworkers;
	int signal_fd;
	int timer_fd;
	int event_fd;
	struct report report;
};

static int open_targets(struct sink *s)
{
	int err;

	err = target_open(&s->target[0], s->opt.iface);
	if (err == -ENOENT && pins_hidden())
		msg_error("no bpffs is mounted in this mount namespace (`ip netns exec` makes such "
			  "a one): enter "
			  "the network namespace alone: nsenter --net=/run/netns/NAME tp-xsk ...");
	else if (err == -ENOENT)
		msg_error("nothing is attached to %s: make load IFACE=%s "
			  "POLICY=docs/examples/agentic.yaml, "
			  "or: tp-load attach %s --policy FILE",
			  s->opt.iface, s->opt.iface, s->opt.iface);
	if (err)
		return err;
	s->ntargets = 1;
	if (!s->opt.out)
		return 0;
	err = target_open(&s->target[1], s->opt.out);
	if (err == -ENOENT) {
		msg_warn(
			"nothing is attached to %s: it only sends, nothing is forwarded from there "
			"(tp-load attach %s)",
			s->opt.out, s->opt.out);
		return 0;
	}
	if (!err)
		s->ntargets = 2;
	return err;
}

static void close_targets(struct sink *s)
{
	while (s->ntargets)
		target_close(&s->target[--s->ntargets]);
}

static int check_queues(const struct sink *s, uint32_t *first, uint32_t *n)
{
	uint32_t t, q, queues = s->target[0].queues;
	int err;

	*first = s->opt.queue == ALL_QUEUES ? 0 : s->opt.queue;
	*n = s->opt.queue == ALL_QUEUES ? queues : 1;
	for (t = 0; t < s->ntargets; t++) {
		if (*first + *n > s->target[t].queues) {
			msg_error("%s has %u queues where %u are needed: ethtool -L %s, or another "
				  "--queue",
				  s->target[t].ifname, s->target[t].queues, *first + *n,
				  s->target[t].ifname);
			return -EINVAL;
		}
		for (q = *first; q < *first + *n; q++) {
			err = target_check_free(&s->target[t], q);
			if (err)
				return err;
		}
	}
	return 0;
}

/* A client that nobody answered has failed, whatever the network's reason. */
static int check_answers(const struct sink *s)
{
	uint32_t i;

	if (s->opt.mode != SINK_CLIENT)
		return 0;
	for (i = 0; i < s->nworkers; i++)
		if (s->workers[i].count.answered || !s->workers[i].count.asked)
			return 0;
	msg_error("no request was answered: does the service run, is --to-mac its address, and "
		  "does the "
		  "policy of %s steer the source port of --from to af_xdp?",
		  s->opt.iface);
	return -ETIMEDOUT;
}

/* Without --cpu, the CPUs that the process may use. */
static int choose_cpus(struct xsk_options *opt)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -errno;
	if (opt->ncpus) {
		for (cpu = 0; cpu < (int)opt->ncpus; cpu++) {
			if (CPU_ISSET(opt->cpus[cpu], &set))
				continue;
			msg_error("--cpu: CPU %d is not one that this process may use (see taskset "
				  "-p)",
				  opt->cpus[cpu]);
			return -EINVAL;
		}
		return 0;
	}
	for (cpu = 0; cpu < MAX_CPUS; cpu++)
		if (CPU_ISSET(cpu, &set))
			opt->cpus[opt->ncpus++] = cpu;
	return opt->ncpus ? 0 : -ENODEV;
}

static int open_workers(struct sink *s)
{
	uint32_t i, first = 0, n = 0, next_cpu = 0;
	int err;

	err = check_queues(s, &first, &n);
	if (!err)
		err = choose_cpus(&s->opt);
	if (err)
		return err;
	if (s->opt.wait != WAIT_POLL && n > s->opt.ncpus)
		msg_warn("%u workers that never sleep share %u CPU(s): while one waits for its "
			 "turn its "
			 "traffic goes to the stack; use --poll, or fewer queues (--queue)",
			 n, s->opt.ncpus);
	s->workers = calloc(n, sizeof(*s->workers));
	if (!s->workers)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct worker *w = &s->workers[i];

		w->opt = &s->opt;
		w->queue = first + i;
		w->cpu = s->opt.cpus[next_cpu];
		next_cpu = next_cpu + 1 < s->opt.ncpus ? next_cpu + 1 : 0;
		w->event_fd = s->event_fd;
		w->nports = s->opt.out ? 2 : 1;
		w->target[0] = &s->target[0];
		w->target[1] = s->ntargets > 1 ? &s->target[1] : NULL;
		err = worker_open(w);
		if (err)
			return err;
		s->nworkers++;
		if (s->opt.mode == SINK_CLIENT)
			err = client_init(s->workers, i, n);
		if (err)
			return err;
	}
	return 0;
}

static void close_workers(struct sink *s)
{
	while (s->nworkers)
		worker_close(&s->workers[--s->nworkers]);
	free(s->workers);
}

static int start_workers(struct sink *s)
{
	uint32_t i;
	int err;

	for (i = 0; i < s->nworkers; i++) {
		err = worker_start(&s->workers[i]);
		if (err) {
			msg_error("cannot start the worker of queue %u on CPU %d: %s",
				  s->workers[i].queue, s->workers[i].cpu, strerror(-err));
			return err;
		}
	}
	return 0;
}

/* All are told before the first is waited for: each waits for the kernel to settle. */
static void stop_workers(struct sink *s)
{
	uint32_t i;

	for (i = 0; i < s->nworkers; i++)
		worker_ask_stop(&s->workers[i]);
	for (i = 0; i < s->nworkers; i++)
		worker_join(&s->workers[i]);
}

/* Signals are taken from a descriptor, by this thread only: blocked before any worker starts. */
static int open_events(struct sink *s)
{
	const struct itimerspec tick = {
		.it_interval.tv_nsec = TICK_NS,
		.it_value.tv_nsec = TICK_NS,
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	s->event_fd = eventfd(0, EFD_CLOEXEC);
	if (s->signal_fd < 0 || s->timer_fd < 0 || s->event_fd < 0 ||
	    timerfd_settime(s->timer_fd, 0, &tick, NULL))
		return -errno;
	return 0;
}

/* Of the two interfaces of --mode forward, the one that the kernel no longer knows. */
static const char *gone_name(const struct xsk_options *opt)
{
	return opt->out && !if_nametoindex(opt->out) ? opt->out : opt->iface;
}

/* A socket of an interface that went away says so once, to whoever asks first: here or its worker. */
static int check_health(const struct sink *s, bool look_at_pins)
{
	uint32_t i, p;
	int err;

	for (i = 0; i < s->nworkers; i++) {
		const struct worker *w = &s->workers[i];

		err = __atomic_load_n(&w->error, __ATOMIC_ACQUIRE);
		for (p = 0; p < w->nports && !err; p++)
			err = xsk_port_error(&w->port[p]);
		if (err == -ENETDOWN || err == -ENXIO) {
			msg_error("%s is gone: it was deleted or moved away", gone_name(&s->opt));
			return err;
		}
		if (err) {
			msg_error("the worker of queue %u ended: %s", w->queue, strerror(-err));
			return err;
		}
	}
	for (i = 0; look_at_pins && i < s->ntargets; i++) {
		if (target_attached(&s->target[i]))
			continue;
		msg_error(
			"the classifier was detached from %s, so nothing is steered here any more: "
			"start again after tp-load attach %s",
			s->target[i].ifname, s->target[i].ifname);
		return -ESTALE;
	}
	return 0;
}

static bool clients_finished(const struct sink *s)
{
	uint32_t i;

	for (i = 0; i < s->nworkers; i++)
		if (!__atomic_load_n(&s->workers[i].client.finished, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static bool count_reached(const struct sink *s)
{
	if (s->opt.mode == SINK_CLIENT)
		return clients_finished(s);
	return s->opt.count && report_received(&s->report) >= s->opt.count;
}

static int watch(struct sink *s)
{
	struct pollfd fds[] = {
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = s->event_fd, .events = POLLIN},
		{.fd = s->timer_fd, .events = POLLIN},
	};
	double next_s = s->opt.interval_s;
	uint64_t events, ticks = 0;
	int err;

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return 0;
		err = check_health(s, ticks++ % TICKS_PER_PIN_CHECK == 0);
		if (err)
			return err;
		if ((fds[1].revents && read(s->event_fd, &events, sizeof(events)) < 0) ||
		    (fds[2].revents && read(s->timer_fd, &events, sizeof(events)) < 0))
			return -errno;
		if (s->opt.interval_s > 0 && report_elapsed_s(&s->report) >= next_s) {
			report_interval(&s->report);
			if (s->report.error)
				return s->report.error;
			next_s += s->opt.interval_s;
		}
		if (s->opt.duration_s > 0 && report_elapsed_s(&s->report) >= s->opt.duration_s)
			return 0;
		if (count_reached(s))
			return 0;
	}
}

static int serve(struct sink *s)
{
	int err;

	err = report_init(&s->report, &s->opt, s->workers, s->nworkers);
	if (err)
		return err;
	err = start_workers(s);
	if (!err) {
		report_ready(&s->report);
		err = s->report.error ? s->report.error : watch(s);
	}
	stop_workers(s);
	if (!report_final(&s->report)) {
		msg_error("frames are unaccounted for: run again with --sanitize, and report it");
		err = err ? err : -EUCLEAN;
	}
	if (!err)
		err = s->report.error;
	report_fini(&s->report);
	return err ? err : check_answers(s);
}

int main(int argc, char **argv)
{
	struct sink s = {.signal_fd = -1, .timer_fd = -1, .event_fd = -1};
	int err;

	options_parse(&s.opt, argc, argv);
	msg_init("tp-xsk", s.opt.verbose);
	if (geteuid()) {
		msg_error("this needs root: sudo tp-xsk ...");
		return EXIT_FAILED;
	}
	err = open_events(&s);
	if (err) {
		msg_error("cannot set up signals and timers: %s", strerror(-err));
		goto close_events;
	}
	err = open_targets(&s);
	if (!err)
		err = open_workers(&s);
	if (!err)
		err = serve(&s);
	close_workers(&s);
	close_targets(&s);
close_events:
	close(s.event_fd);
	close(s.timer_fd);
	close(s.signal_fd);
	return err ? EXIT_FAILED : EXIT_OK;
}
