// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-udpsink: what a UDP socket can take.  Receives with recvmmsg, spinning on a CPU of its own, and throws
 * away.  On SIGUSR1 it prints what it received so far as JSON, and once more at its end (SIGTERM, SIGINT).
 */
#include <argp.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "loaders/lib/msg.h"

#define MAX_BATCH 1024
#define DATAGRAM  2048

struct options {
	unsigned int port;
	unsigned int cpu;
	unsigned int batch;
	unsigned int buffer_mib;
};

struct sink {
	struct mmsghdr msgs[MAX_BATCH];
	struct iovec iovs[MAX_BATCH];
	char data[MAX_BATCH][DATAGRAM];
	unsigned long long datagrams, bytes, calls;
};

static const struct argp_option option_table[] = {
	{"port", 'p', "N", 0, "UDP port (default 7000)", 0},
	{"cpu", 'c', "N", 0, "CPU to spin on (default 1)", 0},
	{"batch", 'b', "N", 0, "datagrams a system call, 1 to 1024 (default 64)", 0},
	{"buffer", 'r', "MIB", 0, "receive buffer, 1 to 512 (default 64)", 0},
	{},
};

static volatile sig_atomic_t stopped, asked;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked = 1;
	else
		stopped = 1;
}

static unsigned int number(struct argp_state *state, const char *arg, long min, long max)
{
	char *end;
	long value = strtol(arg, &end, 10);

	if (*end || end == arg || value < min || value > max)
		argp_error(state, "'%s' is not a number from %ld to %ld", arg, min, max);
	return (unsigned int)value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'p':
		o->port = number(state, arg, 1, 65535);
		return 0;
	case 'c':
		o->cpu = number(state, arg, 0, CPU_SETSIZE - 1);
		return 0;
	case 'b':
		o->batch = number(state, arg, 1, MAX_BATCH);
		return 0;
	case 'r':
		o->buffer_mib = number(state, arg, 1, 512);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int open_socket(const struct options *o)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((in_port_t)o->port),
	};
	int fd, err, bytes = (int)o->buffer_mib << 20;

	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int print(const struct sink *s)
{
	json_t *out = json_pack("{s:I, s:I, s:I}", "received_datagrams", (json_int_t)s->datagrams,
				"received_bytes", (json_int_t)s->bytes, "calls",
				(json_int_t)s->calls);
	int err = !out || json_dumpf(out, stdout, JSON_COMPACT) || printf("\n") < 0 ||
				  fflush(stdout)
			  ? -EIO
			  : 0;

	json_decref(out);
	return err;
}

static void take(struct sink *s, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		s->bytes += s->msgs[i].msg_len;
	s->datagrams += n;
}

static int receive(struct sink *s, int fd, const struct options *o)
{
	unsigned int i;
	int n, err = 0;

	for (i = 0; i < o->batch; i++) {
		s->iovs[i] = (struct iovec){.iov_base = s->data[i], .iov_len = DATAGRAM};
		s->msgs[i].msg_hdr = (struct msghdr){.msg_iov = &s->iovs[i], .msg_iovlen = 1};
	}
	while (!stopped && !err) {
		n = recvmmsg(fd, s->msgs, o->batch, MSG_DONTWAIT, NULL);
		s->calls++;
		if (n >= 0)
			take(s, (unsigned int)n);
		else if (errno != EAGAIN && errno != EINTR)
			err = -errno;
		if (asked) {
			asked = 0;
			err = print(s);
		}
	}
	return err;
}

static int run(const struct options *o)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sink *s;
	cpu_set_t set;
	int fd, err;

	CPU_ZERO(&set);
	CPU_SET(o->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		msg_error("CPU %u cannot be used: %s", o->cpu, strerror(errno));
		return -errno;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	fd = open_socket(o);
	if (fd < 0) {
		msg_error("UDP port %u cannot be opened: %s", o->port, strerror(-fd));
		free(s);
		return fd;
	}
	msg_info("ready");
	err = receive(s, fd, o);
	if (err)
		msg_error("recvmmsg: %s", strerror(-err));
	else
		err = print(s);
	close(fd);
	free(s);
	return err;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Receives UDP with recvmmsg, spinning, and throws away; on SIGUSR1, and at "
		       "the end, prints how much, as JSON.",
	};
	struct options o = {.port = 7000, .cpu = 1, .batch = 64, .buffer_mib = 64};

	msg_init("tp-udpsink", false);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return run(&o) ? EXIT_FAILED : EXIT_OK;
}
