"""test_report.py [--domains N] [--every N]

`mxcensus report`: numbers counted again in the rows, pages that a browser can trust, text of others as text.

The results are those of the lab, scanned once. What a peer, a resolver or a list can write is then replaced with text that
would do harm in HTML, CSV, Markdown or LaTeX, in every column that a report shows.
"""

import argparse
import collections
import csv
import datetime
import difflib
import gzip
import html.parser
import io
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.report_counts import check_golden, read_csv, share  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, SHORT_WAITS, check, check_equal, environment, finish, read_json, read_table, run  # noqa: E402

CAUSES_MAX = 1000  # of an effect, in a report
CUSTOMERS = ("Alpha & Söhne", "=HYPERLINK(1)", "<b>Gamma</b>", "Delta|Epsilon")
TABLES = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "T13", "T14", "T15", "T16-sni",
          "T16-families", "T16-senders", "T17")
HARM = ("=cmd|'/C calc'!A0", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title></style></svg><b>",
        "](http://evil.test) ![x](http://evil.test)", "`|`||\\input{/etc/passwd}$x$%", "\u202egnp.exe\x1b[31m",
        "\" onmouseover=\"alert(1)", "a\r\nb|c", "@SUM(1)", "\\ % & _ { } ^ ~ # $ Größe ħ 中文 😀 e\u0301", "https://evil.test/?a=1&b=2")
VOID = {"meta", "br", "img", "link", "hr", "input"}


def scan(lab, folder, every):
    names = open(lab.list_path, encoding="ascii").read().split()[::every]
    flips = "case-starttls-flips.mxlab.net"
    names += [flips] if flips not in names else []
    path = os.path.join(folder, "list.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["rank", "domain", "customer"])
        for i, name in enumerate(names):
            rows.writerow([1 + i * 37, name, CUSTOMERS[i % len(CUSTOMERS)]])
        rows.writerow(["", "case-no-mx-set-up.mxlab.net", ""])
        rows.writerow(["x", "invalid..name", CUSTOMERS[0]])
        rows.writerow(["5", names[0], CUSTOMERS[0]])  # a repeat
    out = os.path.join(folder, "results")
    done = run("scan", "--quiet", *lab.options, *SHORT_WAITS, "--ehlo-domain", EHLO, "--address-rate", "200/s",
               "--dns-rate-limit", "0", "--tempfail-pause", "0", "--retry-pause", "0", "--metadata-passthrough",
               "--probes", "sni,no-sni,versions", "-o", out, path)
    check_equal("scan: exit code", done.returncode, 0)
    return out


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
    unknown += counts.pop("unknown", 0)  # in no denominator
    for effect, title in EFFECTS.items():
        if effect == "unknown":
            check_equal("effects: what is not known has no share", effects[title]["explicit_mx_numerator"], "")
            continue
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
            first = [p["domain"] for p in problems if key in p["causes"]][:5]
            check_equal(f"causes: first domains of {key}", row["first_domains"], ", ".join(first))
    rows = read_csv(os.path.dirname(affected), os.path.basename(affected)[:-4])
    check_equal("affected domains: a line for each problem", [(int(r["input_line"]), r["code"], r["effect"]) for r in rows],
                [(p["input_line"], p["code"], p["effect"]) for p in problems])
    listed = collections.Counter(key for r in rows for key in r["causes"].split())
    check_equal("affected domains: every cause has those that it counts", listed, {c["cause"]: c["domain_count"] for c in causes})
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
    order = list(EFFECTS)
    def whose(d):
        """The effect of which it is news that it comes."""
        later, today = d["will_break_effect"], d["effect"]
        return later if today is None or order.index(later) < order.index(today) else "as_today"

    news = collections.Counter(whose(d) for d in explicit if d["will_break_at"])
    for column in ("policy_risk", "strict_risk", "as_today"):
        check_equal(f"will-break: {column}", sum(int(row[column]) for row in read_csv(tables, "will-break")), news[column])
    in_use = sum(d["mta_sts"] is not None and d["mta_sts"]["state"] in ("enforce", "testing") for d in explicit)
    check_equal("T8: domains with a policy in use", {int(row["domains_denominator"]) for row in read_csv(tables, "T8")}, {in_use})
    used = {mx["host"] for d in explicit for mx in d["mx"]}
    connected = sum(e["host"] in used and e["port"] == 25 and e["outcome"] not in (
        "not_tested", "local_fault", "refused", "unreachable", "connect_timeout") for e in read_table(results, "endpoints"))
    check_equal("T16-sni: endpoints where a connection was made",
                sum(int(n) for row in read_csv(tables, "T16-sni") for name, n in row.items() if name != "sni_class"), connected)
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
    rows = run("report", "--format", "csv", "--customer-column", "customer", "--customer", "", results).stdout.decode()
    account = next(r for r in csv.DictReader(io.StringIO(rows, newline="")) if r["table"] == "account")
    check_equal("--customer '': the domains without one", int(account["denominator"]),
                sum(not (d["metadata"] or {}).get("customer") for d in read_table(results, "domains")))
    counts = collections.Counter(c for p in problems for c in p["causes"])
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
    manifest["inputs"][0]["path"] = HARM[3]
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
    first = re.search("mail is lost for ([0-9,]+) domains? with MX records(?: .and ([0-9,]+) without)?", run("report", "--format", "md", results).stdout.decode())
    lost = sum(int(n.replace(",", "")) for n in first.groups("0"))
    check_equal("mail is lost: the sentence and the groups", lost, sum(int(r["mail_lost"]) for r in read_csv(tables, "customers")))
    sample = run("report", "--sample", results)
    check("--sample: intervals", b"<span>95 %: " in sample.stdout and b"<span>95 %: " not in octets)


def check_refusals(folder, results):
    for arguments, code, words in (
            ((), 2, "which results"),
            ((results, results), 2, "more than one"),
            ((os.path.join(folder, "nowhere"),), 2, "nowhere"),
            (("--customer", "x", results), 2, "--customer-column"),
            (("--customer-column", "firm", results), 2, "--metadata-passthrough"),
            (("--customer-column", "firm", "--customer", "", results), 2, "--metadata-passthrough"),
            (("--rank-column", "firm", results), 2, "--metadata-passthrough"),
            (("--customer-column", "customer", "--customer", "nobody", results), 2, "nobody"),
            (("--format", "pdf", results), 2, "pdf"),
            (("-o", os.path.join(folder, "no", "page.html"), results), 2, "give a file in a directory that is there"),
            (("--format", "md", "-o", os.path.join(folder, "no", "page.md"), results), 2, "give a file in a directory that is there"),
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


COMMANDS = {"report": lambda d: ("report", d), "show": lambda d: ("show", d, "case-good.mxlab.net"), "diff": lambda d: ("diff", d, d),
            "analyze": lambda d: ("analyze", "-o", d + "-judged", d)}


def check_packed(folder, results):
    """Tables compressed by hand and results of a later version: one line says what was seen and what to do, in all commands."""
    copy = os.path.join(folder, "packed")
    shutil.copytree(results, copy)
    table, manifest = os.path.join(copy, "domains.ndjson"), os.path.join(copy, "manifest.json")
    with open(table, "rb") as file:
        octets = file.read()
    with open(manifest, encoding="utf-8") as file:
        whole = file.read()
    later = json.dumps({**json.loads(whole), "schema": 2, "version": "9.1\x1b[31m"})
    for what, name, text, content, words in (
            ("gzip", "domains.ndjson.gz", whole, gzip.compress(octets), ("domains.ndjson.gz is there", "gunzip")),
            ("zstd", "domains.ndjson.zst", whole, b"\x28\xb5\x2f\xfd", ("domains.ndjson.zst is there", "zstd -d")),
            ("gzip under the old name", "domains.ndjson", whole, gzip.compress(octets), ("compressed by gzip", "gunzip")),
            ("decompressed", "domains.ndjson", whole.replace('"domains.ndjson"', '"domains.ndjson.zst"'), octets,
             ("domains.ndjson is there", "compress it with zstd")),
            ("a later schema", "domains.ndjson", later, octets, ("has schema 2", "reads schema 1", "mxcensus 9.1\\x1b[31m"))):
        for left in ("domains.ndjson", "domains.ndjson.gz", "domains.ndjson.zst"):
            if os.path.exists(os.path.join(copy, left)):
                os.remove(os.path.join(copy, left))
        with open(os.path.join(copy, name), "wb") as file:
            file.write(content)
        with open(manifest, "w", encoding="utf-8") as file:
            file.write(text)
        for command, arguments in COMMANDS.items():
            done = run(*arguments(copy))
            shutil.rmtree(copy + "-judged", ignore_errors=True)
            check(f"{what}: {command} says what to do in one line", done.returncode == 2 and done.stderr.count("\n") == 1 and
                  not done.stdout and all(w in done.stderr for w in words), (done.returncode, done.stderr))


def check_no_room(results):
    """Output that cannot be written: exit code 3 and one line, of every command that prints."""
    for command in (("report", results), ("report", "--format", "csv", results), ("show", results, "case-good.mxlab.net"),
                    ("diff", results, results), ("explain", "chain.missing_intermediate"), ("--help",), ("--version",)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([MXCENSUS, *command], stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False)
        check(f"full standard output: {command[0]}", done.returncode == 3 and done.stderr.count(b"\n") == 1 and
              b"No space left" in done.stderr, (done.returncode, done.stderr))


def check_output_files(folder, results):
    """A file is replaced as a whole, a symbolic link is followed, a FIFO stays one; of a report that fails nothing is left."""
    place = os.path.join(folder, "outputs")
    os.makedirs(os.path.join(place, "elsewhere"))
    want = run("report", "--format", "md", results).stdout
    for link, target, there in (("link.md", "elsewhere/there.md", True), ("dangling.md", "elsewhere/new.md", False),
                                ("twice.md", "link.md", True)):
        if there:
            with open(os.path.join(place, target), "wb") as file:
                file.write(b"old")
        os.symlink(target, os.path.join(place, link))
        done = run("report", "--format", "md", "-o", os.path.join(place, link), results)
        check_equal(f"{link}: exit code", (done.returncode, done.stderr), (0, ""))
        check(f"{link}: is still a link", os.readlink(os.path.join(place, link)) == target)
        with open(os.path.join(place, target), "rb") as file:
            check(f"{link}: what it leads to is written", file.read() == want)
    os.symlink("round.md", os.path.join(place, "round.md"))
    done = run("report", "--format", "md", "-o", os.path.join(place, "round.md"), results)
    check("a link to itself: refused", done.returncode == 2 and done.stderr.count("\n") == 1, (done.returncode, done.stderr))
    for name, format_ in (("fifo.md", "md"), ("fifo.html", "html")):
        path = os.path.join(place, name)
        os.mkfifo(path)
        with tempfile.TemporaryFile() as copy:
            with subprocess.Popen(["cat", path], stdout=copy) as reader:
                done = run("report", "--format", format_, "-o", path, results)
                reader.wait(timeout=60)
            copy.seek(0)
            got = copy.read()
        check_equal(f"{name}: exit code", (done.returncode, done.stderr), (0, ""))
        check(f"{name}: stays what it is", stat.S_ISFIFO(os.stat(path).st_mode))
        check(f"{name}: has all of it", got == want if format_ == "md" else b"beside what is not a regular file" in got, got[:60])
    os.makedirs(os.path.join(place, "b"))
    done = run("report", "-o", os.path.join(place, "b", "o.html"), "--tables", os.path.join(place, "link.md"), results)
    check("--tables is no folder: refused", done.returncode == 1 and "link.md: Not a directory" in done.stderr, (done.returncode, done.stderr))
    # As on a disk that is full, after some of the tables; SIGXFSZ is ignored, as Python does.
    for arguments, words in ((("-o", os.path.join(place, "b", "o.html"), "--tables", os.path.join(place, "b", "tables")), "o"),
                             (("--format", "md", "-o", os.path.join(place, "b", "full.md")), "full.md: File too large")):
        done = subprocess.run([MXCENSUS, "report", *arguments, results], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=environment(), timeout=60, check=False, restore_signals=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        check("no room: report -o", done.returncode == 3 and words in done.stderr and done.stderr.count("\n") == 1,
              (done.returncode, done.stderr))
    check_equal("reports that failed: nothing is left", os.listdir(os.path.join(place, "b")), [])
    check_equal("nothing is left beside", sorted(os.listdir(place)),
                ["b", "dangling.md", "elsewhere", "fifo.html", "fifo.md", "link.md", "round.md", "twice.md"])


SMALL = ("case-good", "case-good-dual", "case-null-mx", "case-implicit", "case-mx-one-dead", "case-dual-silent6", "case-dual-nostarttls6",
         "case-mx-servfail", "case-signed")
EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "report_expected.md")
EXPECTED_TABLES = ("T2", "T2-starttls", "T4", "T5", "T11")


def scan_small(lab, folder):
    out = os.path.join(folder, "small")
    done = run("scan", "--quiet", *lab.options, *SHORT_WAITS, "--ehlo-domain", EHLO, "--address-rate", "200/s", "--dns-rate-limit", "0",
               "--tempfail-pause", "0", "--retry-pause", "0", "-o", out, input="".join(f"{name}.mxlab.net\n" for name in SMALL))
    check_equal("small scan for tables: exit code", done.returncode, 0)
    return out


def check_expected(folder, small):
    """A few tables of nine domains, as a person has counted them."""
    tables = os.path.join(folder, "small-tables")
    run("report", "--format", "md", "--tables", tables, "-o", os.path.join(folder, "small.md"), small)
    got = ""
    for name in EXPECTED_TABLES:
        with open(os.path.join(tables, name + ".md"), encoding="utf-8") as file:
            got += file.read()
    with open(EXPECTED, encoding="utf-8") as file:
        want = file.read()
    check("tables as expected (tests/e2e/report_expected.md)", got == want, "\n".join(difflib.unified_diff(want.splitlines(), got.splitlines())))


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
    check("complete: lines on the list", b"2 lines on the list: " in complete.stdout, complete.stdout[:3000])
    check("incomplete: lines with a row, and not the list", b"2 lines with a row: " in done.stdout and b"on the list: " not in done.stdout, done.stdout[:3000])


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
            small = scan_small(lab, folder)
        check_expected(folder, small)
        check_packed(folder, small)
        check_no_room(small)
        check_output_files(folder, small)
        check_options(folder, results)
        check_refusals(folder, results)
        check_damaged(folder, results)
        check_hostile(folder, spoil(results, os.path.join(folder, "spoilt")))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
