"""mxcensus against a real Postfix on loopback: the matrix of mail_server.py, and a 554 greeting, a slow
greeting, 454 to STARTTLS, a server without a certificate.

Postfix is started by this test with its own configuration, queue and data directories; the machine's
own Postfix, if there is one, is left alone. Needs root (Postfix changes to its own user) and the
programs of the package; skipped with a word about it when they are missing, unless REQUIRE_POSTFIX=1.
"""

import json
import os
import pwd
import re
import shutil
import subprocess

from mail_server import CASES, Case, MailServer, check, check_equal, make_zone, program, run, scan, skip_unless, table
from support.dns_server import DnsServer

MASTER = "/usr/lib/postfix/sbin/master"
SLOW_GREETING = 4  # seconds
VERSIONS = ["tlsv1_3", "tlsv1_2", "tlsv1_1", "tlsv1_0"]

# What Postfix is made to do besides, with the smtpd options for it.
MORE_CASES = {
    "rejects": Case("127.77.0.11", ["mx-rejects"], None),
    "slow": Case("127.77.0.12", ["mx-slow"], None),
    "broken": Case("127.77.0.13", ["mx-broken"], None),
    "bare": Case("127.77.0.14", ["mx-bare"], None),
}
OPTIONS = {
    "sni": ["tls_server_sni_maps={sni_map}"],
    "tls12": ["smtpd_tls_protocols=TLSv1.2"],
    "plain": ["smtpd_tls_security_level=none"],
    "rejects": ["smtpd_delay_reject=no", "smtpd_client_restrictions=reject"],
    "slow": ["smtpd_delay_reject=no", f"smtpd_client_restrictions=sleep,{SLOW_GREETING},permit"],
    "broken": ["smtpd_tls_CAfile=/nonexistent"],
    "bare": ["smtpd_tls_chain_files=/nonexistent"],
}


class Postfix(MailServer):
    suffix = "postfix.test"
    cases = {**CASES, **MORE_CASES}
    addresses = [case.address for case in cases.values()]
    options = OPTIONS  # by case
    default_certificate = "mx-good"
    sni_hosts = CASES["sni"].hosts

    def configure(self):
        for name in ("etc", "queue", "data"):
            os.mkdir(self.path(name))
        user = pwd.getpwnam("postfix")
        os.chown(self.path("data"), user.pw_uid, user.pw_gid)
        for name, mode in (("pid", 0o755), ("active", 0o700), ("bounce", 0o700), ("corrupt", 0o700),
                           ("defer", 0o700), ("deferred", 0o700), ("flush", 0o700), ("hold", 0o700),
                           ("incoming", 0o700), ("maildrop", 0o730), ("private", 0o700),
                           ("public", 0o710), ("saved", 0o700), ("trace", 0o700)):
            os.mkdir(self.path("queue", name), mode)
            if name != "pid":
                os.chown(self.path("queue", name), user.pw_uid, user.pw_gid)
        self.write("etc/main.cf", f"""compatibility_level = 3.6
config_directory = {self.path("etc")}
queue_directory = {self.path("queue")}
data_directory = {self.path("data")}
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = {self.path("log")}
maillog_file_prefixes = {self.folder}
myhostname = mail.postfix.test
mydestination =
local_transport = error:no mail here
inet_interfaces = 127.0.0.1
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = reject
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = {self._chain_files(self.default_certificate)}
""")
        self.sni_map = "hash:" + self.write("etc/sni", "".join(
            f"{host}.{self.suffix} {self._chain_files(host)}\n" for host in self.sni_hosts))
        subprocess.run(["postmap", "-c", self.path("etc"), "-F", self.sni_map], check=True)

    def _chain_files(self, host):
        return f"{self.certificates.key[host]},{self.certificates.chain[host]}"

    def write_listeners(self):
        master = "postlog unix-dgram n - n - 1 postlogd\n"
        for name, program in (("anvil", "anvil"), ("tlsmgr", "tlsmgr"), ("proxymap", "proxymap"),
                              ("rewrite", "trivial-rewrite")):
            master += f"{name} unix - - n - 1 {program}\n"
        for name, case in self.cases.items():
            options = [option.format(sni_map=self.sni_map) for option in self.options.get(name, [])]
            if case.certificate:
                options.append(f"smtpd_tls_chain_files={self._chain_files(case.certificate)}")
            master += f"{case.address}:{self.port} inet n - n - - smtpd\n"
            master += "".join(f"  -o {option}\n" for option in options)
        self.write("etc/master.cf", master)

    def commands(self):
        return [([MASTER, "-c", self.path("etc"), "-d"], {})]

    def logs(self):
        return [self.path("out"), self.path("log")]


def verify(rows, postfix):
    services = {row["address"].removeprefix("11.77.0."): row for row in table(rows, "services")}
    certificates = {row["fingerprint_sha256"]: row for row in table(rows, "certificates")}
    chains = {row["chain_id"]: row for row in table(rows, "chains")}
    endpoints = {row["host"]: row for row in table(rows, "endpoints")}
    domains = {row["domain"]: row for row in table(rows, "domains")}

    good = services["1"]
    check_equal("outcome", good["outcome"], "established")
    check("the greeting is Postfix's", "ESMTP Postfix" in good["banner"], good["banner"])
    for sent in chains[good["chain_id"]]["certificates"]:
        check("every presented certificate has its row", sent in certificates, sent)
    check_equal("its name", certificates[good["leaf_sha256"]]["names"], ["mx-good.postfix.test"])
    check_equal("broken off without SNI", (good["handshake"]["short"], good["transcript"]["ehlo_tls"]), (True, None))
    said_inside = endpoints["mx-good.postfix.test"]["transcript"]
    check_equal("EHLO inside TLS", said_inside["ehlo_tls"]["code"], 250)
    check_equal("QUIT", said_inside["quit"]["code"], 221)
    by_sni = endpoints["mx-sni-a.postfix.test"]
    check_equal("the other leaf is asked for twice", by_sni["repeated"], True)
    check_equal("and is the same again", by_sni["unstable"], False)

    check_equal("no STARTTLS", services["7"]["outcome"], "starttls_not_offered")
    check_equal("no STARTTLS, session", services["7"]["transcript"]["quit"]["code"], 221)
    check_equal("554 greeting", services["11"]["outcome"], "greeting_rejected")
    check_equal("554 greeting, code", services["11"]["transcript"]["banner"]["code"], 554)
    slow = services["12"]
    check_equal("slow greeting", slow["outcome"], "established")
    check("and it was waited for", slow["transcript"]["banner"]["ms"] >= SLOW_GREETING * 1000,
          slow["transcript"]["banner"])
    check_equal("454 to STARTTLS", services["13"]["outcome"], "starttls_tempfail")
    check_equal("454 to STARTTLS, code", services["13"]["transcript"]["starttls"]["code"], 454)
    bare = services["14"]  # only anonymous suites, which we do not offer
    check("no certificate", bare["outcome"] in ("tls_alert", "tls_no_shared_cipher"), bare["outcome"])
    check_equal("its alert", bare["handshake"]["alert_received"], "handshake_failure")

    for domain, row in domains.items():
        check_equal(domain, row["account"], "inconclusive" if domain == "rejects.postfix.test" else "tested")

    said = postfix.said()
    # Our own look whether the servers are up is lost after CONNECT. After STARTTLS: one session at each server, which is
    # broken off in order, though to Postfix it is an error as well; and a handshake that it refuses (`bare`: so is that one,
    # and the whole ones without SNI and with it).
    established = [row for row in services.values() if row["outcome"] == "established"]
    lost = re.findall("lost connection after (?!CONNECT)(.*) from", said)
    check_equal("every other session ends with QUIT", lost, ["STARTTLS"] * (len(established) + 3))
    check("no complaint", not re.search("improper command|panic|timeout after", said), said)
    verify_ciphers(postfix)
    verify_as_if(postfix)


def verify_ciphers(postfix):
    """As it is by default: the client's order, anonymous suites as well (postconf(5), tls_preempt_cipherlist and
    tls_medium_cipherlist). Without a certificate those are all that it has."""
    done = scan(postfix, {name: postfix.cases[name] for name in ("good", "tls12", "bare")}, "--probes",
                "sni,no-sni,ciphers")
    check_equal("suites: exit code", done.returncode, 0)
    services = {row["address"].removeprefix("11.77.0."): row for row in table(done.rows, "services")}
    lists = {at: {v: row["ciphers"][v] for v in VERSIONS} for at, row in services.items()}
    for at, version in (("1", "tlsv1_3"), ("1", "tlsv1_2"), ("6", "tlsv1_2")):
        got = lists[at][version]
        check_equal(f"{at} {version}: the client's order", (got["order"], got["end"]), ("client", "complete"))
    check_equal("TLS 1.3 is disabled there", lists["6"]["tlsv1_3"], None)
    for at in ("1", "6"):
        of_tls12 = lists[at]["tlsv1_2"]["suites"]
        check(f"{at}: with forward secrecy and AEAD", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" in of_tls12, of_tls12)
        check(f"{at}: anonymous ones as well", "TLS_ECDH_anon_WITH_AES_256_CBC_SHA" in of_tls12, of_tls12)
        print(f"Postfix at {at}: {services[at]['ciphers']['connections']} connections,"
              f" and {services[at]['versions']['connections']} for the versions")
    bare = [suite for one in lists["14"].values() if one for suite in one["suites"]]
    check("without a certificate: anonymous ones only", bare and all("_anon_" in suite for suite in bare), bare)
    codes = {at: {f["code"] for f in row["findings"]} for at, row in services.items()}
    check("and so it is found", all("tls.anonymous_accepted" in codes[at] for at in ("1", "6", "14")), codes)


def verify_as_if(postfix):
    """What check says of a host and a certificate before the switch is what it says after it: of each case as it is, and
    of the expired server as if it had that name and that chain."""
    def looked_at(zone_options, host, *options):
        done = program("check", *zone_options, "--json", "--host", f"{host}.{postfix.suffix}{options[0]}", *options[1:])
        check_equal(f"as if: {host} {options}: exit code", done.returncode, 0)
        row = json.loads(done.stdout)["rows"]["domains"][0]
        brief = row["mx"][0]["endpoints"][0]
        outcomes = [(o["profile"], o["best"], o["worst"], (o["decided_by"] or "").split(" ")[-1]) for o in row["outcomes"]]
        return outcomes, [brief[name] for name in ("outcome", "leaf_sha256", "chain_status", "name_match", "acceptable", "sni")]

    with DnsServer(make_zone(postfix.suffix, postfix.cases)) as dns:
        zone_options = ["--name-servers", f"127.0.0.1:{dns.port}", "--address-map", f"11.77.0.0/16=127.77.0.0/16:{postfix.port}",
                        "--root-cas", postfix.certificates.roots, "--ehlo-domain", "scanner.mxcensus.test", "--address-rate", "20/s"]
        for name in ("good", "leaf_only", "wrong_name"):
            host, shown = CASES[name].hosts[0], CASES[name].certificate
            as_it_is = looked_at(zone_options, host, "")
            as_if = looked_at(zone_options, host, "=11.77.0.4", "--certificate", postfix.certificates.chain[shown])
            check_equal(f"as if: {name}", as_if, as_it_is)
        other = looked_at(zone_options, "mx-good", "=11.77.0.4")
        check("as if: and not without the certificate", other[1][2] == "expired" and other != looked_at(zone_options, "mx-good", ""), other)


def main():
    skip_unless(os.geteuid() == 0 and os.path.exists(MASTER) and shutil.which("openssl"),
                "root, Postfix and openssl", "REQUIRE_POSTFIX")
    run(Postfix, Postfix.cases, verify)


if __name__ == "__main__":
    main()
