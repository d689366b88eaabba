# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How bench/run speaks: progress and errors to stderr, results to stdout."""

import sys
import time


class Failure(Exception):
    """Something that the user has to know and mend; the message names the fix."""

    def __init__(self, message, said=None):
        super().__init__(message)
        self.said = said or message  # by the program that failed, where one did


class Unsupported(Exception):
    """This kernel or machine cannot do it; the message says what is missing."""


_start = time.monotonic()


def progress(text):
    print(f"[{time.monotonic() - _start:5.1f} s] {text}", file=sys.stderr, flush=True)


def error(text):
    print(f"bench/run: error: {text}", file=sys.stderr, flush=True)
