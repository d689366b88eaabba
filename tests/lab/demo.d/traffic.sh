# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # variables of the files that are read together
# The tenants' programs. Each notes `service tenant program asked answered repeated`.

# Tenant a speaks IPv4 and tenant b IPv6, so that every service sees both.
declare -A server=([a]=10.77.1.1 [b]=fd77:2::1) url_host=([a]=10.77.1.1 [b]='[fd77:2::1]')

note() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$run/clients.tsv"
}

planner_rpc() {
	local out=$run/wrk-$1.out asked answered repeated
	# Connections are closed at the end with requests under way: those are not counted as asked.
	(unpacked "$1" bin/wrk -t1 -c8 -d4s --latency "http://${url_host[$1]}:8080/plan") >"$out" 2>&1 || fail "wrk: $(tail -n 1 "$out")"
	! grep -E 'Socket errors|Non-2xx' "$out" >&2 || fail "wrk: requests of tenant $1 went unanswered"
	answered=$(awk '/requests in/ {print $1}' "$out")
	asked=$answered
	note planner-rpc "$1" wrk "$asked" "$answered" 0
}

tool_rpc() {
	local out=$run/redis-$1.out n=12000
	(unpacked "$1" bin/redis-benchmark -h "${server[$1]}" -c 16 -n $n -t set,get --csv) >"$out" 2>&1 ||
		fail "redis-benchmark: $(tail -n 1 "$out")"
	[ "$(grep -cE '^"(SET|GET)"' "$out")" = 2 ] || fail "redis-benchmark did not finish: $(tail -n 1 "$out")"
	note tool-rpc "$1" redis-benchmark $((2 * n)) $((2 * n)) 0
}

# One at a time: that is how iperf3 serves.
bulk_copy() {
	local out=$run/iperf3-$1.json
	(unpacked "$1" bin/iperf3 --client "${server[$1]}" --time 2 --json) >"$out" || fail "iperf3: $(jq -r .error "$out")"
	say "    tenant $1: $(jq -r '.end | "\(.sum_received.bytes / 1e6 | floor) MB in \(.sum_received.seconds * 10 | round / 10) s"' "$out")"
}

# `udp_requests TENANT NAME SERVICE PORT COUNT BYTES [dnsperf's options…]`
# dnsperf sends small UDP requests with an id, and counts each as answered when a datagram with that id
# comes back: an echo will do.
udp_requests() {
	local tenant=$1 out=$run/dnsperf-$2.out service=$3 port=$4 count=$5 bytes=$6 padding sent answered
	shift 6
	# 32 bytes of header and question, 15 of EDNS; the rest, in hexadecimal, pads the request.
	padding=$(printf "%0$(((bytes - 47) * 2))d" 0)
	(unpacked "$tenant" bin/dnsperf -W -s "${server[$tenant]}" -p "$port" -d "$run/question" -n "$count" \
		-E "65001:$padding" "$@") >"$out" 2>&1 || fail "dnsperf: $(tail -n 3 "$out")"
	sent=$(awk '/Queries sent:/ {print $3}' "$out")
	answered=$(awk '/Queries completed:/ {print $3}' "$out")
	[ "${sent:-none}" = "$answered" ] || fail "tenant $tenant asked $service $sent times and got $answered answers"
	note "$service" "$tenant" dnsperf "$sent" "$answered" 0
}

token_gateway() {
	udp_requests "$1" "gateway-$1" token-gateway 7000 12000 96 -c 8 -q 32
}

# Both ends of the service's port range.
retrieval() {
	udp_requests "$1" "first-$1" retrieval "${udp_ports[1]}" 5000 1024 -c 4 -q 16
	udp_requests "$1" "last-$1" retrieval "${udp_ports[-1]}" 5000 256 -c 4 -q 16
}

# AF_XDP at both ends: tenant b's own classifier steers the answers, by their port, to its tp-xsk. If that is
# held up on a busy machine, answers go to the tenant's stack, as they should, and the client asks again.
xsk_client() {
	local out=$run/client.jsonl count=20000 asked answered
	(in_ns b "$tp_xsk" --iface tripath-host --mode client --from 10.77.2.2:7200 --to 10.77.2.1:7000 \
		--to-mac "$(mac_of host tripath-b)" --count $count --window 16 --size 64 --interval 0 --json) \
		>"$out" 2>"$run/client.err" || fail "tp-xsk --mode client: $(tail -n 3 "$run/client.err")"
	jq -r 'select(.event == "final") | [.workers[].counters] |
		[(map(.asked) | add), (map(.answered) | add), (map(.retried) | add)] | @tsv' "$out" >"$run/client.counts"
	read -r asked answered repeated <"$run/client.counts"
	note token-gateway b "tp-xsk client" "$asked" "$answered" "$repeated"
}

# What the classifier of tenant a counted so far: `counted REASON`.
counted() {
	(in_ns host "$tp_load" status tripath-a --json --interval 0.05) |
		jq --arg reason "$1" '.interfaces[0].reasons[$reason] // 0'
}

# The one-liner that the report recommends, ended after 2 s. tracefs is mounted where only it can see that.
watch_redirects() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount sh -c '
		[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
		exec timeout 20 bpftrace -e "$1 interval:s:2 { exit(); }"' sh \
		'tracepoint:xdp:xdp_redirect { @[args->prog_id, args->map_index] = count(); }' \
		>"$run/bpftrace.out" 2>"$run/bpftrace.err" || true
}

# Path B without its server, first frozen and then gone, under a steady 3,000 requests a second.
fail_open() {
	local client watcher stalled unbound redirected
	stalled=$(counted xsk_stalled) unbound=$(counted xsk_unbound)
	udp_requests a fail-open token-gateway 7000 9000 96 -c 8 -q 2000 -Q 3000 &
	client=$!
	watch_redirects &
	watcher=$!
	await sleep 0.7
	kill -STOP "${pid[sink-a]}"
	await sleep 0.6
	kill -CONT "${pid[sink-a]}"
	say "    tp-xsk frozen for 0.6 s:  $(($(counted xsk_stalled) - stalled)) requests went to the stack instead (xsk_stalled)"
	stop_sink a
	await sleep 0.6
	say "    tp-xsk stopped for 0.6 s: $(($(counted xsk_unbound) - unbound)) requests went to the stack instead (xsk_unbound)"
	start_sink a
	redirected=$(counted xsk_redirected)
	wait $client || fail "requests went unanswered while tp-xsk was away"
	wait $watcher
	say "    tp-xsk is back: $(($(counted xsk_redirected) - redirected)) more requests over AF_XDP;" \
		"9000 asked, 9000 answered, slowest $(slowest fail-open)"
}

slowest() {
	awk '/Average Latency/ {gsub(/[^0-9. ]/, " "); printf "%.1f ms", $NF * 1000}' "$run/dnsperf-$1.out"
}
