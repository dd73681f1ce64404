"""Tables problems and causes of a lab scan against a join over the other tables, written here in SQL for itself.

    problems.py [--domains N] [--more] [--results DIR]

The lab with its hand-made cases and N generated domains is scanned. --more: with inference, several threads and `analyze`,
which all have to give the same rows. --results: of a scan that is there, instead.
"""

import argparse
import collections
import json
import os
import sqlite3
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import load_sqlite  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.rows import VOLATILE_FINDINGS  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, read_json, read_table, run  # noqa: E402

# About this scan and about the list, not about a domain; and by chance.
NO_PROBLEMS = ["dns.mx_refused", "dns.host_refused", "dns.addresses_truncated", "mx.truncated", "smtp.reply_truncated",
               "tls.list_truncated", "sts.policy_too_many_mx", "chain.capped", "input.invalid", "input.duplicate",
               "input.blocklisted", "input.public_suffix", *sorted(VOLATILE_FINDINGS)]
EFFECTS = ["mail_lost", "cleartext", "unknown", "policy_risk", "strict_risk", "hygiene", "no_mail"]
SEVERITIES = ["info", "notice", "warning", "error"]
AT_MOST = {"unknown": 2, "strict_risk": 2, "hygiene": 2, "no_mail": 1}
PLACES_SHOWN = 8
LOST = ("deferred", "undeliverable")

VIEWS = f"""
create temp table excluded (code text primary key);
create temp table hosts_of as
    select d.input_line as line, d.domain, min(m.key) as mx, json_extract(m.value, '$.host') as host
    from domains d, json_each(d.mx) m where json_extract(m.value, '$.host') is not null group by line, host;
create temp table places_of as
    select h.line, h.domain, h.mx, b.key as number, h.host, json_extract(b.value, '$.address') as address,
        json_extract(b.value, '$.port') as port, json_extract(b.value, '$.mx_operator') as operator,
        json_extract(b.value, '$.basis') = 'inferred' as inferred,
        json_extract(b.value, '$.outcome') not in ('not_tested', 'local_fault') as tested
    from hosts_of h join domains d on d.input_line = h.line,
        json_each(d.mx, '$[' || h.mx || '].endpoints') b;
create temp table found as
    select 'domain' as scope, d.domain as key, f.value as finding, 'zone' as kind, d.domain as thing, 0 as turn
        from domains d, json_each(d.findings) f where d.domain is not null
            and d.duplicate_of is null and not d.blocklisted
    union all
    select 'policy', p.domain, f.value, 'policy', p.policy_host, 1 from policies p, json_each(p.findings) f
    union all
    select 'host', h.host, f.value, 'host', h.host, 0 from hosts h, json_each(h.findings) f
    union all
    select 'endpoint', e.endpoint, f.value,
        case when json_extract(f.value, '$.code') like 'dane.%' then 'host' else 'server' end,
        case when json_extract(f.value, '$.code') like 'dane.%' then e.host else e.service end, 0
        from endpoints e, json_each(e.findings) f
    union all
    select 'endpoint', e.endpoint, f.value, 'server', s.service, 2
        from endpoints e join services s using (service), json_each(s.findings) f
    union all
    select 'endpoint', e.endpoint, f.value, 'chain', c.chain_id, 1
        from endpoints e join chains c using (chain_id), json_each(c.findings) f
    union all
    select 'endpoint', e.endpoint, f.value, 'certificate', x.fingerprint_sha256, 1 + l.key
        from endpoints e join chains c using (chain_id), json_each(c.certificates) l
        join certificates x on x.fingerprint_sha256 = l.value, json_each(x.findings) f;
create temp table facts as
    select scope, key, json_extract(finding, '$.code') as code, json_extract(finding, '$.severity') as severity,
        json_extract(finding, '$.evidence') as evidence, kind, thing, turn from found
    where json_extract(finding, '$.severity') <> 'info'
        and json_extract(finding, '$.code') not in (select code from excluded);
create index facts_key on facts (scope, key);
create index domains_domain on domains (domain);
create index hosts_of_host on hosts_of (host);
create temp table keyed_places as select *, host || '|' || address || '|' || port as endpoint from places_of;
create index keyed_places_endpoint on keyed_places (endpoint);
analyze;
create temp table met as
    select d.input_line as line, d.domain, f.*, null as mx, null as number, null as host, null as address, null as port,
        0 as inferred, null as operator
        from domains d join facts f on f.scope in ('domain', 'policy') and f.key = d.domain
        where d.duplicate_of is null and d.invalid is null and not d.blocklisted
    union all
    select h.line, h.domain, f.*, h.mx, 0, h.host, null, null, 0, null
        from hosts_of h join facts f on f.scope = 'host' and f.key = h.host
    union all
    select p.line, p.domain, f.*, p.mx, p.number, p.host, p.address, p.port, p.inferred, p.operator
        from keyed_places p join facts f on f.scope = 'endpoint' and f.key = p.endpoint;
"""


def severity_number(word):
    return SEVERITIES.index(word)


def merged(code):
    """An issuer that is not presented: known, or not. One problem of a domain."""
    return "chain.issuer_unknown" if code == "chain.missing_intermediate" else code


class Wanted:
    """The tables as the join has them."""

    def __init__(self, database):
        database.executescript(VIEWS.replace("create temp table hosts_of", "insert into excluded values "
                                             + ", ".join(f"('{code}')" for code in NO_PROBLEMS)
                                             + ";\ncreate temp table hosts_of", 1))
        self.completed = dict(database.execute(
            "select chain_id, json_extract(f.value, '$.evidence') from completions, json_each(findings) f"
            " where json_extract(f.value, '$.code') = 'chain.missing_intermediate'"))
        self.tested = {line: (hosts, tested or 0) for line, hosts, tested in database.execute(
            "select h.line, h.n, p.n from (select o.line, sum(json_extract(m.value, '$.a') <> 'not_asked' and not"
            " json_extract(m.value, '$.blocklisted')) as n from hosts_of o join domains d on d.input_line = o.line,"
            " json_each(d.mx) m where m.key = o.mx group by o.line) h"
            " left join (select line, sum(tested) as n from places_of group by line) p using (line)")}
        self.problems = collections.defaultdict(list)
        query = database.execute("select line, domain, scope, code, severity, evidence, kind, thing, host, address, port,"
                                 " inferred, operator from met order by line, mx, number, turn")
        for row in query:
            self.problems[(row[0], merged(row[3]))].append(row)

    def cause_of(self, met):
        return f"{met[3]}|{met[6]}|{met[7]}"

    def latest(self, met):
        """The code and the evidence now that all certificates of the scan are known."""
        if met[3] == "chain.issuer_unknown" and met[7] in self.completed:
            return "chain.missing_intermediate", self.completed[met[7]]
        return met[3], met[5]


def places_of(rows):
    return list(dict.fromkeys((r[8], r[9], r[10], r[11]) for r in rows if r[8] is not None))


def compare_problems(wanted, got):
    check_equal("the same problems", sorted(set(wanted.problems) ^ {(p["input_line"], merged(p["code"])) for p in got}), [])
    wrong = []
    for p in got:
        rows = wanted.problems.get((p["input_line"], merged(p["code"])))
        if rows is None:
            continue
        first, places = rows[0], places_of(rows)
        codes = {wanted.latest(r)[0] for r in rows}
        of_host = first[2] == "host"
        tested = wanted.tested.get(p["input_line"], (0, 0))[0 if of_host else 1] if places else 0
        severity = max(severity_number(r[4]) for r in rows)
        want = {"code": max(codes), "domain": first[1], "place_count": len(places), "tested_count": tested,
                "inferred_count": sum(bool(x[3]) for x in places),
                "places": [{"host": h, "address": a, "port": n} for h, a, n, _ in places[:PLACES_SHOWN]],
                "severity": SEVERITIES[min(severity, AT_MOST.get(p["effect"], 3))],
                "evidence": wanted.latest(first)[1], "cause": wanted.cause_of(first),
                "causes": [p["cause"], *sorted({wanted.cause_of(r) for r in rows} - {p["cause"]})]}
        p = {**p, "causes": p["causes"][:1] + sorted(p["causes"][1:])}
        wrong += [(p["input_line"], p["code"], k, p[k], v) for k, v in want.items() if p[k] != v]
    check_equal("each as joined", wrong[:5], [])


def compare_causes(wanted, problems, got, database):
    of_problem = {(p["input_line"], merged(p["code"])): p for p in problems}
    sums = {}
    for key in sorted(wanted.problems):
        p = of_problem.get(key)
        for row in wanted.problems[key] if p else []:
            c = sums.setdefault(wanted.cause_of(row), {"domains": set(), "effects": set(), "severities": set(), "first": row})
            c["domains"].add(key[0])
            c["effects"].add(EFFECTS.index(p["effect"]))
            c["severities"].add(severity_number(p["severity"]))
    things = {row[0]: row[1:] for row in database.execute(
        "select f.code || '|' || f.kind || '|' || f.thing, count(distinct h.host), count(distinct h.place) from facts f join ("
        " select 'host' as scope, host as key, host, host as place from hosts union all"
        " select 'endpoint', h.host || '|' || json_extract(b.value, '$.address') || '|' || json_extract(b.value, '$.port'),"
        " h.host, h.host || '|' || json_extract(b.value, '$.address') || '|' || json_extract(b.value, '$.port')"
        " from hosts h, json_each(h.endpoints) b) h using (scope, key) group by 1")}
    check_equal("the same causes", sorted(set(sums) ^ {c["cause"] for c in got})[:5], [])
    wrong = []
    for c in got:
        want = sums.get(c["cause"])
        if want is None:
            continue
        code, evidence = wanted.latest(want["first"])
        hosts, places = things.get(c["cause"], (0, 0))
        expected = {"code": code, "kind": want["first"][6], "thing": want["first"][7],
                    "effect": EFFECTS[min(want["effects"])], "severity": SEVERITIES[max(want["severities"])],
                    "domain_count": len(want["domains"]), "host_count": hosts, "place_count": places,
                    "example_domain": want["first"][1], "evidence": evidence, "mx_operator": want["first"][12]}
        wrong += [(c["cause"], k, c[k], v) for k, v in expected.items() if c[k] != v]
    check_equal("each cause as counted", wrong[:5], [])
    order = [(EFFECTS.index(c["effect"]), -c["domain_count"]) for c in got]
    check("the worst cause first", order == sorted(order))


def everyday(domain, levels):
    """Outcomes of senders in their default setting."""
    return [o for o in domain["outcomes"] or [] if levels[o["profile"]][0] == "may"]


def nothing_is_known(domain, levels):
    senders = everyday(domain, levels)
    return bool(senders) and all((o["best"], o["worst"]) == ("unknown", "unknown") for o in senders)


def compare_domains(domains, problems, levels):
    of_line = collections.defaultdict(list)
    for p in problems:
        of_line[p["input_line"]].append(p)
    wrong = []
    for d in domains:
        rows = of_line[d["input_line"]]
        asked = d["invalid"] is None and d["duplicate_of"] is None and not d["blocklisted"]
        no_mail = asked and d["mx_kind"] in ("null_mx", "none", "nxdomain")
        effects = [EFFECTS.index(p["effect"]) for p in rows] + [EFFECTS.index("no_mail")] * no_mail
        effects += [EFFECTS.index("unknown")] * (asked and not no_mail and nothing_is_known(d, levels))
        want = {"problem_count": len(rows) if asked else None,
                "effect": EFFECTS[min(effects)] if effects else None,
                "worst_severity": max((p["severity"] for p in rows), key=severity_number, default=None),
                "top_cause": rows[0]["cause"] if rows else None}
        wrong += [(d["domain"], k, d[k], v) for k, v in want.items() if d[k] != v]
        wrong += [(d["domain"], "no mail, and an effect") for p in rows if (p["effect"] == "no_mail") != no_mail]
    check_equal("columns of domains as counted", wrong[:5], [])
    check("lines in their order, the worst first",
          [(p["input_line"], EFFECTS.index(p["effect"])) for p in problems]
          == sorted((p["input_line"], EFFECTS.index(p["effect"])) for p in problems))


OF_POLICY = ("sts_mx_not_covered", "sts_certificate", "sts_name", "sts_patterns", "sts_no_tls", "dane_lookup", "dane_mismatch", "dane_no_tls", "dane_unusable")
OF_OWN_CHECK = ("certificate", "certificate_path", "name")
# Reasons that always come with a finding of their own. Of a sender in its default setting any reason has one; of those with settings of
# their own the catalogue may have none, as for a profile that compares the certificate with the domain.
EXPLAINED = ("no_starttls", "tls_failed", "starttls_rejected", "starttls_refused", "certificate", "not_reachable", "session_lost",
             "starttls_reply", "after_220", "sts_mx_not_covered", "sts_certificate", "sts_name", "sts_patterns", "sts_no_tls", "dane_lookup",
             "dane_mismatch", "dane_no_tls", "null_mx")


def levels_of(profiles):
    by_id = {p["id"]: p for p in profiles["profiles"]}

    def field(profile, name):
        return profile[name]["value"] if name in profile else field(by_id[profile["like"]], name)
    return {name: (field(p, "level"), field(p, "sni")) for name, p in by_id.items()}


def effect_of_outcome(outcome, level):
    """What the outcome of one sender means, by itself."""
    reason = (outcome["decided_by"] or "").rsplit(": ", 1)[-1]
    if reason in OF_POLICY or (reason == "starttls_rejected" and level == "may"):
        return "policy_risk", reason
    if level != "may" or reason in OF_OWN_CHECK:
        return "strict_risk", reason
    return ("cleartext" if outcome["worst"] == "plaintext" else "mail_lost"), reason


def effect_of_outcomes(domain, levels):
    """What outcomes say of the domain as a whole: mail lost or in cleartext as one sender in its default setting is known to, not
    assumed to; unknown where nothing is known of any of them. None: nothing as bad."""
    met = {effect_of_outcome(o, "may")[0] for o in everyday(domain, levels)
           if o["worst"] in (*LOST, "plaintext") and o["basis"] != "assumed"}
    return next((e for e in ("mail_lost", "cleartext") if e in met), "unknown" if nothing_is_known(domain, levels) else None)


def compare_effects(domains, problems, levels):
    """The three worst effects of a domain are exactly what its outcomes say. Every sender in its default setting that fares badly
    has a problem that bad, others where findings explain it; and who is named fares badly. So no effect of a domain is milder than
    these outcomes, and none is worse than what an outcome or a policy gives."""
    of_line = collections.defaultdict(list)
    for p in problems:
        of_line[p["input_line"]].append(p)
    missing, invented, other = [], [], []
    for d in domains:
        worst = {o["profile"]: o for o in d["outcomes"] or []}
        rows = of_line[d["input_line"]]
        want = effect_of_outcomes(d, levels)
        if d["effect"] != "no_mail" and d["effect"] != want and (want or d["effect"] in ("mail_lost", "cleartext", "unknown")):
            other.append((d["domain"], d["effect"], want))
        for name, o in worst.items():
            if d["effect"] == "no_mail" or o["worst"] not in (*LOST, "plaintext"):
                continue
            level, sni = levels[name]
            effect, reason = effect_of_outcome(o, level)
            if o["basis"] == "assumed" and effect in ("mail_lost", "cleartext"):
                effect = "hygiene"
            if reason == "certificate" and not sni and level != "may":
                continue  # that which is presented without SNI is in table services, and no problem by itself
            told = [p for p in rows if EFFECTS.index(p["effect"]) <= EFFECTS.index(effect) and name in p["senders"]]
            if (level == "may" or reason in EXPLAINED) and not told:
                missing.append((d["domain"], name, o["worst"], o["decided_by"]))
        for p in rows:
            outcomes = [worst[s] for s in p["senders"]]
            bad = [o for o in outcomes if o["worst"] in (*LOST, "plaintext") or p["code"] == "dane.all_unusable"
                   or p["effect"] in ("policy_risk", "unknown")]
            if p["effect"] == "unknown" and want != "unknown":
                invented.append((d["domain"], p["code"], "something is known"))
            sound = [o for o in outcomes if o["basis"] != "assumed"]
            if p["effect"] == "cleartext" and not any(o["worst"] == "plaintext" for o in sound):
                invented.append((d["domain"], p["code"], "no mail in cleartext"))
            if p["effect"] in ("policy_risk", "strict_risk") and not outcomes and not p["code"].startswith(("sts.", "dane.")):
                invented.append((d["domain"], p["code"], "of no sender"))
            if len(bad) != len(outcomes) or (p["effect"] == "mail_lost" and not any(o["worst"] in LOST for o in sound)):
                invented.append((d["domain"], p["code"], p["effect"], [o["profile"] for o in outcomes if o not in bad]))
    check_equal("effects of domains are those of their outcomes", other[:5], [])
    check_equal("what is predicted is told", missing[:5], [])
    check_equal("what is told is predicted", invented[:5], [])


def compare_breaks(folder, domains):
    """The date on which the last server that passes does so no more, and others, from the rows of lists and certificates."""
    until = {c["chain_id"]: c["verdicts"][0]["valid_until"] for c in read_table(folder, "chains")}
    leaf = {c["fingerprint_sha256"]: c["validity"]["end"] for c in read_table(folder, "certificates")
            if c["validity"]}
    of_policy = {p["domain"]: until.get(p["chain_id"]) for p in read_table(folder, "policies")}
    chain = {e["endpoint"]: e["chain_id"] for e in read_table(folder, "endpoints")}
    at = read_json(folder, "manifest.json")["judged_at"]
    wrong, causes = [], collections.Counter()
    for d in domains:
        got, cause = d["will_break_at"], d["will_break_cause"]
        briefs = [(m["host"], b) for m in d["mx"] or [] for b in m["endpoints"] if b["port"] == 25]
        paths = [until[chain[f"{h}|{b['address']}|25"]] for h, b in briefs if b["acceptable"]]
        matches = [leaf[b["leaf_sha256"]] for _, b in briefs if b["dane"] == "match"]
        causes[cause] += 1
        if cause is None:
            continue
        want = (of_policy[d["domain"]] if cause == "policy_certificate_expires"
                else max(matches) if cause.startswith("tlsa_") else max(paths))
        if cause == "leaf_expires" and leaf[d["will_break_thing"]] != got:
            wrong.append((d["domain"], "not its leaf"))
        enforced = d["mta_sts"]["state"] == "enforce" and d["mta_sts"]["passes"] in ("all", "some")
        untested = any(b["acceptable"] is None for _, b in briefs)  # it may go on
        earlier = [p for p in (None if untested else max(paths, default=None), enforced and of_policy.get(d["domain"]))
                   if p and at < p < got]
        if want != got or not at < got or earlier:
            wrong.append((d["domain"], cause, got, want, earlier))
    check_equal("dates on which mail will suffer", wrong[:5], [])
    check("several kinds of them", len(causes) > 2 or len(domains) < 50, causes)


def compare(folder):
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "results.db")
        _, broken = load_sqlite.load(folder, path)
        check_equal("no key leads nowhere", {what: count for what, count in broken.items() if count}, {})
        database = sqlite3.connect(path)
        domains, problems, causes = (read_table(folder, t) for t in ("domains", "problems", "causes"))
        check("there are problems", len(problems) > 20 and len(causes) > 20, (len(problems), len(causes)))
        wanted = Wanted(database)
        compare_problems(wanted, problems)
        compare_causes(wanted, problems, causes, database)
        levels = levels_of(read_json(folder, "sender-profiles.json"))
        compare_domains(domains, problems, levels)
        compare_breaks(folder, domains)
        compare_effects(domains, problems, levels)
        database.close()
    print(f"{len(domains)} domains, {len(problems)} problems, {len(causes)} causes; "
          f"effects {dict(collections.Counter(d['effect'] for d in domains))}")


def same(what, one, other):
    for name in ("problems", "causes"):
        check(f"{what}: {name}", read_table(one, name) == read_table(other, name))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--domains", type=int, default=60)
    parser.add_argument("--no-cases", action="store_true")
    parser.add_argument("--more", action="store_true")
    parser.add_argument("--results")
    parser.add_argument("scan", nargs="*")
    args = parser.parse_args()
    if args.results:
        compare(args.results)
        finish()
    with Lab(args.domains, *(["--no-cases"] if args.no_cases else [])) as lab, tempfile.TemporaryDirectory() as scratch:
        def scan(name, *options):
            out = os.path.join(scratch, name)
            done = run("scan", "-o", out, "--ehlo-domain", EHLO, "--address-rate", "50/s", *SHORT_WAITS, *args.scan,
                       *options, *lab.options, lab.list_path, timeout=7200)
            check_equal(f"{name}: exit code", done.returncode, 0)
            return out
        out = scan("one", "--probes", "sni,no-sni,versions", "--infer", "all")
        compare(out)
        again = os.path.join(scratch, "again")
        check_equal("analyze: exit code", run("analyze", "-o", again, out).returncode, 0)
        same("analyze", out, again)
        compare(again)
        if args.more:
            for threads in ("1", "2", "4", "8"):
                same(f"{threads} threads", out,
                     scan(f"threads-{threads}", "--probes", "sni,no-sni,versions", "--infer", "all", "--threads", threads))
    finish()


if __name__ == "__main__":
    main()
