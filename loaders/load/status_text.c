// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `tp-load status` for people: a head, then tables by queue, service, tenant and reason. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loaders/load/figures.h"
#include "loaders/load/names.h"

#define TENANTS_SHOWN_IDLE 8 /* a policy with more tenants shows only those that had traffic */
#define HASH_SHOWN         6

static void cell(double value, int width)
{
	char text[16];

	si_text(value, text, sizeof(text));
	printf(" %*s", width, text);
}

static void print_head(const struct status *status)
{
	const struct found *found = &status->found;
	const struct tp_flow_events *events = &status->after->sum.flows;
	char since[64];
	int i;

	found_since(&found->state, since, sizeof(since));
	printf("%s: attached since %s\n", found->ifname_now, since);
	if (found->moved)
		printf("  moved    away from %s, to network namespace %s\n", found->ifname,
		       found->netns);
	printf("  program  %s, id %u, %s mode, %s", found->hook.prog_name, found->hook.prog_id,
	       mode_name(found->hook.mode),
	       found->hook.method == TP_ATTACH_DISPATCHER ? "through libxdp's dispatcher"
							  : "the only program");
	if (found->hook.others)
		printf(" with %u other(s)", found->hook.others);
	printf("\n  policy   %s, generation %u, hash ", status->policy->name,
	       status->policy->generation);
	for (i = 0; i < HASH_SHOWN; i++)
		printf("%02x", status->policy->hash[i]);
	printf("\n  flows    %" PRIu64 " of %" PRIu64 " (%.1f %%);", status->flows_used,
	       status->flows_max, 100.0 * (double)status->flows_used / (double)status->flows_max);
	printf(" inserted %" PRIu64 ", evicted %" PRIu64 ", refreshed %" PRIu64
	       ", contended %" PRIu64 "\n",
	       (uint64_t)events->inserted, (uint64_t)events->evicted, (uint64_t)events->refreshed,
	       (uint64_t)events->contended);
	printf("  rates    over %.2f s\n", status_seconds(status));
}

static void print_sink(const struct sink *sink)
{
	switch (sink->state) {
	case SINK_NONE:
		printf("  none");
		break;
	case SINK_ALIVE:
		printf("  alive, pid %u%s", sink->pid,
		       sink->flags & TP_SINK_FORWARDS ? ", forwards" : "");
		break;
	case SINK_STALLED:
		printf("  stalled for %.1f s, pid %u", (double)sink->age_ns / 1e9, sink->pid);
		break;
	case SINK_GONE:
		printf("  gone for %.1f s: pid %u was killed", (double)sink->age_ns / 1e9,
		       sink->pid);
		break;
	}
}

static void print_queue(const struct status *status, const char *name,
			const struct queue_stats *then, const struct queue_stats *now)
{
	printf("  %-6s", name);
	cell(status_rate(status, then->packets, now->packets), 9);
	cell(status_rate(status, then->bytes, now->bytes) * 8, 9);
	cell(status_rate(status, then->verdicts.stack, now->verdicts.stack), 9);
	cell(status_rate(status, then->verdicts.af_xdp, now->verdicts.af_xdp), 9);
	cell(status_rate(status, then->verdicts.cpu, now->verdicts.cpu), 9);
	cell((double)now->packets, 9);
	cell((double)now->bytes, 9);
}

static void print_queues(const struct status *status)
{
	const struct figures *then = status->before, *now = status->after;
	char name[16];
	uint32_t i;

	printf("\n  %-6s %9s %9s %9s %9s %9s %9s %9s  %s\n", "QUEUE", "PKT/S", "BIT/S", "STACK/S",
	       "AF_XDP/S", "CPU/S", "PACKETS", "BYTES", "AF_XDP SOCKET");
	for (i = 0; i < status->queues; i++) {
		snprintf(name, sizeof(name), "%u", i);
		print_queue(status, name, &then->queue[i], &now->queue[i]);
		print_sink(&status->sinks[i]);
		putchar('\n');
	}
	if (now->queue[i].packets) {
		print_queue(status, "later", &then->queue[i], &now->queue[i]);
		printf("  queues added since attach\n");
	}
	if (status->queues > 1) {
		print_queue(status, "all", &then->sum, &now->sum);
		putchar('\n');
	}
}

static void print_services(const struct status *status)
{
	const struct policy *policy = status->policy;
	const struct service_stats *then, *now;
	uint32_t i;

	printf("\n  %-20s %-9s %-6s %9s %9s %9s %9s %9s %9s %9s\n", "SERVICE", "CLASS", "PATH",
	       "PKT/S", "BIT/S", "STACK", "AF_XDP", "CPU", "PACKETS", "BYTES");
	for (i = 0; i < policy->services && i < TP_MAX_SERVICES; i++) {
		then = &status->before->service[i];
		now = &status->after->service[i];
		if (!service_name(policy, i)[0])
			continue;
		printf("  %-20s %-9s %-6s", service_name(policy, i),
		       i < TP_SERVICE_FIRST ? "-" : class_name(policy->service[i].class_),
		       i < TP_SERVICE_FIRST ? "-" : path_name(policy->service[i].path));
		cell(status_rate(status, then->packets, now->packets), 9);
		cell(status_rate(status, then->bytes, now->bytes) * 8, 9);
		cell((double)now->verdicts.stack, 9);
		cell((double)now->verdicts.af_xdp, 9);
		cell((double)now->verdicts.cpu, 9);
		cell((double)now->packets, 9);
		cell((double)now->bytes, 9);
		putchar('\n');
	}
}

static void print_tenants(const struct status *status)
{
	const struct policy *policy = status->policy;
	const struct tenant_stats *then, *now;
	uint32_t i, idle = 0;

	printf("\n  %-37s %9s %9s %29s %9s %9s\n", "TENANT", "PKT/S", "BIT/S", "", "PACKETS",
	       "BYTES");
	for (i = 0; i < policy->tenants && i < TP_MAX_TENANTS; i++) {
		then = &status->before->tenant[i];
		now = &status->after->tenant[i];
		if (!tenant_name(policy, i)[0])
			continue;
		if (!now->packets && policy->tenants > TENANTS_SHOWN_IDLE) {
			idle++;
			continue;
		}
		printf("  %-37s", tenant_name(policy, i));
		cell(status_rate(status, then->packets, now->packets), 9);
		cell(status_rate(status, then->bytes, now->bytes) * 8, 9);
		printf(" %29s", "");
		cell((double)now->packets, 9);
		cell((double)now->bytes, 9);
		putchar('\n');
	}
	if (idle)
		printf("  and %u without traffic\n", idle);
}

static void print_reasons(const struct status *status)
{
	const __u64 *then = (const __u64 *)&status->before->sum.reasons;
	const __u64 *now = (const __u64 *)&status->after->sum.reasons;
	uint32_t i;

	if (!status->after->sum.packets)
		return;
	printf("\n  %-20s %9s %9s\n", "REASON", "PKT/S", "PACKETS");
	for (i = 0; i < TP_REASONS; i++) {
		if (!now[i])
			continue;
		printf("  %-20s", reason_name(i));
		cell(status_rate(status, then[i], now[i]), 9);
		cell((double)now[i], 9);
		printf("  %s\n", reason_text(i));
	}
}

static void print_drops(const struct status *status)
{
	const struct redirect_drops *d = &status->drops_sum;

	if (!status->drop_rows) {
		printf("\n  lost by redirects: not traced on this kernel\n");
		return;
	}
	printf("\n  lost by redirects: %" PRIu64 " AF_XDP ring full, %" PRIu64
	       " AF_XDP other, %" PRIu64 " cpumap full, %" PRIu64 " cpumap other",
	       (uint64_t)d->xsk_ring_full, (uint64_t)d->xsk_other, (uint64_t)d->cpumap_full,
	       (uint64_t)d->cpumap_other);
	if (d->last_error)
		printf(" (latest: %s)", strerror((int)-d->last_error));
	putchar('\n');
}

void status_print(const struct status *status)
{
	print_head(status);
	print_queues(status);
	print_services(status);
	print_tenants(status);
	print_reasons(status);
	print_drops(status);
}
