# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench of suite `rtt`: two namespaces joined by three veth pairs, tp-bench at both ends.

The classifier is attached to one pair, at both ends, and AF_XDP alone is measured over that; to one
at the server's end, for an AF_XDP server with an ordinary UDP client. The third pair is as the kernel makes it, without any XDP program and with every offload: the opponents
use that one. So no side waits for another's attach, and none pays for what it does not use.
"""

import contextlib
import json
import os
import signal
import subprocess
import time

from . import host, lab
from .say import Failure

POLICY = """\
version: 1
name: rtt
tenants:
  - {name: default, default: true}
services:
  - {name: door, protocol: udp, port: 7000, class: rpc, path: af_xdp}
  - {name: answers, protocol: udp, port: 7100, class: rpc, path: af_xdp}
"""
PORT, CLIENT_PORT = 7000, 7100
PLAIN_SERVER, PLAIN_CLIENT = "10.78.0.1", "10.78.0.2"
PLAIN_SERVER_IF, PLAIN_CLIENT_IF = "tps1", "tpc1"
HALF_SERVER, HALF_CLIENT = "10.79.0.1", "10.79.0.2"
HALF_SERVER_IF, HALF_CLIENT_IF = "tps2", "tpc2"
RING = ("--ring", "256")  # AF_XDP's: few frames in turn stay in the caches and the TLB
INCONCLUSIVE = 4  # tp-bench: the generator was late


class Lab:
    def __init__(self, pair, options):
        self.pair, self.options = pair, options
        self.bench = os.path.join(options.build, "bin", "tp-bench")
        self.load = os.path.join(options.build, "bin", "tp-load")
        self.receipts = {}

    def others_up(self):
        for server_if, client_if, server, client in (
            (PLAIN_SERVER_IF, PLAIN_CLIENT_IF, PLAIN_SERVER, PLAIN_CLIENT),
            (HALF_SERVER_IF, HALF_CLIENT_IF, HALF_SERVER, HALF_CLIENT),
        ):
            lab.run(
                *("ip", "link", "add", server_if, "netns", self.pair.server, "type", "veth"),
                *("peer", "name", client_if, "netns", self.pair.client),
            )
            for netns, dev, address in (
                (self.pair.server, server_if, server),
                (self.pair.client, client_if, client),
            ):
                lab.run(*lab.inside(netns, "ip", "addr", "add", f"{address}/24", "dev", dev))
                lab.run(*lab.inside(netns, "ip", "link", "set", dev, "up"))

    @contextlib.contextmanager
    def attached(self, policy, *more):
        ends = (
            (self.pair.server, self.pair.server_if),
            (self.pair.client, self.pair.client_if),
            (self.pair.server, HALF_SERVER_IF),
        )
        try:
            for netns, dev in ends:
                lab.run(*lab.inside(netns, self.load, "attach", dev, "--policy", policy, *more))
            yield
        finally:
            for netns, dev in ends:
                subprocess.run(
                    lab.inside(netns, self.load, "detach", dev), capture_output=True, check=False
                )

    def status(self):
        tell = ("status", self.pair.server_if, "--json", "--interval", "0.1")
        return json.loads(lab.run(*lab.inside(self.pair.server, self.load, *tell)))

    @contextlib.contextmanager
    def _server(self, transport, address, wait, cpu):
        command = (
            *(self.bench, "serve", "--transport", transport, "--listen", f"{address}:{PORT}"),
            *("--wait", wait, "--cpu", str(cpu), "--json"),
            *(RING if transport == "xsk" else ()),
        )
        server = subprocess.Popen(
            lab.inside(self.pair.server, *command),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if "ready" not in server.stdout.readline():
                raise Failure(f"tp-bench serve ended: {server.stderr.read().strip()}")
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()

    def ask(self, path, size, wait, seconds, *more, client_cpu=1, mixed=False):
        """What tp-bench says of one run over @path; @mixed: an ordinary UDP client of that server."""
        ours = path == "xsk"
        address = HALF_SERVER if mixed else self.pair.SERVER if ours else PLAIN_SERVER
        client = "udp" if mixed else path
        command = [
            *(self.bench, "run", "--transport", client, "--to", f"{address}:{PORT}"),
            *("--size", str(size), "--fanout", "1", "--reads", "echo", "--wait", wait),
            *("--cpu", str(client_cpu), "--duration", str(seconds), "--warmup", "0.05"),
            *("--json", *more),
        ]
        if client == "xsk":
            command += ["--local-port", str(CLIENT_PORT), *RING]
        with self._server(path, address, wait, 0):
            done = subprocess.run(
                lab.inside(self.pair.client, *command),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        if done.returncode not in (0, INCONCLUSIVE):
            raise Failure(f"tp-bench over {path} failed: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        counts = result["counts"]
        if counts["lost"] * 100 > counts["sent"]:
            raise Failure(
                f"{counts['lost']} of {counts['sent']} messages over {path} were lost: "
                f"not a measurement ({json.dumps(result['receipt'].get('counters', {}))})"
            )
        self.receipts.setdefault(path + (", udp client" if mixed else ""), result["receipt"])
        return result


def idle(seconds):
    """CPU seconds a second that the machine takes without any of this."""
    before, start = host.busy(host.cpu_times()), time.monotonic()
    time.sleep(seconds)
    return (host.busy(host.cpu_times()) - before) / (time.monotonic() - start)


@contextlib.contextmanager
def opened(options):
    scratch = os.path.join(options.build, "bench")
    os.makedirs(scratch, exist_ok=True)
    policy = os.path.join(scratch, "rtt.yaml")
    with open(policy, "w", encoding="utf-8") as f:
        f.write(POLICY)
    with lab.joined_pair() as pair:
        where = Lab(pair, options)
        where.others_up()
        with where.attached(policy):
            yield where, policy
