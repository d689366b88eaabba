#!/usr/bin/env bats
# shellcheck disable=SC2154 # lab_name is lab.sh's
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tp-load killed at every point, and what else may go away under it: nothing is left, nothing is half done.

load lab.sh

setup() {
	lab_make
	policy=$BATS_TEST_TMPDIR/p1.yaml
	lab_two_sided p1 7000 7009 >"$BATS_TEST_TMPDIR/p1.yaml"
	lab_two_sided p2 7009 7000 >"$BATS_TEST_TMPDIR/p2.yaml"
}

teardown() {
	lab_clean
}

# Runs tp-load with the rest of the words and kills it as it enters its $2-th system call named $1.
killed_at() {
	lab_in a strace -f -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
		"$TRIPATH_BUILD/bin/tp-load" "${@:3}" >/dev/null 2>&1
}

# How many system calls named $1 tp-load makes with the rest of the words.
calls_of() {
	lab_in a strace -o "$BATS_TEST_TMPDIR/calls" -e "trace=$1" "$TRIPATH_BUILD/bin/tp-load" "${@:2}" >/dev/null 2>&1
	grep -c "^$1" "$BATS_TEST_TMPDIR/calls"
}

nothing_left() {
	[ -z "$(lab_xdp v0)" ] && [ ! -e "$(lab_pin '')" ]
}

@test "attach killed at any of its BPF calls leaves what detach or the next attach cleans up" {
	calls=$(calls_of bpf attach v0 --policy "$policy")
	lab_load detach v0
	echo "$calls calls"
	[ "$calls" -gt 50 ]
	# Each of the last, where the program goes live; every third of those before.
	for ((at = 1; at <= calls; at += at < calls - 24 ? 3 : 1)); do
		echo "killed at call $at"
		run killed_at bpf "$at" attach v0 --policy "$policy"
		[ "$status" = 137 ]
		if ((at % 2)); then
			lab_load detach v0 2>/dev/null || [ ! -e "$(lab_pin v0)" ]
		else
			lab_load attach v0 --policy "$policy" 2>/dev/null || [ -n "$(lab_xdp v0)" ]
			lab_load detach v0
		fi
		nothing_left
	done
}

@test "reload killed at any of its BPF calls leaves the old or the new policy whole" {
	lab_load attach v0 --policy "$policy"
	calls=$(calls_of bpf reload v0 --policy "$policy")
	echo "$calls calls"
	[ "$calls" -gt 15 ]
	for ((at = 1; at <= calls; at++)); do
		echo "killed at call $at"
		run killed_at bpf "$at" reload v0 --policy "$BATS_TEST_TMPDIR/p$((at % 2 + 1)).yaml"
		[ "$status" = 137 ]
		before=$(lab_sum v0 .reasons.service_stack)
		lab_send b 10.99.0.1 7000 64
		lab_until 5 lab_at_least v0 .reasons.service_stack $((before + 64))
	done
	lab_load status v0 --json --interval 0.05 >"$BATS_TEST_TMPDIR/status"
	jq '.interfaces[0] | {reasons, policy, services, tenants}' "$BATS_TEST_TMPDIR/status"
	jq -e '.interfaces[0] | .reasons.no_policy == null and .reasons.no_service == null
		and ([.services[] | select(.service == "one").packets] == [.tenants[] | select(.tenant == "t1").packets])
		and ([.services[] | select(.service == "two").packets] == [.tenants[] | select(.tenant == "t2").packets])
		and .policy.generation > 1' "$BATS_TEST_TMPDIR/status"
	lab_load reload v0 --policy "$BATS_TEST_TMPDIR/p2.yaml"
	lab_load explain v0 udp 10.99.0.2:1 10.99.0.1:7000 --json |
		jq -e '.service == "two" and .tenant == "t2" and .class == "bulk" and .policy == "p2"'
	lab_load detach v0
	nothing_left
}

@test "detach killed at any point is finished by the next one" {
	lab_load attach v0 --policy "$policy"
	calls=$(calls_of unlinkat detach v0)
	nothing_left
	for ((at = 1; at <= calls; at += 2)); do
		echo "killed at call $at"
		lab_load attach v0 --policy "$policy"
		run killed_at unlinkat "$at" detach v0
		[ "$status" = 137 ]
		lab_load detach v0
		nothing_left
	done
}

@test "detach works after the interface is gone" {
	lab_load attach v0 --policy "$policy"
	ip -n "$lab_name-a" link del v0
	run lab_load status
	echo "$output"
	[[ $output == *"the interface is gone"*"tp-load detach v0"* ]]
	run lab_load detach v0
	echo "$output"
	[ "$status" = 0 ]
	[ ! -e "$(lab_pin '')" ]
}

@test "attach to a new interface of the same name clears what the old one left" {
	lab_load attach v0 --policy "$policy"
	ip -n "$lab_name-a" link del v0
	ip link add v0 netns "$lab_name-a" type veth peer name v0 netns "$lab_name-b"
	ip -n "$lab_name-a" link set v0 up
	run lab_load attach v0 --policy "$policy"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"cleaning up"*"1 queue(s)"* ]]
	lab_load detach v0
	nothing_left
}

@test "detach --all elsewhere clears what a namespace that is gone left" {
	lab_load attach v0 --policy "$policy"
	pins=$(lab_pin '')
	ip netns del "$lab_name-a"
	swept() {
		lab_in b "$TRIPATH_BUILD/bin/tp-load" detach --all && [ ! -e "$pins" ]
	}
	lab_until 10 swept
}

@test "what another version attached is named, and detached" {
	lab_load attach v0 --policy "$policy"
	# The ABI is the first word of the state, whatever else that version keeps there.
	read -ra bytes < <(bpftool -j map dump pinned "$(lab_pin v0/state)" | jq -r '.[0].value | join(" ")')
	bytes[0]=0x63
	bpftool map update pinned "$(lab_pin v0/state)" key 0 0 0 0 value "${bytes[@]}"
	for command in status explain reload; do
		case $command in
		explain) run lab_load explain v0 udp 10.99.0.2:1 10.99.0.1:7000 ;;
		reload) run lab_load reload v0 --policy "$policy" ;;
		*) run lab_load $command v0 ;;
		esac
		echo "$output"
		[ "$status" = 1 ]
		[[ $output == *"another version (its ABI is 99, this one's "[0-9]*")"*"tp-load detach v0"* ]]
	done
	run lab_load attach v0 --policy "$policy"
	[ "$status" = 1 ]
	lab_load detach v0
	nothing_left
}

@test "a program that came after ours was taken off stays" {
	lab_load attach v0 --policy "$policy"
	id=$(bpftool -j link show pinned "$(lab_pin v0/links/classifier)" | jq .id)
	bpftool link detach id "$id"
	lab_in a bpftool prog load "$TRIPATH_BUILD/bpf/nothing.bpf.o" "/sys/fs/bpf/tripath-crash-$$" type xdp
	lab_in a bpftool net attach xdpdrv pinned "/sys/fs/bpf/tripath-crash-$$" dev v0
	rm "/sys/fs/bpf/tripath-crash-$$"
	other=$(lab_xdp v0)
	lab_load detach v0
	[ "$(lab_xdp v0)" = "$other" ]
	[ ! -e "$(lab_pin '')" ]
}
