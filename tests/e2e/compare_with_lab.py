"""A scan of the lab against what the lab expects.

    compare_with_lab.py [--domains N] [--threads N] [--preset NAME] [--keep DIR] [LAB-OPTION...]

Every domain's facts equal the lab's expectation; the account balances; keys lead to rows; the lab's
counters show no service or endpoint visited more often than planned and no limit exceeded.
"""

import argparse
import collections
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import load_sqlite  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish, read_json, run  # noqa: E402
from e2e.load_sqlite import open_table  # noqa: E402

EXAMPLES = 5  # differences shown per key


def read_domains(out):
    import json

    with open_table(out, "domains", "ndjson") as file:
        return {row["input_line"]: row for row in map(json.loads, file)}


def differences(want, got, path=""):
    """Paths at which `got` differs from `want`; keys that `want` does not have are free."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            yield path, want, got
            return
        for key, value in want.items():
            yield from differences(value, got.get(key), f"{path}.{key}" if path else key)
    elif isinstance(want, list):
        if not isinstance(got, list) or len(want) != len(got):
            yield path, want, got
            return
        for one, other in zip(want, got):
            yield from differences(one, other, path + "[]")
    elif want != got:
        yield path, want, got


def check_facts(lab, out):
    domains = read_domains(out)
    wrong = collections.defaultdict(list)
    count = 0
    for line, want in enumerate(lab.expected(), 1):
        count += 1
        got = domains.get(line)
        if got is None:
            wrong["no row"].append((want.get("domain"), line, None))
            continue
        for path, one, other in differences(want, got):
            wrong[path].append((want.get("domain"), one, other))
    for path, cases in wrong.items():
        check(f"{path} of {len(cases)} domains", False,
              "".join(f"\n  {d}: want {w!r}, got {g!r}" for d, w, g in cases[:EXAMPLES]))
    check_equal("a row for each domain of the lab, and no other", len(domains), count)
    return count


def check_account(out, count):
    manifest = read_json(out, "manifest.json")
    account = manifest["account"]
    check_equal("inputs", account["inputs"], count)
    check_equal("the classes add up to the inputs", sum(account["classes"].values()), count)
    rows = collections.Counter(row["account"] for row in read_domains(out).values())
    check_equal("and are those of the rows", {k: v for k, v in account["classes"].items() if v}, dict(rows))
    check_equal("rows lost", manifest["rows_lost"], 0)


def check_joins(out):
    with tempfile.TemporaryDirectory() as folder:
        counts, broken = load_sqlite.load(out, os.path.join(folder, "db"))
    for what, keys in broken.items():
        check_equal(f"join {what}", keys, 0)
    return counts


# Counters of the lab that must be zero: see tests/lab/counters.h.
FORBIDDEN = ["talked_before_greeting", "pipelined", "other_commands", "unplanned_addresses", "repeated_visits",
             "questions_repeated", "questions_unplanned", "overflow"]


def check_counters(lab):
    counters = lab.counters()
    totals = counters.get("totals", counters)
    for name in FORBIDDEN:
        check_equal(f"lab counter {name}", totals[name], 0)
    return counters


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--preset", default="tranco1m")
    parser.add_argument("--keep", help="keep the results in this directory")
    known, more = parser.parse_known_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-lab-")
    out = known.keep or os.path.join(folder, "results")
    try:
        with Lab(known.domains, *more, preset=known.preset) as lab:
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", str(known.threads), "-o", out,
                       "--format", "both", lab.list_path, timeout=3600)
            check_equal("exit code", done.returncode, 0)
            print(done.stderr)
            count = check_facts(lab, out)
            check_account(out, count)
            counts = check_joins(out)
            check_counters(lab)
            print(f"{count} domains, {counts}, {done.seconds:.1f} s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
