"""What the lab expects of a domain (mxlab expect), compared with the rows of a scan."""

import collections
import datetime

CHAIN_LENGTHS = {"two": 2, "one": 1, "three": 3, "root": 3, "order": 3, "twice": 3, "extra": 3}
OWN_CHAINS = ("self-signed", "missing-intermediate", "private-ca")  # classes with a list of their own shape
KEYS = {"p256": ("EC", 256), "p384": ("EC", 384), "rsa2048": ("RSA", 2048), "rsa3072": ("RSA", 3072),
        "rsa4096": ("RSA", 4096), "rsa1024": ("RSA", 1024), "rsa-e3": ("RSA", 2048), "rsa9216": ("RSA", 9216), "rsa16384": ("RSA", 16384), "p256-explicit": ("EC", 256),
        "p521": ("EC", 521), "ed25519": ("Ed25519", 256), "ed448": ("Ed448", 456)}
# Words of chain_status that are also codes of the area chain.
CHAIN_CODES = {"expired", "not_yet_valid", "self_signed", "untrusted_root", "issuer_unknown"}
CNAMES_KEPT = 16  # DNS_CNAME_MAX
# Nothing is asked of such addresses, so neither the service nor the endpoint has a row.
NO_ROW = ("special_purpose", "blocklisted", "family_disabled", "truncated")
NAMES_PER_ADDRESS = 500  # default of mxcensus


def time_text(unix_s):
    return datetime.datetime.fromtimestamp(unix_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Facts:
    """Compares one domain after the other; `report(path, domain, want, got)` hears of differences."""

    def __init__(self, tables, report):
        self.services = {row["service"]: row for row in tables["services"]}
        self.endpoints = {row["endpoint"]: row for row in tables["endpoints"]}
        self.certificates = {row["fingerprint_sha256"]: row for row in tables["certificates"]}
        self.chains = {row["chain_id"]: row for row in tables["chains"]}
        self.report = report
        self.domain = None
        self.budget = False  # an endpoint of this domain is beyond --names-per-address
        self.budget_endpoints = 0
        self.compared = 0
        self.seen = collections.Counter()  # (what, word of the lab): how often it was compared

    def same(self, path, want, got):
        self.compared += 1
        if want != got:
            self.report(path, self.domain, want, got)

    def compare(self, want, row):
        self.domain = want["domain"]
        self.budget = False
        dns = row["mx_dns"] or {}
        self.same("domain", want["domain"], row["domain"])
        self.same("mx_dns.state", want["mx_state"], dns.get("state"))
        self.same("mx_dns.ad", want["mx_ad"], bool(dns.get("ad")))
        self.same("mx_kind", want["mx_kind"], row["mx_kind"])
        self.same("mx_total", want["mx_total"], row["mx_total"] or 0)
        self.same("null_mx_beside", want["null_mx_beside"], bool(row["null_mx_beside"]))
        for key in ("mta_sts", "tls_rpt"):
            if key + "_txt" in want:
                self.same(key + "_dns.state", want[key + "_txt_state"], (row[key + "_dns"] or {}).get("state"))
                self.same(key + "_txt", want[key + "_txt"], row[key + "_txt"] or [])
        got_mx = row["mx"] or []
        self.same("mx: how many", len(want["mx"]), len(got_mx))
        for one, other in zip(want["mx"], got_mx):
            self.compare_mx(one, other)
        if not self.budget:
            self.same("account", want["account"], row["account"])
            if want["account_reason"]:
                self.same("account_reason", want["account_reason"], row["account_reason"])
            self.compare_policies(want, row)
            self.compare_deliveries(want, row)

    def compare_policies(self, want, row):
        """null in the lab: it says nothing."""
        sts = row["mta_sts"] or {}
        if want.get("mta_sts") is not None:
            self.same("mta_sts.state", want["mta_sts"], sts.get("state"))
            self.seen["mta_sts", want["mta_sts"]] += 1
        if want.get("mta_sts") is not None and want["sts_mx"] is not None:
            got = sts.get("mx") or []
            self.same("mta_sts.mx: how many", len(want["sts_mx"]), len(got))
            for one, other in zip(want["sts_mx"], got):
                for key, value in one.items():
                    self.same(f"mta_sts.mx.{key}", value, other[key])
        if "tls_rpt" in want:
            self.same("tls_rpt.valid", want["tls_rpt"], bool((row["tls_rpt"] or {}).get("valid")))
            self.seen["tls_rpt", want["tls_rpt"]] += 1
        if want["dane_state"] is not None:
            self.same("dane.state", want["dane_state"], (row["dane"] or {}).get("state"))
            self.seen["dane", want["dane_state"]] += 1

    def compare_deliveries(self, want, row):
        got = {d["profile"]: [d["best"], d["worst"]] for d in row["outcomes"] or []}
        for profile, pair in want["deliveries"].items():
            if pair is not None:
                self.same(f"deliveries: {profile}", pair, got.get(profile))
                self.seen["deliveries", pair[1]] += 1

    def compare_mx(self, want, got):
        for key in ("preference", "exchange", "host", "name_kind", "unusable", "a", "aaaa"):
            self.same("mx." + key, want[key], got[key])
        if want.get("dane_host") is not None:
            self.same("mx.dane_host", want["dane_host"], got["dane_host"])
            self.seen["dane_host", want["dane_host"]] += 1
        if "cnames" in want:
            self.same("mx.cname_count", min(want["cnames"], CNAMES_KEPT), got["cname_count"])
        keys = [[(e["address"], e["port"]) for e in mx["endpoints"]] for mx in (want, got)]
        self.same("mx.endpoints", keys[0], keys[1])
        if keys[0] == keys[1]:
            for one, other in zip(want["endpoints"], got["endpoints"]):
                self.compare_endpoint(one, other, got["host"])

    def compare_endpoint(self, want, brief, host):
        key = f"{brief['address']}|{brief['port']}"
        row = self.endpoints.get(f"{host}|{key}")
        self.same("endpoint.mapped", want["mapped"], brief["mapped"])
        if brief["not_tested"] in NO_ROW:
            self.same("an address that is not dialled has no row", None, row)
            self.same("endpoint.not_tested", want["not_tested"], brief["not_tested"])
            return
        if row is None:
            self.report("endpoint has no row", self.domain, key, None)
            return
        for name in ("outcome", "not_tested", "starttls", "tls_version", "leaf_sha256"):
            self.same(f"mx.endpoints.{name} as in endpoints", row[name], brief[name])
        if row["not_tested"] == "address_budget" and want["not_tested"] is None:
            self.budget = True
            self.budget_endpoints += 1
            self.same("beyond --names-per-address", True,
                      want.get("names_at_address", NAMES_PER_ADDRESS + 1) > NAMES_PER_ADDRESS)
            return
        self.same("endpoint.outcome", want["outcome"], row["outcome"])
        self.same("endpoint.not_tested", want["not_tested"], row["not_tested"])
        if want["not_tested"] is None:
            self.compare_session("endpoint", want, row)
            self.compare_sni(want, row, self.services.get(row["service"]))
            self.compare_verdict(want, row, self.services.get(row["service"]) or {})
        if want.get("dane") is not None:
            self.same("endpoint.dane", want["dane"], brief["dane"])
            self.seen["dane_status", want["dane"]] += 1

    def serial(self, leaf):
        return self.certificates[leaf]["serial_number"] if leaf in self.certificates else leaf

    def compare_session(self, what, want, row):
        handshake = row["handshake"] or {}
        self.same(f"{what}.starttls", want["starttls"], row["starttls"])
        established = want["outcome"] == "established"
        self.same(f"{what}.tls_version", want["tls_version"] if established else None, row["tls_version"])
        if "unstable_serials" not in want and what + "_unstable" not in want:
            self.same(f"{what}: serial number of the leaf", want["leaf_serial"], self.serial(row["leaf_sha256"]))
        if what == "service" or row["session_from"] is None:
            self.same(f"{what}.handshake.version", want["server_hello_version"], handshake.get("version"))
            self.same(f"{what}.handshake.alert_received_id", want["alert"], handshake.get("alert_received_id"))
            self.same(f"{what}.handshake.unknown_name_warning", want["unknown_name_warning"],
                      bool(handshake.get("unknown_name_warning")))
        if want.get("certificate") and "unstable_serials" not in want:
            self.compare_certificate(want["certificate"], row)

    def compare_certificate(self, want, row):
        got = self.certificates.get(row["leaf_sha256"])
        if got is None or want["odd"] != "none":
            return  # the serial number said so already; what is odd has findings
        self.same("certificate.subject_cn", want["subject_cn"], got["subject_cn"])
        names = got["names"] or []
        self.same("certificate.names_total", max(want["names_total"], len(want["names"])), got["names_total"] or 0)
        self.same("certificate.names", want["names"], names[: len(want["names"])])
        self.same("certificate.validity.start", time_text(want["not_before"]), got["validity"]["start"])
        self.same("certificate.validity.end", time_text(want["not_after"]), got["validity"]["end"])
        self.same("certificate key", KEYS[want["key"]], (got["key_algorithm"], got["key_bits"]))
        if want["chain"] in CHAIN_LENGTHS and want["class"] not in OWN_CHAINS:
            chain = self.chains.get(row["chain_id"], {})
            self.same("chain.cert_count", CHAIN_LENGTHS[want["chain"]], chain.get("cert_count"))

    def compare_sni(self, want, row, service):
        if service is None:
            self.report("service has no row", self.domain, row["service"], None)
            return
        unstable = "unstable_serials" in want
        without = dict(want["no_sni"])
        if unstable:
            without["service_unstable"] = True
            for leaf in (row["leaf_sha256"], service["leaf_sha256"]):
                self.same("unstable leaf", True, self.serial(leaf) in want["unstable_serials"])
        self.same("service.outcome", without["outcome"], service["outcome"])
        self.compare_session("service", without, service)
        if want["sni"] == "same":
            self.same("SNI makes no difference", service["leaf_sha256"], row["leaf_sha256"])
        if want["sni"] in ("same", "differs"):
            self.same("endpoint.repeated", want["sni"] == "differs", row["repeated"])
            self.same("endpoint.unstable", False, row["unstable"])
        if want["sni"] != "fatal_without" and service["outcome"] == "established":
            self.same("endpoint.no_sni_leaf_sha256", service["leaf_sha256"], row["no_sni_leaf_sha256"])
        self.compare_ptr(want["ptr"], service["ptr"] or {"dns": {"state": None}, "names": []})

    def compare_verdict(self, want, row, service):
        """Where the lab leaves a word null it says nothing: odd certificates are tests/e2e/findings.py's."""
        name, sni = row["name"] or {}, row["sni"] or {}
        got = {
            "chain_status": row["chain_status"],
            "name_match": name.get("match"),
            "default_chain_status": sni.get("default_chain_status"),
            "default_name_match": sni.get("default_name_match"),
            "acceptable": sni.get("acceptable"),
        }
        for key, value in got.items():
            if want[key] is not None:
                self.same(f"endpoint: {key}", want[key], value)
        if want["default_chain_status"] is not None:
            self.same("service.chain_status", want["default_chain_status"], service.get("chain_status"))
        if want["chain_status"] is not None and want["name_match"] is not None:
            passes = want["chain_status"] == "trusted" and want["name_match"] in ("match", "match_wildcard")
            self.same("endpoint.acceptable", passes, row["acceptable"])
        if want["sni"] is not None:
            self.same("endpoint.sni.class", want["sni"], sni.get("class"))
        self.compare_codes(want, row)

    def compare_codes(self, want, row):
        """What the row of the endpoint and that of its chain raise because of the verdict."""
        codes = {f["code"] for f in row["findings"]}
        chain = self.chains.get(row["chain_id"]) or {"findings": []}
        codes |= {f["code"] for f in chain["findings"]}
        status, match = want["chain_status"], want["name_match"]
        if status is not None:
            self.same("chain findings", {status} & CHAIN_CODES, {c[6:] for c in codes if c[6:] in CHAIN_CODES})
        if match is not None:
            names = {c[5:] for c in codes if c.startswith("name.")} - {"wildcard_public_suffix"}
            self.same("name findings", {match} - {"match", "match_wildcard"}, names)
        if want["acceptable"] is not None:
            word = {"only_sni": "needed", "only_default": "worse"}.get(want["acceptable"])
            if want["acceptable"] == "both" and want["sni"] == "differs":
                word = "differs"
            sni = {c[4:] for c in codes if c.startswith("sni.")} & {"needed", "worse", "differs"}
            self.same("SNI findings", {word} - {None}, sni)

    def compare_ptr(self, want, got):
        self.same("service.ptr.dns.state", want["state"], got["dns"]["state"])
        names = sorted((n["name"], n["forward_confirmed"]) for n in got["names"])
        self.same("service.ptr.names", sorted((n["name"], n["forward_confirmed"]) for n in want["names"]), names)
