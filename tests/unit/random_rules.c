// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Random numbers and random policies. */
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/random.h"

#define SERVICES 24
#define TENANTS  900

__u64 random_word(struct random *random)
{
	__u64 word = random->state += 0x9e3779b97f4a7c15ULL;

	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ULL;
	word = (word ^ word >> 27) * 0x94d049bb133111ebULL;
	return word ^ word >> 31;
}

__u32 random_below(struct random *random, __u32 bound)
{
	return (__u32)((random_word(random) >> 32) * bound >> 32);
}

bool random_once_in(struct random *random, __u32 times)
{
	return random_below(random, times) == 0;
}

/* A prefix in the part of the address space that random packets use, host bits cleared. */
static void random_prefix(struct random *random, __u8 family, __u8 *addr, __u8 *prefix_len)
{
	const __u8 bits = family == 4 ? 32 : 128;
	const __u8 length = (__u8)random_below(random, bits + 1U);

	memset(addr, 0, 16);
	for (int i = 0; i < bits / 8; i++)
		addr[i] = (__u8)random_below(random, 4);
	addr[0] = family == 4 ? 10 : 0x20;
	for (__u8 bit = length; bit < bits; bit++)
		addr[bit / 8] &= (__u8) ~(0x80 >> bit % 8);
	*prefix_len = length;
}

static bool prefixes_meet(const struct rule_service *one, const struct rule_service *other)
{
	const struct rule_service *shorter = one->prefix_len < other->prefix_len ? one : other;
	const struct rule_service *longer = shorter == one ? other : one;

	if (one->family == 0 || other->family == 0)
		return true;
	return rules_prefix_holds(shorter->family, shorter->addr, shorter->prefix_len,
				  longer->family, longer->addr);
}

static bool overlaps(const struct rules *rules, const struct rule_service *service)
{
	for (__u32 i = 0; i < rules->services; i++) {
		const struct rule_service *other = &rules->service[i];

		if (service->protocol == other->protocol && service->first <= other->last &&
		    other->first <= service->last && prefixes_meet(service, other))
			return true;
	}
	return false;
}

static void add_random_service(struct random *random, struct rules *rules)
{
	static const __u16 bases[] = {0, 80, 1000, 4791, 5000, 9000, 32768, 65530};
	struct rule_service *service = &rules->service[rules->services];
	const __u16 width = random_once_in(random, 2) ? 0 : (__u16)random_below(random, 300);

	*service = (struct rule_service){
		.name = "random",
		.protocol = random_once_in(random, 2) ? IPPROTO_TCP : IPPROTO_UDP,
		.first = (__u16)(bases[random_below(random, 8)] + random_below(random, 6)),
		.class_ = random_below(random, TP_CLASSES),
		.path = random_below(random, TP_PATHS),
		.tenant = TP_TENANT_BY_RULE,
	};
	service->last = service->first + width < 65535 ? (__u16)(service->first + width) : 65535;
	if (random_once_in(random, 4))
		service->tenant = (__u16)random_below(random, TENANTS);
	if (!random_once_in(random, 3)) {
		service->family = random_once_in(random, 2) ? 4 : 6;
		random_prefix(random, service->family, service->addr, &service->prefix_len);
	}
	if (!overlaps(rules, service))
		rules->services++;
}

static bool prefix_taken(const struct rules *rules, const struct rule_prefix *prefix)
{
	for (__u32 i = 0; i < rules->prefixes; i++) {
		const struct rule_prefix *other = &rules->prefix[i];

		if (other->kind == prefix->kind && other->family == prefix->family &&
		    other->prefix_len == prefix->prefix_len &&
		    !memcmp(other->addr, prefix->addr, sizeof(prefix->addr)))
			return true;
	}
	return false;
}

static void add_random_prefix(struct random *random, struct rules *rules)
{
	struct rule_prefix *prefix = &rules->prefix[rules->prefixes];

	*prefix = (struct rule_prefix){
		.kind = random_once_in(random, 2) ? TP_PREFIX_PEER : TP_PREFIX_LOCAL,
		.family = random_once_in(random, 2) ? 4 : 6,
		.tenant = (__u16)random_below(random, TENANTS),
	};
	random_prefix(random, prefix->family, prefix->addr, &prefix->prefix_len);
	if (!prefix_taken(rules, prefix))
		rules->prefixes++;
}

void random_rules(struct random *random, struct rules *rules, __u32 prefixes)
{
	static const __u32 cpus[] = {0, 0, 5, 500, TP_NO_CPU};

	memset(rules, 0, sizeof(*rules));
	rules->tenants = TENANTS;
	rules->flags = random_below(random, 4);
	for (int i = 0; i < TP_CLASSES; i++)
		rules->cpu[i] = cpus[random_below(random, 5)];
	for (int i = 0; i < SERVICES; i++)
		add_random_service(random, rules);
	while (rules->prefixes < prefixes)
		add_random_prefix(random, rules);
	for (__u16 i = 0; i < 8; i++) {
		/* Values that differ: the low bits number them. */
		rules_add_vlan(rules, (__u16)(random_below(random, 8) << 3 | i), (__u16)(10 + i));
		rules_add_dscp(rules, (__u16)(random_below(random, 8) << 3 | i), (__u16)(20 + i));
	}
}
