// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/netlink.h"
#include "loaders/lib/sockaddr.h"

#define TRIES   100
#define STEP_NS 10000000L

#define USABLE (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP | NUD_STALE | NUD_DELAY | NUD_PROBE)

/* @hop: @to itself or the gateway before it. */
static int route(struct sockaddr_storage *to, struct neighbour *n, struct sockaddr_storage *hop)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		char attributes[64];
	} request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			   .nlmsg_type = RTM_GETROUTE,
			   .nlmsg_flags = NLM_F_REQUEST},
		.route = {.rtm_family = (unsigned char)to->ss_family},
	};
	union netlink_answer answer;
	const void *gateway, *oif, *source;
	size_t len;
	void *host = sockaddr_host(to, &len);
	int err;

	request.route.rtm_dst_len = (unsigned char)(8 * len);
	netlink_put(&request.header, RTA_DST, host, len);
	err = netlink_ask(&request.header, &answer);
	if (err)
		return err;
	oif = netlink_get(&answer, sizeof(struct rtmsg), RTA_OIF, sizeof(n->ifindex));
	source = netlink_get(&answer, sizeof(struct rtmsg), RTA_PREFSRC, len);
	gateway = netlink_get(&answer, sizeof(struct rtmsg), RTA_GATEWAY, len);
	if (!oif)
		return -ENETUNREACH;
	memcpy(&n->ifindex, oif, sizeof(n->ifindex));
	memset(&n->from, 0, sizeof(n->from));
	n->from.ss_family = to->ss_family;
	if (source)
		memcpy(sockaddr_host(&n->from, &len), source, len);
	*hop = *to;
	if (gateway)
		memcpy(sockaddr_host(hop, &len), gateway, len);
	return 0;
}

/* A question or an order about the neighbour @hop. */
static int ask(struct sockaddr_storage *hop, const struct neighbour *n, unsigned short type,
	       unsigned short flags, unsigned char ndm_flags, union netlink_answer *answer)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg neighbour;
		char attributes[64];
	} request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | flags},
		.neighbour = {.ndm_family = (unsigned char)hop->ss_family,
			      .ndm_ifindex = (int)n->ifindex,
			      .ndm_flags = ndm_flags},
	};
	size_t len;
	void *host = sockaddr_host(hop, &len);

	netlink_put(&request.header, NDA_DST, host, len);
	return netlink_ask(&request.header, answer);
}

/* What the table has now.  -EAGAIN: no address yet. */
static int look_up(struct sockaddr_storage *hop, struct neighbour *n)
{
	union netlink_answer answer;
	const struct ndmsg *found = NLMSG_DATA(&answer.header);
	const void *mac;
	int err;

	err = ask(hop, n, RTM_GETNEIGH, 0, 0, &answer);
	if (err)
		return err == -ENOENT ? -EAGAIN : err;
	mac = netlink_get(&answer, sizeof(struct ndmsg), NDA_LLADDR, ETH_ALEN);
	if (!mac || !(found->ndm_state & USABLE))
		return -EAGAIN;
	memcpy(n->mac, mac, ETH_ALEN);
	return 0;
}

/* NTF_USE starts the resolution, as a packet of the stack would, without a packet. */
static int start(struct sockaddr_storage *hop, const struct neighbour *n)
{
	union netlink_answer answer;

	return ask(hop, n, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_ACK, NTF_USE, &answer);
}

int neighbour_resolve(const struct sockaddr_storage *to, struct neighbour *neighbour)
{
	const struct timespec step = {.tv_nsec = STEP_NS};
	struct sockaddr_storage target = *to, hop;
	int err, tries;

	err = route(&target, neighbour, &hop);
	for (tries = 0; !err && tries < TRIES; tries++) {
		err = look_up(&hop, neighbour);
		if (err != -EAGAIN)
			return err;
		/* Asked for once: the kernel repeats its question by itself. */
		err = tries ? 0 : start(&hop, neighbour);
		nanosleep(&step, NULL);
	}
	return err ? err : -EHOSTUNREACH;
}

int neighbour_own_mac(const char *ifname, uint8_t mac[ETH_ALEN])
{
	struct ifreq ifr = {};
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		err = -errno;
	else
		memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
	return err;
}
