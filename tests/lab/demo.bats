#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell, with a pid of its own
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The demo as a user sees it: that its figures agree, that a failure is named, and that nothing is ever left.

setup() {
	demo=$BATS_TEST_DIRNAME/demo
	out=$BATS_TEST_TMPDIR/out
	pid=
	"$BATS_TEST_DIRNAME/fetch-debs.sh" "$BATS_TEST_DIRNAME/../../build/demo"
}

# A test that fails half-way ends the demo that it started, and the demo cleans up.
teardown() {
	[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" || true
}

# In a process group of its own, as a terminal would run it; bash lets background jobs ignore SIGINT.
start_demo() {
	env --default-signal=INT setsid "$demo" >"$out" 2>&1 3>&- &
	pid=$!
}

wait_for_line() {
	for _ in {1..600}; do
		grep -q "$1" "$out" && return
		kill -0 "$pid"
		sleep 0.05
	done
	return 1
}

# What carries the mark of demo $1, or belongs to none that lives.
nothing_is_left() {
	local left d
	left=$(ip netns list | grep "^tripath-demo-$1-" || true)
	left+=$(ls -d "${TMPDIR:-/tmp}/tripath-demo-$1" 2>/dev/null || true)
	left+=$(grep -lszxF "TRIPATH_DEMO=$1" /proc/[0-9]*/environ || true)
	# Init may not have reaped yet what died as an orphan.
	left+=$(ps -o stat=,pid=,args= -s "$1" | awk '$1 !~ /^Z/')
	for d in /sys/fs/bpf/tripath/netns-*; do
		[ -e "$d" ] || continue
		stat -Lc %i /run/netns/* | xargs printf '%010d\n' | grep -qx "${d##*-}" || left+=" $d"
	done
	echo "left: $left"
	[ -z "$left" ]
}

# `interrupt_after SIGNAL GROUP SECONDS [LINE]`: so long after the start, or after LINE.
interrupt_after() {
	local signal=$1 group=$2 delay=$3 line=${4-} code sent took
	start_demo
	[ -z "$line" ] || wait_for_line "$line"
	sleep "$delay"
	sent=${EPOCHREALTIME/./}
	kill -"$signal" -- "$group$pid"
	code=0
	wait "$pid" || code=$?
	took=$((${EPOCHREALTIME/./} - sent))
	echo "SIG$signal $delay s after ${line:-the start}: exit status $code, $took us later"
	tail -n 3 "$out"
	[ "$code" = $((128 + $(kill -l "$signal"))) ]
	# A second or two where nobody else wants the CPUs.
	[ $took -lt 4000000 ]
	nothing_is_left "$pid"
	pid=
}

# Seconds from $1 to $2, in hundredths.
moment() {
	printf '%d.%02d' $(($1 + RANDOM % ($2 - $1))) $((RANDOM % 100))
}

@test "the demo runs through, its figures agree, and nothing is left" {
	start_demo
	code=0
	wait "$pid" || code=$?
	cat "$out"
	[ "$code" = 0 ]
	# Colour is for terminals.
	grep -qE $'  NO |\e' "$out" && false
	for service in planner-rpc tool-rpc token-gateway retrieval bulk-copy; do
		grep -q "  $service .*tripath-a" "$out"
	done
	grep -qE 'xsk_stalled +[0-9,]+ ' "$out"
	grep -qE 'xsk_unbound +[0-9,]+ ' "$out"
	grep -q 'path C: ' "$out"
	# Under a minute once it is set up.
	awk '/requests in .* answered$/ {exit !($5 < 60)}' "$out"
	nothing_is_left "$pid"
	pid=
}

@test "Ctrl-C at any moment leaves nothing" {
	interrupt_after INT - "$(moment 0 3)"
	interrupt_after INT - "$(moment 3 15)"
	interrupt_after INT - "0.0$((RANDOM % 4))" 'unsupported here\|devices are here' # what follows is the report
}

@test "so does SIGTERM to the script alone" {
	interrupt_after TERM '' "$(moment 2 12)"
}

@test "so does a terminal that hangs up" {
	interrupt_after HUP - "$(moment 0 5)"
}

@test "so does a reader that goes away" {
	set +o pipefail
	env --default-signal=PIPE setsid "$demo" 2>"$BATS_TEST_TMPDIR/err" | head -n 4 >"$out"
	cat "$out" "$BATS_TEST_TMPDIR/err"
	# Its network, which has its pid in the name, is the last that it could tell.
	left=$(sed -n 's/.*tripath-demo-\([0-9]*\).*/\1/p' "$out" | head -n 1)
	[ -n "$left" ]
	nothing_is_left "$left"
}

@test "a server that dies fails the demo, which names the step" {
	start_demo
	wait_for_line 'wrk asks nginx'
	sleep 0.5
	server=$(ip netns pids "tripath-demo-$pid-host" | while read -r p; do
		! grep -qx nginx "/proc/$p/comm" || echo "$p"
	done)
	kill -KILL "$server"
	code=0
	wait "$pid" || code=$?
	cat "$out"
	[ "$code" = 1 ]
	grep -q 'planner-rpc: wrk against nginx failed' "$out"
	nothing_is_left "$pid"
	pid=
}
