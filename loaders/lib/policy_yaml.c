// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What libcyaml cannot say: where a value stands in the file.  The same bytes are loaded as a
 * libyaml document, in which a path is followed to the mark of its value.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "policy_source.h"

void policy_refuse(struct policy_source *src, yaml_mark_t at, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (src->refusals++ >= POLICY_REFUSALS_SHOWN)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	msg_error("%s:%zu:%zu: %s", src->path, at.line + 1, at.column + 1, text);
}

struct policy_quote policy_quote(const char *text)
{
	struct policy_quote q;
	size_t n = 0, limit = sizeof(q.s) - sizeof("\"…\"");

	q.s[n++] = '"';
	for (; *text && n < limit; text++)
		q.s[n++] = iscntrl((unsigned char)*text) ? '?' : *text;
	if (*text) {
		/* Do not leave half of a UTF-8 character before the ellipsis. */
		while (n > 1 && ((unsigned char)*text & 0xc0) == 0x80) {
			text--;
			n--;
		}
		memcpy(q.s + n, "…", sizeof("…") - 1);
		n += sizeof("…") - 1;
	}
	q.s[n++] = '"';
	q.s[n] = '\0';
	return q;
}

static const yaml_node_t *child(const struct policy_source *src, const yaml_node_t *node,
				const char *key, size_t len)
{
	yaml_document_t *doc = (yaml_document_t *)&src->doc;
	const yaml_node_pair_t *pair;

	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *k = yaml_document_get_node(doc, pair->key);

		if (k->type == YAML_SCALAR_NODE && k->data.scalar.length == len &&
		    !memcmp(k->data.scalar.value, key, len))
			return yaml_document_get_node(doc, pair->value);
	}
	return NULL;
}

static const yaml_node_t *entry(const struct policy_source *src, const yaml_node_t *node,
				size_t index)
{
	const yaml_node_item_t *items = node->data.sequence.items.start;

	if (node->type != YAML_SEQUENCE_NODE ||
	    index >= (size_t)(node->data.sequence.items.top - items))
		return NULL;
	return yaml_document_get_node((yaml_document_t *)&src->doc, items[index]);
}

yaml_mark_t policy_at(const struct policy_source *src, const char *fmt, ...)
{
	const yaml_node_t *node = yaml_document_get_root_node((yaml_document_t *)&src->doc), *next;
	char path[128], *p = path;
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	while (*p) {
		if (*p == '[') {
			next = entry(src, node, strtoul(p + 1, &p, 10));
			p += *p == ']';
		} else {
			size_t len;

			p += *p == '.';
			len = strcspn(p, ".[");
			next = child(src, node, p, len);
			p += len;
		}
		if (!next)
			break;
		node = next;
	}
	return node->start_mark;
}

#define MARK "\xef\xbb\xbf" /* the byte order mark, which some editors put before UTF-8 */

/* Bytes before the text: a mark is no part of it, and no column. */
static size_t text_start(const struct policy_source *src)
{
	size_t len = strlen(MARK);

	return src->size >= len && !memcmp(src->bytes, MARK, len) ? len : 0;
}

/*
 * 16 or 32 where the first bytes are those of text in UTF-16 or UTF-32, else 0: the mark in either order, or
 * the zeros in a first character that is ASCII, as a policy's is.
 */
static int wide_bits(const struct policy_source *src)
{
	const unsigned char *b = (const unsigned char *)src->bytes;

	if (src->size < 2 || (b[0] && b[1] && !(b[0] >= 0xfe && b[1] >= 0xfe && b[0] != b[1])))
		return 0;
	return src->size >= 4 && ((!b[0] && !b[1]) || (!b[2] && !b[3])) ? 32 : 16;
}

/* libyaml gives only an offset for bytes that are no text. */
static yaml_mark_t mark_of_offset(const struct policy_source *src, size_t offset)
{
	yaml_mark_t at = {0};
	size_t start = text_start(src), i;

	for (i = start; i < start + offset && i < src->size; i++) {
		if (src->bytes[i] == '\n') {
			at.line++;
			at.column = 0;
		} else if (((unsigned char)src->bytes[i] & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

static int refuse_syntax(struct policy_source *src, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "no YAML";

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		policy_refuse(src, mark_of_offset(src, parser->problem_offset),
			      "not UTF-8 text (%s); allowed: YAML as UTF-8", problem);
		break;
	default:
		policy_refuse(src, parser->problem_mark, "not YAML: %s%s%s", problem,
			      parser->context ? " " : "", parser->context ? parser->context : "");
	}
	return -EINVAL;
}

static void open_parser(yaml_parser_t *parser, const struct policy_source *src)
{
	size_t start = text_start(src);

	yaml_parser_set_input_string(parser, (const unsigned char *)src->bytes + start,
				     src->size - start);
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
}

struct scan {
	unsigned int documents;
	unsigned int depth;
	unsigned int values;
};

static int check_event(struct policy_source *src, const yaml_event_t *event, struct scan *scan)
{
	const char *fault = NULL;

	if (event->type != YAML_STREAM_END_EVENT && ++scan->values > POLICY_VALUES_MAX)
		fault = "more values than any policy needs; allowed: what docs/policy.md shows";
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++scan->documents > 1)
			fault = "a second YAML document; allowed: one a file";
		break;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		/* libyaml's time grows with the square of the depth. */
		if (++scan->depth > POLICY_DEPTH_MAX)
			fault = "nested too deep; allowed: what docs/policy.md shows";
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		scan->depth--;
		break;
	case YAML_ALIAS_EVENT: /* they make a small file unfold to a huge one */
		fault = "a YAML alias; allowed: the value itself, written out";
		break;
	case YAML_SCALAR_EVENT:
		if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
			fault = "a NUL character; allowed: text without one";
		break;
	default:
		break;
	}
	if (!fault)
		return 0;
	policy_refuse(src, event->start_mark, "%s", fault);
	return -EINVAL;
}

/* The whole file once, for what a loaded document no longer shows. */
static int scan_file(struct policy_source *src)
{
	struct scan scan = {0};
	yaml_parser_t parser;
	yaml_event_t event;
	int bits = wide_bits(src), err = 0;
	bool end = false;

	if (bits) {
		policy_refuse(src, (yaml_mark_t){0},
			      "UTF-%d text; allowed: YAML as UTF-8 (iconv -f UTF-%d -t UTF-8)",
			      bits, bits);
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	open_parser(&parser, src);
	while (!end && !err) {
		if (!yaml_parser_parse(&parser, &event)) {
			err = refuse_syntax(src, &parser);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		err = check_event(src, &event, &scan);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (!err && !scan.documents) {
		policy_refuse(src, (yaml_mark_t){0},
			      "an empty file; allowed: a policy, see docs/examples/observe.yaml");
		err = -EINVAL;
	}
	return err;
}

int policy_yaml_open(struct policy_source *src)
{
	yaml_parser_t parser;
	int err = scan_file(src);

	if (err)
		return err;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	open_parser(&parser, src);
	if (yaml_parser_load(&parser, &src->doc))
		src->has_doc = true;
	else
		err = refuse_syntax(src, &parser);
	yaml_parser_delete(&parser);
	return err;
}
