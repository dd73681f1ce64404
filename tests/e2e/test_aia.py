"""--aia fetch: what the URLs of missing issuers answer, and what a browser would say of the chain.

Mail servers that present a leaf alone, and a web server with an answer of each kind at the URL that the leaf
names: everything on loopback. `openssl verify` with the certificate that was served among the untrusted ones is
the judge of the browser's verdict.
"""

import collections
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import EHLO, check, check_equal, check_same_octets, finish, read_table, run, start  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402
from support.pki import openssl  # noqa: E402

SUFFIX = "aia.test"
WEB = {"ca": "11.78.2.1", "dead": "11.78.2.9", "loop": "127.0.0.1", "listed": "11.78.2.1"}
LISTENING = "127.78.2.1"  # where ca is dialled; nobody listens in place of dead
LIMIT = 65536  # octets of a body
UNTIL = 3  # seconds of a whole fetch

# url: of the leaf. answer: what the web server does at its path. fetch, answer, browser: columns.
Case = collections.namedtuple("Case", "url fetch answer browser more", defaults=({},))
CASES = {
    "der": Case("http://ca.aia.test/der", "fetched", "der", "trusted"),
    "again": Case("http://ca.aia.test/der", "fetched", "der", "trusted"),  # asked once
    "pem": Case("http://CA.aia.test:80/pem", "fetched", "pem", "trusted"),
    "pkcs7": Case("http://ca.aia.test/pkcs7?a=b", "fetched", "pkcs7", "trusted"),
    "chunked": Case("http://ca.aia.test/chunked", "fetched", "der", "trusted"),
    "deep": Case("http://ca.aia.test/lower", "fetched", "der", "trusted"),  # whose issuer is at /upper
    "other-ca": Case("http://ca.aia.test/other", "fetched", "der", "issuer_unknown"),
    "page": Case("http://ca.aia.test/page", "fetched", "other", "issuer_unknown"),
    "empty": Case("http://ca.aia.test/empty", "fetched", "nothing", "issuer_unknown"),
    "largest": Case("http://ca.aia.test/largest", "fetched", "other", "issuer_unknown"),
    "huge": Case("http://ca.aia.test/huge", "body_too_large", None, "issuer_unknown"),
    "slow": Case("http://ca.aia.test/slow", "body_timeout", None, "issuer_unknown"),
    "redirect": Case("http://ca.aia.test/redirect", "http_redirect", None, "issuer_unknown",
                     {"http_status": 301, "location": "http://127.0.0.1/der"}),
    "gone": Case("http://ca.aia.test/gone", "http_status", None, "issuer_unknown", {"http_status": 404}),
    "hangs-up": Case("http://ca.aia.test/hangs-up", "http_closed", None, "issuer_unknown"),
    "dead": Case("http://dead.aia.test/der", "tcp_refused", None, "issuer_unknown"),
    "no-name": Case("http://nobody.aia.test/der", "dns_nxdomain", None, "issuer_unknown"),
    "loop": Case("http://loop.aia.test/der", "not_dialled", None, "issuer_unknown", {"not_tested": "special_purpose"}),
    "blocked": Case("http://listed.aia.test/der", "not_dialled", None, "issuer_unknown", {"not_tested": "blocklisted"}),
    "https": Case("https://ca.aia.test/der", "not_asked", None, "issuer_unknown", {"refused": "scheme"}),
    "port": Case("http://ca.aia.test:25/der", "not_asked", None, "issuer_unknown", {"refused": "port"}),
    "literal": Case("http://127.0.0.1/der", "not_asked", None, "issuer_unknown", {"refused": "host"}),
    "file": Case("file:///etc/hostname", "not_asked", None, "issuer_unknown", {"refused": "scheme"}),
    "none": Case(None, None, None, "issuer_unknown"),
}
# Named by a certificate that was fetched, not by a leaf.
SECOND = {"http://ca.aia.test/upper": ("fetched", "der")}


class Hierarchy:
    """root > upper > lower > leaf of "deep"; root > intermediate > all others."""

    def __init__(self, folder):
        self.folder = folder
        self._key("root")
        openssl("req", "-x509", "-new", "-key", self.path("root.key"), "-subj", "/CN=Root", "-days", "100",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.path("root.pem"))
        for name, issuer, url in (("intermediate", "root", None), ("upper", "root", None),
                                  ("lower", "upper", "http://ca.aia.test/upper"), ("other", "root", None)):
            self.issue(name, issuer, "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n", url)

    def path(self, name):
        return os.path.join(self.folder, name)

    def _key(self, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))

    def issue(self, name, issuer, extensions, url):
        self._key(name)
        openssl("req", "-new", "-key", self.path(name + ".key"), "-subj", f"/CN={name}", "-out", self.path(name + ".csr"))
        with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
            file.write(extensions + (f"authorityInfoAccess=caIssuers;URI:{url}\n" if url else ""))
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path(issuer + ".pem"), "-CAkey",
                self.path(issuer + ".key"), "-CAcreateserial", "-days", "90", "-extfile", self.path(name + ".ext"),
                "-out", self.path(name + ".pem"))

    def leaf(self, case):
        issuer = "lower" if case == "deep" else "intermediate"
        self.issue(case, issuer, f"subjectAltName=DNS:mx.{case}.{SUFFIX}\n", CASES[case].url)

    def octets(self, name, *command):
        if command:
            openssl(*command, "-out", self.path(name + ".out"))
        with open(self.path(name + (".out" if command else ".pem")), "rb") as file:
            return file.read()

    def der(self, name):
        return self.octets(name, "x509", "-in", self.path(name + ".pem"), "-outform", "DER")

    def pkcs7(self, name):
        return self.octets(name, "crl2pkcs7", "-nocrl", "-certfile", self.path(name + ".pem"), "-outform", "DER")


class Server(threading.Thread):
    """One connection after the other at an address of loopback, each in a thread of its own."""

    def __init__(self, address, port=0):
        super().__init__(daemon=True)
        self.socket = socket.create_server((address, port))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.guard, args=(peer,), daemon=True).start()

    def guard(self, peer):
        with peer:
            try:
                peer.settimeout(20)
                self.serve(peer)
            except OSError:
                pass

    def serve(self, peer):
        raise NotImplementedError


def read_line(peer):
    line = b""
    while not line.endswith(b"\n"):
        octet = peer.recv(1)
        if not octet:
            raise OSError("gone")
        line += octet
    return line


class MailServer(Server):
    def __init__(self, address, port, hierarchy, case):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(hierarchy.path(case + ".pem"), hierarchy.path(case + ".key"))
        super().__init__(address, port)

    def serve(self, peer):
        peer.sendall(b"220 mx.aia.test ESMTP\r\n")
        while line := read_line(peer).strip().upper():
            if line == b"STARTTLS":
                peer.sendall(b"220 go on\r\n")
                peer = self.context.wrap_socket(peer, server_side=True)
            elif line == b"QUIT":
                peer.sendall(b"221 bye\r\n")
                return
            else:
                peer.sendall(b"250-mx.aia.test\r\n250 STARTTLS\r\n" if line.startswith(b"EHLO") else b"502 no\r\n")


class WebServer(Server):
    """Answers by path; `asked`: the requests, with their User-Agent."""

    def __init__(self, address, hierarchy):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"
        der = hierarchy.der("intermediate")

        def whole(octets):
            return head + b"Content-Length: %d\r\n\r\n" % len(octets) + octets

        self.answers = {
            "/der": whole(der),
            "/pem": whole(b"CN=intermediate\n" + hierarchy.octets("intermediate")),
            "/pkcs7?a=b": whole(hierarchy.pkcs7("intermediate")),
            "/chunked": head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
                b"%x\r\n" % len(part) + part + b"\r\n" for part in (der[:100], der[100:], b"")),
            "/lower": whole(hierarchy.der("lower")),
            "/upper": whole(hierarchy.der("upper")),
            "/other": whole(hierarchy.der("other")),
            "/page": whole(b"<!DOCTYPE html><title>Our CA</title>"),
            "/empty": whole(b""),
            "/largest": whole(b"\0" * LIMIT),
            "/huge": head + b"\r\n",
            "/slow": head + b"\r\n",
            "/redirect": b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/der\r\nContent-Length: 0\r\n\r\n",
            "/gone": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "/hangs-up": b"",
        }
        self.asked = []
        self.agents = set()
        self.open = collections.Counter()
        super().__init__(address)

    def serve(self, peer):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += read_line(peer)
        lines = request.decode("ascii").split("\r\n")
        path = lines[0].split(" ")[1]
        self.asked.append(path)
        self.agents |= {line for line in lines if line.lower().startswith("user-agent:")}
        peer.sendall(self.answers[path])
        while path in ("/huge", "/slow"):  # until the other side has enough
            peer.sendall(b"x" * (65536 if path == "/huge" else 1))
            time.sleep(0 if path == "/huge" else 0.1)


def zone():
    names = {(f"{host}.{SUFFIX}", "A"): [address] for host, address in WEB.items()}
    for number, case in enumerate(CASES, 1):
        names[(f"{case}.{SUFFIX}", "MX")] = [(10, f"mx.{case}.{SUFFIX}")]
        names[(f"mx.{case}.{SUFFIX}", "A")] = [f"11.78.1.{number}"]
    return names


def start_servers(hierarchy):
    port = 0
    for number, case in enumerate(CASES, 1):
        hierarchy.leaf(case)
        port = MailServer(f"127.78.1.{number}", port, hierarchy, case).port
    return port, WebServer(LISTENING, hierarchy)


def options(dns, mail_port, web, hierarchy, folder):
    blocked = os.path.join(folder, "blocked")
    with open(blocked, "w", encoding="ascii") as file:
        file.write(f"listed.{SUFFIX}\n")
    return ["--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--trust-ad", "no", "--ipv4-only", "--mta-sts", "record", "--address-map",
            "11.78.0.0/16=127.78.0.0/16", "--port-map", f"25={mail_port},80={web.port}", "--root-cas",
            "root=" + hierarchy.path("root.pem"), "-b", blocked, "--policy-timeout", str(UNTIL), "--address-rate", "0",
            "--contact", "https://scan.example.org/", "-q"]


def codes(row):
    return [f["code"] for f in row["findings"]]


def openssl_accepts(hierarchy, case):
    """As a client that has fetched what there is."""
    served = {"deep": ["lower", "upper"], "other-ca": ["other"]}.get(
        case, ["intermediate"] if CASES[case].answer in ("der", "pem", "pkcs7") else [])
    command = ["openssl", "verify", "-purpose", "sslserver", "-no-CApath", "-no-CAstore", "-CAfile", hierarchy.path("root.pem")]
    for name in served:
        command += ["-untrusted", hierarchy.path(name + ".pem")]
    return subprocess.run([*command, hierarchy.path(case + ".pem")], capture_output=True, check=False).returncode == 0


def chains_by_case(out):
    chains = {row["chain_id"]: row for row in read_table(out, "chains")}
    return {row["host"].split(".")[1]: chains[row["chain_id"]] for row in read_table(out, "endpoints")}


def check_rows(out, hierarchy):
    issuers = {row["url"]: row for row in read_table(out, "issuers")}
    completions = {row["chain_id"]: row for row in read_table(out, "completions")}
    chains = chains_by_case(out)
    check_equal("every case has its chain", set(chains), set(CASES))
    check_equal("a row for each URL", set(issuers), {case.url for case in CASES.values() if case.url} | set(SECOND))
    for url, (fetch, answer) in SECOND.items():
        check_equal(url, (issuers[url]["fetch"], issuers[url]["answer"]), (fetch, answer))
    for name, case in CASES.items():
        chain, completion = chains[name], completions[chains[name]["chain_id"]]
        check_equal(f"{name}: as served", chain["status"], "issuer_unknown")
        check_equal(f"{name}: no other server helps", completion["status"], "issuer_unknown")
        check_equal(f"{name}: browser", completion["browser"], case.browser)
        check_equal(f"{name}: openssl", openssl_accepts(hierarchy, name), case.browser == "trusted")
        check_equal(f"{name}: the finding", codes(completion),
                    ["chain.missing_intermediate"] if case.browser == "trusted" else [])
        if case.browser == "trusted":
            check(f"{name}: its evidence", "works in a browser, fails in mail" in completion["findings"][0]["evidence"])
            check_equal(f"{name}: path", len(completion["browser_path"]), 4 if name == "deep" else 3)
        check_equal(f"{name}: URLs", chain["missing_issuer_urls"] or [], [case.url] if case.url else [])
        if not case.url:
            continue
        row = issuers[case.url]
        check_equal(f"{name}: fetch, answer", (row["fetch"], row["answer"]), (case.fetch, case.answer))
        for column, value in {"refused": None, "not_tested": None, **case.more}.items():
            check_equal(f"{name}: {column}", row[column], value)
        check_equal(f"{name}: octets are kept", row["raw"] is not None, case.fetch == "fetched")
        certificates = {"nothing": [], "other": []}.get(case.answer, completion["browser_path"][1:2])
        if case.browser == "trusted" or case.answer in ("nothing", "other"):
            check_equal(f"{name}: certificates", row["certificates"], certificates)


def check_politeness(web):
    check_equal("each path once", sorted(web.asked),
                sorted({path for path in web.answers}))
    check("who asks", len(web.agents) == 1 and "(+https://scan.example.org/)" in str(web.agents), web.agents)


def check_record(out, web, before):
    check_equal("record: nothing is asked", len(web.asked), before)
    check_equal("record: no rows", read_table(out, "issuers"), [])
    check_equal("record: no verdict", {row["browser"] for row in read_table(out, "completions")}, {None})
    urls = {url for row in read_table(out, "certificates") for url in row["ca_issuer_urls"] or []}
    check_equal("record: certificates have the URLs", urls, {case.url for case in CASES.values() if case.url})


def check_analyze(out, folder):
    again = os.path.join(folder, "again")
    done = run("analyze", "-q", "-o", again, out)
    check_equal("analyze: exit code", (done.returncode, done.stderr), (0, ""))
    check_same_octets(out, again, [name + ".ndjson" for name in ("certificates", "chains", "completions", "issuers")])
    later = os.path.join(folder, "later")
    done = run("analyze", "--at", "2060-01-01", "-o", later, out)
    check_equal("analyze --at: exit code", done.returncode, 0)
    check_equal("analyze judges for browsers, too: expired", {row["browser"] for row in read_table(later, "completions")},
                {"expired", "issuer_unknown"})


def check_report(given):
    done = run("check", *given, "--aia", "fetch", f"der.{SUFFIX}", timeout=60)
    text = " ".join(done.stdout.decode().split())
    check("check: the sentence", "browser trusted: works in a browser, fails in mail" in text, text)
    done = run("check", *given, f"der.{SUFFIX}", timeout=60)
    check("check: not without fetch", "browser" not in done.stdout.decode(), done.stdout.decode())


def check_interrupted(given, web, folder):
    """A signal while a CA is slow: the scan ends at once, and in order."""
    given = ["60" if word == str(UNTIL) else word for word in given]
    out = os.path.join(folder, "interrupted")
    web.asked.clear()
    process = start("scan", *given, "--aia", "fetch", "-o", out)
    process.stdin.write(f"slow.{SUFFIX}\n".encode())
    process.stdin.close()
    deadline = time.monotonic() + 60
    while "/slow" not in web.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    check_equal("interrupted: exit code", process.wait(60), 130)
    check("interrupted: at once", time.monotonic() - began < 20, time.monotonic() - began)
    check("interrupted: state.json", os.path.exists(os.path.join(out, "state.json")), os.listdir(out))


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-aia-")
    try:
        hierarchy = Hierarchy(folder)
        mail_port, web = start_servers(hierarchy)
        listed = os.path.join(folder, "list")
        with open(listed, "w", encoding="ascii") as file:
            file.write("".join(f"{case}.{SUFFIX}\n" for case in CASES))
        with DnsServer(zone()) as dns:
            given = options(dns, mail_port, web, hierarchy, folder)
            recorded, fetched = (os.path.join(folder, name) for name in ("recorded", "fetched"))
            done = run("scan", *given, "-o", recorded, listed)
            check_equal("record: exit code", (done.returncode, done.stderr), (0, ""))
            check_record(recorded, web, 0)
            done = run("scan", *given, "--aia", "fetch", "-o", fetched, listed)
            check_equal("fetch: exit code", (done.returncode, done.stderr), (0, ""))
            check_rows(fetched, hierarchy)
            check_politeness(web)
            check_analyze(fetched, folder)
            check_report(given)
            check_interrupted(given, web, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
