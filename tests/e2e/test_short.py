"""--probes no-sni-short: the rows of no-sni, but for what is said to rest on the short handshake.

    test_short.py [--domains N] [--every N] [--broken LIBRARY]

Scans two labs of the same seed, one with each probe. With --broken (support/broken_crypto.c, preloaded) libcrypto computes
something else: both levers are off (the other is tls/lean_provider.h), and the rows are those of no-sni altogether.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import INFER, QUICK, WAITING, describe, write_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, check, check_analyzed, check_equal, finish, run, side_by_side  # noqa: E402

# What only a whole session says. The code of an attempt is that of its last reply.
UNSEEN = {"transcript": ("ehlo_tls", "quit", "starttls_again")}


def read(out, name):
    with open_table(out, name, "ndjson") as file:
        return [json.loads(line) for line in file]


def is_short(service):
    return bool((service["handshake"] or {}).get("short"))


def leave_out_unseen(rows, short):
    """In rows of services: what is known of a whole session alone. @param short keys of those that are short"""
    for row in rows:
        if row["handshake"] is not None:
            row["handshake"].pop("short", None)
        if row["service"] in short:
            for part, members in UNSEEN.items():
                for member in members:
                    row[part].pop(member, None)
            for attempt in row["attempts"]:
                if attempt["outcome"] == "established":
                    attempt.pop("code", None)
    return rows


def check_short_rows(services, endpoints):
    """A short one stands on a session with SNI that showed its leaf; where the first name shows another, none does."""
    leaves = {}
    for e in endpoints:
        if e["outcome"] == "established" and e["session_from"] is None:
            leaves.setdefault(e["service"], set()).add(e["leaf_sha256"])
    short = {s["service"] for s in services if is_short(s)}
    for s in services:
        if s["service"] in short:
            check(f"{s['service']}: rests on a name with its leaf", s["leaf_sha256"] in leaves.get(s["service"], ()))
            check_equal(f"{s['service']}: outcome", s["outcome"], "established")
            check(f"{s['service']}: nothing inside TLS", s["transcript"]["ehlo_tls"] is None and s["transcript"]["quit"] is None)
        elif s["outcome"] == "established":
            check(f"{s['service']}: whole, and said inside TLS", s["handshake"]["completed"] and not s["handshake"]["short"])
    whole = [s for s in services if s["outcome"] == "established" and s["service"] not in short]
    print(f"{len(short)} short, {len(whole)} whole of {len(services)} services")
    check("most are short", len(short) > 2 * len(whole), (len(short), len(whole)))
    check("some are whole", len(whole) > 0)
    return short


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=200)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--broken")
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-short-")
    at = f"@{int(time.time())}"
    more = {"LD_PRELOAD": known.broken} if known.broken else None

    def scan(name, *options, more=None):
        out = os.path.join(folder, name)
        with Lab(known.domains) as lab:
            write_list(lab, out + ".txt", WAITING, known.every)
            return out, run("scan", *lab.options, "--ehlo-domain", EHLO, "-q", "-o", out, "--at", at, "--detail", "full",
                            *QUICK, *INFER, *options, out + ".txt", timeout=3600, more=more)

    try:
        scans = [lambda: scan("whole", "--probes", "sni,no-sni"),
                 lambda: scan("short", "--probes", "sni,no-sni-short", more=more)]
        if not known.broken:
            scans += [lambda: scan("normal", "--probes", "sni,no-sni-short", "--detail", "normal")]
        ended = side_by_side(*scans)
        for out, done in ended:
            check(f"{os.path.basename(out)}: exit code 0", done.returncode == 0, f"{done.returncode} {done.stderr}")
        (whole, _), (out, done) = ended[:2]
        failed = [line for line in done.stderr.splitlines() if "self-test" in line]
        check_equal("a line for each lever that failed its self-test", [line.split(": ")[1] for line in failed],
                    ["shared key pairs and the key schedule", "--probes no-sni-short"] if known.broken else [])
        services = read(out, "services")
        if known.broken:
            short = set()
            check("none is short", not any(map(is_short, services)))
        else:
            short = check_short_rows(services, read(out, "endpoints"))
        paths = volatile_paths()
        others = [(out, KEYS, short)]
        if not known.broken:
            files = [name + ".ndjson" for name in ("services", "endpoints", "hosts", "domains")]
            check_analyzed(out, out + ".again", files)
            normal = ended[2][0]
            check_equal("rows of normal detail, made full: exit code", run("analyze", "-o", normal + ".full", normal).returncode, 0)
            others.append((normal + ".full", ("services", "endpoints", "hosts", "domains"), short))
        for other, names, left_out in others:
            for name in names:
                one, two = read(whole, name), read(other, name)
                if name == "services":
                    one, two = (leave_out_unseen(rows, left_out) for rows in (one, two))
                one, two = (stable(rows, name, paths) for rows in (one, two))
                check(f"{os.path.basename(other)}: {name} as with no-sni", one == two, "".join(describe(name, two, one)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
