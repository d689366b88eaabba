// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The workload file: loaded by libcyaml, then checked, with the place of each fault. */
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/wire.h"
#include "bench/gen/workload.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/policy_source.h"

#define FILE_MAX (1U << 20)
#define OPTIONAL CYAML_FLAG_OPTIONAL

/* As libcyaml loads it: what is not given is NULL, and stays what the class has built in. */
struct file_range {
	uint32_t min, max;
};

struct file_class {
	char *class_;
	double *rate_per_s, *on_ms, *off_ms, *reads;
	int *arrivals;
	char *trace;
	struct file_range *size_bytes, *fanout;
	bool *echo, *verify;
	uint32_t *outstanding;
};

struct file {
	uint32_t version;
	char *name;
	uint64_t *seed;
	struct file_class *classes;
	unsigned int classes_count;
};

static const cyaml_strval_t arrivals[] = {{"poisson", ARRIVALS_POISSON},
					  {"uniform", ARRIVALS_UNIFORM},
					  {"onoff", ARRIVALS_ONOFF},
					  {"trace", ARRIVALS_TRACE}};

static const cyaml_schema_field_t range_fields[] = {
	CYAML_FIELD_UINT("min", CYAML_FLAG_DEFAULT, struct file_range, min),
	CYAML_FIELD_UINT("max", CYAML_FLAG_DEFAULT, struct file_range, max), CYAML_FIELD_END};

#define TEXT(key, flags, type, member)                                                             \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t class_fields[] = {
	TEXT("class", 0, struct file_class, class_),
	CYAML_FIELD_FLOAT_PTR("rate_per_s", CYAML_FLAG_POINTER | OPTIONAL, struct file_class,
			      rate_per_s),
	CYAML_FIELD_ENUM_PTR("arrivals", CYAML_FLAG_POINTER | CYAML_FLAG_STRICT | OPTIONAL,
			     struct file_class, arrivals, arrivals, CYAML_ARRAY_LEN(arrivals)),
	CYAML_FIELD_FLOAT_PTR("on_ms", CYAML_FLAG_POINTER | OPTIONAL, struct file_class, on_ms),
	CYAML_FIELD_FLOAT_PTR("off_ms", CYAML_FLAG_POINTER | OPTIONAL, struct file_class, off_ms),
	TEXT("trace", OPTIONAL, struct file_class, trace),
	CYAML_FIELD_MAPPING_PTR("size_bytes", CYAML_FLAG_POINTER | OPTIONAL, struct file_class,
				size_bytes, range_fields),
	CYAML_FIELD_MAPPING_PTR("fanout", CYAML_FLAG_POINTER | OPTIONAL, struct file_class, fanout,
				range_fields),
	CYAML_FIELD_FLOAT_PTR("reads", CYAML_FLAG_POINTER | OPTIONAL, struct file_class, reads),
	CYAML_FIELD_BOOL_PTR("echo", CYAML_FLAG_POINTER | OPTIONAL, struct file_class, echo),
	CYAML_FIELD_BOOL_PTR("verify", CYAML_FLAG_POINTER | OPTIONAL, struct file_class, verify),
	CYAML_FIELD_UINT_PTR("outstanding", CYAML_FLAG_POINTER | OPTIONAL, struct file_class,
			     outstanding),
	CYAML_FIELD_END};

static const cyaml_schema_value_t class_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_class, class_fields)};

static const cyaml_schema_field_t file_fields[] = {
	CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct file, version),
	TEXT("name", 0, struct file, name),
	CYAML_FIELD_UINT_PTR("seed", CYAML_FLAG_POINTER | OPTIONAL, struct file, seed),
	CYAML_FIELD_SEQUENCE("classes", CYAML_FLAG_POINTER, struct file, classes, &class_value, 1,
			     WORKLOAD_CLASSES),
	CYAML_FIELD_END};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields)};

/* libcyaml logs what is wrong first, and then where, from the inside out. */
struct fault {
	char what[160];
	yaml_mark_t at;
};

__attribute__((format(printf, 3, 0))) static void keep_fault(cyaml_log_t level, void *ctx,
							     const char *fmt, va_list args)
{
	struct fault *fault = ctx;
	size_t line = 0, column = 0;
	const char *place;
	char text[256];

	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	place = strstr(text, "(line: ");
	if (!place && !fault->what[0])
		snprintf(fault->what, sizeof(fault->what), "%.159s", text);
	if (place && !fault->at.line &&
	    sscanf(place, "(line: %zu, column: %zu", &line, &column) == 2) {
		fault->at.line = line - 1;
		fault->at.column = column - 1;
	}
}

static cyaml_config_t config_of(struct fault *fault)
{
	return (cyaml_config_t){.mem_fn = cyaml_mem,
				.flags = CYAML_CFG_NO_ALIAS,
				.log_fn = keep_fault,
				.log_ctx = fault,
				.log_level = CYAML_LOG_ERROR};
}

static void check_range(struct policy_source *src, unsigned int i, const char *key,
			const struct file_range *r, uint32_t min, uint32_t max)
{
	if (r && (r->min < min || r->max > max || r->min > r->max))
		policy_refuse(src, policy_at(src, "classes[%u].%s", i, key),
			      "%s from %u to %u; allowed: min at most max, both from %u to %u", key,
			      r->min, r->max, min, max);
}

static void check_number(struct policy_source *src, unsigned int i, const char *key,
			 const double *value, double min, double max)
{
	if (value && !(*value >= min && *value <= max))
		policy_refuse(src, policy_at(src, "classes[%u].%s", i, key),
			      "%s %g; allowed: from %g to %g", key, *value, min, max);
}

/* One class of the file over the built-in one of its name. */
static void take(struct policy_source *src, const struct file_class *f, unsigned int i,
		 struct workload *w)
{
	struct workload built_in;
	struct traffic *t = &w->traffic[i];

	if (!strcmp(f->class_, "mix") || !workload_named(&built_in, f->class_)) {
		policy_refuse(src, policy_at(src, "classes[%u].class", i),
			      "class %s; allowed: A, B, C", policy_quote(f->class_).s);
		return;
	}
	*t = built_in.traffic[0];
	check_number(src, i, "rate_per_s", f->rate_per_s, 0.01, WORKLOAD_MAX_RATE);
	check_number(src, i, "on_ms", f->on_ms, 0.01, 1e6);
	check_number(src, i, "off_ms", f->off_ms, 0, 1e6);
	check_number(src, i, "reads", f->reads, 0, 1);
	check_range(src, i, "size_bytes", f->size_bytes, WORKLOAD_MIN_SIZE, WIRE_MAX_MESSAGE);
	check_range(src, i, "fanout", f->fanout, 1, WORKLOAD_MAX_FANOUT);
	if (f->outstanding && (!*f->outstanding || *f->outstanding > WORKLOAD_MAX_OUTSTANDING))
		policy_refuse(src, policy_at(src, "classes[%u].outstanding", i),
			      "outstanding %u; allowed: from 1 to %d", *f->outstanding,
			      WORKLOAD_MAX_OUTSTANDING);
	if (f->reads && f->echo && *f->echo)
		policy_refuse(src, policy_at(src, "classes[%u].echo", i),
			      "echo and reads; allowed: one of them");
	t->rate_per_s = f->rate_per_s ? *f->rate_per_s : t->rate_per_s;
	t->arrivals = f->arrivals ? (enum arrivals) * f->arrivals : t->arrivals;
	t->on_ms = f->on_ms ? *f->on_ms : t->on_ms;
	t->off_ms = f->off_ms ? *f->off_ms : t->off_ms;
	if (f->reads)
		t->reads = *f->reads;
	if (f->echo && *f->echo)
		t->reads = WORKLOAD_ECHO;
	if (f->size_bytes)
		t->size = (struct range){f->size_bytes->min, f->size_bytes->max};
	if (f->fanout)
		t->fanout = (struct range){f->fanout->min, f->fanout->max};
	t->verify = f->verify ? *f->verify : t->verify;
	t->outstanding = f->outstanding ? *f->outstanding : t->outstanding;
	t->trace = f->trace ? strdup(f->trace) : NULL;
	if (t->arrivals == ARRIVALS_TRACE && !t->trace)
		policy_refuse(src, policy_at(src, "classes[%u].arrivals", i),
			      "arrivals trace without a file; allowed: with trace: FILE");
	if (t->arrivals == ARRIVALS_ONOFF && !(t->on_ms > 0))
		policy_refuse(src, policy_at(src, "classes[%u].arrivals", i),
			      "arrivals onoff without on_ms; allowed: with on_ms and off_ms");
	if ((f->on_ms || f->off_ms) && t->arrivals != ARRIVALS_ONOFF)
		policy_refuse(src,
			      policy_at(src, "classes[%u].%s", i, f->on_ms ? "on_ms" : "off_ms"),
			      "on_ms and off_ms; allowed: with arrivals: onoff");
	if (f->trace && t->arrivals != ARRIVALS_TRACE)
		policy_refuse(src, policy_at(src, "classes[%u].trace", i),
			      "trace; allowed: with arrivals: trace");
	for (unsigned int k = 0; k < i; k++)
		if (!strcmp(w->traffic[k].name, t->name))
			policy_refuse(src, policy_at(src, "classes[%u].class", i),
				      "class %s a second time; allowed: once", t->name);
}

static int load(struct policy_source *src, struct workload *w)
{
	struct fault fault = {0};
	cyaml_config_t config = config_of(&fault);
	struct file *f = NULL;
	cyaml_err_t err = cyaml_load_data((const uint8_t *)src->bytes, src->size, &config, &schema,
					  (cyaml_data_t **)&f, NULL);

	if (err != CYAML_OK) {
		policy_refuse(src, fault.at, "%s (%s)", cyaml_strerror(err), fault.what);
		return -EINVAL;
	}
	memset(w, 0, sizeof(*w));
	w->seed = f->seed ? *f->seed : 1;
	snprintf(w->name, sizeof(w->name), "%.31s", f->name);
	if (f->version != 1)
		policy_refuse(src, policy_at(src, "version"), "version %u; allowed: 1", f->version);
	if (w->seed > INT64_MAX)
		policy_refuse(src, policy_at(src, "seed"), "seed above %lld", (long long)INT64_MAX);
	w->n = f->classes_count;
	for (unsigned int i = 0; i < w->n; i++)
		take(src, &f->classes[i], i, w);
	cyaml_free(&config, &schema, f, 0);
	return src->refusals ? -EINVAL : 0;
}

static int read_file(struct policy_source *src)
{
	FILE *f = fopen(src->path, "re");
	int err;

	if (!f) {
		msg_error("%s: %s; name a workload file, such as bench/workloads/agent-host.yaml",
			  src->path, strerror(errno));
		return -errno;
	}
	src->size = fread(src->bytes, 1, FILE_MAX, f);
	err = ferror(f) ? -errno : 0;
	fclose(f);
	if (err || !src->size) {
		msg_error("%s: %s; name a workload file, such as bench/workloads/agent-host.yaml",
			  src->path, err ? strerror(-err) : "empty");
		return err ? err : -EINVAL;
	}
	if (src->size == FILE_MAX) {
		msg_error("%s: larger than %u MiB", src->path, FILE_MAX >> 20);
		return -EINVAL;
	}
	return 0;
}

int workload_read(struct workload *w, const char *path)
{
	struct policy_source src = {.path = (char *)path, .bytes = malloc(FILE_MAX)};
	int err = src.bytes ? read_file(&src) : -ENOMEM;

	if (!err)
		err = policy_yaml_open(&src);
	if (!err)
		err = load(&src, w);
	if (src.has_doc)
		yaml_document_delete(&src.doc);
	free(src.bytes);
	return err;
}
