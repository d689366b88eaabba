# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Reading files and commands that a machine may lack: what is not there is None, never an error."""

import re
import shutil
import subprocess


def read(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return default


def output(*command):
    """What a command prints, or None where it is missing or fails."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def field(text, name):
    """Value of a line `name: value`, or None."""
    found = re.search(rf"^\s*{re.escape(name)}:[ \t]*(.*)$", text, re.M)
    return found.group(1).strip() if found else None
