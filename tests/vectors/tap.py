# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""TAP from decorated functions: `test = tap.Tests()`, `@test`, `sys.exit(test.main())`."""

import traceback


class Skip(Exception):
    """What this machine lacks for a test; the message says what."""


class Tests:
    """Collects functions in the order of their definition; a name becomes the words of a TAP line."""

    def __init__(self):
        self.functions = []

    def __call__(self, function):
        self.functions.append(function)
        return function

    def main(self):
        print(f"1..{len(self.functions)}", flush=True)
        failed = 0
        for number, function in enumerate(self.functions, 1):
            line = f"{number} - {function.__name__.replace('_', ' ')}"
            try:
                function()
                print(f"ok {line}", flush=True)
            except Skip as why:
                print(f"ok {line} # SKIP {why}", flush=True)
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"not ok {line}")
                print("".join(f"# {t}\n" for t in traceback.format_exc().splitlines()), end="", flush=True)
        return 1 if failed else 0
