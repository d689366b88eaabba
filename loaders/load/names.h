/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words for the numbers of the contract, as policy files, status and JSON write them. */
#ifndef TRIPATH_LOADERS_LOAD_NAMES_H
#define TRIPATH_LOADERS_LOAD_NAMES_H

#include <stdint.h>

#include "maps/policy.h"

/* Each returns "unknown" for a number that is not in the contract. */
const char *class_name(uint32_t class_);
const char *path_name(uint32_t path);
const char *verdict_name(uint32_t verdict);
const char *reason_name(uint32_t reason);
const char *reason_text(uint32_t reason);

/* Of the policy's service or tenant; "none" and "control" for the services that no policy names. */
const char *service_name(const struct policy *policy, uint32_t service);
const char *tenant_name(const struct policy *policy, uint32_t tenant);

/* "1.2 k", "34.5 M": three digits and a decimal prefix. */
void si_text(double value, char *text, size_t size);

#endif
