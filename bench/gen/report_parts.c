// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/report_parts.h"

#include <string.h>

json_t *report_histogram(const struct histogram *h)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "count", (json_int_t)h->total,
			 "p50_ns", (json_int_t)histogram_quantile(h, 0.5), "p90_ns",
			 (json_int_t)histogram_quantile(h, 0.9), "p99_ns",
			 (json_int_t)histogram_quantile(h, 0.99), "p999_ns",
			 (json_int_t)histogram_quantile(h, 0.999), "max_ns", (json_int_t)h->max,
			 "histogram_ns", histogram_json(h));
}

json_t *report_counts(const struct load_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "steps_due",
			 (json_int_t)c->due, "steps_started", (json_int_t)c->started,
			 "steps_finished", (json_int_t)c->finished, "sent", (json_int_t)c->sent,
			 "answered", (json_int_t)c->answered, "lost", (json_int_t)c->lost,
			 "corrupt", (json_int_t)c->corrupt, "not_sent", (json_int_t)c->not_sent,
			 "bytes_out", (json_int_t)c->bytes_out, "bytes_in",
			 (json_int_t)c->bytes_in);
}

void report_add_counts(struct load_counts *sum, const struct load_counts *c)
{
	const uint64_t *from = (const uint64_t *)c;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static const char *const server_sums[] = {"user_s",   "system_s", "total_s", "cgroup_s",
					  "requests", "corrupt",  "dropped", "not_ours",
					  "received", "fell_back"};

/* What all servers took between the two moments; a process that answers at several addresses counts once. */
static json_t *server_cpu(const struct load_moment *a, const struct load_moment *b,
			  unsigned int servers)
{
	json_t *sum = json_object(), *seen = json_object();
	unsigned int unknown = 0;

	for (unsigned int i = 0; i < servers; i++) {
		json_t *before = json_loads(a->server[i], 0, NULL);
		json_t *after = json_loads(b->server[i], 0, NULL);
		const char *instance = json_string_value(json_object_get(after, "instance"));
		bool new_one = before && instance && !json_object_get(seen, instance);

		unknown += !before || !instance;
		if (new_one)
			json_object_set_new(seen, instance, json_true());
		for (size_t k = 0; new_one && k < sizeof(server_sums) / sizeof(server_sums[0]);
		     k++) {
			json_t *till = json_object_get(after, server_sums[k]);
			json_t *from = json_object_get(before, server_sums[k]);
			double so_far = json_number_value(json_object_get(sum, server_sums[k]));

			if (till && from)
				json_object_set_new(sum, server_sums[k],
						    json_real(so_far + json_number_value(till) -
							      json_number_value(from)));
		}
		if (new_one && json_object_get(after, "cgroup_why"))
			json_object_set(sum, "cgroup_why", json_object_get(after, "cgroup_why"));
		json_decref(before);
		json_decref(after);
	}
	json_object_set_new(sum, "processes", json_integer((json_int_t)json_object_size(seen)));
	if (unknown)
		json_object_set_new(sum, "why",
				    json_sprintf("%u of %u servers did not say what they took",
						 unknown, servers));
	json_decref(seen);
	return sum;
}

json_t *report_cpu(const struct load_moment *a, const struct load_moment *b, unsigned int servers,
		   const struct cgroup *cgroup)
{
	double sampled = b->system.sampled_s - a->system.sampled_s;
	double softirq = b->system.softirq_s - a->system.softirq_s;

	return json_pack("{s:o, s:o, s:o, s:f}", "client",
			 cpu_process_json(&a->client, &b->client, cgroup->why), "server",
			 server_cpu(a, b, servers), "system",
			 cpu_system_json(&a->system, &b->system), "softirq_share",
			 sampled > 0 ? softirq / sampled : 0);
}

json_t *report_per_cpu_second(const json_t *cpu, const struct load_counts *sum)
{
	double processes =
		json_number_value(json_object_get(json_object_get(cpu, "client"), "total_s")) +
		json_number_value(json_object_get(json_object_get(cpu, "server"), "total_s"));
	double system =
		json_number_value(json_object_get(json_object_get(cpu, "system"), "busy_s"));
	double messages = 2 * (double)sum->answered;
	double gb = (double)(sum->bytes_in + sum->bytes_out) / 1e9;
	json_t *object =
		json_pack("{s:f, s:f}", "system_messages", system > 0 ? messages / system : 0,
			  "system_gb", system > 0 ? gb / system : 0);

	/* By one end's time alone they would be far too good. */
	if (json_object_get(json_object_get(cpu, "server"), "why"))
		return object;
	json_object_set_new(object, "process_messages",
			    json_real(processes > 0 ? messages / processes : 0));
	json_object_set_new(object, "process_gb", json_real(processes > 0 ? gb / processes : 0));
	return object;
}
