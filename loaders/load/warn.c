// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What attaching costs on this interface, as far as it is known beforehand. */
#include <string.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/netif.h"
#include "loaders/lib/policy.h"
#include "loaders/load/load.h"

/* Drivers whose XDP is known not to touch the queues' rings; others may reset them on attach. */
static bool is_virtual(const char *driver)
{
	return !strcmp(driver, "veth") || !strcmp(driver, "tun") || !strcmp(driver, "bridge");
}

static void warn_vlan(const struct netif *netif, uint32_t policy_flags)
{
	const char *peer = strcmp(netif->driver, "veth")
				   ? ""
				   : ", and on its peer: ethtool -K PEER txvlan off";

	if (!netif->rx_vlan)
		return;
	if (policy_flags & TP_GEN_TRUST_VLAN)
		msg_warn("%s takes VLAN tags off before XDP sees them, so the policy's VLAN rules "
			 "cannot "
			 "match; fix: ethtool -K %s rxvlan off%s",
			 netif->name, netif->name, peer);
	else
		msg_verbose_info(
			"%s takes VLAN tags off before XDP sees them: tagged traffic is classified "
			"as untagged; to tell it apart: ethtool -K %s rxvlan off%s",
			netif->name, netif->name, peer);
}

static void warn_queues(const struct netif *netif)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (netif->loopback)
		return;
	if (netif->queues > TP_MAX_QUEUES)
		msg_warn("%s has %u receive queues and tripath counts %u: the rest share one row; "
			 "fix: "
			 "ethtool -L %s combined %u",
			 netif->name, netif->queues, TP_MAX_QUEUES, netif->name, TP_MAX_QUEUES);
	else if (netif->queues == 1 && cpus > 1)
		msg_warn(
			"%s has one receive queue, so one CPU of %ld does all of its work; fix: %s",
			netif->name, cpus,
			strcmp(netif->driver, "veth")
				? "ethtool -L IFACE combined N, where the driver has channels"
				: "ethtool -L IFACE rx N tx N, on both ends, or create it with "
				  "numrxqueues N");
	else if (cpus > 0 && netif->queues > (uint32_t)cpus)
		msg_verbose_info(
			"%s has %u receive queues for %ld CPUs: AF_XDP workers will share CPUs; "
			"fix: ethtool -L %s combined %ld",
			netif->name, netif->queues, cpus, netif->name, cpus);
}

/* What a cpumap makes of a frame has no mark left that its checksum was still to be computed. */
static void warn_cpu_path(const struct netif *netif, enum tp_attach_mode mode)
{
	if (mode == TP_MODE_NATIVE && !strcmp(netif->driver, "veth"))
		msg_warn(
			"path cpu on veth: senders leave checksums to a NIC that is not there, and "
			"what goes through a cpumap is then dropped by the stack as corrupt; fix: "
			"ethtool -K PEER tx off on the other end of %s, or --mode generic",
			netif->name);
}

void warn_policy(const struct netif *netif, const struct policy_source *source,
		 uint32_t policy_flags, enum tp_attach_mode mode)
{
	warn_vlan(netif, policy_flags);
	if (policy_cpus(source, NULL, 0))
		warn_cpu_path(netif, mode);
}

void warn_about(const struct netif *netif, enum tp_attach_mode mode)
{
	warn_queues(netif);
	if (!netif->up)
		msg_warn("%s is down; fix: ip link set %s up", netif->name, netif->name);
	if (netif->lro)
		msg_warn("%s merges received packets in hardware (LRO), which XDP cannot take: the "
			 "driver "
			 "may refuse or turn it off; fix: ethtool -K %s lro off",
			 netif->name, netif->name);
	if (mode == TP_MODE_GENERIC && !strcmp(netif->driver, "veth"))
		return; /* the better one there for AF_XDP sockets, and it keeps the peer's GSO */
	if (mode == TP_MODE_GENERIC) {
		msg_warn("generic mode runs behind the kernel's own receive work: it steers and "
			 "counts as "
			 "native mode does and saves little; %s",
			 netif->loopback ? "the loopback has no driver and no other mode"
					 : "use a driver with native XDP where cost matters");
		return;
	}
	if (!strcmp(netif->driver, "veth"))
		msg_warn("while XDP is attached, the peer of %s cannot hand it large TCP segments "
			 "(software "
			 "GSO), so bulk TCP may cost several times as much; no fix on veth but "
			 "generic mode "
			 "(--mode generic). The peer needs an XDP program of its own before frames "
			 "can be "
			 "sent back to it by XDP_TX or redirect",
			 netif->name);
	else if (!is_virtual(netif->driver))
		msg_warn("attaching and detaching may reset the queues of %s (driver %s): expect a "
			 "short loss "
			 "of link",
			 netif->name, netif->driver[0] ? netif->driver : "unknown");
}
