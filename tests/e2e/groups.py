"""Certificate groups: how many connections a domain costs with --infer off, listed and all, and what is inferred wrongly.

    groups.py [--domains N] [--threads N] [--shared-operators FILE] [LAB-OPTION...]

Scans the lab three times and compares each row with an inferred result with the row of the same endpoint in the scan with
--infer off, and the rows of domains that rest on one, without what says how a result was found. A difference is a wrong fact: for
listed there must be none. `analyze` must make the same rows of the scan with listed. Of the two cases group-*, one agrees and one
contradicts itself.
"""

import argparse
import collections
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import LAB_OPERATORS, QUICK, WAITING, describe, paths_that_differ, read, write_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import VOLATILE_FINDINGS, drop, volatile_paths  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish, read_json, run, side_by_side  # noqa: E402

# How a result was found, and what is in the row of one's own session alone.
HOW = ("basis", "group", "session_from", "attempts", "attempt", "transcript", "handshake", "repeated")
EXAMPLES = 5


def rows_of(folder, name, key):
    with open_table(folder, name, "ndjson") as file:
        return {row[key]: row for row in map(json.loads, file)}


def without_how(value):
    if isinstance(value, dict):
        return {k: without_how(v) for k, v in value.items() if k not in HOW}
    if isinstance(value, list):
        return [without_how(v) for v in value]
    return value


def wrong_facts(table, key, off, other, only_inferred):
    """-> texts, one for each row that says something else than an observation of the same thing"""
    observed, said = rows_of(off, table, key), rows_of(other, table, key)
    volatile = volatile_paths()[table]
    wrong = []
    for at, row in said.items():
        if only_inferred and row.get("basis") != "inferred":
            continue
        one, two = observed.get(at), row
        if one is None or one.get("not_tested") == "address_budget":
            continue
        for side in (one, two):
            side["findings"] = [f for f in side["findings"] if f["code"] not in VOLATILE_FINDINGS]
            for keys in volatile:
                drop(side, keys)
        if without_how(one) != without_how(two):
            wrong.append(f"{at}: " + "; ".join(paths_that_differ(without_how(one), without_how(two))))
    return wrong


def check_groups(folder, endpoints):
    """Each group's row against the rows of its endpoints. -> groups"""
    groups = rows_of(folder, "groups", "group")
    dialled, inferred = collections.Counter(), collections.Counter()
    for row in endpoints.values():
        if row["group"]:
            (inferred if row["basis"] == "inferred" else dialled)[row["group"]] += 1
    for key, row in groups.items():
        check_equal(f"{key}: names_dialled", row["names_dialled"], dialled[key])
        check_equal(f"{key}: names_inferred", row["names_inferred"], inferred[key])
        check_equal(f"{key}: members", row["members"], dialled[key] + inferred[key])
        check(f"{key}: what agrees, contradicts or tells nothing was dialled",
              row["agreements"] + row["contradictions"] + row["inconclusive"] == row["names_dialled"], row)
        check(f"{key}: nothing is inferred without agreement", row["names_inferred"] == 0 or row["agreements"] >= 3, row)
        if row["speaks"]:
            check_equal(f"{key}: who speaks has the chain", endpoints[row["speaks"]]["chain_id"], row["chain_id"])
    check("inferred rows name a group that has a row", set(inferred) <= set(groups), set(inferred) - set(groups))
    return groups


def check_briefs(folder, endpoints):
    """Rows of hosts and domains repeat the basis; a domain's own is the weakest of them."""
    for row in rows_of(folder, "domains", "input_line").values():
        briefs = [(mx["host"], brief) for mx in row["mx"] or [] for brief in mx["endpoints"]]
        for host, brief in briefs:
            one = endpoints.get(f"{host}|{brief['address']}|{brief['port']}")
            if one and (brief["basis"] != one["basis"] or brief["group"] != (one["group"] if one["basis"] == "inferred" else None)):
                check(f"{host}: brief as the row of the endpoint", False, (brief, one["basis"], one["group"]))
        bases = {brief["basis"] for _, brief in briefs}
        want = "inferred" if "inferred" in bases else "observed" if "observed" in bases else None
        if row["basis"] != want:
            check_equal(f"line {row['input_line']}: basis", row["basis"], want)


def check_cases(groups):
    """Both have six names, of which three stand for the others, or none does."""
    for case, state, dialled, inferred in (("agrees", "confirmed", 3, 3), ("splits", "contradicted", 6, 0)):
        rows = [row for row in groups.values() if row["wildcard"] == f"*.case-group-{case}.mxlab.net"]
        if check_equal(f"case group-{case} is one group", len(rows), 1):
            got = rows[0]
            check_equal(f"case group-{case}", (got["state"], got["names_dialled"], got["names_inferred"]), (state, dialled, inferred))
            check_equal(f"case group-{case}: contradictions are named", len(got["contradicted_by"]), got["contradictions"])


def count_account(folder):
    account = read_json(folder, "summary.json")["account"]
    rows = collections.Counter(row["account"] for row in rows_of(folder, "domains", "input_line").values()
                               if row["basis"] == "inferred")
    check_equal("account: inferred, as the rows say", {k: v for k, v in account["inferred"].items() if v}, dict(rows))
    return account


def analyze_again(folder, out):
    done = run("analyze", "-o", out, folder)
    check("analyze ends well", done.returncode == 0, done.stderr)
    paths = volatile_paths()
    for name in KEYS:
        rows, want = read(out, name, paths), read(folder, name, paths)
        check(f"analyze: {name} as scan", rows == want, "".join(describe(name, rows, want)))
    check_equal("analyze: account", read_json(out, "summary.json")["account"], read_json(folder, "summary.json")["account"])


class Scan:
    """Of a lab of its own, which counts the connections."""

    def __init__(self, folder, infer, known, more, at):
        self.infer = infer
        self.out = os.path.join(folder, infer)
        chosen = os.path.join(folder, infer + ".txt")
        with Lab(known.domains, *more) as lab:
            write_list(lab, chosen, WAITING, known.every, ("case-group-",))
            with open(chosen, encoding="ascii") as file:
                self.inputs = sum(1 for _ in file)
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", known.threads, "-q", "-o", self.out, "--at", at,
                       *QUICK, "--infer", infer, "--shared-operators", known.shared_operators, "--mta-sts", "record",
                       chosen, timeout=3600)
            self.seconds = done.seconds
            self.connections = lab.counters(0)["connections"]
        check(f"{infer}: exit code 0", done.returncode == 0, done.stderr)


def check_scan(folder, scan):
    infer, out, inputs = scan.infer, scan.out, scan.inputs
    endpoints = rows_of(out, "endpoints", "endpoint")
    groups = check_groups(out, endpoints)
    check_briefs(out, endpoints)
    account = count_account(out)
    inferred = sum(row["basis"] == "inferred" for row in endpoints.values())
    dialled = sum(row["basis"] == "observed" for row in endpoints.values())
    wrong = wrong_facts("endpoints", "endpoint", os.path.join(folder, "off"), out, True)
    wrong_domains = wrong_facts("domains", "input_line", os.path.join(folder, "off"), out, True)
    states = collections.Counter(row["state"] for row in groups.values())
    print(f"--infer {infer}: {scan.connections} connections, {scan.connections / inputs:.2f} per domain, {scan.seconds:.0f} s; "
          f"{inferred} of {len(endpoints)} endpoints inferred in {len(groups)} groups ({dict(states)}), "
          f"domains {sum(account['inferred'].values())} of {inputs}; "
          f"wrong: {len(wrong)} endpoints, {len(wrong_domains)} domains")
    for text in (wrong + wrong_domains)[:EXAMPLES]:
        print(f"  {text}"[:600])
    if infer == "off":
        check_equal("off: nothing is inferred, no groups", (inferred, len(groups)), (0, 0))
    else:
        check(f"{infer}: something is inferred", inferred > 0)
    if infer == "listed":
        check("listed: nothing is inferred wrongly", not wrong + wrong_domains, (wrong + wrong_domains)[:EXAMPLES])
        check_cases(groups)
    return dialled


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=600)
    parser.add_argument("--every", type=int, default=1, help="one in so many of the cases that are not about groups")
    parser.add_argument("--shared-operators", default=LAB_OPERATORS)
    parser.add_argument("--threads", default="2")
    known, more = parser.parse_known_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-groups-")
    at = f"@{int(time.time())}"
    try:
        scans = side_by_side(*[lambda infer=infer: Scan(folder, infer, known, more, at) for infer in ("off", "listed", "all")])
        costs = {scan.infer: scan.connections for scan in scans}
        dialled = {scan.infer: check_scan(folder, scan) for scan in scans}
        check("listed costs less than off", costs["listed"] < costs["off"], costs)
        # Connections have second chances in them, of which a busy machine makes more or less.
        check("all dials no more names than listed", dialled["all"] <= dialled["listed"] < dialled["off"], dialled)
        analyze_again(os.path.join(folder, "listed"), os.path.join(folder, "again"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
