"""The same rows whatever the number of threads, and whatever happens to their messages.

    determinism.py [--domains N] [--every N] [--before PROGRAM] [--disturbed PROGRAM [--seed N]] [LAB-OPTION...]

Scans the lab with 1, 2 and 8 threads (8 have two judges); rows are equal but for the columns that the data dictionary calls
volatile. With --every a list has one of N hand-made cases, and those whose names are asked twice. With --before rows are those of
another build of mxcensus as well: what a change of the structure must leave alone. With --disturbed those of one scan are
compared with scans of mxcensus_disturbed (support/disturbing_mailbox.c).
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
from e2e.runner import EHLO, MXCENSUS, SHORT_WAITS, check, check_equal, finish, run, side_by_side  # noqa: E402


EXAMPLES = 5  # rows shown per table
# Nothing that a busy machine could turn into a timeout: those servers that are silent after the
# connection are left out instead.
WAITING = ("silent", "delay", "slow", "stalled", "half-head", "1xx")
TIMEOUTS = WAITING + ("timeout", "starttls-garbage", "all-tests", "dhe-8192", "dhe-10000", "tcp-stall", "tcp-half")  # of DNS, of a reply, of a connection
ASKED_TWICE = ("servfail", "bogus", "malformed", "refused")  # their hosts are late
FEW_LEASES = ["--operator-limit", "8"]  # so that most of them are waited for, and none may be lost
QUICK = [*SHORT_WAITS, "--address-rate", "20/s"]
LAB_OPERATORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "datasets", "lab", "shared-operators.csv")
INFER = ["--infer", "listed", "--shared-operators", LAB_OPERATORS]
# Where nothing is waited for: longer than a busy machine makes anything last.
PATIENT = ["--address-rate", "20/s", "--target-timeout", "600", "--dns-timeout", "20"] + [
    word for name in ("connect", "greeting", "reply", "tls", "policy") for word in (f"--{name}-timeout", "120")]


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
    """As they were in the first scan, and as they are now."""
    keys = {}
    for side, texts in enumerate((set(want) - set(rows), set(rows) - set(want))):
        for text in texts:
            row = json.loads(text)
            keys.setdefault(tuple(row[key] for key in KEYS[name]), [None, None])[side] = row
    for key, (one, other) in sorted(keys.items())[:EXAMPLES]:
        yield f"\n  {key}: " + ("; ".join(paths_that_differ(one, other)) if one and other else f"only {'first' if one else 'now'}")


def write_list(lab, path, waiting, every=1, kept=ASKED_TWICE):
    """Without servers that wait, those that differ from visit to visit, of all scans together, hostile ones (hostile.py),
    and those that close as we say QUIT: a reset or an end, as TCP has it. With `every` one of so many cases, and those `kept`."""
    unequal = waiting + ("case-hostile",) + ("hostile", "unstable", "flaky", "flips", "454-close", "421-close", "5xx-close", "suites-enough", "suites-busy")
    with open(lab.list_path, encoding="ascii") as file, open(path, "w", encoding="ascii") as out:
        lines = [line for line in file if not any(word in line for word in unequal)]
        cases = [line for line in lines if line.startswith("case-") and not any(word in line for word in kept)]
        left_out = set(cases) - set(cases[::every])
        out.writelines(line for line in lines if line not in left_out)


# Those between owners, support/disturbing_mailbox.c.
DISTURBED = {"HOST_WANT", "HOST_LATE", "HOST_RESOLVED", "HOST_DONE", "ADDRESS_WANT", "ENDPOINT_DONE", "NAME_CHECK", "NAME_CHECKED",
             "LEASE_WANT", "LEASE_QUEUED", "LEASE_GRANT", "LEASE_RETURN", "PERMIT_WANT", "PERMIT_GRANT", "PERMIT_RETURN", "POLICY_WANT", "POLICY_DONE",
             "CHAIN_NEW", "CHAIN_KNOWN", "CERT_NEW", "CERT_KNOWN"}
PERHAPS = {"ADDRESS_PERHAPS"}  # the same, where a block is announced ahead of a slow line


class Disturbance:
    """How often messages of each kind were delayed, doubled in order, and doubled behind what followed."""

    def __init__(self):
        self.sums = {}

    def add(self, path):
        with open(path, encoding="ascii") as file:
            for line in file:
                kind, _, *times = line.split()
                sums = self.sums.setdefault(kind, [0, 0, 0])
                self.sums[kind] = [a + int(b) for a, b in zip(sums, times)]

    def check(self):
        print("delayed, doubled, doubled late")
        for kind, sums in self.sums.items():
            print(f"  {kind}: {sums}")
            if kind not in PERHAPS:
                check(f"{kind} is disturbed, if it goes between owners", all(sums) if kind in DISTURBED else not any(sums), sums)
        check("every kind was met", DISTURBED <= self.sums.keys(), self.sums.keys())


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--before", help="an mxcensus whose rows must be the same")
    parser.add_argument("--disturbed", help="an mxcensus whose messages are delayed, doubled and reordered")
    parser.add_argument("--seed", type=int, default=1, help="of the disturbance")
    known, more = parser.parse_known_args()
    paths = volatile_paths()
    check("the dictionary names volatile columns", len(paths) > 0)
    folder = tempfile.mkdtemp(prefix="mxcensus-threads-")
    first = {}
    at = f"@{int(time.time())}"  # one judgement time for all, or days left could differ
    try:
        scans = [("before", known.before, 2)] if known.before else []
        scans += [("product", MXCENSUS, threads) for threads in ((2,) if known.disturbed else (1, 2, 8))]
        scans += [("disturbed", known.disturbed, threads) for threads in (1, 2, 4, 8) if known.disturbed]
        times = PATIENT if known.disturbed else QUICK
        disturbance = Disturbance()

        def scan(number, kind, program, threads):
            """Of a lab of its own: some servers count the visits."""
            out = os.path.join(folder, f"{kind}, {threads} threads")
            limits = FEW_LEASES if kind == "disturbed" else []
            disturb = {"DISTURB_COUNTS": out + ".counts", "DISTURB_SEED": str(known.seed + number)}
            with Lab(known.domains, *more) as lab:
                write_list(lab, out + ".txt", TIMEOUTS if known.disturbed else WAITING, known.every)
                return out, run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", str(threads), "-q", "-o", out,
                                "--at", at, *times, *limits, *INFER, out + ".txt", timeout=3600, program=program, more=disturb)

        ended = side_by_side(*[lambda number=number, one=one: scan(number, *one) for number, one in enumerate(scans)])
        for (kind, *_), (out, done) in zip(scans, ended):
            what = os.path.basename(out)
            if not check(f"{what}: exit code 0", done.returncode == 0, f"{done.returncode} {done.stderr}"):
                continue
            for name in KEYS:
                rows = read(out, name, paths)
                want = first.setdefault(name, rows)
                check(f"{what}: {name} as in the first scan", rows == want, "".join(describe(name, rows, want)))
            if kind == "disturbed":
                disturbance.add(out + ".counts")
        if known.disturbed:
            disturbance.check()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
