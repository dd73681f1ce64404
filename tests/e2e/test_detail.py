"""Rows of every detail: normal says the same as full, in fewer octets; what less says is told.

    test_detail.py [--domains N] [LAB-OPTION...]
"""

import argparse
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, read_json, run  # noqa: E402

CSV_ONLY = ("routes", "outcomes", "findings")
TABLES = [name for name in KEYS if name not in CSV_ONLY]
SHOWN = 20


def octets(out):
    return sum(os.path.getsize(os.path.join(out, name + ".ndjson")) for name in TABLES)


def rows_of(out, name):
    with open_table(out, name, "ndjson") as file:
        return [json.loads(line) for line in file]


def rows(out, paths):
    return {name: stable(rows_of(out, name), name, paths) for name in TABLES}


def analyze(results, out, detail, *more, code=0):
    done = run("analyze", "-q", "--detail", detail, *more, "-o", out, results)
    check_equal(f"analyze --detail {detail} {' '.join(more)}: exit code", (done.returncode, done.stderr if not code else ""), (code, ""))
    return done


def text(command, *arguments):
    done = run(command, *arguments)
    check_equal(f"{command}: exit code", done.returncode, 0)
    return done.stdout.decode()


def has_null(value):
    if isinstance(value, dict):
        return any(v is None or has_null(v) for k, v in value.items() if k != "metadata")
    return isinstance(value, list) and any(map(has_null, value))  # a companion of a list has null where nothing was altered


def check_same(folder, normal, paths):
    full, again = os.path.join(folder, "full"), os.path.join(folder, "again")
    analyze(normal, full, "full")
    analyze(full, again, "normal")
    want, got = rows(normal, paths), rows(again, paths)
    for name in TABLES:
        different = [(a, b) for a, b in zip(got[name], want[name]) if a != b]
        check(f"{name}: rows of full have all that those of normal have", got[name] == want[name], (len(got[name]), len(want[name]), different[:1]))
    check_equal("full: every key is in every row", [name for name in TABLES if len({tuple(row) for row in rows_of(full, name)}) > 1], [])
    check_equal("normal: no key without a value", [name for name in TABLES if any(map(has_null, rows_of(normal, name)))], [])
    check("normal: fewer octets", octets(normal) < 0.75 * octets(full), (octets(normal), octets(full)))
    names = [row["domain"] for row in rows_of(full, "domains") if row.get("domain") and not row.get("duplicate_of")][::41][:SHOWN]
    check_equal("show says the same", text("show", "-v", normal, *names), text("show", "-v", full, *names))
    check_equal("report says the same", text("report", "--format", "csv", normal), text("report", "--format", "csv", full))
    check_equal("diff: nothing has changed", sum(1 for _ in text("diff", "--format", "ndjson", normal, full).splitlines()), 1)


def check_less(folder, normal):
    """Summary, some tables, some columns: what is left can be read, and what cannot be done is said."""
    small = os.path.join(folder, "small")
    analyze(normal, small, "summary")
    check("summary: fewer octets than normal", octets(small) < 0.75 * octets(normal), (octets(small), octets(normal)))
    check_equal("summary: no dialogues", [row["service"] for row in rows_of(small, "services") if "transcript" in row], [])
    check_equal("summary: report says the same", text("report", "--format", "csv", small), text("report", "--format", "csv", normal))
    check_equal("summary: diff finds no change", len(text("diff", "--format", "ndjson", normal, small).splitlines()), 1)
    check("summary: show", "case-good" in text("show", small, "case-good.mxlab.net"))
    done = analyze(small, os.path.join(folder, "never"), "normal", code=2)
    check("summary: analyze says why not", "--detail summary" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    check("summary: nothing was made", not os.path.exists(os.path.join(folder, "never")))
    few = os.path.join(folder, "few")
    analyze(normal, few, "normal", "--tables", "domains,problems", "--columns", "-domains.mx,-problems.evidence", "--format", "both")
    made = sorted(name for name in os.listdir(few) if name.endswith(("json", "csv")) and name.split(".")[0] in KEYS)
    check_equal("--tables: these alone", made, ["domains.csv", "domains.ndjson", "problems.csv", "problems.ndjson"])
    check_equal("--tables: the manifest has these alone", sorted({f["table"] for f in read_json(few, "manifest.json")["files"] if f.get("table")}), ["domains", "problems"])
    check_equal("--columns: not in NDJSON", [row for row in rows_of(few, "domains") if "mx" in row], [])
    with open(os.path.join(few, "domains.csv"), encoding="utf-8", newline="") as file:
        header = file.readline().strip().split(",")
    check("--columns: not in CSV", "mx" not in header and "mx_kind" in header, header)
    for command in (["report"], ["show", few, "case-good.mxlab.net"], ["diff", normal]):
        done = run(*command, *([few] if command[0] != "show" else []))
        check(f"{command[0]} of some columns: refused in one line", done.returncode == 2 and done.stderr.count("\n") == 1 and "--columns" in done.stderr, done)
    for option, value in (("--tables", "domain"), ("--columns", "-domains.domain_"), ("--columns", "domains.mx"), ("--columns", "-services.service"),
                          ("--detail", "all")):
        done = run("analyze", f"{option}={value}", "-o", os.path.join(folder, "never"), normal)
        check(f"{option} {value}: refused in one line", done.returncode == 2 and done.stderr.count("\n") == 1 and option in done.stderr, done.stderr)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=20)
    known, more = parser.parse_known_args()
    paths = volatile_paths()
    with tempfile.TemporaryDirectory() as folder, Lab(known.domains, *more) as lab:
        normal = os.path.join(folder, "normal")
        done = run("scan", *lab.options, "--ehlo-domain", EHLO, *SHORT_WAITS, "--address-rate", "20/s", "-q", "--detail", "normal", "--probes",
                   "sni,no-sni,versions", "-o", normal, lab.list_path, timeout=600)
        check_equal("scan: exit code", done.returncode, 0)
        check_same(folder, normal, paths)
        check_less(folder, normal)
    finish()


main()
