# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The policy that suite `bpf` measures under: 16 services and 1,000 tenant prefixes, all on the
stack.

Addresses agree with bench/replay.h: flows come from 10.128.P.0/24 and fd77:1:P::/48, 256 of each.
"""

SERVICES = 16
PREFIXES = 1000
TENANTS = 20
FIRST_UDP_PORT = 7000
FIRST_TCP_PORT = 8000


def prefixes():
    """Half IPv4, half IPv6, peers all."""
    half = PREFIXES // 2
    ipv4 = [f"10.{128 + p // 256}.{p % 256}.0/24" for p in range(half)]
    ipv6 = [f"fd77:1:{p:x}::/48" for p in range(half)]
    return ipv4 + ipv6


def services():
    udp = [("udp", FIRST_UDP_PORT + i) for i in range(SERVICES // 2)]
    tcp = [("tcp", FIRST_TCP_PORT + i) for i in range(SERVICES // 2)]
    return udp + tcp


def text():
    lines = ["version: 1", "name: bench", "tenants:", "  - name: default", "    default: true"]
    every = prefixes()
    for tenant in range(TENANTS):
        own = ", ".join(f'"{p}"' for p in every[tenant::TENANTS])
        lines += [f"  - name: tenant-{tenant}", "    match:", f"      peer: [{own}]"]
    lines += ["services:"]
    for protocol, port in services():
        lines += [
            f"  - name: {protocol}-{port}",
            f"    protocol: {protocol}",
            f"    port: {port}",
            "    class: rpc",
            "    path: stack",
        ]
    return "\n".join(lines) + "\n"
