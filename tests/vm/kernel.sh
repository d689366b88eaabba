#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# usage: kernel.sh SERIES BUILD
#
# Fetch Debian's kernel of that series (6.1, 6.12) and unpack it, without
# installing it, below BUILD/SERIES: kernel (the image), release (its version)
# and lib/modules.  Does nothing when that is already there.

set -euo pipefail

series=$1 build=$2
dir=$build/$series

say() { printf 'vm: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

case $series in
6.1) meta=linux-image-amd64 ;;
6.12) meta=linux-image-6.12-amd64 ;;
*) die "$series: unknown kernel series (6.1, 6.12)" ;;
esac
[[ ! -e $dir/release ]] || exit 0

# The package a meta package stands for; empty when it is not available.
resolve() {
	apt-cache depends --important "$meta" 2>/dev/null |
		sed -n "s/^ *Depends: \(linux-image-${series//./\\.}\.[0-9].*-amd64\)\$/\1/p" | head -n 1
}

fetch() {
	package=$(resolve)
	[[ $package ]] || return 1
	(cd "$build/cache" && apt-get -qq -o APT::Sandbox::User=root download "$package")
}

# uncompress VMLINUZ OUT: take the ELF image out of a bzImage, as started from
# that the emulated machine is seconds faster up than by unpacking it itself.
# The fields are those of the x86 boot protocol; the payload's last four bytes
# are the image's size.
uncompress() {
	local sectors offset length unpack
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
	offset=$(((sectors + 1) * 512 + offset))
	case $(od -An -tx1 -j "$offset" -N 4 "$1") in
	*'fd 37 7a 58') unpack=xz ;;
	*'28 b5 2f fd') unpack=zstd ;;
	*) die "$1: unknown compression" ;;
	esac
	dd if="$1" iflag=skip_bytes,count_bytes skip="$offset" count=$((length - 4)) bs=1M status=none |
		"$unpack" -dc >"$2"
}

say "fetching the $series kernel"
fetch || { ((EUID == 0)) && apt-get -qq update && fetch; } ||
	die "cannot download $meta"
deb=$(find "$build/cache" -name "${package}_*.deb" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')

say "unpacking $package"
new=$dir.new
rm -rf -- "$dir" "$new"
mkdir -p "$new/unpacked"
dpkg -x "$deb" "$new/unpacked"
release=$(basename "$new"/unpacked/boot/vmlinuz-*)
release=${release#vmlinuz-}
uncompress "$new/unpacked/boot/vmlinuz-$release" "$new/kernel"
# Newer packages have the modules in /usr/lib.
[[ -d $new/unpacked/lib/modules ]] || ln -s usr/lib "$new/unpacked/lib"
mkdir "$new/lib"
mv "$new/unpacked/lib/modules" "$new/lib/modules"
/sbin/depmod -b "$new" "$release"
rm -rf -- "$new/unpacked"
printf '%s\n' "$release" >"$new/release"
mv "$new" "$dir"
