"""mxcensus check against the lab: the report, its JSON, streams and exit codes."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, environment, finish, run, side_by_side  # noqa: E402

# Case of the lab, what the first line says, codes that must be told (and no other error).
CASES = [
    ("good", "nothing to fix: mail is encrypted, the certificate passes verification", []),
    ("good-dual", "nothing to fix: mail is encrypted, certificates pass verification at all 2 addresses", []),
    ("cert-self-signed", "1 error: mail is encrypted, the certificate fails verification; senders that verify certificates "
     "cannot deliver: kumomta-default, postfix-secure, postfix-verify, strict-pkix", ["chain.self_signed"]),
    ("cert-other-name", "1 error: mail is encrypted, the certificate is not for the MX host; senders that verify certificates cannot", ["name.mismatch"]),
    ("dual-cert6", "certificates pass verification at 1 of 2 addresses", ["chain.self_signed", "parity.certificate"]),
    ("sni-select", "1 warning: mail is encrypted, the certificate passes verification", ["sni.needed"]),
    ("tlsa-mismatch", "2 errors: senders with DANE cannot deliver: exchange-online, exim-dane, gmx, mox, postfix-dane and 2 more; "
     "others encrypt, the certificate passes verification", ["dane.mismatch", "dane.undeliverable"]),
    ("sts-mx-typo", "senders with MTA-STS cannot deliver: exchange-online, gmail, kumomta-default, mox, postfix-sts-plugin;",
     ["sts.mx_not_covered", "sts.delivery_failure"]),
    ("starttls-none", "1 error: mail is sent in cleartext; senders that require TLS cannot deliver: postfix-encrypt,", ["starttls.not_offered"]),
    ("refused", "no sender can deliver: no connection", ["smtp.connect_refused", "mx.none_reachable"]),
    ("silent", "no server could be tested (1 address), so it is not known whether mail arrives", ["smtp.connect_timeout", "mx.none_reachable"]),
    ("implicit", "mail is encrypted, the certificate passes verification", []),
    ("null-mx", "accepts no mail (null MX, RFC 7505)", []),
    ("nxdomain", "the domain does not exist", ["mx.nxdomain"]),
    ("servfail", "the mail servers could not be resolved (DNS: servfail)", ["dns.mx_servfail"]),
]
FINDING = re.compile(r"^  (error|warning|notice|info) ([a-z_0-9]+\.[a-z_0-9]+):", re.M)
PLAIN = re.compile(r"[\n\x20-\x7e\u00a0-\U0010ffff]*")


def name_of(case):
    return f"case-{case}.mxlab.net"


def unwrapped(text):
    return re.sub(r"\s+", " ", text)


def check_domains(lab, *arguments):
    """Without the probe for versions, so that only what a case is made for is found."""
    return run("check", *lab.options, "--ehlo-domain", EHLO, "--address-rate", "0", "--connect-timeout", "2", "--policy-timeout", "4",
               "--dns-timeout", "1", "--dns-tries", "1", "--dns-retry-pause", "0", "--probes", "sni,no-sni", *arguments)


def check_list(lab, text, *more):
    return run("check", *lab.options, "--ehlo-domain", EHLO, "--brief", "-", *more, input=text)


def split_reports(text):
    """The report of each domain: they are two blank lines apart."""
    return text.rstrip("\n").split("\n\n\n")


def check_reports(lab):
    done = check_domains(lab, *[name_of(case) for case, *_ in CASES])
    text = done.stdout.decode("utf-8")
    check_equal("reports: exit code", done.returncode, 0)
    check_equal("reports: nothing on standard error", done.stderr, "")
    check("reports: no control characters", PLAIN.fullmatch(text), text)
    check("reports: at most 80 columns", max(map(len, text.splitlines())) <= 80, text)
    reports = split_reports(text)
    if not check_equal("reports: one for each domain", len(reports), len(CASES)):
        return
    for (case, headline, codes), report in zip(CASES, reports):
        first = unwrapped(report.split("\n\n")[0])
        check(f"{case}: begins with its name", first.startswith(name_of(case) + ": "), first)
        check(f"{case}: headline", headline in first, first)
        told = FINDING.findall(report)
        for code in codes:
            check(f"{case}: tells {code}", code in [c for _, c in told], report)
        check(f"{case}: no other error", all(s != "error" or c in codes for s, c in told), told)
        check(f"{case}: no notes unless asked", all(s != "info" for s, _ in told), told)
    by_case = dict(zip([case for case, *_ in CASES], reports))
    good = by_case["good"]
    for part in ("What fails for whom\n  - Nothing:", "MX 10 mx.case-good.mxlab.net\n", "encrypted: TLSv1.3, ", "\nFor senders that verify certificates, mail suffers from ",
                 "chain 1: trusted, name matches\n", " days left\n",
                 "      leaf CN=mx.case-good.mxlab.net\n      \u2514\u2500 intermediate ", "anchor CN="):
        check(f"good: shows '{part}'", part in good, good)
    for case, part in (("silent", "Every sender that is treated like this client: no connection. At the only address."), ("starttls-none", "Every sender: no encryption."),
                       ("tlsa-mismatch", "Senders with DANE (exchange-online,"),
                       ("cert-self-signed", "Senders that verify certificates"), ("cert-self-signed", " fix: "),
                       ("sni-select", " without SNI chain 2: "), ("sni-select", "Senders without SNI: another")):
        check(f"{case}: shows '{part}'", part in unwrapped(by_case[case]), by_case[case])


def check_words(lab):
    """Every word of the command line gets its line, in order."""
    null = name_of("null-mx")
    words = [null, "NULL-mx.case", null.upper() + ".", "# x", "a,b", "", "domain", '"', "192.0.2.1"]
    done = check_domains(lab, *words)
    reports = split_reports(done.stdout.decode("utf-8"))
    check_equal("words: exit code", done.returncode, 0)
    check_equal("words: a report for each", len(reports), len(words))
    check_equal("words: the repeated one", reports[2].split("\n")[0], f"{null}: repeated; see above")
    for word, report in zip(words[3:6] + words[7:], reports[3:6] + reports[7:]):
        check(f"words: '{word}' is no domain", "not a domain name" in report, report)


def check_json(lab):
    done = check_domains(lab, "--json", name_of("good"), name_of("nxdomain"), name_of("sni-select"))
    check_equal("json: exit code", done.returncode, 0)
    check_equal("json: standard error", done.stderr, "")
    documents = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    check_equal("json: documents", [d["domain"] for d in documents],
                [name_of("good"), name_of("nxdomain"), name_of("sni-select")])
    good, gone, sni = documents
    check_equal("json: tables", list(good["rows"]),
                ["domains", "hosts", "services", "endpoints", "policies", "policy_bodies", "chains", "issuers",
                 "completions", "certificates", "problems"])
    check_equal("json: rows of a good one", [len(rows) for rows in good["rows"].values()][:7], [1, 1, 1, 1, 0, 0, 1])
    check("json: certificates", len(good["rows"]["certificates"]) >= 2, good)
    check_equal("json: no rows beyond the domain and its problem", {table: len(rows) for table, rows in gone["rows"].items() if rows},
                {"domains": 1, "problems": 1})
    check_equal("json: codes", (gone["codes"]["error"], sni["codes"]["warning"]), (1, 1))
    check_equal("json: both chains", len(sni["rows"]["chains"]), 2)
    check_equal("json: summary", good["summary"], f"{name_of('good')}: {CASES[0][1]}")


def check_options(lab):
    good = name_of("good")
    verbose = check_domains(lab, "-v", good).stdout.decode("utf-8")
    check("verbose: what the server said", "      STARTTLS      220 " in verbose, verbose)
    versions = run("check", *lab.options, "--ehlo-domain", EHLO, name_of("tls12")).stdout.decode("utf-8")
    check("probes: versions unless told otherwise", re.search("^      accepts .*TLSv1.2$", versions, re.M), versions)
    keys = check_domains(lab, "--probes", "sni,ecdsa-rsa", good).stdout.decode("utf-8")
    check("probes: the other key", "      other key     RSA only: " in keys, keys)
    colored = check_domains(lab, "--color", "always", good).stdout.decode("utf-8")
    plain = check_domains(lab, good).stdout.decode("utf-8")
    check("color: always", "\x1b[32m" in colored, colored)
    check_equal("color: changes nothing else", re.sub("\x1b\\[[0-9]+m", "", colored), plain)
    later = check_domains(lab, "--at", "2060-01-01", good)
    check("at: all have expired by then", "chain.expired" in later.stdout.decode("utf-8"), later.stdout)
    both = check_domains(lab, "--json", "--root-cas", "again=" + os.path.join(lab.state, "roots.pem"), good)
    chain = json.loads(both.stdout)["rows"]["chains"][0]
    check("root-cas: one more store", "again" in chain["trusted_by"] and len(chain["verdicts"]) >= 2, chain)


def check_hosts(lab):
    """A server before its MX is switched: alone, and as the MX of a domain."""
    bad, sts, dane = "mx." + name_of("cert-self-signed"), name_of("sts-good"), "mx." + name_of("dane-full")
    alone = check_domains(lab, "--host", bad).stdout.decode("utf-8")
    for part in (f"{bad}: 1 error: mail is encrypted, the certificate fails verification;", f"\nThe server alone, without a domain: {bad}\n",
                 f"\n  host {bad}\n", "\n  DANE      no MX host has TLSA records\n", "error chain.self_signed"):
        check(f"host alone: {part}", part in alone or part in unwrapped(alone), alone)
    check("host alone: nothing of policies", not re.search("MTA-STS  |TLS-RPT|Ready|sts\\.|tlsrpt\\.", alone), alone)
    staged = check_domains(lab, "--host", bad, sts).stdout.decode("utf-8")
    for part in (f"{sts}: 4 errors,", "senders with MTA-STS cannot deliver: exchange-online,", f"as if the MX were {bad} ",
                 f"0 of 1 mail servers pass; no pattern matches {bad}", "error sts.mx_not_covered"):
        check(f"host of a domain: {part}", part in unwrapped(staged), staged)
    both = run("check", *lab.options, "--ehlo-domain", EHLO, "--json", "--host", dane, "--host", f"{bad}=11.0.0.1:2599", "--port-map", "2599=25",
               name_of("good"))
    document = json.loads(both.stdout)
    mx = document["rows"]["domains"][0]["mx"]
    check_equal("hosts: preferences and names", [(m["preference"], m["host"]) for m in mx], [(10, dane), (20, bad)])
    check_equal("hosts: the address given", [e["address"] for e in mx[1]["endpoints"]], ["11.0.0.1"])
    check_equal("hosts: the TLSA records of the one that has some", mx[0]["endpoints"][0]["dane"], "match")
    check_equal("hosts: said so", document["as_if"], [f"{dane}, port 2599 in place of 25", f"{bad} (11.0.0.1), port 2599 in place of 25"])
    brief = check_domains(lab, "--brief", "--host", bad, sts).stdout.decode("utf-8")
    check("host of a domain: brief: policy at risk, and as if", brief.startswith(f"{sts}: policy_risk: 4 errors") and
          brief.count("\n") == 1 and f"; not as in DNS, but as if the MX were {bad}\n" in brief, brief)
    brief = check_domains(lab, "--brief", "--host", bad).stdout.decode("utf-8")
    check("host alone: brief", brief.endswith(f"; the server alone, without a domain: {bad}\n"), brief)
    document = json.loads(check_domains(lab, "--json", "--host", bad, sts).stdout)
    problems = document["rows"]["problems"]
    check("json: problems, the worst first", problems and problems[0]["effect"] == document["rows"]["domains"][0]["effect"] == "policy_risk" and
          {p["domain"] for p in problems} == {sts}, problems)
    gone = check_domains(lab, "--host", "mx.nowhere.mxlab.net", name_of("good")).stdout.decode("utf-8")
    check("a host without address", "no address (A: nxdomain, AAAA: nxdomain)" in unwrapped(gone), gone)
    absent = check_domains(lab, "--host", bad, name_of("nxdomain")).stdout.decode("utf-8")
    check("a domain that is not there yet", f"{name_of('nxdomain')}: 1 error: mail is encrypted" in unwrapped(absent), absent)


def write_chain(lab, domain, path, first=0):
    """What the server of a domain presents, as PEM, from the rows; --pem prints the same."""
    rows = json.loads(check_domains(lab, "--json", domain).stdout)["rows"]
    raw = {c["fingerprint_sha256"]: c["raw"] for c in rows["certificates"]}
    with open(path, "w", encoding="ascii") as file:
        for fingerprint in rows["chains"][0]["certificates"][first:]:
            file.write(f"-----BEGIN CERTIFICATE-----\n{textwrap.fill(raw[fingerprint], 64)}\n-----END CERTIFICATE-----\n")
    with open(path, encoding="ascii") as file:
        return file.read()


def key_digest(pem, digest="sha256"):
    """Of the SubjectPublicKeyInfo of the first certificate, as OpenSSL has it."""
    key = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=pem.encode(), stdout=subprocess.PIPE, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, stdout=subprocess.PIPE, check=True).stdout
    return hashlib.new(digest, der).hexdigest()


def outcomes_of(done):
    row = json.loads(done.stdout)["rows"]["domains"][0]
    return [(o["profile"], o["best"], o["worst"], (o["decided_by"] or "").split(" ")[-1]) for o in row["outcomes"]]


def check_certificates(lab, folder):
    """What a chain would meet that is about to be installed; and the records that go with it."""
    dane, good, bad, sts = name_of("dane-311"), name_of("good"), name_of("cert-self-signed"), name_of("sts-good")
    own, other, leaf = (os.path.join(folder, name) for name in ("own.pem", "other.pem", "leaf.pem"))
    own_pem, other_pem = write_chain(lab, dane, own), write_chain(lab, good, other)
    record = f"    _25._tcp.mx.{dane}. IN TLSA 3 1 1 {key_digest(own_pem)} ; the key of the server, published\n"
    issuer = f"    _25._tcp.mx.{dane}. IN TLSA 2 1 1 {key_digest(own_pem[own_pem.index('-----END'):])} ; the key of its issuer\n"
    kept = check_domains(lab, "--certificate", own, dane).stdout.decode("utf-8")
    for part in (f"  mx.{dane}: passes: chain trusted, name match, DANE match\n", record, issuer, "install it at any time"):
        check(f"certificate: of the same key: {part.strip()}", part in kept or part in unwrapped(kept), kept)
    shown = check_domains(lab, "--tlsa", "--pem", dane).stdout.decode("utf-8")
    check("tlsa: the same records", record in shown and issuer in shown and "installed" not in shown, shown)
    check("pem: as presented", own_pem in shown, shown)
    strong = name_of("dane-312")  # RFC 7671 section 9: beside 3 1 2, senders need not look at 3 1 1
    for options, pem, published in ((("--tlsa",), write_chain(lab, strong, own + "-312"), ", published"), (("--certificate", other), other_pem, "")):
        shown = check_domains(lab, *options, strong).stdout.decode("utf-8")
        for part in (f"    _25._tcp.mx.{strong}. IN TLSA 3 1 1 {key_digest(pem)} ; the key of the server\n",
                     f"    _25._tcp.mx.{strong}. IN TLSA 3 1 2 {key_digest(pem, 'sha512')} ; the key of the server{published}, as senders may look at nothing but SHA-512"):
            check(f"tlsa: 3 1 2 is published: {options}: {part[:70]}", part in shown, shown)
        check(f"tlsa: 3 1 2 is published: nothing of usage 2 is: {options}", "TLSA 2 1 2" not in shown, shown)
    check("tlsa: 3 1 2 is published: the order names all digests", "1. Publish the records of usage 3 above with all digests" in unwrapped(shown), shown)
    lost = check_domains(lab, "--certificate", other, dane).stdout.decode("utf-8")
    for part in (f"As if the mail servers presented {other};", "senders with DANE cannot deliver: exchange-online,",
                 f"mx.{dane}: does not pass: chain trusted, name mismatch, DANE mismatch",
                 f"TLSA 3 1 1 asks for the key of the server with SHA-256 {key_digest(own_pem)} ",
                 f"_25._tcp.mx.{dane}. IN TLSA 3 1 1 {key_digest(other_pem)} ; the key of the server ", "1. Publish the record 3 1 1 above",
                 "2. Wait until no cache", "3. Install the certificate", "4. Remove the records", "error dane.mismatch"):
        check(f"certificate: of another key: {part}", part in unwrapped(lost), lost)
    covered = check_domains(lab, "--certificate", other, sts).stdout.decode("utf-8")
    check("certificate: and MTA-STS", "does not pass: chain trusted, name mismatch, MTA-STS policy (enforce) covers it" in unwrapped(covered), covered)
    write_chain(lab, good, leaf)
    with open(leaf, "w", encoding="ascii") as file:
        file.write(other_pem[:other_pem.index("-----END CERTIFICATE-----\n") + 26])
    alone = check_domains(lab, "--certificate", leaf, good).stdout.decode("utf-8")
    check("certificate: its issuer is missing", re.search("does not pass: chain (missing_intermediate|issuer_unknown), name match", alone), alone)
    # A server that presents it under that name gets the same outcomes.
    as_if = check_domains(lab, "--json", "--certificate", other, "--host", f"mx.{bad}", bad)
    real = check_domains(lab, "--json", "--host", f"mx.{bad}=11.0.0.1", bad)
    check_equal("certificate: the outcomes of a server that has it", outcomes_of(as_if), outcomes_of(real))
    check_equal("certificate: json", (json.loads(as_if.stdout)["certificate"], json.loads(real.stdout)["certificate"]), (other, None))
    for case, why in (("refused", "refused: "), ("tls-alert-handshake", "alert handshake_failure"), ("starttls-none", "starttls_not_offered: ")):
        nobody = unwrapped(check_domains(lab, "--certificate", other, name_of(case)).stdout.decode("utf-8"))
        said = re.search(f"installed mx.{name_of(case)}: not known, as no certificate was presented: 11[0-9.]+ (.*?) What fails", nobody)
        check(f"certificate: why it is not known: {case}", said and why in said.group(1), nobody)
    der, pkcs12 = os.path.join(folder, "own.der"), os.path.join(folder, "own.p12")
    subprocess.run(["openssl", "x509", "-in", own, "-outform", "DER", "-out", der], check=True)
    subprocess.run(["openssl", "pkcs12", "-export", "-nokeys", "-in", own, "-passout", "pass:", "-out", pkcs12], check=True)
    for path, what in ((der, "a DER certificate"), (pkcs12, "a PKCS#12 file")):
        done = check_domains(lab, "--certificate", path, good)
        check_equal(f"certificate: {what}: refused", (done.returncode, done.stdout, done.stderr.count("\n")), (2, b"", 1))
        command = re.search(f"--certificate {re.escape(path)}: {re.escape(what)}, where PEM is needed; convert it: (openssl .*)\n", done.stderr)
        if check(f"certificate: {what}: how to convert it", command, done.stderr):
            words = command.group(1).replace("chain.pem", leaf).split(" ") + (["-passin", "pass:"] if path == pkcs12 else [])
            subprocess.run(words, check=True)
            check_equal(f"certificate: {what}: converted", check_domains(lab, "--certificate", leaf, good).returncode, 0)
    for path, said in ((os.path.join(folder, "none"), "No such file"), (lab.list_path, "no certificate in it")):
        done = check_domains(lab, "--certificate", path, good)
        check(f"certificate: {said}", done.returncode == 2 and said in done.stderr and path in done.stderr and not done.stdout, done.stderr)
    with open(own, "w", encoding="ascii") as file:
        file.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    damaged = check_domains(lab, "--certificate", own, good)
    check("certificate: damaged", damaged.returncode == 2 and f"--certificate {own}: " in damaged.stderr, damaged.stderr)


def check_lists(lab):
    """Names on standard input, one line each, and what is left out."""
    good, bad, null = name_of("good"), name_of("cert-self-signed"), name_of("null-mx")
    brief = check_list(lab, f"# ours\r\n\n{good}\r\n{bad}\n", null)
    lines = brief.stdout.decode("utf-8").splitlines()
    check_equal("brief: one line each", [line.split(":")[0] for line in lines], [good, bad, null])
    check_equal("brief: the effect", [line.split(": ")[1] for line in lines], ["hygiene", "strict_risk", "no_mail"])
    check("brief: what and who", lines[1].endswith("cannot deliver: kumomta-default, postfix-secure, postfix-verify, strict-pkix; "
                                                    "not known of 1 of 23 kinds of senders"), lines)
    quiet = check_domains(lab, "-q", good, bad, null).stdout.decode("utf-8")
    check("quiet: only what is wrong", quiet.startswith(bad + ": 1 error") and good + ":" not in quiet and null not in quiet, quiet)
    check_equal("quiet: nothing where all is well", check_domains(lab, "-q", good, null).stdout, b"")
    check_equal("quiet: the exit code says it", check_domains(lab, "-q", "--brief", "--fail-on", "error", bad).returncode, 10)
    url = check_domains(lab, "-q", "--brief", f"http://{bad}:80/x").stdout.decode("utf-8")
    check("url: its host is the domain", url.startswith(bad + ": "), url)
    mixed = check_list(lab, f"{good}\nldap://d/\nbad domain\n{null}\n")
    check_equal("bad lines of a list: exit code", mixed.returncode, 0)
    check_equal("bad lines of a list: one line each", [line.split(": ", 1)[0] for line in mixed.stdout.decode("utf-8").splitlines()],
                [good, "ldap://d/", "bad domain", null])
    check_equal("bad lines of a list: told", mixed.stdout.decode("utf-8").count("not a domain name"), 2)
    check_equal("nobody on the list", check_domains(lab, "-").returncode, 2)


def check_exit_codes(lab):
    bad, good = name_of("cert-self-signed"), name_of("good")
    for what, arguments, want in (("an error", ["--fail-on", "error", good, bad], 10),
                                  ("no error", ["--fail-on", "error", good], 0),
                                  ("a warning is no error", ["--fail-on", "error", name_of("sni-select")], 0),
                                  ("a warning", ["--fail-on", "warning", name_of("sni-select")], 10),
                                  ("an error is a warning", ["--fail-on", "warning", bad], 10),
                                  ("without --fail-on", [bad], 0)):
        # What is presented without SNI counts for the exit code as it does in a scan.
        done = check_domains(lab, *arguments)
        check_equal(f"exit code: {what}", done.returncode, want)
    scanned = run("scan", *lab.options, "--ehlo-domain", EHLO, "--fail-on", "error", input=bad + "\n")
    check_equal("exit code: of a scan", scanned.returncode, 10)


def check_streams(lab):
    command = [MXCENSUS, "check", *lab.options, "--ehlo-domain", EHLO, name_of("good")]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, env=environment(), check=False)
    os.close(writer)
    check_equal("nobody reads: exit code", done.returncode, 141)
    check_equal("nobody reads: nothing is said of it", done.stderr.decode(), "")
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, timeout=60,
                            env=environment(), check=False)
    check_equal("closed: exit code", closed.returncode, 3)
    check_equal("closed: one line", closed.stderr.decode(), "mxcensus: standard output: Bad file descriptor\n")
    full = subprocess.run(["sh", "-c", 'exec "$@" > /dev/full', "sh", *command], stderr=subprocess.PIPE, timeout=60,
                          env=environment(), check=False)
    check_equal("full: exit code", full.returncode, 3)


def check_interrupt(lab):
    """What is finished is shown."""
    process = subprocess.Popen([MXCENSUS, "check", *lab.options, "--ehlo-domain", EHLO, "--connect-timeout", "60",
                                name_of("null-mx"), name_of("silent")],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        pass
    process.send_signal(signal.SIGINT)
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    check_equal("interrupt: exit code", process.returncode, 130)
    check("interrupt: the finished one is there", b"accepts no mail" in out, out)
    check("interrupt: the other one is counted", b"1 of 2 domains are not finished" in err, err)


def main():
    with Lab(10) as lab, tempfile.TemporaryDirectory() as folder:
        def in_turn(*parts):
            return lambda: [part() for part in parts]
        side_by_side(in_turn(lambda: check_reports(lab), lambda: check_words(lab)),
                     in_turn(lambda: check_json(lab), lambda: check_options(lab), lambda: check_exit_codes(lab)),
                     in_turn(lambda: check_hosts(lab), lambda: check_lists(lab), lambda: check_streams(lab)),
                     lambda: check_certificates(lab, folder))
        check_interrupt(lab)
    finish()


if __name__ == "__main__":
    main()
