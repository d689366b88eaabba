#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each kind of probe on Linux 6.1, Debian's, in a guest.  The rest of tests/unit/test_probes.py runs there as well, in two minutes.

@test "tp-probe counts what is known on Linux 6.1" {
	cd "$BATS_TEST_DIRNAME/../.."
	run tests/vm/run --kernel 6.1 -- env TRIPATH_BUILD="${TRIPATH_BUILD:-$PWD/build}" /usr/bin/python3 tests/unit/test_probes.py \
		softirq_shares_add_up wakeups_of_unnamed_tasks_find_their_name a_guardian_by_pid_is_counted_by_name
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"ok 3 - "* ]]
}
