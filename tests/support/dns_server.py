"""A DNS server for tests: a fixed zone, UDP and TCP on one loopback port, in a thread.

Zone: {(name, type): [data, ...]}, names in lower case without the last dot. Data by type:
A, AAAA: text; MX: (preference, name); NS, CNAME, PTR: name; TXT: text; TLSA: (u, s, m, bytes).
A name that has any record answers NODATA for the other types, every other name NXDOMAIN.
"""

import ipaddress
import socket
import struct
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52}
OPT = 41  # RFC 6891
UDP_PAYLOAD = 1232  # octets; DNS flag day 2020


# Where the tests' scanner says it comes from: the name leads to an address and back.
CLIENT = {("scanner.mxcensus.test", "A"): ["11.255.0.1"], ("1.0.255.11.in-addr.arpa", "PTR"): ["scanner.mxcensus.test"]}


def wire_name(name):
    labels = [label.encode("ascii") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read_name(message, at):
    """A name of a question: never compressed (RFC 1035 section 4.1.4)."""
    labels = []
    while message[at]:
        length = message[at]
        labels.append(message[at + 1 : at + 1 + length].decode("ascii", "backslashreplace"))
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def wire_data(kind, data):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(data).packed
    if kind == "MX":
        return struct.pack("!H", data[0]) + wire_name(data[1])
    if kind in ("NS", "CNAME", "PTR"):
        return wire_name(data)
    if kind == "TXT":
        octets = data.encode()
        parts = [octets[i : i + 255] for i in range(0, len(octets), 255)] or [b""]
        return b"".join(bytes([len(part)]) + part for part in parts)
    if kind == "TLSA":
        return bytes(data[:3]) + data[3]
    raise ValueError(kind)


def record(name, number, ttl, data):
    return wire_name(name) + struct.pack("!HHIH", number, 1, ttl, len(data)) + data


class DnsServer:
    """with DnsServer(zone) as dns: ... dns.port, dns.asked"""

    def __init__(self, zone, address="127.0.0.1"):
        self.zone = {(name.lower(), kind): data for (name, kind), data in {**CLIENT, **zone}.items()}
        self.names = {name for name, _ in self.zone}
        self.asked = []
        self.address = address
        self.udp, self.tcp = self._bind()
        self.port = self.udp.getsockname()[1]
        self.threads = [threading.Thread(target=loop, daemon=True) for loop in (self._udp, self._tcp)]

    def _bind(self):
        for _ in range(50):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind((self.address, 0))
            try:
                tcp.bind(udp.getsockname())
                tcp.listen(16)
                return udp, tcp
            except OSError:
                udp.close()
                tcp.close()
        raise OSError("no port that is free for UDP and TCP")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.udp.close()
        self.tcp.close()

    def wait_for(self, question, process, seconds=60):
        """Until `question`, a (name, type), was asked; not longer than `process` runs."""
        deadline = time.monotonic() + seconds
        while question not in self.asked and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)

    def _udp(self):
        while True:
            try:
                message, peer = self.udp.recvfrom(4096)
                answer = self.answer(message)
                if len(answer) > UDP_PAYLOAD:  # RFC 2181 section 9: TC, ask again over TCP
                    answer = self.answer(message, truncate=True)
                if answer:
                    self.udp.sendto(answer, peer)
            except OSError:
                return

    def _tcp(self):
        while True:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                try:
                    while head := peer.recv(2, socket.MSG_WAITALL):
                        message = peer.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                        answer = self.answer(message)
                        peer.sendall(struct.pack("!H", len(answer)) + answer)
                except OSError:
                    pass

    def answer(self, message, truncate=False):
        identity, flags, _, _, _, extra = struct.unpack("!HHHHHH", message[:12])
        name, end = read_name(message, 12)
        number = struct.unpack("!H", message[end : end + 2])[0]
        question = message[12 : end + 4]
        kind = next((k for k, n in TYPES.items() if n == number), None)
        self.asked.append((name, kind))
        records = []
        while (name, "CNAME") in self.zone and kind != "CNAME":
            target = self.zone[(name, "CNAME")][0]
            records.append(record(name, TYPES["CNAME"], 300, wire_name(target)))
            name = target
        records += [record(name, number, 300, wire_data(kind, d)) for d in self.zone.get((name, kind), [])]
        rcode = 0 if name in self.names else 3
        opt = b"\0" + struct.pack("!HHIH", OPT, UDP_PAYLOAD, 0, 0) if extra else b""
        if truncate:
            records = []
        # QR, RA, the asker's RD and CD; never AD: nothing here is signed.
        out = 0x8000 | 0x0080 | (flags & 0x0110) | (0x0200 if truncate else 0) | rcode
        head = struct.pack("!HHHHHH", identity, out, 1, len(records), 0, 1 if opt else 0)
        return head + question + b"".join(records) + opt
