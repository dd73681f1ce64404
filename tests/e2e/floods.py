"""A flood harms only the flooder.

    floods.py [--flooders N] [--innocents N] [--silent N] [--threads N] [--repeat N]

Scans innocent domains, alone and then beside mail servers and policy hosts that flood, in and behind the
handshake, and beside policy hosts that are silent. The rows of the innocents must be the same. Prints how many
were not, and how long both scans took.
"""

import argparse
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.flood_world import FLOODS, GOOD, SILENT, FloodWorld  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import check, check_equal, finish, read_table, run  # noqa: E402

# What is silent ends soon; else nothing that a busy machine could turn into a timeout.
TIMEOUTS = ["--connect-timeout", "20", "--tls-timeout", "10", "--greeting-timeout", "30", "--policy-timeout", "40",
            "--dns-timeout", "10", "--dns-tries", "3", "--dns-retry-pause", "1"]
TABLES = ("domains", "endpoints", "policies")


def scan(world, domains, folder, threads, at):
    listed = os.path.join(folder, "list.txt")
    out = os.path.join(folder, "out")
    with open(listed, "w", encoding="ascii") as file:
        file.writelines(name + "\n" for name in domains)
    done = run("scan", *world.options, *TIMEOUTS, "--threads", str(threads), "--at", at, "-o", out, listed)
    check_equal("the scan ends", done.returncode, 0)
    check_equal("and says nothing", done.stderr, "")
    return {name: read_table(out, name) for name in TABLES}, done.seconds


def innocents_of(tables, paths):
    def is_one(row):
        return ".good.test" in (row.get("domain") or row.get("host") or row.get("policy_host"))
    return {name: stable([without_line(row) for row in rows if is_one(row)], name, paths)
            for name, rows in tables.items()}


def without_line(row):
    """The number of the line is that of the list."""
    return {key: value for key, value in row.items() if key != "input_line"}


def add_flooders(world, count, silent):
    names = []
    for i in range(count):
        role = FLOODS[i % len(FLOODS)]
        names.append(f"d{i}.flood.test")
        world.add(names[-1], role, i, role)
    for i in range(silent):
        names.append(f"d{i}.silent.test")
        world.add(names[-1], GOOD, 2500 + i, SILENT, f"11.{39 + i // 250}.{SILENT}.{i % 250 + 1}")
    return names


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--flooders", type=int, default=60)
    parser.add_argument("--innocents", type=int, default=60)
    parser.add_argument("--silent", type=int, default=80)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    known = parser.parse_args()
    paths = volatile_paths()
    at = f"@{int(time.time())}"
    with FloodWorld() as world:
        innocents = [f"d{i}.good.test" for i in range(known.innocents)]
        for i, name in enumerate(innocents):
            world.add(name, GOOD, i, GOOD)
        flooders = add_flooders(world, known.flooders, known.silent)
        world.serve_names()
        with tempfile.TemporaryDirectory() as folder:
            alone, seconds = scan(world, innocents, folder, known.threads, at)
        want = innocents_of(alone, paths)
        check_equal("all innocents have their policy",
                    [p["fetch"] for p in alone["policies"]], ["fetched"] * known.innocents)
        print(f"alone: {known.innocents} innocents, {seconds:.1f} s")
        for _ in range(known.repeat):
            with tempfile.TemporaryDirectory() as folder:
                tables, seconds = scan(world, flooders + innocents, folder, known.threads, at)
            waits = sorted(row["attempts"][-1]["total_ms"] for row in tables["endpoints"] if ".good.test" in row["host"])
            report(innocents_of(tables, paths), want, seconds, waits, known)
    finish()


def report(got, want, seconds, waits, known):
    for name in TABLES:
        differing = set(got[name]) ^ set(want[name])
        wrong = {json.loads(text).get("domain") or json.loads(text).get("host") or json.loads(text).get("policy_host")
                 for text in differing}
        print(f"beside {known.flooders} flooders and {known.silent} silent: {len(wrong)} of {known.innocents} innocents "
              f"differ in {name}")
        check(f"{name} are the same beside floods", not differing, sorted(differing)[:4])
    print(f"{seconds:.1f} s; a session of an innocent takes {waits[len(waits) // 2]} ms (median), {waits[-1]} ms at most")


main()
