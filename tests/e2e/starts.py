"""Two starts at an address are never closer than --address-rate says: as the kernel sees connect(), not as servers see it.

    starts.py [--domains N] [--params FILE] [--names-per-address N]

Scans the lab with every connect() logged (support/connect_log.c), and looks at the gaps at each address. What the lab counts
itself is when it accepts, which on a busy machine says nothing: a lab that is late accepts two at once. By hand:

    MXCENSUS=build/dev/mxcensus MXLAB=build/dev/tests/lab/mxlab CONNECT_LOG_FILE=build/dev/tests/libconnect_log.so \\
        python3 tests/e2e/starts.py --domains 20000 --params bench/one_operator.params --names-per-address 300
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.connect_log import starts_in  # noqa: E402
from e2e.runner import EHLO, MXLAB, check, check_equal, finish, run  # noqa: E402

RULE_MS = 500  # --address-rate 2/s, the default


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=300)
    parser.add_argument("--params")
    parser.add_argument("--names-per-address", default="5")
    known = parser.parse_args()
    lab_more = ["--params", known.params] if known.params else []
    with Lab(known.domains, *lab_more, preset="perf") as lab, tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        listed = os.path.join(folder, "list.txt")
        with open(listed, "wb") as file:
            subprocess.run([MXLAB, "domains", "--state", lab.state, "--no-cases"], stdout=file, check=True)
        # Policies are not fetched: the start of a fetch counts from its permit.
        done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--mta-sts", "record", "--infer", "off", "--names-per-address",
                   known.names_per_address, "--retries", "0", "-q", "-o", os.path.join(folder, "out"), listed, timeout=3000,
                   more={"LD_PRELOAD": os.environ["CONNECT_LOG_FILE"], "CONNECT_LOG": log})
        check_equal("exit code", done.returncode, 0)
        resolver = next(re.search(r":(\d+)$", word).group(1) for word in lab.options if word.startswith("--name-servers"))
        starts = starts_in(log, {int(resolver)})  # that is over TCP
    gaps = sorted(after - before for times in starts.values() for before, after in zip(times, times[1:]))
    check("sessions at the same address", len(gaps) >= known.domains / 3, len(gaps))
    check("none is closer than the rule", gaps[0] >= RULE_MS, [round(gap, 2) for gap in gaps[:10]])
    print(f"{len(gaps)} gaps at {len(starts)} addresses, the smallest {gaps[0]:.2f} ms; {sum(gap < RULE_MS for gap in gaps)} under {RULE_MS} ms")
    finish()


main()
