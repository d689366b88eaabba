# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

# The policy file, for every program that reads one.
POLICY_SRCS := $(wildcard loaders/lib/policy*.c)

# AF_XDP sockets behind the classifier, for every program that has some.
XSK_LIB_SRCS := loaders/lib/xsk.c loaders/lib/sink_owner.c loaders/lib/xsk_setup.c loaders/lib/xsk_target.c loaders/lib/frames.c loaders/lib/packet.c \
	loaders/lib/udp_headers.c loaders/lib/xsk_udp.c loaders/lib/xsk_udp_open.c loaders/lib/neighbour.c loaders/lib/netlink.c loaders/lib/netif.c loaders/lib/pins.c

PROGRAMS += tp-xsk
tp-xsk_SRCS := loaders/tp-xsk.c $(XSK_LIB_SRCS) loaders/lib/msg.c loaders/xsk/address.c loaders/xsk/client.c loaders/xsk/echo.c loaders/xsk/forward.c \
	loaders/xsk/options.c loaders/xsk/report.c loaders/xsk/setup.c loaders/xsk/values.c loaders/xsk/worker.c
tp-xsk_LIBS := -lxdp -lbpf -ljansson -lpthread

PROGRAMS += tp-load
tp-load_SRCS := loaders/tp-load.c loaders/load/attach.c loaders/load/claim.c loaders/load/counts.c loaders/load/cpus.c loaders/load/detach.c loaders/load/drops.c \
	loaders/load/explain.c loaders/load/figures.c loaders/load/found.c loaders/load/instance.c loaders/load/live.c loaders/load/moved.c \
	loaders/load/names.c loaders/load/prepare.c loaders/load/question.c loaders/load/reload.c loaders/load/status.c \
	loaders/load/status_json.c loaders/load/status_text.c loaders/load/warn.c loaders/lib/generation.c \
	loaders/lib/msg.c loaders/lib/netif.c loaders/lib/netlink.c loaders/lib/netns.c loaders/lib/pins.c loaders/lib/pins_lock.c loaders/lib/pins_sweep.c loaders/lib/sink_owner.c loaders/lib/xdp_attach.c loaders/lib/xdp_probe.c \
	$(POLICY_SRCS)
tp-load_LIBS := -lxdp -lbpf -lcyaml -lyaml -ljansson -lsodium

PROGRAMS += tp-probe
tp-probe_SRCS := loaders/tp-probe.c loaders/probe/guardian.c loaders/probe/hist.c loaders/probe/kind.c loaders/probe/options.c \
	loaders/probe/probe.c loaders/probe/softirq.c loaders/probe/wakeup.c loaders/lib/msg.c
tp-probe_LIBS := -lbpf -lxdp -ljansson
