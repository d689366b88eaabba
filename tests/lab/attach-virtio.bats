#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Suite attach-virtio, tried out: the envelope is the guest's, and where there can be no guest it says so.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	out=$BATS_TEST_TMPDIR/out.json
	: "${TRIPATH_BUILD:=$PWD/build}"
}

@test "the guest measures, and its facts and what it received are in the envelope" {
	run bench/run --build "$TRIPATH_BUILD" --quick --pairs 1 --out "$out" attach-virtio
	echo "$output"
	[ "$status" = 0 ]
	jq -e '(.host.kernel | startswith("6.1.")) and .host.cpus == 1 and .receipt.emulator.accelerator == "tcg"
		and .receipt.emulator.tap.features["tcp-segmentation-offload"] == "on" and .receipt.interfaces[0].driver == "virtio_net"
		and .receipt.xdp_mode == "native" and .receipt.programs[0].name == "classifier"
		and ([.comparisons[].name] | contains(["attach: tcp bulk (virtio-net guest)",
			"attach: udp rtt p50 (virtio-net guest)", "attach: cpu per GB (virtio-net guest)"]))
		and (.receipt.status.interfaces[0].services[] | select(.service == "iperf3") | .packets == 0)
		and .receipt.status.interfaces[0].reasons.no_service > 1000' "$out"
	[ -z "$(find /run/netns -name 'tripath-bench-*-peer')" ]
}

@test "where no guest can be had the result is unsupported, with the reason" {
	# apt has a source that is nowhere, which it learns at once, and lists and caches of its own to spoil.
	mkdir -p "$BATS_TEST_TMPDIR"/{lists,cache}/partial
	echo "deb [trusted=yes] file:$BATS_TEST_TMPDIR/nowhere bookworm main" >"$BATS_TEST_TMPDIR/sources.list"
	cat >"$BATS_TEST_TMPDIR/apt.conf" <<-END
		Dir::Etc::SourceList "$BATS_TEST_TMPDIR/sources.list";
		Dir::Etc::SourceParts "$BATS_TEST_TMPDIR/none";
		Dir::State::Lists "$BATS_TEST_TMPDIR/lists";
		Dir::Cache "$BATS_TEST_TMPDIR/cache";
	END
	# shellcheck disable=SC2016 # for the inner shell
	APT_CONFIG=$BATS_TEST_TMPDIR/apt.conf run timeout 120 unshare --mount --net bash -c 'mkdir -p build/vm && mount -t tmpfs none build/vm &&
		exec bench/run --build "$1" --quick --out "$2" attach-virtio' _ "$TRIPATH_BUILD" "$out"
	echo "$output"
	[ "$status" = 3 ]
	jq -e '.outcome == "unsupported" and (.why | test("no guest can be had: vm: cannot download"))' "$out"
}
