#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # lab_name is lab.sh's; each test is a subshell
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The figures of tp-bench held against others of the same: they need the machine for themselves.

load lab.sh
load bench-ends.sh

@test "an open loop sees a pause of the server, service time alone does not" {
	serve server -t tcp -l 10.99.0.1:7000 -w block --stall-ms 100 --stall-at 1
	client -t tcp -T 10.99.0.1:7000 --fanout 1 --size 64 --rate 1000 --arrivals uniform -n 1 -w block -d 2 --warmup 0 \
		--max-lag 1000000 --json >"$out/run"
	# 100 of 2000 arrivals fell into the pause: 5 %. One request waited for it.
	holds '.latency.intended.p99_ns > 60e6 and .latency.intended.max_ns >= 95e6'
	holds '.latency.service.p99_ns < 20e6 and .latency.service.max_ns >= 90e6'
	holds '.counts.steps_due == .counts.steps_started and .counts.answered >= 1900'
}

# The cgroup's clock and getrusage's are two accounts of the same threads.
@test "CPU time by getrusage and by cgroup agree within 5 %, and no cgroup is left" {
	serve server -t udp -l 10.99.0.1:7000 -w spin --cpu 0
	client -t udp -T 10.99.0.1:7000 --fanout 1 --size 64 --closed -n 1 --cpu 1 -d 2 --json >"$out/run"
	finish "$serve_pid"
	if [ "$(jq '.cpu.client | has("cgroup_s")' "$out/run")" = false ]; then
		skip "no cgroup can be made here: $(jq -r .cpu.client.cgroup_why "$out/run")"
	fi
	holds '.cpu.client | .cgroup_s > 0.1 and (.total_s / .cgroup_s - 1 | fabs) < 0.05'
	holds '.cpu.server | (.total_s / .cgroup_s - 1 | fabs) < 0.05'
	[ -z "$(find /sys/fs/cgroup -maxdepth 6 -name "tripath-bench-$serve_pid-*" 2>/dev/null)" ]
}

# In turn, and by the median of the turns' ratios: what disturbs a shared machine disturbs neighbours in time alike.
@test "the median agrees with sockperf's on the same path within 10 %" {
	command -v sockperf >/dev/null || skip "no sockperf on this machine"
	[ "$(nproc)" -ge 2 ] || skip "both ends spin: two CPUs are needed"
	serve server -t udp -l 10.99.0.1:7000 -w spin --cpu 0
	for _ in 1 2 3 4 5 6 7 8 9; do
		kill -CONT "$serve_pid"
		client -t udp -T 10.99.0.1:7000 --fanout 1 --size 64 --closed -n 1 --cpu 1 -d 0.6 --warmup 0.2 --json >"$out/run"
		jq .latency.service.p50_ns "$out/run" >>"$out/ours"
		kill -STOP "$serve_pid"
		nsenter --net="/run/netns/$lab_name-a" -- taskset -c 0 sockperf server -i 10.99.0.1 -p 7100 --nonblocked \
			>"$out/sockperf-server" 2>&1 3>&- &
		pids+=("$!")
		lab_until 5 lab_in a sh -c 'ss -Hlun | grep -q :7100'
		lab_in b taskset -c 1 sockperf ping-pong -i 10.99.0.1 -p 7100 -m 64 -t 1 --nonblocked --full-rtt >"$out/sockperf" 2>&1
		kill "$!"
		wait "$!" || true
		sed -nE 's/.*percentile 50.000 = *([0-9.]+).*/\1/p' "$out/sockperf" | awk '{print $1 * 1000}' >>"$out/theirs"
	done
	kill -CONT "$serve_pid"
	paste "$out/ours" "$out/theirs" | awk 'NF == 2 {print $1 / $2, $1, $2}' | sort -n >"$out/turns"
	echo "ratio, tp-bench ns, sockperf ns:"
	cat "$out/turns"
	[ "$(wc -l <"$out/turns")" -eq 9 ]
	sed -n 5p "$out/turns" | awk '{exit !($1 > 0.9 && $1 < 1.1)}'
}
