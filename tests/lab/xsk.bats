#!/usr/bin/env bats
# shellcheck disable=SC2154 # lab_name is lab.sh's
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tp-xsk, the AF_XDP sink: echo, drop and forward, under kill, stall, starvation, and links that go.

load lab.sh

setup() {
	lab_make 2
	out=$BATS_TEST_TMPDIR
	sink_pids=()
	other_pids=()
}

teardown() {
	local p

	for p in "${sink_pids[@]}" "${other_pids[@]}"; do
		kill -KILL "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	[ ! -e "/run/netns/$lab_name-c" ] || ip netns del "$lab_name-c"
	lab_clean
}

# UDP 7000 and all of TCP above 1023 on AF_XDP.
attach() {
	cat >"$out/policy.yaml" <<-YAML
		version: 1
		name: xsk-lab
		tenants:
		  - {name: default, default: true}
		services:
		  - {name: door, protocol: udp, port: 7000, class: rpc, path: af_xdp}
		  - {name: answers, protocol: udp, port: 7200-7299, class: rpc, path: af_xdp}
		  - {name: wire, protocol: tcp, port: 1024-65535, class: bulk, path: af_xdp}
	YAML
	lab_load attach "$1" --policy "$out/policy.yaml" "${@:2}"
}

# `sink NAME ARGUMENT...` starts tp-xsk in namespace a and waits until it is ready; pid in $sink_pid.
sink() {
	local name=$1

	shift
	nsenter --net="/run/netns/$lab_name-a" -- "$TRIPATH_BUILD/bin/tp-xsk" --json --interval 0 --sanitize "$@" \
		>"$out/$name" 2>"$out/$name.err" 3>&- &
	sink_pid=$!
	sink_pids+=("$sink_pid")
	lab_until 10 said_or_dead "$name" "$sink_pid"
	grep -q '"ready"' "$out/$name" || {
		cat "$out/$name.err"
		return 1
	}
}

said_or_dead() {
	grep -q '"ready"' "$out/$1" || ! kill -0 "$2" 2>/dev/null
}

dead() {
	! kill -0 "$1" 2>/dev/null
}

# Ends the latest sink; its exit status must be $1.
sink_end() {
	kill -TERM "$sink_pid" 2>/dev/null || true
	sink_died "$1"
}

sink_died() {
	local status=0

	lab_until 10 dead "$sink_pid"
	wait "$sink_pid" || status=$?
	[ "$status" = "$1" ] || {
		echo "tp-xsk ended with status $status" >&2
		cat "$out"/*.err >&2
		return 1
	}
}

# `final NAME JQ`: from the last report. `total NAME FIELD` sums a counter of all ports.
final() {
	jq -e "select(.event == \"final\") | $2" "$out/$1"
}

total() {
	final "$1" "[.workers[].ports[].counters.$2] | add"
}

# No frame missing, and what the classifier redirected is what arrived and what the kernel lost.
books_balance() {
	local redirected

	final "$1" 'all(.workers[]; .frames_missing == 0)'
	redirected=$(lab_sum v0 .verdicts.af_xdp)
	final "$1" "([.workers[].ports[] | select(.interface == \"v0\") |
		.counters.rx_packets + .xdp_statistics.rx_dropped + .xdp_statistics.rx_ring_full] | add) == $redirected"
}

peer() {
	lab_in "$1" "$BATS_TEST_DIRNAME/xsk-peer" "${@:2}"
}

asked_right() {
	[ "$(peer b ask "$@")" = "$3 0 0" ]
}

# All of them over AF_XDP: on a busy machine a worker may lose its CPU for 10 ms, and be passed over.
asked_over_xdp() {
	local before

	before=$(lab_sum v0 .verdicts.af_xdp)
	asked_right "$@" 0.2 && lab_at_least v0 .verdicts.af_xdp $((before + $3))
}

sent_over_xdp() {
	local before

	before=$(lab_sum v0 .verdicts.af_xdp)
	lab_send b 10.99.0.1 7000 "$1" 20000
	lab_at_least v0 .verdicts.af_xdp $((before + $1))
}

# `serve NS FILE COMMAND...` starts a server of xsk-peer that writes to FILE, and waits until it is ready.
serve() {
	nsenter --net="/run/netns/$lab_name-$1" -- "$BATS_TEST_DIRNAME/xsk-peer" "${@:3}" >"$out/$2" 3>&- &
	other_pids+=($!)
	lab_until 5 grep -q ready "$out/$2"
}

@test "tp-xsk: without a classifier it names the fix, and bad command lines are refused" {
	run lab_in a "$TRIPATH_BUILD/bin/tp-xsk" --iface v0
	[ "$status" = 1 ]
	[[ $output == *"nothing is attached to v0"*"make load IFACE=v0"* ]]
	for bad in "" "--iface v0 --out v1" "--iface v0 --mode sing" "--iface v0 --ring 1000" "--iface v0 --batch 2" \
		"--iface v0 --mode forward --out v0" "--iface v0 --copy --require zero-copy" \
		"--iface v0 --mode client" "--iface v0 --queue -1" "--iface v0 --duration 0"; do
		# shellcheck disable=SC2086 # a command line
		run lab_in a "$TRIPATH_BUILD/bin/tp-xsk" $bad
		echo "$bad: $output"
		[ "$status" = 2 ]
	done
}

@test "tp-xsk: options that contradict each other are refused, both of them named" {
	local options first second

	while read -r first second options; do
		# shellcheck disable=SC2086 # a command line
		run "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 $options
		echo "$options: $output"
		[ "$status" = 2 ]
		[[ ${lines[0]} == *"$first and $second exclude each other" ||
			${lines[0]} == *"$first goes with --mode "*", not with ${second/./ }" ]]
	done <<-END
		--poll --spin --spin --poll
		--poll --busy-poll --poll --busy-poll
		--spin --busy-poll --busy-poll --spin
		--copy --zero-copy --zero-copy --copy
		--copy --require --require zero-copy --copy
		--out --mode.echo --out v1
		--out --mode.drop --out v1 --mode drop
		--from --mode.echo --from 10.99.0.1:7200
		--to --mode.forward --to 10.99.0.1:7200 --mode forward
		--to-mac --mode.drop --to-mac 02:00:00:00:00:01 --mode drop
		--window --mode.echo --window 1
		--size --mode.echo --mode echo --size 64
	END
	# What says the same thing twice contradicts nothing: it gets as far as the interface.
	run lab_in a "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 --spin --spin --zero-copy --require zero-copy
	[ "$status" = 1 ]
	[[ $output == *"nothing is attached to v0"* ]]
}

# Odd, even, smallest and largest payloads over both families.
echo_all_sizes() {
	local size

	for size in 1 17 64 512 1471 1472; do
		lab_until 20 asked_over_xdp 10.99.0.1 7000 10 $size
		lab_until 20 asked_over_xdp fd99:0::1 7000 10 $((size > 1452 ? 1452 : size))
	done
}

@test "tp-xsk: echo answers ordinary UDP over IPv4 and IPv6, and completes checksums" {
	attach v0
	sink echo --iface v0
	echo_all_sizes
	sink_end 0
	books_balance echo
	final echo '.workers | length == 4'
	final echo '[.workers[].counters.checksums_completed] | add >= 120'
	final echo 'all(.workers[]; .lost_by_sink_packets == 0 and .ports[0].zero_copy == false)'
}

@test "tp-xsk: echo by spinning and by busy polling, one queue; more spinners than CPUs are warned of" {
	local wait

	LAB_QUEUES=1 lab_make
	attach v0
	for wait in --spin --busy-poll; do
		sink "echo$wait" --iface v0 $wait
		echo_all_sizes
		sink_end 0
		final "echo$wait" 'all(.workers[]; .frames_missing == 0 and .counters.idle_waits == 0)'
	done
	LAB_QUEUES=4 lab_make
	attach v0
	sink crowd --iface v0 --spin --cpu 0
	grep -q "4 workers that never sleep share 1 CPU" "$out/crowd.err"
	sink_end 0
}

@test "tp-xsk: wrong checksums and what is not plain UDP are counted, checksum 0 is answered" {
	local mac_a mac_b before

	attach v0
	sink drop --iface v0
	mac_a=$(ip -n "$lab_name-a" -j link show v0 | jq -r '.[0].address' | tr -d :)
	mac_b=$(ip -n "$lab_name-b" -j link show v0 | jq -r '.[0].address' | tr -d :)
	before=$(lab_sum v0 .verdicts.af_xdp)
	python3 - "$mac_a" "$mac_b" >"$out/frames" <<-'PYTHON'
		import struct, sys
		def fold(b):
		    b += b"\0" * (len(b) & 1)
		    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
		    while s >> 16:
		        s = (s & 0xffff) + (s >> 16)
		    return s
		src, dst = bytes([10, 99, 0, 2]), bytes([10, 99, 0, 1])
		def frame(csum=None, options=b"", group=False, tags=b""):
		    udp = struct.pack("!HHHH", 40000, 7000, 18, 0) + b"payload123"
		    right = 0xffff ^ fold(src + dst + struct.pack("!HH", 17, 18) + udp)
		    udp = udp[:6] + struct.pack("!H", right if csum is None else csum) + udp[8:]
		    ip = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + 18, 0, 0, 9, 17, 0, src, dst) + options
		    ip = ip[:10] + struct.pack("!H", 0xffff ^ fold(ip)) + ip[12:]
		    mac = bytes.fromhex(sys.argv[1])
		    if group:
		        mac = b"\xff" * 6
		    return (mac + bytes.fromhex(sys.argv[2]) + tags + b"\x08\0" + ip + udp).hex()
		pseudo = fold(src + dst + struct.pack("!HH", 17, 18))
		print(frame())                                  # right
		print(frame(csum=0))                            # none
		print(frame(csum=pseudo))                       # partial
		print(frame(csum=0x1234))                       # wrong
		print(frame(options=b"\x94\x04\0\0"))           # router alert: answered
		print(frame(options=b"\x83\x07\x04\x0a\x63\0\x09\0")) # source route
		print(frame(group=True))                        # to everybody
	PYTHON
	[ "$(wc -l <"$out/frames")" = 7 ]
	peer b raw v0 <"$out/frames"
	lab_until 5 lab_at_least v0 .verdicts.af_xdp $((before + 7))
	sink_end 0
	[ "$(total drop rx_packets)" = 7 ]
	[ "$(total drop tx_packets)" = 4 ]
	final drop '[.workers[].counters.bad_checksum] | add == 1'
	final drop '[.workers[].counters.unhandled] | add == 2'
	final drop '[.workers[].counters.checksums_completed] | add == 1'
	books_balance drop
}

@test "tp-xsk: zero-copy that veth has not is refused when required, else reported as copy" {
	attach v0
	run lab_in a "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 --require zero-copy
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"zero-copy was required"*"driver veth of v0 refuses it"* ]]
	sink wish --iface v0 --zero-copy
	grep -q "refuses zero-copy for queue 0: copy mode is used" "$out/wish.err"
	sink_end 0
	final wish 'all(.workers[].ports[]; .zero_copy == false)'
}

@test "tp-xsk: a queue has one owner; a killed one is succeeded at once" {
	attach v0
	sink first --iface v0 --queue 1
	run lab_in a "$TRIPATH_BUILD/bin/tp-xsk" --iface v0
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"queue 1 of v0 already feeds process $sink_pid"* ]]
	kill -KILL "$sink_pid"
	sink_died 137
	sink second --iface v0
	lab_until 20 asked_over_xdp 10.99.0.1 7000 20 64
	sink_end 0
	final second 'all(.workers[]; .frames_missing == 0)'
}

@test "tp-xsk: after SIGTERM, and after SIGKILL, traffic goes on over the stack" {
	local signal

	attach v0
	serve a server serve 10.99.0.1 7000
	for signal in TERM KILL; do
		sink "s$signal" --iface v0
		peer b ask 10.99.0.1 7000 15000 64 1 >"$out/asked" 3>&- &
		asker=$!
		lab_until 5 lab_at_least v0 .verdicts.af_xdp $(($(lab_sum v0 .verdicts.af_xdp) + 300))
		kill -$signal "$sink_pid"
		wait $asker
		cat "$out/asked"
		read -r right wrong lost <"$out/asked"
		[ "$wrong" = 0 ]
		if [ $signal = TERM ]; then
			[ "$lost" = 0 ]
			sink_died 0
			final sTERM 'all(.workers[]; .frames_missing == 0)'
		else
			# What was in the dead process's ring died with it: one request.
			[ "$lost" -le 1 ]
			sink_died 137
		fi
		[ "$right" -ge 14999 ]
	done
	lab_at_least v0 .reasons.xsk_unbound 1
}

@test "tp-xsk: a stalled sink's traffic goes to the stack, and comes back" {
	local stalled

	attach v0
	serve a server serve 10.99.0.1 7000
	sink stall --iface v0
	lab_until 20 asked_over_xdp 10.99.0.1 7000 20 64
	stalled=$(lab_sum v0 .reasons.xsk_stalled)
	kill -STOP "$sink_pid"
	sleep 0.05
	asked_right 10.99.0.1 7000 200 64
	lab_at_least v0 .reasons.xsk_stalled $((stalled + 200))
	kill -CONT "$sink_pid"
	lab_until 20 asked_over_xdp 10.99.0.1 7000 20 64
	sink_end 0
	books_balance stall
}

# The 10 ms until a stopped sink counts as stalled are enough to fill its rings, in a known order.
overrun() {
	local n

	peer b flood 10.99.0.1 7000 2 >"$out/flooded" 3>&- &
	for ((n = 0; n < 6; n++)); do
		sleep 0.2
		kill -STOP "$sink_pid"
		sleep 0.05
		kill -CONT "$sink_pid"
	done
	wait $!
}

@test "tp-xsk: a starved fill ring loses what XDP_STATISTICS says, and no frame" {
	attach v0
	sink starved --iface v0 --frames 32 --ring 64
	overrun
	sink_end 0
	books_balance starved
	final starved '[.workers[].ports[].xdp_statistics.rx_dropped] | add > 0'
	final starved '[.workers[].ports[].xdp_statistics.rx_fill_ring_empty_descs] | add > 0'
}

@test "tp-xsk: a full RX ring loses what XDP_STATISTICS says, and no frame" {
	attach v0
	sink full --iface v0 --mode drop --frames 1024 --ring 64
	overrun
	sink_end 0
	books_balance full
	final full '[.workers[].ports[].xdp_statistics.rx_ring_full] | add > 0'
	final full '[.workers[].ports[].counters.rx_ring_peak] | max == 64'
	final full '([.workers[].counters.dropped] | add) == ([.workers[].ports[].counters.rx_packets] | add)'
}

@test "tp-xsk: a full TX ring loses what it counts, and drains when its link is up again" {
	attach v0
	sink wire --iface v0 --mode forward --out v1 --ring 64 --frames 1024
	grep -q "nothing is attached to v1: it only sends" "$out/wire.err"
	ip -n "$lab_name-a" link set v1 down
	peer b flood 10.99.0.1 7000 0.3
	ip -n "$lab_name-a" link set v1 up
	lab_until 20 sent_over_xdp 500
	sink_end 0
	books_balance wire
	final wire '[.workers[].ports[1].counters.tx_ring_full] | add > 0'
	final wire '[.workers[].ports[1].counters.tx_errors] | add > 0'
	final wire '[.workers[] | .ports[0].counters.rx_packets - .ports[1].counters.tx_ring_full - .ports[1].counters.tx_packets] | add == 0'
	final wire 'all(.workers[].ports[1].counters; .tx_completed == .tx_frames)'
}

@test "tp-xsk: links that go down and up again are survived" {
	local side

	attach v0
	sink link --iface v0
	for side in a b; do
		lab_until 20 asked_over_xdp 10.99.0.1 7000 20 64
		ip -n "$lab_name-$side" link set v0 down
		sleep 0.1
		ip -n "$lab_name-$side" link set v0 up
		lab_until 20 asked_over_xdp 10.99.0.1 7000 20 64
	done
	sink_end 0
	books_balance link
}

# Nobody owns a queue of v0.
nobody_owns() {
	lab_load status v0 --json --interval 0.05 | jq -e '.interfaces[0].queues | all(.af_xdp_socket.state == "none")'
}

@test "tp-xsk: a reader that goes away ends it quietly, and a full disk with words; both unbind" {
	local format

	attach v0
	for format in "" --json; do
		# shellcheck disable=SC2086,SC2016 # none or one; for the inner shell
		run lab_in a bash -c '"$@" | head -n 1; exit "${PIPESTATUS[0]}"' _ \
			timeout 10 "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 --interval 0.1 --sanitize $format
		echo "$output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		nobody_owns
		# shellcheck disable=SC2086,SC2016 # none or one; for the inner shell
		run lab_in a bash -c '"$@" >/dev/full' _ timeout 10 "$TRIPATH_BUILD/bin/tp-xsk" --iface v0 --sanitize $format
		echo "$output"
		[ "$status" = 1 ]
		[ "$output" = "tp-xsk: error: cannot write to standard output: No space left on device" ]
		nobody_owns
	done
}

@test "tp-xsk: an interface that is deleted ends it with words" {
	attach v0
	sink gone --iface v0
	ip -n "$lab_name-b" link del v0
	sink_died 1
	grep -q "v0 is gone" "$out/gone.err"
	final gone 'all(.workers[]; .frames_missing == 0)'
}

# Packets that the classifier redirected, though a machine under load may let the sink stall now and then.
flooded() {
	peer b flood 10.99.0.1 7000 0.2
	lab_at_least v0 .reasons.xsk_redirected "$1"
}

@test "tp-xsk: forwarding into an interface that is deleted loses what it counts" {
	attach v0
	sink cut --iface v0 --mode forward --out v1 --ring 64 --frames 1024
	# Down first: what is sent then stays on the TX ring.
	ip -n "$lab_name-a" link set v1 down
	lab_until 20 flooded 200
	ip -n "$lab_name-a" link del v1
	sink_died 1
	grep -q "v1 is gone" "$out/cut.err"
	books_balance cut
	# Every packet that was taken was sent, or is in exactly one counter of loss.
	final cut '[.workers[] | .ports[0].counters.rx_packets - .ports[1].counters.tx_ring_full
		- .ports[1].counters.tx_completed - .ports[1].counters.tx_unsent] | add == 0'
	final cut '[.workers[].ports[1].counters.tx_unsent] | add > 0'
	final cut 'all(.workers[]; .lost_by_sink_packets == .ports[1].counters.tx_ring_full
		+ .ports[1].counters.tx_device_dropped + .ports[1].counters.tx_unsent)'
}

@test "tp-xsk: detach ends it with words" {
	attach v0
	sink detached --iface v0
	lab_load detach v0
	sink_died 1
	grep -q "the classifier was detached from v0" "$out/detached.err"
}

@test "tp-xsk: jumbo packets take several frames" {
	ip -n "$lab_name-a" link set v0 mtu 9000
	ip -n "$lab_name-b" link set v0 mtu 9000
	attach v0
	sink jumbo --iface v0
	for size in 8972 3839 64; do
		lab_until 20 asked_over_xdp 10.99.0.1 7000 10 $size
		lab_until 20 asked_over_xdp fd99:0::1 7000 10 $((size > 8952 ? 8951 : size))
	done
	sink_end 0
	books_balance jumbo
	final jumbo 'all(.workers[].ports[]; .multi_buffer)'
	[ "$(total jumbo rx_frames)" -gt "$(total jumbo rx_packets)" ]
}

@test "tp-xsk: forwards TCP and UDP both ways between two interfaces that a bridge joins without it" {
	local signal

	ip netns add "$lab_name-c"
	ip -n "$lab_name-b" link set v1 netns "$lab_name-c"
	ip -n "$lab_name-c" addr add 10.99.0.3/24 dev v1
	ip -n "$lab_name-c" link set v1 up
	ip -n "$lab_name-a" addr flush dev v0
	ip -n "$lab_name-a" addr flush dev v1
	ip -n "$lab_name-a" link add br0 type bridge
	ip -n "$lab_name-a" link set v0 master br0
	ip -n "$lab_name-a" link set v1 master br0
	ip -n "$lab_name-a" link set br0 up
	attach v0
	attach v1
	sink wire --iface v0 --mode forward --out v1

	serve c received tcp-serve 10.99.0.3 5201
	peer b tcp-send 10.99.0.3 5201 20000000 >"$out/sent"
	lab_until 5 grep -qf "$out/sent" "$out/received"
	serve c server serve 10.99.0.3 7000
	asked_right 10.99.0.3 7000 200 500

	# TCP goes on over the bridge when the sink stops in the middle of it.
	serve c received tcp-serve 10.99.0.3 5202
	peer b tcp-send 10.99.0.3 5202 20000000 >"$out/sent" 3>&- &
	sleep 0.05
	sink_end 0
	wait $!
	lab_until 5 grep -qf "$out/sent" "$out/received"

	books_balance wire
	final wire '[.workers[].counters.checksums_completed] | add > 1000'
	final wire '[.workers[].ports[] | select(.interface == "v1").counters.rx_packets] | add > 100'
	lab_at_least v0 .reasons.xsk_redirected 1000
	lab_at_least v1 .reasons.xsk_redirected 100
}

@test "tp-xsk: a client over AF_XDP gets every answer" {
	local mac

	attach v0
	attach v1
	mac=$(ip -n "$lab_name-b" -j link show v1 | jq -r '.[0].address')
	serve b server serve 10.99.1.2 7000
	lab_in a "$TRIPATH_BUILD/bin/tp-xsk" --json --interval 0 --sanitize --iface v1 --mode client --count 4000 \
		--from 10.99.1.1:7200 --to 10.99.1.2:7000 --to-mac "$mac" --window 8 >"$out/client"
	cat "$out/client"
	final client '[.workers[].counters.answered] | add == 4000'
	final client '[.workers[].counters.bad_checksum] | add == 0'

	# A port for each queue, or none at all.
	run lab_in a "$TRIPATH_BUILD/bin/tp-xsk" --iface v1 --mode client --count 4 \
		--from 10.99.1.1:65533 --to 10.99.1.2:7000 --to-mac "$mac"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"--from: 4 workers"*"at most 65532"* ]]
}
