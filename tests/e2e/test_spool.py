"""Domains that wait cannot be parked, because the spool is full or cannot be written: the scan says so and ends with all rows.

    test_spool.py PROGRAM

PROGRAM parks all that wait, though few do (support/disturbing_mailbox.c): the product begins at half of its credits.
"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, MXLAB, check, check_equal, finish, read_table, run  # noqa: E402

SAID = "domains that wait cannot be put aside (--spool-max, TMPDIR)"
DOMAINS = 2000  # those that wait need more than 1 MiB
SWIFT = ["--mta-sts", "record", "--address-rate", "0", "--names-per-address", "2", "--retries", "0", "--connect-timeout", "3",
         "--greeting-timeout", "10", "--dns-timeout", "2", "--dns-retry-pause", "1"]


def scan(lab, names, folder, what, said, *more):
    out = os.path.join(folder, what)
    done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", "2", "-q", "-o", out, *SWIFT, *more, "-",
               input=names, program=sys.argv[1])
    check_equal(f"{what}: exit code", done.returncode, 0)
    check_equal(f"{what}: says so once", done.stderr.count(SAID), 1 if said else 0)
    lines = sorted(row["input_line"] for row in read_table(out, "domains"))
    check(f"{what}: a row for each line", lines == list(range(1, names.count(b"\n") + 1)), len(lines))


def main():
    with Lab(DOMAINS, preset="perf") as lab, tempfile.TemporaryDirectory() as folder:
        names = subprocess.run([MXLAB, "domains", "--state", lab.state, "--no-cases"], capture_output=True, check=True).stdout
        scan(lab, names, folder, "room", False)
        # All of the list is one block, of which nothing goes on before it is read.
        scan(lab, names, folder, "full", True, "--spool-max", "1")
        os.environ["TMPDIR"] = os.path.join(folder, "missing")
        scan(lab, names, folder, "unwritable", True)
    finish()


if __name__ == "__main__":
    main()
