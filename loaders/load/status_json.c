// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `tp-load status --json`: everything that is known, units in the key names. */
#include <jansson.h>
#include <stdio.h>

#include "loaders/load/figures.h"
#include "loaders/load/names.h"

static json_t *counter(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *traffic(const struct status *status, uint64_t packets_then, uint64_t packets,
		       uint64_t bytes_then, uint64_t bytes)
{
	return json_pack("{s:o, s:o, s:f, s:f}", "packets", counter(packets), "bytes",
			 counter(bytes), "packets_per_s",
			 status_rate(status, packets_then, packets), "bits_per_s",
			 status_rate(status, bytes_then, bytes) * 8);
}

static json_t *verdicts(const struct tp_verdicts *v)
{
	return json_pack("{s:o, s:o, s:o}", "stack", counter(v->stack), "af_xdp",
			 counter(v->af_xdp), "cpu", counter(v->cpu));
}

static json_t *reasons(const struct tp_reasons *r)
{
	const __u64 *counts = (const __u64 *)r;
	json_t *object = json_object();
	uint32_t i;

	for (i = 0; i < TP_REASONS; i++)
		if (counts[i])
			json_object_set_new(object, reason_name(i), counter(counts[i]));
	return object;
}

static json_t *flow_events(const struct tp_flow_events *f)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "inserted", counter(f->inserted), "evicted",
			 counter(f->evicted), "refreshed", counter(f->refreshed), "contended",
			 counter(f->contended));
}

static json_t *drops(const struct redirect_drops *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:I}", "af_xdp_ring_full", counter(d->xsk_ring_full),
			 "af_xdp_other", counter(d->xsk_other), "cpumap_full",
			 counter(d->cpumap_full), "cpumap_other", counter(d->cpumap_other),
			 "last_errno", (json_int_t)-d->last_error);
}

static json_t *sink(const struct sink *s)
{
	static const char *const words[] = {"none", "alive", "stalled", "gone"};

	if (s->state == SINK_NONE)
		return json_pack("{s:s}", "state", words[s->state]);
	return json_pack("{s:s, s:i, s:f, s:b}", "state", words[s->state], "pid", (int)s->pid,
			 "heartbeat_age_ms", (double)s->age_ns / 1e6, "forwards",
			 (int)(s->flags & TP_SINK_FORWARDS));
}

static json_t *queue(const struct status *status, uint32_t i)
{
	const struct queue_stats *then = &status->before->queue[i];
	const struct queue_stats *now = &status->after->queue[i];
	json_t *object;

	object = traffic(status, then->packets, now->packets, then->bytes, now->bytes);
	if (i < status->queues) {
		json_object_set_new(object, "queue", json_integer(i));
		json_object_set_new(object, "af_xdp_socket", sink(&status->sinks[i]));
	} else {
		json_object_set_new(object, "queue", json_string("later"));
	}
	json_object_set_new(object, "verdicts", verdicts(&now->verdicts));
	json_object_set_new(object, "reasons", reasons(&now->reasons));
	json_object_set_new(object, "flow_events", flow_events(&now->flows));
	return object;
}

/* NULL for an id that a reload left without a name; likewise tenant(). */
static json_t *service(const struct status *status, uint32_t i)
{
	static const char *const sizes[] = {
#define X(name) #name,
		TP_SIZE_LIST(X)
#undef X
	};
	const struct service_stats *then = &status->before->service[i];
	const struct service_stats *now = &status->after->service[i];
	const __u64 *counts = (const __u64 *)&now->sizes;
	json_t *object, *histogram;
	uint32_t s;

	if (!service_name(status->policy, i)[0])
		return NULL;
	histogram = json_object();
	for (s = 0; s < TP_SIZE_BUCKETS; s++)
		json_object_set_new(histogram, sizes[s], counter(counts[s]));
	object = traffic(status, then->packets, now->packets, then->bytes, now->bytes);
	json_object_set_new(object, "service", json_string(service_name(status->policy, i)));
	if (i >= TP_SERVICE_FIRST) {
		json_object_set_new(object, "class",
				    json_string(class_name(status->policy->service[i].class_)));
		json_object_set_new(object, "path",
				    json_string(path_name(status->policy->service[i].path)));
	}
	json_object_set_new(object, "verdicts", verdicts(&now->verdicts));
	json_object_set_new(object, "frames_by_size_bytes", histogram);
	return object;
}

static json_t *tenant(const struct status *status, uint32_t i)
{
	const struct tenant_stats *then = &status->before->tenant[i];
	const struct tenant_stats *now = &status->after->tenant[i];
	json_t *object;

	if (!tenant_name(status->policy, i)[0])
		return NULL;
	object = traffic(status, then->packets, now->packets, then->bytes, now->bytes);
	json_object_set_new(object, "tenant", json_string(tenant_name(status->policy, i)));
	return object;
}

static json_t *policy_json(const struct policy *policy)
{
	char hash[2 * TP_HASH_LEN + 1];
	int i;

	for (i = 0; i < TP_HASH_LEN; i++)
		snprintf(hash + 2 * i, 3, "%02x", policy->hash[i]);
	return json_pack("{s:s, s:s, s:I}", "name", policy->name, "blake2b_256", hash, "generation",
			 (json_int_t)policy->generation);
}

static json_t *rows(const struct status *status, uint32_t count,
		    json_t *(*row)(const struct status *status, uint32_t i))
{
	json_t *array = json_array(), *object;
	uint32_t i;

	for (i = 0; i < count; i++) {
		object = row(status, i);
		if (object)
			json_array_append_new(array, object);
	}
	return array;
}

json_t *status_json(const struct status *status)
{
	const struct found *found = &status->found;
	uint32_t queues = status->queues;
	json_t *object;

	if (status->after->queue[queues].packets)
		queues++;
	object = json_pack("{s:s, s:I, s:s, s:s, s:I, s:i, s:f, s:s, s:f}", "interface",
			   found->ifname_now, "ifindex", (json_int_t)found->ifindex, "mode",
			   mode_name(found->hook.mode), "method", method_name(found->hook.method),
			   "program_id", (json_int_t)found->hook.prog_id, "other_programs",
			   (int)found->hook.others, "attached_unix_s",
			   (double)found->state.attached_realtime_ns / 1e9, "tool_version",
			   found->state.version, "interval_s", status_seconds(status));
	if (!object)
		return NULL;
	json_object_set_new(object, "moved_to_network_namespace",
			    found->moved ? json_string(found->netns) : json_null());
	json_object_set_new(object, "policy", policy_json(status->policy));
	json_object_set_new(object, "flow_table",
			    json_pack("{s:o, s:o, s:o}", "used", counter(status->flows_used),
				      "capacity", counter(status->flows_max), "events",
				      flow_events(&status->after->sum.flows)));
	json_object_set_new(object, "verdicts", verdicts(&status->after->sum.verdicts));
	json_object_set_new(object, "reasons", reasons(&status->after->sum.reasons));
	json_object_set_new(object, "redirect_drops",
			    status->drop_rows ? drops(&status->drops_sum) : json_null());
	json_object_set_new(object, "queues", rows(status, queues, queue));
	json_object_set_new(object, "services", rows(status, status->policy->services, service));
	json_object_set_new(object, "tenants", rows(status, status->policy->tenants, tenant));
	return object;
}
