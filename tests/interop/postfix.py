"""mxcensus against a real Postfix on loopback: STARTTLS with a default certificate and an SNI map,
none, a 554 greeting, a slow greeting, 454 to STARTTLS, TLS 1.2 only.

Postfix is started by this test with its own configuration, queue and data directories; the machine's
own Postfix, if there is one, is left alone. Needs root (Postfix changes to its own user) and the
programs of the package; skipped with a word about it when they are missing, unless REQUIRE_POSTFIX=1.
"""

import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import check, check_equal, finish, scan_to_stdout, table  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402
from support.pki import Authority  # noqa: E402

MASTER = "/usr/lib/postfix/sbin/master"
SLOW_GREETING = 4  # seconds
START_TIMEOUT = 20  # seconds
START_TRIES = 3
SKIPPED = 77  # exit code that ctest shows as skipped

# What each server is asked to be, its loopback address and the smtpd options that make it so.
SERVERS = {
    "tls": ("127.77.0.1", ["smtpd_tls_security_level=may", "tls_server_sni_maps={sni_map}"]),
    "plain": ("127.77.0.2", ["smtpd_tls_security_level=none"]),
    "rejects": ("127.77.0.3", ["smtpd_tls_security_level=may", "smtpd_delay_reject=no",
                               "smtpd_client_restrictions=reject"]),
    "slow": ("127.77.0.4", ["smtpd_tls_security_level=may", "smtpd_delay_reject=no",
                            f"smtpd_client_restrictions=sleep,{SLOW_GREETING},permit"]),
    "broken": ("127.77.0.5", ["smtpd_tls_security_level=may", "smtpd_tls_CAfile=/nonexistent"]),
    "old": ("127.77.0.6", ["smtpd_tls_security_level=may", "smtpd_tls_protocols=TLSv1.2"]),
    "bare": ("127.77.0.7", ["smtpd_tls_security_level=may", "smtpd_tls_chain_files=/nonexistent"]),
}


def free_port():
    """A port that is free on every address of SERVERS."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.77.0.1", 0))
            port = probe.getsockname()[1]
        try:
            for address, _ in SERVERS.values():
                with socket.socket() as probe:
                    probe.bind((address, port))
            return port
        except OSError:
            continue


class Postfix:
    def __init__(self, folder):
        self.folder = folder
        self.config = os.path.join(folder, "etc")
        self.log = os.path.join(folder, "log")
        self.port = None
        self.authority = None
        self.leaf = {}

    def _write(self, name, text):
        path = os.path.join(self.config, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _make_certificates(self):
        pki = os.path.join(self.folder, "pki")
        os.mkdir(pki)
        self.authority = Authority(pki)
        sni = ""
        for name in ("mx.postfix.test", "sni.postfix.test"):
            key, chain, der = self.authority.leaf(name)
            self.leaf[name] = hashlib.sha256(der).hexdigest()
            sni += f"{name} {key} {chain}\n" if name.startswith("sni.") else ""
            if name.startswith("mx."):
                self.chain_files = f"{key}, {chain}"
        path = self._write("sni", sni)
        subprocess.run(["postmap", "-c", self.config, "-F", "hash:" + path], check=True)
        self.sni_map = "hash:" + path

    def _configure(self):
        queue, data = os.path.join(self.folder, "queue"), os.path.join(self.folder, "data")
        for path in (self.config, queue, data):
            os.mkdir(path)
        user = pwd.getpwnam("postfix")
        os.chown(data, user.pw_uid, user.pw_gid)
        for name, mode in (("pid", 0o755), ("active", 0o700), ("bounce", 0o700), ("corrupt", 0o700),
                           ("defer", 0o700), ("deferred", 0o700), ("flush", 0o700), ("hold", 0o700),
                           ("incoming", 0o700), ("maildrop", 0o730), ("private", 0o700),
                           ("public", 0o710), ("saved", 0o700), ("trace", 0o700)):
            os.mkdir(os.path.join(queue, name), mode)
            if name != "pid":
                os.chown(os.path.join(queue, name), user.pw_uid, user.pw_gid)
        main = f"""compatibility_level = 3.6
config_directory = {self.config}
queue_directory = {queue}
data_directory = {data}
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = {self.log}
maillog_file_prefixes = {self.folder}
myhostname = mx.postfix.test
mydestination =
local_transport = error:no mail here
inet_interfaces = 127.0.0.1
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = reject
smtpd_peername_lookup = no
"""
        self._write("main.cf", main)
        self._make_certificates()
        self._write("main.cf", main + f"smtpd_tls_chain_files = {self.chain_files}\n")

    def _choose_port(self):
        self.port = free_port()
        master = "postlog unix-dgram n - n - 1 postlogd\n"
        for name, program in (("anvil", "anvil"), ("tlsmgr", "tlsmgr"), ("proxymap", "proxymap"),
                              ("rewrite", "trivial-rewrite")):
            master += f"{name} unix - - n - 1 {program}\n"
        for address, options in SERVERS.values():
            options = [option.format(sni_map=self.sni_map) for option in options]
            master += f"{address}:{self.port} inet n - n - - smtpd\n"
            master += "".join(f"  -o {option}\n" for option in options)
        self._write("master.cf", master)

    def __enter__(self):
        self._configure()
        for _ in range(START_TRIES):
            self._choose_port()
            if self._start():
                return self
            self.__exit__()
        raise RuntimeError("Postfix does not start:\n" + self.said())

    def _start(self):
        """False when it ends, which is silent: another program took the port meanwhile."""
        self.output = open(os.path.join(self.folder, "master.out"), "wb")
        self.process = subprocess.Popen([MASTER, "-c", self.config, "-d"], stdout=self.output,
                                        stderr=self.output, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        for address, _ in SERVERS.values():
            while True:
                try:
                    socket.create_connection((address, self.port), 2).close()
                    break
                except OSError:
                    if time.monotonic() > deadline or self.process.poll() is not None:
                        return False
                    time.sleep(0.1)
        return self.process.poll() is None

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            self.output.close()
            try:  # smtpd processes that outlived their master
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def said(self):
        text = ""
        for path in (os.path.join(self.folder, "master.out"), self.log):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text


def make_zone():
    """One domain a server; `tls` has two MX names, of which one is in the SNI map."""
    zone = {}
    for name, (address, _) in SERVERS.items():
        domain = f"{name}.postfix.test"
        host = "mx.postfix.test" if name == "tls" else f"mx-{name}.postfix.test"
        zone[(domain, "MX")] = [(10, host)]
        zone[(host, "A")] = [address.replace("127.77.", "11.77.")]
    zone[("tls.postfix.test", "MX")].append((20, "sni.postfix.test"))
    zone[("sni.postfix.test", "A")] = zone[("mx.postfix.test", "A")]
    return zone


def check_rows(rows, postfix):
    services = {row["address"]: row for row in table(rows, "services")}
    endpoints = {row["endpoint"]: row for row in table(rows, "endpoints")}
    chains = {row["chain_id"]: row for row in table(rows, "chains")}
    certificates = {row["fingerprint_sha256"]: row for row in table(rows, "certificates")}
    domains = {row["domain"]: row for row in table(rows, "domains")}

    tls = services["11.77.0.1"]
    check_equal("default outcome", tls["outcome"], "established")
    check_equal("default certificate", tls["leaf_sha256"], postfix.leaf["mx.postfix.test"])
    check_equal("TLS 1.3", tls["tls_version"], "TLSv1.3")
    check("the greeting is Postfix's", "ESMTP Postfix" in tls["banner"], tls["banner"])
    check_equal("certificates presented", chains[tls["chain_id"]]["cert_count"], 2)
    for sent in chains[tls["chain_id"]]["certificates"]:
        check("every presented certificate has its row", sent in certificates, sent)
    check_equal("its name", certificates[tls["leaf_sha256"]]["names"], ["mx.postfix.test"])
    check_equal("EHLO inside TLS", tls["transcript"]["ehlo_tls"]["code"], 250)
    check_equal("QUIT", tls["transcript"]["quit"]["code"], 221)

    by_name = endpoints["mx.postfix.test|11.77.0.1|25"]
    by_sni = endpoints["sni.postfix.test|11.77.0.1|25"]
    check_equal("certificate for the default name", by_name["leaf_sha256"], postfix.leaf["mx.postfix.test"])
    check_equal("certificate by the SNI map", by_sni["leaf_sha256"], postfix.leaf["sni.postfix.test"])
    check_equal("the other leaf is asked for twice", by_sni["repeated"], True)
    check_equal("and is the same again", by_sni["unstable"], False)
    check_equal("without SNI", by_sni["no_sni_leaf_sha256"], postfix.leaf["mx.postfix.test"])

    check_equal("no STARTTLS", services["11.77.0.2"]["outcome"], "starttls_not_offered")
    check_equal("no STARTTLS, session", services["11.77.0.2"]["transcript"]["quit"]["code"], 221)
    check_equal("554 greeting", services["11.77.0.3"]["outcome"], "greeting_rejected")
    check_equal("554 greeting, code", services["11.77.0.3"]["transcript"]["banner"]["code"], 554)
    slow = services["11.77.0.4"]
    check_equal("slow greeting", slow["outcome"], "established")
    check("and it was waited for", slow["transcript"]["banner"]["ms"] >= SLOW_GREETING * 1000,
          slow["transcript"]["banner"])
    check_equal("454 to STARTTLS", services["11.77.0.5"]["outcome"], "starttls_tempfail")
    check_equal("454 to STARTTLS, code", services["11.77.0.5"]["transcript"]["starttls"]["code"], 454)
    check_equal("TLS 1.2", services["11.77.0.6"]["tls_version"], "TLSv1.2")
    bare = services["11.77.0.7"]  # only anonymous suites, which we do not offer
    check("no certificate", bare["outcome"] in ("tls_alert", "tls_no_shared_cipher"), bare["outcome"])
    check_equal("its alert", bare["handshake"]["alert_received"], "handshake_failure")

    accounts = {name: domains[f"{name}.postfix.test"]["account"] for name in SERVERS}
    check_equal("accounts", accounts, {"tls": "tested", "plain": "tested", "rejects": "inconclusive",
                                       "slow": "tested", "broken": "tested", "old": "tested",
                                       "bare": "tested"})


def main():
    if os.geteuid() != 0 or not os.path.exists(MASTER) or shutil.which("openssl") is None:
        if os.environ.get("REQUIRE_POSTFIX") == "1":
            sys.exit("needs root, Postfix and openssl")
        print("skipped: needs root, Postfix and openssl")
        sys.exit(SKIPPED)
    folder = tempfile.mkdtemp(prefix="mxcensus-postfix-")
    os.chmod(folder, 0o755)  # Postfix's own user passes through it
    try:
        with Postfix(folder) as postfix, DnsServer(make_zone()) as dns:
            domains = "".join(f"{name}.postfix.test\n" for name in SERVERS)
            run = scan_to_stdout(
                "--name-servers", f"127.0.0.1:{dns.port}",
                "--address-map", f"11.77.0.0/16=127.77.0.0/16:{postfix.port}",
                "--ehlo-domain", "scanner.mxcensus.test", "--greeting-timeout", "15",
                "--address-rate", "20/s", input=domains)
            try:
                check_equal("exit code", run.returncode, 0)
                check_rows(run.rows, postfix)
                said = postfix.said()
                # Our own look whether the servers are up is lost after CONNECT; a handshake that
                # Postfix refuses (`bare`, without and with SNI) after STARTTLS.
                lost = re.findall("lost connection after (?!CONNECT)(.*) from", said)
                check_equal("every other session ends with QUIT", lost, ["STARTTLS", "STARTTLS"])
                check("no complaint", not re.search("improper command|panic|timeout after", said), said)
            except (KeyError, TypeError, AssertionError) as wrong:
                sys.exit(f"{wrong!r}\n{run.stderr}\n{postfix.said()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
