#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The commands of README.md, run as they are written, with an interface of this test's own for ens1f0.

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
	iface=tripath-rd0
	ip link add $iface numrxqueues 2 numtxqueues 2 type veth peer name tripath-rd1 numrxqueues 2 numtxqueues 2
	ip link set $iface up
	ip link set tripath-rd1 up
}

teardown() {
	"$TRIPATH_BUILD/bin/tp-load" detach $iface 2>/dev/null || true
	ip link del $iface
}

# The indented command lines of README.md that name ens1f0, comments cut off.
commands() {
	sed -nE 's/^    ([a-z].*ens1f0.*)/\1/p' README.md | sed -E 's/ +#.*//' | sed "s/ens1f0/$iface/g"
}

@test "every command for an interface of yours works, in the order of the README" {
	mapfile -t lines < <(commands)
	[ ${#lines[@]} -ge 5 ]
	for line in "${lines[@]}"; do
		echo "\$ $line"
		run bash -c "$line"
		echo "$output"
		[ "$status" -eq 0 ]
	done
	[ ! -e /sys/fs/bpf/tripath/$iface ]
}

@test "make reload swaps the policy of an interface of yours" {
	make load IFACE=$iface
	run make reload IFACE=$iface POLICY=docs/examples/agentic.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$iface: policy agentic in force as generation 2, in place of observe"* ]]
	make unload IFACE=$iface
}

@test "the two commands of the first screen are goals of the Makefile" {
	for goal in $(sed -nE 's/^    make (demo|test) .*/\1/p' README.md); do
		make -n "$goal" >/dev/null
	done
}
