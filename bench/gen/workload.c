// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/workload.h"

#include <stdlib.h>
#include <string.h>

#include "bench/gen/wire.h"

static const char *const arrivals_names[] = {[ARRIVALS_POISSON] = "poisson",
					     [ARRIVALS_UNIFORM] = "uniform",
					     [ARRIVALS_ONOFF] = "onoff",
					     [ARRIVALS_TRACE] = "trace"};

static const struct traffic classes[] = {
	{
		.name = "A", /* agent RPC: a step asks several services and waits for the slowest */
		.rate_per_s = 500,
		.size = {64, 8 << 10},
		.fanout = {1, 32},
		.reads = WORKLOAD_ECHO,
	},
	{
		.name = "B", /* retrieval and memory */
		.arrivals = ARRIVALS_ONOFF,
		.rate_per_s = 1000,
		.on_ms = 20,
		.off_ms = 20,
		.size = {1 << 10, 64 << 10},
		.fanout = {1, 1},
		.reads = 0.8,
	},
	{
		.name = "C", /* bulk east-west */
		.rate_per_s = 50,
		.size = {64 << 10, WIRE_MAX_MESSAGE},
		.fanout = {1, 1},
		.reads = 0.5,
		.verify = true,
	},
};

/* Of each class alone, the rate at which all three share a host. */
static const double mix_rates[] = {200, 500, 20};

bool workload_named(struct workload *w, const char *name)
{
	memset(w, 0, sizeof(*w));
	w->seed = 1;
	strncpy(w->name, name, sizeof(w->name) - 1);
	if (!strcmp(name, "mix")) {
		memcpy(w->traffic, classes, sizeof(classes));
		w->n = WORKLOAD_CLASSES;
		for (unsigned int i = 0; i < w->n; i++)
			w->traffic[i].rate_per_s = mix_rates[i];
		return true;
	}
	for (unsigned int i = 0; i < WORKLOAD_CLASSES; i++) {
		if (!strcmp(name, classes[i].name)) {
			w->traffic[0] = classes[i];
			w->n = 1;
		}
	}
	return w->n > 0;
}

void workload_free(struct workload *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		free(w->traffic[i].trace);
}

const char *arrivals_name(enum arrivals a)
{
	return arrivals_names[a];
}

static json_t *traffic_json(const struct traffic *t)
{
	json_t *object = json_pack("{s:s, s:s, s:f, s:[i, i], s:[i, i], s:b, s:i}", "class",
				   t->name, "arrivals", arrivals_names[t->arrivals], "rate_per_s",
				   t->rate_per_s, "size_bytes", (int)t->size.min, (int)t->size.max,
				   "fanout", (int)t->fanout.min, (int)t->fanout.max, "verify",
				   (int)t->verify, "outstanding", (int)t->outstanding);

	if (!object)
		return NULL;
	json_object_set_new(object, "reads",
			    t->reads < 0 ? json_string("echo") : json_real(t->reads));
	if (t->arrivals == ARRIVALS_ONOFF) {
		json_object_set_new(object, "on_ms", json_real(t->on_ms));
		json_object_set_new(object, "off_ms", json_real(t->off_ms));
	}
	if (t->arrivals == ARRIVALS_TRACE)
		json_object_set_new(object, "trace", json_string(t->trace));
	return object;
}

json_t *workload_json(const struct workload *w)
{
	json_t *object = json_pack("{s:s, s:I, s:[]}", "name", w->name, "seed", (json_int_t)w->seed,
				   "classes");

	for (unsigned int i = 0; object && i < w->n; i++)
		json_array_append_new(json_object_get(object, "classes"),
				      traffic_json(&w->traffic[i]));
	return object;
}
