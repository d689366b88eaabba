#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The report: every section, no resource from elsewhere, one host only, and what Chromium makes of
it; flame graphs from recorded text and from perf itself. TAP.
"""

import collections
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VECTORS = os.path.join(ROOT, "tests", "vectors")
sys.path[:0] = [os.path.join(ROOT, "bench"), VECTORS]
sys.dont_write_bytecode = True

import envelopes  # noqa: E402
import tap  # noqa: E402
from tripath_bench import (
    crossover,
    envelope,
    flame,
    hosts,
    page,
    profile,
    series,
    sources,
)  # noqa: E402

test = tap.Tests()
SVG = "{http://www.w3.org/2000/svg}"
PROBE = os.path.join(VECTORS, "page-probe.js")
CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
)


def recorded():
    with open(os.path.join(VECTORS, "perf-script.txt"), encoding="utf-8") as f:
        return f.read()


def profiled(folder):
    """An envelope with a profile made of the recorded text, and its flame graph beside it."""
    made = envelope.Envelope("attach", "Profiled, as a test has it", {"quick": True})
    made.repetition("case", "ours", "ns", [1, 2, 3, 4, 5])
    read = subprocess.CompletedProcess([], 0, recorded(), "")
    graph = os.path.join(folder, "attach-profile.flame.svg")
    made.document["profile"] = profile.result(
        read, "", "attach", graph, os.path.join(folder, "attach.folded")
    )
    return made.finish()


def several(folder):
    """Files of every kind that a report meets."""
    made = {
        "rtt": envelopes.rtt(),
        "classes": envelopes.classes(),
        "pps": envelopes.unsupported(),
        "attach-profile": profiled(folder),
    }
    paths = []
    for name, document in made.items():
        path = os.path.join(folder, f"{name}.json")
        envelope.write(document, path)
        paths.append(path)
    return paths


def report(*arguments):
    return subprocess.run(
        [os.path.join(ROOT, "bench", "report"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


class Built:
    """The page of all kinds of envelopes, built once."""

    folder = text = None

    @classmethod
    def page(cls):
        if cls.folder is None:
            cls.keep = tempfile.TemporaryDirectory()
            cls.folder = cls.keep.name
            done = report("--out", os.path.join(cls.folder, "out"), *several(cls.folder))
            assert done.returncode == 0, done.stderr
            cls.path = os.path.join(cls.folder, "out", "index.html")
            with open(cls.path, encoding="utf-8") as f:
                cls.text = f.read()
        return cls.text


class Outline(html.parser.HTMLParser):
    """Checks that tags close as they opened, and gathers ids and links."""

    VOID = {"meta", "link", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.outside = [], collections.Counter(), [], []
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for key, value in attrs:
            if key == "id":
                self.ids[value] += 1
            elif key in ("href", "src", "data", "srcset", "poster", "action"):
                (self.links if value.startswith("#") else self.outside).append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()


@test
def every_section_is_there_and_listed():
    text = Built.page()
    for ident, title, _ in page.SECTIONS:
        assert f'<section id="{ident}"><h2>{title}</h2>' in text, ident
        assert f'<a href="#{ident}">' in text, ident
    assert (
        'class="missing"' not in text.split('id="others"')[0]
    ), "a section is empty that should not be"


@test
def the_page_needs_nothing_beside_itself():
    text = Built.page()
    outline = Outline(text)
    assert outline.outside == ["data:,"], outline.outside
    assert "<script" not in text and "@import" not in text and "Content-Security-Policy" in text
    assert not re.search(r"url\((?!#)", text)
    left = set(re.findall(r"https?://[^\"'<\s]+", text)) - {"http://www.w3.org/2000/svg"}
    assert not left, left


@test
def ids_are_unique_and_links_lead_somewhere():
    outline = Outline(Built.page())
    twice = [i for i, n in outline.ids.items() if n > 1]
    assert not twice, twice[:5]
    astray = [link for link in outline.links if link[1:] not in outline.ids]
    assert not astray, astray[:5]


@test
def plots_also_stand_beside_it():
    text = Built.page()
    folder = os.path.join(Built.folder, "out", "plots")
    names = set(re.findall(r'<figure id="plot-([^"]+)"', text))
    assert {f"{n}.{kind}" for n in names for kind in ("svg", "png")} == set(os.listdir(folder))
    for name in names:
        xml.parse(os.path.join(folder, f"{name}.svg"))
        with open(os.path.join(folder, f"{name}.png"), "rb") as f:
            assert f.read(8) == b"\x89PNG\r\n\x1a\n"
    for start in ("latency-size", "latency-load", "curves", "cpu", "rate"):
        assert any(n.startswith(start) for n in names), start


@test
def quick_runs_are_never_passed_off_as_results():
    text = Built.page()
    assert "Quick runs, </b>and no results" in text and "quick: not a result" in text
    assert "Suite rtt (quick, not a result): latency against" in text


@test
def what_was_unsupported_is_told_and_escaped():
    text = Built.page()
    assert "no hugetlbfs &lt;here&gt; &amp; nothing to run" in text and "<here>" not in text


@test
def losses_and_lag_are_told():
    text = Built.page()
    assert "Losses, and lag of the generator" in text and '<td class="n">4.2 us</td>' in text


@test
def an_earlier_report_leaves_no_plot_and_strangers_stay():
    with tempfile.TemporaryDirectory() as folder:
        a, b = os.path.join(folder, "a.json"), os.path.join(folder, "b.json")
        envelope.write(envelopes.rtt(sizes=(64,)), a)
        envelope.write(envelopes.unsupported(), b)
        plots = os.path.join(folder, "plots")
        assert report("--out", folder, a).returncode == 0 and os.listdir(plots)
        open(os.path.join(plots, "mine.svg"), "w", encoding="utf-8").close()
        assert report("--out", folder, b).returncode == 0
        assert os.listdir(plots) == ["mine.svg"], os.listdir(plots)


@test
def receipts_tell_what_was_obtained():
    text = Built.page()
    for part in ("RECV_ZC: EOPNOTSUPP", "cubic", "zero_copy", "qp_type"):
        assert part in text, part


@test
def a_lone_envelope_names_what_is_missing():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "pps.json")
        envelope.write(envelopes.unsupported(), path)
        done = report("--out", folder, path)
        assert done.returncode == 0 and "0 plots" in done.stdout, done
        with open(os.path.join(folder, "index.html"), encoding="utf-8") as f:
            text = f.read()
    assert text.count('class="missing"') >= 8
    assert "sudo make bench SUITE=rtt" in text and "latencies of one path at two sizes" in text


@test
def a_missing_flame_graph_is_said():
    with tempfile.TemporaryDirectory() as folder:
        document = profiled(folder)
        path = os.path.join(folder, "elsewhere", "p.json")
        envelope.write(document, path)
        assert report("--out", folder, path).returncode == 0
        with open(os.path.join(folder, "index.html"), encoding="utf-8") as f:
            assert "is not there" in f.read()


@test
def every_result_of_a_host_makes_a_page():
    groups = collections.defaultdict(list)
    folder = os.path.join(ROOT, "results")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json") and name != "schema.json":
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                groups[hosts.fingerprint(json.load(f))].append(os.path.join(folder, name))
    for mark, paths in groups.items():
        with tempfile.TemporaryDirectory() as out:
            done = report("--out", out, "--host", mark, *sum(groups.values(), []))
            assert done.returncode == 0 and f"{len(paths)} envelopes" in done.stdout, (
                done.stdout + done.stderr
            )


@test
def different_hosts_are_never_drawn_together():
    with tempfile.TemporaryDirectory() as folder:
        one, same = envelopes.rtt(sizes=(64,)), envelopes.rtt(sizes=(64,))
        other = envelopes.on_another_host(same, kernel="9.9.9-other", cpus=96)
        a, b = os.path.join(folder, "a.json"), os.path.join(folder, "b.json")
        envelope.write(one, a)
        envelope.write(other, b)
        out = os.path.join(folder, "out")
        done = report("--out", out, a, b)
        assert done.returncode == 1 and not os.path.exists(out), done
        for part in (a, b, "kernel: ", "'9.9.9-other'", "cpus: ", "and 96", "--host"):
            assert part in done.stderr, (part, done.stderr)
        done = report("--out", out, "--host", hosts.fingerprint(other), a, b)
        assert done.returncode == 0 and "1 files left out" in done.stdout, done
        done = report("--out", out, "--each-host", a, b)
        pages = [os.path.join(out, hosts.fingerprint(d), "index.html") for d in (one, other)]
        assert done.returncode == 0 and all(map(os.path.isfile, pages)), done
        with open(os.path.join(out, "index.html"), encoding="utf-8") as f:
            outline = Outline(f.read())
        leads = [f"{hosts.fingerprint(d)}/index.html" for d in (one, other)]
        assert outline.outside == ["data:,", *leads], outline.outside
        done = report("--out", out, "--each-host", a)
        assert done.returncode == 0 and f"{out}/index.html: 1 envelopes" in done.stdout, done
        done = report("--out", out, "--host", "zz", a, b)
        assert done.returncode == 1 and "--host zz names 0 hosts" in done.stderr, done.stderr


@test
def what_is_no_envelope_is_refused_by_name():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"schema": 1}, f)
        done = report("--out", folder, path)
        assert done.returncode == 1 and f"{path}: at the document: " in done.stderr, done.stderr
        done = report("--out", folder, path + ".none")
        assert done.returncode == 2 and "No such file" in done.stderr, done.stderr


def points_of(document):
    return series.points([sources.Source("x", document, document["suite"])])


@test
def crossover_names_the_winner_of_each_cell():
    tables = crossover.tables(points_of(envelopes.rtt()))
    spin = next(t for t in tables if t.metric == "p50" and t.conditions["wait"] == "spin")
    small, large = (spin.cells[(size, None), (1, 32)] for size in (64, 4096))
    assert small.path == "xsk" and small.clear and not small.loses("xsk"), small
    assert large.path == "udp" and large.clear and large.loses("xsk"), large
    one = spin.cells[(64, None), (1, 1)]
    assert set(one.values) == {"AF_XDP", "xsk server", "UDP", "TCP"} and one.paths == {
        "xsk",
        "udp",
        "tcp",
    }
    rate = next(t for t in tables if t.metric == "rate")
    assert all(c.path == "tcp" and abs(c.ratio - 3.75) < 0.01 for c in rate.cells.values()), rate


@test
def crossover_needs_five_turns_and_an_interval_away_from_one():
    def cell(ours, theirs):
        made = envelope.Envelope("rtt", "test", {"quick": True})
        for path, values in (("xsk", ours), ("udp", theirs)):
            made.repetition(
                "c", path, "msg/s", values, what="rate", labels={"path": path, "size_bytes": 64}
            )
        (table,) = crossover.tables(points_of(made.finish()))
        return next(iter(table.cells.values()))

    assert cell([9, 9, 9, 9, 9], [5, 5, 5, 5, 5]).clear
    assert not cell([9, 9, 9, 9], [5, 5, 5, 5]).clear
    assert not cell([9, 5, 9, 5, 9], [5, 9, 5, 9, 5]).clear


@test
def a_rate_that_was_asked_for_is_no_contest():
    made = envelope.Envelope("sweep", "test", {"quick": True})
    for path in ("xsk", "udp"):
        labels = {"path": path, "size_bytes": 64, "offered_per_s": 5000}
        made.repetition("c", path, "1/s", [5000.0] * 5, what="rate", labels=labels)
    assert crossover.tables(points_of(made.finish())) == []


@test
def a_path_that_carried_less_than_offered_is_saturated():
    full = {
        p.path for p in points_of(envelopes.classes()) if p.saturated and p.what == "latency step"
    }
    assert full == {"udp", "xsk"}, full
    assert not any(p.saturated for p in points_of(envelopes.classes()) if p.label("fanout") == 1)


@test
def recorded_samples_become_stacks():
    counts, idle = flame.stacks(recorded())
    assert idle == 2 and sum(counts.values()) == 11, (idle, counts)
    dd = [s for s in counts if s[0] == "dd"]
    assert sum(counts[s] for s in dd) == 8
    assert all(
        s[1] == "__GI___libc_write" and s[2] == "entry_SYSCALL_64_after_hwframe_[k]" for s in dd
    ), dd[0]
    # A softirq on top of the idle loop is work.
    assert any(s[0] == "swapper" and "handle_softirqs_[k]" in s for s in counts)
    text = flame.folded(counts)
    assert sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines()) == 11


@test
def copy_routines_are_told_from_the_rest():
    for name in (
        "copy_user_enhanced_fast_string",
        "rep_movs_alternative",
        "__memcpy",
        "memcpy_orig",
        "__pi_memcpy",
        "__memmove_avx512_unaligned_erms",
        "_copy_to_iter",
        "_copy_from_user",
        "skb_copy_datagram_iter",
        "skb_copy_bits",
        "csum_partial_copy_generic",
        "csum_and_copy_from_iter_full",
        "copy_folio_from_iter_atomic",
    ):
        assert flame.is_copy(name) and flame.is_copy(name + "_[k]"), name
    for name in (
        "copy_page_range",
        "copy_process",
        "tcp_sendmsg",
        "skb_clone",
        "memcmp",
        "clear_page_erms",
    ):
        assert not flame.is_copy(name), name
    found = profile.shares(flame.stacks(recorded())[0])
    assert (
        found["samples"] == 11
        and found["copy_routines"][0]["symbol"] == "copy_folio_from_iter_atomic"
    )
    assert (
        abs(found["copy_share"] - found["copy_routines"][0]["share"]) < 1e-6
        and found["copy_share"] >= 3 / 11 - 1e-6
    )


@test
def a_flame_graph_is_svg_whose_widths_add_up():
    counts = {("a<b>", "f_[k]", "memcpy_[k]"): 3, ("a<b>", "g"): 1, ("c",): 4}
    root = xml.fromstring(flame.svg(counts, "x & y"))
    boxes = {g.find(f"{SVG}title").text: g.find(f"{SVG}rect") for g in root.iter(f"{SVG}g")}
    assert (
        len(boxes) == 5
        and "a<b>: 4 samples, 50.0%" in boxes
        and "memcpy: 3 samples, 37.5%" in boxes
    ), boxes.keys()
    floor = [b for t, b in boxes.items() if "samples, 50.0%" in t]
    assert abs(sum(float(b.get("width")) for b in floor) - flame.WIDTH) < 2
    assert boxes["g: 1 samples, 12.5%"].get("y") == boxes["f: 3 samples, 37.5%"].get("y")


@test
def perf_samples_a_copying_program():
    with tempfile.TemporaryDirectory() as folder:
        made = envelope.Envelope("bpf", "test", {"quick": True, "profile": True})
        graph = os.path.join(folder, "x.flame.svg")
        with profile.sampling(made, graph, os.path.join(folder, "x.folded")):
            subprocess.run(
                ["dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=20000"],
                capture_output=True,
                check=True,
            )
        made.repetition("case", "ours", "ns", [1])
        found = made.finish()["profile"]
        if found["outcome"] == "unsupported":
            assert "perf" in found["why"], found
            raise tap.Skip(f"perf: {found['why']}")
        assert (
            found["samples"] > 0
            and found["event"] == "cpu-clock"
            and found["flame_graph"] == "x.flame.svg"
        )
        assert xml.parse(graph).getroot().tag == f"{SVG}svg"


@test
def without_perf_a_profile_is_unsupported_with_a_reason():
    made = envelope.Envelope("bpf", "test", {"quick": True})
    kept, profile.VERSIONED = profile.VERSIONED, "/nonexistent/perf_*"
    path, os.environ["PATH"] = os.environ["PATH"], "/nonexistent"
    try:
        with profile.sampling(made, "/nonexistent/x.svg", "/nonexistent/x.folded"):
            made.repetition("case", "ours", "ns", [1])
    finally:
        os.environ["PATH"], profile.VERSIONED = path, kept
    found = made.finish()["profile"]
    assert found["outcome"] == "unsupported" and "apt-get install linux-perf" in found["why"], found


def chromium(url, *more):
    """What Chromium says of a page, in a network namespace in which there is nobody to talk to."""
    browser = shutil.which("chromium")
    if not browser:
        raise AssertionError("chromium is missing. Type: sudo make deps")
    with tempfile.TemporaryDirectory() as data:
        alone = ["unshare", "--net"] if os.geteuid() == 0 else []
        return subprocess.run(
            [*alone, browser, *CHROMIUM, f"--user-data-dir={data}", *more, url],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )


def complaints(done):
    """What stands on the console of the page, and not on those of Chromium's own windows."""
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return [line for line in said if "source: chrome://" not in line]


@test
def chromium_opens_the_page_without_a_complaint():
    Built.page()
    shot = os.path.join(Built.folder, "page.png")
    done = chromium(f"file://{Built.path}", "--window-size=1400,6000", f"--screenshot={shot}")
    assert done.returncode == 0 and not complaints(done), complaints(done) or done.stderr[-2000:]
    assert os.path.getsize(shot) > 100_000, "the page is nearly empty"


@test
def chromium_shows_every_plot():
    """A copy of the page measures itself: its own policy would not let a script run."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", Built.page())
    with open(PROBE, encoding="utf-8") as f:
        text = text.replace("</body>", f"<script>{f.read()}</script></body>")
    path = os.path.join(Built.folder, "probed.html")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    for width in (1400, 700):
        done = chromium(f"file://{path}", f"--window-size={width},1000", "--dump-dom")
        assert not complaints(done), complaints(done)
        found = json.loads(
            html.unescape(re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)[1])
        )
        assert len(found["figures"]) == len(re.findall("<figure", text)), len(found["figures"])
        for figure in found["figures"]:
            assert figure["width"] > 250 and figure["height"] > 60, (width, figure)
            assert figure["right"] <= found["width"] + 1, (width, figure, found["width"])
            assert figure["drawn"] >= 5 and figure["words"] >= 3, (width, figure)
        assert found["overflow"] <= 1, (width, found["overflow"])


if __name__ == "__main__":
    sys.exit(test.main())
