// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Mutated example policies.  A mutant is either refused with a position, or it is accepted and compiles
 * to tables that hold together; nothing crashes.  Seed and rounds may be given: test_policy_fuzz 7 50000
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_load.h"

#define SIZE_MAX_FILE 8192

static const char *const words[] = {
	"name: ",
	"default: true",
	"match: ",
	"peer: ",
	"local: ",
	"vlan: ",
	"dscp: ",
	"[",
	"]",
	"{",
	"}",
	"- ",
	"\n",
	"  ",
	"tcp",
	"udp",
	"class: ",
	"path: ",
	"stack",
	"af_xdp",
	"cpu",
	"rdma",
	"control",
	"bulk",
	"0",
	"65535",
	"65536",
	"4294967296",
	"10.0.0.0/8",
	"\"fd00::/8\"",
	"1-65535",
	"22",
	"*a",
	"&a ",
	"---\n",
	"\"\\0\"",
	"? ",
	": ",
	"#",
	"!!int ",
	"\xff",
	"|\n",
	"tenant: ",
	"version: 1\n",
	"flows: 1024",
	"cpus: [{class: bulk, weights: [{cpu: 1, weight: 1}]}]\n",
	"interface: {trust: [vlan, dscp]}\n",
};

struct fuzz {
	unsigned long long state;
	unsigned int rounds;
	char seeds[2][SIZE_MAX_FILE];
};

/* xorshift64: the same mutants from the same seed everywhere. */
static unsigned int draw(struct fuzz *fuzz, unsigned int below)
{
	fuzz->state ^= fuzz->state << 13;
	fuzz->state ^= fuzz->state >> 7;
	fuzz->state ^= fuzz->state << 17;
	return (unsigned int)(fuzz->state >> 33) % below;
}

static void replace(char *bytes, size_t *size, size_t at, size_t cut, const char *with, size_t n)
{
	if (cut > *size - at)
		cut = *size - at;
	if (*size - cut + n > SIZE_MAX_FILE)
		return;
	memmove(bytes + at + n, bytes + at + cut, *size - at - cut);
	memcpy(bytes + at, with, n);
	*size = *size - cut + n;
}

static void mutate(struct fuzz *fuzz, char *bytes, size_t *size)
{
	const char *word = words[draw(fuzz, sizeof(words) / sizeof(words[0]))];
	size_t at = draw(fuzz, (unsigned int)*size + 1), from;
	char piece[64], byte;

	switch (draw(fuzz, 5)) {
	case 0:
		byte = (char)draw(fuzz, 256);
		replace(bytes, size, at, 1, &byte, 1);
		break;
	case 1:
		replace(bytes, size, at, draw(fuzz, 40), "", 0);
		break;
	case 2:
		replace(bytes, size, at, 0, word, strlen(word));
		break;
	case 3:
		replace(bytes, size, at, draw(fuzz, 12), word, strlen(word));
		break;
	default:
		if (*size < sizeof(piece))
			break;
		from = draw(fuzz, (unsigned int)(*size - sizeof(piece)) + 1);
		memcpy(piece, bytes + from, sizeof(piece));
		replace(bytes, size, at, 0, piece, draw(fuzz, sizeof(piece)));
	}
}

static void check_compiled(const struct policy *p, size_t n)
{
	unsigned int row, port, i;

	assert_in_range(p->services, TP_SERVICE_FIRST, TP_MAX_SERVICES);
	assert_in_range(p->tenants, 1, TP_MAX_TENANTS);
	assert_int_equal(p->prefixes, n);
	for (row = 0; row < 2; row++)
		for (port = 1; port < 65536; port++) {
			const struct policy_group *g =
				&p->group[p->port_group[row][htons((__u16)port)]];

			for (i = 0; i < g->count; i++) {
				const struct policy_service *s = &p->service[g->service[i]];

				if (g->service[i] < p->services && port >= s->port_first &&
				    port <= s->port_last &&
				    s->protocol == (row ? IPPROTO_TCP : IPPROTO_UDP))
					continue;
				fail_msg("port %u row %u leads to service %u", port, row,
					 g->service[i]);
			}
		}
	for (i = TP_SERVICE_FIRST; i < p->services; i++)
		if (p->service[i].tenant != TP_TENANT_BY_RULE)
			assert_true(p->service[i].tenant < p->tenants);
}

static void test_mutants(void **state)
{
	static char bytes[SIZE_MAX_FILE], said[SAID_LEN];
	unsigned int round, left, accepted = 0, line, column;
	struct fuzz *fuzz = *state;
	struct policy_source *src;
	struct prefix_entry *prefixes;
	struct policy *policy = malloc(sizeof(*policy));
	size_t size, n;

	assert_non_null(policy);
	for (round = 0; round < fuzz->rounds; round++) {
		size = strlen(fuzz->seeds[round % 2]);
		memcpy(bytes, fuzz->seeds[round % 2], size);
		for (left = 1 + draw(fuzz, 4); left; left--)
			mutate(fuzz, bytes, &size);
		if (load_bytes(bytes, size, &src, said)) {
			/* A refusal without a line and column is one that nobody can act on. */
			if (sscanf(said, "tripath: error: /proc/self/fd/%*d:%u:%u: ", &line,
				   &column) != 2 ||
			    !line || !column)
				fail_msg("round %u: %s", round, said);
			continue;
		}
		assert_int_equal(policy_compile(src, policy, &prefixes, &n), 0);
		check_compiled(policy, n);
		free(prefixes);
		policy_free(src);
		accepted++;
	}
	free(policy);
	/* All refused would mean that the mutants never got past the syntax. */
	assert_in_range(accepted, fuzz->rounds / 100, fuzz->rounds / 2);
}

static void read_seed(const char *file, char text[SIZE_MAX_FILE])
{
	FILE *f = fopen(file, "re");
	size_t n;

	if (!f) {
		fprintf(stderr, "%s: %s; run this from the top of the tree\n", file,
			strerror(errno));
		exit(EXIT_FAILURE);
	}
	n = fread(text, 1, SIZE_MAX_FILE - 1, f);
	text[n] = '\0';
	fclose(f);
}

int main(int argc, char **argv)
{
	static struct fuzz fuzz;
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_mutants, &fuzz)};

	fuzz.state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	fuzz.rounds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 10000;
	fuzz.state = fuzz.state * 0x9e3779b97f4a7c15ULL | 1;
	read_seed("docs/examples/observe.yaml", fuzz.seeds[0]);
	read_seed("docs/examples/agentic.yaml", fuzz.seeds[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
