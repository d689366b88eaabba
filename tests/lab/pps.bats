#!/usr/bin/env bats
# shellcheck disable=SC2154 # lab_name is lab.sh's
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Suite pps and its programs work; how fast they are is no test's business.

load lab.sh

setup() {
	lab_make 1
	out=$BATS_TEST_TMPDIR
	sink_pid=
}

teardown() {
	[ -z "$sink_pid" ] || kill -KILL "$sink_pid" 2>/dev/null || true
	lab_clean
}

# A veth pair inside of one namespace, whose far end has NAPI and takes the packets of tp-offer.
looped() {
	lab_in a sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	lab_in a ip link add tpl0 type veth peer name tpl1
	lab_in a ethtool -K tpl1 gro on
	lab_in a ip link set tpl1 address 02:00:00:00:00:02
	lab_in a ip link set tpl0 up
	lab_in a ip link set tpl1 up
}

said() {
	[ -s "$1" ]
}

@test "tp-offer: what it sends is what arrives, frame for frame, in the flows that were asked" {
	looped
	lab_in a "$TRIPATH_BUILD/bin/tp-offer" -i tpl0 -f tpl1 -n 100 -t 0.2 >"$out/json"
	jq -e '.flows == 100 and .sent_frames > 1000 and .arrived_frames <= .sent_frames and .seconds > 0.1
		and .arrived_in_time_frames <= .arrived_frames and .frame_bytes == 106' "$out/json"
	# The interface's own counters agree with the program's.
	[ "$(lab_in a ip -j -s link show tpl1 | jq '.[0].stats64.rx.packets')" = "$(jq .arrived_frames "$out/json")" ]
	# Nothing of it is left on the interface.
	run lab_in a tc filter show dev tpl1 ingress
	[ -z "$output" ]
}

@test "tp-udpsink: counts what the socket took, when asked and at its end" {
	looped
	lab_in a ip addr add 10.77.0.1/24 dev tpl1
	lab_in a ip route add default dev tpl1
	lab_in a sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tpl1.rp_filter=0
	nsenter --net="/run/netns/$lab_name-a" -- "$TRIPATH_BUILD/bin/tp-udpsink" >"$out/sink" 2>"$out/ready" 3>&- &
	sink_pid=$!
	lab_until 10 said "$out/ready"
	lab_in a "$TRIPATH_BUILD/bin/tp-offer" -i tpl0 -t 0.1 >"$out/json"
	kill -USR1 "$sink_pid"
	lab_until 10 said "$out/sink"
	kill -TERM "$sink_pid"
	wait "$sink_pid"
	sink_pid=
	jq -es 'length == 2 and .[0].received_datagrams > 0 and .[1].received_datagrams >= .[0].received_datagrams
		and .[1].received_bytes == 64 * .[1].received_datagrams' "$out/sink"
	[ "$(jq -s '.[1].received_datagrams' "$out/sink")" -le "$(jq .sent_frames "$out/json")" ]
}

@test "tp-redirect: takes the classifier's place and gives it back" {
	cat >"$out/policy.yaml" <<-YAML
		version: 1
		name: pps-lab
		tenants:
		  - {name: default, default: true}
		services:
		  - {name: hot, protocol: udp, port: 7000, class: rpc, path: af_xdp}
	YAML
	lab_load attach v0 --policy "$out/policy.yaml"
	attached=$(lab_xdp v0)
	lab_in a "$TRIPATH_BUILD/bin/tp-redirect" -i v0
	[ "$(lab_xdp v0)" != "$attached" ]
	lab_in a "$TRIPATH_BUILD/bin/tp-redirect" -i v0 --undo
	[ "$(lab_xdp v0)" = "$attached" ]
	lab_load detach v0
	run lab_in a "$TRIPATH_BUILD/bin/tp-redirect" -i v0
	[ "$status" = 1 ]
	[[ $output == *"tp-load attach v0"* ]]
}

@test "tp-offer, tp-udpsink: a wrong command line says what is wrong and ends with 2, a refusal with 1" {
	run "$TRIPATH_BUILD/bin/tp-offer"
	[ "$status" = 2 ]
	[[ $output == *--interface* ]]
	run "$TRIPATH_BUILD/bin/tp-offer" -i tpl0 -n 0
	[ "$status" = 2 ]
	[[ $output == *"'0' is not a number from 1 to 60000"* ]]
	run "$TRIPATH_BUILD/bin/tp-udpsink" --batch 2000
	[ "$status" = 2 ]
	run lab_in a "$TRIPATH_BUILD/bin/tp-offer" -i tripath-none
	[ "$status" = 1 ]
	[[ $output == *"no interface tripath-none"* ]]
}

@test "suite pps, short: a valid envelope with every path's rate, or the reason why not" {
	run bench/run --build "$TRIPATH_BUILD" --quick --pairs 1 --out "$out/pps.json" pps
	echo "$output"
	if [ "$status" = 3 ]; then
		jq -e '.outcome == "unsupported" and (.why | length > 20)' "$out/pps.json"
		return
	fi
	[ "$status" = 0 ]
	jq -e '.quick and .suite == "pps"' "$out/pps.json"
	jq -e '[.repetitions[] | select(.what == "rate") | .labels | "\(.path) \(.job) \(.size_bytes)"] | unique == [
		"af_packet rx 64", "recvmmsg rx 64", "testpmd-af_xdp fwd 64", "testpmd-af_xdp rx 64",
		"xsk fwd 64", "xsk rx 64", "xsk-redirect rx 64"]' "$out/pps.json"
	jq -e '[.repetitions[].values[]] | length > 0 and all(. > 0)' "$out/pps.json"
	jq -e '[.comparisons[].name] | contains(["xsk fwd vs testpmd af_xdp", "xsk rx vs af_packet",
		"xsk rx vs recvmmsg", "xsk rx vs testpmd af_xdp"])' "$out/pps.json"
	# A forwarder's count and the far end's are of the same frames.
	jq -e '[.repetitions[] | select(.labels.job == "fwd") | .arrived_frames[] as $n | $n > 0] | all' "$out/pps.json"
}
