# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""From what `perf script` prints to folded stacks, shares, and a flame graph as one SVG file.

The stacks stand root at the bottom, siblings in the order of their names; a width is a share of all
samples. Every box tells its name and share as a tooltip, without a script.
"""

import html
import re

WIDTH, ROW, GLYPH = 1180, 17, 6.3  # pixels; GLYPH: an average one of the label's font
MIN_SHARE = 0.0008  # a box below this is thinner than a pixel
UNKNOWN = "[unknown]"
# Where an idle CPU waits. Only as the innermost function: a softirq may well run on top of it.
IDLE = re.compile(
    r"^(do_idle|cpuidle_\w+|default_idle\w*|default_enter_idle|arch_cpu_idle\w*|(pv_)?native_safe_halt"
    r"|poll_idle|intel_idle\w*|acpi_\w*idle\w*|mwait_idle\w*)$"
)
# Routines whose only work is to move bytes (or to move and sum them), in kernel and C library.
COPY = re.compile(
    r"""^_*(pi_)?(
    copy_user_\w+ | rep_movs_alternative | copy_(to|from)_(user|iter)\w* | copy_page |
    memcpy\w* | memmove\w* | csum_partial_copy\w* | csum_and_copy\w* | skb_copy_\w+ | skb_store_bits |
    copy_page_(to|from)_iter\w* | copy_mc_\w+ | copy_folio_\w+ | simple_copy_to_iter
    )$""",
    re.X,
)


def stacks(script):
    """{(process, outermost, ..., innermost): samples} of `perf script` text, idle left out, and the
    number of idle samples.
    """
    found, idle = {}, 0
    for block in re.split(r"\n\s*\n", script):
        lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            continue
        frames = [f for f in map(frame, lines[1:]) if f]
        head = re.match(r"\s*(.+?)\s+-?\d+(?:/\d+)?\s", lines[0])
        if not head or not frames:
            continue
        if IDLE.match(frames[0][0]):
            idle += 1
            continue
        names = [head[1], *(name + ("_[k]" if kernel else "") for name, kernel in reversed(frames))]
        found[tuple(names)] = found.get(tuple(names), 0) + 1
    return found, idle


def frame(line):
    """(symbol, whether of the kernel) of one line of a call chain; None for any other line."""
    parts = re.match(r"\s+[0-9a-f]+\s+(.+?)\s+\((.*)\)\s*$", line)
    if not parts:
        return None
    symbol, where = re.sub(r"\+0x[0-9a-f]+$", "", parts[1]), parts[2]
    kernel = where.startswith("[") and where not in ("[vdso]", "[unknown]", "[stack]", "[heap]")
    kernel = kernel or where.endswith(".ko") or symbol.startswith("bpf_prog_")
    return (symbol, kernel) if symbol != UNKNOWN else (UNKNOWN, kernel)


def folded(counts):
    """The text form that other flame graph tools read: a;b;c 42."""
    return "".join(f"{';'.join(stack)} {n}\n" for stack, n in sorted(counts.items()))


def plain(name):
    return name.removesuffix("_[k]")


def is_copy(name):
    return bool(COPY.match(plain(name)))


def leaves(counts):
    """[(function, samples in it itself), ...], most first."""
    found = {}
    for stack, n in counts.items():
        found[plain(stack[-1])] = found.get(plain(stack[-1]), 0) + n
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def tree(counts):
    """Nested {name: [samples, children]}."""
    root = {}
    for stack, n in counts.items():
        level = root
        for name in stack:
            node = level.setdefault(name, [0, {}])
            node[0] += n
            level = node[1]
    return root


def svg(counts, title):
    """The flame graph as a whole SVG file."""
    total = sum(counts.values())
    boxes = []

    def place(level, left, depth):
        for name in sorted(level):
            n, children = level[name]
            if n / total >= MIN_SHARE:
                boxes.append((name, n, left, depth))
                place(children, left, depth + 1)
            left += n

    place(tree(counts), 0, 0)
    deepest = max((depth for *_, depth in boxes), default=0)
    height = (deepest + 1) * ROW + 4
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" '
        f'role="img" aria-label="{html.escape(title, quote=True)}" '
        'font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="10.5">',
        f"<title>{html.escape(title)}</title>",
    ]
    for name, n, left, depth in boxes:
        out.append(box(name, n, total, left, height - (depth + 1) * ROW - 2))
    out.append("</svg>\n")
    return "\n".join(out)


def box(name, n, total, left, y):
    x, width = WIDTH * left / total, WIDTH * n / total
    shown = plain(name)
    room = int((width - 6) / GLYPH)
    label = shown if len(shown) <= room else shown[: room - 1] + "…" if room >= 4 else ""
    words = html.escape(shown)
    text = f'<text x="{x + 3:.1f}" y="{y + 12}">{html.escape(label)}</text>' if label else ""
    return (
        f"<g><title>{words}: {n} samples, {n / total:.1%}</title>"
        f'<rect x="{x:.2f}" y="{y}" width="{max(width - 0.6, 0.3):.2f}" height="{ROW - 1}" rx="1" '
        f'fill="{colour(name)}"/>{text}</g>'
    )


def colour(name):
    """Copying stands out; kernel and user space are told apart; neighbours differ a little."""
    shade = sum(map(ord, name)) % 5
    if is_copy(name):
        return "#f0843c"
    if name.endswith("_[k]"):
        return ("#bcd7ee", "#c6ddf1", "#b1d0ea", "#cfe3f4", "#a9cae6")[shade]
    return ("#cfe8d5", "#c4e2cc", "#d9eede", "#badcc3", "#e0f1e4")[shade]
