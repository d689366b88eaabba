// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-pingpong: one UDP message there and back, again and again, between two network namespaces, or
 * with --only between two machines.  Both ends spin, so that what is timed is the path and not the
 * scheduler's wakeup.  Prints a histogram as JSON.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/histogram.h"
#include "loaders/lib/msg.h"

#define NS_PER_S 1000000000ULL
#define LOST_NS  NS_PER_S /* a message that is not back by then is lost */
#define QUIET_NS                                                                                   \
	(NS_PER_S / 20) /* nobody asks: an end that only answers leaves its CPU to others */
#define WARM_ROUNDS  2000
#define SIZE_MIN_UDP 8 /* a sequence number */
#define SIZE_MAX_UDP 1400

enum role {
	ROLE_BOTH,
	ROLE_ASK,
	ROLE_ANSWER,
};

struct options {
	enum role role;
	const char *server_netns;
	const char *client_netns;
	struct sockaddr_in address;
	unsigned int size;
	__u64 ns; /* to measure for */
	unsigned int server_cpu;
	unsigned int client_cpu;
};

struct result {
	struct histogram rtt;
	__u64 lost;
	__u64 ns; /* that the measured rounds took */
};

static const struct argp_option option_table[] = {
	{"server-netns", 's', "NAME", 0, "namespace of the answering end (/run/netns/NAME)", 0},
	{"client-netns", 'c', "NAME", 0, "namespace of the asking end", 0},
	{"only", 'o', "ask|answer", 0, "be one end, the other is elsewhere; needs no namespace", 0},
	{"address", 'a', "IPV4", 0, "address of the answering end", 0},
	{"port", 'p', "N", 0, "port of the answering end (default 7000)", 0},
	{"size", 'b', "BYTES", 0, "payload, 8 to 1400 (default 64)", 0},
	{"seconds", 't', "N", 0, "time to measure, from 0.05 on (default 2)", 0},
	{"server-cpu", 'S', "N", 0, "CPU of the answering end (default 0)", 0},
	{"client-cpu", 'C', "N", 0, "CPU of the asking end (default 1)", 0},
	{},
};

static error_t number(struct argp_state *state, const char *arg, long min, long max,
		      unsigned int *out)
{
	char *end;
	long value = strtol(arg, &end, 10);

	if (*end || end == arg || value < min || value > max) {
		argp_error(state, "'%s' is not a number from %ld to %ld", arg, min, max);
		return EINVAL;
	}
	*out = (unsigned int)value;
	return 0;
}

static error_t duration(struct argp_state *state, const char *arg, __u64 *ns)
{
	char *end;
	double value = strtod(arg, &end);

	if (*end || end == arg || !(value >= 0.05 && value <= 3600)) {
		argp_error(state, "'%s' is not a number of seconds from 0.05 to 3600", arg);
		return EINVAL;
	}
	*ns = (__u64)(value * (double)NS_PER_S);
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	unsigned int port = 0;
	error_t err;

	switch (key) {
	case 's':
		o->server_netns = arg;
		return 0;
	case 'c':
		o->client_netns = arg;
		return 0;
	case 'o':
		if (strcmp(arg, "ask") != 0 && strcmp(arg, "answer") != 0)
			argp_error(state, "--only: '%s' is not ask or answer", arg);
		o->role = strcmp(arg, "ask") ? ROLE_ANSWER : ROLE_ASK;
		return 0;
	case 'a':
		if (inet_pton(AF_INET, arg, &o->address.sin_addr) == 1)
			return 0;
		argp_error(state, "'%s' is not an IPv4 address", arg);
		return EINVAL;
	case 'p':
		err = number(state, arg, 1, 65535, &port);
		o->address.sin_port = htons((in_port_t)port);
		return err;
	case 'b':
		return number(state, arg, SIZE_MIN_UDP, SIZE_MAX_UDP, &o->size);
	case 't':
		return duration(state, arg, &o->ns);
	case 'S':
		return number(state, arg, 0, CPU_SETSIZE - 1, &o->server_cpu);
	case 'C':
		return number(state, arg, 0, CPU_SETSIZE - 1, &o->client_cpu);
	case ARGP_KEY_END:
		if (o->role == ROLE_BOTH && (!o->server_netns || !o->client_netns))
			argp_error(state,
				   "--server-netns and --client-netns are needed, or --only");
		if (!o->address.sin_addr.s_addr)
			argp_error(state, "--address is needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int enter_netns(const char *netns)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (err)
		msg_error("network namespace %s cannot be entered: %s", netns, strerror(-err));
	return err;
}

/* Stays where it is where @netns is NULL. */
static int enter(const char *netns, unsigned int cpu)
{
	cpu_set_t set;
	int err = netns ? enter_netns(netns) : 0;

	if (err)
		return err;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		err = -errno;
		msg_error("CPU %u is not there, or not for this process", cpu);
	}
	return err;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * NS_PER_S + (__u64)ts.tv_nsec;
}

/* Opens and binds the answering socket; the parent connects only after this, so nothing is lost. */
static int server_socket(const struct options *o)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !bind(fd, (const struct sockaddr *)&o->address, sizeof(o->address)))
		return fd;
	msg_error("the answering end cannot be bound: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Runs until it is killed. */
static void serve(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	__u64 asked_ns = now_ns();
	char buf[SIZE_MAX_UDP];

	for (;;) {
		struct sockaddr_in peer;
		socklen_t peer_len = sizeof(peer);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &peer_len);

		if (n >= 0) {
			sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&peer, peer_len);
			asked_ns = now_ns();
		} else if (now_ns() - asked_ns > QUIET_NS) {
			poll(&readable, 1, -1);
			asked_ns = now_ns();
		}
	}
}

static int answer(const struct options *o)
{
	int fd = enter(o->server_netns, o->server_cpu) ? -1 : server_socket(o);

	if (fd < 0)
		return EXIT_FAILED;
	printf("ready\n");
	if (msg_flush())
		return EXIT_FAILED;
	serve(fd);
	return EXIT_OK;
}

static pid_t start_server(const struct options *o)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready))
		return -errno;
	pid = fork();
	if (pid == 0) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		fd = enter(o->server_netns, o->server_cpu) ? -1 : server_socket(o);
		if (fd < 0 || write(ready[1], "", 1) != 1)
			_exit(EXIT_FAILED);
		close(ready[1]);
		serve(fd);
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -ECHILD;
	}
	close(ready[0]);
	return pid;
}

/* One message there and back; its round-trip time, or 0 if it was lost. */
static __u64 round_trip(int fd, char *buf, unsigned int size, __u64 sequence)
{
	__u64 start = now_ns(), echoed, now;

	memcpy(buf, &sequence, sizeof(sequence));
	if (send(fd, buf, size, 0) < 0)
		return 0;
	do {
		ssize_t n = recv(fd, buf, SIZE_MAX_UDP, MSG_DONTWAIT);

		now = now_ns();
		if (n >= (ssize_t)sizeof(echoed)) {
			memcpy(&echoed, buf, sizeof(echoed));
			if (echoed == sequence)
				return now - start;
		}
	} while (now - start < LOST_NS);
	return 0;
}

static int ask(const struct options *o, struct result *result)
{
	int fd, err = enter(o->client_netns, o->client_cpu);
	char buf[SIZE_MAX_UDP] = {};
	__u64 start = 0, end = ~0ULL, sequence = 0, now;

	if (err)
		return err;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&o->address, sizeof(o->address))) {
		err = -errno;
		goto close_socket;
	}
	do {
		__u64 rtt = round_trip(fd, buf, o->size, ++sequence);

		now = now_ns();
		if (sequence <= WARM_ROUNDS) {
			start = now;
			end = now + o->ns;
			continue;
		}
		if (rtt)
			histogram_add(&result->rtt, rtt);
		else
			result->lost++;
	} while (now < end);
	result->ns = now - start;
close_socket:
	if (err)
		msg_error("the asking end cannot be connected: %s", strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

static int print(const struct options *o, const struct result *result)
{
	json_t *root = json_pack(
		"{s:I, s:I, s:I, s:f, s:I, s:o}", "payload_bytes", (json_int_t)o->size, "messages",
		(json_int_t)result->rtt.total, "lost", (json_int_t)result->lost, "seconds",
		(double)result->ns / (double)NS_PER_S, "max_ns", (json_int_t)result->rtt.max,
		"histogram_ns", histogram_json(&result->rtt));
	int err;

	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, stdout, JSON_COMPACT) ? -EIO : 0;
	json_decref(root);
	return err;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Times one UDP message there and back between two network namespaces, or "
		       "machines, both ends spinning.",
	};
	struct options options = {
		.address = {.sin_family = AF_INET, .sin_port = htons(7000)},
		.size = 64,
		.ns = 2 * NS_PER_S,
		.client_cpu = 1,
	};
	struct result result = {};
	pid_t server = 0;
	int err;

	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	msg_init("tp-pingpong", false);
	if (options.role == ROLE_ANSWER)
		return answer(&options);
	if (options.role == ROLE_BOTH)
		server = start_server(&options);
	if (server < 0)
		return EXIT_FAILED;
	err = ask(&options, &result);
	if (server) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	if (!err && !result.rtt.total) {
		msg_error("no message came back");
		err = -ENODATA;
	}
	if (!err)
		err = print(&options, &result);
	return err ? EXIT_FAILED : EXIT_OK;
}
