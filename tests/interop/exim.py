"""mxcensus against a real Exim (with GnuTLS) on loopback: the matrix of mail_server.py.

The package is unpacked under build/mail-servers by test.sh, for it cannot be installed beside
Postfix. Skipped with a word about it when it is missing, unless REQUIRE_EXIM=1.
"""

import os
import re
import shutil

from mail_server import CASES, UNPACKED, JailedServer, can_unshare, check, run, skip_unless, table

EXIM = os.path.abspath(os.path.join(UNPACKED, "exim4-daemon-light/usr/sbin/exim4"))


class Exim(JailedServer):
    suffix = "exim.test"
    users = ["Debian-exim"]  # looked up before the configuration is read

    def configure(self):
        os.mkdir(self.path("spool"))
        os.chown(self.path("spool"), self.FIRST_ID, self.FIRST_ID)
        os.mkdir(self.path("files"))
        # Private keys are read as Exim's own user.
        for path in (*self.certificates.key.values(), self.path("spool")):
            os.chown(path, self.FIRST_ID, self.FIRST_ID)

    def _by_connection(self, files):
        """Text that Exim expands to a file: by SNI, else by the address connected to."""
        choices = [("tls_in_sni", f"{host}.{self.suffix}", files[host]) for host in CASES["sni"].hosts]
        choices += [("received_ip_address", case.address, files[case.certificate])
                    for case in CASES.values() if case.certificate]
        return "".join(f"${{if eq{{${variable}}}{{{value}}}{{{file}}}{{" for variable, value, file in choices) \
            + "}}" * len(choices)

    def write_listeners(self):
        only_12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
        self.write("exim.conf", f"""primary_hostname = mail.{self.suffix}
exim_user = {self.FIRST_ID}
exim_group = {self.FIRST_ID}
spool_directory = {self.path("spool")}
log_file_path = {self.path("spool/%slog")}
local_interfaces = <; {" ; ".join(self.addresses)}
daemon_smtp_ports = {self.port}
rfc1413_query_timeout = 0s
tls_advertise_hosts = ${{if eq{{$received_ip_address}}{{{CASES["plain"].address}}}{{}}{{*}}}}
tls_certificate = {self._by_connection(self.certificates.chain)}
tls_privatekey = {self._by_connection(self.certificates.key)}
tls_require_ciphers = ${{if eq{{$received_ip_address}}{{{CASES["tls12"].address}}}{{{only_12}}}{{NORMAL}}}}
""")

    def commands(self):
        return [(self.jail("", EXIM, "-bdf", "-C", self.path("exim.conf"), "-oP", self.path("pid")), {})]

    def logs(self):
        return [self.path("out"), self.path("spool/mainlog"), self.path("spool/paniclog")]


def verify(rows, server):
    for row in table(rows, "services"):
        check("the greeting is Exim's", "ESMTP Exim" in (row["banner"] or ""), row["banner"])
    said = server.said()
    # GnuTLS by TLS 1.3 and 1.2: the short session at each server, which is broken off in order.
    broken_off = re.findall(r"TLS error on connection from .*\(gnutls_handshake\): (?:User canceled|A TLS warning alert has been received)\.?\n", said)
    short = sum(row["handshake"]["short"] for row in table(rows, "services") if row["handshake"])
    # Where a whole session took its place, as the leaf is another one, it was made all the same.
    check("short sessions: one at a service", 0 < short <= len(broken_off) <= len(table(rows, "services")), (short, said))
    others = "".join(line for line in said.splitlines(keepends=True) if not any(told in line for told in broken_off))
    check("no other complaint", not re.search("TLS error|protocol|panic|syntax", others), said)


def main():
    skip_unless(can_unshare() and os.path.exists(EXIM) and shutil.which("openssl"),
                "root, namespaces, openssl, and Exim as test.sh unpacks it", "REQUIRE_EXIM")
    run(Exim, CASES, verify)


if __name__ == "__main__":
    main()
