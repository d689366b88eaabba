#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # lab_name is lab.sh's; each test is a subshell
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tp-bench over the lab: every transport and class, what goes wrong and how it is told, and that its figures are right.

load lab.sh
load bench-ends.sh

# `peer PYTHON` runs a foreign server in namespace a: it gets `listen(kind)`, which says when it is bound.
peer() {
	{
		cat <<-'PYTHON'
			import socket, struct, sys, threading
			def listen(kind=socket.SOCK_STREAM, port=7000):
			    s = socket.socket(socket.AF_INET, kind)
			    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
			    s.bind(("10.99.0.1", port))
			    if kind == socket.SOCK_STREAM: s.listen()
			    print('"ready"', flush=True)
			    return s
		PYTHON
		cat
	} >"$out/peer.py"
	: >"$out/peer"
	nsenter --net="/run/netns/$lab_name-a" -- python3 "$out/peer.py" >"$out/peer" 2>"$out/peer.err" 3>&- &
	pids+=("$!")
	lab_until 10 said_or_dead peer "$!"
	grep -q '"ready"' "$out/peer" || {
		cat "$out/peer.err"
		return 1
	}
}

@test "every transport answers every class, over IPv4 and IPv6, and every way to wait" {
	for transport in tcp udp uring; do
		for class in A B C mix; do
			serve server -t $transport -l 10.99.0.1:7000 -w block
			run client -t $transport -T 10.99.0.1:7000 -c $class -w block -d 0.3 --warmup 0.1 --max-lag 1000000 --json
			echo "$transport $class: ${output:0:500}"
			[ "$status" -eq 0 ]
			echo "$output" >"$out/run"
			holds '.outcome == "measured" and .counts.lost == 0 and .counts.corrupt == 0 and .counts.answered == .counts.sent'
			holds ".transport == \"$transport\" and .receipt.servers[0].transport == \"$transport\""
			finish "$serve_pid"
		done
		for wait in epoll spin; do
			serve server -t $transport -l '[fd99:0::1]:7000' -w $wait
			client -t $transport -T '[fd99:0::1]:7000' --size 64-4000 --closed -n 8 -d 0.2 --json >"$out/run"
			holds '.counts.answered > 0 and .counts.answered == .counts.sent and .mode == "closed"'
			finish "$serve_pid"
			jq -se '.[1].event == "final" and .[1].requests > 0' "$out/server"
		done
	done
}

@test "workers share a port, a client finds every server, and a step ends with its slowest request" {
	serve slow -t udp -l 10.99.0.1:7001 -w block --stall-ms 300 --stall-at 0.2
	serve fast -t udp -l 10.99.0.1:7000 -w epoll --workers 2
	client -t udp -T 10.99.0.1:7000 -T 10.99.0.1:7001 --fanout 2 --size 100 --closed -w block -d 1 --warmup 0 --json >"$out/run"
	holds '.latency.step.count * 2 == .latency.service.count and .counts.lost == 0'
	# The one step that met the pause lasted it, though its other half was quick.
	holds '.latency.step.max_ns >= 250e6 and .latency.step.max_ns == .latency.intended.max_ns'
	holds '([.latency.intended.histogram_ns[] | select(.[0] > 200e6) | .[1]] | add) == 1'
	holds '([.latency.step.histogram_ns[] | select(.[0] > 200e6) | .[1]] | add) == 1'
	holds '.latency.step.p50_ns >= .latency.service.p50_ns'
	holds '.cpu.server.processes == 2'
}

@test "a seed repeats the load, another does not" {
	seq 0 0.002 0.4 >"$out/trace"
	serve server -t tcp -l 10.99.0.1:7000
	for run in 1 2 3; do
		client -t tcp -T 10.99.0.1:7000 -c B --arrivals "trace:$out/trace" --seed $((run / 2 + 1)) --size 64-64000 \
			--fanout 1-8 -w block -d 5 --warmup 0 --max-lag 1000000 --json >"$out/run"
		holds '.outcome == "measured" and .counts.steps_due == 201 and .counts.lost == 0'
		jq -c '.counts | [.sent, .answered, .bytes_in, .bytes_out]' "$out/run" >"$out/drawn$run"
	done
	cat "$out"/drawn?
	cmp "$out/drawn2" "$out/drawn3"
	run cmp "$out/drawn1" "$out/drawn2"
	[ "$status" -eq 1 ]
}

@test "a trace that is over before the warm-up is told, and one that cannot be read is wrong input" {
	serve server -t tcp -l 10.99.0.1:7000
	printf '0\n0.1' >"$out/trace"
	run client -t tcp -T 10.99.0.1:7000 --arrivals "trace:$out/trace" -w block
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"the trace ends within the warm-up of 0.5 s"* ]]
	run client -t tcp -T 10.99.0.1:7000 --arrivals "trace:$out/nowhere"
	[ "$status" -eq 2 ]
	[[ "$output" == *"nowhere: No such file"* ]]
}

@test "a generator that cannot keep up is inconclusive, and says why" {
	serve server -t udp -l 10.99.0.1:7000 -w block
	run client -t udp -T 10.99.0.1:7000 --fanout 1 --size 64 --rate 20000000 -w block -d 0.3 --warmup 0 --json --timeout 200
	echo "$output"
	[ "$status" -eq 4 ]
	[[ "$output" == *inconclusive* ]]
	[[ "$output" == *"error: class A: "* ]]
}

@test "latencies that lack the slowest are inconclusive: steps that still wait at the end, requests that are lost" {
	serve server -t tcp -l 10.99.0.1:7000 -w block --stall-ms 800 --stall-at 0.2
	run client -t tcp -T 10.99.0.1:7000 --fanout 1 --size 64 --rate 1000 -n 1 -w block -d 0.5 --warmup 0 --max-lag 1000000 --json
	echo "$output"
	[ "$status" -eq 4 ]
	[[ "$output" == *"steps that were due still waited for --outstanding"* ]]
	finish "$serve_pid"
	serve server -t udp -l 10.99.0.1:7000 -w block --stall-ms 800 --stall-at 0.2
	run client -t udp -T 10.99.0.1:7000 --fanout 1 --size 64 --rate 1000 -w block -d 0.5 --warmup 0 --max-lag 1000000 --timeout 100 --json
	echo "$output"
	[ "$status" -eq 4 ]
	[[ "$output" == *"requests were lost, and latencies are those of the others alone"* ]]
}

@test "CPU time that a server does not tell is not taken for none" {
	serve server -t udp -l 10.99.0.1:7000 -w block
	nsenter --net="/run/netns/$lab_name-b" -- "$TRIPATH_BUILD/bin/tp-bench" run -t udp -T 10.99.0.1:7000 -w block -d 1 --warmup 0 \
		--timeout 200 --max-lag 1000000 --json >"$out/run" 2>"$out/err" 3>&- &
	pids+=("$!")
	lab_until 5 lab_in b sh -c 'ss -Hun | grep -q :7000'
	sleep 0.3
	kill -KILL "$serve_pid"
	wait "${pids[1]}" || true
	holds '.cpu.server.why == "1 of 1 servers did not say what they took"'
	holds '.per_cpu_second | has("system_messages") and (has("process_messages") | not)'
}

@test "a corrupted transfer is caught, in both directions" {
	lab_in a ip link set lo up
	for direction in client server; do
		# A relay that flips one bit, once, far into what the $direction sends.
		serve server -t tcp -l 10.99.0.1:7001
		peer <<-PYTHON
			def copy(source, sink, at):
			    passed = 0
			    while data := bytearray(source.recv(65536)):
			        if at and passed <= at < passed + len(data): data[at - passed] ^= 4
			        passed += len(data)
			        sink.sendall(data)
			    sink.shutdown(socket.SHUT_WR)
			relay = listen()
			inside = relay.accept()[0]
			outside = socket.create_connection(("10.99.0.1", 7001))
			there = threading.Thread(target=copy, args=(inside, outside, 300000 if "$direction" == "client" else 0))
			there.start()
			copy(outside, inside, 300000 if "$direction" == "server" else 0)
		PYTHON
		run client -t tcp -T 10.99.0.1:7000 -c C --closed --size 100000 -w block -d 0.5 --warmup 0 --json
		echo "$direction: $output"
		[ "$status" -eq 1 ]
		[[ "$output" == *"error: class C: 1 requests or replies were corrupt"* ]]
		finish "$serve_pid"
		if [ $direction = client ]; then jq -se '.[1].corrupt == 1' "$out/server"; fi
		for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
		lab_until 5 lab_in a sh -c '! ss -Hltn | grep -q :7000'
	done
}

@test "nobody there is told, with the command that is missing" {
	for transport in tcp udp uring; do
		run client -t $transport -T 10.99.0.1:7000 -d 0.2 --timeout 300
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == *"tp-bench serve --transport $transport"* ]]
	done
	# A host that is not there at all answers nothing.
	peer <<<'silent = listen(socket.SOCK_DGRAM); threading.Event().wait()'
	run client -t udp -T 10.99.0.1:7000 -d 0.2 --timeout 300
	[ "$status" -eq 1 ]
	[[ "$output" == *"server 1 does not answer"* ]]
}

@test "an echo is not taken for a server" {
	peer <<-'PYTHON'
		udp = listen(socket.SOCK_DGRAM)
		def echo_udp():
		    while True:
		        data, source = udp.recvfrom(65536)
		        udp.sendto(data, source)
		threading.Thread(target=echo_udp, daemon=True).start()
		tcp = listen()
		while True:
		    connection = tcp.accept()[0]
		    while data := connection.recv(65536): connection.sendall(data)
	PYTHON
	for transport in tcp udp uring; do
		lab_until 5 lab_in a sh -c 'ss -Hltn | grep -q :7000'
		run client -t $transport -T 10.99.0.1:7000 -d 0.2 --timeout 500
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == *"it is an echo, not \`tp-bench serve\`"* ]]
	done
}

@test "garbage, and another version, are told as what they are" {
	peer <<-'PYTHON'
		tcp = listen()
		for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack("<IBBHQIIIIIIQ", 0x62507401, 9, 2, 0, 0, 52, 0, 0, 0, 0, 0, 0) + b"1234"):
		    connection = tcp.accept()[0]
		    connection.recv(65536)
		    connection.sendall(answer)
		    connection.recv(1)
	PYTHON
	run client -t tcp -T 10.99.0.1:7000 -d 0.2
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"not the protocol of tp-bench"*"HTTP/1.1"* ]]
	run client -t tcp -T 10.99.0.1:7000 -d 0.2
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"version 9 of tp-bench's protocol, and this is version 1"* ]]
}

@test "a server tells a client of another version, and survives garbage" {
	serve server -t tcp -l 10.99.0.1:7000 -w epoll
	run lab_in b python3 - <<-'PYTHON'
		import socket, struct, os
		s = socket.create_connection(("10.99.0.1", 7000))
		s.sendall(struct.pack("<IBBHQIIIIIIQ", 0x62507401, 7, 1, 0, 0, 52, 0, 0, 0, 0, 0, 0) + b"1234")
		answer = s.recv(4096)
		print(answer[5], answer[48:].decode())
		for n in range(50):
		    g = socket.create_connection(("10.99.0.1", 7000))
		    g.sendall(os.urandom(5 + n * 37))
		    g.close()
	PYTHON
	echo "$output"
	[[ "$output" == "7 version 7 of tp-bench's protocol, and this is version 1"* ]]
	client -t tcp -T 10.99.0.1:7000 --size 64 --closed -w block -d 0.2 --json >"$out/run"
	holds '.outcome == "measured"'
	finish "$serve_pid"
	jq -se '.[1].not_ours >= 51' "$out/server"
}

@test "what this machine lacks is unsupported, and wrong input exits 2 with its place" {
	if [ ! -e /sys/class/infiniband ]; then
		run client -t rdma -T 10.99.0.1:7000
		echo "$output"
		[ "$status" -eq 3 ]
		[[ "$output" == *"no RDMA devices"* ]]
	fi
	printf 'version: 1\nname: x\nclasses:\n  - class: A\n    fanout: {min: 9, max: 3}\n  - class: Q\n' >"$out/w.yaml"
	run client -t tcp -T 10.99.0.1:7000 --workload "$out/w.yaml"
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"w.yaml:5:13: fanout from 9 to 3"* ]]
	[[ "$output" == *'w.yaml:6:12: class "Q"; allowed: A, B, C'* ]]
	printf 'version: 1\nname: x\nclasses:\n  - class: A\n    rate: 3\n' >"$out/w.yaml"
	run client -t tcp -T 10.99.0.1:7000 --workload "$out/w.yaml"
	[ "$status" -eq 2 ]
	[[ "$output" == *"Unexpected key: rate"* ]]
	printf 'version: 1\nname: x\nclasses:\n  - class: A\n    outstanding: 4000000000\n' >"$out/w.yaml"
	run client -t tcp -T 10.99.0.1:7000 --workload "$out/w.yaml"
	[ "$status" -eq 2 ]
	[[ "$output" == *"w.yaml:5:18: outstanding 4000000000; allowed: from 1 to 16384"* ]]
	printf 'version: 1\nname: x\nclasses:\n  - class: A\n    on_ms: 5\n  - class: B\n    trace: x\n' >"$out/w.yaml"
	run client -t tcp -T 10.99.0.1:7000 --workload "$out/w.yaml"
	[ "$status" -eq 2 ]
	[[ "$output" == *"w.yaml:5:12: on_ms and off_ms; allowed: with arrivals: onoff"* ]]
	[[ "$output" == *"w.yaml:7:12: trace; allowed: with arrivals: trace"* ]]
	: >"$out/empty"
	run client -t tcp -T 10.99.0.1:7000 --workload "$out/empty"
	[ "$status" -eq 2 ]
	[[ "$output" == *"empty: empty; name a workload file"* ]]
	for wrong in "-t tcp -T 10.99.0.1:7000 --closed --rate 100" "-t tcp -T 10.99.0.1:7000 --require zero-copy" \
		"-t tcp -T 10.99.0.1:7000 --closed -n 1.5" "-t tcp -T 10.99.0.1:7000 --rate 1e8 --scale 1e6" "-t tcp -T 10.99.0.1:7000 --arrivals onoff:inf,20" \
		"-t tcp -T 10.99.0.1:7000 --arrivals onoff:20,20x" "-t ipx -T 10.99.0.1:7000" "-t tcp" "-t tcp -T nowhere" "-t tcp -T 10.99.0.1:7000 -c D" \
		"-t tcp -T 10.99.0.1:7000 -c mix --size 64" "-t tcp -T 10.99.0.1:7000 --size 9-3" "-t tcp -T 10.99.0.1:7000 --workload /nowhere"; do
		# shellcheck disable=SC2086
		run client $wrong
		echo "$wrong: $output"
		[ "$status" -eq 2 ]
	done
}

@test "a server is not started on CPUs that are not there" {
	run lab_in a "$TRIPATH_BUILD/bin/tp-bench" serve -t tcp -l 10.99.0.1:7000 --cpu 0,1023
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"not all of 0,1023 are there"* ]]
}

@test "a result that cannot be written is a failure" {
	[ -c /dev/full ] || skip "no /dev/full on this machine"
	serve server -t tcp -l 10.99.0.1:7000
	status=0
	client -t tcp -T 10.99.0.1:7000 -w block -d 0.2 --max-lag 1000000 --json >/dev/full 2>"$out/err" || status=$?
	[ "$status" -eq 1 ]
	grep -q "cannot write to standard output" "$out/err"
}

@test "every workload file runs" {
	for file in "$BATS_TEST_DIRNAME"/../../bench/workloads/*.yaml; do
		serve server -t tcp -l 10.99.0.1:7000
		client -t tcp -T 10.99.0.1:7000 --workload "$file" -w block -d 0.3 --max-lag 1000000 --json >"$out/run"
		holds '.outcome == "measured"'
		finish "$serve_pid"
	done
}

@test "interrupted, a run reports nothing and leaves nothing" {
	serve server -t tcp -l 10.99.0.1:7000
	nsenter --net="/run/netns/$lab_name-b" -- "$TRIPATH_BUILD/bin/tp-bench" run -t tcp -T 10.99.0.1:7000 -w block -d 30 --json \
		>"$out/run" 2>"$out/err" 3>&- &
	pids+=("$!")
	lab_until 5 lab_in a sh -c 'ss -Htn state established | grep -q :7000'
	kill -INT "$!"
	status=0
	wait "$!" || status=$?
	[ "$status" -eq 1 ]
	[ ! -s "$out/run" ]
	grep -q interrupted "$out/err"
}

@test "interrupted while a server is silent, a run ends at once" {
	peer <<<'silent = listen(socket.SOCK_DGRAM); threading.Event().wait()'
	for transport in udp tcp; do
		# Nobody has this address, so a connection is waited for.
		[ $transport = udp ] && to=10.99.0.1 || to=10.99.0.99
		nsenter --net="/run/netns/$lab_name-b" -- "$TRIPATH_BUILD/bin/tp-bench" run -t $transport -T $to:7000 --json \
			>"$out/run" 2>"$out/err" 3>&- &
		pids+=("$!")
		lab_until 5 lab_in b sh -c "ss -Hanu${transport:0:1} | grep -q $to:7000"
		sent=${EPOCHREALTIME/./}
		kill -INT "$!"
		status=0
		wait "$!" || status=$?
		took=$((${EPOCHREALTIME/./} - sent))
		echo "$transport: exit status $status after $took us: $(cat "$out/err")"
		[ "$status" -eq 1 ]
		[ ! -s "$out/run" ]
		[ "$(cat "$out/err")" = "tp-bench: error: interrupted; nothing is reported" ]
		[ $took -lt 1000000 ]
	done
}

@test "a progress line says of which class its p99 is, where there are several" {
	serve server -t udp -l 10.99.0.1:7000 -w block
	for class in A mix; do
		lab_in b script -qefc "$TRIPATH_BUILD/bin/tp-bench run -t udp -T 10.99.0.1:7000 -c $class -w block -d 2.2" /dev/null \
			</dev/null >"$out/$class" || true # a busy machine may make it inconclusive
	done
	grep -qE 'answers/s .* p99 +[0-9.]+ us' "$out/A"
	grep -qE 'answers/s .* p99 of class A +[0-9.]+ us' "$out/mix"
}

@test "tp-probe counts around a measurement, and a probe that is none is refused" {
	serve server -t udp -l 10.99.0.1:7000
	client -t udp -T 10.99.0.1:7000 --size 64 --closed -w block -d 0.5 --probe softirq,wakeup --json >"$out/run"
	holds '.probes.softirq.event == "total" and .probes.softirq.softirq_seconds > 0 and .probes.wakeup.event == "total"'
	# For people, in tp-probe's own words.
	run client -t udp -T 10.99.0.1:7000 --size 64 --closed -w block -d 0.5 --probe softirq
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"tp-probe softirq"*"softirqs took "*"NET_RX, entry to exit"* ]]
	run client -t udp -T 10.99.0.1:7000 --size 64 --closed -w block -d 0.5 --probe softirq,nonsense --json
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"--probe: 'nonsense' is not one of: softirq, wakeup, guardian"* ]]
}

# That they work, not what they measure: nothing here asserts a time.
@test "suites classes and sweep run in a short form, and label what they keep" {
	cd "$BATS_TEST_DIRNAME/../.."
	for suite in classes sweep; do
		run bench/run --build "$TRIPATH_BUILD" --quick --pairs 1 --out "$out/$suite.json" $suite
		echo "$output" | tail -n 20
		[ "$status" -eq 0 ]
		for path in tcp udp uring; do
			jq -e "[.repetitions[] | select(.labels.path == \"$path\" and (.what | startswith(\"latency\")))] |
				length > 5 and all(.[]; .histogram_unit == \"ns\" and (.histograms | length) == (.values | length))" \
				"$out/$suite.json" >/dev/null
			jq -e "[.receipt.paths[].path] | index(\"$path\") != null" "$out/$suite.json" >/dev/null
			jq -e "[.repetitions[] | select(.labels.path == \"$path\" and .what == \"rate\")] |
				length > 0 and all(.[]; (.runs | length) == (.values | length))" "$out/$suite.json" >/dev/null
		done
	done
	jq -e '[.repetitions[].labels.class] | unique == ["A", "B", "C", "mix"]' "$out/classes.json" >/dev/null
	jq -e '[.repetitions[] | select(.case == "A" and .what == "rate").runs[]] |
		all(.[]; .messages > 0 and .schedule_lag_ns.count > 0 and .cpu_s.system > 0)' "$out/classes.json" >/dev/null
	jq -e '[.repetitions[].labels | select(.fanout == 32 and .size_bytes == 64)] | length > 0' "$out/sweep.json" >/dev/null
}
