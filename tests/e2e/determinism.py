"""The same rows whatever the number of threads.

    determinism.py [--domains N] [LAB-OPTION...]

Scans the lab with 1, 2 and 4 threads; rows are equal but for the columns that the data dictionary calls
volatile.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish, run  # noqa: E402


def read(out, name, paths):
    with open_table(out, name, "ndjson") as file:
        return stable(map(json.loads, file), name, paths)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    known, more = parser.parse_known_args()
    paths = volatile_paths()
    check("the dictionary names volatile columns", len(paths) > 0)
    folder = tempfile.mkdtemp(prefix="mxcensus-threads-")
    first = {}
    try:
        with Lab(known.domains, *more) as lab:
            for threads in (1, 2, 4):
                out = os.path.join(folder, str(threads))
                done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--threads", str(threads), "-q", "-o", out,
                           lab.list_path, timeout=3600)
                check_equal(f"{threads} threads: exit code", done.returncode, 0)
                for name in KEYS:
                    rows = read(out, name, paths)
                    want = first.setdefault(name, rows)
                    differ = sorted(set(rows) ^ set(want))
                    check(f"{threads} threads: {name} as with 1", rows == want,
                          f"{len(differ)} rows differ:\n" + "\n".join(differ[:2]))
                shutil.rmtree(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
