"""Zones signed with ldns, served by NSD, validated by Unbound: a root of the test's own above them."""

import contextlib
import os
import subprocess

from daemon import Daemon

NAME_SERVER = "11.77.53.1"
RESOLVER = "127.0.0.1"
PROGRAMS = ["nsd", "unbound", "ldns-keygen", "ldns-signzone"]
EXPIRED = ["-i", "20200101", "-e", "20200201"]


class Zone:
    """`lines`: records, names relative to `origin`. Signed by close(), which is for its children first."""

    def __init__(self, folder, origin, signed=True, dates=()):
        self.folder, self.origin, self.signed, self.dates = folder, origin, signed, list(dates)
        self.path = os.path.join(folder, "zone-" + (origin.rstrip(".") or "root"))
        self.ds = ""
        self.lines = [f"$ORIGIN {origin}", "$TTL 300",
                      "@ IN SOA ns.test. hostmaster.test. 1 3600 600 86400 300", "@ IN NS ns.test."]

    def add(self, *lines):
        self.lines += lines

    def delegate(self, child, with_ds=True):
        """A child that is closed."""
        self.add(f"{child.origin} IN NS ns.test.")
        if with_ds:
            self.add(child.ds)

    def close(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("\n".join(self.lines) + "\n")
        if self.signed:
            key = subprocess.run(["ldns-keygen", "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", "-k", self.origin],
                                 cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()
            key = os.path.join(self.folder, key)
            subprocess.run(["ldns-signzone", *self.dates, "-o", self.origin, "-f", self.path + ".signed",
                            self.path, key], check=True, capture_output=True)
            self.path += ".signed"
            with open(key + ".ds", encoding="ascii") as file:
                self.ds = file.read().strip()
        return self


@contextlib.contextmanager
def serve(folder, zones):
    """NSD with the zones, the first of which is the root, and Unbound in front of it."""
    def write(name, text):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    served = "".join(f'zone:\n name: "{zone.origin}"\n zonefile: "{zone.path}"\n' for zone in zones)
    nsd = write("nsd.conf", f"""server:
 ip-address: {NAME_SERVER}
 username: ""
 chroot: ""
 database: ""
 server-count: 1
 zonesdir: "{folder}"
 pidfile: "{folder}/nsd.pid"
 xfrdfile: "{folder}/xfrd.state"
 xfrdir: "{folder}"
 zonelistfile: "{folder}/zone.list"
remote-control:
 control-enable: no
{served}""")
    hints = write("hints", f". 3600 IN NS ns.test.\nns.test. 3600 IN A {NAME_SERVER}\n")
    unbound = write("unbound.conf", f"""server:
 interface: {RESOLVER}
 username: ""
 chroot: ""
 directory: "{folder}"
 pidfile: ""
 use-syslog: no
 logfile: ""
 val-log-level: 2
 num-threads: 1
 do-ip6: no
 module-config: "validator iterator"
 root-hints: "{hints}"
 trust-anchor-file: "{write("anchor", zones[0].ds)}"
 local-zone: "test." nodefault
 local-zone: "11.in-addr.arpa." static
remote-control:
 control-enable: no
""")
    with Daemon(folder, "nsd", ["nsd", "-d", "-c", nsd], [NAME_SERVER], 53) as server, \
            Daemon(folder, "unbound", ["unbound", "-d", "-c", unbound], [RESOLVER], 53) as resolver:
        yield server, resolver
