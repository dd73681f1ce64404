"""Hostile peers harm only themselves, and end.

    hostile.py [--innocents N] [--threads N] [--keep DIR]

Scans random domains of the lab alone, and beside all of its hand-made cases: every server, name server and policy host
that misbehaves (tests/hostile.md says which shows what). The scan ends within the caps that it was given, in bounded memory, with as
many descriptors as it may have, and the rows of the others are the same.
"""

import argparse
import fnmatch
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, environment, finish, read_json, read_table, side_by_side  # noqa: E402

# Short, but longer than a busy machine makes an honest answer of this lab last.
TARGET_S, POLICY_S, DNS_S = 20, 10, 3
CAPS = ["--connect-timeout", "4", "--greeting-timeout", "12", "--reply-timeout", "10", "--tls-timeout", "10",
        "--target-timeout", str(TARGET_S), "--policy-timeout", str(POLICY_S), "--dns-timeout", str(DNS_S), "--dns-tries", "2",
        "--retries", "0", "--address-rate", "20/s"]
DESCRIPTORS = 600  # fewer than servers that hold on to their connection could take
# Beside those of the innocents: sessions under way with SESSION_OCTETS_MAX each, lists of certificates, their judging.
MEMORY = 192 << 20
# Their keys; "domains" has a row of each line of a list, which no case repeats.
TABLES = {"domains": "domain", "hosts": "host", "services": "service", "endpoints": "endpoint", "policies": "policy_host"}


def innocents_of(out, paths, only=None):
    """{table: {key: row as text}}, of all keys or of those of another scan. Where they stand in the list differs."""
    kept = {}
    for name, key in TABLES.items():
        rows = [{k: v for k, v in row.items() if k not in ("input_line", "block")} for row in read_table(out, name)
                if only is None or row[key] in only[name]]
        kept[name] = {json.loads(text)[key]: text for text in stable(rows, name, paths)}
    return kept


LISTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile.md")
BEHAVIOURS = 100  # hand-made hosts at least


def check_listed(cases):
    """Every host that tests/hostile.md names is there."""
    names = {re.match(r"case-(.*)\.mxlab\.net$", case).group(1) for case in cases}
    shown = set()
    with open(LISTED, encoding="utf-8") as file:
        rows = [line.split("|")[2] for line in file if line.count("|") > 2 and "---" not in line and "shown by" not in line]
    for item in (item.strip() for row in rows for item in re.split("[,;]", re.sub(r"\([^)]*\)", "", row))):
        if re.fullmatch(r"[a-z0-9*]+(-[a-z0-9*]+)*", item):  # not "unit ...", "fuzz ...", "e2e...."
            found = fnmatch.filter(names, item)
            shown.update(found)
            check(f"hostile.md: {item}", found)
    check("hostile.md: behaviours", len(shown) >= BEHAVIOURS, len(shown))
    print(f"{len(shown)} hosts show what tests/hostile.md lists")


class Scan:
    """With what it took: seconds, octets of memory and descriptors at their peak."""

    def __init__(self, lab, names, out, threads, at):
        listed = out + ".txt"
        with open(listed, "w", encoding="ascii") as file:
            file.writelines(name + "\n" for name in names)
        begin = time.monotonic()
        process = subprocess.Popen(
            [MXCENSUS, "scan", *lab.options, *CAPS, "--ehlo-domain", EHLO, "--probes", "sni,no-sni,versions", "--at", at,
             "--threads", str(threads), "-q", "-o", out, listed], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS)))
        self.descriptors = 0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            try:
                self.descriptors = max(self.descriptors, len(os.listdir(f"/proc/{process.pid}/fd")))
            except OSError:
                pass
            time.sleep(0.05)
        self.seconds = time.monotonic() - begin
        self.code = os.waitstatus_to_exitcode(status)
        process.returncode = self.code
        self.said = process.stderr.read().decode("utf-8", "replace")
        self.memory = usage.ru_maxrss * 1024
        self.cpu = usage.ru_utime + usage.ru_stime
        self.out = out

    def __str__(self):
        return (f"{self.seconds:.1f} s, {self.cpu:.1f} s of CPU, {self.memory >> 20} MiB, "
                f"{self.descriptors} descriptors")


# REFUSED is what the resolver says of us (RFC 1035 section 4.1.1): these are the only ones that are not the targets' fault.
REFUSED = {"case-refused-dns.mxlab.net", "case-mx-refused.mxlab.net"}


# In an outage also endpoints and policies may end without a result, with or without domains.
LOST_IN_OUTAGE = r"mxcensus: (?:(?:; )?\d+ (?:domains?|endpoints?|MTA-STS policy|MTA-STS policies) [^;]* by a fault of our own [^;]*)+"


def check_ends(scan, count, what):
    check_equal(f"{what}: exit code", scan.code, 0)
    ours = {row["domain"] for row in read_table(scan.out, "domains") if row["account_reason"] == "local_fault"}
    check(f"{what}: nobody else is excused", ours <= REFUSED, ours)
    excused = f"mxcensus: {len(ours)} domain{' was' if len(ours) == 1 else 's were'} not tested by a fault of our own "
    # It may say that descriptors are few, and on a busy machine the lab's silence looks like an outage, which costs
    # nobody a row; anything else would be a fault of ours.
    said = [line for line in scan.said.splitlines()
            if "files can be open" not in line and not line.startswith(("mxcensus: outage", excused)) and not (
                read_json(scan.out, "manifest.json")["outages"] and re.fullmatch(LOST_IN_OUTAGE, line))]
    check_equal(f"{what}: nothing is said", said, [])
    manifest = read_json(scan.out, "manifest.json")
    check_equal(f"{what}: a row for each line", len(read_table(scan.out, "domains")), count)
    check_equal(f"{what}: messages that nobody waited for", manifest["stray_messages"], 0)
    check(f"{what}: nothing is given up", "given_up" not in manifest, manifest.get("given_up"))
    check(f"{what}: descriptors", scan.descriptors <= DESCRIPTORS, scan.descriptors)


def check_no_fault_of_ours(out):
    """With so few descriptors, one too many would be a local fault."""
    for name in ("services", "endpoints"):
        for row in read_table(out, name):
            check(f"{name} {row[TABLES[name]]}", row["outcome"] != "local_fault", row["attempts"])
    for row in read_table(out, "policies"):
        check(f"policy {row['policy_host']}", row["fetch"] != "local_fault", row["attempts"])


def check_caps(out):
    """No session and no fetch outlives its cap by more than a busy machine is late."""
    late = 5000
    for name in ("services", "endpoints"):
        for row in read_table(out, name):
            for attempt in row["attempts"]:
                check(f"{name} {row[TABLES[name]]} ends", (attempt["total_ms"] or 0) <= TARGET_S * 1000 + late, attempt)


def longest_s(lab):
    """The cases' share: as long as the address with the most sessions needs if each meets its cap, and the policies, which
    wait for a place of their address only."""
    sessions = 8  # without a name, with it, two more of a kind, four of the versions
    return sessions * TARGET_S + 4 * POLICY_S + 4 * DNS_S


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--innocents", type=int, default=150)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", help="keep the results in this directory")
    known = parser.parse_args()
    paths = volatile_paths()
    at = f"@{int(time.time())}"
    sanitized = any(word in MXCENSUS for word in ("asan", "tsan"))
    with Lab(known.innocents, preset="perf") as lab, Lab(known.innocents, preset="perf") as other, \
            tempfile.TemporaryDirectory() as folder:
        expected = list(lab.expected())
        cases = {want["domain"] for want in expected if want["case"]}
        innocents = [want["domain"] for want in expected if not want["case"]]
        check_listed(cases)
        alone, beside = side_by_side(
            lambda: Scan(other, innocents, os.path.join(folder, "alone"), known.threads, at),
            lambda: Scan(lab, sorted(cases) + innocents, known.keep or os.path.join(folder, "beside"), known.threads, at))
        print(f"{len(innocents)} innocents alone: {alone}")
        check_ends(alone, len(innocents), "alone")
        print(f"beside {len(cases)} cases: {beside}")
        check_ends(beside, len(cases) + len(innocents), "beside")
        want = innocents_of(alone.out, paths)
        got = innocents_of(beside.out, paths, want)
        for name in TABLES:
            check(f"{name} of innocents are there", len(want[name]) > 0 or name == "policies")
            check(f"{name} of innocents: all of them", want[name].keys() == got[name].keys())
            for key in want[name].keys() & got[name].keys():
                check_equal(f"{name} {key}", got[name][key], want[name][key])
        check_no_fault_of_ours(beside.out)
        check_caps(beside.out)
        check("it ends in time", beside.seconds <= alone.seconds + longest_s(lab), beside.seconds)
        if not sanitized:
            check("memory", beside.memory <= alone.memory + MEMORY, (alone.memory, beside.memory))
    finish()


main()
