"""--probes ciphers against the lab: what is found, whose order, how it ends; `openssl s_client` is the judge.

    test_ciphers.py [--min-gap-ms N]

Expectations are read off the description of each case (tests/lab/case_table.c) by hand. For servers that are OpenSSL's,
every suite that openssl(1) has is tried against the same server, one handshake each, and must give the same set.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, check, check_analyzed, check_equal, finish, read_json, read_table, run  # noqa: E402

VERSIONS = ["tlsv1_3", "tlsv1_2", "tlsv1_1", "tlsv1_0"]
CLIENT_OPTION = {"tlsv1_3": "-tls1_3", "tlsv1_2": "-tls1_2", "tlsv1_1": "-tls1_1", "tlsv1_0": "-tls1"}
CODES = {"tls.null_accepted", "tls.export_accepted", "tls.weak_cipher_accepted", "tls.anonymous_accepted",
         "tls.only_static_rsa", "tls.no_aead"}
MAX_CONNECTIONS = 128
RATE = "10/s"  # 100 ms apart, but a busy machine is late with one of two

RC4_SHA, RC4_MD5, DES3 = "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
EXP_RC4, EXP_DES = "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"
EXP_EDH = "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"
GCM256, GCM128 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
CHACHA = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
OF_TLS13 = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]
ALL_OF_TLS13 = (OF_TLS13, "server", "complete", 5)
TWO_OLD = ([RC4_SHA, DES3], "server", "complete", 5)  # two suites, two declined hellos, one for the order

# case: (codes, {version: (suites or None: the judge says which, order, end, connections or None)})
CASES = {
    "suites-postfix": ({"tls.anonymous_accepted"},
                       {"tlsv1_3": (OF_TLS13, "client", "complete", 5), "tlsv1_2": (None, "client", "complete", None),
                        "tlsv1_1": (None, "client", "complete", None), "tlsv1_0": (None, "client", "complete", None)}),
    "suites-restrictive": (set(), {"tlsv1_3": ALL_OF_TLS13,
                                   "tlsv1_2": ([GCM256, GCM128, CHACHA], "server", "complete", 5)}),
    "suites-client-order": (set(), {"tlsv1_3": (OF_TLS13, "client", "complete", 5),
                                    "tlsv1_2": (None, "client", "complete", None)}),
    "suites-null": ({"tls.null_accepted"},
                    {"tlsv1_3": ALL_OF_TLS13, "tlsv1_2": (None, "server", "complete", None)}),
    "kex-static-rsa": ({"tls.only_static_rsa"},
                       {v: (None, "server", "complete", None) for v in ("tlsv1_2", "tlsv1_1", "tlsv1_0")}),
    "tls-cbc": ({"tls.no_aead", "tls.anonymous_accepted"},
                {v: (None, "server", "complete", None) for v in ("tlsv1_2", "tlsv1_1", "tlsv1_0")}),
    "tls10": ({"tls.no_aead"}, {"tlsv1_0": (None, "server", "complete", None)}),
    "tls13": (set(), {"tlsv1_3": ALL_OF_TLS13}),
    "suites-rc4": ({"tls.weak_cipher_accepted", "tls.only_static_rsa", "tls.no_aead"},
                   {v: ([RC4_SHA, RC4_MD5, DES3], "server", "complete", 5) for v in ("tlsv1_1", "tlsv1_0")}),
    # No version was accepted with the usual suites: so all are asked.
    "suites-export": ({"tls.export_accepted", "tls.no_aead"},
                      {"tlsv1_3": ([], "unknown", "none", 1), "tlsv1_2": ([], "unknown", "none", 1),
                       "tlsv1_1": ([], "unknown", "none", 1), "tlsv1_0": ([EXP_EDH, EXP_DES, EXP_RC4], "client", "complete", 5)}),
    "suites-odd-refusal": ({"tls.weak_cipher_accepted", "tls.only_static_rsa", "tls.no_aead"},
                           {v: TWO_OLD for v in ("tlsv1_2", "tlsv1_1", "tlsv1_0")}),
    "suites-closes": ({"tls.weak_cipher_accepted", "tls.only_static_rsa", "tls.no_aead"},
                      {v: TWO_OLD for v in ("tlsv1_2", "tlsv1_1", "tlsv1_0")}),
    "suites-unoffered": (set(), {v: ([], "unknown", "unoffered", 1) for v in ("tlsv1_2", "tlsv1_1", "tlsv1_0")}),
    "suites-always": ({"tls.weak_cipher_accepted"},
                      {v: ([RC4_SHA], "unknown", "unoffered", 2) for v in ("tlsv1_2", "tlsv1_1", "tlsv1_0")}),
    # Two handshakes, two hellos for the versions, five for TLS 1.3, three for TLS 1.2: that was enough. Then two resets that
    # may be a refusal, and two when it is asked for what it accepted before.
    "suites-enough": (set(), {"tlsv1_3": ALL_OF_TLS13, "tlsv1_2": (None, "unknown", "inconclusive", 7)}),
    "suites-busy": (set(), {"tlsv1_3": ALL_OF_TLS13, "tlsv1_2": (None, "unknown", "inconclusive", 4)}),
    "tls-close": (set(), {v: ([], "unknown", "inconclusive", 2 if v == "tlsv1_3" else 3) for v in VERSIONS}),
    "starttls-none": (set(), None),
}
# Servers that answer by OpenSSL, and versions in which every suite is tried.
JUDGED = {"suites-postfix": VERSIONS, "suites-restrictive": VERSIONS[:2], "suites-client-order": ["tlsv1_2"],
          "suites-null": ["tlsv1_2"], "kex-static-rsa": ["tlsv1_2"], "tls-cbc": ["tlsv1_0"]}


def host_of(case):
    return f"mx.case-{case}.mxlab.net"


class Judge:
    """openssl s_client, one handshake at a time."""

    def __init__(self, options):
        ports = dict(o.split("=")[1:] for o in options if o.startswith("--port-map="))
        self.port = ports["25"]
        self.names = {}  # of IANA -> of OpenSSL
        listed = self._openssl("ciphers", "-stdname", "ALL:eNULL:@SECLEVEL=0")
        for line in listed.splitlines():
            iana, _, own, *traits = line.split()
            if not re.search(r"PSK|SRP", iana):
                self.names[iana] = own

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], input=b"", capture_output=True, timeout=60, check=False,
                              env={**os.environ, "OPENSSL_CONF": "/dev/null"})
        return done.stdout.decode("utf-8", "replace")

    def chosen(self, address, version, suites):
        """What the server takes of these, or None."""
        at = "127." + address.split(".", 1)[1]
        own = ":".join(self.names[s] for s in suites)
        offer = ["-ciphersuites", own] if version == "tlsv1_3" else ["-cipher", own + ":@SECLEVEL=0"]
        said = self._openssl("s_client", "-starttls", "smtp", "-connect", f"{at}:{self.port}",
                             CLIENT_OPTION[version], *offer)
        chosen = re.search(r"^New, \S+, Cipher is (\S+)$", said, re.M)
        by_own = {own: iana for iana, own in self.names.items()}
        return by_own.get(chosen.group(1)) if chosen else None

    def of_version(self, version):
        return [s for s in self.names if ("_WITH_" not in s) == (version == "tlsv1_3")]


def check_list(case, version, got, want):
    what = f"{case} {version}"
    suites, order, end, connections = want
    if not check(what + ": asked", got is not None):
        return
    if suites is not None:
        check_equal(what + ": suites", got["suites"], suites)
    check_equal(what + ": order", got["order"], order)
    check_equal(what + ": end", got["end"], end)
    check_equal(what + ": the number that was not offered", got["unoffered"] is not None, end == "unoffered")
    if connections is not None:
        check_equal(what + ": connections", got["connections"], connections)


def check_case(case, service):
    codes, versions = CASES[case]
    ciphers = service["ciphers"]
    found = {f["code"]: f["evidence"] for f in service["findings"]}
    check_equal(case + ": findings", CODES & set(found), codes)
    if versions is None:
        check_equal(case + ": nothing to ask", ciphers, None)
        return
    for version in VERSIONS:
        if version in versions:
            check_list(case, version, ciphers[version], versions[version])
        else:
            check_equal(f"{case} {version}: not accepted, not asked", (ciphers[version], service["versions"][version]),
                        (None, False))
    lists = [ciphers[v] for v in VERSIONS if ciphers[v] is not None]
    check_equal(case + ": connections add up", ciphers["connections"], sum(one["connections"] for one in lists))
    check(case + ": within the bound", ciphers["connections"] <= MAX_CONNECTIONS and not ciphers["truncated"], ciphers)


def judge_case(judge, case, service):
    for version in JUDGED[case]:
        got = service["ciphers"][version]
        want = {s for s in judge.of_version(version) if judge.chosen(service["address"], version, [s]) == s}
        check(f"{case} {version}: openssl has the same set of {len(want)}", set(got["suites"]) == want,
              f"only here {set(got['suites']) - want}, only openssl {want - set(got['suites'])}")
        backwards = got["suites"][::-1]
        first = got["suites"][0] if got["order"] == "server" else backwards[0]
        check_equal(f"{case} {version}: openssl sees the same order", judge.chosen(service["address"], version, backwards),
                    first)


def check_summary(out, services):
    counts = read_json(out, "summary.json")["ports"][0]["ciphers"]
    asked = [s["ciphers"] for s in services if s["ciphers"] is not None]
    check_equal("summary: services asked", counts["services"], len(asked))
    names = sorted({name for c in asked for v in VERSIONS if c[v] for name in c[v]["suites"]})
    check_equal("summary: suites", sorted(counts["accepted_by"]), names)
    for name in names:
        check_equal(f"summary: {name}", counts["accepted_by"][name],
                    sum(any(c[v] and name in c[v]["suites"] for v in VERSIONS) for c in asked))
    for word in ("server", "client"):
        check_equal(f"summary: {word}'s order", counts[word + "_order"],
                    sum(any(c[v] and c[v]["order"] == word for v in VERSIONS) for c in asked))


def check_counters(lab, out, min_gap_ms):
    """The lab saw as many connections as the rows say, one at a time and not faster than the rate."""
    counters = lab.counters(min_gap_ms)
    for name in ("talked_before_greeting", "pipelined", "other_commands", "overflow", "open", "addresses_over_limit",
                 "networks_over_limit", "addresses_under_gap"):
        check_equal(f"lab counter {name}", counters[name], 0)
    services = read_table(out, "services")
    told = sum(len(row["attempts"]) for row in services + read_table(out, "endpoints"))
    told += sum(s[key]["connections"] for s in services for key in ("versions", "ciphers") if s[key] is not None)
    check_equal("lab counter connections", counters["connections"], told)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--min-gap-ms", type=int, default=25)
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-ciphers-")
    out = os.path.join(folder, "results")
    try:
        with Lab(1) as lab:
            listed = os.path.join(folder, "list.txt")
            with open(listed, "w", encoding="ascii") as file:
                file.writelines(f"case-{case}.mxlab.net\n" for case in CASES)
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--probes", "sni,no-sni,ciphers", "--format", "both",
                       "--address-rate", RATE, "--tls-timeout", "10", "-q", "-o", out, listed)
            check_equal("exit code", done.returncode, 0)
            check_counters(lab, out, known.min_gap_ms)
            services = {s["service"]: s for s in read_table(out, "services")}
            of_host = {e["host"]: services[e["service"]] for e in read_table(out, "endpoints")}
            judge = Judge(lab.options)
            for case in CASES:
                check_case(case, of_host[host_of(case)])
            for case in JUDGED:
                judge_case(judge, case, of_host[host_of(case)])
            check_summary(out, services.values())
            check_analyzed(out, os.path.join(folder, "again"), ("services.ndjson", "services.csv"), "--format", "both")
            for case in ("suites-postfix", "suites-restrictive", "suites-client-order", "suites-null"):
                service = of_host[host_of(case)]
                print(f"{case}: {service['ciphers']['connections']} connections, and"
                      f" {service['versions']['connections']} for the versions")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
