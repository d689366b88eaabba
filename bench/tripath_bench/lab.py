# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Network namespaces and veth pairs of the suites, and the tools that run in them.

Namespaces carry this process' id in their names and go when the `with` block is left, however it is
left.
"""

import contextlib
import fcntl
import glob
import os
import shutil
import subprocess

from .say import Failure, progress


def run(*command, timeout=60):
    """Output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise Failure(f"`{' '.join(command)}` failed with {done.returncode}: {said}", said)
    return done.stdout


def inside(netns, *command):
    """@command as it runs in @netns. Not by `ip netns exec`, which hides bpffs."""
    return ["nsenter", f"--net=/run/netns/{netns}", *command]


@contextlib.contextmanager
def namespace(role):
    name = f"tripath-bench-{os.getpid()}-{role}"
    try:
        # A signal may come when it is half made.
        run("ip", "netns", "add", name)
        run(*inside(name, "ip", "link", "set", "lo", "up"))
        # Nothing but the workload's own frames: no router solicitation, no duplicate address
        # detection.
        run(
            *inside(
                name,
                "sh",
                "-c",
                "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; "
                "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6",
            )
        )
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


@contextlib.contextmanager
def looped_pair():
    """One namespace with both ends of a veth pair: (namespace, sending end, receiving end)."""
    with namespace("loop") as name:
        run(
            "ip",
            "link",
            "add",
            "tpb0",
            "netns",
            name,
            "type",
            "veth",
            "peer",
            "name",
            "tpb1",
            "netns",
            name,
        )
        # The frames are single by nature; looking for what could be merged would only thin the
        # comparison.
        run(*inside(name, "ethtool", "-K", "tpb1", "gro", "off"))
        for end in ("tpb0", "tpb1"):
            run(*inside(name, "ip", "link", "set", end, "up"))
        yield name, "tpb0", "tpb1"


class Pair:
    """Two namespaces joined by a veth pair."""

    SERVER = "10.77.0.1"
    CLIENT = "10.77.0.2"

    def __init__(self, server, client):
        self.server, self.client = server, client
        self.server_if, self.client_if = "tps0", "tpc0"

    def up(self):
        run(
            "ip",
            "link",
            "add",
            self.server_if,
            "netns",
            self.server,
            "type",
            "veth",
            "peer",
            "name",
            self.client_if,
            "netns",
            self.client,
        )
        for netns, dev, address in (
            (self.server, self.server_if, self.SERVER),
            (self.client, self.client_if, self.CLIENT),
        ):
            run(*inside(netns, "ip", "addr", "add", f"{address}/24", "dev", dev))
            run(*inside(netns, "ip", "link", "set", dev, "up"))

    def mtu(self, size):
        for netns, dev in ((self.server, self.server_if), (self.client, self.client_if)):
            run(*inside(netns, "ip", "link", "set", dev, "mtu", str(size)))


@contextlib.contextmanager
def joined_pair():
    with namespace("server") as server, namespace("client") as client:
        pair = Pair(server, client)
        pair.up()
        yield pair


def unpack(name, packages, root):
    progress(f"unpacking {', '.join(packages)} into {root}")
    done = subprocess.run(
        ["apt-get", "download", "-q", *packages],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failure(
            f"{name} is missing and cannot be downloaded: {done.stderr.strip()}. "
            f"Type: sudo apt-get update; sudo apt-get install {packages[0]}"
        )
    for package in glob.glob(os.path.join(root, "*.deb")):
        run("dpkg", "-x", package, root)
        os.unlink(package)


def tool(name, packages, build):
    """([command], environment) of a Debian program, unpacked into the build folder where it is not
    installed.

    Not installed, because some of these packages would start daemons on the user's machine.
    """
    if shutil.which(name):
        return [shutil.which(name)], os.environ.copy()
    root = os.path.join(build, "tools", name)
    binary = os.path.join(root, "usr", "bin", name)
    if not os.path.exists(binary):
        os.makedirs(root, exist_ok=True)
        with open(os.path.join(root, "lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two suites may want it at once
            if not os.path.exists(binary):
                unpack(name, packages, root)
    environment = os.environ.copy()
    folders = glob.glob(os.path.join(root, "usr", "lib", "*-linux-gnu"))
    folders += glob.glob(os.path.join(root, "lib", "*-linux-gnu"))
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, [*folders, environment.get("LD_LIBRARY_PATH")]))
    return [binary], environment
