// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The keys of a policy file: one table a mapping, that policy_shape() and libcyaml both read. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "maps/steer.h"
#include "policy_source.h"

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define LIST     (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_strval_t classes[] = {
	{"control", TP_CLASS_CONTROL},
	{"rpc", TP_CLASS_RPC},
	{"retrieval", TP_CLASS_RETRIEVAL},
	{"bulk", TP_CLASS_BULK},
};

static const cyaml_strval_t spread_classes[] = {
	/* control stays on the CPU that it came in on */
	{"rpc", TP_CLASS_RPC},
	{"retrieval", TP_CLASS_RETRIEVAL},
	{"bulk", TP_CLASS_BULK},
};

static const cyaml_strval_t paths[] = {
	{"stack", TP_PATH_STACK},
	{"af_xdp", TP_PATH_AF_XDP},
	{"cpu", TP_PATH_CPU},
	{"rdma", TP_PATH_RDMA},
};

static const cyaml_strval_t protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}};
static const cyaml_strval_t truths[] = {{"true", 1}, {"false", 0}};
static const cyaml_strval_t trusts[] = {{"vlan", TP_GEN_TRUST_VLAN}, {"dscp", TP_GEN_TRUST_DSCP}};

static const cyaml_schema_value_t number = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, __u32)};
static const cyaml_schema_value_t text = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t interface_fields[] = {
	CYAML_FIELD_FLAGS("trust", OPTIONAL | CYAML_FLAG_STRICT, struct policy_interface, trust,
			  trusts, CYAML_ARRAY_LEN(trusts)),
	CYAML_FIELD_UINT_PTR("flows", OPTIONAL, struct policy_interface, flows),
	CYAML_FIELD_UINT_PTR("cpu_queue", OPTIONAL, struct policy_interface, cpu_queue),
	CYAML_FIELD_END};

static const cyaml_schema_field_t weight_fields[] = {
	CYAML_FIELD_UINT("cpu", CYAML_FLAG_DEFAULT, struct policy_weight, cpu),
	CYAML_FIELD_UINT("weight", CYAML_FLAG_DEFAULT, struct policy_weight, weight),
	CYAML_FIELD_END};

static const cyaml_schema_value_t weight = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_weight, weight_fields)};

static const cyaml_schema_field_t spread_fields[] = {
	CYAML_FIELD_ENUM("class", CYAML_FLAG_STRICT, struct policy_spread, class_, spread_classes,
			 CYAML_ARRAY_LEN(spread_classes)),
	CYAML_FIELD_SEQUENCE("weights", CYAML_FLAG_POINTER, struct policy_spread, weights, &weight,
			     1, TP_CPU_SLOTS),
	CYAML_FIELD_END};

static const cyaml_schema_value_t spread = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_spread, spread_fields)};

static const cyaml_schema_field_t match_fields[] = {
	CYAML_FIELD_SEQUENCE("peer", LIST, struct policy_match, peer, &text, 0, TP_MAX_PREFIXES),
	CYAML_FIELD_SEQUENCE("local", LIST, struct policy_match, local, &text, 0, TP_MAX_PREFIXES),
	CYAML_FIELD_SEQUENCE("vlan", LIST, struct policy_match, vlan, &number, 0, 4094),
	CYAML_FIELD_SEQUENCE("dscp", LIST, struct policy_match, dscp, &number, 0, 64),
	CYAML_FIELD_END};

static const cyaml_schema_field_t tenant_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct policy_tenant, name, 1,
			       CYAML_UNLIMITED),
	CYAML_FIELD_ENUM("default", OPTIONAL | CYAML_FLAG_STRICT, struct policy_tenant, is_default,
			 truths, CYAML_ARRAY_LEN(truths)),
	CYAML_FIELD_MAPPING("match", OPTIONAL, struct policy_tenant, match, match_fields),
	CYAML_FIELD_END};

static const cyaml_schema_value_t tenant = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_tenant, tenant_fields)};

static const cyaml_schema_field_t service_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct policy_offer, name, 1,
			       CYAML_UNLIMITED),
	CYAML_FIELD_ENUM("protocol", CYAML_FLAG_STRICT, struct policy_offer, protocol, protocols,
			 CYAML_ARRAY_LEN(protocols)),
	CYAML_FIELD_STRING_PTR("port", CYAML_FLAG_POINTER, struct policy_offer, port, 1,
			       CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("local", LIST, struct policy_offer, local, 1, CYAML_UNLIMITED),
	CYAML_FIELD_ENUM("class", CYAML_FLAG_STRICT, struct policy_offer, class_, classes,
			 CYAML_ARRAY_LEN(classes)),
	CYAML_FIELD_ENUM("path", CYAML_FLAG_STRICT, struct policy_offer, path, paths,
			 CYAML_ARRAY_LEN(paths)),
	CYAML_FIELD_STRING_PTR("tenant", LIST, struct policy_offer, tenant, 1, CYAML_UNLIMITED),
	CYAML_FIELD_END};

static const cyaml_schema_value_t service = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct policy_offer, service_fields)};

static const cyaml_schema_field_t policy_fields[] = {
	CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct policy_file, version),
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct policy_file, name, 1,
			       CYAML_UNLIMITED),
	CYAML_FIELD_MAPPING("interface", OPTIONAL, struct policy_file, interface, interface_fields),
	CYAML_FIELD_SEQUENCE("cpus", LIST, struct policy_file, cpus, &spread, 0, TP_CLASSES),
	CYAML_FIELD_SEQUENCE("tenants", CYAML_FLAG_POINTER, struct policy_file, tenants, &tenant, 0,
			     TP_MAX_TENANTS),
	CYAML_FIELD_SEQUENCE("services", CYAML_FLAG_POINTER, struct policy_file, services, &service,
			     0, POLICY_SERVICES_MAX),
	CYAML_FIELD_END};

const cyaml_schema_value_t policy_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct policy_file, policy_fields)};

/* libcyaml's first line says what, the first of its back trace says where. */
struct complaint {
	char what[256];
	yaml_mark_t at;
};

__attribute__((format(printf, 3, 0))) static void listen_to(cyaml_log_t level, void *ctx,
							    const char *fmt, va_list args)
{
	struct complaint *complaint = ctx;
	const char *where;
	char line[256];

	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	where = strstr(line, "(line: ");
	if (where && !complaint->at.line)
		sscanf(where, "(line: %zu, column: %zu", &complaint->at.line,
		       &complaint->at.column);
	else if (!complaint->what[0])
		memcpy(complaint->what, line, sizeof(line));
}

static const cyaml_config_t quiet = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};

int policy_schema_load(struct policy_source *src)
{
	struct complaint complaint = {0};
	cyaml_config_t config = quiet;
	cyaml_err_t err;

	config.log_fn = listen_to;
	config.log_ctx = &complaint;
	config.log_level = CYAML_LOG_ERROR;
	err = cyaml_load_data((const uint8_t *)src->bytes, src->size, &config, &policy_schema,
			      (cyaml_data_t **)&src->file, NULL);
	if (err == CYAML_OK)
		return 0;
	if (err == CYAML_ERR_OOM)
		return -ENOMEM;
	/* Its lines and columns start at 1. */
	complaint.at.line -= complaint.at.line > 0;
	complaint.at.column -= complaint.at.column > 0;
	policy_refuse(src, complaint.at, "%s (%s)", cyaml_strerror(err), complaint.what);
	return -EINVAL;
}

void policy_schema_free(struct policy_file *file)
{
	cyaml_free(&quiet, &policy_schema, file, 0);
}
