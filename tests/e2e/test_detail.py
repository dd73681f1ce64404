"""Rows of every detail: normal says the same as full, in fewer octets; what less says is told.

    test_detail.py [--domains N] [LAB-OPTION...]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import dictionary, load_sqlite  # noqa: E402
from e2e.dictionary import DICTIONARY, lines_of_table, ticked  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, LEAN_KEYS, open_table  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, read_json, run  # noqa: E402

CSV_ONLY = ("routes", "outcomes", "findings")
TABLES = [name for name in (*KEYS, *LEAN_KEYS) if name not in CSV_ONLY]
SHOWN = 20


def octets(out):
    return sum(os.path.getsize(os.path.join(out, f["name"])) for f in read_json(out, "manifest.json")["files"] if f.get("format") == "ndjson")


def rows_of(out, name):
    file = open_table(out, name, "ndjson")
    if file is None:
        return []
    with file:
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


def check_once(normal, full):
    """Some facts of normal rows by hand, as those who load them must find them."""
    sets = {row["outcome_set"]: row["groups"] for row in rows_of(normal, "outcome_sets")}
    check_equal("outcome sets: each once", len(sets), len(rows_of(normal, "outcome_sets")))
    told = {}
    for row in rows_of(normal, "domains"):
        for group in sets[row["outcome_set"]] if "outcome_set" in row else []:
            place = [row["outcome_places"][group["place"]]] if "place" in group else []
            for profile in group["profiles"]:
                told[row["input_line"], profile] = (group["best"], group["worst"], ": ".join([*place, group.get("decided_by", "")]) or None)
    want = {(row["input_line"], o["profile"]): (o["best"], o["worst"], o["decided_by"]) for row in rows_of(full, "domains") for o in row["outcomes"] or []}
    check_equal("outcome sets: outcomes of every domain and kind of sender", told, want)
    places = {row["endpoint"] for row in rows_of(normal, "endpoints")}
    hosts = {row["host"]: row.get("endpoints", []) for row in rows_of(normal, "hosts")}
    for row in rows_of(full, "hosts"):
        for e in row["endpoints"]:
            key = f"{row['host']}|{e['address']}|{e['port']}"
            lean = [b for b in hosts[row["host"]] if (b["address"], b["port"]) == (e["address"], e["port"])]
            check(f"{key}: in the row of the host or of the endpoint", bool(lean) != (key in places) or e["mapped"], (e, lean))
    services = {row["service"]: row for row in rows_of(normal, "services")}
    shared = [row for row in rows_of(normal, "endpoints") if row.get("as_service")]
    check("endpoints: what they said as their service is there", shared and all("handshake" in services[row["service"]] for row in shared), len(shared))
    whole = {row["endpoint"]: row for row in rows_of(full, "endpoints")}
    for row in shared:
        of_service, own = services[row["service"]]["handshake"], whole[row["endpoint"]]["handshake"]
        check_equal(f"{row['endpoint']}: cipher of the service", own["cipher"], of_service.get("cipher"))


def check_dictionary(normal, full):
    """What the data dictionary says of absent keys is so, for every key of every row."""
    faults, unused, columns = dictionary.compare(normal, full)
    for where, what in faults.items():
        check(f"data dictionary, {where}", False, what)
    check("data dictionary: rows were completed", columns > 50000, columns)
    check_equal("data dictionary: each rule is needed for some row", unused, [])


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
    check("normal: fewer octets", octets(normal) < 0.55 * octets(full), (octets(normal), octets(full)))
    check_equal("full: no table of outcome sets, nor their keys", (rows_of(full, "outcome_sets"), [row for row in rows_of(full, "domains") if "outcome_set" in row or "outcome_groups" in row]), ([], []))
    check_once(normal, full)
    check_dictionary(again, full)
    names = [row["domain"] for row in rows_of(full, "domains") if row.get("domain") and not row.get("duplicate_of")][::41][:SHOWN]
    names.append("case-dane-mx-insecure.mxlab.net")  # whose dane.strict is false, and absent from normal rows
    check_equal("show says the same", text("show", "-v", normal, *names), text("show", "-v", full, *names))
    check_equal("report says the same", text("report", "--format", "csv", normal), text("report", "--format", "csv", full))
    check_equal("diff: nothing has changed", sum(1 for _ in text("diff", "--format", "ndjson", normal, full).splitlines()), 1)


def csv_headers(folder, normal, detail):
    """-> {table: its columns}"""
    results = os.path.join(folder, "csv-" + detail)
    analyze(normal, results, detail, "--format", "csv")
    headers = {}
    for name in os.listdir(results):
        if name.endswith(".csv"):
            with open(os.path.join(results, name), encoding="utf-8", newline="") as file:
                headers[name.removesuffix(".csv")] = set(file.readline().strip().split(","))
    return headers


def check_csv(folder, normal):
    """The columns that the data dictionary says a CSV file of one detail has and another has not."""
    of = {detail: csv_headers(folder, normal, detail) for detail in ("full", "normal", "summary")}
    with open(DICTIONARY, encoding="utf-8") as file:
        told = lines_of_table(file.read(), "| table | full, not normal | normal, not full | normal, not summary |")
    told = {ticked(cells[0])[0]: [set(ticked(cell)) for cell in cells[1:]] for cells in told}
    check("CSV: the dictionary tells of tables", len(told) > 5, told)
    for table in of["normal"]:
        full, few, small = (of[detail].get(table, set()) for detail in ("full", "normal", "summary"))
        more = few - full if full else set()
        check_equal(f"CSV of {table}: columns by detail", [full - few, more, few - small], told.get(table, [set(), set(), set()]))
    check_equal("CSV: tables of normal alone", set(of["normal"]) - set(of["full"]), {"outcome_sets"})


def check_sqlite(folder, normal, full):
    """The loader of the README: full rows only, and it says how to get them."""
    def load(results):
        return subprocess.run([sys.executable, load_sqlite.__file__, results, os.path.join(folder, "db")], capture_output=True, text=True, check=False)

    done = load(normal)
    check("load_sqlite.py of normal rows: says in one line what to do", done.returncode == 1 and "--detail full" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    database = os.path.join(folder, "db")
    done = load(full)
    check_equal("load_sqlite.py of full rows", (done.returncode, done.stderr), (0, ""))

    def refused(what, results, words):
        done = load(results)
        check(f"load_sqlite.py {what}: one line", done.returncode == 1 and done.stderr.count("\n") == 1 and all(word in done.stderr for word in words),
              (done.returncode, done.stderr))

    refused("of full rows again", full, [database, "already"])
    os.unlink(database)
    for codec in ("gzip", "zstd"):
        results = os.path.join(folder, "full-" + codec)
        analyze(normal, results, "full", "--compress", codec, "--format", "both")
        done = load(results)
        check_equal(f"load_sqlite.py of {codec}", (done.returncode, done.stderr), (0, ""))
        os.unlink(database)
        ending = {"gzip": "gz", "zstd": "zst"}[codec]
        path = os.path.join(results, f"hosts.ndjson.{ending}")
        with open(path, "rb+") as file:
            file.truncate(os.path.getsize(path) // 2)
        refused(f"of {codec} that was cut", results, ["hosts", "again"])
    results = os.path.join(folder, "full-cut")
    shutil.copytree(full, results)
    path = os.path.join(results, "domains.ndjson")
    with open(path, "rb") as file:
        lines = file.readlines()
    with open(path, "wb") as file:
        file.writelines(lines[:-1])
    refused("of a line less", results, ["domains", f"{len(lines) - 1} rows", str(len(lines)), "again"])
    check("load_sqlite.py: nothing is left of what was refused", not os.path.exists(database) and not os.path.exists(database + ".part"))
    results = os.path.join(folder, "full-csv")
    analyze(normal, results, "full", "--format", "csv")
    refused("of CSV alone", results, ["CSV", "--format"])
    refused("of no results", os.path.join(folder, "absent"), ["absent", "manifest.json"])


def check_without_raw(folder, normal):
    """Columns that summary lacks too can be left out of normal rows, and the rest is read."""
    lighter = os.path.join(folder, "lighter")
    analyze(normal, lighter, "normal", "--columns", "-certificates.raw")
    check_equal("without raw: report says the same", text("report", "--format", "csv", lighter), text("report", "--format", "csv", normal))
    check_equal("without raw: diff finds no change", len(text("diff", "--format", "ndjson", normal, lighter).splitlines()), 1)
    check_equal("without raw: show", text("show", "-v", lighter, "case-good.mxlab.net"), text("show", "-v", normal, "case-good.mxlab.net"))
    done = analyze(lighter, os.path.join(folder, "never"), "normal", code=2)
    check("without raw: analyze says why not", "--columns" in done.stderr and done.stderr.count("\n") == 1, done.stderr)


def check_less(folder, normal):
    """Summary, some tables, some columns: what is left can be read, and what cannot be done is said."""
    small = os.path.join(folder, "small")
    analyze(normal, small, "summary")
    check("summary: fewer octets than normal", octets(small) < 0.85 * octets(normal), (octets(small), octets(normal)))
    check_equal("summary: no dialogues", [row["service"] for row in rows_of(small, "services") if "transcript" in row], [])
    check_equal("summary: report says the same", text("report", "--format", "csv", small), text("report", "--format", "csv", normal))
    check_equal("summary: diff finds no change", len(text("diff", "--format", "ndjson", normal, small).splitlines()), 1)
    check("summary: show", "case-good" in text("show", small, "case-good.mxlab.net"))
    done = analyze(small, os.path.join(folder, "never"), "normal", code=2)
    check("summary: analyze says why not", "--detail summary" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    check("summary: nothing was made", not os.path.exists(os.path.join(folder, "never")))
    check_without_raw(folder, normal)
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


def choose(whole, path, every):
    with open(whole, encoding="ascii") as lines, open(path, "w", encoding="ascii") as file:
        file.writelines(line for i, line in enumerate(lines) if i % every == 0 or line.startswith("case-good."))
    return path


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=20)
    known, more = parser.parse_known_args()
    paths = volatile_paths()
    with tempfile.TemporaryDirectory() as folder, Lab(known.domains, *more) as lab:
        def scan(name, listed):
            out = os.path.join(folder, name)
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, *SHORT_WAITS, "--address-rate", "20/s", "-q", "--detail", "normal", "--probes",
                       "sni,no-sni,versions", "-o", out, listed)
            check_equal(f"scan of {name}: exit code", done.returncode, 0)
            return out

        normal = scan("normal", lab.list_path)
        check_same(folder, normal, paths)
        some = scan("some", choose(lab.list_path, os.path.join(folder, "some.txt"), 8))  # what is said of less needs no more
        full = os.path.join(folder, "some-full")
        analyze(some, full, "full")
        check_csv(folder, some)
        check_sqlite(folder, some, full)
        check_less(folder, some)
    finish()


main()
