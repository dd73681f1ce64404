"""An address that serves mail and policies is one address: limits and distances count all connections to it."""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.flood_world import free_port  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish, scan_to_stdout, table  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402

DOMAINS = 6
HOLD = 0.15  # seconds that a connection lasts
GAP = 0.25  # between starts at --address-rate 4
LATE = 0.2  # the first start may be seen so much late


class Address:
    """One address with two ports: a mail server without STARTTLS, and a policy host that breaks off the handshake."""

    def __init__(self, local):
        self.held = []  # (from, to, port)
        self.lock = threading.Lock()
        self.ports = {25: self.listen(local, self.mail), 443: self.listen(local, self.policies)}

    def listen(self, local, serve):
        listener = socket.socket()
        listener.bind((local, free_port()))
        listener.listen(64)
        threading.Thread(target=self.accept, args=(listener, serve), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, serve):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=self.hold, args=(client, serve), daemon=True).start()

    def hold(self, client, serve):
        start = time.monotonic()
        client.settimeout(10)
        last = serve(client)
        with self.lock:  # before the client can know of the end
            self.held.append((start, time.monotonic(), serve.__name__))
        client.sendall(last)
        client.close()

    @staticmethod
    def mail(client):
        client.sendall(b"220 mx ESMTP\r\n")
        client.recv(1000)
        time.sleep(HOLD)
        client.sendall(b"250 mx\r\n")
        client.recv(1000)
        return b"221 bye\r\n"

    @staticmethod
    def policies(client):
        client.recv(1000)
        time.sleep(HOLD)
        return b""

    def most_at_once(self):
        events = sorted([(start, 1) for start, _, _ in self.held] + [(end, -1) for _, end, _ in self.held])
        most = now = 0
        for _, step in events:
            now += step
            most = max(most, now)
        return most

    def span(self):
        starts = [start for start, _, _ in self.held]
        return max(starts) - min(starts)

    def count(self, what):
        return sum(1 for held in self.held if held[2] == what)


def scan(limits, local):
    address = Address(local)
    zone = {}
    names = [f"d{i}.test" for i in range(DOMAINS)]
    for name in names:
        zone[(name, "MX")] = [(10, "mx." + name)]
        zone[("mx." + name, "A")] = ["11.9.9.9"]
        zone[("_mta-sts." + name, "TXT")] = ["v=STSv1; id=1;"]
        zone[("mta-sts." + name, "A")] = ["11.9.9.9"]
    with DnsServer(zone) as dns:
        result = scan_to_stdout("--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--address-map",
                      f"11.9.9.9/32={local}/32", "--port-map", f"25={address.ports[25]},443={address.ports[443]}", "-q", "--retries", "0",
                      *limits, input="".join(name + "\n" for name in names))
    check_equal(f"{limits}: exit code", result.returncode, 0)
    check_equal(f"{limits}: domains", len(table(result.rows, "domains")), DOMAINS)
    check_equal(f"{limits}: policy hosts asked", address.count("policies"), DOMAINS)
    check(f"{limits}: mail sessions", address.count("mail") >= 2, address.held)
    return address


def main():
    address = scan(["--address-limit", "1", "--address-rate", "0"], "127.0.0.21")
    check_equal("one connection at a time, whichever port", address.most_at_once(), 1)
    address = scan(["--address-limit", "3", "--address-rate", "0"], "127.0.0.22")
    check("three at a time", address.most_at_once() <= 3, address.held)
    address = scan(["--address-rate", "4"], "127.0.0.23")
    check("starts keep their distance, whichever port", address.span() >= (len(address.held) - 1) * GAP - LATE,
          address.held)
    finish()


main()
