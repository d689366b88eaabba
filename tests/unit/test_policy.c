// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a good policy file compiles to. Run from the top of the tree. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_load.h"

#define HEAD   "version: 1\nname: p\n"
#define TENANT "tenants: [{name: default, default: true}]\n"

struct compiled {
	struct policy *policy;
	struct prefix_entry *prefixes;
	size_t n;
};

static struct compiled compile(const char *text)
{
	struct compiled c = {0};

	compile_bytes(text, strlen(text), &c.policy, &c.prefixes, &c.n);
	return c;
}

static void drop(struct compiled *c)
{
	free(c->policy);
	free(c->prefixes);
}

/* The services behind a port, as the classifier finds them; returns how many. */
static unsigned int behind(const struct policy *p, int row, unsigned int port, const char *first)
{
	const struct policy_group *g = &p->group[p->port_group[row][htons((__u16)port)]];

	if (g->count)
		assert_string_equal(p->service[g->service[0]].name, first);
	return g->count;
}

static struct compiled compile_file(const char *file, struct policy_source **src)
{
	static char said[SAID_LEN];
	struct compiled c = {0};

	if (load_file(file, src, said))
		fail_msg("refused: %s", said);
	assert_string_equal(said, "");
	c.policy = malloc(sizeof(*c.policy));
	assert_non_null(c.policy);
	assert_int_equal(policy_compile(*src, c.policy, &c.prefixes, &c.n), 0);
	return c;
}

static void test_observe_steers_nothing(void **state)
{
	struct policy_source *src;
	struct compiled c = compile_file("docs/examples/observe.yaml", &src);
	unsigned int i;

	assert_string_equal(policy_name(src), "observe");
	assert_int_equal(policy_flow_sets(src), TP_FLOW_SETS_DEFAULT);
	assert_int_equal(policy_cpus(src, NULL, 0), 0);
	assert_int_equal(c.policy->flags, 0);
	assert_int_equal(c.policy->tenants, 1);
	assert_true(c.policy->services > TP_SERVICE_FIRST);
	for (i = 0; i < c.policy->services; i++)
		assert_int_equal(c.policy->service[i].path, TP_PATH_STACK);
	assert_int_equal(behind(c.policy, 1, 443, "https"), 1);
	assert_int_equal(c.n, 0);
	assert_null(c.prefixes);
	drop(&c);
	policy_free(src);
}

static void test_agentic(void **state)
{
	struct policy_source *src;
	struct compiled c = compile_file("docs/examples/agentic.yaml", &src);
	const struct policy *p = c.policy;

	assert_int_equal(p->generation, 0);
	assert_int_equal(p->tenants, 3);
	assert_string_equal(p->tenant_name[1], "tenant-a");
	assert_int_equal(p->prefixes, 4);
	assert_int_equal(behind(p, 1, 8080, "planner-rpc"), 1);
	assert_int_equal(behind(p, 1, 6379, "tool-rpc"), 1);
	assert_int_equal(behind(p, 0, 7000, "token-gateway"), 1);
	assert_int_equal(behind(p, 0, 7099, ""), 0);
	assert_int_equal(behind(p, 0, 7100, "retrieval"), 1);
	assert_int_equal(behind(p, 0, 7107, "retrieval"), 1);
	assert_int_equal(behind(p, 0, 7108, ""), 0);
	assert_int_equal(behind(p, 1, 7100, ""), 0);
	assert_int_equal(behind(p, 1, 5201, "bulk-copy"), 1);
	assert_int_equal(behind(p, 0, 4791, "roce"), 1);
	assert_int_equal(p->service[TP_SERVICE_FIRST + 3].class_, TP_CLASS_RETRIEVAL);
	assert_int_equal(p->service[TP_SERVICE_FIRST + 3].path, TP_PATH_AF_XDP);
	assert_int_equal(p->service[TP_SERVICE_FIRST + 5].path, TP_PATH_RDMA);
	drop(&c);
	policy_free(src);
}

static void test_hash_is_blake2b_of_the_bytes(void **state)
{
	static const char text[] = HEAD TENANT "services: []\n";
	struct compiled a = compile(text), b = compile(HEAD TENANT "services:  []\n");
	unsigned char hash[TP_HASH_LEN];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
	assert_memory_equal(a.policy->hash, hash, sizeof(hash));
	assert_memory_not_equal(b.policy->hash, hash, sizeof(hash));
	drop(&a);
	drop(&b);
}

static void test_defaults(void **state)
{
	struct compiled c = compile(HEAD TENANT "services: []\n");
	const struct policy *p = c.policy;
	unsigned int i;

	assert_int_equal(p->services, TP_SERVICE_FIRST);
	assert_string_equal(p->service[TP_SERVICE_NONE].name, "none");
	assert_int_equal(p->service[TP_SERVICE_NONE].tenant, TP_TENANT_BY_RULE);
	assert_string_equal(p->service[TP_SERVICE_CONTROL].name, "control");
	assert_int_equal(p->service[TP_SERVICE_CONTROL].class_, TP_CLASS_CONTROL);
	for (i = 0; i < 65536; i++)
		assert_int_equal(p->port_group[0][i] | p->port_group[1][i], 0);
	for (i = 0; i < 4096; i++)
		assert_int_equal(p->vlan_tenant[i], TP_TENANT_BY_RULE);
	for (i = 0; i < 64; i++)
		assert_int_equal(p->dscp_tenant[i], TP_TENANT_BY_RULE);
	for (i = 0; i < TP_CPU_SLOTS; i++)
		assert_int_equal(p->cpu_slot[TP_CLASS_BULK][i], TP_NO_CPU);
	for (i = 0; i < sizeof(p->has_prefix); i++)
		assert_int_equal(p->has_prefix[i], 0);
	drop(&c);
}

static void test_ports_at_the_ends(void **state)
{
	struct compiled c = compile(
		HEAD TENANT "services:\n"
			    "- {name: all, protocol: udp, port: 1-65535, class: rpc, path: stack,"
			    " local: 10.0.0.0/8}\n"
			    "- {name: last, protocol: udp, port: 65535, class: rpc, path: stack,"
			    " local: 11.0.0.0/8}\n"
			    "- {name: one, protocol: tcp, port: '1', class: rpc, path: stack}\n");
	const struct policy *p = c.policy;

	assert_int_equal(p->port_group[0][0], 0);
	assert_int_equal(behind(p, 0, 1, "all"), 1);
	assert_int_equal(behind(p, 0, 65534, "all"), 1);
	assert_int_equal(behind(p, 0, 65535, "all"), 2);
	assert_int_equal(p->port_group[0][htons(1)], p->port_group[0][htons(40000)]);
	assert_int_equal(behind(p, 1, 1, "one"), 1);
	assert_int_equal(behind(p, 1, 2, ""), 0);
	assert_int_equal(behind(p, 1, 65535, ""), 0);
	assert_int_equal(p->service[TP_SERVICE_FIRST].port_first, 1);
	assert_int_equal(p->service[TP_SERVICE_FIRST].port_last, 65535);
	drop(&c);
}

static void test_local_prefix(void **state)
{
	struct compiled c =
		compile(HEAD "tenants: [{name: a}, {name: d, default: true}, {name: b}]\n"
			     "services:\n"
			     "- {name: v4, protocol: tcp, port: 80, class: rpc, path: stack,"
			     " local: 10.1.128.0/17, tenant: b}\n"
			     "- {name: v6, protocol: tcp, port: 80, class: rpc, path: stack,"
			     " local: '2001:db8::/33', tenant: a}\n"
			     "- {name: any, protocol: tcp, port: 81, class: rpc, path: stack,"
			     " tenant: d}\n"
			     "- {name: all4, protocol: tcp, port: 82, class: rpc, path: stack,"
			     " local: 0.0.0.0/0}\n");
	const struct policy_service *s = &c.policy->service[TP_SERVICE_FIRST];
	__u8 addr[16] = {0x20, 0x01, 0x0d, 0xb8}, mask[16] = {0xff, 0xff, 0xff, 0xff, 0x80};

	assert_int_equal(behind(c.policy, 1, 80, "v4"), 2);
	assert_int_equal(s[0].family, 4);
	assert_int_equal(s[0].prefix_len, 17);
	assert_int_equal(s[0].addr[0], inet_addr("10.1.128.0"));
	assert_int_equal(s[0].mask[0], inet_addr("255.255.128.0"));
	assert_int_equal(s[0].addr[1] | s[0].mask[1], 0);
	assert_int_equal(s[1].family, 6);
	assert_memory_equal(s[1].addr, addr, 16);
	assert_memory_equal(s[1].mask, mask, 16);
	assert_int_equal(s[2].family | s[2].mask[0] | s[2].mask[1], 0);
	assert_int_equal(s[3].family, 4);
	assert_int_equal(s[3].mask[0] | s[3].prefix_len, 0);
	/* The default tenant is 0 wherever it stands; the others keep their order. */
	assert_int_equal(s[0].tenant, 2);
	assert_int_equal(s[1].tenant, 1);
	assert_int_equal(s[2].tenant, TP_TENANT_DEFAULT);
	assert_int_equal(s[3].tenant, TP_TENANT_BY_RULE);
	assert_string_equal(c.policy->tenant_name[0], "d");
	drop(&c);
}

static void test_tenant_rules(void **state)
{
	struct compiled c =
		compile(HEAD "interface: {trust: [vlan, dscp], flows: 2048}\n"
			     "tenants:\n"
			     "- {name: default, default: true}\n"
			     "- {name: a, match: {peer: [10.1.0.0/16, 'fd00:1::/32'],"
			     " vlan: [1, 4094], dscp: [63]}}\n"
			     "- {name: b, match: {local: ['fd00:2::1/128'], dscp: [0]}}\n"
			     "services: []\n");
	static const __u8 kinds[] = {TP_PREFIX_PEER, TP_PREFIX_PEER | TP_PREFIX_IPV6,
				     TP_PREFIX_LOCAL | TP_PREFIX_IPV6};
	const struct policy *p = c.policy;
	unsigned int i, seen = 0;

	assert_int_equal(p->flags, TP_GEN_TRUST_VLAN | TP_GEN_TRUST_DSCP);
	assert_int_equal(p->vlan_tenant[1], 1);
	assert_int_equal(p->vlan_tenant[4094], 1);
	assert_int_equal(p->vlan_tenant[2], TP_TENANT_BY_RULE);
	assert_int_equal(p->dscp_tenant[63], 1);
	assert_int_equal(p->dscp_tenant[0], 2);
	assert_int_equal(c.n, 3);
	assert_int_equal(p->prefixes, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(p->has_prefix[kinds[i]], 1);
	assert_int_equal(p->has_prefix[TP_PREFIX_LOCAL], 0);
	for (i = 0; i < 3; i++) {
		const struct prefix_entry *e = &c.prefixes[i];

		assert_int_equal(e->key.prefix_len, TP_PREFIX_KIND_BITS + e->value.prefix_len);
		assert_int_equal(e->key.kind[1] | e->key.kind[2] | e->key.kind[3], 0);
		if (e->key.kind[0] == TP_PREFIX_PEER) {
			static const __u8 addr[16] = {10, 1};

			assert_memory_equal(e->key.addr, addr, 16);
			assert_int_equal(e->value.prefix_len, 16);
			assert_int_equal(e->value.tenant, 1);
			seen++;
		} else if (e->key.kind[0] == (TP_PREFIX_LOCAL | TP_PREFIX_IPV6)) {
			assert_int_equal(e->key.addr[15], 1);
			assert_int_equal(e->value.prefix_len, 128);
			assert_int_equal(e->value.tenant, 2);
			seen++;
		}
	}
	assert_int_equal(seen, 2);
	drop(&c);
}

static void test_cpu_slots(void **state)
{
	struct compiled c = compile(
		HEAD "interface: {cpu_queue: 512}\n"
		     "cpus:\n"
		     "- {class: bulk, weights: [{cpu: 2, weight: 3}, {cpu: 3, weight: 1}]}\n"
		     "- {class: rpc, weights: [{cpu: 0, weight: 1}, {cpu: 1, weight: 1},"
		     " {cpu: 1023, weight: 1}, {cpu: 9, weight: 0}]}\n" TENANT "services:\n"
		     "- {name: x, protocol: tcp, port: 9, class: bulk, path: cpu}\n");
	unsigned int i, bulk3 = 0, rpc[1024] = {0};
	const struct policy *p = c.policy;

	assert_int_equal(p->cpu_qsize, 512);
	for (i = 0; i < TP_CPU_SLOTS; i++) {
		assert_in_range(p->cpu_slot[TP_CLASS_BULK][i], 2, 3);
		bulk3 += p->cpu_slot[TP_CLASS_BULK][i] == 3;
		if (i % 4 == 3) /* interleaved: one slot of each four */
			assert_int_equal(bulk3, i / 4 + 1);
		assert_true(p->cpu_slot[TP_CLASS_RPC][i] < 1024);
		rpc[p->cpu_slot[TP_CLASS_RPC][i]]++;
		assert_int_equal(p->cpu_slot[TP_CLASS_RETRIEVAL][i], TP_NO_CPU);
	}
	assert_int_equal(bulk3, 16);
	assert_int_equal(rpc[0], 22); /* 64 / 3: the slot left over goes to the first */
	assert_int_equal(rpc[1], 21);
	assert_int_equal(rpc[1023], 21);
	drop(&c);
}

static void test_accessors(void **state)
{
	static const char text[] =
		HEAD "interface: {flows: 1048576}\n"
		     "cpus:\n"
		     "- {class: bulk, weights: [{cpu: 7, weight: 3}, {cpu: 3, weight: 1}, {cpu: 4, "
		     "weight: 0}]}\n"
		     "- {class: rpc, weights: [{cpu: 3, weight: 1}]}\n" TENANT "services: []\n";
	static char said[SAID_LEN];
	struct policy_source *src;
	__u32 cpus[4] = {0};

	assert_int_equal(load_bytes(text, strlen(text), &src, said), 0);
	assert_int_equal(policy_flow_sets(src), TP_FLOW_SETS_MAX);
	assert_int_equal(policy_cpu_queue(src), 2048);
	assert_int_equal(policy_cpus(src, cpus, 1), 2);
	assert_int_equal(cpus[1], 0);
	assert_int_equal(policy_cpus(src, cpus, 4), 2);
	assert_int_equal(cpus[0], 3);
	assert_int_equal(cpus[1], 7);
	policy_free(src);
	policy_free(NULL);
}

/* As editors on other systems save it: the same policy but for its hash, which is of the bytes. */
static void test_byte_order_mark_and_crlf(void **state)
{
	static const char plain[] = HEAD TENANT "services:\n"
						"- name: door\n  protocol: udp\n  port: 7000-7001\n"
						"  class: rpc\n  path: af_xdp\n";
	struct compiled want = compile(plain), got;
	struct text text = {0};
	const char *at;

	text_add(&text, "\xef\xbb\xbf");
	for (at = plain; *at; at++)
		text_add(&text, *at == '\n' ? "\r\n" : "%c", *at);
	compile_bytes(text.bytes, text.size, &got.policy, &got.prefixes, &got.n);
	assert_memory_not_equal(got.policy->hash, want.policy->hash, TP_HASH_LEN);
	memcpy(got.policy->hash, want.policy->hash, TP_HASH_LEN);
	assert_memory_equal(got.policy, want.policy, sizeof(*got.policy));
	free(text.bytes);
	drop(&got);
	drop(&want);
}

/* @policy as it is read through its ids: what reload hands on must mean the same. */
static void assert_same_meaning(const struct policy *p, const struct policy *want)
{
	const struct policy_group *g, *w;
	unsigned int proto, port, i;

	for (proto = 0; proto < 2; proto++) {
		for (port = 0; port < 65536; port++) {
			g = &p->group[p->port_group[proto][port]];
			w = &want->group[want->port_group[proto][port]];
			assert_int_equal(g->count, w->count);
			for (i = 0; i < g->count; i++) {
				const struct policy_service *s = &p->service[g->service[i]];
				const struct policy_service *v = &want->service[w->service[i]];

				assert_string_equal(s->name, v->name);
				assert_int_equal(s->port_first, v->port_first);
				assert_int_equal(s->tenant == TP_TENANT_BY_RULE,
						 v->tenant == TP_TENANT_BY_RULE);
				if (s->tenant != TP_TENANT_BY_RULE)
					assert_string_equal(p->tenant_name[s->tenant],
							    want->tenant_name[v->tenant]);
			}
		}
	}
}

static void test_ids_follow_names(void **state)
{
	struct compiled old = compile(
		HEAD
		"tenants:\n- {name: d, default: true}\n- {name: a, match: {peer: [10.0.0.0/8]}}\n"
		"services:\n- {name: x, protocol: udp, port: 1, class: rpc, path: stack}\n"
		"- {name: y, protocol: udp, port: 2, class: rpc, path: stack}\n");
	static const char text[] =
		HEAD "interface: {trust: [vlan, dscp]}\n"
		     "tenants:\n- {name: b, match: {vlan: [5], dscp: [7]}}\n"
		     "- {name: a, match: {peer: [10.0.0.0/8]}}\n- {name: e, default: true}\n"
		     "services:\n- {name: z, protocol: udp, port: 2, class: rpc, path: stack, "
		     "tenant: b}\n"
		     "- {name: y, protocol: udp, port: 1, class: rpc, path: stack}\n";
	struct compiled new = compile(text), want = compile(text);
	const struct policy *p = new.policy;

	policy_keep_ids(new.policy, new.prefixes, new.n, old.policy);
	assert_string_equal(p->service[3].name, "y");
	assert_string_equal(p->service[2].name, ""); /* x's, whose counts are not z's */
	assert_string_equal(p->service[4].name, "z");
	assert_int_equal(p->services, 5);
	assert_string_equal(p->tenant_name[0], "e");
	assert_string_equal(p->tenant_name[1], "a");
	assert_string_equal(p->tenant_name[2], "b");
	assert_int_equal(p->tenants, 3);
	assert_int_equal(p->vlan_tenant[5], 2);
	assert_int_equal(p->vlan_tenant[6], TP_TENANT_BY_RULE);
	assert_int_equal(p->dscp_tenant[7], 2);
	assert_int_equal(new.n, 1);
	assert_int_equal(new.prefixes[0].value.tenant, 1);
	assert_same_meaning(p, want.policy);
	assert_true(policy_new_service(p, old.policy, 4));
	assert_false(policy_new_service(p, old.policy, 3));
	assert_false(policy_new_service(p, old.policy, 2));
	assert_true(policy_new_tenant(p, old.policy, 0));
	assert_false(policy_new_tenant(p, old.policy, 1));
	assert_true(policy_new_tenant(p, old.policy, 2));
	drop(&old);
	drop(&new);
	drop(&want);
}

/* Where every id is in use, newcomers take over those of names that are gone. */
static void test_ids_when_all_are_in_use(void **state)
{
	struct compiled old, new;
	struct text text = {0};
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		text.size = 0;
		text_add(&text, HEAD TENANT "services:\n");
		for (i = 0; i < TP_MAX_SERVICES - TP_SERVICE_FIRST; i++)
			text_add(&text,
				 "- {name: s%u, protocol: udp, port: %u-%u, class: rpc, path: "
				 "stack}\n",
				 i + 100 * round, 2 * i + 1, 2 * i + 2);
		*(round ? &new : &old) = compile(text.bytes);
	}
	policy_keep_ids(new.policy, new.prefixes, new.n, old.policy);
	assert_int_equal(new.policy->services, TP_MAX_SERVICES);
	for (i = TP_SERVICE_FIRST; i < TP_MAX_SERVICES; i++) {
		assert_true(new.policy->service[i].name[0]);
		assert_int_equal(policy_new_service(new.policy, old.policy, i),
				 i < TP_SERVICE_FIRST + 100);
	}
	free(text.bytes);
	drop(&old);
	drop(&new);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_observe_steers_nothing),
		cmocka_unit_test(test_agentic),
		cmocka_unit_test(test_hash_is_blake2b_of_the_bytes),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ports_at_the_ends),
		cmocka_unit_test(test_local_prefix),
		cmocka_unit_test(test_tenant_rules),
		cmocka_unit_test(test_cpu_slots),
		cmocka_unit_test(test_accessors),
		cmocka_unit_test(test_byte_order_mark_and_crlf),
		cmocka_unit_test(test_ids_follow_names),
		cmocka_unit_test(test_ids_when_all_are_in_use),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
