"""test_report.py [--domains N] [--every N]

`mxcensus report`: numbers counted again in the rows, pages that a browser can trust, text of others as text.

The results are those of the lab, scanned once. What a peer, a resolver or a list can write is then replaced with text that
would do harm in HTML, CSV, Markdown or LaTeX, in every column that a report shows.
"""

import argparse
import collections
import csv
import datetime
import html.parser
import io
import json
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, read_json, read_table, run  # noqa: E402

CAUSES_MAX = 1000  # of an effect, in a report
CUSTOMERS = ("Alpha & Söhne", "=HYPERLINK(1)", "<b>Gamma</b>", "Delta|Epsilon")
TABLES = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "T13", "T14", "T15", "T16-sni",
          "T16-families", "T16-senders", "T17")
HARM = ("=cmd|'/C calc'!A0", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title></style></svg><b>",
        "](http://evil.test) ![x](http://evil.test)", "`|`||\\input{/etc/passwd}$x$%", "\u202egnp.exe\x1b[31m",
        "\" onmouseover=\"alert(1)", "a\r\nb|c", "@SUM(1)", "https://evil.test/?a=1&b=2")
VOID = {"meta", "br", "img", "link", "hr", "input"}


def scan(lab, folder, every):
    names = open(lab.list_path, encoding="ascii").read().split()[::every]
    path = os.path.join(folder, "list.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["rank", "domain", "customer"])
        for i, name in enumerate(names):
            rows.writerow([1 + i * 37, name, CUSTOMERS[i % len(CUSTOMERS)]])
        rows.writerow(["x", "invalid..name", CUSTOMERS[0]])
        rows.writerow(["5", names[0], CUSTOMERS[0]])  # a repeat
    out = os.path.join(folder, "results")
    done = run("scan", "--quiet", *lab.options, *SHORT_WAITS, "--ehlo-domain", EHLO, "--address-rate", "200/s",
               "--dns-rate-limit", "0", "--tempfail-pause", "0", "--retry-pause", "0", "--metadata-passthrough",
               "--probes", "sni,no-sni,versions", "-o", out, path)
    check_equal("scan: exit code", done.returncode, 0)
    return out


# --- golden numbers -----------------------------------------------------------------------------

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


def rolled(row, member, some=False):
    value = (row["rollup"] or {}).get(member, {}).get("value", "unknown")
    return None if value == "unknown" else value == "all" or (some and value == "some")


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
    states = collections.Counter(d["mta_sts"]["state"] for d in domains)
    check_equal("T6: states", {r["mta_sts_state"]: int(r["domains_numerator"]) for r in read_csv(tables, "T6")}, dict(states))
    dane = collections.Counter(d["dane"]["state"] for d in domains)
    check_equal("T11: states", {r["dane_state"]: int(r["domains_numerator"]) for r in read_csv(tables, "T11")}, dict(dane))


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


def check_servers(results, tables, hosts, services, leaves):
    rows = [s for s in read_table(results, "services") if s["service"] in services]
    versions = collections.Counter(s["tls_version"] for s in rows if s["tls_version"])
    for row in read_csv(tables, "T4"):
        word = row["tls_version_negotiated"]
        check_equal(f"T4: {word}", share(row, "services"),
                    (versions.pop(word), sum(s["tls_version"] is not None for s in rows),
                     sum(s["tls_version"] is None for s in rows)))
        check_equal(f"T4: domains at {word}", int(row["domains_at_them"]),
                    sum(services[s["service"]] for s in rows if s["tls_version"] == word))
    check_equal("T4: no version is left out", dict(versions), {})
    suites = collections.Counter(s["handshake"]["cipher"] for s in rows if s["tls_version"])
    check_equal("T4: suites", {r["cipher_suite_negotiated"]: int(r["services_numerator"])
                               for r in read_csv(tables, "T4-suites")}, dict(suites))
    for row in read_csv(tables, "T4-accepted"):
        key = row["tls_version"].lower().replace(".", "_")
        check_equal(f"accepted: {row['tls_version']}", share(row, "services"),
                    counted(s["versions"][key] for s in rows if s["versions"]))
    hosts_rows = [h for h in read_table(results, "hosts") if h["host"] in hosts]
    ends = [e for h in hosts_rows for e in h["endpoints"]]
    chains = collections.Counter(e["chain_status"] for e in ends if e["chain_status"])
    for row in read_csv(tables, "T2-chain"):
        word = row["chain_status"]
        check_equal(f"T2-chain: {word}", share(row, "endpoints"),
                    (chains[word], sum(chains.values()), len(ends) - sum(chains.values())))
        check_equal(f"T2-chain: hosts with {word}", int(row["hosts_numerator"]),
                    sum(any(e["chain_status"] == word for e in h["endpoints"]) for h in hosts_rows))
    certificates = [c for c in read_table(results, "certificates") if c["fingerprint_sha256"] in leaves]
    issuers = collections.Counter("(self-issued)" if c["self_issued"] else c["issuer_dn"]
                                  for c in certificates if c["issuer_dn"] is not None)
    got = {r["issuer_dn"]: int(r["leaves_numerator"]) for r in read_csv(tables, "T5-issuers")}
    check_equal("T5: issuers", got, {k[:1] == "=" and "'" + k or k: n for k, n in issuers.items()})
    check_equal("T5: expired", int(read_csv(tables, "T5-days-left")[0]["leaves_numerator"]),
                sum(c["days_left"] is not None and c["days_left"] < 0 for c in certificates))
    crowd = collections.Counter(1 if hosts[h["host"]] == 1 else 2 for h in hosts_rows)
    check_equal("T12: hosts of one domain", share(read_csv(tables, "T12")[0], "hosts")[:2],
                (crowd[1], len(hosts_rows)))
    tlsa = collections.Counter(f"{t['usage']} {t['selector']} {t['matching']}" for h in hosts_rows for t in h["tlsa"])
    check_equal("T13: parameters", {r["parameters"]: int(r["records_numerator"]) for r in read_csv(tables, "T13")}, dict(tlsa))


def check_golden(results, tables):
    domains, hosts, services, leaves = used(results)
    check("the world has all kinds", len(domains) > 100 and len(leaves) > 20)
    check_adoption(domains, tables)
    check_domains(domains, tables)
    check_ranks(domains, tables)
    check_servers(results, tables, hosts, services, leaves)
    account = read_json(results, "manifest.json")["account"]
    check_equal("account", {r["account"]: int(r["lines_numerator"]) for r in read_csv(tables, "account")}, account["classes"])


# --- what to mend -------------------------------------------------------------------------------

EFFECTS = {"mail_lost": "Mail is lost", "cleartext": "Mail is sent in cleartext",
           "unknown": "Not known: no server could be tested", "policy_risk": "At risk under the domain's own policies",
           "strict_risk": "At risk for strict senders", "hygiene": "Hygiene", "no_mail": "No mail set up", None: "No problem"}


def check_problems(results, tables, affected):
    """The tables of problems and causes, counted again."""
    domains = [d for d in read_table(results, "domains") if d["account"] not in ("invalid", "duplicate", "blocklisted")]
    effects = {r["effect"]: r for r in read_csv(tables, "effects")}
    explicit = [d for d in domains if d["mx_kind"] == "explicit"]
    unknown = sum(d["effect"] is None and d["account"] not in ("tested", "partly_tested") for d in explicit)
    counts = collections.Counter(d["effect"] for d in explicit)
    counts[None] -= unknown
    for effect, title in EFFECTS.items():
        check_equal(f"effects: {effect}", share(effects[title], "explicit_mx"),
                    (counts[effect], len(explicit) - unknown, unknown))
    causes = read_table(results, "causes")
    problems = read_table(results, "problems")
    check("there are causes of several effects", len({c["effect"] for c in causes}) > 3)
    for effect in filter(None, EFFECTS):
        want = sorted(((c["code"], c["thing"], c["domain_count"]) for c in causes if c["effect"] == effect),
                      key=lambda c: (-c[2], c))
        got = [(r["code"], r["thing"], int(r["domains"])) for r in read_csv(tables, "causes-" + effect)]
        if len(want) <= CAUSES_MAX:
            check_equal(f"causes: {effect}", sorted(got, key=lambda c: (-c[2], c)), want)
        check_equal(f"causes: {effect}, their domains", [n for _, _, n in got], [n for _, _, n in want[:CAUSES_MAX]])
        check_equal(f"causes: {effect}, most domains first", [n for _, _, n in got], sorted((n for _, _, n in got), reverse=True))
        for row in read_csv(tables, "causes-" + effect):
            key = next(c["cause"] for c in causes if (c["code"], c["thing"]) == (row["code"], row["thing"]))
            first = [p["domain"] for p in problems if p["cause"] == key][:5]
            check_equal(f"causes: first domains of {key}", row["first_domains"], ", ".join(first))
    rows = read_csv(os.path.dirname(affected), os.path.basename(affected)[:-4])
    check_equal("affected domains: a line for each problem", [(int(r["input_line"]), r["code"], r["effect"]) for r in rows],
                [(p["input_line"], p["code"], p["effect"]) for p in problems])
    customers = {d["input_line"]: d["metadata"]["customer"] for d in domains}
    check_equal("affected domains: their customers", [r["group"].lstrip("'") for r in rows], [customers[p["input_line"]] for p in problems])
    at = datetime.datetime.fromisoformat(read_json(results, "manifest.json")["judged_at"].replace("Z", "+00:00"))
    left = [(datetime.datetime.fromisoformat(d["will_break_at"].replace("Z", "+00:00")) - at).days
            for d in explicit if d["will_break_at"]]
    bins = {"past": (-10 ** 6, -1), "under 7": (0, 6), "7-13": (7, 13), "14-29": (14, 29), "30-59": (30, 59)}
    for row in read_csv(tables, "will-break"):
        low, high = bins.get(row["days"], (None, None))
        if low is not None:
            check_equal(f"will-break: {row['days']}", share(row, "domains"),
                        (sum(low <= n <= high for n in left), len(left), len(explicit) - len(left)))
    for row in read_csv(tables, "customers"):
        group = [d for d in domains if d["metadata"]["customer"] == row["group"].lstrip("'")]
        check_equal(f"customers: {row['group']}", [int(row[e]) for e in EFFECTS if e],
                    [sum(d["effect"] == e for d in group) for e in EFFECTS if e])


def check_problems_of_customer(folder, results):
    """With one customer the causes are those of its domains, and the CSV has no other's."""
    tables = os.path.join(folder, "customer-tables")
    page = os.path.join(folder, "customer.html")
    done = run("report", "--customer-column", "customer", "--customer", CUSTOMERS[2], "--tables", tables, "-o", page, results)
    check_equal("--customer: exit code", (done.returncode, done.stderr), (0, ""))
    lines = {d["input_line"] for d in read_table(results, "domains") if d["metadata"]["customer"] == CUSTOMERS[2]}
    problems = [p for p in read_table(results, "problems") if p["input_line"] in lines]
    check_equal("--customer: problems", len(read_csv(folder, "customer-domains")), len(problems))
    counts = collections.Counter(p["cause"] for p in problems)
    want = sorted((counts[c["cause"]] for c in read_table(results, "causes") if counts[c["cause"]]), reverse=True)
    got = sorted((int(r["domains"]) for e in EFFECTS if e for r in read_csv(tables, "causes-" + e)), reverse=True)
    check_equal("--customer: domains of causes", got, want)


# --- the page -----------------------------------------------------------------------------------

class Page(html.parser.HTMLParser):
    """Holds a page to its structure: tags nest, ids are unique, headings go down one step at a time, figures and tables
    say what they are, and nothing is there that fetches or runs."""

    ALLOWED = {"html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "nav", "ul", "ol", "li", "a",
               "main", "section", "div", "table", "thead", "tbody", "tr", "th", "td", "b", "span", "strong", "details",
               "summary", "figure", "figcaption", "svg", "desc", "rect", "line", "text", "tspan", "footer", "code", "time"}
    ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "id", "class", "href", "aria-label", "role",
                  "tabindex", "scope", "width", "height", "aria-labelledby", "aria-hidden", "xmlns", "x", "y", "x1", "x2",
                  "y1", "y2", "dy", "text-anchor", "colspan", "datetime"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.faults, self.text = [], collections.Counter(), [], [], []
        self.level, self.heads, self.count = 0, [], collections.Counter()
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"not closed: {self.open}")
        self.faults += [f"id {i} twice" for i, n in self.ids.items() if n > 1]
        self.faults += [f"link to nothing: {link}" for link in self.links if link.lstrip("#") not in self.ids]

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        named = dict(attrs)
        if tag not in self.ALLOWED or set(named) - self.ATTRIBUTES:
            self.faults.append(f"<{tag}> {sorted(named)}")
        if "href" in named:
            self.links.append(named["href"])
            if not named["href"].startswith("#"):
                self.faults.append(f"leads away: {named['href']}")
        if "id" in named:
            self.ids[named["id"]] += 1
        if re.fullmatch("h[1-6]", tag):
            level = int(tag[1])
            if level > self.level + 1:
                self.faults.append(f"{tag} below h{self.level}")
            self.level = level
        if tag == "th" and named.get("scope") not in ("row", "col"):
            self.faults.append("th without scope")
        if tag == "svg" and named.get("aria-hidden") != "true" and not (named.get("role") == "img" and "aria-labelledby" in named):
            self.faults.append("a figure without a name")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> while {self.open[-3:]} are open")
        elif self.open:
            self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def check_page(what, octets):
    text = octets.decode("utf-8", "strict")
    page = Page(text)
    check(f"{what}: structure", not page.faults, page.faults[:6])
    check_equal(f"{what}: one h1, main, header and footer", [page.count[t] for t in ("h1", "main", "header", "footer")], [1] * 4)
    check(f"{what}: nothing is fetched or run", not re.search(r"<script|<img|<link|url\(|@import|javascript:", text))
    check(f"{what}: no control characters", not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text))
    check(f"{what}: figures have title and description", text.count("<desc id=") == text.count("aria-labelledby=") > 2)
    return page


def check_csv_cells(what, text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    check(f"{what}: every row has the columns of the first", all(len(r) == len(rows[0]) for r in rows))
    for row in rows[1:]:
        for cell in row:
            formula = re.match(r"[\s]*[=+@|%\-]", cell) and not re.fullmatch(r"-?[0-9.]+", cell)
            check(f"{what}: no formula", not formula, cell)


def check_markdown(what, text):
    for line in text.splitlines():
        if line.startswith("|"):
            bars = len(re.findall(r"(?<!\\)\|", line))
            check(f"{what}: rows of a table keep their columns", bars >= 3, line)
            outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
            check(f"{what}: markup only in code", not re.search(r"(?<!\\)[<\[!$]", outside), line)


def check_latex(what, text):
    body = re.sub(r"(?m)(?<!\\)%.*$", "", text)  # our comments
    check(f"{what}: no command of others", "\\input" not in body and "\\write" not in body)
    check_equal(f"{what}: braces", len(re.findall(r"(?<!\\)\{", body)), len(re.findall(r"(?<!\\)\}", body)))
    check_equal(f"{what}: no mathematics", len(re.findall(r"(?<!\\)\$", body)), 0)


# --- hostile text -------------------------------------------------------------------------------

def spoil(results, folder):
    """The same results with harm in every column that a report shows and that is not a fixed vocabulary."""
    shutil.copytree(results, folder)
    number = 0

    def harm():
        nonlocal number
        number += 1
        return HARM[number % len(HARM)] + str(number // len(HARM) % 7)

    def rewrite(name, change):
        rows = read_table(folder, name)
        with open(os.path.join(folder, name + ".ndjson"), "w", encoding="utf-8") as file:
            for row in rows:
                change(row)
                file.write(json.dumps(row) + "\n")

    def domain(row):
        row["input"], row["tld"] = harm(), row["tld"] and harm()
        row["metadata"] = {"rank": row["metadata"]["rank"], "customer": harm()}
        row["mx_operator"] = row["mx_operator"] and harm()
        for outcome in row["outcomes"] or []:
            outcome["profile"] += HARM[1]
            outcome["decided_by"] = outcome["decided_by"] and harm() + ": " + harm()

    def certificate(row):
        row["issuer_dn"] = row["issuer_dn"] and harm()
        row["key_algorithm"], row["key_curve"] = harm(), harm()
        row["signature_algorithm"] = row["signature_algorithm"] and {**row["signature_algorithm"], "name": harm()}

    def service(row):
        if row["handshake"]:
            row["handshake"]["cipher"], row["handshake"]["group"] = harm(), harm()

    rewrite("domains", domain)
    rewrite("certificates", certificate)
    rewrite("services", service)
    def problem(row):
        row["domain"], row["evidence"], row["fix"] = harm(), harm(), harm()
        row["senders"] = [harm(), harm()]
        for place in row["places"]:
            place["host"] = harm()

    rewrite("problems", problem)
    rewrite("causes", lambda row: row.update(name=harm(), thing=harm(), mx_operator=harm(), evidence=harm(), fix=harm()))
    rewrite("policies", lambda row: row.update(cnames=["x." + harm() + ".test"]))
    manifest = read_json(folder, "manifest.json")
    manifest["input"]["path"] = HARM[3]
    manifest["version"] = HARM[1]
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    return folder


def check_hostile(folder, spoilt):
    tables = os.path.join(folder, "hostile-tables")
    done = run("report", "--customer-column", "customer", "--tables", tables, spoilt)
    check_equal("hostile: exit code", (done.returncode, done.stderr), (0, ""))
    page = check_page("hostile", done.stdout)
    check("hostile: the text is shown as it is", any("<script>alert(1)</script>" in t for t in page.text))
    check("hostile: affected domains are listed", "affected-domains.csv" in os.listdir(tables))
    for name in os.listdir(tables):
        with open(os.path.join(tables, name), encoding="utf-8", newline="") as file:
            check_csv_cells("hostile: " + name, file.read())
    for format_, checked in (("md", check_markdown), ("latex", check_latex), ("csv", check_csv_cells)):
        done = run("report", "--format", format_, "--customer-column", "customer", spoilt)
        check_equal(f"hostile {format_}: exit code", done.returncode, 0)
        checked("hostile " + format_, done.stdout.decode("utf-8", "strict"))


# --- options and directories --------------------------------------------------------------------

def check_options(folder, results):
    page = os.path.join(folder, "page.html")
    tables = os.path.join(folder, "tables")
    done = run("report", "-o", page, "--tables", tables, "--customer-column", "customer", results)
    check_equal("report: exit code and streams", (done.returncode, done.stdout, done.stderr), (0, b"", ""))
    with open(page, "rb") as file:
        octets = file.read()
    check_page("page", octets)
    stdout = run("report", "--customer-column", "customer", results).stdout
    check_page("standard output", stdout)
    check("standard output: no CSV is named", b"-domains.csv" not in stdout and b"With -o or --tables" in stdout)
    check("no half of a file is left", not [n for n in os.listdir(folder) + os.listdir(tables) if n.endswith(".part")])
    definitions = {r["table"]: r for r in read_csv(tables, "definitions")}
    for name in TABLES:
        there = os.path.exists(os.path.join(tables, name + ".csv"))
        check(f"{name}: a file or a reason", there != bool(definitions[name]["missing"]) and len(definitions[name]["definition"]) > 20)
    check_golden(results, tables)
    check_problems(results, tables, os.path.join(folder, "page-domains.csv"))
    check_problems_of_customer(folder, results)
    check("page: the CSV beside it is named", b"<strong>page-domains.csv</strong>" in octets)
    sums = sum(int(r["domains_numerator"]) for r in read_csv(tables, "T17")[1:])
    check_equal("T17: the groups are the whole", sums, int(read_csv(tables, "T17")[0]["domains_numerator"]))
    one = run("report", "--format", "csv", "--customer-column", "customer", "--customer", CUSTOMERS[2], results)
    group = [d for d in read_table(results, "domains") if d["metadata"]["customer"] == CUSTOMERS[2]]
    rows = [r for r in csv.DictReader(io.StringIO(one.stdout.decode(), newline="")) if r["table"] == "account"]
    check_equal("--customer: only its lines", int(rows[0]["denominator"]), len(group))
    sample = run("report", "--sample", results)
    check("--sample: intervals", b"<span>95 %: " in sample.stdout and b"<span>95 %: " not in octets)


def check_refusals(folder, results):
    for arguments, code, words in (
            ((), 2, "which results"),
            ((results, results), 2, "more than one"),
            ((os.path.join(folder, "nowhere"),), 2, "nowhere"),
            (("--customer", "x", results), 2, "--customer-column"),
            (("--customer-column", "firm", results), 2, "--metadata-passthrough"),
            (("--customer-column", "customer", "--customer", "nobody", results), 2, "nobody"),
            (("--format", "pdf", results), 2, "pdf"),
            (("-o", os.path.join(folder, "no", "page.html"), results), 1, "page-domains.csv"),
            (("--format", "md", "-o", os.path.join(folder, "no", "page.md"), results), 1, "page.md"),
            (("--tables", os.path.join(results, "manifest.json"), results), 1, "manifest.json")):
        done = run("report", *arguments)
        check(f"report {arguments}: refused in one line", done.returncode == code and words in done.stderr and
              done.stderr.count("\n") == 1 and not done.stdout, (done.returncode, done.stderr, done.stdout[:80]))


def check_damaged(folder, results):
    """Truncated or foreign files are told; a directory without a manifest works and says that it is incomplete."""
    copy = os.path.join(folder, "truncated")
    shutil.copytree(results, copy)
    with open(os.path.join(copy, "hosts.ndjson"), "r+b") as file:
        file.truncate(os.path.getsize(os.path.join(copy, "hosts.ndjson")) - 40)
    done = run("report", copy)
    check("truncated: told with its line", done.returncode == 2 and "hosts.ndjson, line" in done.stderr and not done.stdout, done.stderr)
    foreign = os.path.join(folder, "foreign")
    shutil.copytree(results, foreign)
    with open(os.path.join(foreign, "domains.ndjson"), "wb") as file:
        file.write(b'{"schema":1,"hello":"world"}\n')
    done = run("report", foreign)
    check("foreign: told", done.returncode == 2 and "hello" in done.stderr, done.stderr)
    older = os.path.join(folder, "older")
    shutil.copytree(results, older)
    manifest = read_json(older, "manifest.json")
    manifest["files"] = [f for f in manifest["files"] if f.get("table") in ("domains", "hosts")]
    with open(os.path.join(older, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    done = run("report", older)
    check_page("older", done.stdout)
    check("older: says what makes the tables that are missing", b"mxcensus analyze" in done.stdout and b"Mail is lost" not in done.stdout)


def check_incomplete(lab, folder):
    out = os.path.join(folder, "incomplete")
    done = run("scan", "--quiet", *lab.options, *SHORT_WAITS, "--ehlo-domain", EHLO, "--compress", "zstd", "-o", out,
               input="case-good.mxlab.net\ncase-null-mx.mxlab.net\n")
    check_equal("small scan: exit code", done.returncode, 0)
    complete = run("report", out)
    check("complete and compressed: not marked", complete.returncode == 0 and b"Incomplete" not in complete.stdout)
    manifest = read_json(out, "manifest.json")
    manifest["incomplete"] = True
    with open(os.path.join(out, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    done = run("report", out)
    check("incomplete: marked", done.returncode == 0 and b"Incomplete" in done.stdout, done.stderr)
    for format_ in ("md", "latex"):
        check(f"incomplete: marked in {format_}", b"Incomplete" in run("report", "--format", format_, out).stdout)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=150)
    parser.add_argument("--every", type=int, default=4, help="one in so many of the names, cases included")
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-report-")
    try:
        with Lab(known.domains) as lab:
            results = scan(lab, folder, known.every)
            check_incomplete(lab, folder)
        check_options(folder, results)
        check_refusals(folder, results)
        check_damaged(folder, results)
        check_hostile(folder, spoil(results, os.path.join(folder, "spoilt")))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
