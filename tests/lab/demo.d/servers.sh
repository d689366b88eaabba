# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # variables of the files that are read together
# What answers on the host: nginx, redis and iperf3 as Debian built them, tp-xsk, and a plain echo behind it.

# A client, from where it was unpacked, with the libraries that came with it. None takes a minute.
unpacked() {
	local where=$1 program=$2
	shift 2
	in_ns "$where" env LD_LIBRARY_PATH="$debs/libs" timeout 60 "$debs/usr/$program" "$@"
}

serve_unpacked() {
	local name=$1 program=$2
	shift 2
	serve "$name" host env LD_LIBRARY_PATH="$debs/libs" "$debs/usr/$program" "$@"
}

write_nginx_config() {
	cat >"$run/nginx.conf" <<-EOF
		daemon off;
		master_process off;
		pid $run/nginx.pid;
		error_log $run/nginx.log;
		events { worker_connections 512; }
		http {
			access_log off;
			keepalive_requests 1000000;
			client_body_temp_path $run/nginx-body;
			proxy_temp_path $run/nginx-proxy;
			fastcgi_temp_path $run/nginx-fastcgi;
			uwsgi_temp_path $run/nginx-uwsgi;
			scgi_temp_path $run/nginx-scgi;
			server {
				listen 8080;
				listen [::]:8080;
				location = /plan { return 200 '{"step":1,"tool":"search","query":"what is on the wire"}'; }
				location = /status { stub_status; }
			}
		}
	EOF
}

listens() {
	[ -n "$(in_ns host ss -Hln "$1" "sport = :$2")" ]
}

start_servers() {
	begin_step "starting nginx, redis and iperf3"
	write_nginx_config
	serve_unpacked nginx sbin/nginx -p "$run" -c "$run/nginx.conf" -e "$run/nginx.log"
	serve_unpacked redis bin/redis-server --port 6379 --bind 0.0.0.0 :: --protected-mode no --save '' \
		--appendonly no --dir "$run"
	serve_unpacked iperf3 bin/iperf3 --server
	serve stack-echo host "$here/demo.d/stack-echo" "${udp_ports[@]}"
	wait_until 10 "nginx listens" listens -t 8080
	wait_until 10 "redis listens" listens -t 6379
	wait_until 10 "iperf3 listens" listens -t 5201
	wait_until 10 "the echo server is ready" said stack-echo ready
}

# `start_sink TENANT`: path B's server, one worker a queue.
start_sink() {
	serve "sink-$1" host "$tp_xsk" --iface "tripath-$1" --mode echo --interval 0 --json
	wait_until 10 "tp-xsk is ready" said "sink-$1" '"ready"'
}

# Each life of a sink leaves its final counters.
stop_sink() {
	stop "sink-$1"
	cat "$run/sink-$1.out" >>"$run/sinks.jsonl"
}
