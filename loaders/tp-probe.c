// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-probe: loads one probe for as long as it is asked for, and prints what it counted: histograms
 * for people, JSON lines for programs that run it around a measurement.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/probe/options.h"
#include "loaders/probe/probe.h"

#define NS_PER_S 1000000000LL

struct run {
	struct probe_options opt;
	struct probe probe;
	int signal_fd;
	int interval_fd;
	int end_fd;
	int64_t start_ns;
	int64_t last_ns; /* of the latest report */
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* @seconds of 0: a timer that never fires. */
static int timer(double seconds, bool again)
{
	int64_t ns = (int64_t)(seconds * (double)NS_PER_S);
	struct itimerspec when = {.it_value = {ns / NS_PER_S, ns % NS_PER_S}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (again)
		when.it_interval = when.it_value;
	if (fd >= 0 && timerfd_settime(fd, 0, &when, NULL)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Signals are taken from a descriptor, so that the totals are printed after the first one. */
static int open_events(struct run *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* A reader that went away is found when writing. */
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return r->signal_fd < 0 ? -errno : 0;
}

static int start_timers(struct run *r)
{
	r->interval_fd = timer(r->opt.interval_s, true);
	r->end_fd = timer(r->opt.duration_s, false);
	return r->interval_fd < 0 || r->end_fd < 0 ? -errno : 0;
}

static int write_json(json_t *o)
{
	int err = json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));

	json_decref(o);
	if (err || putchar('\n') == EOF || fflush(stdout))
		return -EPIPE;
	return 0;
}

static json_t *event(const struct run *r, const char *name)
{
	json_t *o = json_object();

	json_object_set_new(o, "event", json_string(name));
	json_object_set_new(o, "probe", json_string(probe_kind_name(r->opt.kind)));
	json_object_set_new(o, "cpus", json_integer(r->probe.cpus));
	return o;
}

static int report_ready(const struct run *r)
{
	json_t *o;

	if (!r->opt.json) {
		printf("tp-probe: %s on %u CPUs. Ctrl-C to end.\n", probe_kind_name(r->opt.kind),
		       r->probe.cpus);
		return fflush(stdout) ? -EPIPE : 0;
	}
	o = event(r, "ready");
	json_object_set_new(o, "programs", probe_programs(&r->probe));
	return write_json(o);
}

static int report(struct run *r, bool total)
{
	int64_t now = now_ns();
	double seconds = (double)(now - (total ? r->start_ns : r->last_ns)) / (double)NS_PER_S;
	json_t *o;

	r->last_ns = now;
	if (total)
		probe_detach(&r->probe);
	probe_read(&r->probe, total);
	if (!r->opt.json) {
		printf("\n%s, %.3f s\n", total ? "total" : "interval", seconds);
		r->probe.ops->text(&r->probe, seconds, total);
		return fflush(stdout) ? -EPIPE : 0;
	}
	o = event(r, total ? "total" : "interval");
	json_object_set_new(o, "seconds", json_real(seconds));
	r->probe.ops->json(&r->probe, seconds, total, o);
	return write_json(o);
}

static int watch(struct run *r)
{
	struct pollfd fds[] = {
		{.fd = r->signal_fd, .events = POLLIN},
		{.fd = r->end_fd, .events = POLLIN},
		{.fd = r->interval_fd, .events = POLLIN},
	};
	uint64_t ticks;
	int err;

	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents || fds[1].revents)
			return 0;
		if (!fds[2].revents)
			continue;
		if (read(r->interval_fd, &ticks, sizeof(ticks)) < 0)
			return -errno;
		err = report(r, false);
		if (err)
			return err;
	}
}

static int measure(struct run *r)
{
	int err;

	r->start_ns = r->last_ns = now_ns();
	err = start_timers(r);
	if (!err)
		err = report_ready(r);
	if (!err)
		err = watch(r);
	if (!err)
		err = report(r, true);
	if (err == -EPIPE)
		msg_error("cannot write the report: %s", strerror(-err));
	else if (err)
		msg_error("cannot wait for time and signals: %s", strerror(-err));
	return err ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct run r = {.signal_fd = -1, .interval_fd = -1, .end_fd = -1};
	int status, err;

	probe_options_parse(&r.opt, argc, argv);
	msg_init("tp-probe", r.opt.verbose);
	err = open_events(&r);
	if (err) {
		msg_error("cannot set up signals: %s", strerror(-err));
		return EXIT_FAILED;
	}
	status = probe_open(&r.probe, &r.opt);
	if (!status)
		status = measure(&r);
	probe_close(&r.probe);
	if (r.end_fd >= 0)
		close(r.end_fd);
	if (r.interval_fd >= 0)
		close(r.interval_fd);
	close(r.signal_fd);
	return status;
}
