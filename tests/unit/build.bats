#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The front door: what make builds, rebuilds and says.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# bats does not fail a test at a command that `!` negates.
absent() {
	if "$@"; then return 1; fi
}

# The objects that make would rebuild after $1 was touched, in a build directory of this test's own. It is not
# touched: other tests use what was built of it.
rebuilt_after() {
	# Compilations only: a link names the objects that stay as well.
	make -n -W "$1" B="$out" STRICT=1 tests | sed -nE 's/.* -c .* -o ([^ ]+\.o)$/\1/p' | sort -u
}

@test "help is the default goal and names every front-door target" {
	run make
	[ "$status" -eq 0 ]
	for t in all deps load reload unload status demo bench test sanitize lint; do
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
	absent grep -q 'bpf/drops.bpf.o' <<<"$touched"
	absent grep -q 'obj/loaders/lib/policy' <<<"$touched"

	touched=$(rebuilt_after loaders/lib/pins.h)
	grep -q 'obj/loaders/lib/pins.o' <<<"$touched"
	absent grep -q 'bpf.o' <<<"$touched"
}

@test "a build leaves the tree clean and needs no kernel BTF" {
	# shellcheck disable=SC2016 # for the inner shell to expand
	run unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && ls -A /sys/kernel/btf &&
		exec make --no-print-directory B="$1" "$1/skel/classifier.skel.h" "$1/skel/drops.skel.h"' \
		_ "$BATS_TEST_TMPDIR/nobtf"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -s "$BATS_TEST_TMPDIR/nobtf/skel/drops.skel.h" ]
	before=$(git status --porcelain)
	make --no-print-directory all >/dev/null
	[ "$before" = "$(git status --porcelain)" ]
}

@test "an ordinary user is told what to type" {
	command -v setpriv >/dev/null || skip "no setpriv on this machine"
	for target in load reload demo test bench; do
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

@test "what an interface is said to be called reaches tp-load as one word" {
	run make -n load IFACE='tv0;id' MODE='auto;id' POLICY='my policy.yaml'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"attach 'tv0;id' --policy 'my policy.yaml' --mode 'auto;id'"* ]]
}

@test "reload asks for what it was not given" {
	run make reload POLICY=docs/examples/observe.yaml
	[ "$status" -ne 0 ]
	[[ "$output" == *"make reload IFACE="* ]]
	run make reload IFACE=tripath-none
	[ "$status" -ne 0 ]
	[[ "$output" == *"Which policy? Type: make reload IFACE=tripath-none POLICY="* ]]
}

@test "sources carry the licence, and both texts are here" {
	[ -s LICENSES/GPL-2.0-only.txt ] && [ -s LICENSES/BSD-2-Clause.txt ]
	run bash -c "git ls-files -co --exclude-standard '*.c' '*.h' '*.py' '*.bats' '*.sh' '*.mk' Makefile '*.yaml' |
		grep -v '^tests/policies/' | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause'"
	echo "$output"
	[ -z "$output" ]
}
