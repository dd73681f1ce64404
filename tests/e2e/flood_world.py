"""Domains, name server and the servers of support/flood_server.c, for tests of floods and of the end."""

import os
import shutil
import socket
import subprocess
import tempfile

from e2e.runner import EHLO
from support.dns_server import DnsServer
from support.pki import Authority

FLOOD_SERVER = os.environ.get("FLOOD_SERVER", "build/dev/tests/flood_server")
GOOD, KEY_UPDATES, HELLO_REQUESTS, TICKETS, NO_HELLO, TEXT, SILENT = range(7)
FLOODS = (KEY_UPDATES, HELLO_REQUESTS, TICKETS, NO_HELLO, TEXT)
DEAF = 100  # an address of this group has a full backlog: SYNs are dropped


def free_port():
    with socket.socket() as s:
        s.bind(("", 0))
        return s.getsockname()[1]


class FloodWorld:
    """with FloodWorld() as world: world.add(...), then world.options, world.domains"""

    def __init__(self):
        self.zone = {}
        self.domains = []
        self.smtp, self.https = free_port(), free_port()
        self.deaf = []

    def add(self, name, mail, number, policy=None, address=None):
        """A domain whose one MX host is at 11.9.MAIL.NUMBER: the third octet says what the server does.
        @param policy   what its policy host does; None: there is no record
        @param address  of the policy host, where it is not NUMBER in the group of `policy`"""
        self.domains.append(name)
        self.zone[(name, "MX")] = [(10, "mx." + name)]
        self.zone[("mx." + name, "A")] = [f"11.{9 + number // 250}.{mail}.{number % 250 + 1}"]
        if policy is not None:
            self.zone[("_mta-sts." + name, "TXT")] = ["v=STSv1; id=1;"]
            self.zone[("mta-sts." + name, "A")] = [address or f"11.{19 + number // 250}.{policy}.{number % 250 + 1}"]

    def deaf_address(self, number):
        """Nobody answers SYN there."""
        local = f"127.19.{DEAF}.{number}"
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((local, self.https))
        listener.listen(0)
        self.deaf.append(listener)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((local, self.https))
            self.deaf.append(filler)
        return f"11.19.{DEAF}.{number}"

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="mxcensus-floods-")
        authority = Authority(self.folder)
        key, chain, _ = authority.leaf("mx.good.test")
        self.root = authority.root + ".pem"
        self.server = subprocess.Popen([FLOOD_SERVER, key, chain, str(self.smtp), str(self.https)],
                                       stdout=subprocess.PIPE)
        if self.server.stdout.readline() != b"ready\n":
            raise RuntimeError("flood_server does not start")
        self.dns = DnsServer(self.zone).__enter__()
        return self

    def __exit__(self, *_):
        self.dns.__exit__()
        self.server.kill()
        self.server.wait()
        for s in self.deaf:
            s.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve_names(self):
        """After the last add()."""
        self.dns.__exit__()
        self.dns = DnsServer(self.zone).__enter__()

    @property
    def options(self):
        return ["--name-servers", f"127.0.0.1:{self.dns.port}", "--ehlo-domain", EHLO, "--trust-ad", "no", "--ipv4-only", "--root-cas", f"test={self.root}",
                "--address-map", "11.0.0.0/8=127.0.0.0/8", "--port-map", f"25={self.smtp},443={self.https}",
                "--address-rate", "0", "--network-limit", "1000000", "--operator-limit", "1000000",
                "--retry-pause", "1", "--tempfail-pause", "1", "-q"]
