"""Second attempts: nothing is concluded from one lost session, and a server that says 4xx is left alone for a while.

Each server is a few lines here: what it does with its first, second, ... connection. The scan has short pauses.
"""

import os
import shutil
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import EHLO, check, check_equal, finish, read_table, run  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402
from support.pki import Authority  # noqa: E402

RETRY = 1.0  # --retry-pause, seconds
BUSY = 1.5  # --tempfail-pause
GAP = 0.05  # between starts at an address
EARLY = 0.05  # clocks of two processes
RESULTS = ("services", "endpoints", "hosts", "domains")


class Closed(Exception):
    """The behaviour ends the connection, without a word."""


class Session:
    """One connection to a server of this test."""

    def __init__(self, client, number, context):
        self.client = client
        self.number = number  # from 1, at this server
        self.context = context
        self.pending = b""

    def say(self, text):
        self.client.sendall(text.encode() + b"\r\n")

    def command(self):
        while b"\n" not in self.pending:
            octets = self.client.recv(4096)
            if not octets:
                raise Closed
            self.pending += octets
        line, _, self.pending = self.pending.partition(b"\n")
        return line.decode().strip().upper()

    def reset(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Closed

    def dialogue(self, at_hello=None, starttls=True):
        """All is well. @param at_hello is called when the client begins the handshake"""
        self.say("220 mx ESMTP")
        while True:
            line = self.command()
            if line.startswith("EHLO"):
                self.say("250-mx\r\n250-STARTTLS\r\n250 8BITMIME" if starttls else "250 mx")
            elif line == "STARTTLS":
                self.say("220 go on")
                if at_hello:
                    self.client.recv(1, socket.MSG_PEEK)
                    at_hello()
                self.client = self.context.wrap_socket(self.client, server_side=True)
                starttls = False
            else:
                self.say("221 bye")
                return


class Server:
    """A server; `behave` is told each session."""

    def __init__(self, local, behave, context):
        self.behave = behave
        self.context = context
        self.starts = []
        self.lock = threading.Lock()
        listener = socket.socket()
        listener.bind((local, 0))
        listener.listen(16)
        self.port = listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            client, _ = listener.accept()
            with self.lock:
                self.starts.append(time.monotonic())
                number = len(self.starts)
            threading.Thread(target=self.serve, args=(client, number), daemon=True).start()

    def serve(self, client, number):
        session = Session(client, number, self.context)
        client.settimeout(20)
        try:
            self.behave(session)
        except (Closed, OSError):
            pass
        session.client.close()

    def gaps(self):
        return [b - a for a, b in zip(self.starts, self.starts[1:])]


# --- what servers do -------------------------------------------------------------------------------


def well(session):
    session.dialogue()


def reset_in_handshake(*numbers):
    def behave(session):
        session.dialogue(at_hello=session.reset if session.number in numbers else None)
    return behave


def tempfail(first, text="421 4.7.0 come back later"):
    """The first so many connections are greeted so."""
    def behave(session):
        if session.number > first:
            session.dialogue()
        else:
            session.say(text)
    return behave


def one_in(seconds):
    """One connection in so many seconds, whoever opened the others."""
    lock = threading.Lock()
    last = [-seconds]

    def behave(session):
        with lock:
            now = time.monotonic()
            allowed = now - last[0] >= seconds
            last[0] = now if allowed else last[0]
        if allowed:
            session.dialogue()
        else:
            session.say("421 4.7.0 too many connections")
    return behave


def greylist(seconds):
    """EHLO gets 450 until so long after the first of them."""
    first = []

    def behave(session):
        first.append(time.monotonic())
        if time.monotonic() - first[0] >= seconds:
            session.dialogue()
            return
        session.say("220 mx ESMTP")
        session.command()
        session.say("450 4.2.0 greylisted")
        session.command()
        session.say("221 bye")
    return behave


def spamd(session):
    for octet in "220 mx ESMTP spamd IP-based SPAM blocker\r\n":
        session.client.sendall(octet.encode())
        time.sleep(0.01)
    session.command()
    session.say("250 Hello, spam sender.")
    session.command()
    session.say("221 bye")


def rejects(session):
    session.say("554 5.7.1 not you")
    session.command()
    session.say("221 bye")


def closes(session):
    del session  # without a word


def no_starttls(session):
    session.dialogue(starttls=False)


# --- scans -----------------------------------------------------------------------------------------


class World:
    """Domains, each with a server of its own, and further names of it where asked for."""

    def __init__(self, folder):
        self.zone = {}
        self.servers = {}
        self.options = ["--ehlo-domain", EHLO, "--mta-sts", "record", "--address-rate", f"{1 / GAP:.0f}/s",
                        "--greeting-timeout", "5", "--retry-pause", str(RETRY), "--tempfail-pause", str(BUSY)]
        authority = Authority(tempfile.mkdtemp(dir=folder))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        key, chain, _ = authority.leaf("*.test")
        self.context.load_cert_chain(chain, key)
        self.options += ["--root-cas", f"test={authority.root}.pem"]

    def add(self, name, behave, names=1):
        number = len(self.servers) + 1
        self.servers[name] = Server(f"127.9.8.{number}", behave, self.context)
        for k in range(names):
            domain = f"{name}{k or ''}.test"
            host = f"mx-{name}{k or ''}.test"
            self.zone[(domain, "MX")] = [(10, host)]
            self.zone[(host, "A")] = [f"11.9.8.{number}"]

    def map(self):
        for number, server in enumerate(self.servers.values(), 1):
            yield from ("--address-map", f"11.9.8.{number}/32=127.9.8.{number}/32:{server.port}")

    def scan(self, out, *more):
        domains = [name for name, kind in self.zone if kind == "MX"]
        with DnsServer(self.zone) as dns:
            return run("scan", *self.options, "--threads", "2", "--name-servers", f"127.0.0.1:{dns.port}", *self.map(), "-q",
                       "-o", out, *more, input="".join(name + "\n" for name in domains))

    def check(self, domain):
        with DnsServer(self.zone) as dns:
            return run("check", *self.options, "--name-servers", f"127.0.0.1:{dns.port}", *self.map(), domain)


class Rows:
    def __init__(self, out):
        self.tables = {name: read_table(out, name) for name in RESULTS}

    def of(self, name, k=""):
        """-> (service, endpoint, domain)"""
        endpoint = next(row for row in self.tables["endpoints"] if row["host"] == f"mx-{name}{k}.test")
        service = next(row for row in self.tables["services"] if row["service"] == endpoint["service"])
        domain = next(row for row in self.tables["domains"] if row["domain"] == f"{name}{k}.test")
        return service, endpoint, domain


def attempts(row):
    return [attempt["outcome"] for attempt in row["attempts"]]


def unstable(row):
    return [finding["evidence"] for finding in row["findings"] if finding["code"] == "smtp.unstable"]


def expect(rows, servers, name, service, endpoint, account, gaps=None, inherits=False):
    """@param service, endpoint  outcomes of the attempts, and the one that counts
    @param gaps  at least these, between connections"""
    got_service, got_endpoint, domain = rows.of(name)
    for what, row, (want, counts) in (("service", got_service, service), ("endpoint", got_endpoint, endpoint)):
        check_equal(f"{name}: attempts of the {what}", attempts(row), want)
        check_equal(f"{name}: outcome of the {what}", row["outcome"], counts)
        if want:
            check_equal(f"{name}: the attempt that counts for the {what}", want[row["attempt"] - 1], counts)
        check_equal(f"{name}: smtp.unstable of the {what}", unstable(row),
                    [f"{want[0]}, then {next(w for w in want if w != want[0])}"] if len(set(want)) > 1 else [])
    check_equal(f"{name}: the endpoint has the service's result", got_endpoint["session_from"] is not None, inherits)
    check_equal(f"{name}: account", domain["account"], account)
    waited = servers[name].gaps()
    check(f"{name}: pauses", len(waited) == len(gaps) and all(g >= w - EARLY for g, w in zip(waited, gaps)), (waited, gaps))
    return got_service, got_endpoint, domain


def outcomes(domain):
    return {o["profile"]: (o["best"], o["worst"]) for o in domain["outcomes"]}


def check_second_attempts(world, out):
    rows, servers = Rows(out), world.servers
    ok, reset, busy = "established", "tls_reset", "greeting_tempfail"
    _, _, good = expect(rows, servers, "well", ([ok], ok), ([ok], ok), "tested", [GAP])
    # One reset in the only session with SNI decided the domain, and one in the session without it the service.
    for name, service, endpoint, gaps in (("lost-sni", [ok], [reset, ok], [GAP, RETRY]),
                                          ("lost-first", [reset, ok], [ok], [RETRY, GAP]),
                                          ("busy-once", [busy, ok], [ok], [BUSY, GAP]),
                                          ("grey", ["ehlo_tempfail", ok], [ok], [BUSY, GAP])):
        _, _, domain = expect(rows, servers, name, (service, ok), (endpoint, ok), "tested", gaps)
        check_equal(f"{name}: outcomes as of a server that is well", outcomes(domain), outcomes(good))
    expect(rows, servers, "lost-both", ([ok], ok), ([reset, reset], reset), "tested", [GAP, RETRY])
    expect(rows, servers, "busy", ([busy, busy], busy), ([], busy), "inconclusive", [BUSY], inherits=True)
    expect(rows, servers, "tarpit", (["tarpit", "tarpit"], "tarpit"), ([], "tarpit"), "inconclusive", [BUSY], inherits=True)
    expect(rows, servers, "dead", (["greeting_closed"] * 2, "greeting_closed"), ([], "greeting_closed"), "inconclusive", [RETRY],
           inherits=True)
    # What the server said for good, and what it said clearly, is not asked for again.
    expect(rows, servers, "no", (["greeting_rejected"], "greeting_rejected"), ([], "greeting_rejected"), "inconclusive", [],
           inherits=True)
    expect(rows, servers, "plain", (["starttls_not_offered"], "starttls_not_offered"),
           (["starttls_not_offered"], "starttls_not_offered"), "tested", [GAP])


def check_one_at_a_time(world, out):
    """A server that allows one connection in a while: nobody is inconclusive, and it is not asked in vain twice in a row."""
    rows = Rows(out)
    for k in ("", 1, 2):
        service, endpoint, domain = rows.of("one", k)
        check_equal(f"one{k}: service", service["outcome"], "established")
        check_equal(f"one{k}: endpoint", (endpoint["outcome"], endpoint["session_from"]), ("established", None))
        check_equal(f"one{k}: account", domain["account"], "tested")
    starts = len(world.servers["one"].starts)
    check("one: connections", starts <= 1 + 2 * 3, starts)


def check_dead_address(world, out):
    """Two attempts, a pause apart, however many names lead there."""
    check_equal("dead: connections", len(world.servers["dead"].starts), 2)
    for k in ("", 1, 2, 3):
        _, endpoint, _ = Rows(out).of("dead", k)
        check(f"dead{k}: the service speaks", endpoint["session_from"] is not None and not endpoint["attempts"])


def check_report(folder):
    """`check` says what was tried again."""
    world = World(folder)
    world.add("reported", reset_in_handshake(2))
    world.add("silent", closes)
    for domain, line in (("reported.test", "attempts      tls_reset, then established"),
                         ("silent.test", "attempts      greeting_closed, then greeting_closed")):
        done = world.check(domain)
        check_equal(f"check {domain}: exit code", done.returncode, 0)
        check(f"check {domain}: {line}", line in done.stdout.decode(), done.stdout.decode())


def check_without(world, folder):
    """--retries 0: one attempt, of which the row says what it is."""
    out = os.path.join(folder, "without")
    done = world.scan(out, "--retries", "0")
    check_equal("--retries 0: exit code", done.returncode, 0)
    most = max(len(row["attempts"]) for name in ("services", "endpoints") for row in read_table(out, name))
    check_equal("--retries 0: attempts", most, 1)


def check_analysed(out, folder):
    again = os.path.join(folder, "again")
    done = run("analyze", "-o", again, out)
    check_equal("analyze: exit code", done.returncode, 0)
    for name in RESULTS:
        check(f"analyze: {name} has the same rows", read_table(again, name) == read_table(out, name))


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-chances-")
    try:
        world = World(folder)
        world.add("well", well)
        world.add("lost-sni", reset_in_handshake(2))
        world.add("lost-first", reset_in_handshake(1))
        world.add("lost-both", reset_in_handshake(2, 3))
        world.add("busy-once", tempfail(1))
        world.add("busy", tempfail(99))
        world.add("grey", greylist(BUSY - EARLY))
        world.add("tarpit", spamd)
        world.add("no", rejects)
        world.add("dead", closes, names=4)
        world.add("plain", no_starttls)
        world.add("one", one_in(BUSY - EARLY), names=3)
        out = os.path.join(folder, "out")
        done = world.scan(out)
        check_equal("exit code", done.returncode, 0)
        check("the scan ends with the last pause", done.seconds < 3 * BUSY + RETRY + 4, done.seconds)
        check_second_attempts(world, out)
        check_one_at_a_time(world, out)
        check_dead_address(world, out)
        check_analysed(out, folder)
        check_report(folder)
        check_without(world, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


main()
