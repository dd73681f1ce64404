"""mxcensus analyze: a scan of the lab judged again, by the same terms and by others.

    test_analyze.py [--every N]      one in N of the hand-made cases; findings.py has all of them analyzed by the same terms
"""

import argparse
import collections
import csv
import datetime
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.rows import check_scan  # noqa: E402
from e2e.runner import (EHLO, SHORT_WAITS, check, check_equal, finish, read_json, read_table, run,  # noqa: E402
                        side_by_side, table)
from support.pki import Authority  # noqa: E402

TABLES = ["certificates", "chains", "services", "endpoints", "hosts", "domains", "completions", "policies",
          "policy_bodies", "issuers"]
BRIEF = [*SHORT_WAITS, "--address-rate", "20/s"]
PROBES = ["--probes", "sni,no-sni,versions,wrong-sni,ecdsa-rsa"]
DAY = 86400


def octets_of(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def analyze(results, out, *options):
    done = run("analyze", "-q", *options, "-o", out, results)
    check_equal(f"analyze {' '.join(options)}: exit code", done.returncode, 0)
    check_equal("analyze -q is silent", done.stderr, "")
    return out


def files_of(folder):
    return {entry["name"]: entry for entry in read_json(folder, "manifest.json")["files"]}


def check_same_terms(scan, out):
    analyze(scan, out, "--format", "both")
    for name in [t + ".ndjson" for t in TABLES] + [t + ".csv" for t in TABLES + ["routes"]]:
        check(f"{name} has the same octets", octets_of(scan, name) == octets_of(out, name),
              first_difference(octets_of(scan, name), octets_of(out, name)))
    # Its rows come from all tables, in the order in which the scan was done with them.
    findings = [sorted(octets_of(folder, "findings.csv").split(b"\r\n")) for folder in (scan, out)]
    check("findings.csv has the same rows", findings[0] == findings[1])
    entries = [files_of(folder) for folder in (scan, out)]
    for files in entries:
        del files["findings.csv"]["sha256"]
    check_equal("so the manifest has the same files", entries[1], entries[0])
    before, after = read_json(scan, "manifest.json"), read_json(out, "manifest.json")
    for key in ("judged_at", "trust_stores", "account", "intermediates", "seed", "options", "vantage", "started"):
        check_equal(f"manifest: {key}", after[key], before[key])
    check_equal("analyze keeps the scan_id", check_scan(out, check), check_scan(scan, check))
    short = analyze(scan, out + "-short", "--format", "csv", "--csv-cell-max", "40")
    with open(os.path.join(short, "certificates.csv"), encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    lengths = sorted(row["raw"] if len(row["raw"]) <= 40 else f"[{len(row['raw'])} characters]" for row in read_table(scan, "certificates"))
    check_equal("--csv-cell-max: what is longer says how long it is", sorted(record["raw"] for record in records), lengths)
    check("and nothing else is longer", all(len(field) <= 40 for record in records for field in record.values()))
    check_equal("manifest: analyzed_from", after["analyzed_from"]["directory"], scan)
    check_equal("summary", read_json(out, "summary.json"), read_json(scan, "summary.json"))
    for store in after["trust_stores"]:
        check_equal(f"copy of {store['name']}", octets_of(out, store["file"]), octets_of(scan, store["file"]))


def first_difference(one, other):
    for x, y in zip(one.splitlines(), other.splitlines()):
        if x != y:
            at = next((i for i, (a, b) in enumerate(zip(x, y)) if a != b), 0)
            return x[max(0, at - 200):at + 200], y[max(0, at - 200):at + 200]
    return len(one), len(other)


def check_stdout(scan):
    done = run("analyze", scan)
    check_equal("stdout: exit code", done.returncode, 0)
    for name in TABLES:
        rows = table(done.rows, name)
        for row in rows:
            del row["type"]
        check(f"stdout: {name}", rows == read_table(scan, name))


def check_told(scan, folder):
    """What analyze says on standard error: the summary, and the counts that are others now."""
    same = run("analyze", "-o", os.path.join(folder, "told"), scan)
    check("told: the summary", same.stderr.startswith("inputs ") and "\ndomains by the effect of their problems: " in same.stderr,
          same.stderr)
    rows = sum(file["rows"] for file in read_json(os.path.join(folder, "told"), "manifest.json")["files"] if file["format"] == "ndjson")
    judged_at = read_json(scan, "manifest.json")["judged_at"]
    check("told: what analyze did, not the scan", "complete after" not in same.stderr and
          f"\njudged {scan} again as of {judged_at}: {rows} rows written to {os.path.join(folder, 'told')}\n" in same.stderr, same.stderr)
    check("told: nothing changed", same.stderr.endswith(f"no count of {scan} changed\n"), same.stderr)
    later = os.path.join(folder, "told-later")
    done = run("analyze", "--at", "2060-01-01", "-o", later, scan)
    before, after = (read_json(at, "summary.json") for at in (scan, later))
    check("told: what changed", f"\nchanged against {scan}\n" in done.stderr, done.stderr)
    for effect, now in after["effects"].items():
        was = before["effects"][effect]
        check_equal(f"told: effect {effect}", f"\n  effects {effect}: {now}, was {was}\n" in done.stderr, now != was)
    check("told: a certificate has expired", "  findings chain.expired error: " in done.stderr, done.stderr)


def check_chosen(scan):
    """Some columns of one table, a row on a line."""
    rows = read_table(scan, "domains")
    text = run("analyze", "-q", "--stdout", "domains", "--fields", "domain,effect,mx_kind", "--format", "text", scan)
    check_equal("chosen: text", text.stdout.decode(),
                "".join(f"{row['domain'] or '-'}\t{row['effect'] or '-'}\t{row['mx_kind']}\n" for row in rows))
    ndjson = run("analyze", "-q", "--stdout", "domains", "--fields", "mx_kind,domain,mx", scan)
    check_equal("chosen: NDJSON", [list(row.items()) for row in ndjson.rows],
                [[(key, row[key]) for key in ("mx_kind", "domain", "mx")] for row in rows])
    for name in ("services", "routes", "problems"):
        whole = run("analyze", "-q", "--stdout", name, "--format", "csv", scan)
        both = os.path.join(os.path.dirname(scan), "chosen-" + name)
        analyze(scan, both, "--format", "csv")
        check(f"chosen: CSV of {name} as in the file", whole.stdout == octets_of(both, name + ".csv"), whole.stdout[:300])


def check_compressed(scan, folder):
    """What was written compressed is read again, twice removed from the scan."""
    first = analyze(scan, os.path.join(folder, "zstd"), "--compress", "zstd")
    second = analyze(first, os.path.join(folder, "gzip"), "--compress", "gzip")
    third = analyze(second, os.path.join(folder, "plain"))
    for name in TABLES:
        check(f"{name} after zstd and gzip", octets_of(third, name + ".ndjson") == octets_of(scan, name + ".ndjson"))
    origin = read_json(third, "manifest.json")["analyzed_from"]
    check_equal("the way back to the scan", origin["analyzed_from"]["analyzed_from"]["directory"], scan)


def unix_s(text):
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def check_followed(out):
    """Every table repeats the verdicts of the one before it."""
    chains = {row["chain_id"]: row for row in read_table(out, "chains")}
    endpoints = {row["endpoint"]: row for row in read_table(out, "endpoints")}
    for row in read_table(out, "services"):
        check_equal(f"service {row['service']}", row["chain_status"],
                    chains[row["chain_id"]]["status"] if row["chain_id"] else None)
    for key, row in endpoints.items():
        status = chains[row["chain_id"]]["status"] if row["chain_id"] else None
        check_equal(f"endpoint {key}", row["chain_status"], status)
        if status:
            fits = row["name"]["match"] in ("match", "match_wildcard")
            check_equal(f"acceptable {key}", row["acceptable"], status == "trusted" and fits)
    for name, briefs in briefs_of(out):
        for host, brief in briefs:
            row = endpoints.get(f"{host}|{brief['address']}|{brief['port']}")
            if row:
                got = (brief["chain_status"], brief["name_match"], brief["acceptable"])
                want = (row["chain_status"], row["name"]["match"] if row["name"] else None, row["acceptable"])
                check_equal(f"{name}: brief of {row['endpoint']}", got, want)


def briefs_of(out):
    for row in read_table(out, "hosts"):
        yield f"host {row['host']}", [(row["host"], brief) for brief in row["endpoints"]]
    for row in read_table(out, "domains"):
        yield f"domain {row['input']}", [(mx["host"], brief) for mx in row["mx"] or [] for brief in mx["endpoints"]]


def check_later(scan, out):
    """A year later: what of a trusted path ends until then has expired, and nothing else changes."""
    at = unix_s(read_json(scan, "manifest.json")["judged_at"]) + 365 * DAY
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    analyze(scan, out, "--at", moment)
    check_equal("later: judged_at", read_json(out, "manifest.json")["judged_at"], moment)
    for row in read_table(out, "certificates"):
        end = row["validity"] and row["validity"]["end"]
        if end:
            check_equal("later: days_left", row["days_left"], (unix_s(end) - at) // DAY)
    changed = collections.Counter()
    before = {row["chain_id"]: row for row in read_table(scan, "chains")}
    for row in read_table(out, "chains"):
        old = before[row["chain_id"]]
        if old["status"] == "trusted":
            ended = unix_s(old["verdicts"][0]["valid_until"]) < at
            check_equal(f"later: {row['chain_id']}", row["status"], "expired" if ended else "trusted")
            changed[row["status"]] += 1
            codes = [f["code"] for f in row["findings"]]
            if ended:
                check("later: a finding", any(c.endswith("expired") for c in codes), codes)
    check("later: some have expired", changed["expired"] > 10, changed)
    check_followed(out)
    observed = [("services", "transcript"), ("services", "attempts"), ("endpoints", "handshake"),
                ("hosts", "addresses"), ("domains", "mx_dns"), ("certificates", "raw")]
    for name, column in observed:
        one, other = ([row[column] for row in read_table(folder, name)] for folder in (scan, out))
        check(f"later: {name}.{column} is as it was", one == other)


def check_other_roots(scan, out, root):
    """Roots that nobody's chain leads to."""
    analyze(scan, out, "--root-cas", "mine=" + root)
    before = {row["chain_id"]: row for row in read_table(scan, "chains")}
    roots = {row["fingerprint_sha256"] for row in read_table(scan, "certificates") if row["self_issued"]}
    statuses = collections.Counter()
    for row in read_table(out, "chains"):
        old = before[row["chain_id"]]
        statuses[row["status"]] += 1
        check_equal("other roots: stores", [v["store"] for v in row["verdicts"]], ["mine"])
        check_equal("other roots: trusted_by", row["trusted_by"], [])
        if old["status"] == "trusted":
            ends = [c for c, role in zip(old["certificates"], old["roles"]) if c in roots and role != "unrelated"]
            want = "untrusted_root" if ends else "issuer_unknown"
            check_equal(f"other roots: {row['chain_id']}", row["status"], want)
        elif old["status"] in ("self_signed", "unparsable"):
            check_equal(f"other roots: {row['chain_id']}", row["status"], old["status"])
    check("other roots: both kinds", statuses["issuer_unknown"] > 10 and not statuses["trusted"], statuses)
    check_followed(out)
    check_equal("other roots: nothing is completed",
                [r["status"] for r in read_table(out, "completions") if r["status"] == "trusted"], [])
    check_equal("other roots: a row for each incomplete chain", len(read_table(out, "completions")),
                statuses["issuer_unknown"])


def check_two_stores(scan, out, root):
    store = read_json(scan, "manifest.json")["trust_stores"][0]
    analyze(scan, out, "--root-cas", f"{store['name']}={scan}/{store['file']}", "--root-cas", "mine=" + root)
    before = {row["chain_id"]: row for row in read_table(scan, "chains")}
    for row in read_table(out, "chains"):
        old = before[row["chain_id"]]
        check_equal(f"two stores: {row['chain_id']}", (row["status"], row["trusted_by"], row["verdicts"][0]),
                    (old["status"], old["trusted_by"], old["verdicts"][0]))
    check("two stores: endpoints do not change but for findings",
          [(r["chain_status"], r["acceptable"]) for r in read_table(out, "endpoints")] ==
          [(r["chain_status"], r["acceptable"]) for r in read_table(scan, "endpoints")])


def check_refused(what, results, why, *options):
    done = run("analyze", *options, results)
    check_equal(f"{what}: exit code", done.returncode, 2)
    check(f"{what}: one line", done.stderr.count("\n") == 1 and why in done.stderr, done.stderr)


def check_unusable(scan, folder):
    check_refused("no directory", os.path.join(folder, "nothing"), "No such file or directory")
    os.mkdir(os.path.join(folder, "empty"))
    check_refused("no results", os.path.join(folder, "empty"), "no results of a scan")
    copy = os.path.join(folder, "copy")
    shutil.copytree(scan, copy)
    with open(os.path.join(copy, "endpoints.ndjson"), "r+b") as file:
        file.truncate(os.path.getsize(os.path.join(copy, "endpoints.ndjson")) - 9)
    check_refused("a table cut short", copy, "endpoints.ndjson, line ")
    os.rename(os.path.join(copy, "manifest.json"), os.path.join(copy, "state.json"))
    check_refused("tables alone", copy, "neither manifest.json nor started.json")
    done = run("analyze", "-o", copy, scan)
    check_equal("a directory that is not empty", done.returncode, 2)
    check("nothing is written there", not os.path.exists(os.path.join(copy, "summary.json.tmp")) and
          not os.path.exists(os.path.join(copy, "manifest.json")))


def check_enemy(scan, folder):
    """A directory that an enemy wrote: one line says what is wrong, or its rows are judged; either ends."""
    def deep(row):
        return json.dumps(row)[:-1] + ',"more":' + "[" * 100000 + "]" * 100000 + "}"

    def other_types(row):
        return json.dumps({key: 7 if isinstance(value, dict) else {"a": [1]} for key, value in row.items()})

    def of_itself(row):
        return json.dumps({**row, "session_from": row["endpoint"]})

    def own_issuer(row):
        return json.dumps({**row, "certificates": row["certificates"][:1] * 1000})

    for what, name, change, why in (
            ("a line of 1 GB", "domains", None, "longer than 67108864 octets"), ("a row that is deep", "domains", deep, "maximum parsing depth"),
            ("other types", "domains", other_types, "domains."), ("rows that lead to themselves", "endpoints", of_itself, None),
            ("a list of one certificate, a thousand times", "chains", own_issuer, None)):
        enemy = os.path.join(folder, "enemy")
        shutil.copytree(scan, enemy, copy_function=os.link)
        path = os.path.join(enemy, name + ".ndjson")
        rows = read_table(scan, name)
        os.remove(path)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines((change or json.dumps)(row) + "\n" for row in rows)
        if change is None:
            os.truncate(path, os.path.getsize(path) + (1 << 30))
        if why:
            check_refused(what, enemy, why)
        else:
            done = run("analyze", "-q", enemy)
            check(f"{what}: exit code", done.returncode in (0, 2) and done.stderr.count("\n") <= 1, (done.returncode, done.stderr))
        shutil.rmtree(enemy)


def check_ports(lab, folder):
    """Records and outcomes are about port 25, wherever it stands among the ports (RFC 6698 section 3)."""
    dane = os.path.join(folder, "dane")
    with open(lab.list_path, encoding="utf-8") as lines, open(dane, "w", encoding="utf-8") as file:
        file.writelines(line for line in lines if line.startswith("case-dane-") and "timeout" not in line)
    outcomes = {}

    def scan(ports):
        out = os.path.join(folder, "ports-" + ports)
        return ports, out, run("scan", *lab.options, *BRIEF, "--ehlo-domain", EHLO, "--ports", ports, "-o", out, dane)

    for ports, out, done in side_by_side(lambda: scan("25"), lambda: scan("587,25"), lambda: scan("587")):
        check_equal(f"ports {ports}: exit code", done.returncode, 0)
        again = analyze(out, out + "-again")
        for name in ("endpoints", "hosts", "domains"):
            check(f"ports {ports}: {name} has the same octets",
                  octets_of(out, name + ".ndjson") == octets_of(again, name + ".ndjson"))
        outcomes[ports] = {row["domain"]: (row["outcomes"], row["dane"]["state"], row["sts_readiness"]["ready"])
                           for row in read_table(out, "domains") if row["mx"]}
    check("ports: the list has domains", len(outcomes["25"]) > 40, len(outcomes["25"]))
    for domain, want in outcomes["25"].items():
        check_equal(f"ports 587,25: {domain}", outcomes["587,25"][domain], want)
        found, state, ready = outcomes["587"][domain]
        check_equal(f"ports 587: {domain}: DANE", state, "unknown")
        check(f"ports 587: {domain}: readiness", ready in ("unknown", "fail"), ready)
        for outcome in found:
            check_equal(f"ports 587: {domain}: {outcome['profile']}", (outcome["best"], outcome["worst"]), ("unknown", "unknown"))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--every", type=int, default=1)
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-analyze-")
    scan = os.path.join(folder, "scan")
    try:
        with Lab(100) as lab:
            listed = os.path.join(folder, "list.txt")
            with open(lab.list_path, encoding="ascii") as lines, open(listed, "w", encoding="ascii") as file:
                file.writelines(line for i, line in enumerate(lines) if not line.startswith("case-") or i % known.every == 0)
            done, _ = side_by_side(
                lambda: run("scan", *lab.options, *BRIEF, *PROBES, "--ehlo-domain", EHLO, "--threads", "2", "-o", scan,
                            "--format", "both", listed),
                lambda: check_ports(lab, folder))
            check_equal("scan: exit code", done.returncode, 0)
        authority = Authority(folder)
        few = os.path.join(folder, "ports-25")  # of the hand-made domains with DANE
        check_same_terms(scan, os.path.join(folder, "same"))
        check_stdout(few)
        check_told(few, folder)
        check_chosen(few)
        check_compressed(few, folder)
        check_later(scan, os.path.join(folder, "later"))
        check_other_roots(scan, os.path.join(folder, "other"), authority.root + ".pem")
        check_two_stores(scan, os.path.join(folder, "two"), authority.root + ".pem")
        check_unusable(few, folder)
        check_enemy(few, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
