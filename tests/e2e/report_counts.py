"""The numbers of `mxcensus report`, counted again in the rows by their definitions, not by the program's sums.

An endpoint has a property, lacks it, or that is not known. Everywhere is no as soon as one lacks it, somewhere is yes as soon as
one has it; else what is not known keeps both open. What is not known is in no denominator.
"""

import collections
import csv
import os

from e2e.runner import check, check_equal, read_json, read_table

UNTESTED = ("unknown", "not_tested", "local_fault", "not_asked", "interrupted")
# Sessions after which it is known what the server does (docs/verdicts.md): the others say nothing of TLS.
CONCLUSIVE = ("helo_only", "starttls_not_offered", "starttls_masked", "starttls_tempfail", "starttls_rejected", "tls_timeout",
              "tls_closed", "tls_reset", "tls_alert", "tls_no_shared_version", "tls_no_shared_cipher", "tls_protocol_error", "established")
LISTED = {"offered": True, "tempfail": True, "rejected": True, "injected": True, "not_offered": False, "masked": False}
# Tables of words of which each thing has exactly one, with their share.
EXCLUSIVE = {"mx-kind": "domains", "account": "lines", "T4": "services", "T4-suites": "services", "T4-groups": "services",
             "T5-keys": "leaves", "T5-signatures": "leaves", "T5-issuers": "leaves", "T5-lifetimes": "leaves", "T5-reuse": "leaves",
             "T6": "domains", "T6-fetch": "policy_hosts", "T7": "domains", "T8": "domains", "T9": "domains", "T11": "domains",
             "T11-hosts": "hosts", "T11-endpoints": "endpoints", "T11-dnssec": "domains", "T13": "records", "T14": "domains",
             "T16-addresses": "hosts", "effects": "explicit_mx", "T1": "domains", "T3": "domains", "T2-outcome": "endpoints",
             "T2-starttls": "endpoints", "T2-chain": "endpoints", "T2-name": "endpoints", "T4-versions-by-weighting": "endpoints"}


def read_csv(folder, name):
    with open(os.path.join(folder, name + ".csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def share(row, name):
    return tuple(int(row[f"{name}_{part}"]) for part in ("numerator", "denominator", "untested"))


def counted(values):
    """(yes, known, unknown) of a list of True, False, None."""
    values = list(values)
    known = [v for v in values if v is not None]
    return sum(known), len(known), len(values) - len(known)


def is_special(e):
    """Nobody can reach it (RFC 6890): it is not reachable, and of nothing else."""
    return e["not_tested"] == "special_purpose"


def of_both(e, shows):
    """What two sessions that answer show; None where one of them ended before TLS and they disagree."""
    one, other = e["outcome"], e["no_sni_outcome"]
    both = one in CONCLUSIVE and other in CONCLUSIVE and (is_before_tls(one) or is_before_tls(other))
    return None if both and shows(one) != shows(other) else shows(one)


def is_before_tls(outcome):
    return outcome.startswith("starttls") or outcome == "helo_only"


def has(member, e):
    """What an endpoint shows of a property: True, False, or None where that is not known."""
    conclusive = e["outcome"] in CONCLUSIVE
    if member == "reachable":
        untried = e["outcome"] in ("not_tested", "local_fault")
        return False if is_special(e) else None if untried else e["outcome"] not in ("refused", "unreachable", "connect_timeout")
    if is_special(e):
        return None
    if member == "starttls":
        listed = of_both(e, lambda outcome: outcome not in ("helo_only", "starttls_not_offered", "starttls_masked"))
        return listed and LISTED.get(e["starttls"])
    with_tls = of_both(e, lambda outcome: outcome == "established") if conclusive else None
    if member == "established":
        return with_tls
    if not conclusive or (e["inherited"] and not is_before_tls(e["outcome"])) or (e["leaf_sha256"] and e["chain_status"] is None):
        return None
    if with_tls is None and e["outcome"] != "established":
        return None  # the session without SNI shows that there may be a certificate
    if member == "chain_trusted":
        return e["chain_status"] == "trusted"
    matches = e["name_match"] in ("match", "match_wildcard")
    return matches if member == "name_matches" else e["chain_status"] == "trusted" and matches


def endpoints_of(row):
    return row["endpoints"] if "endpoints" in row else [e for mx in row["mx"] for e in mx["endpoints"]]


def rolled(row, member, some=False, rollup="rollup"):
    """Of a domain or host, by its endpoints one by one; what addresses are missing only the roll-up says."""
    value = (row[rollup] or {}).get(member, {}).get("value", "unknown")
    if value != "unknown":
        return value == "all" or (some and value == "some")
    if member == "sni_needed" or rollup != "rollup":
        return None
    shown = [has(member, e) for e in endpoints_of(row)]
    return (True if True in shown else None) if some else (False if False in shown else None)


def used(results):
    """Rows of domains with MX records, and what they lead to."""
    domains = [d for d in read_table(results, "domains") if d["mx_kind"] == "explicit"]
    hosts = collections.Counter()
    services = collections.Counter()
    leaves = collections.Counter()
    for d in domains:
        hosts.update({mx["host"] for mx in d["mx"] if mx["host"]})
        ends = [e for mx in d["mx"] for e in mx["endpoints"]]
        services.update({f"{e['address']}|{e['port']}" for e in ends})
        leaves.update({e["leaf_sha256"] for e in ends if e["leaf_sha256"]})
    return domains, hosts, services, leaves


def check_adoption(domains, tables):
    rows = {r["measure"]: r for r in read_csv(tables, "adoption")}
    wants = {
        "STARTTLS everywhere": [rolled(d, "starttls") for d in domains],
        "STARTTLS somewhere": [rolled(d, "starttls", some=True) for d in domains],
        "TLS everywhere": [rolled(d, "established") for d in domains],
        "chain trusted everywhere": [rolled(d, "chain_trusted") for d in domains],
        "certificate passes everywhere": [rolled(d, "acceptable") for d in domains],
        "a server reachable": [rolled(d, "reachable", some=True) for d in domains],
        "name matches everywhere": [rolled(d, "name_matches") for d in domains],
        "certificate passes somewhere": [rolled(d, "acceptable", some=True) for d in domains],
        "SNI needed": [rolled(d, "sni_needed", some=True) for d in domains],
        "MTA-STS enforce": [None if d["mta_sts"]["state"] == "unknown" else d["mta_sts"]["state"] == "enforce"
                            for d in domains],
        "MTA-STS record": [d["mta_sts"]["record_valid"] if d["mta_sts_dns"]["state"] in ("data", "nodata", "nxdomain")
                           else None for d in domains],
        "TLS-RPT record": [d["tls_rpt"]["valid"] if d["tls_rpt_dns"]["state"] in ("data", "nodata", "nxdomain")
                           else None for d in domains],
        "DANE everywhere": [None if d["dane"]["state"] == "unknown" else d["dane"]["state"] == "full" for d in domains],
    }
    for measure, values in wants.items():
        check_equal(f"adoption: {measure}", share(rows[measure], "explicit_mx"), counted(values))


def check_domains(domains, tables):
    by_tld = collections.defaultdict(list)
    by_operator = collections.defaultdict(list)
    for d in domains:
        by_tld[d["tld"]].append(d)
        several = "(several)" if len(d["mx_operators"]) > 1 else "(unknown)"
        by_operator[d["mx_operator"] or several].append(d)
    for name, groups, column in (("T1", by_tld, "tld"), ("T3", by_operator, "mx_operator")):
        rows = read_csv(tables, name)
        check_equal(f"{name}: rows", sorted(r[column] for r in rows), sorted(groups))
        for row in rows:
            group = groups[row[column]]
            check_equal(f"{name}: {row[column]}", share(row, "domains"), (len(group), len(domains), 0))
            check_equal(f"{name}: {row[column]}, STARTTLS", share(row, "starttls_all"),
                        counted(rolled(d, "starttls") for d in group))
    senders = {r["profile"]: r for r in read_csv(tables, "T16-senders")}
    for i, outcome in enumerate(domains[0]["outcomes"]):
        worst = collections.Counter(d["outcomes"][i]["worst"] for d in domains)
        row = senders[outcome["profile"]]
        for word in ("authenticated", "encrypted", "plaintext", "deferred", "undeliverable"):
            check_equal(f"T16: {outcome['profile']} {word}", share(row, word),
                        (worst[word], len(domains) - worst["unknown"], worst["unknown"]))
    for name, column, words in (("T6", "mta_sts_state", [d["mta_sts"]["state"] for d in domains]),
                                ("T11", "dane_state", [d["dane"]["state"] for d in domains]),
                                ("T11-dnssec", "mx_dnssec", ["unknown" if d["dane"]["mx_dnssec"] == "failed" else d["dane"]["mx_dnssec"]
                                                             for d in domains])):
        check_words(name, read_csv(tables, name), column, "domains", words)


def check_words(what, rows, column, part, words):
    """A table of words of which each thing has one: those that say that nothing is known are untested."""
    counts = collections.Counter(words)
    untested = sum(counts.pop(w, 0) for w in UNTESTED)
    check_equal(f"{what}: {part}", {r[column]: share(r, part) for r in rows},
                {w: (n, sum(counts.values()), untested) for w, n in counts.items()})


def check_ranks(domains, tables):
    ranks = [int(d["metadata"]["rank"]) for d in domains]
    bins = {"1-1000": (1, 1000), "1001-10000": (1001, 10000), "10001-100000": (10001, 100000)}
    for row in read_csv(tables, "T10"):
        low, high = bins[row["rank"]]
        group = [d for d in domains if low <= int(d["metadata"]["rank"]) <= high]
        check_equal(f"T10: {row['rank']}", share(row, "domains"), (len(group), len(ranks), 0))
        check_equal(f"T10: {row['rank']}, certificates", share(row, "certificate_passes_all"),
                    counted(rolled(d, "acceptable") for d in group))
    for row in read_csv(tables, "T10-cumulative"):
        check_equal(f"up to {row['rank_up_to']}", int(row["domains"]), sum(r <= int(row["rank_up_to"]) for r in ranks))


def tls_of(service):
    return service["tls_version"] is not None or (False if service["outcome"] in CONCLUSIVE else None)


def check_services(results, tables, domains, services):
    rows = [s for s in read_table(results, "services") if s["service"] in services]
    with_tls = [s for s in rows if s["tls_version"]]
    untested = sum(tls_of(s) is None for s in rows)
    led = collections.defaultdict(set)
    for i, d in enumerate(domains):
        for e in endpoints_of(d):
            led[f"{e['address']}|{e['port']}"].add(i)
    for name, column, word_of in (("T4", "tls_version_negotiated", lambda s: s["tls_version"]),
                                  ("T4-suites", "cipher_suite_negotiated", lambda s: s["handshake"]["cipher"]),
                                  ("T4-groups", "group_negotiated", lambda s: s["handshake"]["group"] or "none, or not known")):
        table = read_csv(tables, name)
        check_equal(f"{name}: words", {r[column] for r in table}, {word_of(s) for s in with_tls})
        for row in table:
            these = [s for s in with_tls if word_of(s) == row[column]]
            check_equal(f"{name}: {row[column]}", share(row, "services"), (len(these), len(with_tls), untested))
            check_equal(f"{name}: {row[column]}, each domain once", int(row["domains_at_them"]),
                        len(set().union(*(led[s["service"]] for s in these))))
    for row in read_csv(tables, "T4-accepted"):
        key = row["tls_version"].lower().replace(".", "_")
        check_equal(f"accepted: {row['tls_version']}", share(row, "services"),
                    counted(s["versions"][key] for s in rows if s["versions"]))
    outcomes = {s["service"]: s["outcome"] for s in rows}
    check_equal("no_sni_outcome is that of the service", [],
                [e for d in domains for e in endpoints_of(d)
                 if e["no_sni_outcome"] not in (None, outcomes.get(f"{e['address']}|{e['port']}"))])
    # Which of the two lacks it is chance: a session that was too slow and is had again turns them round.
    both = {(e["no_sni_outcome"], e["outcome"]) for d in domains for e in endpoints_of(d)}
    check("some address offers STARTTLS in one session and not in another",
          both & {("established", "starttls_not_offered"), ("starttls_not_offered", "established")}, sorted(map(str, both)))
    return rows, led


SPREADS = {"T2-outcome": "outcome", "T2-starttls": "starttls", "T2-chain": "chain_status", "T2-name": "name_match",
           "T4-versions-by-weighting": "tls_version"}


def check_weightings(tables, domains, hosts):
    """T2: properties and words of endpoints, MX hosts and domains."""
    ends = [e for h in hosts for e in h["endpoints"]]
    rows = {r["property"]: r for r in read_csv(tables, "T2")}
    for title, member in (("connection established", "reachable"), ("STARTTLS listed", "starttls"),
                          ("TLS handshake completes", "established"), ("chain trusted as served", "chain_trusted"),
                          ("certificate has the name of the MX host", "name_matches"), ("certificate passes: both", "acceptable")):
        of_all = [e for e in ends if member == "reachable" or not is_special(e)]
        check_equal(f"T2: {title}, endpoints", share(rows[title], "endpoints"), counted(has(member, e) for e in of_all))
        for part, values in (("hosts_all", [rolled(h, member) for h in hosts]), ("domains_all", [rolled(d, member) for d in domains]),
                             ("domains_some", [rolled(d, member, some=True) for d in domains])):
            check_equal(f"T2: {title}, {part}", share(rows[title], part), counted(values))
    for name, column in SPREADS.items():
        def word_of(e):
            disagree = name == "T2-starttls" and has("starttls", e) is None
            return None if e[column] in UNTESTED or disagree else e[column]

        def is_open(e):
            """Without a word, and there could be one."""
            none = name not in ("T2-outcome", "T2-starttls") and e["outcome"] in CONCLUSIVE and not (
                e["leaf_sha256"] and name != "T4-versions-by-weighting")
            return word_of(e) is None and not (none and has("established", e) is not None)

        table = read_csv(tables, name)
        for part, units in (("endpoints", [([e], False) for e in ends if not is_special(e)]),
                            ("hosts", [(h["endpoints"], h) for h in hosts]), ("domains", [(endpoints_of(d), d) for d in domains])):
            units = [([e for e in of if not is_special(e)], row) for of, row in units]
            known = sum(any(word_of(e) for e in of) for of, _ in units)
            missing = [row is not False and (not of or ((row["rollup"] or {}).get("established") or {"value": "unknown"})["value"] == "unknown")
                       for of, row in units]
            untested = sum(not any(word_of(e) for e in of) and (m or any(map(is_open, of))) for (of, _), m in zip(units, missing))
            for row in table:
                word = next(iter(row.values()))
                check_equal(f"{name}: {part} with {word}", share(row, part),
                            (sum(any(word_of(e) == word for e in of) for of, _ in units), known, untested))
        check_equal(f"{name}: words", {next(iter(r.values())) for r in table}, {word_of(e) for e in ends} - {None})
    check_equal("STARTTLS is one population in T2 and T2-starttls", share(rows["STARTTLS listed"], "endpoints")[1:],
                share(read_csv(tables, "T2-starttls")[0], "endpoints")[1:])


def check_leaves(results, tables, domains, hosts, services, led):
    """T5: leaves with SNI and without, each domain once in a row."""
    leads = collections.defaultdict(set)
    for i, d in enumerate(domains):
        for e in endpoints_of(d):
            leads[e["leaf_sha256"]].add(i)
    for s in services:
        leads[s["leaf_sha256"]] |= led[s["service"]]
    leads.pop(None, None)
    certificates = [c for c in read_table(results, "certificates") if leads[c["fingerprint_sha256"]]]
    with_sni = {e["leaf_sha256"] for h in hosts for e in h["endpoints"]}
    check("some leaves are presented without SNI only", any(c["fingerprint_sha256"] not in with_sni for c in certificates))
    verdicts = collections.defaultdict(set)
    for place in [e for h in hosts for e in h["endpoints"]] + services:
        verdicts[place["leaf_sha256"]].add(place["chain_status"])
    trust, unread = read_csv(tables, "T5")
    judged = [verdicts[c["fingerprint_sha256"]] - {None} for c in certificates]
    check_equal("T5: trusted", share(trust, "leaves"), counted("trusted" in j if j else None for j in judged))
    check_equal("T5: cannot be parsed", share(unread, "leaves"), (sum(c["issuer_dn"] is None for c in certificates), len(certificates), 0))
    read = [c for c in certificates if c["issuer_dn"] is not None]
    for name, column, word_of in (("T5-issuers", "issuer_dn", lambda c: "(self-issued)" if c["self_issued"] else c["issuer_dn"]),
                                  ("T5-signatures", "signature_algorithm", lambda c: c["signature_algorithm"]["name"] or "not readable")):
        table = read_csv(tables, name)
        shown = {w: w[:1] == "=" and "'" + w or w for w in map(word_of, read)}
        check_equal(f"{name}: words", {r[column] for r in table}, set(shown.values()))
        for row in table:
            these = {c["fingerprint_sha256"] for c in read if shown[word_of(c)] == row[column]}
            check_equal(f"{name}: {row[column]}", share(row, "leaves"), (len(these), len(read), 0))
            check_equal(f"{name}: {row[column]}, places and each domain once", [int(row[c]) for c in ("endpoints", "services", "domains")],
                        [sum(e["leaf_sha256"] in these for h in hosts for e in h["endpoints"]),
                         sum(s["leaf_sha256"] in these for s in services), len(set().union(*(leads[f] for f in these)))])
    check_equal("T5: expired", int(read_csv(tables, "T5-days-left")[0]["leaves_numerator"]),
                sum(c["days_left"] is not None and c["days_left"] < 0 for c in certificates))
    once = sum(sum(s["leaf_sha256"] == c["fingerprint_sha256"] for s in services) == 1 for c in certificates)
    check_equal("T5-reuse: at one service", [share(r, "leaves") for r in read_csv(tables, "T5-reuse") if r["presented_by"] == "1 service"],
                [(once, len(certificates), 0)])


def check_servers(results, tables, domains, hosts, services):
    rows, led = check_services(results, tables, domains, services)
    hosts_rows = [h for h in read_table(results, "hosts") if h["host"] in hosts]
    check_weightings(tables, domains, hosts_rows)
    check_leaves(results, tables, domains, hosts_rows, rows, led)
    crowd = collections.Counter(1 if hosts[h["host"]] == 1 else 2 for h in hosts_rows)
    check_equal("T12: hosts of one domain", share(read_csv(tables, "T12")[0], "hosts")[:2],
                (crowd[1], len(hosts_rows)))
    tlsa = collections.Counter(f"{t['usage']} {t['selector']} {t['matching']}" for h in hosts_rows for t in h["tlsa"])
    check_equal("T13: parameters", {r["parameters"]: int(r["records_numerator"]) for r in read_csv(tables, "T13")}, dict(tlsa))
    check_words("T11-hosts", read_csv(tables, "T11-hosts"), "dane_host", "hosts", [h["dane"] for h in hosts_rows])
    for row in read_csv(tables, "T11-hosts"):
        check_equal(f"T11-hosts: {row['dane_host']}, each domain once", int(row["domains"]),
                    sum(any(mx["dane_host"] == row["dane_host"] for mx in d["mx"]) for d in domains))
    check_words("T11-endpoints", read_csv(tables, "T11-endpoints"), "dane_status", "endpoints",
                [(e["dane"] or {}).get("status", "unknown") for e in read_table(results, "endpoints") if e["host"] in hosts])
    fetches = read_table(results, "policies")
    check_words("T6-fetch", read_csv(tables, "T6-fetch"), "fetch", "policy_hosts", [p["fetch"] for p in fetches])


def check_denominators(tables):
    """Over all tables: no row is about what is not known, what is untested is the same in each row, and where each thing has
    one word the rows add up to the denominator."""
    definitions = read_csv(tables, "definitions")
    for name in (d["table"] for d in definitions if not d["missing"]):
        rows = read_csv(tables, name)
        parts = [c[:-len("_numerator")] for c in (rows[0] if rows else ()) if c.endswith("_numerator")]
        for row in rows:
            check(f"{name}: a row of its own for what is not known", next(iter(row.values())) not in UNTESTED or name in ("account", "T16-sni"), row)
            for part in (p for p in parts if row[p + "_numerator"]):
                numerator, denominator, _ = share(row, part)
                check(f"{name}: {part} is a share", numerator <= denominator, row)
        part = EXCLUSIVE.get(name)
        known = [share(r, part) for r in rows if part and r[part + "_numerator"]]
        if known and len(rows) < 1000:
            check_equal(f"{name}: one denominator", len({k[1:] for k in known}), 1)
            check_equal(f"{name}: the rows are the whole", sum(k[0] for k in known), known[0][1])


def check_golden(results, tables):
    domains, hosts, services, leaves = used(results)
    check("the world has all kinds", len(domains) > 100 and len(leaves) > 20)
    check_adoption(domains, tables)
    check_domains(domains, tables)
    check_ranks(domains, tables)
    check_servers(results, tables, domains, hosts, services)
    check_denominators(tables)
    account = read_json(results, "manifest.json")["account"]
    check_equal("account", {r["account"]: int(r["lines_numerator"]) for r in read_csv(tables, "account")}, account["classes"])


