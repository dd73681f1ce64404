"""A scan of the lab against what the lab expects.

    compare_with_lab.py [--domains N] [--threads N] [--preset NAME] [--min-gap-ms N] [--keep DIR]
                        [LAB-OPTION...]

Every domain's facts equal the lab's expectation; the account balances; keys lead to rows; the lab's
counters show no service or endpoint visited more often than planned and no limit exceeded.
"""

import argparse
import collections
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import load_sqlite  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, read_json, run  # noqa: E402
from e2e.load_sqlite import open_table  # noqa: E402
from e2e.facts import NAMES_PER_ADDRESS, Facts  # noqa: E402

EXAMPLES = 5  # differences shown per kind


def read_rows(out, name):
    with open_table(out, name, "ndjson") as file:
        yield from map(json.loads, file)


def check_facts(lab, out):
    tables = {name: read_rows(out, name) for name in ("services", "endpoints", "certificates", "chains")}
    domains = {row["input_line"]: row for row in read_rows(out, "domains")}
    wrong = collections.defaultdict(list)
    facts = Facts(tables, lambda path, *case: wrong[path].append(case))
    count = 0
    for line, want in enumerate(lab.expected(), 1):
        count += 1
        if line in domains:
            facts.compare(want, domains[line])
        else:
            wrong["no row"].append((want["domain"], line, None))
    for path, cases in wrong.items():
        check(f"{path}: {len(cases)} differ", False,
              "".join(f"\n  {d}: want {w!r}, got {g!r}" for d, w, g in cases[:EXAMPLES]))
    check_equal("a row for each domain of the lab, and no other", len(domains), count)
    check("facts were compared", facts.compared > count)
    for what in sorted({what for what, _ in facts.seen}):
        print(what, {word: n for (w, word), n in sorted(facts.seen.items(), key=str) if w == what})
    print(f"{facts.compared} facts compared, {facts.budget_endpoints} endpoints beyond --names-per-address")
    return count


def check_budget(out):
    """At a crowded address exactly as many names are dialled as allowed."""
    dialled = collections.Counter()
    left = collections.Counter()
    for row in read_rows(out, "endpoints"):
        (left if row["not_tested"] == "address_budget" else dialled)[row["service"]] += 1
    for service in left:
        check_equal(f"names dialled at {service}", dialled[service], NAMES_PER_ADDRESS)
    for service, names in dialled.items():
        if names > NAMES_PER_ADDRESS:
            check_equal(f"names dialled at {service}", names, NAMES_PER_ADDRESS)


def check_account(out, count):
    manifest = read_json(out, "manifest.json")
    account = manifest["account"]
    check_equal("inputs", account["inputs"], count)
    check_equal("the classes add up to the inputs", sum(account["classes"].values()), count)
    rows = collections.Counter(row["account"] for row in read_rows(out, "domains"))
    check_equal("and are those of the rows", {k: v for k, v in account["classes"].items() if v}, dict(rows))
    check_equal("rows lost", manifest["rows_lost"], 0)
    check_equal("messages between threads that nobody waited for", manifest["stray_messages"], 0)


def check_joins(out):
    with tempfile.TemporaryDirectory() as folder:
        counts, broken = load_sqlite.load(out, os.path.join(folder, "db"))
    for what, keys in broken.items():
        check_equal(f"join {what}", keys, 0)
    return counts


# Counters of the lab that must be zero: see tests/lab/counters.h.
FORBIDDEN = ["talked_before_greeting", "pipelined", "other_commands", "unplanned_addresses",
             "questions_repeated", "questions_unplanned", "overflow", "addresses_over_limit",
             "networks_over_limit", "addresses_under_gap", "open",
             "policy_open", "policy_without_sni", "policy_unknown_names", "policy_other_requests",
             "policy_unplanned"]
FORBIDDEN_AT_POLICY_HOSTS = ["addresses_over_limit", "networks_over_limit", "addresses_under_gap"]


def check_policy_visits(out, counters):
    """One HTTPS exchange for each policy host: as many handshakes and requests as rows say."""
    for name in FORBIDDEN_AT_POLICY_HOSTS:
        check_equal(f"lab counter {name} of policy hosts", counters["policy_hosts"][name], 0)
    rows = list(read_rows(out, "policies"))
    # At an address that refuses or is silent nothing is counted: no server is there.
    met = [a for row in rows for a in row["attempts"] if a["connect_ms"] is not None]
    check_equal("connections to policy hosts", counters["policy_connections"], len(met))
    again = len(met) - len({row["policy_host"] for row in rows if any(a["connect_ms"] is not None for a in row["attempts"])})
    check("further handshakes with policy hosts are second chances", counters["policy_repeated"] <= again, (counters["policy_repeated"], again))
    answered = [row for row in rows if row["stage"] in ("http", "body", "complete")]
    check_equal("requests at policy hosts", counters["policy_requests"], len(answered))
    hosts = collections.Counter(row["policy_host"] for row in rows)
    check_equal("rows per policy host", max(hosts.values(), default=1), 1)
    check("policies were fetched", any(row["fetch"] == "fetched" for row in rows))


def late_answers(out):
    """Attempts that timed out where a later one was established: on a busy machine the lab is slow where no plan says so."""
    count = 0
    for row in [*read_rows(out, "services"), *read_rows(out, "endpoints")]:
        if row["outcome"] == "established":
            count += sum(attempt["outcome"].endswith("timeout") for attempt in row["attempts"])
    return count


def check_counters(lab, out, min_gap_ms):
    counters = lab.counters(min_gap_ms)
    for name in FORBIDDEN:
        check_equal(f"lab counter {name}", counters[name], 0)
    # Visits beyond those of the rows: of servers that answered, by those who look whether they still do; and of those that an outage,
    # such as a machine too busy for both, made void.
    manifest = read_json(out, "manifest.json")
    probes = manifest["outage_probes"]["sessions"]
    again = sum(outage["asked_again"] for outage in manifest["outages"])
    late = late_answers(out)
    check("repeated visits are probes, or asked again after an outage or a late answer", counters["repeated_visits"] <= probes + again + late,
          (counters["repeated_visits"], probes, again, late))
    check_policy_visits(out, counters)
    if any(counters[name] for name in FORBIDDEN):
        print(json.dumps(counters), file=sys.stderr)
    check("every visit but those without TLS was counted", counters["connections"] > 0)
    print({name: value for name, value in counters.items() if isinstance(value, int) and value})


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--preset", default="tranco1m")
    # Starts at one address are 500 ms apart (--address-rate 2/s), but a busy machine is late with one of two.
    parser.add_argument("--min-gap-ms", type=int, default=250)
    # A lab that answers late is asked again; that is no repeated question of ours.
    parser.add_argument("--dns-timeout", default="1.5")
    parser.add_argument("--keep", help="keep the results in this directory")
    known, more = parser.parse_known_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-lab-")
    out = known.keep or os.path.join(folder, "results")
    try:
        with Lab(known.domains, *more, preset=known.preset) as lab:
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", str(known.threads), "-o", out,
                       *SHORT_WAITS, "--dns-timeout", known.dns_timeout, "--format", "both", lab.list_path, timeout=3600)
            check_equal("exit code", done.returncode, 0)
            print(done.stderr)
            count = check_facts(lab, out)
            check_account(out, count)
            check_budget(out)
            counts = check_joins(out)
            check_counters(lab, out, known.min_gap_ms)
            print(f"{count} domains, {counts}, {done.seconds:.1f} s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
