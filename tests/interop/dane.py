"""mxcensus against DNSSEC, Postfix and its own client on loopback.

NSD serves a signed root of the test's own with zones below it, Unbound validates, and Postfix presents
certificates beside TLSA records. What the scan says is held against what is written here by hand, and
against posttls-finger(1): at level dane (RFC 7672) and at level secure with the MX name.

All of it runs in a network of its own. Needs root, nsd, unbound, ldnsutils, Postfix and openssl;
skipped with a word about it when something is missing, unless REQUIRE_DANE=1.
"""

import collections
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import own_network
import signed_zone
from mail_server import EXPIRED, Case, check, check_equal, finish, scan_to_stdout, skip_unless, table
from postfix import MASTER, Postfix
from signed_zone import Zone
from support.pki import Authority

ROOT_ZONE, TEST, DANE, NO_DS, BOGUS, UNSIGNED = (
    ".", "test.", "dane.test.", "nods.test.", "bogus.test.", "unsigned.test.")

# What an MX host presents, its TLSA records, and what has to be said of it.
#   certificate  of Certificates.KINDS; None: no STARTTLS
#   tlsa         "usage selector matching WHOSE" of Certificates.digest(), or "CNAME name"
#   host         hosts.dane
#   status       endpoints.dane.status
#   ta_fault     endpoints.dane.ta_fault
#   passes       endpoints.acceptable; None: no certificate
# RFC 7671 sections 5.1, 5.2, 8, 9 and 10.3; RFC 7672 sections 2.1, 2.2 and 3.1.
Host = collections.namedtuple("Host", "certificate tlsa host status ta_fault passes", defaults=(None, True))
HOSTS = {
    "match": Host("good", ["3 1 1 own"], "usable", "match"),
    "whole": Host("good", ["3 0 2 own"], "usable", "match"),
    "stale": Host("good", ["3 1 1 other"], "usable", "mismatch"),
    "rollover": Host("good", ["3 1 1 own", "3 1 1 other"], "usable", "match"),
    "agility": Host("good", ["3 1 1 own", "3 1 2 other"], "usable", "mismatch"),
    "missing": Host("good", [], "none", "none"),
    "expired": Host("expired", ["3 1 1 own"], "usable", "match", None, False),
    "name": Host("wrong_name", ["3 1 1 own"], "usable", "match", None, False),
    "cn": Host("cn_only", ["3 1 1 own"], "usable", "match", None, False),
    "ta": Host("good", ["2 1 1 intermediate"], "usable", "match"),
    "ta-absent": Host("leaf_only", ["2 1 1 intermediate"], "usable", "mismatch", "not_in_chain", False),
    "ta-name": Host("wrong_name", ["2 1 1 intermediate"], "usable", "other_name", "name_mismatch", False),
    "ta-domain": Host("domain_name", ["2 1 1 intermediate"], "usable", "other_name", "name_mismatch", False),
    "ta-cn": Host("cn_only", ["2 1 1 intermediate"], "usable", "match", None, False),
    "ta-key-in-dns": Host("good", ["2 1 0 root"], "usable", "match"),
    "ta-root-in-dns": Host("good", ["2 0 0 root"], "usable", "match"),
    "ta-other-key": Host("good", ["2 1 0 own"], "usable", "mismatch", "not_in_chain"),
    "ta-expired": Host("expired", ["2 1 1 intermediate"], "usable", "mismatch", "expired", False),
    "ta-root": Host("good", ["2 0 1 root"], "usable", "mismatch", "not_in_chain"),
    "pkix": Host("good", ["1 1 1 own"], "unusable", "unusable"),
    "plain": Host(None, ["3 1 1 other"], "usable", "no_tls", None, None),
    "linked": Host("good", [f"CNAME linked.{DANE}"], "usable", "match"),
    "to-unsigned": Host("good", [f"CNAME mx.{UNSIGNED}"], "tlsa_insecure", "none"),
    "to-bogus": Host("good", [f"CNAME mx.{BOGUS}"], "lookup_failed", "failed"),
}
ALIAS, TARGET = "alias", "target"  # an MX that is a CNAME; what it leads to has the records and the certificate

# MX hosts of other zones: domain -> MX, hosts.dane, its tlsa_dnssec.
ELSEWHERE = {
    f"insecure.{UNSIGNED}": (f"mx.{UNSIGNED}", "host_insecure", "insecure"),
    f"signed.{NO_DS}": (f"mx.{NO_DS}", "host_insecure", "no_chain"),
    f"bogus.{DANE}": (f"mx.{BOGUS}", "lookup_failed", "bogus"),
}
INSECURE_MX = f"insecure-mx.{UNSIGNED}"  # whose MX is that of `match`


def domain_of(name):
    return f"{name}.{DANE}"[:-1]


def host_of(name):
    return f"mx.{name}.{DANE}"[:-1]


def address_of(name):
    return f"11.77.1.{1 + [*HOSTS, ALIAS].index(name)}"


class Certificates:
    """One for each host: .key, .chain: paths; .leaf: SHA-256."""

    KINDS = {
        "good": {},
        "leaf_only": {"with_chain": False},
        "wrong_name": {"name": "www.example.net"},
        "domain_name": {"name": "ta-domain.dane.test"},
        "expired": {"dates": EXPIRED},
        "cn_only": {"cn_only": True},
    }

    def __init__(self, folder):
        os.mkdir(folder)
        self.authority = Authority(folder)
        self.roots = self.authority.root + ".pem"
        self.key, self.chain, self.leaf = {}, {}, {}
        for name, host in HOSTS.items():
            if host.certificate:
                self._make(name, **{"name": host_of(name), **self.KINDS[host.certificate]})
        self._make(ALIAS, name="default.dane.test")
        self._make(TARGET, name=domain_of(TARGET))

    def _make(self, host, name, **options):
        key, chain, der = self.authority.leaf(name, **options)
        self.key[host], self.chain[host] = (shutil.copy(path, f"{self.authority.folder}/{host}.{kind}")
                                            for path, kind in ((key, "private"), (chain, "list")))
        os.chmod(self.key[host], 0o600)
        self.leaf[host] = hashlib.sha256(der).hexdigest()

    def digest(self, selector, matching, whose, host):
        """@param whose own, root, intermediate, or other: of nobody"""
        if whose == "other":
            octets = b"the key before this one"
        else:
            path = self.chain[host] if whose == "own" else f"{self.authority.folder}/{whose}.pem"
            command = ["openssl", "x509", "-in", path, "-outform", "DER"]
            if selector == "1":
                command = ["openssl", "x509", "-in", path, "-noout", "-pubkey"]
            octets = subprocess.run(command, check=True, capture_output=True).stdout
            if selector == "1":
                octets = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=octets,
                                        check=True, capture_output=True).stdout
        return octets.hex() if matching == "0" else {"1": hashlib.sha256, "2": hashlib.sha512}[matching](octets).hexdigest()

    def record(self, spec, host):
        """Type and data in a zone file."""
        if spec.startswith("CNAME"):
            return spec
        usage, selector, matching, whose = spec.split()
        return f"TLSA {usage} {selector} {matching} {self.digest(selector, matching, whose, host)}"


class DanePostfix(Postfix):
    suffix = DANE[:-1]
    fixed_port = 25
    cases = {name: Case(address_of(name), [], name if name == ALIAS or HOSTS[name].certificate else None)
             for name in [*HOSTS, ALIAS]}
    addresses = [case.address for case in cases.values()]
    options = {"plain": ["smtpd_tls_security_level=none"], ALIAS: ["tls_server_sni_maps={sni_map}"]}
    default_certificate = "match"
    sni_hosts = [TARGET]

    def make_certificates(self, folder):
        return Certificates(folder)


def make_zones(folder, certificates):
    """@return list, the root first"""
    dane, no_ds = Zone(folder, DANE), Zone(folder, NO_DS)
    bogus, unsigned = Zone(folder, BOGUS, dates=signed_zone.EXPIRED), Zone(folder, UNSIGNED, signed=False)
    for name, host in HOSTS.items():
        dane.add(f"{name} IN MX 10 mx.{name}", f"mx.{name} IN A {address_of(name)}")
        dane.add(*(f"_25._tcp.mx.{name} IN {certificates.record(spec, name)}" for spec in host.tlsa))
    dane.add(f"linked IN {certificates.record('3 1 1 own', 'linked')}",
             f"{ALIAS} IN MX 10 mx.{ALIAS}", f"mx.{ALIAS} IN CNAME {TARGET}",
             f"{TARGET} IN A {address_of(ALIAS)}",
             f"_25._tcp.{TARGET} IN {certificates.record('3 1 1 own', TARGET)}")
    of_match = certificates.record("3 1 1 own", "match")
    for zone in (no_ds, bogus, unsigned):
        zone.add(f"mx IN A {address_of('match')}", f"_25._tcp.mx IN {of_match}", f"mx IN {of_match}")
    for domain, (host, _, _) in {**ELSEWHERE, INSECURE_MX: (host_of("match") + ".", None, None)}.items():
        next(zone for zone in (dane, no_ds, unsigned) if domain.endswith("." + zone.origin)).add(
            f"{domain} IN MX 10 {host}")
    test, root = Zone(folder, TEST), Zone(folder, ROOT_ZONE)
    for child in (dane, no_ds, bogus, unsigned):
        test.delegate(child.close(), with_ds=child in (dane, bogus))
    test.add(f"ns IN A {signed_zone.NAME_SERVER}")
    root.delegate(test.close())
    root.add(f"ns.test. IN A {signed_zone.NAME_SERVER}")
    return [root.close(), test, dane, no_ds, bogus, unsigned]


def domains():
    return [*map(domain_of, [*HOSTS, ALIAS]), *(d[:-1] for d in [*ELSEWHERE, INSECURE_MX])]


def finger(postfix, *arguments):
    """What posttls-finger says of a destination."""
    return subprocess.run(["posttls-finger", "-a", "ipv4", "-F", postfix.certificates.roots, *arguments],
                          capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "MAIL_CONFIG": postfix.path("etc")}).stdout


def connection(said):
    """Verified, Trusted or Untrusted; None: TLS was not offered, or there was no session."""
    words = re.findall("finger: (.*) TLS connection established", said)
    return words[0] if words else None


def dane_judgement(postfix, domain):
    """(status in our words, what level dane made of the connection, what level dane-only said).

    Both levels do the same; dane-only also says that it found no records."""
    said, only = (finger(postfix, "-l", level, domain) for level in ("dane", "dane-only"))
    for status, sign in (
            ("failed", "TLSA lookup error|address lookup failed.*try again"),
            ("none", "no TLSA records found"),
            ("unusable", "no usable TLSA records found"),
            ("match", "Matched DANE .*\n(.*\n)*.*finger: (Verified|Trusted) TLS"),
            ("mismatch", "finger: Untrusted TLS"),
            ("no_tls", "250 (?!STARTTLS)")):
        if re.search(sign, only):
            return status, connection(said), only
    return None, connection(said), only


# At level dane; without records in force posttls-finger falls back to level secure, with the next hop and
# what is below it as names. Delivery at level dane does not, nor does the scan (RFC 7672 section 2.2).
CONNECTIONS = {"match": "Verified", "mismatch": "Untrusted", "failed": None, "no_tls": None,
               "unusable": "Verified", "none": "Verified"}
# What becomes of mail from Postfix at level dane (RFC 7672 section 2.2).
DELIVERIES = {"match": "authenticated", "mismatch": "deferred", "failed": "deferred", "no_tls": "deferred",
              "unusable": "encrypted", "none": "encrypted"}

# Where posttls-finger and the scan must differ.
SECURE_DIFFERENCES = {
    name: "Postfix takes the common name where there is no dNSName; RFC 8461 section 4.1 and RFC 9525 do not"
    for name in ("cn", "ta-cn")
}


def check_rows(rows, certificates):
    hosts = {row["host"]: row for row in table(rows, "hosts")}
    endpoints = {row["host"]: row for row in table(rows, "endpoints")}
    for name, want in HOSTS.items():
        host, row = hosts[host_of(name)], endpoints[host_of(name)]
        dane = row["dane"]
        for what, got, wanted in (
                ("addresses are secure", host["address_dnssec"], "secure"),
                ("hosts.dane", host["dane"], want.host),
                ("TLSA base", host["tlsa_base"], host_of(name) if want.host in ("usable", "unusable") else None),
                ("endpoints.dane.host", dane["host"], want.host),
                ("status", dane["status"], want.status),
                ("fault of DANE-TA", dane["ta_fault"], want.ta_fault),
                ("digest agility", dane["agility_conflict"], name == "agility"),
                ("stale records", dane["stale"], 1 if name == "rollover" else 0),
                ("acceptable", row["acceptable"], want.passes),
                ("leaf", row["leaf_sha256"], certificates.leaf.get(name))):
            check_equal(f"{name}: {what}", got, wanted)

    host, row = hosts[host_of(ALIAS)], endpoints[host_of(ALIAS)]
    check_equal("alias: TLSA base", host["tlsa_base"], domain_of(TARGET))
    check_equal("alias: its own name as SNI", row["leaf_sha256"], certificates.leaf[ALIAS])
    check_equal("alias: TLSA base as SNI", row["dane_sni"]["leaf_sha256"], certificates.leaf[TARGET])
    check_equal("alias: status", row["dane"]["status"], "match")
    check_equal("alias: not acceptable by its own name", row["acceptable"], False)

    for host_name, state, dnssec in ELSEWHERE.values():
        host = hosts[host_name[:-1]]
        check_equal(f"{host_name}: hosts.dane", host["dane"], state)
        check_equal(f"{host_name}: records", host["tlsa_dnssec"], dnssec)
    check_equal("a DS is missing", [f["code"] for f in hosts["mx." + NO_DS[:-1]]["findings"]], ["dane.no_chain"])


def check_status(row, endpoint, judgement):
    """What the scan says of the endpoint beside what posttls-finger says of the domain."""
    domain, ours = row["domain"], endpoint["dane"]["status"]
    status, seen, said = judgement
    if ours == "other_name":  # the next hop is a name as well (RFC 7672 section 3.2.2), which the domain's row tells
        ours = {(1, 0, 0): "match", (0, 1, 0): "mismatch"}[tuple(row["dane"][k] for k in ("match", "mismatch", "unknown"))]
    check(f"{domain}: status as posttls-finger has it", ours == status, f"{ours} {status}\n{said}")
    wanted = CONNECTIONS[status]
    if domain + "." == INSECURE_MX:  # it says no more then, smtp_tls_dane_insecure_mx_policy
        wanted = "Trusted"
    elif domain + "." in ELSEWHERE and status == "none":  # the certificate is that of `match`
        wanted = "Untrusted"
    check_equal(f"{domain}: posttls-finger, level dane", seen, wanted)


def check_domain(row, status):
    """Over the MX set, which is one host. @param status as posttls-finger has it"""
    domain = row["domain"]
    state = {"match": "full", "unusable": "unusable", "none": "none"}.get(status, "failed")
    if status == "none" and row["dane"]["hosts_with_tlsa"]:
        state = "ineffective"
    check_equal(f"{domain}: DANE over the MX set", row["dane"]["state"], state)
    check_equal(f"{domain}: MX is secure", row["dane"]["strict"], domain.endswith(DANE[:-1]))
    outcome = next(o for o in row["outcomes"] if o["profile"] == "postfix-dane")
    for end in ("best", "worst"):
        check_equal(f"{domain}: mail from Postfix with DANE, {end} ({outcome['decided_by']})", outcome[end],
                    DELIVERIES[status])


def check_domains(rows, judgements):
    endpoints = {row["host"]: row for row in table(rows, "endpoints")}
    for row in table(rows, "domains"):
        judgement = judgements[row["domain"]]
        check_status(row, endpoints[row["mx"][0]["host"]], judgement)
        check_domain(row, judgement[0])
    check_equal("domains judged", len(table(rows, "domains")), len(judgements))


def check_secure(rows, judgements):
    """Level secure with SNI and match set to the MX name: what a sender with MTA-STS checks."""
    endpoints = {row["host"]: row for row in table(rows, "endpoints")}
    for name, said in judgements.items():
        ours = endpoints[host_of(name)]["acceptable"]
        verified = None if connection(said) is None else connection(said) == "Verified"
        if name in SECURE_DIFFERENCES:
            check(f"{name}: {SECURE_DIFFERENCES[name]}", ours is False and verified is True, said)
        else:
            check(f"{name}: acceptable as posttls-finger has it", ours == verified, f"{ours}\n{said}")


def scan(postfix, names, *options):
    done = scan_to_stdout("--root-cas", postfix.certificates.roots, "--ehlo-domain", "scanner.mxcensus.test",
                          *options, input="".join(name + "\n" for name in names))
    check("exit code", done.returncode == 0, f"{done.returncode}\n{done.stderr[-1800:]}")
    return done


def judge(postfix):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        names = [*HOSTS, ALIAS]
        dane = pool.map(lambda domain: dane_judgement(postfix, domain), domains())
        secure = pool.map(lambda name: finger(postfix, "-l", "secure", "-s", host_of(name),
                                              f"[{host_of(name)}]", host_of(name)), names)
        return dict(zip(domains(), dane)), dict(zip(names, secure))


def verify(postfix):
    done = scan(postfix, domains())  # --trust-ad auto, the resolver of resolv.conf: DANE is judged
    try:
        dane, secure = judge(postfix)
        check_rows(done.rows, postfix.certificates)
        check_domains(done.rows, dane)
        check_secure(done.rows, secure)
        distrusted = scan(postfix, [domain_of("match")], "--trust-ad", "no").rows
        check_equal("--trust-ad no", table(distrusted, "hosts")[0]["dane"], "unknown")
        check_equal("--trust-ad no: status", table(distrusted, "endpoints")[0]["dane"]["status"], "unknown")
    except (KeyError, TypeError) as wrong:
        sys.exit(f"{wrong!r}\n{done.stderr}\n{postfix.said()[-3000:]}")


def main():
    skip_unless(os.path.exists(MASTER), "Postfix", "REQUIRE_DANE")
    own_network.enter([*signed_zone.PROGRAMS, "posttls-finger"], "REQUIRE_DANE")
    folder = tempfile.mkdtemp(prefix="mxcensus-interop-")
    os.chmod(folder, 0o755)  # the server's own user passes through it
    try:
        with DanePostfix(folder) as postfix, \
                signed_zone.serve(folder, make_zones(folder, postfix.certificates)):
            own_network.use_resolver(folder, signed_zone.RESOLVER)
            verify(postfix)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
