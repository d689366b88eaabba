#!/usr/bin/env bats
# shellcheck disable=SC2154 # lab_name is lab.sh's
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tp-load on real interfaces: attach, status, explain, reload, detach, and who else may be there.

load lab.sh

setup() {
	lab_make
	sink=
	servers=()
	policy=$BATS_TEST_TMPDIR/policy.yaml
	policy_with 7000 stack >"$policy"
}

teardown() {
	[ -z "$sink" ] || kill -KILL "$sink" 2>/dev/null || true
	[ ${#servers[@]} = 0 ] || kill -KILL "${servers[@]}" 2>/dev/null || true
	lab_clean
}

# One service `door` on the UDP port $1 with path $2, and whatever else is on stdin.
policy_with() {
	cat <<-YAML
		version: 1
		name: lab
		tenants:
		  - {name: default, default: true}
		  - {name: peer, match: {peer: [10.99.0.0/24, "fd99::/64"]}}
		services:
		  - {name: door, protocol: udp, port: $1, class: rpc, path: $2}
	YAML
}

@test "attach, status, explain and detach agree, and bpftool reads the pins" {
	run lab_load attach v0 --policy "$policy"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"in native mode"*"policy lab, 4 queue(s)"* ]]
	lab_send b 10.99.0.1 7000 1000
	lab_until 5 lab_at_least v0 .reasons.service_stack 1000

	lab_load status v0 --json --interval 0.1 >"$BATS_TEST_TMPDIR/status"
	cat "$BATS_TEST_TMPDIR/status"
	jq -e '.interfaces[0] | .mode == "native" and .policy.name == "lab" and (.queues | length) == 4
		and .program_id == '"$(lab_xdp v0)"'
		and (.services[] | select(.service == "door") | .packets == 1000 and .verdicts.stack == 1000)
		and (.tenants[] | select(.tenant == "peer") | .packets == 1000)
		and .flow_table.used == 64 and .flow_table.events.inserted == 64
		and .reasons.service_stack == 1000' "$BATS_TEST_TMPDIR/status"
	lab_load status --interval 0.1 | grep -E 'door +rpc +stack'

	run lab_load explain v0 udp 10.99.0.2:5000 10.99.0.1:7000
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"service  door"*"tenant   peer"*"class    rpc"*"service_stack"* ]]
	lab_load explain v0 udp '[fd99::2]:5000' '[fd99::1]:9' --json | jq -e '.service == "none" and .reason == "no_service"'
	# Asking changed nothing.
	[ "$(lab_sum v0 .reasons.service_stack)" = 1000 ]
	[ "$(lab_sum v0 .reasons.no_service)" -le 20 ]

	run lab_load detach v0
	[ "$status" = 0 ]
	[ -z "$(lab_xdp v0)" ]
	[ ! -e "$(lab_pin '')" ]
	run lab_load detach v0
	[ "$status" = 1 ]
	[[ $output == *"nothing of tripath is attached to v0"* ]]
}

@test "a second attach says since when, and changes nothing" {
	lab_load attach v0 --policy "$policy"
	id=$(lab_xdp v0)
	run lab_load attach v0 --policy "$policy"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"v0 is attached already, since 2"*"tp-load reload v0"* ]]
	[ "$(lab_xdp v0)" = "$id" ]
}

@test "a foreign program is named and left alone" {
	lab_in a bpftool prog load "$TRIPATH_BUILD/bpf/nothing.bpf.o" "/sys/fs/bpf/tripath-lab-$$" type xdp
	lab_in a bpftool net attach xdpdrv pinned "/sys/fs/bpf/tripath-lab-$$" dev v0
	rm "/sys/fs/bpf/tripath-lab-$$"
	id=$(lab_xdp v0)
	run lab_load attach v0 --policy "$policy"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"v0 runs the XDP program \`nothing\` (id $id, native)"*"ip link set dev v0 xdpdrv off"* ]]
	run lab_load detach v0
	[ "$status" = 1 ]
	[[ $output == *"id $id"*"stays"* ]]
	[ "$(lab_xdp v0)" = "$id" ]
	ip -n "$lab_name-a" link set dev v0 xdpdrv off
	lab_load attach v0 --policy "$policy"
}

@test "xdp-loader does not displace us, and we do not displace what it loaded" {
	object=$(echo /usr/lib/*/bpf/xdpfilt_alw_all.o)
	lab_load attach v0 --policy "$policy"
	id=$(lab_xdp v0)
	run lab_in a xdp-loader load v0 "$object"
	echo "$output"
	[ "$status" != 0 ]
	[ "$(lab_xdp v0)" = "$id" ]
	lab_load detach v0

	lab_in a xdp-loader load v0 "$object"
	id=$(lab_xdp v0)
	run lab_load attach v0 --policy "$policy"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"id $id"* ]]
	[ "$(lab_xdp v0)" = "$id" ]
	lab_in a xdp-loader unload v0 --all
	# xdp-loader and xdp-filter share a directory of pins.
	rm -rf /sys/fs/bpf/xdp-filter
}

@test "reload under load loses no packet and no packet sees half a policy" {
	lab_two_sided p1 7000 7009 >"$BATS_TEST_TMPDIR/p1.yaml"
	lab_two_sided p2 7009 7000 >"$BATS_TEST_TMPDIR/p2.yaml"
	lab_load attach v0 --policy "$BATS_TEST_TMPDIR/p1.yaml"
	delivered=$(lab_delivered)
	sent=0
	reloads=0
	# As much again where the machine had other things to do than to reload.
	while [ $sent -lt 80000 ] || [ $reloads -lt 20 ]; do
		lab_send b 10.99.0.1 7000 40000 20000 &
		sender=$!
		while kill -0 $sender 2>/dev/null; do
			lab_load reload v0 --policy "$BATS_TEST_TMPDIR/p$((reloads % 2 ? 1 : 2)).yaml" >/dev/null
			reloads=$((reloads + 1))
		done
		wait $sender
		sent=$((sent + 40000))
	done
	lab_until 5 lab_at_least v0 .reasons.service_stack $sent
	echo "$reloads reloads, $sent packets"
	[ $(($(lab_delivered) - delivered)) -ge $sent ]

	lab_load status v0 --json --interval 0.05 >"$BATS_TEST_TMPDIR/status"
	jq '.interfaces[0] | {reasons, policy, services, tenants, flow_table}' "$BATS_TEST_TMPDIR/status"
	jq -e '.interfaces[0] | (.reasons | .service_stack == '$sent' and .no_policy == null and .no_service == null)
		and .policy.generation == '$((reloads + 1))'
		and ([.services[] | select(.service == "one").packets] == [.tenants[] | select(.tenant == "t1").packets])
		and ([.services[] | select(.service == "two").packets] == [.tenants[] | select(.tenant == "t2").packets])
		and ([.services[] | select(.service == "one" or .service == "two").packets] | all(. > 0) and add == '$sent')
		and .flow_table.events.refreshed > 0' "$BATS_TEST_TMPDIR/status"
}

# The packets of the service or tenant $1; nothing where the policy has no such name.
counted_as() {
	lab_load status v0 --json --interval 0.05 |
		jq -r --arg name "$1" '[.interfaces[0] | (.services[], .tenants[]) | select((.service // .tenant) == $name).packets | tostring] | join(" ")'
}

@test "after a reload each counter is still of the service and tenant that it is named after" {
	policy_with 7000 stack >"$BATS_TEST_TMPDIR/old.yaml"
	cat >"$BATS_TEST_TMPDIR/new.yaml" <<-YAML
		version: 1
		name: lab
		tenants:
		  - {name: other, match: {local: [10.99.0.1/32]}}
		  - {name: peer, match: {peer: [10.99.0.0/24, "fd99::/64"]}}
		  - {name: default, default: true}
		services:
		  - {name: window, protocol: udp, port: 7001, class: rpc, path: stack, tenant: other}
		  - {name: door, protocol: udp, port: 7000, class: rpc, path: stack, tenant: peer}
	YAML
	lab_load attach v0 --policy "$BATS_TEST_TMPDIR/old.yaml"
	lab_send b 10.99.0.1 7000 640
	lab_until 5 lab_at_least v0 .reasons.service_stack 640

	lab_load reload v0 --policy "$BATS_TEST_TMPDIR/new.yaml"
	[ "$(counted_as door) $(counted_as peer) $(counted_as window) $(counted_as other)" = "640 640 0 0" ]
	lab_send b 10.99.0.1 7001 64
	lab_until 5 lab_at_least v0 .reasons.service_stack 704
	[ "$(counted_as door) $(counted_as peer) $(counted_as window) $(counted_as other)" = "640 640 64 64" ]

	# What goes away is not left to the next that comes.
	sed -e 's/door/hatch/' -e 's/peer,/guest,/' -e 's/tenant: peer/tenant: guest/' "$BATS_TEST_TMPDIR/new.yaml" >"$BATS_TEST_TMPDIR/third.yaml"
	lab_load reload v0 --policy "$BATS_TEST_TMPDIR/third.yaml"
	[ "$(counted_as hatch) $(counted_as guest) $(counted_as window) $(counted_as other)" = "0 0 64 64" ]
	[ "$(counted_as door)$(counted_as peer)" = "" ]
	lab_send b 10.99.0.1 7000 64
	lab_until 5 lab_at_least v0 .reasons.service_stack 768
	[ "$(counted_as hatch) $(counted_as guest) $(counted_as window) $(counted_as other)" = "64 64 64 64" ]
	lab_load reload v0 --policy "$BATS_TEST_TMPDIR/old.yaml"
	lab_load reload v0 --policy "$BATS_TEST_TMPDIR/third.yaml"
	[ "$(counted_as hatch) $(counted_as guest) $(counted_as window) $(counted_as other)" = "0 0 0 0" ]
	lab_load explain v0 udp 10.99.0.2:5000 10.99.0.1:7001 --json | jq -e '.service == "window" and .tenant == "other"'
	lab_load status v0 --interval 0.05 | awk '/SERVICE/, /REASON/' >"$BATS_TEST_TMPDIR/text"
	cat "$BATS_TEST_TMPDIR/text"
	[ "$(grep -cE '^  (none|control|window|hatch|other|guest|default) ' "$BATS_TEST_TMPDIR/text")" = 7 ]
	[ "$(grep -cE '^ +[0-9]' "$BATS_TEST_TMPDIR/text")" = 0 ]
}

# As an attach that is busy holds it: the directory's lock.
holding() {
	(
		exec 9<"$1"
		flock 9
		exec sleep 30
	) 3>&- &
	holder=$!
	lab_until 5 is_held "$1"
}

is_held() {
	! flock -n "$1" true
}

let_go() {
	kill $holder
	wait $holder || true
}

@test "a reload does not wait for who attaches another interface, and waits for who works on its own" {
	lab_load attach v0 --policy "$policy"
	holding /sys/fs/bpf/tripath
	run lab_in a timeout 10 "$TRIPATH_BUILD/bin/tp-load" reload v0 --policy "$policy"
	let_go
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"generation 2"* ]]

	holding "$(lab_pin v0)"
	for what in "reload v0 --policy $policy" "detach v0"; do
		# shellcheck disable=SC2086
		run lab_in a timeout 0.5 "$TRIPATH_BUILD/bin/tp-load" $what
		[ "$status" = 124 ]
	done
	# What a reload waited for may have taken the interface off.
	lab_in a "$TRIPATH_BUILD/bin/tp-load" reload v0 --policy "$policy" >"$BATS_TEST_TMPDIR/waited" 2>&1 3>&- &
	waits=$!
	sleep 0.3
	rm -r "$(lab_pin '')"
	let_go
	status=0
	wait $waits || status=$?
	cat "$BATS_TEST_TMPDIR/waited"
	[ "$status" = 1 ]
	grep -q 'nothing of tripath is attached to v0' "$BATS_TEST_TMPDIR/waited"
}

@test "reload refuses a policy that is wrong, and one with another flow table" {
	lab_load attach v0 --policy "$policy"
	echo 'nonsense' >"$BATS_TEST_TMPDIR/bad.yaml"
	run lab_load reload v0 --policy "$BATS_TEST_TMPDIR/bad.yaml"
	[ "$status" = 2 ]
	{ cat "$policy"; printf 'interface:\n  flows: 4096\n'; } >"$BATS_TEST_TMPDIR/flows.yaml"
	run lab_load reload v0 --policy "$BATS_TEST_TMPDIR/flows.yaml"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"4096 flows"*"131072"*"tp-load detach v0 && tp-load attach v0"* ]]
	lab_load status v0 --json --interval 0.05 | jq -e '.interfaces[0].policy.generation == 1'
}

@test "a flow goes to another CPU through the cpumap, and the CPU follows the policy" {
	cat >"$BATS_TEST_TMPDIR/cpu.yaml" <<-YAML
		version: 1
		name: cpu
		cpus:
		  - {class: rpc, weights: [{cpu: 1, weight: 1}]}
		tenants:
		  - {name: default, default: true}
		services:
		  - {name: door, protocol: udp, port: 7000, class: rpc, path: cpu}
	YAML
	lab_load attach v0 --policy "$policy"
	[ ! -e "$(lab_pin v0/links/drop_cpu_queue)" ]
	run lab_load reload v0 --policy "$BATS_TEST_TMPDIR/cpu.yaml"
	echo "$output"
	[ "$status" = 0 ]
	[ -e "$(lab_pin v0/links/drop_cpu_queue)" ]
	lab_load explain v0 udp 10.99.0.2:1 10.99.0.1:7000 --json | jq -e '.verdict == "cpu" and .cpu == 1'
	lab_send b 10.99.0.1 7000 1000 20000
	lab_until 5 lab_at_least v0 .verdicts.cpu 1000
	lab_until 5 lab_delivered_at_least 1000
	sed -i 's/cpu: 1,/cpu: 999,/' "$BATS_TEST_TMPDIR/cpu.yaml"
	run lab_load reload v0 --policy "$BATS_TEST_TMPDIR/cpu.yaml"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"CPU 999"* ]]
	lab_load reload v0 --policy "$policy"
	run bpftool map lookup pinned "$(lab_pin v0/cpus)" key 1 0 0 0
	[[ $output != *'"qsize": 2048'* ]]
}

@test "generic mode is had when asked for, and counts with atomics" {
	run lab_load attach v0 --policy "$policy" --mode generic
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"in generic mode"* ]]
	lab_send b 10.99.0.1 7000 1000
	lab_until 5 lab_at_least v0 .reasons.service_stack 1000
	lab_load status v0 --json --interval 0.05 | jq -e '.interfaces[0].mode == "generic"'
	lab_load explain v0 udp 10.99.0.2:1 10.99.0.1:7000 | grep 'service_stack'
}

@test "a driver without native XDP gets generic mode in auto, with the reason, and a refusal in native" {
	ip -n "$lab_name-a" link add br0 type bridge
	run lab_load attach br0 --policy "$policy" --mode native
	echo "$output"
	[ "$status" = 3 ]
	[[ $output == *"driver bridge refuses XDP on br0"*"--mode generic"* ]]
	[ ! -e "$(lab_pin '')" ]
	run lab_load attach br0 --policy "$policy"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"driver bridge refuses native XDP"*"in generic mode"* ]]
}

@test "the loopback, which has no native XDP, gets generic mode in auto, and a refusal in native" {
	run lab_load attach lo --policy "$policy" --mode native
	echo "$output"
	[ "$status" = 3 ]
	[[ $output == *"lo is the loopback: it has no driver"*"--mode generic"* ]]
	[[ $output != *"mtu"* ]]
	[ ! -e "$(lab_pin '')" ]
	run lab_load attach lo --policy "$policy"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"the loopback has no driver and no other mode"*"in generic mode"* ]]
	[[ $output != *"one receive queue"* ]]
	lab_in a ip link set lo up
	lab_send a 127.0.0.1 7000 100
	lab_until 5 lab_at_least lo .reasons.service_stack 100
}

@test "MTU 9000 is served natively in several buffers" {
	ip -n "$lab_name-a" link set v0 mtu 9000
	ip -n "$lab_name-b" link set v0 mtu 9000
	run lab_load attach v0 --policy "$policy" --mode native
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"MTU 9000"*"XDP_USE_SG"*"in native mode"* ]]
	lab_in b python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(100):
    try:
        s.sendto(b"x" * 8900, ("10.99.0.1", 7000))
    except ConnectionRefusedError:
        pass'
	lab_until 5 lab_at_least v0 .reasons.service_stack 90
	lab_load status v0 --json --interval 0.05 |
		jq -e '.interfaces[0].services[] | select(.service == "door").frames_by_size_bytes.gt_4096 >= 90'
}

@test "two interfaces at once have figures and policies of their own" {
	lab_clean
	lab_make 2
	policy_with 7100 stack | sed 's/name: lab/name: other/' >"$BATS_TEST_TMPDIR/other.yaml"
	lab_load attach v0 --policy "$policy"
	lab_load attach v1 --policy "$BATS_TEST_TMPDIR/other.yaml"
	lab_send b 10.99.1.1 7100 100
	lab_until 5 lab_at_least v1 .reasons.service_stack 100
	[ "$(lab_sum v0 .reasons.service_stack)" = 0 ]
	lab_load status --json --interval 0.05 | jq -e '[.interfaces[] | .interface + " " + .policy.name] == ["v0 lab", "v1 other"]'
	lab_load detach v0
	[ -z "$(lab_xdp v0)" ]
	[ -n "$(lab_xdp v1)" ]
	lab_load detach --all
	[ -z "$(lab_xdp v1)" ]
}

@test "an interface with dots in its name, and one that is renamed" {
	ip -n "$lab_name-a" link set v0 down
	ip -n "$lab_name-a" link set v0 name v0.7
	ip -n "$lab_name-a" link set v0.7 up
	lab_load attach v0.7 --policy "$policy"
	[ -e "$(lab_pin v0:7/queue_stats)" ]
	ip -n "$lab_name-a" link set v0.7 down
	ip -n "$lab_name-a" link set v0.7 name v8
	run lab_load attach v8 --policy "$policy"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"under the name v0.7"* ]]
	lab_load status v0.7 --json --interval 0.05 | jq -e '.interfaces[0].interface == "v8"'
	lab_load detach v0.7
	[ -z "$(lab_xdp v8)" ]
}

@test "status of nothing, of nobody, and words that are wrong" {
	run lab_load status
	[ "$status" = 0 ]
	[[ $output == *"nothing is attached"* ]]
	lab_load status --json | jq -e '.interfaces == []'
	run lab_load status v0
	[ "$status" = 1 ]
	run lab_load attach nosuch --policy "$policy"
	[ "$status" = 1 ]
	[[ $output == *"No such device"*"ip link"* ]]
	run lab_load attach v0
	[ "$status" = 2 ]
	run lab_load attach v0 --policy "$policy" --mode fast
	[ "$status" = 2 ]
	run lab_load fly
	[ "$status" = 2 ]
	run lab_load explain v0 sctp 1.2.3.4:5 1.2.3.4:6
	[ "$status" = 2 ]
	[ ! -e "$(lab_pin '')" ]
}

@test "output that cannot be written is a failure with words, a reader that goes away one without" {
	full() {
		# shellcheck disable=SC2016 # for the inner shell
		run lab_in a bash -c '"$@" >/dev/full' _ timeout 10 "$TRIPATH_BUILD/bin/tp-load" "$@"
		echo "$output"
		[ "$status" = 1 ]
		[ "$(grep -c "error: cannot write to standard output: No space left on device" <<<"$output")" = 1 ]
	}
	full --version
	full help
	full status
	full attach v0 --policy "$policy"
	[ -n "$(lab_xdp v0)" ]
	full status v0 --interval 0.05
	full status v0 --interval 0.05 --json
	full status v0 --watch=0.05
	full explain v0 udp 10.99.0.2:1 10.99.0.1:7000
	full explain v0 udp 10.99.0.2:1 10.99.0.1:7000 --json
	full reload v0 --policy "$policy"
	# shellcheck disable=SC2016 # for the inner shell
	run lab_in a bash -c '"$@" | head -n 1; exit "${PIPESTATUS[0]}"' _ \
		timeout 10 "$TRIPATH_BUILD/bin/tp-load" status v0 --watch=0.05 --json
	[ "$status" = 1 ]
	jq -e '.interfaces[0].interface == "v0"' <<<"$output"
}

@test "status and explain know a sink that lives, one that stalled, one that was killed, and none" {
	policy_with 7000 af_xdp >"$policy"
	lab_load attach v0 --policy "$policy"
	without() {
		lab_load explain v0 udp 10.99.0.2:1 10.99.0.1:7000 --json --queue 1 |
			jq -r '.verdict + " " + .reason + " " + .without_af_xdp_socket'
	}
	[ "$(without)" = "stack xsk_unbound xsk_unbound" ]

	# `start_sink COMMAND...`: by that command, which becomes it.
	start_sink() {
		nsenter --net="/run/netns/$lab_name-a" "$@" "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 --mode drop --poll \
			--json >"$BATS_TEST_TMPDIR/sink" 2>&1 3>&- &
		sink=$!
	}
	start_sink
	sink_is() {
		lab_load status v0 --json --interval 0.05 |
			jq -e '.interfaces[0].queues | all(.af_xdp_socket.state == "'"$1"'")' >/dev/null
	}
	lab_until 10 sink_is alive
	# On a busy machine a sink can miss a beat, and its frames are the stack's until the next one.
	redirected() {
		[ "$(without)" = "af_xdp xsk_redirected xsk_unbound" ]
	}
	lab_until 5 redirected
	lab_send b 10.99.0.1 7000 1000 20000
	lab_until 5 lab_at_least v0 .verdicts.af_xdp 1000

	# explain asks for the time and leaves the row of the live queue as it is; several ticks have passed.
	clocks() { bpftool map dump pinned "$(lab_pin v0/xsk_heartbeat)" -j | jq -c '[.[].formatted.value.clock]'; }
	clocks_before=$(clocks)
	lab_load explain v0 udp 10.99.0.2:5000 10.99.0.1:7000 >/dev/null
	[ "$(clocks)" = "$clocks_before" ]
	[ "$clocks_before" != "[0,0]" ]

	kill -STOP $sink
	lab_until 5 sink_is stalled
	lab_load status v0 --interval 0.05 | grep -E "stalled for .* s, pid $sink"
	[ "$(without)" = "stack xsk_stalled xsk_unbound" ]
	kill -CONT $sink
	lab_until 5 sink_is alive
	kill -TERM $sink
	wait $sink || true
	lab_until 5 sink_is none
	lab_load status v0 --json --interval 0.05 | jq -e '.interfaces[0].redirect_drops.af_xdp_other == 0'

	start_sink
	lab_until 10 sink_is alive
	kill -KILL $sink
	wait $sink || true
	lab_until 5 sink_is gone
	lab_load status v0 --interval 0.05 | grep -E "gone for .* s: pid $sink was killed"
	[ "$(without)" = "stack xsk_stalled xsk_unbound" ]
	# Its queues are free for the next one, here in a pid namespace of its own, where it has another number.
	start_sink unshare --pid --fork --kill-child
	lab_until 10 sink_is alive
	kill -KILL $sink
	wait $sink || true
	lab_until 5 sink_is stalled
}

@test "frames that a full ring loses are counted by queue, and agree with what the sink got" {
	policy_with 7000 af_xdp >"$policy"
	lab_load attach v0 --policy "$policy"
	nsenter --net="/run/netns/$lab_name-a" "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 --mode drop --poll --ring 64 \
		--json --interval 0 >"$BATS_TEST_TMPDIR/sink" 2>"$BATS_TEST_TMPDIR/sink.err" 3>&- &
	sink=$!
	ready() { grep -q '"ready"' "$BATS_TEST_TMPDIR/sink"; }
	lab_until 10 ready
	# A stopped sink counts as alive for 10 ms more: time enough to fill 64 descriptors, mostly.
	burst() {
		lab_in b python3 -c '
import os, signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", ("10.99.0.1", 7000))
os.kill(int(sys.argv[1]), signal.SIGSTOP)
for _ in range(2000):
    s.sendto(b"x" * 64, ("10.99.0.1", 7000))
os.kill(int(sys.argv[1]), signal.SIGCONT)' $sink
		lab_load status v0 --json --interval 0.05 | jq '.interfaces[0]' >"$BATS_TEST_TMPDIR/status"
		jq -e '.redirect_drops.af_xdp_ring_full > 0' "$BATS_TEST_TMPDIR/status" >/dev/null
	}
	lab_until 20 burst
	lab_load status v0 --json --interval 0.5 | jq '.interfaces[0]' >"$BATS_TEST_TMPDIR/status"
	kill -TERM $sink
	wait $sink || true
	tail -n 1 "$BATS_TEST_TMPDIR/sink" | jq '[.workers[].ports[]] |
		{got: map(.counters.rx_packets) | add, full: map(.xdp_statistics.rx_ring_full) | add}' |
		tee "$BATS_TEST_TMPDIR/got"
	jq -c '.redirect_drops, .verdicts' "$BATS_TEST_TMPDIR/status"
	jq -e --slurpfile got "$BATS_TEST_TMPDIR/got" '.redirect_drops.af_xdp_ring_full == $got[0].full
		and .verdicts.af_xdp == $got[0].got + $got[0].full' "$BATS_TEST_TMPDIR/status"
}

@test "a mount namespace that hides the pins is refused, with the way to go" {
	local arguments

	hidden() {
		# shellcheck disable=SC2016 # for the inner shell to expand
		unshare --mount bash -c 'umount /sys/fs/bpf 2>/dev/null; exec nsenter --net="$1" "${@:2}"' _ "/run/netns/$lab_name-a" "$@"
	}
	run hidden "$TRIPATH_BUILD/bin/tp-load" attach v0 --policy "$policy"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"nsenter --net="* ]]
	[ -z "$(lab_xdp v0)" ]

	# Nor does any other command take what it cannot see for nothing.
	lab_load attach v0 --policy "$policy"
	while read -ra arguments; do
		run hidden "$TRIPATH_BUILD/bin/${arguments[0]}" "${arguments[@]:1}"
		echo "${arguments[*]}: $output"
		[ "$status" = 1 ]
		[[ $output == *"nsenter --net="* ]]
	done <<-END
		tp-load status
		tp-load status v0 --json
		tp-load detach --all
		tp-load reload v0 --policy $policy
		tp-load explain v0 udp 10.99.0.2:1 10.99.0.1:7000
		tp-xsk --iface v0
	END
	[ -n "$(lab_xdp v0)" ]
}

@test "a renamed interface is found under the name that it had" {
	lab_load attach v0 --policy "$policy"
	lab_in a ip link set v0 down
	lab_in a ip link set v0 name w0
	for command in detach status; do
		run lab_load $command w0
		echo "$output"
		[ "$status" = 1 ]
		[[ $output == *"under the name v0"* ]]
	done
	lab_load detach v0
}

@test "path cpu on native veth warns of checksums, at reload as at attach" {
	lab_load attach v0 --policy "$policy"
	sed 's/^name: lab/name: lab\ncpus: [{class: rpc, weights: [{cpu: 0, weight: 1}]}]/; s/path: stack/path: cpu/' \
		"$policy" >"$BATS_TEST_TMPDIR/cpu.yaml"
	run lab_load reload v0 --policy "$BATS_TEST_TMPDIR/cpu.yaml"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"ethtool -K PEER tx off"* ]]
	lab_load detach v0
	run lab_load attach v0 --policy "$BATS_TEST_TMPDIR/cpu.yaml"
	[[ $output == *"ethtool -K PEER tx off"* ]]
}

@test "path cpu on native veth serves ordinary sockets once the peer computes its checksums" {
	local answered=()

	sed 's/^name: lab/name: lab\ncpus: [{class: rpc, weights: [{cpu: 0, weight: 1}, {cpu: 1, weight: 1}]}]/' "$policy" |
		sed 's/path: stack/path: cpu/' >"$BATS_TEST_TMPDIR/cpu.yaml"
	echo '  - {name: pipe, protocol: tcp, port: 5201, class: rpc, path: cpu}' >>"$BATS_TEST_TMPDIR/cpu.yaml"
	lab_load attach v0 --policy "$BATS_TEST_TMPDIR/cpu.yaml"
	peer() { nsenter --net="/run/netns/$lab_name-$1" -- "$BATS_TEST_DIRNAME/xsk-peer" "${@:2}"; }
	for server in "serve 10.99.0.1 7000" "serve fd99:0::1 7000" "tcp-serve 10.99.0.1 5201"; do
		# Not by peer: $! would name a subshell, and its child would outlive it.
		# shellcheck disable=SC2086 # words of a command
		nsenter --net="/run/netns/$lab_name-a" -- "$BATS_TEST_DIRNAME/xsk-peer" $server >"$BATS_TEST_TMPDIR/server${#servers[@]}" 3>&- &
		servers+=($!)
		lab_until 5 grep -q ready "$BATS_TEST_TMPDIR/server$((${#servers[@]} - 1))"
	done
	# shellcheck disable=SC2016 # awk's
	csum_errors() { lab_in a awk '/^Udp: [0-9]/ {print $8}' /proc/net/snmp; }

	# What the warning says: the requests arrive, and the stack takes them for corrupt.
	answered+=("$(peer b ask 10.99.0.1 7000 5 64 0.2)")
	[ "$(csum_errors)" -ge 5 ]
	# And its fix.
	lab_in b ethtool -K v0 tx off
	answered+=("$(peer b ask 10.99.0.1 7000 500 64)" "$(peer b ask fd99:0::1 7000 500 1000)")
	peer b tcp-send 10.99.0.1 5201 2000000 >"$BATS_TEST_TMPDIR/sent"
	lab_until 5 grep -qf "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/server2"
	printf '%s\n' "${answered[@]}"
	[ "${answered[*]}" = "0 0 5 500 0 0 500 0 0" ]
	[ "$(csum_errors)" -eq 5 ]
	# All of it took that path.
	lab_at_least v0 .verdicts.cpu 1005
}

@test "an interface of a single queue is attached to, and told of" {
	lab_clean
	LAB_QUEUES=1 lab_make
	lab_load attach v0 --policy "$policy"
	lab_send b 10.99.0.1 7000 100
	lab_until 5 lab_at_least v0 .reasons.service_stack 100
	lab_load status v0 --json --interval 0.05 |
		jq -e '.interfaces[0] | (.queues | length) == 1 and .reasons.service_stack == 100
			and .redirect_drops.af_xdp_ring_full == 0'
	lab_load status v0 --interval 0.05 | grep -F 'lost by redirects: 0 AF_XDP ring full'
}
