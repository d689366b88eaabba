#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The Debian packages that building, testing and the demo need.
#   tests/deps.sh           install those that are missing; silent when none is
#   tests/deps.sh --check   fail, naming what to type, when one that the build needs is missing
set -euo pipefail

build=(clang llvm gcc make bpftool libbpf-dev libxdp-dev libelf-dev zlib1g-dev libcyaml-dev libyaml-dev
	libjansson-dev libsodium-dev libcmocka-dev liburing-dev linux-libc-dev pkg-config)
run=(iproute2 ethtool bats shellcheck clang-format clang-tidy python3 python3-numpy python3-matplotlib
	python3-jsonschema chromium linux-perf xdp-tools bpftrace jq procps strace util-linux sockperf)

missing() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s ' "$p"
	done
}

command -v dpkg-query >/dev/null || { [ "${1-}" = --check ] && exit 0; }
if [ "${1-}" = --check ]; then
	want=$(missing "${build[@]}")
	[ -z "$want" ] && exit 0
	echo "Missing packages: $want" >&2
	echo "Type: sudo make deps" >&2
	exit 1
fi

want=$(missing "${build[@]}" "${run[@]}")
[ -z "$want" ] && exit 0
if [ "$(id -u)" != 0 ]; then
	echo "Missing packages. Type: sudo apt-get install $want" >&2
	exit 1
fi
echo "Installing: $want"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of package names
apt-get install -y -q --no-install-recommends $want >/dev/null 2>&1 || {
	apt-get update -q >/dev/null
	# shellcheck disable=SC2086
	apt-get install -y -q --no-install-recommends $want >/dev/null
}
