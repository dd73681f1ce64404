"""What DNS did not answer, or answered with SERVFAIL or REFUSED, is asked once more after a pause: MX, A and a policy host."""

import os
import socket
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import EHLO, check, check_equal, finish, read_table, run  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402

SERVFAIL, REFUSED = 2, 5
LATE_BLOCK = 22  # of the first block: late_block() in scanner/owners/owner.h
PER_PASS = 2  # a question, and with CD=1 after SERVFAIL (RFC 4035 section 3.2.2)

ZONE = {}
for domain in ("well", "flaky", "flaky-host", "flaky-policy", "failing", "failing-host", "flaky-refused", "refused"):
    ZONE[(f"{domain}.test", "MX")] = [(10, f"mx.{domain}.test")]
    ZONE[(f"mx.{domain}.test", "A")] = ["192.0.2.1"]
ZONE[("_mta-sts.flaky-policy.test", "TXT")] = ["v=STSv1; id=1;"]
ZONE[("mta-sts.flaky-policy.test", "A")] = ["192.0.2.2"]

# How many times each is answered with SERVFAIL before the truth is told.
FAILURES = {("flaky.test", "MX"): PER_PASS, ("mx.flaky-host.test", "A"): PER_PASS,
            ("mta-sts.flaky-policy.test", "A"): PER_PASS, ("failing.test", "MX"): 1000, ("mx.failing-host.test", "A"): 1000,
            ("mx.half.test", "AAAA"): 1000, ("flaky-refused.test", "MX"): 1, ("refused.test", "MX"): 1000}


ASKED = {name for name, _ in ZONE} | {"mta-sts.flaky-policy.test"}


def is_refused(asked):
    return "refused" in asked[0]


def per_pass(asked):
    return 1 if is_refused(asked) else PER_PASS


class FlakyServer(DnsServer):
    def answer(self, message, truncate=False):
        whole = super().answer(message, truncate)
        asked = self.asked[-1]
        if self.asked.count(asked) <= FAILURES.get(asked, 0):
            flags = struct.unpack("!H", whole[2:4])[0]
            return whole[:2] + struct.pack("!HHHHH", flags | (REFUSED if is_refused(asked) else SERVFAIL), 1, 0, 0, 0) + whole[12:12 + self.question_len(message)]
        return whole

    @staticmethod
    def question_len(message):
        at = 12
        while message[at]:
            at += 1 + message[at]
        return at + 5 - 12


def scan(folder, pause):
    with FlakyServer(ZONE) as dns:
        names = sorted({name for name, kind in ZONE if kind == "MX"})
        done = run("scan", "--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--dns-retry-pause", pause,
                   "--threads", "2", "-o", folder, input="".join(name + "\n" for name in names))
        check_equal(f"pause {pause}: exit code", done.returncode, 0)
        rows = {row["domain"]: row for row in read_table(folder, "domains")}
        policies = {row["policy_host"]: row["fetch"] for row in read_table(folder, "policies")}
        return rows, policies, {name: dns.asked.count(name) for name in FAILURES}


class Refuser:
    """A mail server that turns all away, and knows when the first came."""

    def __init__(self):
        self.first = None
        self.listener = socket.create_server(("127.0.0.31", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.first = self.first or time.monotonic()
            client.sendall(b"554 no\r\n")
            client.close()


class SlowServer(FlakyServer):
    """Knows when the name that never has an answer was asked about last."""

    last = 0.0

    def answer(self, message, truncate=False):
        whole = super().answer(message, truncate)
        if self.asked[-1] == ("failing.test", "MX"):
            self.last = time.monotonic()
        return whole


def others_do_not_wait(folder):
    """Names of one block of the input; those that are late belong to a later one, as their rows say."""
    zone = {("well.test", "MX"): [(10, "mx.well.test")], ("mx.well.test", "A"): ["11.9.9.9"], ("failing.test", "MX"): [(10, "mx.failing.test")],
            ("late.test", "MX"): [(10, "mx.half.test")], ("mx.half.test", "A"): ["11.9.9.9"]}
    mail = Refuser()
    with SlowServer(zone) as dns:
        done = run("scan", "--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--dns-retry-pause", "8", "--ipv4-only",
                   "--address-map", "11.9.9.9/32=127.0.0.31/32", "--port-map", f"25={mail.port}", "-o", folder,
                   input="well.test\nfailing.test\nlate.test\n")
        check_equal("others do not wait: exit code", done.returncode, 0)
        check("others do not wait for a second pass", mail.first and mail.first < dns.last - 1, (mail.first, dns.last))
    rows = {row["domain"]: row["account"] for row in read_table(folder, "domains")}
    check_equal("others do not wait: the domains", rows, {"well.test": "inconclusive", "failing.test": "dns_failed", "late.test": "inconclusive"})
    blocks = {row["host"]: row["block"] for row in read_table(folder, "hosts")}
    check_equal("others do not wait: the block of a host that does", blocks, {"mx.well.test": 0, "mx.half.test": LATE_BLOCK})


with tempfile.TemporaryDirectory() as folder:
    others_do_not_wait(os.path.join(folder, "others"))
    rows, policies, asked = scan(os.path.join(folder, "two"), "0.2")
    for domain in ("well.test", "flaky.test", "flaky-host.test", "flaky-policy.test", "flaky-refused.test"):
        check_equal(f"{domain}: as if nothing had been", rows[domain]["account"], "not_tested")  # special-purpose addresses
        check_equal(f"{domain}: state of MX", rows[domain]["mx_dns"]["state"], "data")
    check_equal("flaky-host.test: its address", rows["flaky-host.test"]["mx"][0]["a"], "data")
    check_equal("flaky-policy.test: its policy host has an address", policies.get("mta-sts.flaky-policy.test"), "not_dialled")
    check_equal("failing.test fails", (rows["failing.test"]["account"], rows["failing.test"]["mx_dns"]["state"]), ("dns_failed", "servfail"))
    check_equal("RFC 1035 4.1.1: what the resolver refuses is no fault of the domain",
                [rows["refused.test"][key] for key in ("account", "account_reason")] + [(finding["code"], finding["severity"]) for finding in rows["refused.test"]["findings"]],
                ["not_tested", "local_fault", ("dns.mx_refused", "notice")])
    check_equal("failing-host.test fails", rows["failing-host.test"]["account"], "dns_failed")
    check_equal("asked twice, and not more", {key: times for key, times in asked.items() if times},
                {key: 2 * per_pass(key) if times == 1000 else per_pass(key) + 1 for key, times in FAILURES.items() if key[0] in ASKED})
    rows, policies, asked = scan(os.path.join(folder, "one"), "0")
    check_equal("without a second pass", rows["flaky.test"]["account"], "dns_failed")
    check("and asked once", all(count == per_pass(key) for key, count in asked.items() if key[0] in ASKED and not key[0].startswith("mta-sts")), asked)

finish()
