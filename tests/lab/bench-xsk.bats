#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # lab_name is lab.sh's; each test is a subshell
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tp-bench over AF_XDP: against itself and against ordinary UDP at either end, and how it fails.

load lab.sh

setup() {
	LAB_QUEUES=1 lab_make
	out=$BATS_TEST_TMPDIR
	pids=()
	cat >"$out/policy.yaml" <<-YAML
		version: 1
		name: bench-xsk
		tenants:
		  - {name: default, default: true}
		services:
		  - {name: door, protocol: udp, port: 7000, class: rpc, path: af_xdp}
		  - {name: answers, protocol: udp, port: 7100-7199, class: rpc, path: af_xdp}
	YAML
}

teardown() {
	local p

	for p in "${pids[@]}"; do
		kill -TERM "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	lab_in b "$TRIPATH_BUILD/bin/tp-load" detach --all >/dev/null 2>&1 || true
	lab_clean
}

# `attach SIDE [OPTION...]` in namespace a or b.
attach() {
	lab_in "$1" "$TRIPATH_BUILD/bin/tp-load" attach v0 --policy "$out/policy.yaml" "${@:2}" 2>/dev/null
}

# `serve TRANSPORT [OPTION...]` in namespace a, until it is ready; pid in $serve_pid.
serve() {
	# The one before said so, too.
	rm -f "$out/serve"
	nsenter --net="/run/netns/$lab_name-a" -- "$TRIPATH_BUILD/bin/tp-bench" serve --json --transport "$@" \
		>"$out/serve" 2>"$out/serve.err" 3>&- &
	serve_pid=$!
	pids+=("$serve_pid")
	lab_until 10 said_or_dead
	grep -q '"ready"' "$out/serve" || {
		cat "$out/serve.err"
		return 1
	}
}

said_or_dead() {
	grep -qs '"ready"' "$out/serve" || dead "$serve_pid"
}

dead() {
	! kill -0 "$1" 2>/dev/null
}

# No frame was missing when the end closed.
accounted() {
	if grep unaccounted "$out/$1"; then
		return 1
	fi
}

# Exit status of the server, after SIGTERM; its frames are counted when it closes.
finish() {
	kill -TERM "$serve_pid"
	wait "$serve_pid"
	accounted serve.err
}

# `ask TRANSPORT ADDRESS [OPTION...]`: 600 requests a second for 0.4 s, every one answered intact.
ask() {
	local status=4 end=$((SECONDS + 20))

	# On a busy machine an end may lose its CPU for 10 ms, and be passed over: then again.
	while [ "$status" = 4 ] && [ $SECONDS -lt $end ]; do
		status=0
		lab_in b "$TRIPATH_BUILD/bin/tp-bench" run --json --transport "$1" --to "$2" --wait block --rate 600 \
			--arrivals uniform --fanout 1 --reads echo --verify --duration 0.4 --warmup 0.1 --timeout 3000 \
			--max-lag 1000000 "${@:3}" >"$out/run" 2>"$out/run.err" || status=$?
		grep -q "by the kernel's stack, not by AF_XDP" "$out/run.err" || break
	done
	[ "$status" = 0 ] || {
		cat "$out/run.err" "$out/run"
		return 1
	}
	holds '.counts.answered >= 100 and .counts.lost == 0 and .counts.corrupt == 0'
	accounted run.err
}

holds() {
	jq -e "$1" "$out/run" >/dev/null || {
		jq -c 'del(.. | .histogram_ns?)' "$out/run"
		return 1
	}
}

@test "AF_XDP at both ends, IPv4 and IPv6, small messages and messages of several segments" {
	attach a
	attach b
	for address in 10.99.0.1:7000 '[fd99:0::1]:7000'; do
		serve xsk --listen "$address"
		ask xsk "$address" --local-port 7100 --size 64
		holds '.receipt | .xdp_mode == "native" and .queues[0].zero_copy == false and .interface == "v0"'
		holds '.receipt.counters | .received >= 100 and .bad_checksum == 0 and .malformed == 0 and .foreign == 0'
		ask xsk "$address" --local-port 7101 --size 48-9000 --wait spin
		finish
	done
	[ "$(lab_sum v0 .verdicts.af_xdp)" -ge 400 ]
}

@test "an AF_XDP server answers an ordinary UDP client, and completes its checksums" {
	attach a
	for address in 10.99.0.1:7000 '[fd99:0::1]:7000'; do
		serve xsk --listen "$address"
		ask udp "$address" --size 64-4096
		holds '.receipt.servers[0].receipt.counters.bad_checksum == 0'
		holds '.receipt.servers[0].receipt.counters.checksums_completed >= 1'
		finish
	done
}

@test "an AF_XDP client asks an ordinary UDP server" {
	attach b
	for address in 10.99.0.1:7000 '[fd99:0::1]:7000'; do
		serve udp --listen "$address"
		ask xsk "$address" --local-port 7100 --size 64-4096
		holds '.receipt.counters | .bad_checksum == 0 and .received + .fell_back >= 100'
		finish
	done
}

@test "several queues: answers are found on whichever they come by" {
	lab_clean
	LAB_QUEUES=4 lab_make
	attach a
	attach b
	serve xsk --listen 10.99.0.1:7000
	ask xsk 10.99.0.1:7000 --local-port 7100 --size 64
	finish
	serve udp --listen 10.99.0.1:7000
	ask xsk 10.99.0.1:7000 --local-port 7100 --size 64
	holds '.receipt.queues | length == 4'
	finish
}

@test "delivery: stamps of XDP metadata, of the stack's sockets, and words where there are none" {
	attach a
	attach b --stamp
	serve xsk --listen 10.99.0.1:7000
	ask xsk 10.99.0.1:7000 --local-port 7100 --size 64 --delivery
	holds '.receipt.stamped and .receipt.counters.stamped == .receipt.counters.received'
	holds '.delivery | .stamp == "XDP metadata" and .count >= 100 and .p50_ns > 0 and .p50_ns < 1000000000'
	ask udp 10.99.0.1:7000 --size 64 --delivery
	holds '.delivery | .stamp == "SO_TIMESTAMPNS" and .count >= 100 and .p50_ns > 0 and .p50_ns < 1000000000'
	finish
	serve tcp --listen 10.99.0.1:7000
	ask tcp 10.99.0.1:7000 --size 64 --delivery
	holds '.delivery | .stamp == "SO_TIMESTAMPNS" and .count >= 100'
	finish
	lab_in b "$TRIPATH_BUILD/bin/tp-load" detach v0
	attach b
	serve xsk --listen 10.99.0.1:7000
	ask xsk 10.99.0.1:7000 --local-port 7100 --size 64 --delivery
	holds '.delivery.unsupported | contains("tp-load attach --stamp")'
	holds '.receipt.counters.stamped == 0'
	finish
}

@test "frames for the stack carry no stamp, and explain answers under --stamp" {
	attach a --stamp
	lab_send b 10.99.0.1 7000 10
	lab_until 5 lab_at_least v0 .reasons.xsk_unbound 10
	lab_load explain v0 udp 10.99.0.2:7100 10.99.0.1:7000 | grep -q xsk_unbound
	serve udp --listen 10.99.0.1:7000
	ask udp 10.99.0.1:7000 --size 64
	finish
}

@test "in generic mode, too, and the receipt says so" {
	attach a --mode generic
	serve xsk --listen 10.99.0.1:7000
	ask udp 10.99.0.1:7000 --size 64
	holds '.receipt.servers[0].receipt.xdp_mode == "generic"'
	finish
}

@test "nothing attached, no such queue, a queue in use, no local port: told, with the fix" {
	run lab_in a "$TRIPATH_BUILD/bin/tp-bench" serve --transport xsk --listen 10.99.0.1:7000
	[ "$status" = 1 ]
	[[ $output == *"nothing is attached to v0: tp-load attach v0 --policy"* ]]
	attach a
	run lab_in a "$TRIPATH_BUILD/bin/tp-bench" serve --transport xsk --listen 10.99.0.1:7000 --queue 7
	[ "$status" = 1 ]
	[[ $output == *"v0 has no receive queue 7: it has 1"* ]]
	run lab_in a "$TRIPATH_BUILD/bin/tp-bench" serve --transport xsk --listen 10.99.0.1:7000 --require zero-copy
	[ "$status" = 3 ]
	[[ $output == *"zero-copy was required"* ]]
	run lab_in a "$TRIPATH_BUILD/bin/tp-bench" serve --transport xsk --listen 10.99.9.9:7000
	[ "$status" = 1 ]
	[[ $output == *"no interface has the address of 10.99.9.9:7000"* ]]
	serve xsk --listen 10.99.0.1:7000
	run lab_in a "$TRIPATH_BUILD/bin/tp-bench" serve --transport xsk --listen 10.99.0.1:7001
	[ "$status" = 1 ]
	[[ $output == *"queue 0 of v0 already feeds process $serve_pid"* ]]
	run lab_in b "$TRIPATH_BUILD/bin/tp-bench" run --transport xsk --to 10.99.0.1:7000
	[ "$status" = 1 ]
	[[ $output == *"give --local-port"* ]]
	for bad in "--ring 1000" "--require copy" "--local-port 0"; do
		# shellcheck disable=SC2086 # a command line
		run lab_in b "$TRIPATH_BUILD/bin/tp-bench" run --transport xsk --to 10.99.0.1:7000 $bad
		[ "$status" = 2 ]
	done
}

@test "a port that no policy steers is answered by the stack, and that is no measurement of AF_XDP" {
	attach a
	attach b
	serve xsk --listen 10.99.0.1:7000
	run lab_in b "$TRIPATH_BUILD/bin/tp-bench" run -t xsk -T 10.99.0.1:7000 --local-port 7200 --size 64 -w block -d 0.3 --max-lag 1000000
	echo "$output"
	[ "$status" -eq 4 ]
	[[ "$output" == *"came to the client by the kernel's stack, not by AF_XDP"*"--local-port"* ]]
	finish
	serve xsk --listen 10.99.0.1:7001
	run lab_in b "$TRIPATH_BUILD/bin/tp-bench" run -t udp -T 10.99.0.1:7001 --size 64 -w block -d 0.3 --max-lag 1000000
	echo "$output"
	[ "$status" -eq 4 ]
	[[ "$output" == *"came to the server by the kernel's stack, not by AF_XDP"*"--listen"* ]]
	finish
}

@test "no way to the server: told" {
	attach b
	run lab_in b "$TRIPATH_BUILD/bin/tp-bench" run --transport xsk --to 192.0.2.1:7000 --local-port 7100
	[ "$status" = 1 ]
	[[ $output == *"no way to 192.0.2.1:7000"* ]]
	run lab_in b "$TRIPATH_BUILD/bin/tp-bench" run --transport xsk --to 10.99.0.77:7000 --local-port 7100
	[ "$status" = 1 ]
	[[ $output == *"no way to 10.99.0.77:7000"* ]]
}

# `begin SECONDS` starts an AF_XDP client in the background; pid in $client_pid.
begin() {
	nsenter --net="/run/netns/$lab_name-b" -- "$TRIPATH_BUILD/bin/tp-bench" run --json --transport xsk \
		--to 10.99.0.1:7000 --local-port 7100 --wait block --rate 200 --fanout 1 --size 64 --duration "$1" \
		--warmup 0.1 --timeout 500 --max-lag 1000000 >"$out/run" 2>"$out/run.err" 3>&- &
	client_pid=$!
	pids+=("$client_pid")
	lab_until 10 lab_at_least v0 .verdicts.af_xdp 20
}

ended() {
	local status=0

	lab_until 20 dead "$client_pid"
	wait "$client_pid" || status=$?
	[ "$status" = "$1" ] || {
		cat "$out/run.err"
		return 1
	}
}

@test "a killed server: what it had is lost and counted, and a new one takes the queue" {
	attach a
	attach b
	serve xsk --listen 10.99.0.1:7000
	begin 1.5
	kill -KILL "$serve_pid"
	wait "$serve_pid" || true
	lab_until 20 dead "$client_pid"
	wait "$client_pid" || true
	holds '.counts.lost > 0'
	accounted run.err
	serve xsk --listen 10.99.0.1:7000
	ask xsk 10.99.0.1:7000 --local-port 7100 --size 64
	finish
}

@test "the classifier detached during the run: the end says so and stops" {
	attach a
	attach b
	serve xsk --listen 10.99.0.1:7000
	begin 20
	lab_in b "$TRIPATH_BUILD/bin/tp-load" detach v0
	ended 1
	grep -q "the classifier was detached from v0" "$out/run.err"
}

@test "the classifier detached from a server: it says so and ends" {
	attach a
	serve xsk --listen 10.99.0.1:7000
	lab_in a "$TRIPATH_BUILD/bin/tp-load" detach v0
	lab_until 10 dead "$serve_pid"
	status=0
	wait "$serve_pid" || status=$?
	[ "$status" -eq 1 ]
	grep -q "the classifier was detached from v0" "$out/serve.err"
}

@test "an interface deleted during the run: the end says so and stops" {
	attach a
	attach b
	serve xsk --listen 10.99.0.1:7000
	begin 20
	ip -n "$lab_name-b" link delete v0
	ended 1
	grep -q "v0 is gone" "$out/run.err"
}
