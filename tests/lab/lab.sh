# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The lab: two network namespaces, `a` (where tripath attaches) and `b` (the peer), joined by a veth pair
# v0 of four queues, for bats files that `load lab`.
#
#	lab_make [PAIRS]        in setup(); a has 10.99.N.1 and fd99:N::1 on vN, b has .2
#	lab_clean               in teardown(); detaches, deletes, and fails where something is left
#	lab_in a COMMAND...     runs it in that namespace, bpffs in sight
#	lab_pin v0/queue_stats  path of a pin of namespace a
#	lab_until S COMMAND...  repeats COMMAND until it succeeds; fails after S seconds
#	lab_sum v0 .reasons.arp sum over the rows of queue_stats, by a jq path
#	lab_delivered           packets that namespace a's IPv4 handed up
#	lab_two_sided NAME P Q  a policy: port P is service `one` of tenant t1, port Q `two` of tenant t2
#	lab_send NS ADDR PORT COUNT [RATE]   UDP datagrams of 64 bytes from 64 source ports

: "${TRIPATH_BUILD:=$PWD/build}"
LAB_QUEUES=4

lab_make() {
	local pairs=${1:-1} n

	lab_name=tripath-$(basename "$BATS_TEST_FILENAME" .bats)-$$
	lab_delete_namespaces
	ip netns add "$lab_name-a"
	ip netns add "$lab_name-b"
	lab_in a sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
	lab_in b sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
	for ((n = 0; n < pairs; n++)); do
		ip link add "v$n" netns "$lab_name-a" numtxqueues $LAB_QUEUES numrxqueues $LAB_QUEUES type veth \
			peer name "v$n" netns "$lab_name-b" numtxqueues $LAB_QUEUES numrxqueues $LAB_QUEUES
		lab_up a "v$n" "$n" 1
		lab_up b "v$n" "$n" 2
	done
}

lab_up() {
	ip -n "$lab_name-$1" addr add "10.99.$3.$4/24" dev "$2"
	ip -n "$lab_name-$1" addr add "fd99:$3::$4/64" dev "$2" nodad
	ip -n "$lab_name-$1" link set "$2" up
}

lab_in() {
	nsenter --net="/run/netns/$lab_name-$1" -- "${@:2}"
}

lab_inode() {
	stat -L -c %i "/run/netns/$lab_name-a"
}

lab_pin() {
	printf '/sys/fs/bpf/tripath/netns-%010d/%s\n' "$(lab_inode)" "$1"
}

lab_load() {
	lab_in a "$TRIPATH_BUILD/bin/tp-load" "$@"
}

lab_delete_namespaces() {
	local side

	for side in a b; do
		[ ! -e "/run/netns/$lab_name-$side" ] || ip netns del "$lab_name-$side"
	done
}

lab_clean() {
	local pins left=''

	[ -e "/run/netns/$lab_name-a" ] || {
		lab_delete_namespaces
		return 0
	}
	pins=$(lab_pin '')
	lab_load detach --all >/dev/null 2>&1 || true
	[ ! -d "$pins" ] || left=$(find "$pins")
	lab_delete_namespaces
	[ -z "$left" ] || {
		echo "left behind: $left" >&2
		return 1
	}
}

lab_until() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || {
			echo "did not come about: $*" >&2
			return 1
		}
		sleep 0.02
	done
}

lab_sum() {
	bpftool -j map dump pinned "$(lab_pin "$1/queue_stats")" | jq "map(.formatted.value$2) | add"
}

lab_at_least() {
	[ "$(lab_sum "$1" "$2")" -ge "$3" ]
}

lab_delivered() {
	# shellcheck disable=SC2016 # awk's
	lab_in a awk '/^Ip: [0-9]/ {print $10}' /proc/net/snmp
}

lab_delivered_at_least() {
	[ "$(lab_delivered)" -ge "$1" ]
}

# Policy $1: what reaches port $2 is `one` of tenant t1, what reaches port $3 is `two` of tenant t2.
lab_two_sided() {
	cat <<-YAML
		version: 1
		name: $1
		tenants:
		  - {name: default, default: true}
		  - {name: t1}
		  - {name: t2}
		services:
		  - {name: one, protocol: udp, port: $2, class: rpc, path: stack, tenant: t1}
		  - {name: two, protocol: udp, port: $3, class: bulk, path: stack, tenant: t2}
	YAML
}

lab_send() {
	lab_in "$1" python3 - "${@:2}" <<-'PYTHON'
		import socket, sys, time
		addr, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0
		family = socket.AF_INET6 if ":" in addr else socket.AF_INET
		flows = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(64)]
		sent, begin = 0, time.monotonic()
		while sent < count:
		    try:
		        flows[sent % 64].sendto(b"x" * 64, (addr, port))
		        sent += 1
		    except ConnectionRefusedError:
		        pass
		    if rate and sent % 32 == 0:
		        time.sleep(max(0, begin + sent / rate - time.monotonic()))
	PYTHON
}

# The XDP program on an interface of namespace a, as `ip` shows it; empty where there is none.
lab_xdp() {
	ip -n "$lab_name-a" -j -d link show "$1" | jq -r '.[0].xdp.prog.id // empty'
}
