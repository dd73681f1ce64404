"""The same rows whatever the number of threads.

    determinism.py [--domains N] [--before PROGRAM] [LAB-OPTION...]

Scans the lab with 1, 2 and 8 threads (8 have two judges); rows are equal but for the columns that the data dictionary calls
volatile. With --before they are those of another build of mxcensus as well: what a change of the structure must leave alone.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, finish, run  # noqa: E402


EXAMPLES = 5  # rows shown per table
# Nothing that a busy machine could turn into a timeout: those servers that are silent after the
# connection are left out instead.
WAITING = ("silent", "delay", "slow", "stalled", "half-head", "1xx")
QUICK = ["--connect-timeout", "5", "--address-rate", "20/s", "--policy-timeout", "8"]


def read(out, name, paths):
    with open_table(out, name, "ndjson") as file:
        return stable(map(json.loads, file), name, paths)


def paths_that_differ(one, other, path=""):
    """Where two rows of the same key differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from paths_that_differ(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for a, b in zip(one, other):
            yield from paths_that_differ(a, b, path + "[]")
    elif one != other:
        yield f"{path}: {one!r} and {other!r}"


def describe(name, rows, want):
    keys = {}
    for text in set(rows) ^ set(want):
        row = json.loads(text)
        keys.setdefault(tuple(row[key] for key in KEYS[name]), []).append(row)
    for key, pair in sorted(keys.items())[:EXAMPLES]:
        yield f"\n  {key}: " + ("; ".join(paths_that_differ(*pair)) if len(pair) == 2 else "only once")


def write_list(lab, path):
    """Without servers that wait, those that differ from visit to visit, of all scans together, and those that
    close as we say QUIT: a reset or an end, as TCP has it."""
    unequal = WAITING + ("unstable", "flaky", "454-close", "421-close", "5xx-close")
    with open(lab.list_path, encoding="ascii") as file, open(path, "w", encoding="ascii") as out:
        out.writelines(line for line in file if not any(word in line for word in unequal))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--before", help="an mxcensus whose rows must be the same")
    known, more = parser.parse_known_args()
    paths = volatile_paths()
    check("the dictionary names volatile columns", len(paths) > 0)
    folder = tempfile.mkdtemp(prefix="mxcensus-threads-")
    first = {}
    at = f"@{int(time.time())}"  # one judgement time for all, or days left could differ
    try:
        with Lab(known.domains, *more) as lab:
            chosen = os.path.join(folder, "list.txt")
            write_list(lab, chosen)
            before = [(known.before, 2)] if known.before else []
            for program, threads in before + [(MXCENSUS, threads) for threads in (1, 2, 8)]:
                out = os.path.join(folder, str(threads))
                done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", str(threads), "-q", "-o", out,
                           "--at", at, *QUICK, chosen, timeout=3600, program=program)
                check_equal(f"{threads} threads: exit code", done.returncode, 0)
                for name in KEYS:
                    rows = read(out, name, paths)
                    want = first.setdefault(name, rows)
                    check(f"{threads} threads: {name} as in the first scan", rows == want, "".join(describe(name, rows, want)))
                shutil.rmtree(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
