/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of policy*.c: a policy file on its way from bytes to struct policy.
 *
 *	policy.c           reads the file, runs the stages in order
 *	policy_yaml.c      libyaml: syntax, positions of values, refusals
 *	policy_schema.c    the libcyaml schema, and libcyaml's load into struct policy_file
 *	policy_shape.c     keys, types and enumerated values, in words, against that schema
 *	policy_text.c      names, ports and prefixes
 *	policy_check.c     what a policy means: interface, tenants, CPUs
 *	policy_services.c  the same for services
 *	policy_ports.c     port -> group of services
 *	policy_compile.c   struct policy
 *	policy_ids.c       ids that follow names through a reload
 */
#ifndef TRIPATH_LOADERS_LIB_POLICY_SOURCE_H
#define TRIPATH_LOADERS_LIB_POLICY_SOURCE_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <yaml.h>

#include "policy.h"

#define POLICY_FILE_MAX          (4U << 20) /* bytes */
#define POLICY_DEPTH_MAX         16U /* of lists and mappings in each other; a policy needs 5 */
#define POLICY_VALUES_MAX        131072U /* YAML events: bounds the memory that a hostile file can take */
#define POLICY_SERVICES_MAX      (TP_MAX_SERVICES - TP_SERVICE_FIRST)
#define POLICY_WEIGHT_MAX        10000U
#define POLICY_CPU_QUEUE_MAX     16384U /* the kernel's own limit for a cpumap entry */
#define POLICY_CPU_QUEUE_DEFAULT 2048U
#define POLICY_REFUSALS_SHOWN    20U
#define POLICY_WHY_LEN           192

/* The file as libcyaml loads it. */
struct policy_interface {
	__u32 trust; /* TP_GEN_TRUST_* */
	__u32 *flows;
	__u32 *cpu_queue;
};

struct policy_weight {
	__u32 cpu;
	__u32 weight;
};

struct policy_spread {
	enum tp_class class_;
	struct policy_weight *weights;
	unsigned int weights_count;
};

struct policy_match {
	char **peer;
	char **local;
	__u32 *vlan;
	__u32 *dscp;
	unsigned int peer_count;
	unsigned int local_count;
	unsigned int vlan_count;
	unsigned int dscp_count;
};

struct policy_tenant {
	char *name;
	int is_default;
	struct policy_match match;
};

struct policy_offer {
	char *name;
	int protocol; /* IPPROTO_* */
	char *port;
	char *local;
	enum tp_class class_;
	enum tp_path path;
	char *tenant;
};

struct policy_file {
	__u32 version;
	char *name;
	struct policy_interface interface;
	struct policy_spread *cpus;
	struct policy_tenant *tenants;
	struct policy_offer *services;
	unsigned int cpus_count;
	unsigned int tenants_count;
	unsigned int services_count;
};

/* What the checks make of its text. */
struct policy_prefix {
	__u8 family; /* 4 or 6; 0: none given */
	__u8 len;
	__u8 addr[16]; /* network byte order; IPv4 in the first four bytes */
};

struct policy_rule { /* of one service */
	struct policy_prefix local;
	int protocol;
	__u16 first, last;
	__u16 tenant; /* id, or TP_TENANT_BY_RULE */
	bool valid;   /* ports and prefix could be read */
};

struct policy_claim { /* of one tenant prefix */
	struct policy_prefix prefix;
	__u8 side;           /* TP_PREFIX_PEER or TP_PREFIX_LOCAL */
	unsigned int tenant; /* index in the file */
	unsigned int entry;  /* index in the tenant's list of that side */
};

struct policy_source {
	char *path;
	char *bytes;
	size_t size;
	__u8 hash[TP_HASH_LEN];
	yaml_document_t doc;
	bool has_doc;
	unsigned int refusals;
	struct policy_file *file;
	struct policy_rule *rules;   /* one a service */
	struct policy_claim *claims; /* sorted */
	size_t claims_count;
	unsigned int default_tenant; /* index in the file */
};

struct policy_ports_fault {
	unsigned int service; /* index in the file */
	unsigned int port;
	const char *limit;
};

/* Counts a refusal, and tells of it unless many were told already. */
void policy_refuse(struct policy_source *src, yaml_mark_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The value at a path such as "services[2].port", or the nearest that there is of what it lies in.
 */
yaml_mark_t policy_at(const struct policy_source *src, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, as the line that an editor shows. */
#define policy_line(...) (policy_at(__VA_ARGS__).line + 1)

/* @text fit for a terminal: quoted, cut short, control characters replaced. */
struct policy_quote {
	char s[80];
};
struct policy_quote policy_quote(const char *text);

/* Stages: 0, or -EINVAL after policy_refuse() told why, or -ENOMEM. */
int policy_yaml_open(struct policy_source *src);
int policy_shape(struct policy_source *src);
int policy_schema_load(struct policy_source *src);
int policy_check(struct policy_source *src);
int policy_check_services(struct policy_source *src);

void policy_schema_free(struct policy_file *file);
extern const cyaml_schema_value_t policy_schema;

/* -EINVAL with the reason, to follow the quoted text, in @why. */
int policy_parse_ports(const char *text, __u16 *first, __u16 *last, char why[POLICY_WHY_LEN]);
int policy_parse_prefix(const char *text, struct policy_prefix *out, char why[POLICY_WHY_LEN]);
bool policy_name_is_valid(const char *name);
bool policy_name_is_reserved(const char *name);
/* In the order of the address's bytes; for IPv4 the first four count. */
void policy_prefix_mask(const struct policy_prefix *p, __u8 mask[16]);
bool policy_prefixes_meet(const struct policy_prefix *a, const struct policy_prefix *b);

/* -E2BIG with @fault set: more than the port tables hold.  Needs @out->port_group and ->group
 * zeroed. */
int policy_ports(const struct policy_rule *rules, unsigned int n, struct policy *out,
		 struct policy_ports_fault *fault);
/* Divides TP_CPU_SLOTS by weight, largest remainder first. @n is at most TP_CPU_SLOTS, the sum not
 * 0. */
void policy_shares(const struct policy_weight *weights, unsigned int n, unsigned int *shares);

/* The default tenant has id 0, the others follow in the order of the file. */
static inline __u16 policy_tenant_id(const struct policy_source *src, unsigned int index)
{
	if (index == src->default_tenant)
		return TP_TENANT_DEFAULT;
	return (__u16)(index < src->default_tenant ? index + 1 : index);
}

#endif
