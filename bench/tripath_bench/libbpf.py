# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The few calls of libbpf that a suite makes by itself."""

import contextlib
import ctypes
import os

from . import host
from .say import Failure

BPF_STATS_RUN_TIME = 0


def library():
    bpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    for name in ("open", "next_program"):
        getattr(bpf, f"bpf_object__{name}").restype = ctypes.c_void_p
    bpf.bpf_program__attach.restype = ctypes.c_void_p
    return bpf


@contextlib.contextmanager
def run_time_counted():
    """Within, the kernel counts run_cnt and run_time_ns of every program.

    The switch of kernel.bpf_stats_enabled, held by a descriptor: it goes back by itself, even if
    this process is killed.
    """
    fd = library().bpf_enable_stats(BPF_STATS_RUN_TIME)
    if fd < 0:
        why = os.strerror(ctypes.get_errno())
        raise Failure(f"BPF run time cannot be counted: {why}; Linux 5.8 is needed")
    try:
        yield
    finally:
        os.close(fd)


def run_time(programs):
    """(ns, runs) that the kernel has counted of the programs with these ids."""
    shown = [host.shown_program(i) for i in programs]
    return tuple(sum(s.get(key, 0) for s in shown) for key in ("run_time_ns", "run_cnt"))


class Attached:
    """Every program of an object, attached by its section's name, until the block is left."""

    def __init__(self, path):
        self.bpf, self.links = library(), []
        self.object = self.bpf.bpf_object__open(path.encode())
        if not self.object:
            raise Failure(f"{path} cannot be opened: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        pointer = ctypes.c_void_p
        try:
            if self.bpf.bpf_object__load(pointer(self.object)):
                raise Failure("the empty programs cannot be loaded")
            for program in self._programs():
                link = self.bpf.bpf_program__attach(pointer(program))
                if not link:
                    raise Failure("an empty program cannot be attached")
                self.links.append(link)
        except Failure:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for link in self.links:
            self.bpf.bpf_link__destroy(ctypes.c_void_p(link))
        self.bpf.bpf_object__close(ctypes.c_void_p(self.object))

    def _programs(self):
        found, program = [], None
        while True:
            program = self.bpf.bpf_object__next_program(
                ctypes.c_void_p(self.object), ctypes.c_void_p(program)
            )
            if not program:
                return found
            found.append(program)

    def programs(self):
        fds = [self.bpf.bpf_program__fd(ctypes.c_void_p(p)) for p in self._programs()]
        return [i for fd in fds for i in program_ids(f"/proc/self/fdinfo/{fd}")]


def program_ids(path):
    """Ids of the BPF programs that a file of /proc/PID/fdinfo names."""
    lines = (host.read(path) or "").splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("prog_id:")]


def programs_of(pid):
    """Ids of the programs that a process holds."""
    folder = f"/proc/{pid}/fdinfo"
    return sorted({i for fd in os.listdir(folder) for i in program_ids(f"{folder}/{fd}")})
