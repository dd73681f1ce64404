"""Our own faults are ours: a scan from places that are no good, each in a network namespace of its own.

What is wrong with the place is said in one line, stands in manifest.json, and decides the exit code where it makes the
scan meaningless; then nothing is written.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import own_network  # noqa: E402
from e2e.runner import check, check_equal, finish, read_json, read_table, run  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402

HERE4, HERE6 = "11.0.0.7", "2a0e:b100::7"  # the public addresses of this place
NAME = "scanner.vantage.test"
MAIL = "11.0.0.25"  # a mail server of our own
MAIL6, OTHER6, SIX6 = "2a0e:b100::25", "2a0e:b101::25", "2a0e:b102::25"
SILENT = "23.0.0.{}"  # routed to nobody: what is sent there is lost
ZONE = {
    ("", "NS"): ["a.root.test"],
    (NAME, "A"): [HERE4],
    (NAME, "AAAA"): [HERE6],
    ("7.0.0.11.in-addr.arpa", "PTR"): [NAME],
    ("7." + "0." * 23 + "0.0.1.b.e.0.a.2.ip6.arpa", "PTR"): [NAME],
    ("mail.own.test", "A"): [MAIL],
    ("closed.own.test", "A"): [SILENT.format(1)],
    ("null.test", "MX"): [(0, "")],
    ("good.test", "MX"): [(10, "mail.own.test")],
}
for n in range(1, 21):
    ZONE[(f"dead{n}.test", "MX")] = [(10, f"mx.dead{n}.test")]
    ZONE[(f"mx.dead{n}.test", "A")] = [SILENT.format(n)]


def ip(*command):
    subprocess.run(["ip", *command], check=True)


def make_place():
    ip("addr", "add", HERE4 + "/32", "dev", "lo")
    ip("addr", "add", MAIL + "/32", "dev", "lo")
    ip("-6", "addr", "add", HERE6 + "/128", "dev", "lo", "nodad")
    for _ in range(100):  # until then it is no source address; the kernel does it when it comes to it
        if not subprocess.run(["ip", "-6", "addr", "show", "tentative"], capture_output=True, check=True).stdout:
            break
        time.sleep(0.05)
    set_routes(True, True)


def set_routes(ipv4, ipv6):
    for family, wanted, source in (("-4", ipv4, HERE4), ("-6", ipv6, HERE6)):
        subprocess.run(["ip", family, "route", "del", "default"], capture_output=True, check=False)
        if wanted:
            ip(family, "route", "add", "default", "dev", "lo", "src", source)


class Resolver(DnsServer):
    """Validates: AD for whatever there is. `lie`: an address for what there is not."""

    def __init__(self, changes=None, lie=None, zone=None):
        zone = {**(ZONE if zone is None else zone), **(changes or {})}
        super().__init__({key: data for key, data in zone.items() if data is not None}, "127.0.0.1")
        self.lie = lie

    def answer(self, message, truncate=False):
        out = bytearray(super().answer(message, truncate))
        absent = out[3] & 15 == 3
        name, kind = self.asked[-1]
        if absent and self.lie and kind == "A":
            self.zone[(name, "A")] = [self.lie]
            self.names.add(name)
            out = bytearray(super().answer(message, truncate))
        out[3] |= 0x20  # AD
        return bytes(out)


class Silent:
    """Takes questions, and answers none."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.socket.close()


class MailServer:
    """Greets as it is told to, and keeps what clients say."""

    def __init__(self, greeting, address=MAIL):
        self.greeting = greeting
        self.said = []
        self.listener = socket.create_server((address, 25), family=socket.AF_INET6 if ":" in address else socket.AF_INET)

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                heard = b""
                try:
                    peer.sendall(self.greeting)
                    while octets := peer.recv(1000):
                        heard += octets
                        peer.sendall(b"221 bye\r\n" if b"QUIT" in octets else b"250 mail.own.test\r\n")
                except OSError:
                    pass
                self.said.append(heard)


def options(resolver, *more):
    return ["--name-servers", f"127.0.0.1:{resolver.port}", "--ehlo-domain", NAME, "--mta-sts", "record", "--dns-timeout",
            "1", "--dns-retry-pause", "1", "-q", *more]


def scan(folder, arguments, lines="null.test\n"):
    """A scan into a new directory: what it said, and the directory."""
    out = os.path.join(folder, "out")
    shutil.rmtree(out, ignore_errors=True)
    return run("scan", *arguments, "-o", out, input=lines, timeout=120), out


def result_of(manifest, name):
    """[(subject, result, text)] of one check of the self-test."""
    return [(c["subject"], c["result"], c["text"]) for c in manifest["vantage"]["self_test"] if c["check"] == name]


def check_one_line(what, done, words):
    lines = done.stderr.splitlines()
    check(f"{what}: one line", len(lines) == 1 and lines[0].startswith("mxcensus: "), done.stderr)
    for word in words:
        check(f"{what}: says '{word}'", word in done.stderr, done.stderr)


def check_refused(folder, what, arguments, code, words, lines="null.test\n"):
    """Neither scan nor check begins: one line, nothing written."""
    status = os.path.join(folder, "status")
    done, out = scan(folder, [*arguments, "-u", status], lines)
    check_equal(f"{what}: exit code", done.returncode, code)
    check_one_line(what, done, words)
    check(f"{what}: nothing is written", not os.path.exists(out) and not os.path.exists(status))
    done = run("check", *arguments, "good.test", timeout=120)
    check_equal(f"{what}: exit code of check", done.returncode, code)
    check_equal(f"{what}: no report and no advice", done.stdout, b"")
    check_one_line(f"{what}, check", done, words)


def check_good_place(folder):
    with Resolver() as dns:
        done, out = scan(folder, options(dns))
        check_equal("good place: exit code", (done.returncode, done.stderr), (0, ""))
        manifest = read_json(out, "manifest.json")
        got = {(c["check"], c["result"]) for c in manifest["vantage"]["self_test"]}
        want = {(name, "ok") for name in ("resolver", "dnssec", "nxdomain", "ipv4_route", "ipv6_route", "ehlo_name",
                                          "clock", "descriptors", "port_range")}
        check_equal("good place: every check is in the manifest, and is fine", got, want)
        check_equal("good place: AD counts", manifest["trust_ad"], {"setting": "auto", "trusted": True, "reason": "validates"})
        check_equal("good place: the clock did not jump", manifest["vantage"]["clock_jump_ms"], 0)
        asked = {kind for _, kind in dns.asked}
        check("good place: questions", {"NS", "A", "AAAA", "PTR"} <= asked, asked)


def check_dead_resolver(folder):
    with Silent() as dns:
        check_refused(folder, "silent resolver", options(dns), 1, [f"127.0.0.1:{dns.port}: no answer", "--name-servers"])
        port = dns.port
    dns.port = port
    check_refused(folder, "nobody listens", options(dns), 1, [f"127.0.0.1:{port}: no answer"])
    with Silent() as dead, Resolver() as alive:
        more = options(alive, "--name-servers", f"127.0.0.1:{dead.port}")
        done, out = scan(folder, more)
        check_equal("one dead of two: exit code", done.returncode, 0)
        check_one_line("one dead of two", done, [f"resolver 127.0.0.1:{dead.port} cannot be used"])
        results = dict((subject, result) for subject, result, _ in result_of(read_json(out, "manifest.json"), "resolver"))
        check_equal("one dead of two: manifest", results,
                    {f"127.0.0.1:{alive.port}": "ok", f"127.0.0.1:{dead.port}": "warning"})


def check_lying_resolver(folder):
    with Resolver(lie="203.0.113.9") as dns:
        done, out = scan(folder, options(dns))
        check_equal("lying resolver: exit code", done.returncode, 0)
        check_one_line("lying resolver", done, [f"resolver 127.0.0.1:{dns.port} lies", "203.0.113.9"])
        results = result_of(read_json(out, "manifest.json"), "nxdomain")
        check_equal("lying resolver: manifest", [r[:2] for r in results], [(f"127.0.0.1:{dns.port}", "warning")])


def check_denying_resolver(folder):
    """It knows the root and nothing else (RFC 8020 section 2: so nothing below com)."""
    root = {("", "NS"): [f"{letter}.root-servers.net" for letter in "abcdefghijklm"]}
    with Resolver(zone=root) as dns:
        check_refused(folder, "denying resolver", options(dns), 1, [f"127.0.0.1:{dns.port}: it lies: it denies com"])
    with Resolver({("com", "NS"): ["a.gtld-servers.net"]}) as good, Resolver(zone=root) as dns:
        done, out = scan(folder, options(good, "--name-servers", f"127.0.0.1:{dns.port},127.0.0.1:{good.port}"))
        check_equal("one of two denies: exit code", done.returncode, 0)
        check_one_line("one of two denies", done, [f"resolver 127.0.0.1:{dns.port} cannot be used (it lies"])
        check_equal("one of two denies: it is not asked", [name for name, _ in dns.asked if name == "null.test"], [])
        check_equal("one of two denies: the domain", [row["account_reason"] for row in read_table(out, "domains")], ["null_mx"])


def check_self_test(folder):
    with Resolver() as dns:
        closed = options(dns, "--connect-timeout", "1", "--self-test", "closed.own.test")
        check_refused(folder, "port 25 is closed", closed, 4,
                      ["closed.own.test: no SMTP on port 25", "Connection timed out", "say nothing about the targets"])
        nobody = options(dns, "--self-test", "mail.own.test")
        check_refused(folder, "nobody listens on the host", nobody, 4, [f"{MAIL}:25: Connection refused"])
        absent = options(dns, "--self-test", "absent.own.test")
        check_refused(folder, "the host does not exist", absent, 4, ["no address (A: nxdomain, AAAA: nxdomain)"])
        with MailServer(b"220-first\r\n220 mail.own.test ESMTP\r\n") as server:
            done, out = scan(folder, options(dns, "--self-test", "mail.own.test"))
            check_equal("open port: exit code", (done.returncode, done.stderr), (0, ""))
            manifest = read_json(out, "manifest.json")
            check_equal("open port: manifest", [r[:2] for r in result_of(manifest, "smtp")], [("mail.own.test", "ok")])
            check_equal("open port: is known", manifest["vantage"]["port_25_is_open"], True)
            check_equal("open port: a polite guest", server.said, [b"QUIT\r\n"])
        with MailServer(b"554 go away\x1b[2J\r\n"):
            done, _ = scan(folder, options(dns, "--self-test", MAIL))
            check_equal("turned away: exit code", done.returncode, 0)
            check_one_line("turned away", done, ["turns us away", "greets with 554"])
            check("turned away: nothing of the host's own words", "\x1b" not in done.stderr, done.stderr)
        with MailServer(b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            what = options(dns, "--greeting-timeout", "1", "--self-test", MAIL)
            check_refused(folder, "not SMTP", what, 4, ["connected, but no SMTP greeting"])
        for wrong in ("mailhost", "mail.own.test:0", "mail.own.test:465", "", "a.b:25:25"):
            done = run("scan", *options(dns, "--self-test", wrong), input="null.test\n")
            check_equal(f"--self-test {wrong!r}: exit code", done.returncode, 2)
            check_one_line(f"--self-test {wrong!r}", done, ["--self-test"])


def check_one_family(folder):
    """A host that is up over IPv4 and not over IPv6 says nothing certain of our network; hosts of two networks do."""
    second = "11.0.1.25"
    ip("addr", "add", second + "/32", "dev", "lo")
    for address in (MAIL6, OTHER6):
        ip("-6", "addr", "add", address + "/128", "dev", "lo", "nodad")
    changes = {("mail.own.test", "AAAA"): [MAIL6], ("mail.other.test", "A"): [second], ("mail.other.test", "AAAA"): [OTHER6],
               ("six.test", "MX"): [(10, "mx.six.test")], ("mx.six.test", "AAAA"): [SIX6]}
    ip("-6", "addr", "add", SIX6 + "/128", "dev", "lo", "nodad")
    greeting = b"220 mail.own.test ESMTP\r\n"
    with Resolver(changes) as dns, MailServer(greeting), MailServer(greeting, second), MailServer(greeting, SIX6):
        one = options(dns, "--retries", "0", "--self-test", "mail.own.test")
        done, out = scan(folder, one, "six.test\n")
        check_equal("one host without IPv6: exit code", done.returncode, 0)
        check_one_line("one host without IPv6", done, [f"no SMTP over IPv6 ({MAIL}:25 greets with 220, [{MAIL6}]:25: Connection refused)",
                                                       "its fault or ours", "host of another network"])
        reached = [row["outcome"] for row in read_table(out, "services")]
        check_equal("one host without IPv6: IPv6 is dialled all the same", reached, ["starttls_not_offered"])
        done, out = scan(folder, [*one, "--self-test", "mail.other.test"], "six.test\n")
        check_equal("two hosts without IPv6: exit code", done.returncode, 0)
        lines = done.stderr.splitlines()
        check("two hosts without IPv6: a line of each", len(lines) == 2 and all("family_disabled" in line for line in lines), lines)
        reasons = [e["not_tested"] for row in read_table(out, "domains") for mx in row["mx"] for e in mx["endpoints"]]
        check_equal("two hosts without IPv6: it is not dialled", reasons, ["family_disabled"])
        with MailServer(greeting, OTHER6):
            done, out = scan(folder, [*one, "--self-test", "mail.other.test"], "six.test\n")
            check_one_line("one of two without IPv6", done, ["--self-test mail.own.test: no SMTP over IPv6"])
            check_equal("one of two without IPv6: it is dialled", [row["outcome"] for row in read_table(out, "services")], reached)


def check_inferred(folder):
    """No host was named: a scan in which nobody answers says so itself."""
    lists = {count: "".join(f"dead{n}.test\n" for n in range(1, count + 1)) for count in (9, 10)}
    with Resolver() as dns:
        quick = options(dns, "--connect-timeout", "0.3", "--address-rate", "0", "--network-limit", "100",
                        "--retries", "0")
        done, out = scan(folder, quick, lists[10])
        check_equal("nobody answers: exit code", done.returncode, 4)
        check_one_line("nobody answers", done, ["the results say nothing about the targets", "none of 10 mail servers", "--self-test"])
        check_equal("nobody answers: every line has its row", len(read_table(out, "domains")), 10)
        summary = read_json(out, "summary.json")["smtp_reach"]
        check_equal("nobody answers: summary", summary,
                    {"port": 25, "dialled": 10, "answered": 0, "conclusive": 0, "says_nothing": True})
        vantage = read_json(out, "manifest.json")["vantage"]
        check_equal("nobody answers: manifest", (vantage["says_nothing"], vantage["port_25_is_open"]), (True, None))
        again = os.path.join(folder, "again")
        check_equal("nobody answers: analyze", run("analyze", out, "-o", again).returncode, 0)
        check_equal("nobody answers: analyze says the same", read_json(again, "summary.json")["smtp_reach"], summary)
        shutil.rmtree(again)

        loud = [word for word in quick if word != "-q"]
        done, _ = scan(folder, loud, lists[10])
        check("nobody answers: the summary ends with it", "say nothing about the targets" in done.stderr.splitlines()[-2], done.stderr)

        done, out = scan(folder, quick, lists[9])
        check_equal("too few to tell: exit code", done.returncode, 0)
        check_one_line("too few to tell", done, ["no mail server answered on port 25 (9 dialled)", "--self-test"])

        done = run("check", *quick, *lists[10].split(), timeout=120)
        check_equal("nobody answers, check: exit code", done.returncode, 4)
        check_equal("nobody answers, check: no report and no advice", done.stdout, b"")

        with MailServer(b"220 mail.own.test ESMTP\r\n"):
            done, out = scan(folder, [*quick, "--self-test", "mail.own.test"], lists[10])
            check_equal("the targets are dead: exit code", (done.returncode, done.stderr), (0, ""))
            check_equal("the targets are dead: summary", read_json(out, "summary.json")["smtp_reach"]["says_nothing"], False)
            again = os.path.join(folder, "again")
            check_equal("the targets are dead: analyze", run("analyze", out, "-o", again).returncode, 0)
            check_equal("the targets are dead: analyze knows", read_json(again, "summary.json")["smtp_reach"]["says_nothing"], False)
            done, _ = scan(folder, quick, lists[10] + "good.test\n")
            check_equal("one of them speaks SMTP: exit code", (done.returncode, done.stderr), (0, ""))


def check_routes(folder):
    with Resolver() as dns:
        set_routes(True, False)
        done, out = scan(folder, options(dns))
        check_equal("no IPv6 route: exit code", done.returncode, 0)
        check_one_line("no IPv6 route", done, ["no IPv6 route", "family_disabled", "--ipv4-only"])
        check_equal("no IPv6 route: manifest", [r[1] for r in result_of(read_json(out, "manifest.json"), "ipv6_route")], ["warning"])
        done, _ = scan(folder, options(dns, "--ipv4-only"))
        check_equal("no IPv6 route, none wanted", (done.returncode, done.stderr), (0, ""))
        check_refused(folder, "no route of the family wanted", options(dns, "--ipv6-only"), 4, ["no IPv6 route"])
        set_routes(False, False)
        check_refused(folder, "no route", options(dns), 4, ["no IPv4 or IPv6 route"])
        set_routes(True, True)


def check_local_address(folder):
    with Resolver() as dns:
        check_refused(folder, "local address of another", options(dns, "--local-addr", f"{HERE4},192.0.2.77"), 2,
                      ["--local-addr 192.0.2.77 cannot be used"])
        done, _ = scan(folder, options(dns, "--local-addr", f"{HERE4},{HERE6}"))
        check_equal("local addresses of ours", (done.returncode, done.stderr), (0, ""))


def check_name(folder):
    wrong = {
        "no forward": ({(NAME, "A"): None, (NAME, "AAAA"): None}, "no address was found for it"),
        "other forward": ({(NAME, "A"): ["11.0.0.8"]}, f"this machine sends from {HERE4}"),
        "no reverse": ({("7.0.0.11.in-addr.arpa", "PTR"): None}, f"{HERE4} has no reverse DNS name"),
        "other reverse": ({("7.0.0.11.in-addr.arpa", "PTR"): ["host7.isp.test"]}, f"{HERE4} leads back to host7.isp.test"),
    }
    for what, (changes, says) in wrong.items():
        with Resolver(changes) as dns:
            done, out = scan(folder, options(dns))
            check_equal(f"{what}: exit code", done.returncode, 0)
            check_one_line(what, done, [f"EHLO name {NAME}: ", says])
            check_equal(f"{what}: manifest", [r[:2] for r in result_of(read_json(out, "manifest.json"), "ehlo_name")], [(NAME, "warning")])
            check_refused(folder, f"{what}, strict", options(dns, "--strict-vantage"), 1, [says, "nothing was scanned (--strict-vantage)"])
    with Resolver() as dns:
        done, _ = scan(folder, options(dns, "--strict-vantage"))
        check_equal("strict in a good place", (done.returncode, done.stderr), (0, ""))


def check_ports(folder):
    """Ports run out towards one address, not in total: the warning is about that."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as file:
            file.write("50000 50009")
    except OSError:
        print("left out: the port range cannot be set here")
        return
    opened = []
    listener = socket.create_server(("0.0.0.0", 2525), backlog=100)
    for n in range(1, 41):
        ip("addr", "add", f"11.1.0.{n}/32", "dev", "lo")
        opened.append(socket.create_connection((f"11.1.0.{n}", 2525), timeout=5))
    check_equal("ten ports are enough for forty connections to forty addresses", len(opened), 40)
    for connection in [*opened, listener]:
        connection.close()
    with Resolver() as dns:
        done, out = scan(folder, options(dns))
        check_equal("few ports: exit code", done.returncode, 0)
        check_one_line("few ports", done, ["10 ports", "ip_local_port_range 50000 50009", "may need 121"])


def check_probing_txt():
    ready = ["probing-txt", "--ehlo-domain", NAME]
    done = run(*ready, "--contact", "mailto:scan@vantage.test")
    check_equal("probing-txt: exit code", (done.returncode, done.stderr), (0, ""))
    lines = done.stdout.decode("ascii").splitlines()
    fields = dict(line.split(": ", 1) for line in lines if not line.startswith("#"))
    check_equal("probing-txt: fields of RFC 9511 section 2.2", list(fields),
                ["Canonical", "Contact", "Expires", "Preferred-Languages", "Description"])
    check_equal("probing-txt: where it is", fields["Canonical"], f"https://{NAME}/.well-known/probing.txt")
    check("probing-txt: from where", f"From {HERE4}, {HERE6}." in fields["Description"], fields)
    done = run(*ready, "--contact", "https://scan.vantage.test/", "--local-addr", MAIL)
    check("probing-txt: --local-addr", f"From {MAIL}, {HERE6}.".encode() in done.stdout, done.stdout)
    for what, arguments, words in (("no contact", ready, ["--contact"]),
                                   ("a word", [*ready, "--contact", "mailto:a@b.test", "example.org"], ["'example.org'"]),
                                   ("no name", ["probing-txt", "--contact", "mailto:a@b.test", "--ehlo-domain", "here"], ["--ehlo-domain"])):
        done = run(*arguments)
        check_equal(f"probing-txt, {what}: exit code", (done.returncode, done.stdout), (2, b""))
        check_one_line(f"probing-txt, {what}", done, words)


PARTS = [check_good_place, check_dead_resolver, check_lying_resolver, check_denying_resolver, check_self_test, check_one_family, check_inferred, check_routes,
         check_local_address, check_name, lambda _: check_probing_txt(), check_ports]


def start_parts():
    """Each in a process and a network of its own; they wait more than they work."""
    started = [subprocess.Popen([sys.executable, "-B", __file__, str(part)]) for part in range(len(PARTS))]
    codes = [process.wait() for process in started]
    if set(codes) == {own_network.SKIPPED}:
        sys.exit(own_network.SKIPPED)
    check_equal("exit codes of the parts", codes, [0] * len(PARTS))


def main():
    if len(sys.argv) == 1:
        start_parts()
    else:
        own_network.enter()
        make_place()
        with tempfile.TemporaryDirectory(prefix="mxcensus-vantage-") as folder:
            PARTS[int(sys.argv[1])](folder)
    finish()


if __name__ == "__main__":
    main()
