"""Who operates the mail (mx_operator), against the lab: hand-made cases, and what the random world is made of.

The lab's own names of servers (server_name of `mxlab expect`) say whose they are: srv3.webhost-mxlab.net is the web
hoster's, whatever customer's name leads there.
"""

import collections
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, check, check_analyzed, check_equal, finish, read_json, read_table, run  # noqa: E402

DOMAINS = 800
HOME = "mxlab.net"  # registrable domain of every hand-made host; its servers greet with names of it
VANITY = "vanity-operator.com"

# case: mx_operators and mx_operator_source of its domain.
CASES = {
    "good": ([HOME], "certificate"),  # self-hosted
    "operator-vanity": ([VANITY], "certificate"),  # and the banner says otherwise: the certificate comes first
    "operator-wildcard": (["wild-operator.co.uk"], "certificate"),
    "operator-no-tls": ([HOME], "banner"),
    "operator-name-only": ([HOME], "mx_name"),
    "operator-untrusted": ([HOME], "banner"),
    "operator-customer": ([HOME], "mx_name"),  # who runs the server that has two certificates is not shown
    "operator-vps": ([HOME], "mx_name"),
    "operator-parties": ([HOME], "banner"),
    "operator-two": ([HOME, VANITY], None),
    "operator-backup": ([VANITY], "certificate"),
    "null-mx": ([], None),
    "nxdomain": ([], None),
    "mx-ip-literal": ([HOME], "certificate"),  # an address has no registrable domain
}
TWO_LABELS = {"co.uk", "com.br", "com.au", "co.jp"}  # public suffixes of two labels in the lab


def registrable(name):
    labels = name.split(".")
    size = 3 if ".".join(labels[-2:]) in TWO_LABELS else 2
    return ".".join(labels[-size:])


def check_case(case, row):
    operators, source = CASES[case]
    check_equal(case + ": operators", row["mx_operators"] or [], operators)
    check_equal(case + ": operator", row["mx_operator"], operators[0] if len(operators) == 1 else None)
    check_equal(case + ": source", row["mx_operator_source"], source)


def wanted(host, endpoint):
    """(operator, source) of an endpoint of the random world; None where the lab says nothing of it."""
    owner = registrable(endpoint["server_name"])
    trusted = endpoint.get("chain_status") == "trusted"
    holders = {registrable(n.removeprefix("*.")) for n in (endpoint.get("certificate") or {}).get("names", [])}
    holder = holders.pop() if trusted and len(holders) == 1 else None
    confirmed = any(n["forward_confirmed"] and n["name"] == endpoint["server_name"]
                    for n in (endpoint.get("ptr") or {}).get("names", []))
    if holder is not None and holder != registrable(host):
        return holder, "certificate"  # a stranger's certificate: the operator's, as a rule
    if holder is not None and endpoint["sni"] == "same":
        return holder, "certificate"  # the one certificate of the server
    if holder is not None:
        return (owner, None) if confirmed else None  # picked by SNI: certificate or banner, whichever tells more
    if endpoint.get("default_chain_status") == "trusted":
        return None
    return (owner, "banner") if confirmed else (registrable(host), "mx_name")


def check_world(expected, rows):
    """@return how often each source was compared"""
    compared = collections.Counter()
    wrong = []
    for want in expected:
        for mx in want["mx"]:
            row = rows.get(mx["host"])
            if want["case"] is not None or row is None:
                continue
            got = {(e["address"], e["port"]): e for e in row["endpoints"]}
            for endpoint in mx["endpoints"]:
                one = got[endpoint["address"], endpoint["port"]]
                if endpoint["outcome"] != "established" or one["inherited"]:
                    continue
                verdict = wanted(mx["host"], endpoint)
                if verdict is None:
                    continue
                operator, source = verdict
                compared[one["mx_operator_source"]] += 1
                if operator != one["mx_operator"] or source not in (None, one["mx_operator_source"]):
                    wrong.append((mx["host"], verdict, one["mx_operator"], one["mx_operator_source"]))
    check(f"{len(wrong)} endpoints have another operator", not wrong, "".join(f"\n  {w}" for w in wrong[:8]))
    return compared


def check_totals(out):
    """Those of summary.json, counted again in the rows."""
    totals = read_json(out, "summary.json")["operators"]
    domains = collections.Counter()
    acceptable = collections.Counter()
    for row in read_table(out, "domains"):
        if row["mx"] and row["mx_kind"] in ("explicit", "implicit"):
            operators = row["mx_operators"]
            name = operators[0] if len(operators) == 1 else ("several" if operators else "unknown",)
            domains[name] += 1
            acceptable[name] += (row["rollup_primary"] or {}).get("acceptable", {}).get("value") == "all"
    hosts = collections.Counter(row["mx_operator"] for row in read_table(out, "hosts") if len(row["mx_operators"]) == 1)
    endpoints = collections.Counter(e["mx_operator"] for row in read_table(out, "hosts") for e in row["endpoints"])
    check("nothing is cut", totals["whole"] and totals["distinct"] == len(totals["first"]))
    for line in totals["first"]:
        name = line["mx_operator"]
        check_equal(name + ": domains", line["domains"], domains.pop(name, 0))
        check_equal(name + ": hosts", line["hosts"], hosts.pop(name, 0))
        check_equal(name + ": endpoints", line["endpoints"], endpoints.pop(name, 0))
        check_equal(name + ": acceptable", line["domain_properties"]["acceptable"]["numerator"], acceptable[name])
        share = line["domain_properties"]["acceptable"]
        check_equal(name + ": every domain counts", share["denominator"] + share["untested"], line["domains"])
    for name in ("several", "unknown"):
        check_equal(name + ": domains", totals[name]["domains"], domains.pop((name,), 0))
    check_equal("no operator of a domain is missing", dict(domains), {})
    check_equal("nor of a host", dict(hosts), {})
    order = [(-line["domains"], -line["endpoints"], line["mx_operator"]) for line in totals["first"]]
    check_equal("the order", order, sorted(order))


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-operators-")
    out, again = os.path.join(folder, "results"), os.path.join(folder, "again")
    try:
        with Lab(DOMAINS, "--max-delay-ms", "200") as lab:
            listed = os.path.join(folder, "list.txt")
            with open(lab.list_path, encoding="ascii") as file:
                world = [line for line in file if not line.startswith("case-")]
            with open(listed, "w", encoding="ascii") as file:
                file.writelines(f"case-{case}.mxlab.net\n" for case in CASES)
                file.writelines(world)
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--address-rate", "200/s", "--connect-timeout", "3",
                       "--retries", "0", "--mta-sts", "record", "-q", "-o", out, listed)
            check_equal("exit code", done.returncode, 0)
            domains = {row["domain"]: row for row in read_table(out, "domains")}
            for case in CASES:
                check_case(case, domains[f"case-{case}.mxlab.net"])
            compared = check_world(lab.expected(), {row["host"]: row for row in read_table(out, "hosts")})
            print("endpoints compared:", dict(compared))
            for source in ("certificate", "banner", "mx_name"):
                check(source + ": some", compared[source] > 0)
            check_totals(out)
        check_analyzed(out, again, ("hosts.ndjson", "endpoints.ndjson", "domains.ndjson"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
