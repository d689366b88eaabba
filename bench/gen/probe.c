// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loaders/lib/msg.h"

#define PROGRAM  "tp-probe"
#define SAID_MAX (1U << 20)
#define READY_MS 10000 /* loading programs takes a second */

/* The one that was built beside this program, else the one in PATH. */
static void find_program(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	snprintf(path, size, PROGRAM);
	if (n <= 0)
		return;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash ||
	    (size_t)snprintf(path, size, "%.*s/" PROGRAM, (int)(slash - self), self) >= size ||
	    access(path, X_OK))
		snprintf(path, size, PROGRAM);
}

/* It says a line as soon as it counts: only then may the measurement begin. */
static bool is_ready(int out)
{
	struct pollfd pollfd = {.fd = out, .events = POLLIN};
	char byte = 0;

	while (byte != '\n')
		if (poll(&pollfd, 1, READY_MS) <= 0 || read(out, &byte, 1) != 1)
			return false;
	return true;
}

static int start(struct probe *p, bool json)
{
	char path[PATH_MAX];
	int out[2];

	find_program(path, sizeof(path));
	if (pipe2(out, O_CLOEXEC))
		return -errno;
	p->pid = fork();
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(out[1], STDOUT_FILENO);
		execlp(path, PROGRAM, p->name, json ? "--json" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	p->out = out[0];
	return p->pid < 0 ? -errno : 0;
}

int probes_start(struct probes *p, unsigned int set, bool json, const volatile sig_atomic_t *stop)
{
	p->n = 0;
	p->json = json;
	for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
		struct probe *next = &p->probe[p->n];
		int err;

		if (!(set & 1U << kind))
			continue;
		next->name = probe_kind_name(kind);
		err = start(next, json);
		if (err) {
			msg_error(PROGRAM " %s cannot be started: %s", next->name, strerror(-err));
			return err;
		}
		p->n++;
	}
	for (unsigned int i = 0; i < p->n; i++) {
		if (is_ready(p->probe[i].out))
			continue;
		if (*stop)
			return -EINTR;
		msg_error(PROGRAM " %s did not start: it belongs beside tp-bench or into PATH, and "
				  "needs root",
			  p->probe[i].name);
		return -ENOENT;
	}
	return 0;
}

/* All that is still to come; of JSON the last line is the totals. */
static json_t *last_words(int out, bool json)
{
	char *text = malloc(SAID_MAX + 1), *line;
	json_t *said = NULL;
	size_t n = 0;
	ssize_t got;

	while (text && n < SAID_MAX && (got = read(out, text + n, SAID_MAX - n)) > 0)
		n += (size_t)got;
	while (text && n && text[n - 1] == '\n')
		n--;
	if (text && n) {
		text[n] = '\0';
		line = strrchr(text, '\n');
		said = json ? json_loads(line ? line + 1 : text, 0, NULL) : json_string(text);
	}
	free(text);
	return said;
}

json_t *probes_stop(struct probes *p)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < p->n; i++)
		kill(p->probe[i].pid, SIGINT);
	for (unsigned int i = 0; i < p->n; i++) {
		struct probe *probe = &p->probe[i];
		json_t *said = last_words(probe->out, p->json);

		close(probe->out);
		waitpid(probe->pid, NULL, 0);
		if (!said)
			msg_warn(PROGRAM " %s said nothing that could be kept", probe->name);
		json_object_set_new(object, probe->name, said ? said : json_null());
	}
	p->n = 0;
	return object;
}
