# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154 # lab_name is lab.sh's
#
# Both ends of tp-bench in the lab, for bats files that `load lab` and this:
#
#	serve NAME ARGUMENT...   a server in namespace a, ready; its pid in $serve_pid, its JSON in $out/NAME
#	finish PID               ends it
#	client ARGUMENT...       `tp-bench run` in namespace b
#	holds JQ                 of the run's JSON, which is in $out/run

setup() {
	lab_make
	out=$BATS_TEST_TMPDIR
	pids=()
}

teardown() {
	local p

	for p in "${pids[@]}"; do
		kill -CONT "$p" 2>/dev/null || true
		kill -TERM "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	lab_clean
}

serve() {
	local name=$1

	shift
	: >"$out/$name" # what an earlier one said is not this one's word
	nsenter --net="/run/netns/$lab_name-a" -- "$TRIPATH_BUILD/bin/tp-bench" serve --json "$@" \
		>"$out/$name" 2>"$out/$name.err" 3>&- &
	serve_pid=$!
	pids+=("$serve_pid")
	lab_until 10 said_or_dead "$name" "$serve_pid"
	grep -q '"ready"' "$out/$name" || {
		cat "$out/$name.err"
		return 1
	}
}

said_or_dead() {
	grep -q '"ready"' "$out/$1" || ! kill -0 "$2" 2>/dev/null
}

finish() {
	kill -TERM "$1"
	wait "$1"
}

client() {
	lab_in b "$TRIPATH_BUILD/bin/tp-bench" run "$@"
}

holds() {
	jq -e "$1" "$out/run" >/dev/null || {
		echo "not so: $1"
		jq -c 'del(.. | .histogram_ns?)' "$out/run"
		return 1
	}
}
