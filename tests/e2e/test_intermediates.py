"""--intermediates: what is known before a scan stands in the rows of chains, and all that repeat them.

A scan of the lab leaves chains without their intermediates, which other servers send. Those become files; a
second scan and `analyze` of the first know them from the beginning. `openssl verify` is the judge: with the
file among its untrusted certificates it must accept exactly the chains that we call missing_intermediate.
"""

import argparse
import collections
import concurrent.futures
import gzip
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import TIMEOUTS, write_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, read_json, read_table, run  # noqa: E402

BRIEF = ["--mta-sts", "record", *SHORT_WAITS, "--address-rate", "20/s"]
TABLES = ["certificates", "chains", "services", "endpoints", "hosts", "domains", "completions"]
MISSING = "chain.missing_intermediate"
UNKNOWN = "chain.issuer_unknown"


def octets_of(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def pem(raw):
    text = "\n".join(re.findall(".{1,64}", raw))
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def codes(row):
    return [f["code"] for f in row["findings"]]


def by_key(folder, table, key):
    return {row[key]: row for row in read_table(folder, table)}


def write_known(first, folder):
    """What completes the chains of the first scan, by digest, in two files of which one is gzip."""
    raw = {row["fingerprint_sha256"]: row["raw"] for row in read_table(first, "certificates")}
    known = sorted({one["fingerprint_sha256"] for row in read_table(first, "completions") for one in row["completing"]})
    check("the lab's servers leave several intermediates out", len(known) >= 2, known)
    plain, packed = os.path.join(folder, "known.pem"), os.path.join(folder, "more.pem.gz")
    with open(plain, "w", encoding="ascii") as file:
        file.write("# intermediates of the lab\n" + "".join(pem(raw[digest]) for digest in known[::2]))
    with gzip.open(packed, "wt") as file:
        file.write("".join(pem(raw[digest]) for digest in known[1::2]))
    return set(known), [plain, packed]


def check_first(first):
    """Without a file: nothing is known but what is bundled, and the lab has CAs of its own."""
    statuses = collections.Counter(row["status"] for row in read_table(first, "chains"))
    check_equal("first scan: nothing known", statuses["missing_intermediate"], 0)
    found = collections.Counter(code for row in read_table(first, "completions") for code in codes(row))
    check("first scan: completions say it", found[MISSING] > 3, found)
    files = read_json(first, "manifest.json")["intermediates"]["files"]
    check_equal("first scan: manifest names no file", files, [])


def of_the_chain(row):
    """Without what belongs to the scan that saw it."""
    return {key: value for key, value in row.items() if key not in ("scan_id", "observed_at")}


def check_chains(first, second, known):
    completions = by_key(first, "completions", "chain_id")
    now = by_key(second, "completions", "chain_id")
    before = by_key(first, "chains", "chain_id")
    seen = collections.Counter()
    for chain_id, row in by_key(second, "chains", "chain_id").items():
        completed = completions.get(chain_id, {}).get("status") == "trusted"
        old = before[chain_id]
        want = "missing_intermediate" if completed else old["status"]
        check_equal(f"chain {chain_id}", row["status"], want)
        seen[want] += 1
        if not completed:
            check_equal(f"chain {chain_id}: as before", of_the_chain(row), of_the_chain(old))
            continue
        check_equal("path as served", row["verdicts"][0]["path"], old["verdicts"][0]["path"])
        check_equal("not trusted", row["trusted_by"], [])
        check("the finding, in place of the other", MISSING in codes(row) and UNKNOWN not in codes(row), codes(row))
        check_equal("which are missing", [(c["fingerprint_sha256"], c["source"]) for c in row["completing"]],
                    [(c["fingerprint_sha256"], "file") for c in completions[chain_id]["completing"]])
        check_equal("rows of chains do not wait for the scan's end", {c["sent_by_hosts"] for c in row["completing"]}, {None})
        check("from the file", all(c["fingerprint_sha256"] in known for c in row["completing"]))
        check_equal("where its issuer can be had", row["missing_issuer_urls"], old["missing_issuer_urls"])
        check_equal("completions go on", now[chain_id]["status"], "trusted")
        check_equal("and do not repeat the finding", codes(now[chain_id]), [])
    check_equal("completions of the same chains", set(now), set(completions))
    check("several chains lack one, and some an unknown one", seen["missing_intermediate"] > 3 and
          seen["issuer_unknown"] > 0, seen)


def check_senders(folder):
    """completions say how many hosts send what is missing; counted again from the rows of endpoints."""
    chains = by_key(folder, "chains", "chain_id")
    senders = collections.defaultdict(set)
    for row in read_table(folder, "endpoints"):
        chain = chains.get(row["chain_id"], {"certificates": [], "roles": []})
        for digest, role in zip(chain["certificates"], chain["roles"]):
            if role in ("intermediate", "alternative", "root"):
                senders[digest].add(row["host"])
    most = 0
    for row in read_table(folder, "completions"):
        for one in row["completing"]:
            hosts = sorted(senders[one["fingerprint_sha256"]])
            check_equal(f"hosts that send {one['subject_dn']}", (one["sent_by_hosts"], one["sent_by_first"]),
                        (len(hosts), hosts[0] if hosts else None))
            most = max(most, len(hosts))
    check("some are sent by several hosts", most > 3, most)


def check_followed(second):
    """endpoints, services, hosts and domains repeat the word of the chain."""
    chains = by_key(second, "chains", "chain_id")
    endpoints = by_key(second, "endpoints", "endpoint")
    seen = collections.Counter()
    for table in ("endpoints", "services"):
        for row in read_table(second, table):
            want = chains[row["chain_id"]]["status"] if row["chain_id"] else None
            check_equal(f"{table}: chain_status", row["chain_status"], want)
            seen[table] += want == "missing_intermediate"
            if table == "endpoints" and want == "missing_intermediate":
                check_equal("not acceptable", row["acceptable"], False)
    for table in ("hosts", "domains"):
        for row in read_table(second, table):
            sets = [(row["host"], row["endpoints"])] if table == "hosts" else [
                (mx["host"], mx["endpoints"]) for mx in row["mx"] or []]
            for host, briefs in sets:
                for brief in briefs:
                    endpoint = endpoints.get(f"{host}|{brief['address']}|{brief['port']}")
                    if endpoint:
                        check_equal(f"{table}: chain_status", brief["chain_status"], endpoint["chain_status"])
                        seen[table] += brief["chain_status"] == "missing_intermediate"
    check("all tables have some", all(seen[t] > 3 for t in ("endpoints", "services", "hosts", "domains")), seen)


def check_outcomes(first, second):
    """The word says more of the same fault: whatever is built on it stays."""
    one, other = (by_key(folder, "domains", "input_line") for folder in (first, second))
    for line, row in one.items():
        for column in ("sts_readiness", "rollup", "rollup_primary", "dane", "mta_sts"):
            check_equal(f"line {line}: {column}", other[line][column], row[column])
        for was, now in itertools.zip_longest(row["outcomes"] or [], other[line]["outcomes"] or []):
            check_equal(f"line {line}: outcomes", now, was)


def check_manifest(second, files):
    told = read_json(second, "manifest.json")["intermediates"]["files"]
    check_equal("manifest: paths", [entry["path"] for entry in told], files)
    check_equal("manifest: copies", [entry["file"] for entry in told], ["intermediates-1.pem", "intermediates-2.pem.gz"])
    for entry, path in zip(told, files):
        check("the copy has the octets of the file", octets_of(second, entry["file"]) == octets_of(*os.path.split(path)))


def same_tables(what, one, other):
    for name in TABLES:
        check(f"{what}: {name}", octets_of(one, name + ".ndjson") == octets_of(other, name + ".ndjson"))


def check_same_verdicts(what, one, other):
    """Of two scans."""
    paths = volatile_paths()
    for name in ("certificates", "chains", "completions"):
        check(f"{what}: {name}", stable(read_table(one, name), name, paths) == stable(read_table(other, name), name, paths))


def analyze(results, out, *options):
    done = run("analyze", "-q", *options, "-o", out, results)
    check_equal(f"analyze {options}: exit code", (done.returncode, done.stderr), (0, ""))
    return out


def check_analyze(first, second, files, folder):
    options = [word for path in files for word in ("--intermediates", path)]
    given = analyze(first, os.path.join(folder, "given"), *options)
    check_same_verdicts("analyze knows what a scan would", given, second)
    check_followed(given)
    again = analyze(second, os.path.join(folder, "again"))
    same_tables("analyze takes the copies", second, again)
    check_equal("analyze: manifest", read_json(again, "manifest.json")["intermediates"],
                read_json(second, "manifest.json")["intermediates"])
    same_tables("and those of analyze", analyze(again, os.path.join(folder, "third")), second)
    with open(os.path.join(again, "intermediates-1.pem"), "ab") as file:
        file.write(b"\n")
    done = run("analyze", again)
    check("a copy that was altered is refused", done.returncode == 2 and done.stderr.count("\n") == 1 and
          "intermediates-1.pem" in done.stderr, done.stderr)


def openssl_accepts(folder, name, roots, at, leaf, untrusted):
    paths = {}
    for what, text in (("leaf", leaf), ("untrusted", untrusted)):
        paths[what] = os.path.join(folder, f"{name}.{what}.pem")
        with open(paths[what], "w", encoding="ascii") as file:
            file.write(text)
    command = ["openssl", "verify", "-purpose", "sslserver", "-auth_level", "2", "-attime", str(at), "-no-CApath",
               "-no-CAstore", "-CAfile", roots]
    command += ["-untrusted", paths["untrusted"]] if untrusted else []
    return subprocess.run(command + [paths["leaf"]], capture_output=True, check=False).returncode == 0


def check_against_openssl(second, files, folder):
    """Of chains that are deeper than we look, we claim nothing."""
    manifest = read_json(second, "manifest.json")
    roots = os.path.join(second, manifest["trust_stores"][0]["file"])
    raw = {row["fingerprint_sha256"]: row["raw"] for row in read_table(second, "certificates")}
    with open(files[0], encoding="ascii") as file, gzip.open(files[1], "rt") as more:
        known = file.read() + more.read()
    rows = [row for row in read_table(second, "chains")
            if row["status"] in ("missing_intermediate", "issuer_unknown", "untrusted_root") and not row["capped"]]
    at = subprocess.run(["date", "-d", manifest["judged_at"], "+%s"], capture_output=True, check=True, text=True).stdout.strip()

    def judge(row):
        leaf, *rest = [pem(raw[digest]) for digest in row["certificates"]]
        name = row["chain_id"]
        return row, [openssl_accepts(folder, name, roots, at, leaf, "".join(rest) + more) for more in ("", known)]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for row, (as_served, completed) in pool.map(judge, rows):
            check(f"openssl: {row['chain_id']} as served", not as_served)
            check_equal(f"openssl: {row['chain_id']} ({row['status']}) with the file", completed,
                        row["status"] == "missing_intermediate")
    print(f"openssl verify judged {len(rows)} chains, "
          f"{sum(row['status'] == 'missing_intermediate' for row in rows)} of them missing_intermediate")


def check_refused(folder, first):
    missing, empty, text, damaged = (os.path.join(folder, name) for name in ("missing", "empty", "text", "damaged.gz"))
    for path, octets in ((empty, b""), (text, b"no certificate\n"), (damaged, gzip.compress(b"x" * 500)[:-9])):
        with open(path, "wb") as file:
            file.write(octets)
    leaf = os.path.join(folder, "leaf.pem")
    with open(leaf, "w", encoding="ascii") as file:
        file.write(pem(next(row["raw"] for row in read_table(first, "certificates") if not row["is_ca"])))
    ready = ["--name-servers", "127.0.0.1:9", "--ehlo-domain", EHLO]  # nothing is asked
    for path, why in ((missing, "No such file"), (empty, "nothing in it"), (text, "no certificate in it"),
                      (damaged, "damaged gzip"), (folder, "Is a directory"), (leaf, "no CA certificate in it")):
        for command in (["scan", *ready], ["check", *ready, "example.org"], ["analyze", first]):
            done = run(command[0], "--intermediates", path, *command[1:], input="", timeout=30)
            check(f"{command[0]}: {why}", done.returncode == 2 and done.stdout == b"" and done.stderr.count("\n") == 1 and
                  why in done.stderr and path in done.stderr, (done.returncode, done.stderr))
    done = run("scan", *ready, *(["--intermediates", leaf] * 9), input="", timeout=30)
    check("at most eight", done.returncode == 2 and "--intermediates has more than 8 values" in done.stderr, done.stderr)


def scan(lab, listed, out, *options):
    done = run("scan", *lab.options, *BRIEF, *options, "--ehlo-domain", EHLO, "--threads", "2", "-o", out, listed)
    check_equal("scan: exit code", done.returncode, 0)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--domains", type=int, default=300)
    parser.add_argument("--every", type=int, default=1, help="one in so many of the cases that are not about chains")
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-intermediates-")
    try:
        with Lab(known.domains) as lab:
            at = ["--at", f"@{int(time.time())}"]  # one for both: a lab's leaf may be near the end of a day
            listed = os.path.join(folder, "list.txt")
            write_list(lab, listed, TIMEOUTS + ("stutter",), known.every, ("chain", "intermediate"))  # what is the same in two scans
            first = scan(lab, listed, os.path.join(folder, "first"), *at)
            intermediates, files = write_known(first, folder)
            second = scan(lab, listed, os.path.join(folder, "second"), *at, "--intermediates", files[0], "--intermediates", files[1])
        check_first(first)
        check_chains(first, second, intermediates)
        check_followed(second)
        check_senders(first)
        check_senders(second)
        check_outcomes(first, second)
        check_manifest(second, files)
        check_analyze(first, second, files, folder)
        check_refused(folder, first)
        check_against_openssl(second, files, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
