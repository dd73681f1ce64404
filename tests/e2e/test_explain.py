"""mxcensus explain on lines and files: recognised by itself, plain or gzip, large in bounded memory, bad input in one line."""

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from runner import MXCENSUS, check, check_equal, check_refused, finish, run  # noqa: E402

LINE = "postfix/smtp[7]: SSL_connect error to mx.example.org[192.0.2.1]:25: lost connection"
MEMORY = 64 << 10  # KiB of resident memory that a large log may take


def refused(what, arguments, words, stdin=None):
    done = run("explain", *arguments, timeout=60, **({} if stdin is None else {"stdin": stdin}))
    check_refused(what, done, words)


def text(what, *arguments):
    done = run("explain", *arguments, timeout=60)
    check_equal(f"{what}: exit code", done.returncode, 0)
    check_equal(f"{what}: standard error", done.stderr, "")
    return done.stdout.decode()


def check_lines():
    for what, arguments in (("a line in quotes", [LINE]), ("a line without quotes", LINE.split())):
        said = text(what, *arguments)
        check(f"{what}: what happened", said.startswith("The receiving server closed the connection during the TLS handshake"), said)
        for word in ("to act", "the operator of the receiving server", "tls.closed", "mx.example.org [192.0.2.1]"):
            check(f"{what}: says '{word}'", word in said, said)
    entry = json.loads(text("a line as JSON", "--format", "json", LINE))
    check_equal("JSON: host", entry["host"], "mx.example.org")
    check_equal("JSON: findings", entry["findings"], ["tls.closed"])
    said = text("part of a line", "Cannot start TLS")
    check("part of a line", said.startswith("The TLS handshake with the receiving server failed.") and "to act" in said, said)
    said = text("words of several lines", "handshake failed")
    check("words of several lines", said.startswith("Lines with these words") and said.count("  line ") > 1, said)
    for words, begin in (("failure while setting up TLS session", "TLS with the receiving server could not be set up. This line does not say why."),
                         ("status=deferred (Server certificate not trusted)", "The certificate of the receiving server has no path to a CA"),
                         ("421-4.7.29 Your email has been rate limited because it does not use a TLS connection", "Gmail delays or blocks mail of this sender")):
        check(f"a line: {words}", " ".join(text(words, words).split()).startswith(begin), text(words, words))
    for words, part in (("4.7.5", "It does not say which"), ("4.7.29", "By itself it does not say which"), ("421-4.7.29", "By itself it does not say which"),
                        ("ATTR41", "by itself it says nothing of TLS"), ("3 1 1", "certificate of the server itself (usage 3)"),
                        ("3 1 2", "both have to match")):
        check(f"not specific enough, or parameters: {words}", part in " ".join(text(words, words).split()), text(words, words))
    refused("a line that nothing fits", ["the cat sat on the mat"], ["no entry"])
    refused("a line as CSV", ["--format", "csv", LINE], [])


def check_empty_reports(folder):
    for name, octets, words in (("object", "{}", ["it has no list 'policies'"]), ("twice", '{"policies":[]}\n{"policies":[]}', ["each report is a file of its own"])):
        path = os.path.join(folder, name + ".json")
        with open(path, "w", encoding="ascii") as file:
            file.write(octets)
        refused(f"a report of TLS-RPT, {name}", [path], words)
    path = os.path.join(folder, "none.json")
    with open(path, "w", encoding="ascii") as file:
        file.write('{"policies":[]}')
    check("a report without a policy", "it says nothing of any session" in text("a report without a policy", path))


def check_files(folder):
    log = os.path.join(folder, "mail.log")
    with open(log, "w", encoding="ascii") as file:
        file.write(f"{LINE}\nsomething else\n{LINE.replace('mx.', 'mx2.')}\n")
    packed = log + ".gz"
    with open(packed, "wb") as file:
        file.write(gzip.compress(b"x\n") + gzip.compress((LINE + "\n").encode()))  # two members, as logrotate appends
    said = text("a file", log)
    check("a file: counts", said.startswith("3 lines: 2 about problems, "), said)
    check("a file: hosts", "mx.example.org (1), mx2.example.org (1)" in said, said)
    check_equal("--log is the same", text("--log", "--log", log), said)
    check("gzip", text("gzip", packed).startswith("2 lines: 1 about problems, "), said)
    check("several", text("several", log, packed).startswith("5 lines: 3 about problems, "), said)
    counted = json.loads(text("JSON", "--format", "json", log))
    check_equal("JSON: lines", (counted["lines"], counted["entries"][0]["lines"]), (3, 2))
    with open(log, "rb") as file:
        done = subprocess.run([MXCENSUS, "explain", "-"], stdin=file, capture_output=True, check=False)
    check_equal("standard input", done.stdout.decode(), said)
    refused("a log as CSV", ["--format", "csv", log], ["csv"])
    refused("no such file", ["--log", log + "x"], [log + "x", "No such file"])
    refused("a directory", ["--log", folder], [folder])
    with open(packed, "rb") as file:
        octets = file.read()
    with open(packed, "wb") as file:
        file.write(octets[:-12])
    refused("gzip that was cut", [packed], [packed])


REPORT = {"organization-name": "Sender", "date-range": {"start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59Z"},
          "report-id": "1", "policies": [{
              "policy": {"policy-type": "sts", "policy-string": ["version: STSv1", "mode: enforce"], "policy-domain": "example.org"},
              "summary": {"total-successful-session-count": 90, "total-failure-session-count": 10},
              "failure-details": [{"result-type": "certificate-host-mismatch", "sending-mta-ip": "192.0.2.7", "failed-session-count": 10,
                                   "receiving-mx-hostname": "mx.example.org", "receiving-ip": "192.0.2.1"}]}]}


def check_reports(folder):
    plain, packed = os.path.join(folder, "report.json"), os.path.join(folder, "report.json.gz")
    with open(plain, "w", encoding="ascii") as file:
        json.dump(REPORT, file, indent=1)
    with open(packed, "wb") as file:
        file.write(gzip.compress(json.dumps(REPORT).encode()))
    said = text("a report", plain)
    for word in ("1 report of TLS-RPT", "10 failed (10.00 % of 100)", "certificate-host-mismatch", "mx.example.org [192.0.2.1] (10)",
                 "name.mismatch", "mxcensus check example.org"):
        check(f"a report: says '{word}'", word in said, said)
    check_equal("gzip", text("gzip", packed), said)
    check_equal("--tls-rpt", text("--tls-rpt", "--tls-rpt", packed), said)
    check_equal("the same report twice", text("twice", plain, packed).replace("1 more given before: same organization and id, counted once.\n", ""), said)
    other = os.path.join(folder, "other.json")
    with open(other, "w", encoding="ascii") as file:
        json.dump({**REPORT, "report-id": "2"}, file)
    check("two reports", "20 failed (10.00 % of 200)" in text("two", plain, other))
    with open(packed, "rb") as file:
        done = subprocess.run([MXCENSUS, "explain", "-"], stdin=file, capture_output=True, check=False)
    check_equal("standard input", done.stdout.decode(), said)
    counted = json.loads(text("JSON", "--format", "json", plain))
    check_equal("JSON", counted["policies"][0]["results"][0]["sessions"], 10)
    log = os.path.join(folder, "a.log")
    with open(log, "w", encoding="ascii") as file:
        file.write(LINE + "\n")
    refused("a log among reports", [plain, log], [log, "no report of TLS-RPT"])
    refused("a log as report", ["--tls-rpt", log], [log, "no report of TLS-RPT"])
    refused("both", ["--tls-rpt", plain, "--log", log], ["give one"])
    with open(plain, "w", encoding="utf-8-sig") as file:
        json.dump(REPORT, file)
    check_equal("a byte order mark", text("a byte order mark", plain), said)
    with open(plain, "w", encoding="utf-16") as file:
        json.dump(REPORT, file)
    refused("UTF-16", [plain], [plain, "UTF-16", "iconv"])
    with open(plain, "w", encoding="ascii") as file:
        file.write("From: a@example.org\nContent-Type: multipart/report; report-type=\"tlsrpt\"; boundary=b\n\n--b\n"
                   "Content-Type: application/tlsrpt+gzip\n\nH4sI\n--b--\n")
    refused("a mail", [plain], [plain, "this is a mail", "munpack"])
    bomb = os.path.join(folder, "bomb.gz")
    with gzip.open(bomb, "wb") as file:
        file.write(b'{"policies":[')
        for _ in range(64):
            file.write(b" " * (1 << 20))
    refused("a bomb", [bomb], [bomb, "10485760 octets"])


def check_size(folder):
    """A log as large as those of real servers, and one line without an end."""
    log = os.path.join(folder, "large.log")
    with open(log, "w", encoding="ascii") as file:
        for i in range(60000):
            file.write(LINE.replace("mx.", f"mx{i}.") + "\n")
        file.write("TLS ")
        for _ in range(32):
            file.write("a" * (1 << 20))
    done = subprocess.run([MXCENSUS, "explain", log], capture_output=True, text=True, check=False)
    check("a large log", done.stdout.startswith("60001 lines: 60000 about problems, 0 that are normal"), done.stdout[:300])
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sanitized = "asan" in MXCENSUS
    check("a large log: memory", used < MEMORY or sanitized, f"{used} KiB")


def main():
    with tempfile.TemporaryDirectory(prefix="mxcensus-explain-") as folder:
        check_lines()
        check_empty_reports(folder)
        check_files(folder)
        check_reports(folder)
        check_size(folder)
    finish()


if __name__ == "__main__":
    main()
