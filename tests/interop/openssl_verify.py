#!/usr/bin/env python3
"""Holds the verdicts of scanner/trust against those of openssl(1) over generated lists.

make_chains (environment MAKE_CHAINS) writes lists with faults of all sorts, and what we think of them.
Here `openssl verify` judges each with the same anchors, time, purpose and level of strength.

What we say of OpenSSL's own builder must be what openssl says, in every case: the number of the first error
and its depth, at security levels 2 and 1. Our verdict over all paths must agree on whether the list is
trusted; where it is not, on why. What may differ there is in REASONS: each time, a second run of openssl
with less to choose from must bear the reason out.
"""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

COUNT = 650
JUDGED_AT = 1780000000

# X509_V_ERR_* -> what of our verdict says the same: a status, a fault, or "bad" for a signature.
MEANING = {
    1: {"bad_extension"},
    2: {"issuer_unknown"},
    7: {"bad"},
    9: {"not_yet_valid"},
    10: {"expired"},
    13: {"bad_time"},
    14: {"bad_time"},
    18: {"self_signed"},
    19: {"untrusted_root"},
    20: {"issuer_unknown"},
    21: {"issuer_unknown"},
    25: {"path_length"},
    26: {"extended_key_usage", "key_usage", "not_ca"},
    32: {"key_usage"},
    34: {"unknown_critical"},
    47: {"name_constraints"},
    48: {"name_constraints"},
    66: {"weak_key"},
    67: {"weak_key"},
    68: {"weak_signature"},
    79: {"not_ca", "key_usage"},
}

REASONS = {
    "other path": "openssl takes the first issuer that fits by name, and what it finds is worse; with our"
                  " path alone it agrees",
    "other root": "openssl takes the first root that fits by name, and what it finds is worse; with our"
                  " path and root alone it agrees",
    "above a bad signature": "openssl reports faults of certificates above a signature that does not"
                             " hold; we follow only signatures that hold",
    "intermediate of the store": "openssl, once at a certificate of the store, takes only issuers from"
                                 " there; we find the presented root, which is no anchor either",
    "own signature": "openssl takes a certificate as self-signed by its names; its own key does not"
                     " verify it, so we do not",
}

Verdict = collections.namedtuple("Verdict", "number status bad_signature openssl faults")


def read_verdicts(folder):
    with open(os.path.join(folder, "verdicts"), encoding="ascii") as lines:
        for line in lines:
            number, status, signature, openssl, faults = line.split()
            openssl = tuple(int(n) for n in openssl.split(","))
            faults = set() if faults == "-" else set(faults.split(","))
            yield Verdict(int(number), status, signature == "bad", openssl, faults)


def openssl_verify(folder, number, roots, rest, level=2):
    """Whether it is trusted, and the numbers of its errors in their order, with their depths."""
    def path(what):
        return os.path.join(folder, f"{number}.{what}.pem")

    command = ["openssl", "verify", "-purpose", "sslserver", "-auth_level", str(level),
               "-attime", str(JUDGED_AT), "-no-CApath", "-no-CAstore", "-CAfile", path(roots)]
    if os.path.getsize(path(rest)) > 0:
        command += ["-untrusted", path(rest)]
    run = subprocess.run(command + [path("leaf")], capture_output=True, text=True, check=False)
    errors = [(int(n), int(depth)) for n, depth in
              re.findall(r"^error (\d+) at (\d+) depth", run.stderr + run.stdout, re.M)]
    return run.returncode == 0, errors


def builder_equals(folder, ours):
    """As clients ask: what was presented is all there is to choose from, the leaf included."""
    trusted, errors = openssl_verify(folder, ours.number, "roots", "list")
    trusted_at_1, errors_at_1 = openssl_verify(folder, ours.number, "roots", "list", level=1)
    first = (0, 0) if trusted else errors[0]
    first_at_1 = 0 if trusted_at_1 else errors_at_1[0][0]
    return ours.openssl == (*first, first_at_1)


def agrees(ours, theirs):
    trusted, errors = theirs
    if trusted or ours.status == "trusted":
        return trusted and ours.status == "trusted"
    said = ours.faults | {ours.status} | ({"bad"} if ours.bad_signature else set())
    return bool(errors) and bool(MEANING.get(errors[0][0], set()) & said)


def compare(folder, ours):
    """(None, ...) when both agree, else the reason, "unexplained" or "builder"."""
    theirs = openssl_verify(folder, ours.number, "roots", "rest")
    reason = "unexplained"
    if agrees(ours, theirs):
        reason = None
    elif theirs[0]:
        pass  # a path that we missed
    elif agrees(ours, openssl_verify(folder, ours.number, "roots", "path")):
        reason = "other path"
    elif (os.path.getsize(os.path.join(folder, f"{ours.number}.anchor.pem")) > 0
          and agrees(ours, openssl_verify(folder, ours.number, "anchor", "path"))):
        reason = "other root"
    elif theirs[1] and theirs[1][0][0] == 2 and ours.status == "untrusted_root":
        reason = "intermediate of the store"
    elif ours.bad_signature:
        own = {18, 19} & {number for number, _ in theirs[1]}
        reason = "own signature" if own else "above a bad signature"
    return reason if builder_equals(folder, ours) else "builder", ours, theirs


def main():
    if shutil.which("openssl") is None:
        print("no openssl program")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        seed = sys.argv[1] if len(sys.argv) > 1 else "1"
        subprocess.run([os.environ["MAKE_CHAINS"], folder, str(COUNT), seed], check=True)
        verdicts = list(read_verdicts(folder))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda v: compare(folder, v), verdicts))
        reasons = collections.Counter(reason for reason, _, _ in results)
        statuses = collections.Counter(v.status for v in verdicts)
        for reason, ours, theirs in results:
            if reason in ("unexplained", "builder"):
                print(f"list {ours.number}: we say {ours.status} {sorted(ours.faults)}"
                      f"{' bad signature' if ours.bad_signature else ''}, builder {ours.openssl};"
                      f" openssl says {'trusted' if theirs[0] else theirs[1]}")
                if "KEEP" in os.environ:
                    shutil.copytree(folder, os.environ["KEEP"], dirs_exist_ok=True)
        print(f"{len(results)} lists, {reasons[None]} judged alike: {dict(statuses)}")
        for reason, text in REASONS.items():
            print(f"{reasons[reason]} {reason}: {text}")
        few = [s for s in ("trusted", "expired", "not_yet_valid", "invalid", "self_signed",
                           "untrusted_root", "issuer_unknown") if statuses[s] < 5]
        if few:
            print(f"too few lists to compare of {few}")
        refused = sum(v.status == "trusted" and v.openssl[0] != 0 for v in verdicts)
        level_1 = sum(v.openssl[0] != v.openssl[2] for v in verdicts)
        print(f"{len(results) - reasons['builder']} with openssl's own answer, to the number and depth;"
              f" {refused} of them trusted, but refused by its builder; {level_1} differ at level 1")
        wrong = reasons["unexplained"] + reasons["builder"]
        return 1 if wrong or few or min(refused, level_1) < 5 or len(results) < COUNT else 0


if __name__ == "__main__":
    sys.exit(main())
