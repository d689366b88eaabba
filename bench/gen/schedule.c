// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/clock.h"
#include "loaders/lib/msg.h"

#define TRACE_MAX (1U << 24)

static int append(struct schedule *s, uint64_t ns)
{
	if (s->ntrace % 4096 == 0) {
		uint64_t *more = reallocarray(s->trace, s->ntrace + 4096, sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->trace = more;
	}
	s->trace[s->ntrace++] = ns;
	return 0;
}

static bool ends(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

/* Seconds, one a line, ascending; empty lines and those that begin with # do not count. */
static int read_trace(struct schedule *s, const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned int number = 0;
	double last = 0;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!f) {
		err = -errno;
		msg_error("%s: %s", path, strerror(-err));
		return err;
	}
	while (!err && getline(&line, &size, f) > 0) {
		char *end;
		double at = strtod(line, &end);

		number++;
		if (line[0] == '#' || ends(line))
			continue;
		if (end == line || !ends(end) || !(at >= last && at < 1e6)) {
			msg_error("%s:%u: not a time in seconds, at or after the one before", path,
				  number);
			err = -EINVAL;
		} else if (s->ntrace == TRACE_MAX) {
			msg_error("%s: more than %u arrivals", path, TRACE_MAX);
			err = -EINVAL;
		} else {
			err = append(s, (uint64_t)(at * 1e9));
		}
		last = at;
	}
	free(line);
	fclose(f);
	if (!err && !s->ntrace) {
		msg_error("%s: no arrival in it", path);
		err = -EINVAL;
	}
	return err;
}

int schedule_init(struct schedule *s, const struct traffic *t, uint64_t seed, unsigned int index)
{
	double share = 1;

	memset(s, 0, sizeof(*s));
	s->arrivals = t->arrivals;
	s->random = random_stream(seed, index * 2);
	if (t->arrivals == ARRIVALS_TRACE)
		return read_trace(s, t->trace);
	if (t->arrivals == ARRIVALS_ONOFF) {
		s->on_ns = t->on_ms * 1e6;
		s->off_ns = t->off_ms * 1e6;
		share = s->on_ns / (s->on_ns + s->off_ns);
	}
	s->mean_ns = 1e9 / t->rate_per_s * share;
	return 0;
}

void schedule_free(struct schedule *s)
{
	free(s->trace);
}

uint64_t schedule_next(struct schedule *s)
{
	switch (s->arrivals) {
	case ARRIVALS_TRACE:
		return s->next < s->ntrace ? s->trace[s->next++] : SCHEDULE_END;
	case ARRIVALS_UNIFORM:
		s->at_ns += s->mean_ns;
		return (uint64_t)s->at_ns;
	case ARRIVALS_ONOFF:
		/* Drawn in time that is on; what is off is put between. */
		s->at_ns += s->mean_ns * random_exponential(&s->random);
		return (uint64_t)(s->at_ns + floor(s->at_ns / s->on_ns) * s->off_ns);
	default:
		s->at_ns += s->mean_ns * random_exponential(&s->random);
		return (uint64_t)s->at_ns;
	}
}
