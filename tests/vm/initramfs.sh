#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# usage: initramfs.sh DIR
#
# Build DIR/initrd.gz for the kernel in DIR (see kernel.sh): busybox, the init
# script, and the modules needed to reach the host's root, in load order.  All
# other modules are found in the guest's /lib/modules.

set -euo pipefail

dir=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
modules=(virtio_pci virtio_console 9pnet_virtio 9p overlay)

if [[ $dir/initrd.gz -nt $here/init && $dir/initrd.gz -nt ${BASH_SOURCE[0]} &&
	$dir/initrd.gz -nt $dir/release ]]; then
	exit 0
fi

if ldd /bin/busybox >/dev/null 2>&1; then
	echo "vm: /bin/busybox is not static, install busybox-static" >&2
	exit 1
fi
release=$(<"$dir/release")
tree=$(mktemp -d "$dir/initramfs.XXXXXX")
trap 'rm -rf -- "$tree"' EXIT
mkdir -p "$tree"/{bin,dev,host,lib,modules,proc,rw}
cp /bin/busybox "$tree/bin/busybox"
cp "$here/init" "$tree/init"
chmod 755 "$tree/init"

for module in "${modules[@]}"; do
	/sbin/modprobe -d "$dir" -S "$release" --show-depends "$module"
done | while read -r what path _; do
	[[ $what == insmod ]] || continue
	name=$(basename "${path%.xz}")
	[[ ! -e $tree/modules/$name ]] || continue
	case $path in
	*.xz) xz -dc "$path" >"$tree/modules/$name" ;;
	*) cp "$path" "$tree/modules/$name" ;;
	esac
	printf '%s\n' "$name" >>"$tree/modules/order"
done

(cd "$tree" && find . | cpio --quiet -o -H newc) | gzip -1 >"$dir/initrd.gz.new"
mv "$dir/initrd.gz.new" "$dir/initrd.gz"
