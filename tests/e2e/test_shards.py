"""Shards of a list: each line in one of them, the same rows as in one scan, limits divided.

    test_shards.py [--every N]     of the lab's hand-made cases

What a name gets at a service may depend on which names were asked there before (session_from), so that much may differ
between a scan and its shards: see shard_rows.py.
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import write_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.rows import volatile_paths  # noqa: E402
from e2e.shard_rows import differences, rows_of  # noqa: E402
from e2e.runner import (EHLO, SHORT_WAITS, check, check_equal, check_refused, finish, read_json, read_table,  # noqa: E402
                        run, side_by_side)

SHARDS = 3
WAITING = ("silent", "delay", "slow", "stalled", "half-head", "1xx", "stutter")
TABLES = ("domains", "hosts", "services", "endpoints", "chains", "certificates", "policies", "policy_bodies")
ALL_NAMES = ["--infer", "off", "--names-per-address", "0"]


def same_rows(whole, outs):
    paths = volatile_paths()
    for name in TABLES:
        want = rows_of(whole, name, paths)
        got = [rows_of(out, name, paths) for out in outs]
        check_equal(f"{name}: the keys of all shards are those of one scan", set().union(*got), set(want))
        differ = [f"{key}: {path}" for rows in got for key, row in rows.items() if key in want
                  for path in differences(name, want[key], row)]
        check(f"{name}: rows as in one scan", not differ, "\n  ".join(differ[:20]))
        if name == "domains":
            check_equal("each line is in one shard", sum(map(len, got)), len(want))


def same_account(whole, outs):
    want = read_json(whole, "manifest.json")
    manifests = [read_json(out, "manifest.json") for out in outs]
    check_equal("a scan that is alone has no shard", want["shard"], None)
    for word, count in want["account"].items():
        if isinstance(count, int):
            check_equal(f"account: {word}", sum(m["account"][word] for m in manifests), count)
    for i, manifest in enumerate(manifests):
        shard = manifest["shard"]
        check_equal(f"shard {i}: which", [shard["shards"], shard["shard"]], [SHARDS, i])
        check_equal(f"shard {i}: lines of others", shard["lines_of_others"], want["account"]["inputs"] - manifest["account"]["inputs"])
        check(f"shard {i}: has lines", manifest["account"]["inputs"] > 0)


def check_readers(whole, outs):
    """Those who read results of a shard are told that it is one."""
    of_one = read_table(outs[0], "domains")
    other = next(row["domain"] for row in read_table(outs[1], "domains") if row["account"] == "tested")
    lines = read_json(outs[0], "manifest.json")["shard"]["lines_of_others"]
    words = f"shard 0 of 0 to {SHARDS - 1}: {lines} lines of the list are in the results of other shards"
    for format_ in ("html", "md", "latex"):
        text = run("report", "--format", format_, outs[0]).stdout.decode()
        check(f"report of a shard, {format_}: says so", words in text and "on the list: " not in text, text[:2000])
        check(f"report of a whole list, {format_}: does not", "Not the whole list" not in run("report", "--format", format_, whole).stdout.decode())
    text = run("report", "--format", "md", outs[0]).stdout.decode()
    check("report of a shard: its own lines", f"{len(of_one)} lines of this shard of the list: " in text, text[:2000])
    done = run("show", outs[0], other)
    check(f"show of a domain of another shard: {other}", done.returncode == 2 and f"no domain '{other}'; this is {words}" in done.stderr, done.stderr)
    # Not all are there that one has: none is gone.
    for old, new in ((outs[0], outs[1]), (outs[0], whole), (whole, outs[0])):
        what = f"diff {os.path.basename(old)} {os.path.basename(new)}"
        done = run("diff", "--format", "ndjson", old, new)
        first, *rows = [json.loads(line) for line in done.stdout.splitlines()]
        check_equal(f"{what}: exit code", done.returncode, 0)
        check(f"{what}: noted", any(note.startswith("Shard of the list: ") for note in first["notes"]), first["notes"])
        check(f"{what}: none is new or gone", not [row for row in rows if row["kind"] in ("domain_gone", "domain_appeared")], rows[:3])
        check(f"{what}: some are in one alone", first["only_old"] + first["only_new"] > 0, first)
    first = json.loads(run("diff", "--format", "ndjson", outs[0], outs[0]).stdout.splitlines()[0])
    check("diff of a shard with itself: no other shard", not any(note.startswith("Shard") for note in first["notes"]), first["notes"])


def refusals(path):
    scan = ["scan", "--ehlo-domain", EHLO, path]
    check_refused("no --shard", run(*scan, "--shards", "3"), ["--shard", "from 0 to 2"])
    check_refused("beyond", run(*scan, "--shards", "3", "--shard", "3"), ["the last one is 2"])
    check_refused("no --shards", run(*scan, "--shard", "1"), ["--shard needs --shards"])
    check_refused("no --shards, the first", run(*scan, "--shard", "0"), ["--shard needs --shards"])
    check_refused("none", run(*scan, "--shards", "0", "--shard", "0"), ["--shards"])
    check_refused("at once", run(*scan, "--shards", "2", "--shard", "0", "--shards-at-once", "3"), ["--shards 2"])


def main():
    with Lab(150) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-shards-") as folder:
        path = os.path.join(folder, "list.txt")
        write_list(lab, path, WAITING, every=int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1)
        with open(path, "a", encoding="ascii") as file:
            file.write("no domain\nno domain\n" + "\n".join(open(path, encoding="ascii").read().split()[:5]) + "\n")
        refusals(path)

        def scan(what, *options):
            out = os.path.join(folder, what)
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--address-rate", "60/s", *SHORT_WAITS, *ALL_NAMES, *options, "-o", out, path)
            check_equal(f"{what}: exit code", done.returncode, 0)
            return out, done

        (whole, _), *shards = side_by_side(
            lambda: scan("whole"),
            *[lambda i=i: scan(f"shard {i}", "--shards", str(SHARDS), "--shard", str(i), "--threads", "2") for i in range(SHARDS)])
        outs = [out for out, _ in shards]
        for i, (_, done) in enumerate(shards):
            check(f"shard {i}: says what it is", f"shard {i} of 0 to {SHARDS - 1}" in done.stderr and "every 0.05 s" in done.stderr, done.stderr)
        same_rows(whole, outs)
        same_account(whole, outs)
        check_readers(whole, outs)
    finish()


if __name__ == "__main__":
    main()
