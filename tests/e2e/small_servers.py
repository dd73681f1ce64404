"""Mail servers of a few lines each, for tests that say what the first, second, ... connection to a server meets, and scans of them.
"""

import socket
import ssl
import struct
import tempfile
import threading
import time

from e2e.runner import EHLO, run
from support.dns_server import DnsServer
from support.pki import Authority


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
            behave.turned_away += not allowed
        if allowed:
            session.dialogue()
        else:
            session.say("421 4.7.0 too many connections")
    behave.turned_away = 0
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


class Held:
    """Lets nobody in until it is released, and knows when somebody came."""

    def __init__(self):
        self.reached = threading.Event()
        self.released = threading.Event()

    def __call__(self, session):
        self.reached.set()
        self.released.wait(60)
        session.dialogue()


def policy_host(*lost):
    """Serves a policy over HTTPS, but closes the connections of these numbers in the handshake."""
    def behave(session):
        session.client.recv(1, socket.MSG_PEEK)
        if session.number in lost:
            session.reset()
        session.client = session.context.wrap_socket(session.client, server_side=True)
        session.client.recv(4096)
        body = "version: STSv1\r\nmode: testing\r\nmx: *.test\r\nmax_age: 86400\r\n"
        session.say(f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    return behave


# --- scans -----------------------------------------------------------------------------------------


class World:
    """Domains, each with a server of its own, and further names of it where asked for."""

    def __init__(self, folder, gap, retry, busy):
        """@param gap  seconds between two starts at an address @param retry, busy  --retry-pause, --tempfail-pause"""
        self.zone = {}
        self.servers = {}
        self.options = ["--ehlo-domain", EHLO, "--mta-sts", "record", "--address-rate", f"{1 / gap:.0f}/s",
                        "--greeting-timeout", "5", "--retry-pause", str(retry), "--tempfail-pause", str(busy)]
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

    def add_policy(self, domain, behave):
        """Of a domain whose mail goes to the first server."""
        number = len(self.servers) + 1
        self.servers[domain] = Server(f"127.9.8.{number}", behave, self.context)
        self.zone[(f"{domain}.test", "MX")] = [(10, f"mx-{next(iter(self.servers))}.test")]
        self.zone[(f"_mta-sts.{domain}.test", "TXT")] = ["v=STSv1; id=1;"]
        self.zone[(f"mta-sts.{domain}.test", "A")] = [f"11.9.8.{number}"]

    def map(self):
        for number, server in enumerate(self.servers.values(), 1):
            yield from ("--address-map", f"11.9.8.{number}/32=127.9.8.{number}/32:{server.port}")

    def list(self):
        return "".join(name + "\n" for name, kind in self.zone if kind == "MX")

    def arguments(self, dns, out, *more):
        """Of a scan that reads standard input."""
        return ("scan", *self.options, "--threads", "2", "--name-servers", f"127.0.0.1:{dns.port}", *self.map(), "-q", "-o", out,
                *more)

    def scan(self, out, *more):
        with DnsServer(self.zone) as dns:
            return run(*self.arguments(dns, out, *more), input=self.list())

    def check(self, domain):
        with DnsServer(self.zone) as dns:
            return run("check", *self.options, "--name-servers", f"127.0.0.1:{dns.port}", *self.map(), domain)
