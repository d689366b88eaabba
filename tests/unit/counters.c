// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Expected counters, and how they compare with those of the maps. */
#include "tests/unit/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(counters)          ((size_t)(counters)->queues + 1)
#define QUEUE_BYTES(counters)   (ROWS(counters) * sizeof(struct queue_stats))
#define SERVICE_BYTES(counters) (ROWS(counters) * TP_MAX_SERVICES * sizeof(struct service_stats))
#define TENANT_BYTES(counters)  (ROWS(counters) * TP_MAX_TENANTS * sizeof(struct tenant_stats))

int counters_alloc(struct counters *counters, __u32 queues)
{
	counters->queues = queues;
	counters->queue = aligned_alloc(TP_CACHE_LINE, QUEUE_BYTES(counters));
	counters->service = aligned_alloc(TP_CACHE_LINE, SERVICE_BYTES(counters));
	counters->tenant = aligned_alloc(TP_CACHE_LINE, TENANT_BYTES(counters));
	if (!counters->queue || !counters->service || !counters->tenant) {
		counters_free(counters);
		return -ENOMEM;
	}
	counters_clear(counters);
	return 0;
}

void counters_free(struct counters *counters)
{
	free(counters->queue);
	free(counters->service);
	free(counters->tenant);
	memset(counters, 0, sizeof(*counters));
}

void counters_clear(struct counters *counters)
{
	memset(counters->queue, 0, QUEUE_BYTES(counters));
	memset(counters->service, 0, SERVICE_BYTES(counters));
	memset(counters->tenant, 0, TENANT_BYTES(counters));
}

static void add_size(struct tp_sizes *sizes, size_t bytes)
{
	if (bytes <= 64)
		sizes->le_64++;
	else if (bytes <= 128)
		sizes->le_128++;
	else if (bytes <= 256)
		sizes->le_256++;
	else if (bytes <= 512)
		sizes->le_512++;
	else if (bytes <= 1024)
		sizes->le_1024++;
	else if (bytes <= 2048)
		sizes->le_2048++;
	else if (bytes <= 4096)
		sizes->le_4096++;
	else
		sizes->gt_4096++;
}

static void add_verdict(struct tp_verdicts *verdicts, enum tp_verdict verdict)
{
	switch (verdict) {
	case TP_VERDICT_XSK:
		verdicts->af_xdp++;
		break;
	case TP_VERDICT_CPU:
		verdicts->cpu++;
		break;
	default:
		verdicts->stack++;
	}
}

void counters_add(struct counters *counters, __u32 queue, size_t bytes,
		  const struct reference_answer *answer, enum flow_event event)
{
	size_t row = queue < counters->queues ? queue : counters->queues;
	struct queue_stats *stats = &counters->queue[row];
	struct service_stats *service = &counters->service[row * TP_MAX_SERVICES + answer->service];
	struct tenant_stats *tenant = &counters->tenant[row * TP_MAX_TENANTS + answer->tenant];

	stats->packets++;
	stats->bytes += bytes;
	add_verdict(&stats->verdicts, answer->verdict);
	((__u64 *)&stats->reasons)[answer->reason]++;
	if (event == FLOW_INSERTED)
		stats->flows.inserted++;
	if (event == FLOW_REFRESHED)
		stats->flows.refreshed++;
	tenant->packets++;
	tenant->bytes += bytes;
	if (!answer->counted)
		return;
	service->packets++;
	service->bytes += bytes;
	add_verdict(&service->verdicts, answer->verdict);
	add_size(&service->sizes, bytes);
}

bool counters_equal(const struct counters *one, const struct counters *other)
{
	return !memcmp(one->queue, other->queue, QUEUE_BYTES(one)) &&
	       !memcmp(one->service, other->service, SERVICE_BYTES(one)) &&
	       !memcmp(one->tenant, other->tenant, TENANT_BYTES(one));
}

void counters_copy(struct counters *to, const struct counters *from)
{
	memcpy(to->queue, from->queue, QUEUE_BYTES(to));
	memcpy(to->service, from->service, SERVICE_BYTES(to));
	memcpy(to->tenant, from->tenant, TENANT_BYTES(to));
}

void counters_copy_flow_events(struct counters *to, const struct counters *from)
{
	for (size_t row = 0; row < ROWS(to); row++)
		to->queue[row].flows = from->queue[row].flows;
}

static void print_words(FILE *out, const char *map, size_t rows, size_t row_bytes,
			const void *wanted, const void *got)
{
	const __u64 *want = wanted, *have = got;

	for (size_t row = 0; row < rows; row++) {
		for (size_t word = 0; word < row_bytes / sizeof(*want); word++, want++, have++)
			if (*want != *have)
				fprintf(out, "# %s[%zu] word %zu: expected %llu, got %llu\n", map,
					row, word, *want, *have);
	}
}

void counters_print_difference(FILE *out, const struct counters *wanted, const struct counters *got)
{
	print_words(out, "queue_stats", ROWS(wanted), sizeof(*wanted->queue), wanted->queue,
		    got->queue);
	print_words(out, "service_stats", ROWS(wanted) * TP_MAX_SERVICES, sizeof(*wanted->service),
		    wanted->service, got->service);
	print_words(out, "tenant_stats", ROWS(wanted) * TP_MAX_TENANTS, sizeof(*wanted->tenant),
		    wanted->tenant, got->tenant);
}
