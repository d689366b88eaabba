#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# After every other test: what was skipped, what the kernel said, what is left on the machine.

@test "only listed tests were skipped, each with a reason" {
	grep -v '^#' tests/skips >"$BATS_TEST_TMPDIR/allowed" || true
	run grep -rhiE '# skip' "$TRIPATH_TAP"
	unlisted=$(printf '%s\n' "$output" | grep . | grep -vEf "$BATS_TEST_TMPDIR/allowed" || true)
	echo "not in tests/skips: $unlisted"
	[ -z "$unlisted" ]
	run grep -rhiE '# skip *$' "$TRIPATH_TAP"
	echo "without a reason: $output"
	[ "$status" -ne 0 ]
}

@test "the kernel log has no warning, bug or oops from this run" {
	# From the line that was last when the run began; from the oldest one where that is overwritten.
	start=$(dmesg | grep -nxFf "$TRIPATH_TAP/dmesg.start" | tail -n 1 | cut -d: -f1)
	run bash -c "dmesg | tail -n +$((${start:-0} + 1))"
	bad=$(printf '%s\n' "$output" | grep -E 'WARNING:|BUG:|Oops|general protection|stack-out-of-bounds' || true)
	echo "$bad"
	[ -z "$bad" ]
}

@test "no namespace, interface, pin or program is left" {
	left=$({
		ip netns list | grep '^tripath-'
		ip -o link show | grep -oE ' tripath-[^:@]*'
		find /sys/fs/bpf/tripath -mindepth 1
		bpftool prog show | grep -E 'name (classifier|explain|nothing|redirect|offer|drop_redirect|drop_cpu_queue|drop_cpu_alloc|softirq_|wakeup_|guardian_)'
		pgrep -a '^tp-'
		pgrep -af "$(realpath "$BATS_TEST_DIRNAME/../lab")/(xsk-peer|probe-load) "
		find /sys/fs/cgroup -type d -name 'tripath-*'
	} 2>/dev/null || true)
	echo "$left"
	[ -z "$left" ]
}
