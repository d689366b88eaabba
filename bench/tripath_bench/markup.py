# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Small pieces of HTML. Everything that is not a Markup is escaped."""

import html


class Markup(str):
    """Text that is HTML already."""

    def __add__(self, other):
        return Markup(str(self) + str(escape(other)))


def escape(value):
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def tag(name, *content, **attributes):
    """<name attributes>content</name>; `_class` stands for class."""
    words = "".join(
        f' {key.strip("_")}="{html.escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{words}>{join(content)}</{name}>")


def join(parts, between=""):
    return Markup(between.join(escape(p) for p in parts))


def table(header, rows, words=1, _class=None):
    """The first @words columns to the left, the others, which are numbers, to the right. A row may be
    (class, cells).
    """
    def cells(kind, row):
        return [tag(kind, c, _class=None if i < words else "n") for i, c in enumerate(row)]

    body = []
    for row in rows:
        css, row = row if isinstance(row, tuple) else (None, row)
        body.append(tag("tr", *cells("td", row), _class=css))
    head = tag("thead", tag("tr", *cells("th", header)))
    return tag("div", tag("table", head, tag("tbody", *body), _class=_class), _class="scroll")


def chip(text, kind):
    return tag("span", text, _class=f"chip {kind}")


def items(entries):
    return tag("ul", *(tag("li", e) for e in entries)) if entries else Markup("")


def folded(summary, *content):
    """Shut until a reader opens it; needs no script."""
    return tag("details", tag("summary", summary), *content)


def figure(plot):
    return tag("figure", Markup(plot.svg), tag("figcaption", plot.caption), id=f"plot-{plot.name}")


def missing(text, command=None):
    """What a section cannot show, and what would bring it."""
    more = [" To measure it: ", tag("code", command)] if command else []
    return tag("p", text, *more, _class="missing")


def tree(value):
    """Nested values as nested definition lists; plain lists on one line."""
    if isinstance(value, dict):
        if not value:
            return Markup("&ndash;")
        rows = (tag("dt", k) + tag("dd", tree(v)) for k, v in value.items())
        return tag("dl", *map(Markup, rows))
    if isinstance(value, list):
        if any(isinstance(v, (dict, list)) for v in value):
            return tag("ol", *(tag("li", tree(v)) for v in value))
        return escape(", ".join(map(str, value)) or "–")
    if value is None:
        return Markup("&ndash;")
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    return escape(value)
