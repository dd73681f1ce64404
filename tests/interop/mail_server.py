"""What the tests with real mail servers share: the matrix of cases, its certificates, zone and
expectations, and the daemon's life.

Each case is an address of loopback, one domain, and the MX names in `Case.hosts`. A server's script
makes the daemon behave so at each address; the scan then has to find what is written here by hand.
"""

import collections
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import check, check_equal, finish, run as program, scan_to_stdout, table  # noqa: E402, F401
from support.dns_server import DnsServer  # noqa: E402
from support.pki import Authority  # noqa: E402

START_TIMEOUT = 20  # seconds
START_TRIES = 3
SKIPPED = 77  # exit code that ctest shows as skipped
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
UNPACKED = os.environ.get("MAIL_SERVERS") or os.path.join(ROOT, "build", "mail-servers")

# hosts: MX names without the suffix; certificate: the name in the one that is presented without SNI.
Case = collections.namedtuple("Case", "address hosts certificate")
CASES = {
    "good": Case("127.77.0.1", ["mx-good"], "mx-good"),
    "leaf_only": Case("127.77.0.2", ["mx-leaf-only"], "mx-leaf-only"),
    "wrong_name": Case("127.77.0.3", ["mx-wrong-name"], "www"),
    "expired": Case("127.77.0.4", ["mx-expired"], "mx-expired"),
    "sni": Case("127.77.0.5", ["mx-sni-a", "mx-sni-b"], "default"),
    "tls12": Case("127.77.0.6", ["mx-tls12"], "mx-tls12"),
    "plain": Case("127.77.0.7", ["mx-plain"], None),
}
EXPIRED = ("20200101000000Z", "20210101000000Z")

# What is true of an endpoint, by host. `codes`: all findings of the areas AREAS about the endpoint,
# its chain and its leaf. RFC 9525 section 6, RFC 5280 section 6.1, RFC 8446 section 4.4.2, RFC 6066
# section 3, RFC 8461 section 4.2.
Want = collections.namedtuple(
    "Want", "starttls tls_version chain_status match acceptable sni sni_acceptable certificates codes")
AREAS = ("cert.", "chain.", "name.", "sni.", "starttls.")
WANT = {
    "mx-good": Want("offered", "TLSv1.3", "trusted", "match", True, "same", "both", 2, []),
    "mx-leaf-only": Want("offered", "TLSv1.3", "issuer_unknown", "match", False, "same", "neither", 1,
                         ["chain.issuer_unknown"]),
    "mx-wrong-name": Want("offered", "TLSv1.3", "trusted", "mismatch", False, "same", "neither", 2,
                          ["name.mismatch"]),
    "mx-expired": Want("offered", "TLSv1.3", "expired", "match", False, "same", "neither", 2,
                       ["chain.expired"]),
    "mx-sni-a": Want("offered", "TLSv1.3", "trusted", "match", True, "differs", "only_sni", 2,
                     ["sni.needed"]),
    "mx-sni-b": Want("offered", "TLSv1.3", "trusted", "match", True, "differs", "only_sni", 2,
                     ["sni.needed"]),
    "mx-tls12": Want("offered", "TLSv1.2", "trusted", "match", True, "same", "both", 2, []),
    "mx-plain": Want("not_offered", None, None, None, None, "unknown", "unknown", None,
                     ["starttls.not_offered"]),
}


def skip_unless(ready, what, variable):
    if not ready:
        if os.environ.get(variable) == "1":
            sys.exit("needs " + what)
        print("skipped: needs " + what)
        sys.exit(SKIPPED)


def can_unshare():
    return os.geteuid() == 0 and shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode == 0


def free_port(addresses):
    """A port that is free on every one of them."""
    while True:
        with socket.socket() as probe:
            probe.bind((addresses[0], 0))
            port = probe.getsockname()[1]
        try:
            for address in addresses:
                with socket.socket() as probe:
                    probe.bind((address, port))
            return port
        except OSError:
            continue


class Certificates:
    """Those of CASES, for hosts under `suffix`: .key, .chain: paths by host; .leaf: SHA-256."""

    def __init__(self, folder, suffix, key):
        os.mkdir(folder)
        self.authority = Authority(folder, key)
        self.roots = self.authority.root + ".pem"
        self.key, self.chain, self.leaf = {}, {}, {}
        hosts = {host for case in CASES.values() if case.certificate for host in case.hosts}
        for host in sorted(hosts - {"mx-wrong-name"} | {"www", "default"}):
            key, chain, der = self.authority.leaf(
                f"{host}.{suffix}", with_chain=host != "mx-leaf-only",
                dates=EXPIRED if host == "mx-expired" else None)
            os.chmod(key, 0o600)
            self.key[host], self.chain[host] = key, chain
            self.leaf[host] = hashlib.sha256(der).hexdigest()


class MailServer:
    """A daemon with everything it has in `folder`. A subclass has `suffix`, configure(), write_listeners()
    and command()."""

    suffix = None
    key = "EC"
    addresses = [case.address for case in CASES.values()]
    fixed_port = None

    def __init__(self, folder):
        self.folder = folder
        self.port = None
        self.processes = []
        self.output = None
        self.certificates = self.make_certificates(os.path.join(folder, "pki"))

    def make_certificates(self, folder):
        return Certificates(folder, self.suffix, self.key)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def configure(self):
        """Once, before the port is known."""

    def write_listeners(self):
        """Configuration with self.port."""

    def commands(self):
        """@return list of (arguments, environment) of the processes to start."""
        raise NotImplementedError

    def logs(self):
        return [self.path("out")]

    def __enter__(self):
        self.configure()
        for _ in range(START_TRIES):
            self.port = self.fixed_port or free_port(self.addresses)
            self.write_listeners()
            if self._start():
                return self
            self.__exit__()
        raise RuntimeError("the mail server does not start:\n" + self.said())

    def _start(self):
        """False when it ends, or never listens: another program took the port meanwhile."""
        self.output = open(self.path("out"), "wb")
        self.processes = [
            subprocess.Popen(arguments, stdout=self.output, stderr=self.output, stdin=subprocess.DEVNULL,
                             start_new_session=True, env={**os.environ, **environment})
            for arguments, environment in self.commands()]
        deadline = time.monotonic() + START_TIMEOUT
        for address in self.addresses:
            while True:
                try:
                    socket.create_connection((address, self.port), 2).close()
                    break
                except OSError:
                    if time.monotonic() > deadline or not self._all_run():
                        return False
                    time.sleep(0.1)
        return self._all_run()

    def _all_run(self):
        return all(process.poll() is None for process in self.processes)

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                self.stop(process)
            try:
                process.wait(10)
            finally:
                try:  # children that outlived it
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.output.close()

    def stop(self, process):
        process.send_signal(signal.SIGTERM)

    def said(self):
        text = ""
        for path in self.logs():
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text


class JailedServer(MailServer):
    """Of a package that cannot be installed beside Postfix: unpacked, and started in a mount namespace
    of its own, where the users it was built for exist."""

    users = []  # names
    FIRST_ID = 64500  # of those users; outside the ranges that Debian hands out

    def jail(self, mounts, *command):
        """@param mounts shell text, run before the command in the new namespace"""
        for name in ("passwd", "group"):
            with open("/etc/" + name, encoding="utf-8") as file:
                lines = [line for line in file if line.split(":")[0] not in self.users]
            for number, user in enumerate(self.users, self.FIRST_ID):
                lines.append(f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
                             if name == "passwd" else f"{user}:x:{number}:\n")
            self.write(name, "".join(lines))
        script = (f"set -e; mount --bind {self.path('passwd')} /etc/passwd; "
                  f"mount --bind {self.path('group')} /etc/group; {mounts}\nexec \"$@\"")
        # All processes end with the first one of the namespace.
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", *command]

    def stop(self, process):
        process.kill()


def make_zone(suffix, cases):
    """One domain a case, named after it."""
    zone = {}
    for name, case in cases.items():
        domain = f"{name.replace('_', '-')}.{suffix}"
        zone[(domain, "MX")] = [(10 * n, f"{host}.{suffix}") for n, host in enumerate(case.hosts, 1)]
        for host in case.hosts:
            zone[(f"{host}.{suffix}", "A")] = [case.address.replace("127.77.", "11.77.")]
    return zone


def scan(server, cases, *options):
    zone = make_zone(server.suffix, cases)
    with DnsServer(zone) as dns:
        return scan_to_stdout(
            "--name-servers", f"127.0.0.1:{dns.port}",
            "--address-map", f"11.77.0.0/16=127.77.0.0/16:{server.port}",
            "--root-cas", server.certificates.roots, "--ehlo-domain", "scanner.mxcensus.test",
            "--address-rate", "20/s", "--retry-pause", "1", "--tempfail-pause", "1", *options,
            input="".join(f"{domain}\n" for domain, kind in zone if kind == "MX"))


def codes_of(*rows):
    return sorted({finding["code"] for row in rows if row for finding in row["findings"]
                   if finding["code"].startswith(AREAS)})


def check_matrix(rows, server):
    """Every endpoint of CASES against WANT."""
    endpoints = {row["endpoint"]: row for row in table(rows, "endpoints")}
    chains = {row["chain_id"]: row for row in table(rows, "chains")}
    leaves = {row["fingerprint_sha256"]: row for row in table(rows, "certificates")}
    services = {row["service"]: row for row in table(rows, "services")}
    certificates = server.certificates
    for case in CASES.values():
        for host in case.hosts:
            want = WANT[host]
            address = case.address.replace("127.77.", "11.77.")
            row = endpoints[f"{host}.{server.suffix}|{address}|25"]
            chain = chains.get(row["chain_id"])
            sni = row["sni"] or {}
            for what, got, wanted in (
                    ("starttls", row["starttls"], want.starttls),
                    ("TLS version", row["tls_version"], want.tls_version),
                    ("chain", row["chain_status"], want.chain_status),
                    ("name", row["name"] and row["name"]["match"], want.match),
                    ("acceptable", row["acceptable"], want.acceptable),
                    ("SNI", sni.get("class"), want.sni),
                    ("SNI, acceptable", sni.get("acceptable"), want.sni_acceptable),
                    ("certificates", chain and chain["cert_count"], want.certificates),
                    ("findings", codes_of(row, chain, leaves.get(row["leaf_sha256"]),
                                          services[row["service"]]), want.codes)):
                check_equal(f"{host}: {what}", got, wanted)
            shown = host if case.certificate and len(case.hosts) > 1 else case.certificate
            check_equal(f"{host}: leaf", row["leaf_sha256"], certificates.leaf.get(shown))
            check_equal(f"{host}: leaf without SNI", row["no_sni_leaf_sha256"],
                        certificates.leaf.get(case.certificate))
    check_completions(rows, certificates)


def check_completions(rows, certificates):
    """The intermediate that one server leaves out was sent by the others."""
    leaf_of = {row["chain_id"]: row["certificates"][0] for row in table(rows, "chains")}
    completions = {leaf_of[row["chain_id"]]: row for row in table(rows, "completions")}
    check_equal("completed chains", list(completions), [certificates.leaf["mx-leaf-only"]])
    for row in completions.values():
        check_equal("completed: status", row["status"], "trusted")
        check_equal("completed: finding", codes_of(row), ["chain.missing_intermediate"])


def run(server_class, cases, verify):
    """The script: starts the server, scans `cases`, then verify(rows, server)."""
    folder = tempfile.mkdtemp(prefix="mxcensus-interop-")
    os.chmod(folder, 0o755)  # the server's own user passes through it
    try:
        with server_class(folder) as server:
            done = scan(server, cases, "--greeting-timeout", "15")
            try:
                check_equal("exit code", done.returncode, 0)
                check_matrix(done.rows, server)
                verify(done.rows, server)
            except (KeyError, TypeError, AssertionError) as wrong:
                sys.exit(f"{wrong!r}\n{done.stderr}\n{server.said()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()
