"""--probes wrong-sni against the lab: what a name gets that is no server's, beside what a client without SNI gets."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, check, check_analyzed, check_equal, finish, read_table, run  # noqa: E402

CODE = "sni.foreign_name_fatal"
NAME = "wrong-sni.invalid"

# case: outcome, alert, warning, same leaf as without SNI, the finding; None: not asked. RFC 6066 section 3.
CASES = {
    "good": ("established", None, False, True, False),
    "sni-strict": ("tls_alert", "unrecognized_name", False, None, True),
    "sni-select": ("established", None, False, True, False),  # its own names have a certificate of their own
    "sni-fatal-unknown": ("tls_alert", "unrecognized_name", False, None, True),
    # Without SNI it ends the handshake: nothing is to be compared, and the names are not the reason.
    "sni-fatal-without": ("established", None, False, None, False),
    "sni-warning": ("established", None, True, True, False),
    "starttls-none": None,
}


def check_case(case, service, chains):
    want, got = CASES[case], service["wrong_sni"]
    if want is None:
        check_equal(case + ": not asked", got, None)
        return
    if not check(case + ": asked", got is not None):
        return
    outcome, alert, warning, same, found = want
    check_equal(case + ": name", got["sni"], NAME)
    check_equal(case + ": outcome", got["outcome"], outcome)
    check_equal(case + ": alert", got["alert_received"], alert)
    check_equal(case + ": warning", got["unknown_name_warning"], warning)
    check_equal(case + ": same leaf", got["same_leaf"], same)
    check_equal(case + ": a leaf", got["leaf_sha256"] is not None, outcome == "established")
    check_equal(case + ": finding", CODE in [f["code"] for f in service["findings"]], found)
    check(case + ": its chain is in the results", got["chain_id"] is None or got["chain_id"] in chains, got["chain_id"])
    if same:
        check_equal(case + ": the default certificate", got["leaf_sha256"], service["leaf_sha256"])


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-wrong-sni-")
    out, again = os.path.join(folder, "results"), os.path.join(folder, "again")
    try:
        with Lab(1) as lab:
            listed = os.path.join(folder, "list.txt")
            with open(listed, "w", encoding="ascii") as file:
                file.writelines(f"case-{case}.mxlab.net\n" for case in CASES)
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--probes", "sni,no-sni,wrong-sni", "--format", "both",
                       "--address-rate", "20/s", "-q", "-o", out, listed)
            check_equal("exit code", done.returncode, 0)
            services = {s["service"]: s for s in read_table(out, "services")}
            of_host = {e["host"]: services[e["service"]] for e in read_table(out, "endpoints")}
            chains = {c["chain_id"] for c in read_table(out, "chains")}
            for case in CASES:
                check_case(case, of_host[f"mx.case-{case}.mxlab.net"], chains)
        check_analyzed(out, again, ("services.ndjson", "services.csv"), "--format", "both")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
