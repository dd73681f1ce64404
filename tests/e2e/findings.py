"""Every finding code has a host of the lab that raises it, and a similar one that does not.

    findings.py [--keep DIR] [--only CASE] [--probes LIST]

Scans the hand-made cases of the lab with every probe and two trust stores. Each case raises exactly the codes
that the lab expects; each code of the catalogue is raised by a case and not by a neighbour of that case, or is
named below with the reason why nothing on loopback can raise it. And the report on each case says of mail what its
outcomes are, and `analyze` makes the same rows of them all. Cases that differ are scanned once more, alone: a machine that was busy is no difference.
"""

import argparse
import collections
import csv
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import headlines  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_analyzed, check_equal, finish, read_json, run  # noqa: E402

CANNOT = {
    "smtp.connect_unreachable": "no address of loopback is unreachable: shown in tests/unit/analysis",
    "tls.no_certificate": "a client that offers no anonymous suite cannot be led to one",
    "tls.cipher_broken": "OpenSSL of the distributions has no such suite, and the scanner offers none",
    "tls.weak_group": "the scanner offers no such group",
    "tls.pq_group": "needs OpenSSL 3.5 on both sides",
    "dane.record_duplicate": "equal records of an answer are one, RFC 2181 section 5: shown in tests/unit/analysis",
    "tls.no_secure_renegotiation": "OpenSSL as a server always announces it",
}

# Need --probes ciphers, some 20 sessions with each server, or wrong-sni, one more, which servers that behave in turns would
# notice: test_ciphers.py and test_wrong_sni.py have cases for them.
WITH_OTHER_PROBES = {"tls.null_accepted", "tls.export_accepted", "tls.weak_cipher_accepted", "tls.anonymous_accepted",
                     "tls.only_static_rsa", "tls.no_aead", "sni.foreign_name_fatal"}

# Connections at once, the second time as well: all servers at once would make each other's greetings slow, and then that
# is what the scan finds.
AT_ONCE, AGAIN_AT_ONCE = 256, 32
AGAIN_MAX = 60  # of some 800; more of them are no chance

BLOCKED_CASE = "mx-blocked"
BLOCKED_HOST = "mx.case-mx-blocked.mxlab.net"
BLOCKED_DOMAIN = "input-blocked.mxlab.net"
# Lines that are no cases: (name, line, codes).
LINES = [
    ("input-invalid", "no domain at all!", {"input.invalid"}),
    ("input-duplicate", "case-good.mxlab.net", {"input.duplicate"}),
    ("input-blocked", BLOCKED_DOMAIN, {"input.blocklisted"}),
    ("input-public-suffix", "co.uk", {"input.public_suffix", "mx.nxdomain"}),
]


def catalogue():
    """All codes, as the program explains them."""
    done = run("explain", "--format", "csv")
    if not check_equal("explain --format csv: exit code", done.returncode, 0):
        return set()
    return {row["code"] for row in csv.DictReader(io.StringIO(done.stdout.decode()))}


class Results:
    """The findings of all rows that belong to a domain."""

    def __init__(self, out):
        def table(name, key):
            with open_table(out, name, "ndjson") as file:
                rows = [json.loads(line) for line in file]
            return {row[key]: row for row in rows}

        self.domains = table("domains", "input_line")
        self.hosts = table("hosts", "host")
        self.services = table("services", "service")
        self.endpoints = table("endpoints", "endpoint")
        self.chains = table("chains", "chain_id")
        self.certificates = table("certificates", "fingerprint_sha256")
        self.completions = table("completions", "chain_id")
        self.policies = table("policies", "policy_host")

    def _rows(self, domain):
        yield domain
        chains = set()
        policy = self.policies.get((domain["mta_sts"] or {}).get("policy_host"))
        if policy is not None:
            yield policy
            chains.add(policy["chain_id"])
        for mx in domain["mx"] or []:
            host = self.hosts.get(mx["host"])
            if host is None:
                continue
            yield host
            for brief in mx["endpoints"]:
                key = f"{brief['address']}|{brief['port']}"
                endpoint = self.endpoints.get(f"{mx['host']}|{key}")
                service = self.services.get(key)
                for row in filter(None, (endpoint, service)):
                    yield row
                    chains.add(row["chain_id"])
                    chains.add((row.get("other_key") or {}).get("chain_id"))
        for chain_id in chains - {None}:
            chain = self.chains[chain_id]
            yield chain
            yield from (self.certificates[fingerprint] for fingerprint in chain["certificates"])
            if chain_id in self.completions:
                yield self.completions[chain_id]

    def codes(self, line):
        """{code: evidence}"""
        return {f["code"]: f["evidence"] for row in self._rows(self.domains[line]) for f in row["findings"]}


def write_list(path, wanted):
    """The cases, then the lines that are none."""
    with open(path, "w", encoding="ascii") as file:
        for want in wanted:
            file.write(want["domain"] + "\n")
        for _, line, _ in LINES:
            file.write(line + "\n")


def scan(lab, folder, out, wanted, probes, at_once=AT_ONCE):
    listed = os.path.join(folder, "list.txt")
    blocked = os.path.join(folder, "blocked.txt")
    write_list(listed, wanted)
    with open(blocked, "w", encoding="ascii") as file:
        file.write(f"{BLOCKED_HOST}\n{BLOCKED_DOMAIN}\n")
    done = run("scan", *lab.options, "--root-cas", "fewer=" + os.path.join(lab.state, "roots-fewer.pem"),
               "--ehlo-domain", EHLO, "--probes", probes, *SHORT_WAITS, "--blocklist-file", blocked,
               "--address-rate", "20/s", "--concurrency", str(at_once), "-q", "-o", out, listed, timeout=900)
    check_equal("exit code", done.returncode, 0)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
    else:
        with open(blocked, "rb") as file:
            check_equal("manifest.json has the digest of the blocklist", read_json(out, "manifest.json")["blocklist"],
                        {"sha256": hashlib.sha256(file.read()).hexdigest(), "count": 2})


def differences(want, at_least, got):
    """-> (missing, not expected)"""
    codes = set(got)
    return sorted(want - codes), sorted(codes - want) if not at_least else []


def check_case(name, want, at_least, got):
    missing, more = differences(want, at_least, got)
    check(f"case {name}", not missing and not more,
          f"missing {missing}, unexpected " + str({code: got[code] for code in more}))
    for code, evidence in got.items():
        check(f"case {name}: {code} has evidence", bool(evidence))


# Cases whose first word stands alone, and the word of their neighbours.
NEIGHBOURS = {"helo": "ehlo", "addresses": "mx", "servfail": "txt", "timeout": "txt", "bogus": "txt", "malformed": "txt",
              "implicit": "mx", "no": "mx", "nxdomain": "mx"}


def group_of(name):
    """Cases of one subject are neighbours: all that begin with the same word."""
    word = re.match("[a-z]+", name).group()
    return NEIGHBOURS.get(word, word)


def check_catalogue(codes, raised, exact):
    """raised: code -> cases that expect it; exact: case -> its whole set."""
    groups = collections.defaultdict(set)
    for name in exact:
        groups[group_of(name)].add(name)
    for code in sorted(codes):
        if code in WITH_OTHER_PROBES:
            check(f"{code}: not without the probe", code not in raised, raised.get(code))
            continue
        if code in CANNOT:
            check(f"{code} cannot be raised here ({CANNOT[code]})", code not in raised, raised.get(code))
            continue
        if not check(f"{code}: a case expects it", code in raised):
            continue
        near = {other for name in raised[code] for other in groups[group_of(name)] if code not in exact[other]}
        check(f"{code}: a neighbouring case does not", bool(near))
    for code in sorted(set(raised) | set(CANNOT)):
        check(f"{code} is in the catalogue", code in codes)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--keep", help="keep the results in this directory")
    parser.add_argument("--only", help="this case alone, and no look at the catalogue")
    parser.add_argument("--probes", default="sni,no-sni,versions,ecdsa-rsa")
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-findings-")
    out = known.keep or os.path.join(folder, "results")
    try:
        with Lab(1) as lab:
            wanted = [w for w in lab.expected() if w["case"] and known.only in (None, w["case"])]
            lines = {want["case"]: line for line, want in enumerate(wanted, 1)}
            scan(lab, folder, out, wanted, known.probes)
        results = Results(out)
        headlines.check_reports(out, list(results.domains.values()))
        check_analyzed(out, os.path.join(folder, "analyzed"), [name + ".ndjson" for name in KEYS])
        for want in wanted:
            check(f"case {want['case']} says what it raises", "findings" in want)
            if want["case"] == BLOCKED_CASE:
                want["findings"] = ["mx.blocklisted", "sts.absent", "tlsrpt.absent"]
        wanted = [want for want in wanted if "findings" in want]
        got = {want["case"]: results.codes(lines[want["case"]]) for want in wanted}
        again = [want for want in wanted if any(differences(set(want["findings"]), want["findings_at_least"], got[want["case"]]))]
        if 0 < len(again) <= AGAIN_MAX:
            print("once more:", *(want["case"] for want in again))
            with Lab(1) as lab:
                scan(lab, folder, os.path.join(folder, "again"), again, known.probes, AGAIN_AT_ONCE)
            second = Results(os.path.join(folder, "again"))
            got.update((want["case"], second.codes(line)) for line, want in enumerate(again, 1))
        raised = collections.defaultdict(set)
        exact = {}
        for want in wanted:
            expected = (want["case"], set(want["findings"]), want["findings_at_least"])
            check_case(*expected, got[want["case"]])
            if not want["findings_at_least"]:
                exact[want["case"]] = expected[1]
            for code in expected[1]:
                raised[code].add(want["case"])
        for line, (name, _, codes) in enumerate(LINES if known.only is None else [], len(lines) + 1):
            check_case(name, codes, False, results.codes(line))
            exact[name] = codes
            for code in codes:
                raised[code].add(name)
        if known.only is None:
            check_catalogue(catalogue(), raised, exact)
            print(f"{len(wanted)} cases, {len(raised)} codes raised, {len(CANNOT)} that cannot be")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
