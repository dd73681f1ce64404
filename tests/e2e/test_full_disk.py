"""A disk that is full: what is left belongs together, and the lines without a row are named exactly."""

import os
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import (EHLO, MXCENSUS, SHORT_WAITS, check, check_equal, environment, finish, read_json,  # noqa: E402
                        side_by_side)
from e2e.unfinished import dangling, lines_of, rows_of  # noqa: E402

PLAIN_LIMIT = 1 << 20  # octets that a file may have: some tables grow larger
GZIP_LIMIT = 300 << 10


def fill_disk(lab, folder, what, limit, *more):
    out = os.path.join(folder, what)
    done = subprocess.run([MXCENSUS, "scan", *lab.options, "--ehlo-domain", EHLO, *SHORT_WAITS, "-q", "-o", out, "--address-rate", "50/s",
                           "--greeting-timeout", "3", *more, lab.list_path], capture_output=True, timeout=300, env=environment(), check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    check_equal(f"{what}: exit code", done.returncode, 3)
    check(f"{what}: said", b"File too large" in done.stderr and b"rows lost" in done.stderr, done.stderr)
    state = read_json(out, "state.json")
    check_equal(f"{what}: reason", state["reason"], "write failed")
    lines = sorted(row["input_line"] for row in rows_of(out, "domains"))
    check(f"{what}: some lines have their row", len(lines) > 0)
    unfinished = lines_of(state["unfinished_lines"])
    check_equal(f"{what}: the others are unfinished", sorted(lines + unfinished), list(range(1, state["lines_read"] + 1)))
    broken = list(dangling(out))
    check(f"{what}: no row names one that is not there", not broken, broken[:5])


def main():
    with Lab(300) as lab, tempfile.TemporaryDirectory() as folder:
        side_by_side(
            lambda: fill_disk(lab, folder, "plain", PLAIN_LIMIT),
            lambda: fill_disk(lab, folder, "both", PLAIN_LIMIT, "--format", "both", "--threads", "4"),
            lambda: fill_disk(lab, folder, "gzip", GZIP_LIMIT, "--compress", "gzip", "--format", "both"))
    finish()


if __name__ == "__main__":
    main()
