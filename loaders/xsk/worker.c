// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/cpu_relax.h"

#define NS_PER_MS 1000000ULL

/* Turns in which frames that the device refused are retried at once, before the worker sleeps on it. */
#define STUCK_TURNS 64
/* Longest that a stopping worker waits for frames that were sent to come back. */
#define DRAIN_NS    (200 * NS_PER_MS)

void worker_free(struct worker *w, const struct xdp_desc *descs, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		frames_give(&w->umem.frames, descs[i].addr, FRAME_WORKER);
}

static void drop_batch(struct worker *w, const struct xdp_desc *descs, uint32_t n)
{
	uint32_t i, packets = 0;

	for (i = 0; i < n; i++)
		packets += !(descs[i].options & XDP_PKT_CONTD);
	worker_free(w, descs, n);
	xsk_count(&w->count.dropped, packets);
}

static void handle(struct worker *w, uint32_t in, struct xdp_desc *descs, uint32_t n)
{
	switch (w->opt->mode) {
	case SINK_ECHO:
		echo_batch(w, in, descs, n);
		break;
	case SINK_DROP:
		drop_batch(w, descs, n);
		break;
	case SINK_FORWARD:
		forward_batch(w, in, descs, n);
		break;
	case SINK_CLIENT:
		client_batch(w, descs, n);
		break;
	case SINK_MODES:
		break;
	}
}

/* One batch from each port. Returns frames moved, either way. */
static uint32_t turn(struct worker *w)
{
	struct xdp_desc descs[XSK_BATCH_MAX];
	uint32_t i, n, moved = 0;

	for (i = 0; i < w->nports; i++) {
		if (!w->port[i].rx)
			continue;
		n = xsk_port_receive(&w->port[i], &w->umem, descs, w->opt->batch);
		if (n)
			handle(w, i, descs, n);
		moved += n;
	}
	if (w->opt->mode == SINK_CLIENT && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
		moved += client_ask(w);
	for (i = 0; i < w->nports; i++) {
		xsk_port_flush_tx(&w->port[i]);
		moved += xsk_port_reap(&w->port[i], &w->umem);
	}
	for (i = 0; i < w->nports; i++)
		xsk_port_refill(&w->port[i], &w->umem);
	frames_check_worker(&w->umem.frames);
	xsk_count(&w->count.turns, 1);
	return moved;
}

/* The classifier reads the line for every packet: written only when the clock has moved. */
static void beat(struct worker *w, uint64_t *last_ns)
{
	uint64_t now_ns = target_clock_ns();
	uint32_t i;

	if (now_ns == *last_ns)
		return;
	*last_ns = now_ns;
	for (i = 0; i < w->nports; i++)
		if (w->target[i])
			target_beat(w->target[i], w->queue, now_ns);
}

static bool tx_stuck(const struct worker *w)
{
	uint32_t i;

	for (i = 0; i < w->nports; i++)
		if (xsk_port_tx_waiting(&w->port[i]))
			return true;
	return false;
}

/* 0, or the error that a socket reports: its interface is gone. */
static int wait_poll(struct worker *w)
{
	struct pollfd fds[WORKER_PORTS];
	uint32_t i;
	int err;

	for (i = 0; i < w->nports; i++)
		fds[i] = (struct pollfd){
			.fd = w->port[i].fd,
			.events = w->port[i].rx ? POLLIN : 0,
		};
	xsk_count(&w->count.idle_waits, 1);
	if (poll(fds, w->nports, TP_XSK_BEAT_NS / NS_PER_MS) <= 0)
		return 0;
	for (i = 0; i < w->nports; i++) {
		if (!(fds[i].revents & POLLERR))
			continue;
		err = xsk_port_error(&w->port[i]);
		if (err)
			return err;
	}
	return 0;
}

static int idle(struct worker *w)
{
	uint32_t i;

	if (w->opt->wait == WAIT_POLL)
		return wait_poll(w);
	for (i = 0; i < w->nports; i++)
		if (w->opt->wait == WAIT_BUSY_POLL ||
		    (w->port[i].rx && xsk_ring_prod__needs_wakeup(&w->port[i].fill)))
			xsk_port_drive_rx(&w->port[i]);
	cpu_relax();
	return 0;
}

static void tell(const struct worker *w)
{
	uint64_t one = 1;

	/* Fails only when main has been told often enough already. */
	if (write(w->event_fd, &one, sizeof(one)) < 0)
		return;
}

static void check_client(struct worker *w)
{
	if (w->client.finished || !client_done(w))
		return;
	__atomic_store_n(&w->client.finished, true, __ATOMIC_RELEASE);
	tell(w);
}

static int serve(struct worker *w)
{
	uint64_t last_ns = 0;
	uint32_t stuck = 0;
	int err = 0;

	while (!err && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		beat(w, &last_ns);
		if (w->opt->mode == SINK_CLIENT)
			check_client(w);
		if (turn(w)) {
			stuck = 0;
			continue;
		}
		if (tx_stuck(w) && stuck++ < STUCK_TURNS)
			continue;
		err = idle(w);
	}
	return err;
}

static void unpublish(struct worker *w)
{
	uint32_t i;

	for (i = 0; i < w->nports; i++)
		if (w->target[i])
			target_retire(w->target[i], w->queue);
}

static void drain(struct worker *w)
{
	const struct timespec nap = {.tv_nsec = NS_PER_MS};
	uint64_t end_ns = target_clock_ns() + DRAIN_NS;

	do {
		if (turn(w))
			continue;
		if (!tx_stuck(w) && !w->port[0].kernel_tx && !w->port[w->nports - 1].kernel_tx)
			return;
		nanosleep(&nap, NULL);
	} while (target_clock_ns() < end_ns);
}

static void *run(void *arg)
{
	struct worker *w = arg;
	uint32_t i;
	int err;

	/* Better latency if it is granted; nothing depends on it. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), w->opt->nice);
	err = serve(w);
	unpublish(w);
	target_settle();
	drain(w);
	for (i = 0; i < w->nports; i++)
		xsk_port_abandon_tx(&w->port[i]);
	__atomic_store_n(&w->error, err, __ATOMIC_RELEASE);
	if (err)
		tell(w);
	return NULL;
}

static int publish(struct worker *w)
{
	uint32_t i, flags = w->opt->mode == SINK_FORWARD ? TP_SINK_FORWARDS : 0;
	uint64_t never = 0;
	int err;

	for (i = 0; i < w->nports; i++) {
		if (!w->target[i])
			continue;
		err = target_publish(w->target[i], w->queue, w->port[i].fd, flags);
		if (err) {
			unpublish(w);
			return err;
		}
	}
	beat(w, &never);
	return 0;
}

static int start_thread(struct worker *w)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int err;

	CPU_ZERO(&cpus);
	CPU_SET(w->cpu, &cpus);
	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	err = pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	if (!err)
		err = pthread_create(&w->thread, &attr, run, w);
	pthread_attr_destroy(&attr);
	return -err;
}

int worker_start(struct worker *w)
{
	int err;

	err = publish(w);
	if (err)
		return err;
	err = start_thread(w);
	if (err)
		unpublish(w);
	w->started = !err;
	return err;
}

void worker_ask_stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
}

void worker_join(struct worker *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
}
