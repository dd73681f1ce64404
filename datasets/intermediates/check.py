#!/usr/bin/env python3
"""Checks the certificates of this folder: each has the digest that stands above it and a row in
README.md, stands once, and leads to a root of the system, whatever the date is today.

    ./check.py [ROOTS.pem]
"""

import base64
import hashlib
import os
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
BUNDLE = os.path.join(FOLDER, "intermediates.pem")
ROOTS = "/etc/ssl/certs/ca-certificates.crt"
CERTIFICATES_MAX = 60  # a short list that a person can review
SKIPPED = 77  # exit code that ctest shows as skipped
BLOCK = re.compile(r"# (?P<what>.+)\n# SHA-256: (?P<digest>[0-9a-f]{64})\n# Source: .+\n"
                   r"(?P<pem>-----BEGIN CERTIFICATE-----\n(?P<base64>[A-Za-z0-9+/=\n]+)"
                   r"-----END CERTIFICATE-----\n)")


def leads_to_root(pem, roots):
    done = subprocess.run(["openssl", "verify", "-no_check_time", "-purpose", "any", "-CAfile", roots,
                           "-untrusted", BUNDLE], input=pem, text=True, capture_output=True, check=False)
    return done.returncode == 0


def main():
    roots = sys.argv[1] if len(sys.argv) > 1 else ROOTS
    if not os.path.exists(roots):
        print(f"skipped: {roots} is not there")
        sys.exit(SKIPPED)
    with open(BUNDLE, encoding="ascii") as file:
        text = file.read()
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
        listed = re.findall(r"\| `([0-9a-f]{64})` \|", file.read())
    blocks = list(BLOCK.finditer(text))
    faults = []
    if not 0 < len(blocks) <= CERTIFICATES_MAX or len(blocks) != text.count("BEGIN CERTIFICATE"):
        faults.append(f"{len(blocks)} certificates with their three comment lines, at most {CERTIFICATES_MAX}")
    for block in blocks:
        if hashlib.sha256(base64.b64decode(block["base64"])).hexdigest() != block["digest"]:
            faults.append(f"{block['what']}: another SHA-256")
        if not leads_to_root(block["pem"], roots):
            faults.append(f"{block['what']}: leads to no root of {roots}")
    if [block["digest"] for block in blocks] != listed or len(set(listed)) != len(listed):
        faults.append("README.md lists others, in another order, or one twice")
    print("\n".join(faults) or f"{len(blocks)} certificates are fine")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
