"""mxcensus against a real OpenSMTPD on loopback: the matrix of mail_server.py.

Debian 12's package completes no TLS handshake, for it was written for another OpenSSL than it runs
with. One daemon runs as it is: that is a case of its own, which real servers have. For the rest a
small library is preloaded that undoes what differs, tests/support/openssl3_keys.c.

The package is unpacked under build/mail-servers by test.sh, for it cannot be installed beside
Postfix. Skipped with a word about it when it is missing, unless REQUIRE_OPENSMTPD=1.
"""

import os
import re
import shutil

from mail_server import (CASES, UNPACKED, Case, JailedServer, can_unshare, check, check_equal, run,
                         skip_unless, table)

PRELOAD = os.environ.get("OPENSSL3_KEYS", "")
MORE_CASES = {"as_packaged": Case("127.77.0.11", ["mx-as-packaged"], "mx-good")}
SMTPD = os.path.abspath(os.path.join(UNPACKED, "opensmtpd/usr/sbin/smtpd"))
# Where it keeps what it has is built in. The directory that it changes its root to stays empty.
MOUNTS = """for folder in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 none $folder; done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd"""


class OpenSmtpd(JailedServer):
    suffix = "opensmtpd.test"
    key = "RSA"
    users = ["opensmtpd", "opensmtpq"]
    cases = {**CASES, **MORE_CASES}
    addresses = [case.address for case in cases.values()]

    def _configuration(self, name, cases):
        text = ""
        # A certificate is found by the name of its `pki`, for SNI from every one there is.
        for host, chain in self.certificates.chain.items():
            pki = f"{host}.{self.suffix}"
            text += f'pki {pki} cert "{chain}"\npki {pki} key "{self.certificates.key[host]}"\n'
        for case in cases:
            tls = f"tls pki {case.certificate}.{self.suffix} " if case.certificate else ""
            text += f"listen on {case.address} port {self.port} {tls}hostname mail.{self.suffix}\n"
        return self.write(name, text + 'action "none" relay\nmatch from local for local reject\n')

    def write_listeners(self):
        own = ("tls12", "as_packaged")  # their daemons
        self._configuration("smtpd.conf", [case for name, case in CASES.items() if name not in own])
        for name in own:
            self._configuration(f"{name}.conf", [self.cases[name]])
        # This version has no option for TLS versions, only OpenSSL's configuration has.
        self.write("openssl.cnf", "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\n"
                                  "system_default = tls\n[tls]\nMaxProtocol = TLSv1.2\n")

    def commands(self):
        preload = {"LD_PRELOAD": PRELOAD}
        return [(self.jail(MOUNTS, "env", *(f"{name}={value}" for name, value in environment.items()),
                           SMTPD, "-d", "-f", self.path(file)), {})
                for file, environment in (("smtpd.conf", preload), ("as_packaged.conf", {}),
                                          ("tls12.conf", {**preload, "OPENSSL_CONF": self.path("openssl.cnf")}))]


def verify(rows, server):
    for row in table(rows, "services"):
        check("the greeting is OpenSMTPD's", "ESMTP OpenSMTPD" in (row["banner"] or ""), row["banner"])
    broken = next(row for row in table(rows, "services") if row["address"] == "11.77.0.11")
    check_equal("as packaged: STARTTLS", broken["starttls"], "offered")
    check_equal("as packaged: outcome", broken["outcome"], "tls_alert")
    check_equal("as packaged: alert", broken["handshake"]["alert_received"], "internal_error")
    said = server.said()
    refused = re.findall("io-error: (error:.*)\"", said)  # of OpenSSL; short, then without and with SNI
    check("no complaint but of the broken one", refused == ["error:0A080006:SSL routines::EVP lib"] * 3 and
          not re.search("(?i)fatal|invalid", said), said)


def main():
    skip_unless(can_unshare() and os.path.exists(SMTPD) and os.path.exists(PRELOAD) and shutil.which("openssl"),
                "root, namespaces, openssl, and OpenSMTPD as test.sh unpacks it", "REQUIRE_OPENSMTPD")
    run(OpenSmtpd, OpenSmtpd.cases, verify)


if __name__ == "__main__":
    main()
