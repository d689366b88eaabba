#!/usr/bin/env bats
# shellcheck disable=SC2154 # lab_name is lab.sh's
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An interface that changes its network namespace while the classifier is on it: the program goes along and
# the pins stay, and each side says so and can end it.

load lab.sh

setup() {
	lab_make
	holder=
	ip netns add "$lab_name-c"
	lab_two_sided p1 7000 7009 >"$BATS_TEST_TMPDIR/p1.yaml"
	lab_two_sided p2 7009 7000 >"$BATS_TEST_TMPDIR/p2.yaml"
	lab_load attach v0 --policy "$BATS_TEST_TMPDIR/p1.yaml"
	pins=$(lab_pin '')
}

teardown() {
	[ -z "$holder" ] || kill -KILL "$holder" 2>/dev/null || true
	[ ! -e "/run/netns/$lab_name-c" ] || {
		there detach --all >/dev/null 2>&1 || true
		ip netns del "$lab_name-c"
	}
	lab_clean
}

there() {
	lab_in c "$TRIPATH_BUILD/bin/tp-load" "$@"
}

xdp_there() {
	ip -n "$lab_name-c" -j -d link show "$1" | jq -r '.[0].xdp.prog.id // empty'
}

move() {
	ip -n "$lab_name-a" link set v0 netns "$lab_name-c"
	ip -n "$lab_name-c" addr add 10.99.0.1/24 dev v0
	ip -n "$lab_name-c" link set v0 up
}

@test "where it was attached, status, explain and reload go on, and detach takes it off" {
	move
	lab_send b 10.99.0.1 7000 100
	lab_until 5 lab_at_least v0 .reasons.service_stack 100
	lab_load status v0 --json --interval 0.05 | jq -e '.interfaces[0] |
		.moved_to_network_namespace == "/run/netns/'"$lab_name-c"'" and .interface == "v0"
		and .program_id == '"$(xdp_there v0)"' and .reasons.service_stack == 100'
	lab_load status --interval 0.05 | grep -F "away from v0, to network namespace /run/netns/$lab_name-c"
	lab_load reload v0 --policy "$BATS_TEST_TMPDIR/p2.yaml"
	lab_load explain v0 udp 10.99.0.2:1 10.99.0.1:7000 --json | jq -e '.service == "two" and .policy == "p2"'
	# A new interface of that name is another one.
	ip link add v0 netns "$lab_name-a" type veth peer name w0 netns "$lab_name-a"
	run lab_load attach v0 --policy "$BATS_TEST_TMPDIR/p1.yaml"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"v0 in network namespace /run/netns/$lab_name-c now"*"tp-load detach v0"* ]]
	[ -n "$(xdp_there v0)" ]
	run lab_load detach v0
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"is v0 in network namespace /run/netns/$lab_name-c now"* ]]
	[ -z "$(xdp_there v0)" ]
	[ ! -e "$pins" ]
}

@test "where it went, every command says where it came from, and detach takes it off" {
	move
	for command in "status v0" "explain v0 udp 10.99.0.2:1 10.99.0.1:7000" \
		"reload v0 --policy $BATS_TEST_TMPDIR/p2.yaml" "attach v0 --policy $BATS_TEST_TMPDIR/p2.yaml"; do
		# shellcheck disable=SC2086 # words of a command
		run there $command
		echo "$output"
		[ "$status" = 1 ]
		[[ $output == *"v0 was moved here"*"nsenter --net=/run/netns/$lab_name-a tp-load status v0"* ]]
	done
	run there status
	echo "$output"
	[[ $output == *"v0 was moved here"* ]]
	[[ $output != *"nothing is attached"* ]]
	run there detach v0
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"attached in another network namespace as v0"* ]]
	[ -z "$(xdp_there v0)" ]
	[ ! -e "$pins" ]
	run lab_load status v0
	[ "$status" = 1 ]
	[[ $output == *"nothing of tripath is attached to v0"* ]]
}

@test "another interface that has its name or its index by now is not taken for it" {
	local index

	# Its index is taken where it goes, so it gets another one; that is given to a stranger where it was.
	index=$(ip -n "$lab_name-a" -j link show v0 | jq '.[0].ifindex')
	ip -n "$lab_name-c" link add other index "$index" type bridge
	ip -n "$lab_name-a" link set v0 down
	ip -n "$lab_name-a" link set v0 name moved0
	ip -n "$lab_name-a" link set moved0 netns "$lab_name-c"
	index=$(ip -n "$lab_name-c" -j link show moved0 | jq '.[0].ifindex')
	ip -n "$lab_name-a" link add stranger index "$index" type bridge
	lab_load status v0 --json --interval 0.05 | jq -e '.interfaces[0] | .interface == "moved0"
		and .ifindex == '"$index"' and .moved_to_network_namespace == "/run/netns/'"$lab_name-c"'"'
	run lab_load status stranger
	[ "$status" = 1 ]
	[[ $output == *"nothing of tripath is attached to stranger"* ]]
	there detach --all
	[ -z "$(xdp_there moved0)" ]
	[ ! -e "$pins" ]
}

@test "it is found where only a process holds its namespace" {
	unshare --net sleep 60 3>&- &
	holder=$!
	own() {
		[ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	}
	lab_until 5 own
	ip -n "$lab_name-a" link set v0 netns "$holder"
	lab_load status v0 --json --interval 0.05 |
		jq -e '.interfaces[0].moved_to_network_namespace == "/proc/'"$holder"'/ns/net"'
	lab_load detach v0
	[ ! -e "$pins" ]
}

@test "a namespace that goes away leaves the classifier on what moved out of it, until detach" {
	move
	ip netns del "$lab_name-a"
	came_from_nowhere() {
		run there status v0
		[[ $output == *"from a network namespace that is gone"*"${pins}v0"* ]]
	}
	lab_until 5 came_from_nowhere
	[ -n "$(xdp_there v0)" ]
	there detach --all
	[ -z "$(xdp_there v0)" ]
	[ ! -e "$pins" ]
}
