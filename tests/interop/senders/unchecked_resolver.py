"""A resolver that does not validate: passes questions on with CD set, and takes AD from the answers
(RFC 4035 section 3.2). For the profiles that are without DNSSEC by definition."""

import os
import socket
import socketserver
import threading

from network import RESOLVER

ADDRESS = "127.0.0.54"
UPSTREAM_TIMEOUT = 5  # seconds; none is an answer too
AD, CD = 0x20, 0x10  # of the header's fourth octet


def with_flags(message, on=0, off=0):
    return message[:3] + bytes([message[3] & ~off | on]) + message[4:]


def read_framed(file):
    head = file.read(2)
    return file.read(int.from_bytes(head, "big")) if len(head) == 2 else b""


def framed(message):
    return len(message).to_bytes(2, "big") + message


class OverUdp(socketserver.BaseRequestHandler):
    def handle(self):
        question, own = self.request
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(UPSTREAM_TIMEOUT)
            upstream.connect((RESOLVER, 53))
            upstream.send(with_flags(question, on=CD))
            try:
                own.sendto(with_flags(upstream.recv(65535), off=AD), self.client_address)
            except (TimeoutError, ConnectionError):
                pass


class OverTcp(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            with socket.create_connection((RESOLVER, 53), UPSTREAM_TIMEOUT) as upstream, \
                    upstream.makefile("rb") as answers:
                while question := read_framed(self.rfile):
                    upstream.sendall(framed(with_flags(question, on=CD)))
                    if not (answer := read_framed(answers)):
                        return
                    self.wfile.write(framed(with_flags(answer, off=AD)))
        except OSError:
            pass


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 65535


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class UncheckedResolver:
    """with UncheckedResolver(folder) as command: what `command + [program, ...]` runs asks it"""

    def __init__(self, folder):
        self.conf = os.path.join(folder, "resolv.conf")

    def __enter__(self):
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(f"nameserver {ADDRESS}\noptions edns0 timeout:2 attempts:2\n")
        self.servers = [UdpServer((ADDRESS, 53), OverUdp), TcpServer((ADDRESS, 53), OverTcp)]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/resolv.conf; exec "$@"', self.conf]

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()
