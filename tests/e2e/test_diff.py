"""Two days of the lab compared: what has changed is found, with its cause and its domains, and nothing else.

    test_diff.py [--domains N] [--keep DIR]

The first day is scanned twice, the second time with the list in another order: no change. On the second day the cases of
tests/lab/mutation_cases.def have changed in known ways, and N random domains have not. On another second day a share of the random servers
has, and what becomes of them is what the lab expects.
"""

import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import VOLATILE_FINDINGS  # noqa: E402
from e2e.runner import EHLO, MXLAB, SHORT_WAITS, check, check_equal, finish, parse_ndjson, run, side_by_side  # noqa: E402

plans = {}  # of each scan: services_of()
QUICK = [*SHORT_WAITS, "--address-rate", "20/s", "--threads", "2", "-q"]
# Servers that are another at every visit, or that a busy machine could make silent.
UNEQUAL = ("unstable", "flaky", "silent", "delay", "slow", "stutter")
DAY = "2026-11-29"  # of the certificates: both labs must have the same
AT = "2026-11-29T12:00:00Z"


def diff(old, new, *options):
    return run("diff", *options, old, new)


def changes(old, new, *options):
    """The comparison, and its changes."""
    done = diff(old, new, "--format", "ndjson", "--domains", "0", *options)
    check("diff: exit code 0", done.returncode == 0, done.stderr)
    lines = parse_ndjson(done.stdout)
    check_equal("the comparison comes first", [line["type"] for line in lines[:1]], ["comparison"])
    return (lines[0], lines[1:]) if lines else ({}, [])


def mutations():
    return {line["domain"]: set(line["changes"]) for line in parse_ndjson(run("mutations", program=MXLAB).stdout)}


def words(change):
    return change["kind"] + (f":{change['code']}" if change["code"] else "")


def write_list(lab, path, wanted, order):
    with open(lab.list_path, encoding="ascii") as file:
        names = [line for line in file.read().split()
                 if line in wanted or not line.startswith("case-") and not any(word in line for word in UNEQUAL)]
    random.Random(order).shuffle(names)
    with open(path, "w", encoding="ascii") as file:
        file.write("# the list of another day\n" * order + "".join(name + "\n" for name in names + names[:3] * order))


def scan(folder, name, known, wanted, order, *lab_options):
    out = os.path.join(folder, name)
    with Lab(known.domains, "--now", DAY, *lab_options) as lab:
        write_list(lab, out + ".txt", wanted, order)
        shutil.copy(os.path.join(lab.state, "roots-fewer.pem"), folder)
        plans[name] = services_of(lab)
        done = run("scan", *lab.options, "--ehlo-domain", EHLO, *QUICK, "-o", out, "--at", AT, out + ".txt")
    check(f"scan of {name}: exit code 0", done.returncode == 0, done.stderr)
    return out


def services_of(lab):
    """What the lab plans: {address|port: (outcome, STARTTLS, version)}, and who uses it."""
    services, users = {}, collections.defaultdict(set)
    for want in lab.expected():
        for endpoint in (e for mx in want["mx"] for e in mx["endpoints"]):
            key = f"{endpoint['address']}|{endpoint['port']}"
            services[key] = tuple(endpoint.get(name) for name in ("outcome", "starttls", "tls_version"))
            users[key].add(want["domain"])
    return services, users


def planned_changes(before, after):
    """{(kind, service)} of servers that are otherwise on the second day."""
    for key, (outcome, starttls, version) in before.items():
        outcome_now, starttls_now, version_now = after[key]
        if outcome_now == "greeting_closed" and outcome not in ("greeting_closed", "refused", "connect_timeout") and starttls not in (None, "unknown"):
            yield "server_down", key
        elif starttls == "offered" and starttls_now == "not_offered":
            yield "starttls_gone", key
        elif outcome == outcome_now == "established" and version != version_now:
            yield "tls_version_older", key


def keys_of(folder, name):
    """What finds a row of this table from scan to scan: of a domain its name, as its line moves with the list."""
    key = KEYS[name] if name != "domains" else ["domain"]
    with open_table(folder, name, "ndjson") as file:
        rows = [row for row in map(json.loads, file) if not row.get("duplicate_of") and row.get("code") not in VOLATILE_FINDINGS]
    keys = [tuple(row[column] for column in key) for row in rows]
    check_equal(f"{name}: {key} is unique", len(set(keys)), len(keys))
    return set(keys)


def check_keys(first, again):
    """The list in another order, with comments and repeats: every row is found by the same key, and no line number is one."""
    for name in KEYS:
        check_equal(f"keys of {name}, the list in another order", sorted(keys_of(first, name) ^ keys_of(again, name)), [])
        check(f"{name}: its key does not hold a line", name == "domains" or "input_line" not in KEYS[name])


def check_servers(first, fourth, plans):
    """One server behind many domains is one change, with all of them."""
    before, after = plans["first"], plans["servers"]
    with open(first + ".txt", encoding="ascii") as file:
        scanned = set(file.read().split())
    want = {(kind, key): users for kind, key in planned_changes(before[0], after[0]) if (users := before[1][key] & scanned)}
    kinds = {kind for kind, _ in want}
    check_equal("servers of each kind have changed", kinds, {"server_down", "starttls_gone", "tls_version_older"})
    check("one has several domains", any(len(users) > 3 for users in want.values()), want)
    got = {(row["kind"], row["key"]): set(row["domains"]) for row in changes(first, fourth)[1] if row["kind"] in kinds}
    check_equal("servers that have changed", sorted(got), sorted(want))
    for place, users in want.items():
        check_equal(f"domains of {place}", sorted(got.get(place, [])), sorted(users))


def check_mutations(first, second, wanted):
    """Every change of every domain, and no other."""
    found = collections.defaultdict(set)
    comparison, rows = changes(first, second)
    for row in rows:
        check_equal(f"{words(row)}: domains are counted", row["domain_count"], len(row["domains"]))
        for domain in row["domains"]:
            found[domain].add(words(row))
    for domain, want in wanted.items():
        check_equal(domain, sorted(found.pop(domain, set())), sorted(want))
    check_equal("no other domain has changed", dict(found), {})
    check_equal("changed domains", comparison["changed"], sum(1 for want in wanted.values() if want))
    check_equal("changes", comparison["changes"], len(rows))


def check_text(first, again, second):
    done = diff(first, again)
    check("nothing has changed: it says so", b"nothing has changed" in done.stdout and done.returncode == 0, done)
    text = diff(first, second, "--color", "never").stdout.decode()
    for part in ("\nWorse\n", "\nBetter\n", "\nChanged\n", "\nTested in one of the scans only\n", "new: starttls.not_offered (error)",
                 "STARTTLS is gone: offered -> not_offered", "certificate renewed, TLSA records not",
                 "new MTA-STS policy, same id: senders keep the old one", "moved to another operator"):
        check(f"the text has {part!r}", part in text, text)
    check("no line is longer than the paper", all(len(line) <= 80 for line in text.splitlines()))
    check("mail that is lost comes before a renewed certificate", text.index("-> undeliverable") < text.index("certificate renewed, same key"))


def check_exit_codes(first, again, second):
    for options, new, code in (([], second, 0), (["--fail-on", "new-error"], second, 10), (["--fail-on", "new-warning"], second, 10),
                               (["--fail-on", "new-error"], again, 0), (["--fail-on", "error"], again, 2), (["--domains", "-1"], again, 2)):
        check_equal(f"{options} {os.path.basename(new)}: exit code", diff(first, new, *options).returncode, code)
    check_equal("one directory: exit code", run("diff", first).returncode, 2)


def copy(folder, of, name):
    out = os.path.join(folder, name)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(of, out)
    return out


def rewrite(path, change):
    with open(path, "rb") as file:
        octets = file.read()
    with open(path, "wb") as file:
        file.write(change(octets))


def check_refusals(folder, first, again):
    """One line each, and exit code 2."""
    def damaged(name, file, change):
        out = copy(folder, again, name)
        rewrite(os.path.join(out, file), change)
        return out

    cases = [
        ("cut in a line", damaged("cut", "hosts.ndjson", lambda o: o[:len(o) // 2])),
        ("rows are missing", damaged("short", "hosts.ndjson", lambda o: o[:o.rindex(b"\n", 0, -1) + 1])),
        ("a word of another version", damaged("word", "hosts.ndjson", lambda o: o.replace(b'"state":"data"', b'"state":"quantum"', 1))),
        ("no JSON", damaged("json", "domains.ndjson", lambda o: b"<html>\n" * o.count(b"\n"))),
        ("a column of another version", damaged("column", "services.ndjson", lambda o: o.replace(b'{"schema":1,', b'{"schema":1,"aura":7,', 1))),
        ("another schema", damaged("schema", "domains.ndjson", lambda o: o.replace(b'{"schema":1,', b'{"schema":2,', 1))),
        ("an escape in what is told", damaged("escape", "domains.ndjson", lambda o: o.replace(b'{"schema":1,', b'{"schema":1,"\x1b[31m":7,', 1))),
        ("a list without end", damaged("long", "domains.ndjson", lambda o: o.replace(b'"outcomes":[{', b'"outcomes":[' + b'{},' * 5000 + b'{', 1))),
        ("deep nesting", damaged("deep", "domains.ndjson", lambda o: o.replace(b'"cnames":[]', b'"cnames":' + b"[" * 100000 + b"]" * 100000, 1))),
        ("a manifest that is none", damaged("manifest", "manifest.json", lambda o: b"[]")),
        ("no results at all", folder),
        ("nothing there", os.path.join(folder, "nowhere")),
    ]
    for number, (what, out) in enumerate(cases):
        for old, new in [(first, out), (out, first)][:2 if number < 2 else 1]:
            done = diff(old, new)
            check_equal(f"{what}: exit code", done.returncode, 2)
            check_equal(f"{what}: lines", done.stderr.count("\n"), 1)
            check(f"{what}: no escape", "\x1b" not in done.stderr and not done.stdout, done.stderr)


def check_incomplete(folder, first, again):
    """Without a manifest: what the journal says. A domain without a row is not gone."""
    out = copy(folder, again, "incomplete")
    rewrite(os.path.join(out, "manifest.json"), lambda o: json.dumps({**json.loads(o), "incomplete": True}).encode())
    rewrite(os.path.join(out, "domains.ndjson"), lambda o: b"".join(o.splitlines(keepends=True)[:-10]))
    rows = len(open(os.path.join(out, "domains.ndjson"), "rb").readlines())

    def count(octets):
        manifest = json.loads(octets)
        for file in manifest["files"]:
            if file.get("table") == "domains":
                file["rows"] = rows
        return json.dumps(manifest).encode()

    rewrite(os.path.join(out, "manifest.json"), count)
    comparison, rows = changes(first, out)
    check_equal("incomplete: no change", rows, [])
    check("incomplete: said", comparison["new"]["incomplete"] and any("incomplete" in note for note in comparison["notes"]), comparison)
    check("incomplete: domains that have no row", comparison["only_old"] > 0, comparison)


def check_lists(folder, first):
    """A domain that is in one of the lists only."""
    out = copy(folder, first, "shorter")
    gone = "case-mutate-nothing.mxlab.net"
    rewrite(os.path.join(out, "domains.ndjson"),
            lambda o: b"".join(line for line in o.splitlines(keepends=True) if f'"domain":"{gone}"'.encode() not in line))

    def count(octets):
        manifest = json.loads(octets)
        for file in manifest["files"]:
            file["rows"] = file["rows"] - 1 if file.get("table") == "domains" else file.get("rows")
        return json.dumps(manifest).encode()

    rewrite(os.path.join(out, "manifest.json"), count)
    for old, new, kind in ((first, out, "domain_gone"), (out, first, "domain_appeared")):
        _, rows = changes(old, new)
        check_equal(kind, [(row["kind"], row["key"], row["domains"]) for row in rows], [(kind, gone, [gone])])


def check_gaps(folder, first, again):
    """What was not seen whole is compared with nothing; what failed for our own fault is counted."""
    def policies(name, of, change):
        out = copy(folder, of, name)
        rewrite(os.path.join(out, "policies.ndjson"), lambda octets: b"".join(
            json.dumps(change(json.loads(line)), separators=(",", ":")).encode() + b"\n" for line in octets.splitlines()))
        return out

    def cut(digest):
        return lambda row: {**row, "fetch": "body_timeout", "policy_sha256": digest * 64} if row["fetch"] == "fetched" else row

    _, rows = changes(policies("cut-a", first, cut("a")), policies("cut-b", again, cut("b")))
    check_equal("policies that were cut at another octet: no change", rows, [])
    ours = policies("ours", again, lambda row: {**row, "fetch": "local_fault", "policy_sha256": None})
    comparison, rows = changes(first, ours)
    with open(os.path.join(first, "policies.ndjson"), "rb") as file:
        count = len(file.readlines())
    check("policies are there to be compared", count > 0)
    check_equal("policies that failed for our own fault: no change", rows, [])
    check_equal("they are counted", comparison["not_compared_by_kind"], {"domain": 0, "record": 0, "policy": count, "host": 0, "service": 0})
    check("and told", f"Not compared: {count} MTA-STS polic" in diff(first, ours).stdout.decode(), comparison["notes"])
    check_equal("nothing to tell of sound scans", changes(first, again)[0]["notes"], [])


def check_terms(folder, first, roots):
    """What follows from other terms is no change; what follows from time is one."""
    other, later = os.path.join(folder, "other-roots"), os.path.join(folder, "later")
    check_equal("analyze by other roots", run("analyze", "--root-cas", roots, "-o", other, first).returncode, 0)
    check_equal("analyze 70 days later", run("analyze", "--at", "2027-02-07", "-o", later, first).returncode, 0)
    comparison, rows = changes(first, other)
    check_equal("other roots: no change", [words(row) for row in rows], [])
    check("other roots: said", any("Trust stores" in note for note in comparison["notes"]), comparison)
    found = {words(row) for row in changes(first, later)[1]}
    check("70 days later: certificates have expired", {"finding_new:chain.expired", "outcome_worse"} <= found, found)
    check("70 days later: nothing else was observed", not any(word.startswith(("certificate", "chain", "server", "mx")) for word in found), found)
    compressed = os.path.join(folder, "compressed")
    check_equal("analyze into zstd", run("analyze", "--compress", "zstd", "-o", compressed, first).returncode, 0)
    check_equal("compressed: no change", changes(first, compressed)[1], [])


def check_report(folder, first, second):
    """report --baseline has a part about it; without, none."""
    page = os.path.join(folder, "report.html")
    for options, parts in (([], 0), (["--baseline", first], 1)):
        done = run("report", *options, "-o", page, second)
        check_equal(f"report {options[:1]}: exit code", done.returncode, 0)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        check_equal(f"report {options[:1]}: parts about changes", text.count('<h2 id="changed">'), parts)
        check_equal(f"report {options[:1]}: the change of a case", "does not answer any more" in text, bool(parts))
    check_equal("report: a baseline that is none", run("report", "--baseline", folder, "-o", page, second).returncode, 2)


def check_foreign_text(folder, first, second):
    """What others wrote is no command of the terminal."""
    out = copy(folder, second, "hostile")
    evil = b"\\u001b[31m\\u202e"
    rewrite(os.path.join(out, "domains.ndjson"), lambda o: o.replace(b"v=TLSRPTv1", evil + b"v=TLSRPTv1"))
    done = diff(first, out, "--color", "never")
    check("escapes of others are shown, not sent", b"\x1b" not in done.stdout and "\u202e".encode() not in done.stdout, done.stdout)
    raw = diff(first, out, "--format", "ndjson").stdout
    check("nor are they in NDJSON", b"\x1b" not in raw and "\u202e".encode() not in raw and b"\\u001b" in raw)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=60)
    parser.add_argument("--keep", help="keep the results in this directory")
    known = parser.parse_args()
    folder = known.keep or tempfile.mkdtemp(prefix="mxcensus-diff-")
    os.makedirs(folder, exist_ok=True)
    wanted = mutations()
    for name in ("no-such", "servers-closed", "servers-closed=2", "down,no-such"):
        check_equal(f"mxlab --mutate {name}: exit code", run("domains", "--mutate", name, program=MXLAB).returncode, 2)
    try:
        first, again, second, servers = side_by_side(
            lambda: scan(folder, "first", known, wanted, 0), lambda: scan(folder, "again", known, wanted, 1),
            lambda: scan(folder, "second", known, wanted, 2, "--mutate", "all"),
            lambda: scan(folder, "servers", known, wanted, 3, "--mutate",
                         "servers-no-starttls=0.2,servers-closed=0.2,servers-tls12=0.3"))
        check_keys(first, again)
        check_mutations(first, again, {})
        check_mutations(first, second, wanted)
        check_servers(first, servers, plans)
        check_text(first, again, second)
        check_exit_codes(first, again, second)
        check_refusals(folder, first, again)
        check_incomplete(folder, first, again)
        check_lists(folder, first)
        check_gaps(folder, first, again)
        check_terms(folder, first, os.path.join(folder, "roots-fewer.pem"))
        check_report(folder, first, second)
        check_foreign_text(folder, first, second)
    finally:
        if not known.keep:
            shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
