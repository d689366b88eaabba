// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include <stdio.h>

#include "loaders/load/names.h"
#include "maps/reasons.h"

static const char *const classes[TP_CLASSES] = {
	[TP_CLASS_CONTROL] = "control",
	[TP_CLASS_RPC] = "rpc",
	[TP_CLASS_RETRIEVAL] = "retrieval",
	[TP_CLASS_BULK] = "bulk",
};

static const char *const paths[TP_PATHS] = {
	[TP_PATH_STACK] = "stack",
	[TP_PATH_AF_XDP] = "af_xdp",
	[TP_PATH_CPU] = "cpu",
	[TP_PATH_RDMA] = "rdma",
};

static const char *const verdicts[TP_VERDICTS] = {
	[TP_VERDICT_STACK] = "stack",
	[TP_VERDICT_XSK] = "af_xdp",
	[TP_VERDICT_CPU] = "cpu",
};

static const struct {
	const char *name;
	const char *text;
} reasons[TP_REASONS] = {
#define X(name_, verdict, text_) [TP_REASON_##name_] = {#name_, text_},
	TP_REASON_LIST(X)
#undef X
};

#define NAME(table, n) ((n) < sizeof(table) / sizeof((table)[0]) ? (table)[n] : "unknown")

const char *class_name(uint32_t class_)
{
	return NAME(classes, class_);
}

const char *path_name(uint32_t path)
{
	return NAME(paths, path);
}

const char *verdict_name(uint32_t verdict)
{
	return NAME(verdicts, verdict);
}

const char *reason_name(uint32_t reason)
{
	return reason < TP_REASONS ? reasons[reason].name : "unknown";
}

const char *reason_text(uint32_t reason)
{
	return reason < TP_REASONS ? reasons[reason].text : "unknown";
}

const char *service_name(const struct policy *policy, uint32_t service)
{
	if (service == TP_SERVICE_NONE)
		return "none";
	if (service == TP_SERVICE_CONTROL)
		return "control";
	return service < policy->services ? policy->service[service].name : "unknown";
}

const char *tenant_name(const struct policy *policy, uint32_t tenant)
{
	return tenant < policy->tenants ? policy->tenant_name[tenant] : "unknown";
}

void si_text(double value, char *text, size_t size)
{
	static const char prefixes[] = {' ', 'k', 'M', 'G', 'T', 'P', 'E'};
	size_t i = 0;

	while (value >= 999.5 && i + 1 < sizeof(prefixes)) {
		value /= 1000;
		i++;
	}
	if (i == 0)
		snprintf(text, size, "%.0f", value);
	else
		snprintf(text, size, "%.*f %c",
			 value < 9.995   ? 2
			 : value < 99.95 ? 1
					 : 0,
			 value, prefixes[i]);
}
