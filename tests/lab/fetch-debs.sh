#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Unpacks the real programs that the demo drives into DIR, without installing them: installing nginx or
# redis would start a daemon on the user's machine.  Prints nothing when all is there.
#   tests/lab/fetch-debs.sh DIR     then run them with LD_LIBRARY_PATH=DIR/libs
set -euo pipefail

dir=${1:?usage: tests/lab/fetch-debs.sh DIR}
programs=(usr/sbin/nginx usr/bin/wrk usr/bin/redis-server usr/bin/redis-benchmark usr/bin/iperf3 usr/bin/dnsperf)
packages=(nginx wrk redis-server redis-tools iperf3 dnsperf)
# What those link to beyond what every Debian system has; unpacked where the system lacks it.
libraries=(libpcre2-8-0 libluajit-5.1-2 libluajit-5.1-common libatomic1 libjemalloc2 liblzf1 libsystemd0
	libiperf0 libsctp1 libldns3 libnghttp2-14 libssl3 zlib1g libcrypt1 libgcc-s1)

complete() {
	local p
	for p in "${programs[@]}"; do
		[ -x "$dir/$p" ] || return 1
		LD_LIBRARY_PATH=$dir/libs ldd "$dir/$p" | grep -q 'not found' && return 1
	done
	return 0
}

installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

complete 2>/dev/null && exit 0
command -v dpkg-deb >/dev/null || {
	echo "The demo unpacks Debian's nginx, wrk, redis, iperf3 and dnsperf, and needs apt-get and dpkg-deb for it." >&2
	exit 1
}
for l in "${libraries[@]}"; do
	installed "$l" || packages+=("$l")
done

mkdir -p "$(dirname "$dir")"
exec 9>"$dir.lock"
flock 9
complete 2>/dev/null && exit 0 # somebody else did it
# Unpacked aside and moved in whole, so that an interrupted run is never taken for a complete one.
tmp=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
mkdir "$tmp/deb" "$tmp/root" "$tmp/root/libs"
echo "Unpacking (not installing) ${packages[*]}"
download() {
	(cd "$tmp/deb" && apt-get download -q -o APT::Sandbox::User=root "${packages[@]}") >"$tmp/log" 2>&1
}
download || { apt-get update -q >/dev/null && download; } || {
	cat "$tmp/log" >&2
	echo "Could not download them; check the network and the sources of apt." >&2
	exit 1
}
for d in "$tmp"/deb/*.deb; do
	dpkg-deb -x "$d" "$tmp/root"
done
find "$tmp/root/usr" "$tmp/root/lib" -name '*.so*' -exec cp -a -t "$tmp/root/libs" {} +
rm -rf "$dir"
mv "$tmp/root" "$dir"
complete || {
	echo "Unpacked into $dir, but these do not run:" >&2
	for p in "${programs[@]}"; do
		LD_LIBRARY_PATH=$dir/libs ldd "$dir/$p" | sed -n "s|^\(.*not found\)|$p: \1|p" >&2
	done
	exit 1
}
