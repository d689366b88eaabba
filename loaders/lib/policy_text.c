// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The small languages inside a policy's values: names, ports and prefixes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_source.h"

#define PREFIX_TEXT_LEN (INET6_ADDRSTRLEN + sizeof("/128"))

bool policy_name_is_valid(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = strlen(name);

	return n && n < TP_NAME_LEN && strchr(letters, name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

/* Names that tripath itself counts under. */
bool policy_name_is_reserved(const char *name)
{
	return !strcmp(name, "none") || !strcmp(name, "control");
}

static bool parse_decimal(const char *text, size_t len, unsigned int max, unsigned int *out)
{
	char digits[6];

	if (!len || len >= sizeof(digits) || strspn(text, "0123456789") < len ||
	    (len > 1 && text[0] == '0'))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	*out = (unsigned int)strtoul(digits, NULL, 10);
	return *out <= max;
}

int policy_parse_ports(const char *text, __u16 *first, __u16 *last, char why[POLICY_WHY_LEN])
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	unsigned int lo, hi;

	if (!parse_decimal(text, len, UINT16_MAX, &lo) || !lo)
		goto bad;
	hi = lo;
	if (dash && (!parse_decimal(dash + 1, strlen(dash + 1), UINT16_MAX, &hi) || !hi))
		goto bad;
	if (lo > hi) {
		snprintf(why, POLICY_WHY_LEN, "runs backwards; allowed: %u-%u", hi, lo);
		return -EINVAL;
	}
	*first = (__u16)lo;
	*last = (__u16)hi;
	return 0;
bad:
	snprintf(why, POLICY_WHY_LEN,
		 "is no port; allowed: 1 to 65535, or a range such as 7000-7010");
	return -EINVAL;
}

static void write_prefix(const struct policy_prefix *p, char text[PREFIX_TEXT_LEN])
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(p->family == 4 ? AF_INET : AF_INET6, p->addr, addr, sizeof(addr));
	snprintf(text, PREFIX_TEXT_LEN, "%s/%u", addr, p->len);
}

void policy_prefix_mask(const struct policy_prefix *p, __u8 mask[16])
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		unsigned int kept = p->len > 8 * i ? p->len - 8 * i : 0;

		mask[i] = (__u8)(kept < 8 ? 0xff00 >> kept : 0xff);
	}
}

static void clear_host_bits(struct policy_prefix *p)
{
	__u8 mask[16];
	unsigned int i;

	policy_prefix_mask(p, mask);
	for (i = 0; i < 16; i++)
		p->addr[i] &= mask[i];
}

static bool is_mapped_ipv4(const struct policy_prefix *p)
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	return p->family == 6 && p->len >= 96 && !memcmp(p->addr, mapped, sizeof(mapped));
}

int policy_parse_prefix(const char *text, struct policy_prefix *out, char why[POLICY_WHY_LEN])
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct policy_prefix p = {0}, clean;
	char addr[INET6_ADDRSTRLEN] = "", right[PREFIX_TEXT_LEN];
	unsigned int max, len;

	if (n < sizeof(addr))
		snprintf(addr, sizeof(addr), "%.*s", (int)n, text);
	if (inet_pton(AF_INET, addr, p.addr) == 1) {
		p.family = 4;
	} else if (inet_pton(AF_INET6, addr, p.addr) == 1) {
		p.family = 6;
	} else {
		snprintf(why, POLICY_WHY_LEN,
			 "is no prefix; allowed: ADDRESS/LENGTH, such as 10.1.0.0/16 or "
			 "2001:db8::/32");
		return -EINVAL;
	}
	max = p.family == 4 ? 32 : 128;
	if (!slash) {
		snprintf(why, POLICY_WHY_LEN,
			 "has no prefix length; allowed: %s/%u for this one address", addr, max);
		return -EINVAL;
	}
	if (!parse_decimal(slash + 1, strlen(slash + 1), max, &len)) {
		snprintf(why, POLICY_WHY_LEN, "has no such prefix length; allowed: 0 to %u", max);
		return -EINVAL;
	}
	p.len = (__u8)len;
	clean = p;
	clear_host_bits(&clean);
	if (is_mapped_ipv4(&clean)) {
		struct policy_prefix v4 = {.family = 4, .len = (__u8)(p.len - 96)};

		memcpy(v4.addr, clean.addr + 12, 4);
		write_prefix(&v4, right);
		snprintf(why, POLICY_WHY_LEN,
			 "is IPv4 in IPv6 form, which no packet carries; allowed: %s", right);
		return -EINVAL;
	}
	if (memcmp(p.addr, clean.addr, sizeof(p.addr)) != 0) {
		write_prefix(&clean, right);
		snprintf(why, POLICY_WHY_LEN, "has bits set beyond its length; allowed: %s", right);
		return -EINVAL;
	}
	*out = p;
	return 0;
}

bool policy_prefixes_meet(const struct policy_prefix *a, const struct policy_prefix *b)
{
	struct policy_prefix x = *a, y = *b;

	if (!a->family || !b->family)
		return true;
	if (a->family != b->family)
		return false;
	x.len = y.len = a->len < b->len ? a->len : b->len;
	clear_host_bits(&x);
	clear_host_bits(&y);
	return !memcmp(x.addr, y.addr, sizeof(x.addr));
}
