#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The front door: what make builds, rebuilds and says.

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
}

# The objects that make would rebuild after touching $1, in a build directory of this test's own.
rebuilt_after() {
	touch "$1"
	make -n B="$out" tests | grep -oE "(bpf/[a-z_-]+\.bpf\.o|obj/[a-z/_-]+\.o)( |$)" | sort -u
}

@test "help is the default goal and names every front-door target" {
	run make
	[ "$status" -eq 0 ]
	for t in all deps load unload status demo bench test sanitize lint; do
		[[ "$output" == *"make $t "* ]]
	done
}

@test "gcc and clang build without a warning under STRICT=1" {
	for cc in gcc clang; do
		run make --no-print-directory -j2 B="build/strict-$cc" CC=$cc STRICT=1 tests
		echo "$output"
		[ "$status" -eq 0 ]
		[[ "$output" != *warning:* ]]
	done
}

@test "touching a header rebuilds what uses it, and nothing else" {
	out=build/strict-gcc
	make --no-print-directory B=$out STRICT=1 tests >/dev/null
	[ -z "$(make --no-print-directory B=$out STRICT=1 tests)" ]

	touched=$(rebuilt_after maps/explain.h)
	echo "$touched"
	grep -q 'bpf/classifier.bpf.o' <<<"$touched"
	! grep -q 'bpf/drops.bpf.o' <<<"$touched"
	! grep -q 'obj/loaders/lib/policy' <<<"$touched"
	make --no-print-directory B=$out STRICT=1 tests >/dev/null

	touched=$(rebuilt_after loaders/lib/pins.h)
	grep -q 'obj/loaders/lib/pins.o' <<<"$touched"
	! grep -q 'bpf.o' <<<"$touched"
}

@test "a build leaves the tree clean and needs no kernel BTF" {
	! grep -rn '/sys/kernel/btf' Makefile bpf/ maps/ vmlinux/*.h
	before=$(git status --porcelain)
	make --no-print-directory all >/dev/null
	[ "$before" = "$(git status --porcelain)" ]
}

@test "an ordinary user is told what to type" {
	command -v setpriv >/dev/null || skip "no setpriv on this machine"
	for target in load demo test bench; do
		run setpriv --reuid=65534 --regid=65534 --clear-groups make $target
		[ "$status" -ne 0 ]
		[[ "$output" == *"sudo make $target"* ]]
	done
}

@test "load without an interface asks for one" {
	run make load
	[ "$status" -ne 0 ]
	[[ "$output" == *"make load IFACE="* ]]
}

@test "sources carry the licence, and both texts are here" {
	[ -s LICENSES/GPL-2.0-only.txt ] && [ -s LICENSES/BSD-2-Clause.txt ]
	run bash -c "git ls-files -co --exclude-standard '*.c' '*.h' '*.py' '*.bats' '*.sh' '*.mk' Makefile '*.yaml' |
		grep -v '^tests/policies/' | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause'"
	echo "$output"
	[ -z "$output" ]
}
