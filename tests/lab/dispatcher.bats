#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Sharing an interface through libxdp's dispatcher, on a kernel that has freplace: Debian's, in a guest.

@test "tp-load and xdp-loader share an interface on Linux 6.1, in either order" {
	cd "$BATS_TEST_DIRNAME/../.."
	run tests/vm/run --kernel 6.1 -- tests/vm/dispatcher "${TRIPATH_BUILD:-$PWD/build}"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"the dispatcher is shared on 6.1"* ]]
}
