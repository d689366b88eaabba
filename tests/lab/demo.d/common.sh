# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # variables of the files that are read together
# What every part of the demo uses: progress lines, steps that can be interrupted, and the clean-up.

# Everything that the demo makes carries its pid, and lives in $run or in these namespaces.
me=tripath-demo-$$
host=$me-host
declare -A ns=([host]=$host [a]=$me-a [b]=$me-b)
run=
step="start"

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' red='' plain=''
fi

now_ms() {
	local t=$EPOCHREALTIME
	echo $((${t/[.,]/} / 1000))
}
began_ms=$(now_ms)

say() {
	local ms=$(($(now_ms) - began_ms))
	printf '%s[%3d.%d s]%s %s\n' "$dim" $((ms / 1000)) $((ms % 1000 / 100)) "$plain" "$*"
}

heading() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# What is being done, for the case that it fails.
begin_step() {
	step=$1
}

fail() {
	printf '%sdemo: %s failed: %s%s\n' "$red" "$step" "$*" "$plain" >&2
	exit 1
}

# Runs in a namespace; nsenter, because `ip netns exec` would hide bpffs. Becomes the command: one pid.
in_ns() {
	local which=$1
	shift
	exec nsenter --net="/run/netns/${ns[$which]}" "$@"
}

# Waits for a child so that a signal is acted on at once: bash puts traps off while a foreground command runs.
await() {
	"$@" &
	wait $!
}

# A server in a namespace: `serve NAME NAMESPACE COMMAND…`. Its pid is in ${pid[NAME]}, what it says in $run/NAME.*
declare -A pid=()
serve() {
	local name=$1 where=$2
	shift 2
	in_ns "$where" "$@" >"$run/$name.out" 2>"$run/$name.err" &
	pid[$name]=$!
}

# The same command for both tenants at once, `both FUNCTION ARGUMENT…` being called with a and b as first argument.
both() {
	local do=$1 a b failed=0
	shift
	"$do" a "$@" &
	a=$!
	"$do" b "$@" &
	b=$!
	wait $a || failed=1
	wait $b || failed=1
	return $failed
}

# `wait_until SECONDS WHAT COMMAND…`: for a server to be ready, or a counter to move.
wait_until() {
	local seconds=$1 what=$2 deadline
	deadline=$(($(now_ms) + seconds * 1000))
	shift 2
	until "$@" >/dev/null; do
		[ "$(now_ms)" -lt "$deadline" ] || fail "$what: not within $seconds s"
		await sleep 0.05
	done
}

# Of a server, for wait_until: it said so, or it ended and its last words are shown.
said() {
	grep -q "$2" "$run/$1.out" && return
	kill -0 "${pid[$1]}" 2>/dev/null || fail "$1 ended on its own: $(tail -n 3 "$run/$1.err")"
	return 1
}

# End of one server that we started, waited for.
stop() {
	local p=${pid[$1]-}
	[ -n "$p" ] || return 0
	kill -TERM "$p" 2>/dev/null || true
	kill -CONT "$p" 2>/dev/null || true
	wait "$p" 2>/dev/null || true
	unset "pid[$1]"
}

# The processes that descend from this one, however they were orphaned since. Our own children need
# naming: a program that writes its title over its environment, as redis does, hides its mark.
our_processes() {
	jobs -pr
	grep -lszxF "TRIPATH_DEMO=$$" /proc/[0-9]*/environ | tr -dc '0-9\n'
}

# Politely for half a second, since who typed Ctrl-C waits; again and again, because one of them may have been
# about to start another.
end_processes() {
	local signal=TERM began p found
	began=$(now_ms)
	while [ $(($(now_ms) - began)) -lt 3000 ]; do
		[ $(($(now_ms) - began)) -lt 500 ] || signal=KILL
		found=
		# Those that looked for the others carry the mark too, and are gone by now.
		for p in $(our_processes); do
			[ "$p" != $$ ] && kill -$signal "$p" 2>/dev/null || continue
			kill -CONT "$p" 2>/dev/null
			found=yes
		done
		[ -n "$found" ] || return
		sleep 0.05
	done
}

make_run_directory() {
	run=${TMPDIR:-/tmp}/$me
	mkdir -m 700 "$run" || {
		run=
		fail "cannot make a directory in ${TMPDIR:-/tmp}"
	}
	echo "agents.example A" >"$run/question"
}

# On every way out. Each line stands for itself: one that fails must not keep the next from running.
clean_up() {
	local code=$? which
	trap - EXIT
	trap '' INT TERM HUP PIPE
	set +e
	end_processes
	detach host tripath-a &
	detach host tripath-b &
	detach b tripath-host &
	wait
	for which in host a b; do
		[ -e "/run/netns/${ns[$which]}" ] && ip netns del "${ns[$which]}"
	done
	[ -n "$run" ] && rm -rf "$run"
	[ "$code" = 0 ] || printf '%sdemo: ended at: %s%s\n' "$red" "$step" "$plain" >&2
	exit "$code"
}

# Also what an attach that was cut short left; nothing being there is as good.
detach() {
	[ -e "/run/netns/${ns[$1]}" ] || return 0
	(in_ns "$1" "$tp_load" detach "$2") >/dev/null 2>&1 || true
}
