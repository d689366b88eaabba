#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Suites in their short form: that they run, that what they write is whole, and that a report can be made of
# it.  No timing is asserted.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	BUILD=${TRIPATH_BUILD:-build}
}

@test "suites bpf and attach run in short form, sampled by perf, and make a report" {
	run bench/run --quick --pairs 1 --rounds 3 --profile --build "$BUILD" bpf attach
	echo "$output"
	[ "$status" -eq 0 ]
	grep -qE '^  bpf +(measured|inconclusive) ' <<<"$output"
	grep -qE '^  attach +(measured|inconclusive) ' <<<"$output"
	run bench/validate "$BUILD"/bench/{bpf,attach}-quick-profile.json
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c 'quick: not a result' <<<"$output")" -eq 2 ]
	run jq -e '.profile | .outcome == "measured" or (.outcome == "unsupported" and (.why | length) > 0)' \
		"$BUILD"/bench/{bpf,attach}-quick-profile.json
	[ "$status" -eq 0 ]
	run bench/report --out "$BATS_TEST_TMPDIR/report" "$BUILD"/bench/{bpf,attach}-quick-profile.json
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'of .* samples were in copy routines' "$BATS_TEST_TMPDIR/report/index.html"
}
