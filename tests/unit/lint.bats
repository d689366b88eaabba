#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

@test "the tree passes clang-format, clang-tidy and shellcheck" {
	cd "$BATS_TEST_DIRNAME/../.."
	run make --no-print-directory lint
	echo "$output"
	[ "$status" -eq 0 ]
}
