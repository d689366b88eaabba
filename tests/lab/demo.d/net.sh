# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # variables of the files that are read together
# The demo's network: a host and two tenants, each tenant behind a veth pair of its own with two queues each way.
#
#	tripath-demo-PID-a  tripath-host ====== tripath-a  tripath-demo-PID-host
#	tripath-demo-PID-b  tripath-host ====== tripath-b
#
# Tenant a is 10.77.1.2 and fd77:1::2, tenant b 10.77.2.2 and fd77:2::2; the host is .1 to both.

queues=2

make_namespace() {
	ip netns add "${ns[$1]}"
	# Addresses must be usable at once: no duplicate address detection, on link-local ones neither.
	(in_ns "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; ip link set lo up')
}

# `join a 1`: tenant, and the number in its addresses.
join() {
	local tenant=$1 n=$2

	ip link add "tripath-$tenant" netns "$host" numtxqueues $queues numrxqueues $queues type veth \
		peer name tripath-host netns "${ns[$tenant]}" numtxqueues $queues numrxqueues $queues
	bring_up "$host" "tripath-$tenant" "$n" 1
	bring_up "${ns[$tenant]}" tripath-host "$n" 2
}

bring_up() {
	ip -n "$1" addr add "10.77.$3.$4/24" dev "$2"
	ip -n "$1" addr add "fd77:$3::$4/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
}

make_network() {
	begin_step "making the namespaces"
	make_namespace host
	make_namespace a
	make_namespace b
	join a 1
	join b 2
}

mac_of() {
	ip -n "${ns[$1]}" -j link show "$2" | jq -r '.[0].address'
}

attach() {
	await in_ns "$1" "$tp_load" attach "$2" --policy "$3" >"$run/attach.out" 2>&1 && return
	cat "$run/attach.out" >&2
	fail "tp-load attach $2"
}
