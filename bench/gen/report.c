// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/report.h"

#include <string.h>

#include "bench/gen/clock.h"
#include "bench/gen/report_parts.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/version.h"

#define LATE_SHARE 0.01 /* of the steps may start later than --max-lag */
#define LOST_SHARE 0.01 /* of the requests may be lost, and of the steps never start */

/* Whether so many were left out that percentiles of the others say too little. */
static bool too_many(uint64_t left_out, uint64_t of)
{
	return (double)left_out > LOST_SHARE * (double)of;
}

/* Why the result does not count, or NULL; *@status as in report_json(). */
static const char *judge(const struct run_options *o, const struct load *l, int *status, char *why,
			 size_t size)
{
	for (unsigned int i = 0; i < o->workload.n; i++) {
		const struct load_record *r = load_record(l, i);
		const char *name = o->workload.traffic[i].name;
		uint64_t late = histogram_quantile(&r->lag, 1 - LATE_SHARE);

		*status = EXIT_FAILED;
		if (r->counts.corrupt) {
			snprintf(why, size, "class %s: %llu requests or replies were corrupt", name,
				 (unsigned long long)r->counts.corrupt);
			return "failed";
		}
		if (!r->counts.answered) {
			snprintf(why, size, "class %s: nothing was answered", name);
			return "failed";
		}
		*status = EXIT_INCONCLUSIVE;
		if (r->counts.not_sent) {
			snprintf(why, size,
				 "class %s: the generator had no room for %llu requests; too many "
				 "wait "
				 "for answers",
				 name, (unsigned long long)r->counts.not_sent);
			return "inconclusive";
		}
		if (too_many(r->counts.lost, r->counts.sent)) {
			snprintf(why, size,
				 "class %s: %llu of %llu requests were lost, and latencies are "
				 "those of the others alone",
				 name, (unsigned long long)r->counts.lost,
				 (unsigned long long)r->counts.sent);
			return "inconclusive";
		}
		if (r->counts.due > r->counts.started &&
		    too_many(r->counts.due - r->counts.started, r->counts.due)) {
			snprintf(why, size,
				 "class %s: %llu of %llu steps that were due still waited for "
				 "--outstanding when the time was over, and no latency has them",
				 name, (unsigned long long)(r->counts.due - r->counts.started),
				 (unsigned long long)r->counts.due);
			return "inconclusive";
		}
		if (late > o->max_lag_us * NS_PER_US) {
			snprintf(why, size,
				 "class %s: more than %g %% of the steps were noticed later than "
				 "%u us after their time (p99 %llu us): the generator could not "
				 "keep up",
				 name, LATE_SHARE * 100, o->max_lag_us,
				 (unsigned long long)(late / NS_PER_US));
			return "inconclusive";
		}
	}
	*status = EXIT_OK;
	return "measured";
}

/* Whether what came to one end took the kernel's way, where AF_XDP's was asked for. */
static bool other_path(const json_t *counters, const char *end, const char *port, char *why,
		       size_t size)
{
	double by_stack = json_number_value(json_object_get(counters, "fell_back"));
	double all = by_stack + json_number_value(json_object_get(counters, "received"));

	if (!too_many((uint64_t)by_stack, (uint64_t)all))
		return false;
	snprintf(why, size,
		 "%.0f of %.0f datagrams came to the %s by the kernel's stack, not by AF_XDP: does "
		 "the "
		 "policy there steer the port of %s to af_xdp? (tp-load explain)",
		 by_stack, all, end, port);
	return true;
}

static json_t *class_json(const struct run_options *o, unsigned int class_,
			  const struct load_record *r, double duration_s)
{
	const struct traffic *t = &o->workload.traffic[class_];
	json_t *object = json_object();

	if (!o->closed && t->arrivals != ARRIVALS_TRACE)
		json_object_set_new(object, "offered_per_s", json_real(t->rate_per_s));
	else if (!o->closed)
		json_object_set_new(object, "offered_per_s",
				    json_real((double)r->counts.due / duration_s));
	json_object_set_new(object, "achieved_per_s",
			    json_real((double)r->counts.finished / duration_s));
	json_object_set_new(object, "answered_per_s",
			    json_real((double)r->counts.answered / duration_s));
	json_object_set_new(
		object, "bytes_per_s",
		json_real((double)(r->counts.bytes_in + r->counts.bytes_out) / duration_s));
	json_object_set_new(object, "counts", report_counts(&r->counts));
	json_object_set_new(object, "latency",
			    json_pack("{s:o, s:o, s:o}", "intended", report_histogram(&r->intended),
				      "service", report_histogram(&r->service), "step",
				      report_histogram(&r->step)));
	if (!o->closed)
		json_object_set_new(object, "schedule_lag", report_histogram(&r->lag));
	return object;
}

json_t *report_json(const struct run_options *o, const struct load *l,
		    const struct client_counts *counts, const struct cgroup *cgroup,
		    json_t *receipt, json_t *probes, int *status)
{
	const struct load_moment *a = load_begin(l), *b = load_end(l);
	double duration_s = (double)(b->at_ns - a->at_ns) / 1e9;
	struct load_counts sum = {0};
	char why[256] = "";
	const char *outcome = judge(o, l, status, why, sizeof(why));
	json_t *classes = json_object(), *cpu, *root;

	root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:f}", "tool", "tp-bench", "version",
			 TP_VERSION, "transport", o->ops->name, "mode",
			 o->closed ? "closed" : "open", "wait", transport_wait_names[o->wait],
			 "workload", workload_json(&o->workload), "receipt", receipt, "duration_s",
			 duration_s);
	if (!root)
		return NULL;
	for (unsigned int i = 0; i < o->workload.n; i++) {
		const struct load_record *r = load_record(l, i);
		json_t *one = class_json(o, i, r, duration_s);

		report_add_counts(&sum, &r->counts);
		if (o->workload.n == 1)
			json_object_update_new(root, one);
		else
			json_object_set_new(classes, o->workload.traffic[i].name, one);
	}
	if (o->workload.n > 1) {
		json_object_set_new(root, "counts", report_counts(&sum));
		json_object_set(root, "classes", classes);
	}
	json_decref(classes);
	json_object_set_new(root, "strays",
			    json_pack("{s:I, s:I, s:I, s:I}", "replies", (json_int_t)counts->stray,
				      "refused", (json_int_t)counts->refused, "duplicate_segments",
				      (json_int_t)counts->framing.duplicates, "incomplete_messages",
				      (json_int_t)counts->framing.incomplete));
	cpu = report_cpu(a, b, o->nto, cgroup);
	if (*status == EXIT_OK &&
	    (other_path(json_object_get(receipt, "counters"), "client", "--local-port", why,
			sizeof(why)) ||
	     other_path(json_object_get(cpu, "server"), "server", "--listen", why, sizeof(why)))) {
		outcome = "inconclusive";
		*status = EXIT_INCONCLUSIVE;
	}
	json_object_set_new(root, "per_cpu_second", report_per_cpu_second(cpu, &sum));
	json_object_set_new(root, "cpu", cpu);
	if (probes)
		json_object_set_new(root, "probes", probes);
	json_object_set_new(root, "outcome", json_string(outcome));
	if (why[0])
		json_object_set_new(root, "why", json_string(why));
	return root;
}

static double number(const json_t *object, const char *a, const char *b)
{
	const json_t *value = json_object_get(object, a);

	return json_number_value(b ? json_object_get(value, b) : value);
}

static void print_class(const char *name, const json_t *c)
{
	static const char *const rows[] = {"intended", "service", "step"};
	const json_t *counts = json_object_get(c, "counts");

	printf("\nclass %s\n", name);
	if (json_object_get(c, "offered_per_s"))
		printf("  offered    %12.0f steps/s\n", number(c, "offered_per_s", NULL));
	printf("  achieved   %12.0f steps/s, %.0f answers/s, %.1f MB/s\n",
	       number(c, "achieved_per_s", NULL), number(c, "answered_per_s", NULL),
	       number(c, "bytes_per_s", NULL) / 1e6);
	printf("  requests   %12.0f sent, %.0f answered, %.0f lost, %.0f corrupt\n",
	       number(counts, "sent", NULL), number(counts, "answered", NULL),
	       number(counts, "lost", NULL), number(counts, "corrupt", NULL));
	printf("  %-10s %10s %10s %10s %10s %10s  (us)\n", "latency", "p50", "p90", "p99", "p99.9",
	       "max");
	for (int i = 0; i < 3; i++) {
		const json_t *h = json_object_get(json_object_get(c, "latency"), rows[i]);

		printf("  %-10s %10.1f %10.1f %10.1f %10.1f %10.1f\n", rows[i],
		       number(h, "p50_ns", NULL) / 1e3, number(h, "p90_ns", NULL) / 1e3,
		       number(h, "p99_ns", NULL) / 1e3, number(h, "p999_ns", NULL) / 1e3,
		       number(h, "max_ns", NULL) / 1e3);
	}
	if (json_object_get(c, "schedule_lag"))
		printf("  lag        %10.1f %10.1f %10.1f %10.1f %10.1f\n",
		       number(c, "schedule_lag", "p50_ns") / 1e3,
		       number(c, "schedule_lag", "p90_ns") / 1e3,
		       number(c, "schedule_lag", "p99_ns") / 1e3,
		       number(c, "schedule_lag", "p999_ns") / 1e3,
		       number(c, "schedule_lag", "max_ns") / 1e3);
}

static void print_delivery(const json_t *d)
{
	if (!d)
		return;
	if (json_object_get(d, "unsupported"))
		printf("\ndelivery     not measured: %s\n",
		       json_string_value(json_object_get(d, "unsupported")));
	else
		printf("\ndelivery     p50 %.2f us, p99 %.2f us, from the arrival stamp (%s)\n",
		       number(d, "p50_ns", NULL) / 1e3, number(d, "p99_ns", NULL) / 1e3,
		       json_string_value(json_object_get(d, "stamp")));
}

/* In tp-probe's own words. */
static void print_probes(const json_t *probes)
{
	const json_t *said;
	const char *name;

	json_object_foreach ((json_t *)probes, name, said)
		if (json_is_string(said))
			printf("\ntp-probe %s, warm-up included%s\n", name,
			       json_string_value(said));
}

void report_print(const json_t *report)
{
	const json_t *classes = json_object_get(report, "classes"), *one;
	const json_t *cpu = json_object_get(report, "cpu");
	const json_t *why = json_object_get(report, "why");
	const char *name;
	char server[32];

	printf("%s, %s loop, %s, %.2f s: %s%s%s\n",
	       json_string_value(json_object_get(report, "transport")),
	       json_string_value(json_object_get(report, "mode")),
	       json_string_value(json_object_get(report, "wait")),
	       number(report, "duration_s", NULL),
	       json_string_value(json_object_get(report, "outcome")), why ? ", " : "",
	       why ? json_string_value(why) : "");
	if (!classes)
		print_class(
			json_string_value(json_object_get(
				json_array_get(json_object_get(json_object_get(report, "workload"),
							       "classes"),
					       0),
				"class")),
			report);
	json_object_foreach ((json_t *)classes, name, one)
		print_class(name, one);
	print_delivery(json_object_get(report, "delivery"));
	if (json_object_get(json_object_get(cpu, "server"), "why"))
		snprintf(server, sizeof(server), "not known");
	else
		snprintf(server, sizeof(server), "%.2f s",
			 number(json_object_get(cpu, "server"), "total_s", NULL));
	printf("\nCPU          client %.2f s, server %s, system %.2f s, softirq share %.0f "
	       "%%\n",
	       number(json_object_get(cpu, "client"), "total_s", NULL), server,
	       number(json_object_get(cpu, "system"), "busy_s", NULL),
	       number(cpu, "softirq_share", NULL) * 100);
	printf("per CPU second of the system: %.0f messages, %.2f GB\n",
	       number(report, "per_cpu_second", "system_messages"),
	       number(report, "per_cpu_second", "system_gb"));
	print_probes(json_object_get(report, "probes"));
}
