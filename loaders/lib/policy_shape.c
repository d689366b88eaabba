// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keys, types and enumerated values of a policy file, held against libcyaml's schema before
 * libcyaml loads it: libcyaml stops at the same faults, but does not say what would have been
 * allowed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_source.h"

static int check_value(struct policy_source *src, const yaml_node_t *node, const char *name,
		       const cyaml_schema_value_t *schema);

static const yaml_node_t *node_of(struct policy_source *src, int id)
{
	return yaml_document_get_node(&src->doc, id);
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

struct words {
	char s[256];
};

static void add_word(struct words *list, const char *word)
{
	size_t n = strlen(list->s);

	snprintf(list->s + n, sizeof(list->s) - n, "%s%s", n ? ", " : "", word);
}

static struct words enum_words(const cyaml_schema_value_t *schema)
{
	struct words list = {""};
	unsigned int i;

	for (i = 0; i < schema->enumeration.count; i++)
		add_word(&list, schema->enumeration.strings[i].str);
	return list;
}

static struct words key_words(const cyaml_schema_field_t *fields, bool optional_too)
{
	struct words list = {""};

	for (; fields->key; fields++)
		if (optional_too || !(fields->value.flags & CYAML_FLAG_OPTIONAL))
			add_word(&list, fields->key);
	return list;
}

/* What the schema wants where something else stands. */
static struct words wanted(const cyaml_schema_value_t *schema)
{
	struct words want = {""};

	switch (schema->type) {
	case CYAML_MAPPING:
		snprintf(want.s, sizeof(want.s), "a mapping with the keys %.200s",
			 key_words(schema->mapping.fields, true).s);
		break;
	case CYAML_SEQUENCE:
		add_word(&want, "a list, such as [a, b]");
		break;
	case CYAML_FLAGS:
		snprintf(want.s, sizeof(want.s), "a list of %.200s", enum_words(schema).s);
		break;
	case CYAML_ENUM:
		want = enum_words(schema);
		break;
	case CYAML_UINT:
		add_word(&want, "a whole number in decimal digits, below 4294967296");
		break;
	default:
		add_word(&want, "text");
	}
	return want;
}

static int refuse_type(struct policy_source *src, const yaml_node_t *node, const char *name,
		       const cyaml_schema_value_t *schema)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		policy_refuse(src, node->start_mark, "%s holds a mapping; allowed: %s", name,
			      wanted(schema).s);
		break;
	case YAML_SEQUENCE_NODE:
		policy_refuse(src, node->start_mark, "%s holds a list; allowed: %s", name,
			      wanted(schema).s);
		break;
	default:
		if (node->data.scalar.length)
			policy_refuse(src, node->start_mark, "%s %s; allowed: %s", name,
				      policy_quote(text_of(node)).s, wanted(schema).s);
		else
			policy_refuse(src, node->start_mark, "%s has no value; allowed: %s", name,
				      wanted(schema).s);
	}
	return -EINVAL;
}

static int check_number(struct policy_source *src, const yaml_node_t *node, const char *name,
			const cyaml_schema_value_t *schema)
{
	const char *text = text_of(node);

	/* libcyaml would take 010 for eight. */
	if (text[0] == '0' && text[1]) {
		policy_refuse(src, node->start_mark,
			      "%s %s; allowed: decimal digits without a leading 0", name,
			      policy_quote(text).s);
		return -EINVAL;
	}
	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 10 ||
	    strtoull(text, NULL, 10) > UINT32_MAX)
		return refuse_type(src, node, name, schema);
	return 0;
}

static int check_word(struct policy_source *src, const yaml_node_t *node, const char *name,
		      const cyaml_schema_value_t *schema)
{
	unsigned int i;

	for (i = 0; i < schema->enumeration.count; i++)
		if (!strcmp(text_of(node), schema->enumeration.strings[i].str))
			return 0;
	return refuse_type(src, node, name, schema);
}

static int check_list(struct policy_source *src, const yaml_node_t *node, const char *name,
		      const cyaml_schema_value_t *schema)
{
	const yaml_node_item_t *items = node->data.sequence.items.start;
	size_t i, n = (size_t)(node->data.sequence.items.top - items);
	char entry[48];
	int err = 0;

	if (n < schema->sequence.min) {
		policy_refuse(src, node->start_mark, "%s is empty; allowed: %u to %u entries", name,
			      schema->sequence.min, schema->sequence.max);
		return -EINVAL;
	}
	if (n > schema->sequence.max) {
		policy_refuse(src, node_of(src, items[schema->sequence.max])->start_mark,
			      "%s has %zu entries; allowed: at most %u", name, n,
			      schema->sequence.max);
		return -EINVAL;
	}
	snprintf(entry, sizeof(entry), "an entry of %s", name);
	for (i = 0; i < n; i++)
		err |= check_value(src, node_of(src, items[i]), entry, schema->sequence.entry);
	return err ? -EINVAL : 0;
}

static int check_flags(struct policy_source *src, const yaml_node_t *node, const char *name,
		       const cyaml_schema_value_t *schema)
{
	const yaml_node_item_t *item;

	for (item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *word = node_of(src, *item);

		if (word->type != YAML_SCALAR_NODE)
			return refuse_type(src, word, name, schema);
		if (check_word(src, word, name, schema))
			return -EINVAL;
	}
	return 0;
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
	for (; fields->key; fields++)
		if (!strcmp(fields->key, key))
			return fields;
	return NULL;
}

static int check_key(struct policy_source *src, const yaml_node_t *map,
		     const yaml_node_pair_t *pair, const char *name,
		     const cyaml_schema_field_t *fields)
{
	const yaml_node_t *key = node_of(src, pair->key), *earlier;
	const cyaml_schema_field_t *field;
	const yaml_node_pair_t *p;

	if (key->type != YAML_SCALAR_NODE) {
		policy_refuse(src, key->start_mark, "%s has a key that is not a word; allowed: %s",
			      name, key_words(fields, true).s);
		return -EINVAL;
	}
	field = find_field(fields, text_of(key));
	if (!field) {
		policy_refuse(src, key->start_mark, "unknown key %s in %s; allowed: %s",
			      policy_quote(text_of(key)).s, name, key_words(fields, true).s);
		return -EINVAL;
	}
	for (p = map->data.mapping.pairs.start; p < pair; p++) {
		earlier = node_of(src, p->key);
		if (earlier->type != YAML_SCALAR_NODE ||
		    strcmp(text_of(earlier), text_of(key)) != 0)
			continue;
		policy_refuse(src, key->start_mark,
			      "key \"%s\" is given a second time, after line %zu; allowed: once",
			      field->key, earlier->start_mark.line + 1);
		return -EINVAL;
	}
	return check_value(src, node_of(src, pair->value), field->key, &field->value);
}

static int check_map(struct policy_source *src, const yaml_node_t *node, const char *name,
		     const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *field = schema->mapping.fields;
	const yaml_node_pair_t *pair;
	size_t bad = 0, seen;

	/* Keys after as many bad ones would only repeat the message, and comparing them all takes
	 * long. */
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top && bad < POLICY_REFUSALS_SHOWN; pair++)
		bad += check_key(src, node, pair, name, schema->mapping.fields) != 0;
	for (; field->key; field++) {
		if (field->value.flags & CYAML_FLAG_OPTIONAL)
			continue;
		seen = 0;
		for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
		     pair++) {
			const yaml_node_t *key = node_of(src, pair->key);

			seen += key->type == YAML_SCALAR_NODE && !strcmp(text_of(key), field->key);
		}
		if (seen)
			continue;
		policy_refuse(src, node->start_mark, "%s lacks the key \"%s\"; needed: %s", name,
			      field->key, key_words(schema->mapping.fields, false).s);
		bad++;
	}
	return bad ? -EINVAL : 0;
}

static int check_scalar(struct policy_source *src, const yaml_node_t *node, const char *name,
			const cyaml_schema_value_t *schema)
{
	if (schema->type == CYAML_UINT)
		return check_number(src, node, name, schema);
	if (schema->type == CYAML_ENUM)
		return check_word(src, node, name, schema);
	return node->data.scalar.length ? 0 : refuse_type(src, node, name, schema);
}

static int check_value(struct policy_source *src, const yaml_node_t *node, const char *name,
		       const cyaml_schema_value_t *schema)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		if (schema->type == CYAML_MAPPING)
			return check_map(src, node, name, schema);
		break;
	case YAML_SEQUENCE_NODE:
		if (schema->type == CYAML_SEQUENCE)
			return check_list(src, node, name, schema);
		if (schema->type == CYAML_FLAGS)
			return check_flags(src, node, name, schema);
		break;
	default:
		if (schema->type != CYAML_MAPPING && schema->type != CYAML_SEQUENCE &&
		    schema->type != CYAML_FLAGS)
			return check_scalar(src, node, name, schema);
	}
	return refuse_type(src, node, name, schema);
}

int policy_shape(struct policy_source *src)
{
	return check_value(src, yaml_document_get_root_node(&src->doc), "the policy",
			   &policy_schema);
}
