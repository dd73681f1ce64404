"""mxcensus show: the report of check, from the results of a scan."""

import glob
import gzip
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, finish, run, side_by_side, start  # noqa: E402

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CASES = ["good", "good-dual", "sni-select", "cert-self-signed", "chain-missing-intermediate", "dane-full", "sts-good", "silent", "tlsa-mismatch",
         "starttls-none", "null-mx", "nxdomain", "tls12"]
PLAIN = re.compile(r"[\n\x20-\x7e\u00a0-\U0010ffff]*")
EVIL = "\x1b[2J\x1b]0;x\x07\r\u202e\u2028<script>alert(1)</script>=cmd|' /C calc'!A0\n\x9b31m"
# As check asks, so that the facts are the same.
LIKE_CHECK = ["--implicit-mx", "dial", "--infer", "off"]
QUICK = ["--address-rate", "0", "--connect-timeout", "2", "--policy-timeout", "4", "--dns-timeout", "1", "--dns-tries", "1",
         "--dns-retry-pause", "0", "--retry-pause", "1", "--probes", "sni,no-sni", "--at", "2026-12-01"]


def name_of(case):
    return f"case-{case}.mxlab.net"


NAMES = [name_of(case) for case in CASES]


def scan(lab, *arguments, names=NAMES):
    done = run("scan", *lab.options, "--ehlo-domain", EHLO, *LIKE_CHECK, *QUICK, "-q", *arguments, input="\n".join(names) + "\n")
    check_equal(f"scan {arguments}: exit code", done.returncode, 0)
    return done.stdout


def scan_in_each_form(lab, folder):
    def in_form(name, *arguments):
        return lambda: scan(lab, "-o", os.path.join(folder, name), *arguments)
    """And the text of check on the same names."""
    checked, *_, rows = side_by_side(
        lambda: run("check", *lab.options, "--ehlo-domain", EHLO, *QUICK, *NAMES).stdout.decode(),
        in_form("results"), in_form("csv", "--format", "csv"), in_form("gzip", "--compress", "gzip"),
                            in_form("zstd", "--compress", "zstd", "--format", "both"), lambda: scan(lab))
    with open(os.path.join(folder, "rows"), "wb") as file:
        file.write(rows)
    return checked


def show(*arguments, code=0, said="", **more):
    done = run("show", *arguments, **more)
    check_equal(f"show {arguments[1:]}: exit code", done.returncode, code)
    check(f"show {arguments[1:]}: standard error", said in done.stderr and bool(said) == bool(done.stderr), done.stderr)
    check(f"show {arguments[1:]}: one line each", "\n\n" not in done.stderr and PLAIN.fullmatch(done.stderr), done.stderr)
    return done.stdout.decode()


def check_same_text(out, checked):
    """The report is that of check, also as JSON but for the clocks."""
    check_equal("the text of check", show(out, *NAMES), checked)
    check_equal("names in any form", show(out, "Case-GOOD.mxlab.net.", "user@case-good.mxlab.net"), "\n\n\n".join([show(out, NAMES[0])[:-1]] * 2) + "\n")
    check_equal("names of standard input", show(out, "-", input="\ufeff# customers\r\n\r\n" + "\r\n".join(NAMES) + "\r\n"), checked)
    check_equal("in the order of the names", show(out, NAMES[1], NAMES[0]), "\n\n\n".join([show(out, NAMES[1])[:-1], show(out, NAMES[0])]))
    documents = [json.loads(line) for line in show(out, "--json", *NAMES).splitlines()]
    check_equal("json: one for each", [d["domain"] for d in documents], NAMES)
    check_equal("json: summaries", [d["summary"].split(": ", 1)[0] for d in documents], NAMES)
    with open(os.path.join(out, "problems.ndjson"), encoding="utf-8") as file:
        problems = [json.loads(line) for line in file]
    for document in documents:
        check_equal(f"json: problems of {document['domain']}", [{k: v for k, v in p.items() if k != "type"} for p in document["rows"]["problems"]],
                    [p for p in problems if p["domain"] == document["domain"]])
    check("json: some have problems", sum(bool(d["rows"]["problems"]) for d in documents) > 3)
    check("json: rows", all(len(d["rows"]["domains"]) == 1 for d in documents) and len(documents[2]["rows"]["chains"]) == 2, documents[2])
    check("verbose: what the server said", "      STARTTLS      220 " in show(out, "-v", NAMES[0]))
    check("color", "\x1b[32m" in run("show", "--color", "always", out, NAMES[0]).stdout.decode())


def check_other_forms(folder, text):
    """Compressed, and as standard output had them."""
    for method in ("gzip", "zstd"):
        check_equal(f"{method}: the same text", show(os.path.join(folder, method), *NAMES), text)
    rows = os.path.join(folder, "rows")
    check_equal("standard output: the same text", show(rows, *NAMES), text)
    with open(rows, "rb") as file, gzip.open(rows + ".gz", "wb") as packed:
        packed.write(file.read())
    check_equal("standard output, compressed: the same text", show(rows + ".gz", *NAMES), text)
    check_equal("standard output: of the folder", run("show", "rows", NAMES[0]).returncode, 2)
    return rows


def check_unknown(out):
    good = show(out, NAMES[0])
    check_equal("unknown: the others are shown", show(out, "elsewhere.example", NAMES[0], code=2, said=f"{out}: no domain 'elsewhere.example'\n"), good)
    show(out, "case-god.mxlab.net", code=2, said="no domain 'case-god.mxlab.net'; did you mean case-good.mxlab.net?\n")
    show(out, "cas-egood.mxlab.net", code=2, said="did you mean case-good.mxlab.net?\n")
    check_equal("unknown: a URL is its host", show(out, f"https://{NAMES[0]}/"), good)
    show(out, "ldap://example.org/", code=2, said="'ldap://example.org/' is not a domain name (url)")
    check_equal("a list goes on behind a bad line", show(out, "-", input=f"ldap://d/\nbad domain\n{NAMES[0]}\n", code=2,
                said="'ldap://d/' is not a domain name (url)\n"), good)
    check_equal("no names: nothing", show(out, "-", input="# none\n"), "")


def check_not_known(out):
    """A policy that we failed to fetch, and an address that was not asked, are said to be so."""
    copied = os.path.join(os.path.dirname(out), "not-known")
    shutil.copytree(out, copied)
    for table, name, fields in (("policies", "sts-good", {"fetch": "local_fault"}),
                                ("domains", "good", {"mx_kind": "implicit", "account": "no_mail", "account_reason": "implicit_not_dialled", "mx": []})):
        path = os.path.join(copied, table + ".ndjson")
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        for row in rows:
            if row.get("domain") == name_of(name):
                row.update(fields)
            if table == "domains" and row.get("domain") == name_of("sts-good"):
                row["mta_sts"]["state"] = "unknown"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    check("a policy that was not fetched", "; the MTA-STS policy was not fetched, for a fault of our own" in
          show(copied, "--brief", name_of("sts-good")))
    check_equal("an implicit MX that was not asked", show(copied, "--brief", name_of("good")), name_of("good") +
                ": not tested: no MX record; mail goes to the domain's own address (--implicit-mx dial tests it)\n")


def check_hosts(out):
    """A host and an address by themselves, with who uses them."""
    host, mismatch, silent = "mx." + name_of("good"), "mx." + name_of("tlsa-mismatch"), "mx." + name_of("silent")
    text = show(out, "--host", host.upper() + ".")
    for part in (f"{host}: nothing to fix: mail is encrypted, the certificate\n  passes verification\n", "  - No failure was seen.\n",
                 f"The mail of 1 domain of the results goes there: {name_of('good')}\n", f"  host {host}\n", "certificate   chain 1: trusted, name matches"):
        check(f"host: {part.strip()}", part in text, text)
    check("host: nothing of a domain", not re.search("MTA-STS  |What senders do|MX 10", text), text)
    with open(os.path.join(out, "hosts.ndjson"), encoding="utf-8") as file:
        addresses = {row["host"]: row["addresses"] for row in map(json.loads, file)}
    by_address = show(out, "--address", addresses[host][0])
    check_equal("address: the same servers", by_address.split("Mail servers")[1], text.split("Mail servers")[1])
    check("address: its name", by_address.startswith(addresses[host][0] + ": nothing to fix"), by_address)
    dual = addresses["mx." + name_of("good-dual")]
    check("address: of several only this one", dual[0] in show(out, "--address", dual[1]) or
          not re.search(f"^    {re.escape(dual[0])} ", show(out, "--address", dual[1]), re.M), dual)
    lost = show(out, "--host", mismatch)
    check("host: senders with DANE", "; senders with DANE cannot deliver\n" in re.sub(r"\n +", " ", lost) and
          "  - Senders with DANE (RFC 7672): no delivery. At the only address.\n" in lost and "No failure" not in lost, lost)
    check("host: a silent one", "Every sender that is treated like this client: no connection." in show(out, "--host", silent))
    document = json.loads(show(out, "--json", "--host", host))
    check_equal("host: json", (document["domain"], document["subject"], document["domains"], len(document["rows"]["endpoints"])), (None, host, 1, 1))
    check_equal("host: brief", show(out, "--brief", "--host", host).count("\n"), 1)
    show(out, "--host", "mx.case-god.mxlab.net", code=2, said="no MX host 'mx.case-god.mxlab.net'; did you mean mx.case-good.mxlab.net?\n")
    show(out, "--address", "192.0.2.99", code=2, said="no address '192.0.2.99'\n")
    show(out, "--address", "host", code=2, said="--address 'host' is not an IPv4 or IPv6 address")
    show(out, "--host", host, "a.example", code=2, said="give one of them")


def check_partner(out):
    """Host, port, names and settings for somebody who demands TLS."""
    wide = {"COLUMNS": "120"}
    for case, parts in (
            ("good", ("  mx.{0} port 25, STARTTLS (", "    versions   TLSv1.3; others were not asked for\n", "    names      mx.{0}\n",
                      "    verification passes with the name of the host\n", "  TLS can be demanded, with verification\n",
                      "    Postfix    smtp_tls_policy_maps: {0} secure match=mx.{0}\n", "RequireTLS, TlsAuthLevel DomainValidation, TlsDomain one of mx.{0}\n")),
            ("dane-full", ("    with DANE  smtp_tls_policy_maps: {0} dane-only\n",)),
            ("cert-self-signed", ("    verification fails: chain self_signed, name match\n", "smtp_tls_policy_maps: {0} encrypt\n")),
            ("starttls-none", (": no TLS, starttls_not_offered\n", "  TLS cannot be demanded as things are\n")),
            ("silent", (": not known, connect_timeout\n", "  It is not known whether TLS can be demanded\n"))):
        text = show(out, "--partner", name_of(case), more=wide)
        for part in parts:
            check(f"partner: {case}: {part.strip()}", part.format(name_of(case)) in text, text)
        check(f"partner: {case}: only if asked", "partner" not in show(out, name_of(case)))


def check_causes(out):
    """What is to be mended, and for whom."""
    with open(os.path.join(out, "causes.ndjson"), encoding="utf-8") as file:
        causes = {row["cause"]: row for row in map(json.loads, file)}
    with open(os.path.join(out, "problems.ndjson"), encoding="utf-8") as file:
        problems = [json.loads(line) for line in file]
    check("cause: there are some", len(causes) > 3, causes)
    for key, row in causes.items():
        text = show(out, "--cause", key, more={"COLUMNS": "120"})
        of = [p["domain"] for p in problems if key in p["causes"]]
        check_equal(f"cause {key}: domain_count", len(of), row["domain_count"])
        check(f"cause {key}: the domains", text.split(f"({row['domain_count']})\n")[1].split("and ")[0].split() == of, (text, of))
        check(f"cause {key}: effect and fix", f"  effect     {row['effect']}: " in text and row["fix"] in re.sub(r"\s+", " ", text), text)
    key = next(iter(causes))
    check_equal("cause: json", json.loads(show(out, "--json", "--cause", key))["cause"], key)
    show(out, "--cause", key + "x", code=2, said=f"no cause '{key}x'; did you mean {key}?\n")


def kill_scan(lab, out, *more):
    """When the first domain has its row, and before the second."""
    process = start("scan", *lab.options, "--ehlo-domain", EHLO, *LIKE_CHECK, *QUICK, "--connect-timeout", "60", "-q", *more, "-o", out)
    process.stdin.write(f"{NAMES[0]}\n{name_of('silent')}\n".encode())
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and run("show", out, NAMES[0]).returncode != 0:
        time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def check_incomplete(lab, folder):
    out = os.path.join(folder, "killed")
    kill_scan(lab, out)
    text = show(out, NAMES[0], said=f"{out}: incomplete: ")
    check("incomplete: the finished one is shown", text.startswith(NAMES[0] + ": "), text)
    check("incomplete: and its chain", "chain 1: trusted" in text and "row is missing" not in text, text)
    show(out, name_of("silent"), code=2, said="no domain")
    check("incomplete, full rows: what becomes of mail", "Nothing: every address encrypts" in text, text)


def check_incomplete_lean(lab, folder):
    """Rows of less than full detail say what becomes of mail at the end of the scan: before it they do not, and it is said."""
    for detail, todo in (("normal", "read what 'mxcensus analyze' makes of them, or go on with 'mxcensus scan --resume'"), ("summary", "scan again")):
        out = os.path.join(folder, "killed-" + detail)
        kill_scan(lab, out, "--detail", detail)
        text = show(out, NAMES[0], said=f"{out}: incomplete: the scan did not come to its end, and no row says what becomes of mail before the scan ends")
        check(f"incomplete, {detail}: not known who fails", "Not known: it is written when the scan ends." in text and "No failure" not in text, text)
        for format_ in ("csv", "md"):
            done = run("report", "--format", format_, out)
            check(f"incomplete, {detail}: report --format {format_} says what to do in one line",
                  done.returncode == 0 and done.stderr.startswith(f"mxcensus: {out}: no row says") and done.stderr.endswith(todo + "\n") and done.stderr.count("\n") == 1,
                  done.stderr)
        check(f"incomplete, {detail}: and so does the report", "nor is what becomes of mail" in done.stdout.decode(), done.stdout[:2000])
    again = os.path.join(folder, "killed-analyzed")
    check_equal("incomplete, analyzed: exit code", run("analyze", "-q", "-o", again, os.path.join(folder, "killed-normal")).returncode, 0)
    text = show(again, NAMES[0], said=f"{again}: incomplete: the scan did not come to its end, and more may be missing\n")
    check("incomplete, analyzed: what becomes of mail", "Nothing: every address encrypts" in text, text)
    done = run("report", "--format", "csv", again)
    check_equal("incomplete, analyzed: nothing lacks", (done.returncode, done.stderr), (0, ""))


def check_bare(out, folder):
    """Tables without what tells of them (issue 12: works, marked incomplete): rows are read, and what no row says is not known."""
    bare = os.path.join(folder, "bare")
    os.mkdir(bare)
    for path in glob.glob(os.path.join(out, "*.ndjson")):
        shutil.copy(path, bare)
    text = show(bare, NAMES[0], said=f"{bare}: incomplete: ")
    marked = [line for line in text.splitlines() if "incomplete" not in line.lower()]
    check_equal("bare tables: the report of a domain, but for the mark", marked, show(out, NAMES[0]).splitlines())
    page = os.path.join(folder, "bare-page.html")
    check_equal("bare tables: report", run("report", "-o", page, bare).returncode, 0)
    with open(page, encoding="utf-8") as file:
        html = file.read()
    for part in ("Scanned at a time that is not known;", "<strong>Incomplete.</strong> There is neither manifest.json nor started.json", "a list that is not known"):
        check(f"bare tables: the page says {part}", part in html, html[:3000])
    check("bare tables: no date of the beginning of time", "1970" not in html)
    for format_ in ("md", "latex"):
        done = run("report", "--format", format_, bare)
        check(f"bare tables: report as {format_}", done.returncode == 0 and b"Scanned at a time that is not known" in done.stdout, done.stderr)
    for old, new, which in ((bare, out, "OLD"), (out, bare, "NEW"), (bare, bare, "OLD and NEW")):
        done = run("diff", "--format", "ndjson", old, new)
        head = json.loads(done.stdout.splitlines()[0])
        check_equal(f"bare tables: diff, {which} is bare: nothing has changed", (done.returncode, done.stdout.count(b'"type":"change"')), (0, 0))
        check_equal(f"bare tables: diff, {which} is bare", [side for side in ("old", "new") if head[side]["started"] is None],
                    [side for side, path in (("old", old), ("new", new)) if path == bare])
        check(f"bare tables: diff, {which}: says so", any(note.startswith(f"Of {which} there is neither manifest.json") for note in head["notes"]), head)
        check(f"bare tables: diff, {which}: as text", b"scanned at a time that is not known" in run("diff", old, new).stdout)
    for command in (("analyze", "-o", os.path.join(folder, "judged"), bare), ("scan", "--resume", bare)):
        done = run(*command)
        check_equal(f"bare tables: {command[0]} refuses", (done.returncode, done.stdout), (2, b""))
        check_equal(f"bare tables: {command[0]} says", done.stderr,
                    f"mxcensus: {bare}: no results of a scan: it has neither manifest.json nor started.json; "
                    "of the tables alone, report, show and diff can be made\n")
    for path in glob.glob(os.path.join(bare, "*.ndjson")):
        with open(path, "rb") as plain, gzip.open(path + ".gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        os.remove(path)
    check_equal("bare tables, compressed by hand", show(bare, NAMES[0], said="incomplete: "), text)
    os.remove(os.path.join(bare, "domains.ndjson.gz"))
    show(bare, NAMES[0], code=2, said=f"{bare}: there is no domains.ndjson, which is needed")
    with open(os.path.join(bare, "manifest.json"), "w", encoding="ascii") as file:
        file.write("{")
    show(bare, NAMES[0], code=2, said="manifest.json: ")


def check_removed(out, folder):
    """A table that the manifest names and that is no longer there: which one, and what makes it anew."""
    for table, more in (("problems", "; mxcensus analyze makes it anew from the other tables"), ("hosts", "")):
        part = os.path.join(folder, "without-" + table)
        shutil.copytree(out, part)
        os.remove(os.path.join(part, table + ".ndjson"))
        for command in (("show", "--json", part, NAMES[0]), ("report", "-o", os.path.join(folder, "removed.html"), part)):
            done = run(*command)
            check_equal(f"{table} removed: {command[0]}", done.stderr, f"mxcensus: {part}/{table}.ndjson: No such file or directory{more}\n")
            check(f"{table} removed: {command[0]} fails", done.returncode in (1, 2), done.returncode)
    again = os.path.join(folder, "with-problems")
    check_equal("problems removed: analyze", run("analyze", "-q", "-o", again, os.path.join(folder, "without-problems")).returncode, 0)
    with open(os.path.join(again, "problems.ndjson"), "rb") as made, open(os.path.join(out, "problems.ndjson"), "rb") as was:
        check("problems removed: analyze makes them anew", made.read() == was.read())


def check_changed(out, folder):
    """A word or rows changed by hand: the file, the line, and what it is; as report says it."""
    changed = os.path.join(folder, "changed")
    shutil.copytree(out, changed)
    path = os.path.join(changed, "domains.ndjson")
    with open(path, "rb") as file:
        lines = file.readlines()
    number = next(n for n, line in enumerate(lines) if f'"domain":"{NAMES[0]}"'.encode() in line)

    def write(rows):
        with open(path, "wb") as file:
            file.writelines(rows)

    word = re.sub(rb'"effect":(null|"[a-z_]+")', b'"effect":"nothing"', lines[number])
    check("changed: a word", word != lines[number])
    write([*lines[:number], word, *lines[number + 1:]])
    said = f"mxcensus: {path}, line {number + 1}: domains.effect has a word that this version does not know\n"
    for command in (("show", changed, NAMES[0]), ("report", changed)):
        done = run(*command)
        check_equal(f"changed: {command[0]}", (done.returncode, done.stderr), (2, said))
    write([*lines[:number], *lines[number + 1:]])
    said = f"mxcensus: {path}: has {len(lines) - 1} rows, but {len(lines)} when the scan ended\n"
    for command in (("show", changed, NAMES[0]), ("show", changed, "elsewhere.example"), ("report", changed)):
        done = run(*command)
        check_equal(f"a row less: {command[0]}", (done.returncode, done.stderr), (2, said))


def check_blanks(folder, rows, out):
    """Rows as others write JSON (RFC 8259 section 2): what is looked for in them is found all the same."""
    host = "mx." + name_of("good")
    with open(os.path.join(out, "causes.ndjson"), encoding="utf-8") as file:
        cause = json.loads(file.readline())["cause"]
    with open(rows, encoding="utf-8") as file:
        parsed = [json.loads(line) for line in file]
    address = next(row["addresses"][0] for row in parsed if row["type"] == "hosts" and row["host"] == host)
    for what, separators in (("behind", (", ", ": ")), ("around", (" , ", " :\t"))):
        blanks = os.path.join(folder, "blanks-" + what)
        with open(blanks, "w", encoding="utf-8") as file:
            for row in parsed:
                file.write(json.dumps(row, separators=separators, ensure_ascii=False) + "\n")
        for words in (("--host", host), ("--address", address), ("--cause", cause), (NAMES[0],)):
            check_equal(f"blanks {what} colons: {words}", show(blanks, *words), show(rows, *words))


def check_bad(folder, rows):
    missing = os.path.join(folder, "missing")
    show(missing, "a.example", code=2, said=missing)
    show(folder, "a.example", code=2, said="no results of a scan")
    show(os.path.join(folder, "csv"), NAMES[0], code=2, said="its rows are CSV alone")
    with open(rows, "rb") as file:
        octets = file.read()
    for what, text, said in (("cut", octets[:-40], "ends inside the line"),
                             ("foreign", b'{"a":1}\n', "line 1: not a row"),
                             ("text", b"hello\n", "line 1: not a row"),
                             ("empty", b"", "no domain")):
        bad = os.path.join(folder, what)
        with open(bad, "wb") as file:
            file.write(text)
        show(bad, "nobody.example", code=2, said=said)
    broken = os.path.join(folder, "broken")
    with open(broken, "wb") as file:
        file.write(b'{"type":"domains","schema":1,"input_line":1,"domain":"a.example","mx":7}\n')
    show(broken, "a.example", code=2, said="domains.mx")
    check_equal("a closed standard output", run("-c", 'exec "$0" show "$1" "$2" >&-', MXCENSUS, rows, NAMES[0], program="sh").returncode, 3)


def foreign_columns():
    """The names of columns that others have written, by the definitions."""
    names = set()
    for path in glob.glob(os.path.join(SOURCE, "output", "tables", "*.def")):
        with open(path, encoding="utf-8") as file:
            names |= set(re.findall(r'COLUMN\(\w+, \w+, "(\w+)", FOREIGN', file.read()))
    return names


def poison(value, names, key=None):
    if isinstance(value, dict):
        return {k: poison(v, names, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, names, key) for v in value]
    return EVIL if isinstance(value, str) and key in names else value


def check_hostile(folder, rows):
    """No octet of a peer commands the terminal, in whatever column it comes."""
    names = foreign_columns()
    check("hostile: columns", {"evidence", "subject_dn", "names", "text", "input", "mta_sts_txt"} <= names, names)
    hostile = os.path.join(folder, "hostile")
    with open(rows, encoding="utf-8") as file, open(hostile, "w", encoding="ascii") as out:
        for line in file:
            out.write(json.dumps(poison(json.loads(line), names), separators=(",", ":")) + "\n")
    for options in ([], ["-v"], ["-v", "--color", "always"]):
        done = run("show", *options, hostile, *NAMES)
        text = re.sub("\x1b\\[[0-9]+m", "", done.stdout.decode()) if "--color" in options else done.stdout.decode()
        check_equal(f"hostile {options}: exit code", done.returncode, 0)
        check(f"hostile {options}: is there, and harmless", "script" in text and PLAIN.fullmatch(text), text)
        check(f"hostile {options}: nothing turns the text", not re.search("[\u202a-\u202e\u2066-\u2069\u2028\x80-\x9f]", text), text)


def main():
    with Lab(10) as lab, tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "results")
        text = scan_in_each_form(lab, folder)
        check_same_text(out, text)
        rows = check_other_forms(folder, text)
        check_unknown(out)
        check_not_known(out)
        check_hosts(out)
        check_causes(out)
        check_partner(out)
        check_incomplete(lab, folder)
        check_incomplete_lean(lab, folder)
        check_bare(out, folder)
        check_removed(out, folder)
        check_changed(out, folder)
        check_blanks(folder, rows, out)
        check_bad(folder, rows)
        check_hostile(folder, rows)
    finish()


if __name__ == "__main__":
    main()
