// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every refusal, word by word.  Each file of tests/policies/ names in "# expect: LINE:COLUMN: TEXT" all
 * that the user must be told about it, in order; what takes bytes or sizes that no file in the tree
 * should have is made here.  Run from the top of the tree.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_load.h"

#define DIRECTORY "tests/policies"
#define FILES_MAX 256
#define HEAD      "version: 1\nname: p\n"
#define TENANT    "tenants: [{name: default, default: true}]\n"

static char said[SAID_LEN];

static void test_file(void **state)
{
	static const char mark[] = "# expect: ";
	char line[1024], want[SAID_LEN] = "";
	const char *path = *state;
	struct policy_source *src;
	FILE *file = fopen(path, "re");
	size_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, mark, strlen(mark)))
			n += (size_t)snprintf(want + n, sizeof(want) - n, "tripath: error: %s:%s",
					      path, line + strlen(mark));
	fclose(file);
	assert_true(n > 0);
	assert_int_equal(load_file(path, &src, said), -EINVAL);
	assert_string_equal(said, want);
}

/* @text must be refused with exactly @want, which begins after the name of the file. */
static void refused(const struct text *text, const char *want)
{
	struct policy_source *src;
	const char *found;

	assert_int_equal(load_bytes(text->bytes, text->size, &src, said), -EINVAL);
	found = strstr(said, "/proc/self/fd/");
	assert_non_null(found);
	found += strlen("/proc/self/fd/");
	found += strspn(found, "0123456789");
	said[strlen(said) - 1] = '\0';
	assert_string_equal(found, want);
	free(text->bytes);
}

static void test_missing_file(void **state)
{
	struct policy_source *src;

	assert_int_equal(load_file("tests/policies/nothing", &src, said), -ENOENT);
	assert_string_equal(
		said, "tripath: error: tests/policies/nothing: No such file or directory; name "
		      "a policy file, such as docs/examples/observe.yaml\n");
	assert_int_equal(load_file("tests", &src, said), -EISDIR);
	assert_string_equal(said, "tripath: error: tests: a directory; name a policy file in it\n");
}

static void test_empty(void **state)
{
	static const char *const empty[] = {"", "\n", "# only a comment\n"};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct text text = {0};

		text_add(&text, "%s", empty[i]);
		refused(&text,
			":1:1: an empty file; allowed: a policy, see docs/examples/observe.yaml");
	}
}

static void test_not_utf8(void **state)
{
	struct text latin = {0}, nul = {0};

	text_add(&latin, "version: 1\nname: \xc3\xa9\xff\n");
	refused(&latin,
		":2:8: not UTF-8 text (invalid leading UTF-8 octet); allowed: YAML as UTF-8");
	text_add(&nul, "version: 1\nX");
	nul.bytes[11] = '\0';
	refused(&nul, ":2:1: not UTF-8 text (control characters are not allowed); allowed: YAML as "
		      "UTF-8");
}

/* @ascii in an encoding of @width bytes a character, its mark first where @marked. */
static struct text wide(const char *ascii, size_t width, bool little, bool marked)
{
	struct text text = {0};
	size_t i, n = strlen(ascii) + marked;
	unsigned int c;

	text.size = n * width;
	text.bytes = calloc(n, width);
	assert_non_null(text.bytes);
	for (i = 0; i < n; i++) {
		char *low = text.bytes + i * width + (little ? 0 : width - 1);

		c = marked ? (i ? (unsigned char)ascii[i - 1] : 0xfeff) : (unsigned char)ascii[i];
		*low = (char)c;
		*(little ? low + 1 : low - 1) = (char)(c >> 8);
	}
	return text;
}

static void test_wide_encodings(void **state)
{
	static const char *const want[2] = {
		":1:1: UTF-16 text; allowed: YAML as UTF-8 (iconv -f UTF-16 -t UTF-8)",
		":1:1: UTF-32 text; allowed: YAML as UTF-8 (iconv -f UTF-32 -t UTF-8)",
	};
	unsigned int i;

	for (i = 0; i < 8; i++) {
		struct text text = wide(HEAD, i & 1 ? 4 : 2, i & 2, i & 4);

		refused(&text, want[i & 1]);
	}
}

/* A mark that no editor shows is no column, and CR LF is one end of a line. */
static void test_positions_behind_mark_and_crlf(void **state)
{
	struct text first = {0}, later = {0}, bytes = {0}, middle = {0};

	text_add(&first, "\xef\xbb\xbfversion: 2\r\nname: p\r\n" TENANT "services: []\r\n");
	refused(&first, ":1:10: version 2; allowed: 1");
	text_add(&later,
		 "\xef\xbb\xbfversion: 1\r\nname: p\r\nextra: 1\r\n" TENANT "services: []\r\n");
	refused(&later, ":3:1: unknown key \"extra\" in the policy; allowed: version, name, "
			"interface, cpus, "
			"tenants, services");
	text_add(&bytes, "\xef\xbb\xbfname: \xff\r\n");
	refused(&bytes,
		":1:7: not UTF-8 text (invalid leading UTF-8 octet); allowed: YAML as UTF-8");
	text_add(&middle, "version: 1\nname: \xef\xbb\xbfp\n" TENANT "services: []\n");
	refused(&middle, ":2:7: policy name \"\xef\xbb\xbfp\"; allowed: up to 31 of a-z 0-9 . _ -, "
			 "first a letter or digit");
}

static void test_too_large(void **state)
{
	struct text text = {0};

	text_add(&text, "%*s", (4 << 20) + 1, "#");
	refused(&text, ": larger than 4 MiB, the limit of a policy file");
}

/* Each would keep libyaml or libcyaml busy for minutes, or fill the memory. */
static void test_hostile(void **state)
{
	struct text deep = {0}, many = {0};
	unsigned int i;

	text_add(&deep, "%*s", 1 << 20, "");
	memset(deep.bytes, '[', deep.size);
	refused(&deep, ":1:17: nested too deep; allowed: what docs/policy.md shows");
	for (i = 0; i < 140000; i++)
		text_add(&many, "-\n");
	refused(&many,
		":131070:2: more values than any policy needs; allowed: what docs/policy.md shows");
}

static void test_too_many_services(void **state)
{
	struct text text = {0};
	unsigned int i;

	text_add(&text, HEAD TENANT "services:\n");
	for (i = 0; i < 255; i++)
		text_add(&text, "- {name: s%u, protocol: udp, port: %u, class: rpc, path: stack}\n",
			 i, i + 1);
	refused(&text, ":259:3: services has 255 entries; allowed: at most 254");
}

static void test_too_many_tenants(void **state)
{
	struct text text = {0};
	unsigned int i;

	text_add(&text, HEAD "services: []\ntenants:\n- {name: d, default: true}\n");
	for (i = 0; i < 1024; i++)
		text_add(&text, "- name: t%u\n", i);
	refused(&text, ":1029:3: tenants has 1025 entries; allowed: at most 1024");
}

/* Writes @n peer prefixes for tenant a, and @more for tenant b. */
static struct text with_prefixes(unsigned int n, unsigned int more)
{
	struct text text = {0};
	unsigned int i;

	text_add(&text, HEAD "services: []\ntenants:\n- {name: d, default: true}\n"
			     "- name: a\n  match:\n    peer:\n");
	for (i = 0; i < n; i++)
		text_add(&text, "    - 10.%u.%u.0/24\n", i / 256, i % 256);
	text_add(&text, "- name: b\n  match:\n    local:\n");
	for (i = 0; i < more; i++)
		text_add(&text, "    - fd00:%x::/32\n", i);
	return text;
}

static void test_too_many_prefixes(void **state)
{
	struct text text = with_prefixes(16384, 0);
	struct prefix_entry *prefixes;
	struct policy *policy;
	size_t n;

	text.size -= strlen("- name: b\n  match:\n    local:\n");
	compile_bytes(text.bytes, text.size, &policy, &prefixes, &n);
	assert_int_equal(n, TP_MAX_PREFIXES);
	free(policy);
	free(prefixes);
	free(text.bytes);

	text = with_prefixes(16385, 1);
	refused(&text, ":16393:7: peer has 16385 entries; allowed: at most 16384");
	text = with_prefixes(16380, 5);
	refused(&text, ":16391:5: more than 16384 tenant prefixes, counting from the top; allowed: "
		       "16384 in "
		       "all");
}

static struct text on_one_port(unsigned int n)
{
	struct text text = {0};
	unsigned int i;

	text_add(&text, HEAD TENANT "services:\n");
	for (i = 0; i < n; i++)
		text_add(&text,
			 "- {name: s%u, protocol: udp, port: 70, class: rpc, path: stack,"
			 " local: 10.0.%u.0/24}\n",
			 i, i);
	return text;
}

static void test_too_many_on_one_port(void **state)
{
	struct text text = on_one_port(32);
	struct policy_source *src;

	assert_int_equal(load_bytes(text.bytes, text.size, &src, said), 0);
	policy_free(src);
	free(text.bytes);
	text = on_one_port(33);
	refused(&text, ":37:36: udp port 70: more services; allowed: 32 on one port");
}

/* Pairs that overlap by half make three sets of services each. */
static struct text pairs(unsigned int n)
{
	struct text text = {0};
	unsigned int i;

	text_add(&text, HEAD TENANT "services:\n");
	for (i = 0; i < n; i++)
		text_add(
			&text,
			"- {name: a%u, protocol: tcp, port: %u-%u, class: rpc, path: stack, local: "
			"10.0.0.0/8}\n"
			"- {name: b%u, protocol: tcp, port: %u-%u, class: rpc, path: stack, local: "
			"11.0.0.0/8}\n",
			i, i * 100 + 200, i * 100 + 260, i, i * 100 + 230, i * 100 + 290);
	return text;
}

static void test_too_many_groups(void **state)
{
	struct text text = pairs(85);
	struct policy_source *src;

	assert_int_equal(load_bytes(text.bytes, text.size, &src, said), 0);
	policy_free(src);
	free(text.bytes);
	text = pairs(86);
	refused(&text,
		":175:36: tcp port 8700: one more set of services; allowed: 255 different sets of "
		"services that share a port");
}

static void test_many_faults_end_in_a_count(void **state)
{
	struct text text = {0};
	struct policy_source *src;
	unsigned int i;

	text_add(&text, HEAD TENANT "services:\n");
	for (i = 0; i < 50; i++)
		text_add(&text, "- {name: s%u, protocol: udp, port: 0, class: rpc, path: stack}\n",
			 i);
	assert_int_equal(load_bytes(text.bytes, text.size, &src, said), -EINVAL);
	assert_non_null(strstr(said, ": 30 more faults, not shown\n"));
	free(text.bytes);
}

static const struct CMUnitTest made[] = {
	cmocka_unit_test(test_missing_file),
	cmocka_unit_test(test_empty),
	cmocka_unit_test(test_not_utf8),
	cmocka_unit_test(test_wide_encodings),
	cmocka_unit_test(test_positions_behind_mark_and_crlf),
	cmocka_unit_test(test_too_large),
	cmocka_unit_test(test_hostile),
	cmocka_unit_test(test_too_many_services),
	cmocka_unit_test(test_too_many_tenants),
	cmocka_unit_test(test_too_many_prefixes),
	cmocka_unit_test(test_too_many_on_one_port),
	cmocka_unit_test(test_too_many_groups),
	cmocka_unit_test(test_many_faults_end_in_a_count),
};

static int is_policy(const struct dirent *entry)
{
	return strstr(entry->d_name, ".yaml") != NULL;
}

int main(void)
{
	enum { MADE = sizeof(made) / sizeof(made[0]) };
	static struct CMUnitTest tests[FILES_MAX + MADE];
	struct dirent **entries;
	int i, failed, n = scandir(DIRECTORY, &entries, is_policy, alphasort);
	char *path;

	if (n <= 0 || n > FILES_MAX) {
		fprintf(stderr,
			"no policies in " DIRECTORY "; run this from the top of the tree\n");
		return EXIT_FAILURE;
	}
	for (i = 0; i < n; i++) {
		if (asprintf(&path, DIRECTORY "/%s", entries[i]->d_name) < 0)
			return EXIT_FAILURE;
		tests[i] = (struct CMUnitTest){path, test_file, NULL, NULL, path};
		free(entries[i]);
	}
	free(entries);
	memcpy(tests + n, made, sizeof(made));
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("policy refusals", tests, (size_t)n + MADE, NULL, NULL);
	for (i = 0; i < n; i++)
		free(tests[i].initial_state);
	return failed;
}
