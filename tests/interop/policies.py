"""mxcensus against nginx as policy hosts of MTA-STS on loopback: what comes of each fetch (RFC 8461
section 3.3), and what that makes of the domain.

All of it runs in a network of its own, where the policy hosts have public addresses and port 443.
Needs root, nginx and openssl; skipped with a word about it when something is missing, unless
REQUIRE_NGINX=1.
"""

import base64
import collections
import os
import shutil
import sys
import tempfile

import own_network
from mail_server import EXPIRED, check, check_equal, finish, scan_to_stdout, table
from support.dns_server import DnsServer
from support.pki import Authority
from web_server import PATH, Nginx, Site

SUFFIX = "sts.test"
MX, MX_ADDRESS = f"mx.{SUFFIX}", "11.77.3.1"  # nobody listens there
TIMEOUT = 6  # seconds, of a whole fetch
LIMIT = 65536  # octets of a body, RFC 8461 section 3.3


def policy(mode="enforce", end="\n", more=""):
    lines = ["version: STSv1", f"mode: {mode}", f"mx: {MX}", "max_age: 604800"] + ([more] if more else [])
    return "".join(line + end for line in lines).encode("ascii")


def policy_of(length):
    return policy(more="filler: " + "x" * (length - len(policy()) - len("filler: \n")))


# certificate: of CERTIFICATES; how: arguments of Site; the others: columns of policies; state: of
# domains.mta_sts; codes: of the findings of the policy.
Case = collections.namedtuple("Case", "fetch http_status state codes body certificate how more",
                              defaults=(policy(), "good", {}, {}))
VALID = {"strict_valid": True, "media_type": "text_plain"}
NO_TLS = {"certificate_passes": None, "leaf_sha256": None}
CASES = {
    "good": Case("fetched", 200, "enforce", [], more={**VALID, "mode": "enforce", "max_age": 604800, "mx": [MX],
                                                      "chain_status": "trusted", "stage": "complete"}),
    "testing": Case("fetched", 200, "testing", [], policy("testing"), more={**VALID, "mode": "testing"}),
    "mode-none": Case("fetched", 200, "mode_none", [], policy("none"), more={**VALID, "mode": "none"}),
    "crlf": Case("fetched", 200, "enforce", [], policy(end="\r\n"), more=VALID),
    "chunked": Case("fetched", 200, "enforce", [], more=VALID,
                    how={"location": "ssi on; ssi_types *;"}),
    "http2": Case("fetched", 200, "enforce", [], how={"listen": "ssl http2"}, more=VALID),
    "sni": Case("fetched", 200, "enforce", [], how={"catch_all": "ssl_reject_handshake on;"}, more=VALID),
    "slow": Case("fetched", 200, "enforce", ["sts.policy_unknown_key"], policy_of(9000),
                 how={"location": "limit_rate 3k;"}, more=VALID),
    "largest": Case("fetched", 200, "enforce", ["sts.policy_unknown_key"], policy_of(LIMIT),
                    more={**VALID, "body_octets": LIMIT}),
    "oversized": Case("body_too_large", 200, "fetch_failed", ["sts.policy_too_large"], policy_of(LIMIT + 1),
                      more={"stage": "body"}),
    "slower": Case("body_timeout", 200, "fetch_failed", ["sts.policy_timeout"], policy_of(60000),
                   how={"location": "limit_rate 2k;"}, more={"stage": "body"}),
    "not-found": Case("http_status", 404, "fetch_failed", ["sts.policy_http_status"],
                      how={"location": "return 404;"},
                      more={"stage": "http", "media_type": "other", "content_type": "text/html"}),
    "redirect": Case("http_redirect", 301, "fetch_failed", ["sts.policy_http_redirect"],
                     how={"location": "return 301 https://mta-sts.good.sts.test/.well-known/mta-sts.txt;"},
                     more={"location": f"https://mta-sts.good.{SUFFIX}{PATH}"}),
    "hangs-up": Case("http_closed", None, "fetch_failed", ["sts.policy_http"], how={"location": "return 444;"}),
    "asks-for-ours": Case("http_status", 400, "fetch_failed", ["sts.policy_http_status"],
                          how={"server": "ssl_verify_client on; ssl_client_certificate {roots};"}),
    "html-type": Case("fetched", 200, "enforce", ["sts.policy_media_type"],
                      how={"location": "default_type text/html;"},
                      more={"strict_valid": True, "media_type": "other", "content_type": "text/html"}),
    "no-policy": Case("fetched", 200, "policy_invalid",
                      ["sts.policy_max_age", "sts.policy_mode", "sts.policy_mx_missing", "sts.policy_syntax",
                       "sts.policy_version"], b"It works!\n", more={"strict_valid": False}),
    "empty": Case("fetched", 200, "policy_invalid", ["sts.policy_empty"], b"", more={"strict_valid": False}),
    "wrong-name": Case("fetched", 200, "certificate_invalid", ["sts.policy_certificate_name"],
                       certificate="wrong_name", more={**VALID, "chain_status": "trusted"}),
    "expired": Case("fetched", 200, "certificate_invalid", ["sts.policy_certificate_expired"],
                    certificate="expired", more={**VALID, "chain_status": "expired"}),
    "leaf-only": Case("fetched", 200, "certificate_invalid", ["sts.policy_certificate_incomplete"],
                      certificate="leaf_only", more={**VALID, "chain_status": "issuer_unknown"}),
    # We speak it, to see what is there; what verifies certificates today does not (RFC 8996).
    "tls10": Case("fetched", 200, "fetch_failed", ["sts.policy_tls"], more={"strict_valid": None},
                  how={"server": "ssl_protocols TLSv1; ssl_ciphers DEFAULT@SECLEVEL=0;"}),
    "rejects": Case("tls_alert", None, "fetch_failed", ["sts.policy_tls"], certificate=None,
                    how={"server": "ssl_reject_handshake on;"}, more=NO_TLS),
    "plain-http": Case("tls_failed", None, "fetch_failed", ["sts.policy_tls"], certificate=None,
                       how={"listen": ""}, more=NO_TLS),
    "refused": Case("tcp_refused", None, "fetch_failed", ["sts.policy_tcp"], certificate=None,
                    more={**NO_TLS, "stage": "connect"}),
}
CERTIFICATES = {
    "good": {},
    "wrong_name": {"name": "www.sts.test"},
    "expired": {"dates": EXPIRED},
    "leaf_only": {"with_chain": False},
}


def policy_host(name):
    return f"mta-sts.{name}.{SUFFIX}"


def address_of(name):
    return f"11.77.2.{1 + list(CASES).index(name)}"


def make_sites(authority):
    sites = []
    for name, case in CASES.items():
        if name == "refused":
            continue
        certificate = None
        if case.certificate:
            options = {"name": policy_host(name), **CERTIFICATES[case.certificate]}
            certificate = authority.leaf(**options)[:2]
        how = {key: value.format(roots=authority.root + ".pem") for key, value in case.how.items()}
        sites.append(Site(address_of(name), policy_host(name), certificate, case.body, **how))
    return sites


def make_zone():
    zone = {(MX, "A"): [MX_ADDRESS]}
    for name in CASES:
        domain = f"{name}.{SUFFIX}"
        zone[(domain, "MX")] = [(10, MX)]
        zone[("_mta-sts." + domain, "TXT")] = ["v=STSv1; id=1;"]
        zone[(policy_host(name), "A")] = [address_of(name)]
    return zone


def check_case(name, case, row, domain):
    for column, want in {"fetch": case.fetch, "http_status": case.http_status, "addresses": [address_of(name)],
                         "certificate_passes": case.certificate == "good", **case.more}.items():
        check_equal(f"{name}: {column}", row[column], want)
    check_equal(f"{name}: findings", sorted(f["code"] for f in row["findings"]), case.codes)
    check_equal(f"{name}: MTA-STS of the domain", domain["mta_sts"]["state"], case.state)


def check_rows(rows):
    policies = {row["policy_host"]: row for row in table(rows, "policies")}
    domains = {row["domain"]: row for row in table(rows, "domains")}
    bodies = {row["policy_sha256"]: row for row in table(rows, "policy_bodies")}
    for name, case in CASES.items():
        row = policies[policy_host(name)]
        check_case(name, case, row, domains[f"{name}.{SUFFIX}"])
        if case.fetch == "fetched":
            check_equal(f"{name}: body", base64.b64decode(bodies[row["policy_sha256"]]["raw"]), case.body)
    check_equal("rows", len(policies), len(CASES))
    rejected = policies[policy_host("rejects")]["handshake"]
    check_equal("rejects: alert", rejected["alert_received"], "unrecognized_name")
    check_equal("tls10: version", policies[policy_host("tls10")]["handshake"]["version"], "TLSv1.0")


def check_requests(asked):
    """One request to each host that came so far: no redirect is followed, nothing is tried again."""
    want = sorted(f"{policy_host(name)} GET {PATH} HTTP/1.1 {case.http_status or 444}"
                  for name, case in CASES.items() if case.http_status or name == "hangs-up")
    check_equal("requests", [line for line in asked if "GET" in line], want)


def verify(folder, authority):
    with Nginx(folder, make_sites(authority)) as nginx, DnsServer(make_zone()) as dns:
        done = scan_to_stdout(
            "--name-servers", f"127.0.0.1:{dns.port}", "--root-cas", authority.root + ".pem",
            "--ehlo-domain", "scanner.mxcensus.test", "--policy-timeout", str(TIMEOUT),
            input="".join(f"{name}.{SUFFIX}\n" for name in CASES))
        try:
            check("exit code", done.returncode == 0, f"{done.returncode}\n{done.stderr[-1800:]}")
            check_rows(done.rows)
            check_requests(nginx.asked())
        except (KeyError, TypeError) as wrong:
            sys.exit(f"{wrong!r}\n{done.stderr}\n{nginx.said()[-3000:]}")


def main():
    own_network.enter(["nginx"], "REQUIRE_NGINX")
    folder = tempfile.mkdtemp(prefix="mxcensus-interop-")
    os.chmod(folder, 0o755)  # the server's own user passes through it
    try:
        verify(folder, Authority(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
