// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/netif.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loaders/lib/netlink.h"

static int ethtool(int fd, const char *name, void *command)
{
	struct ifreq request = {};

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	request.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

static uint32_t ethtool_value(int fd, const char *name, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};

	return ethtool(fd, name, &value) ? 0 : value.data;
}

/* Queues that the driver has now; a driver without channels may still tell the rings of its RSS
 * table. */
static uint32_t queues_in_use(int fd, const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ethtool_rxnfc rings = {.cmd = ETHTOOL_GRXRINGS};

	if (!ethtool(fd, name, &channels) && channels.rx_count + channels.combined_count)
		return channels.rx_count + channels.combined_count;
	if (!ethtool(fd, name, &rings) && rings.data)
		return (uint32_t)rings.data;
	return 0;
}

/* Queues that were allocated, from rtnetlink; 0 where it does not say. */
static uint32_t queues_allocated(uint32_t ifindex)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex},
	};
	union netlink_answer answer;
	const void *found;
	uint32_t queues = 0;

	if (netlink_ask(&request.header, &answer))
		return 0;
	found = netlink_get(&answer, sizeof(struct ifinfomsg), IFLA_NUM_RX_QUEUES, sizeof(queues));
	if (found)
		memcpy(&queues, found, sizeof(queues));
	return queues;
}

int netif_query(const char *name, struct netif *netif)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {};
	uint32_t flags;
	int fd, err;

	memset(netif, 0, sizeof(*netif));
	if (strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	strncpy(netif->name, name, IFNAMSIZ - 1);
	netif->ifindex = if_nametoindex(name);
	if (!netif->ifindex)
		return -ENODEV;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFMTU, &request)) {
		err = -errno;
		goto close_socket;
	}
	netif->mtu = (uint32_t)request.ifr_mtu;
	if (ioctl(fd, SIOCGIFFLAGS, &request)) {
		err = -errno;
		goto close_socket;
	}
	netif->up = request.ifr_flags & IFF_UP;
	netif->loopback = request.ifr_flags & IFF_LOOPBACK;
	if (!ethtool(fd, name, &driver))
		memcpy(netif->driver, driver.driver, sizeof(netif->driver) - 1);
	flags = ethtool_value(fd, name, ETHTOOL_GFLAGS);
	netif->lro = flags & ETH_FLAG_LRO;
	netif->rx_vlan = flags & ETH_FLAG_RXVLAN;
	netif->gso = ethtool_value(fd, name, ETHTOOL_GGSO);
	netif->gro = ethtool_value(fd, name, ETHTOOL_GGRO);
	netif->queues = queues_in_use(fd, name);
	if (!netif->queues)
		netif->queues = queues_allocated(netif->ifindex);
	if (!netif->queues)
		netif->queues = 1;
	err = 0;
close_socket:
	close(fd);
	return err;
}
