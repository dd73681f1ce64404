"""Members of a fleet over Kafka: a list of many blocks, a broker that stands still, members that leave before the start and after it, a fleet that
gets nowhere, limits that cannot be divided.

    test_fleet_members.py [--only PART,...]     blocks, leaving, joining, stuck, limits

Exit code 77 without Java, or where Kafka cannot be fetched.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import check, check_equal, finish, read_json, read_table, run, start  # noqa: E402
from e2e.test_fleet import SKIPPED, Fleet, end_of, is_wanted, options_of, same_visits  # noqa: E402
from e2e.test_merge import same_rows, write_quick_list  # noqa: E402
from support.kafka_broker import Broker, NoBroker  # noqa: E402

MANY = 1500  # lines of five blocks: 128, 128, 256, 512 and some of 1,024
FEW = 60
SILENCE = 45  # seconds, after which a member is lost


# --- many blocks ---------------------------------------------------------------------------------

def stand_still(broker, stop):
    """For some seconds, over and over."""
    while not stop.wait(4):
        broker.process.send_signal(signal.SIGSTOP)
        stop.wait(3)
        broker.process.send_signal(signal.SIGCONT)


def many_blocks(broker, folder):
    """Names of later blocks wait for those of all members before them, whatever the order in which these come."""
    path = os.path.join(folder, "many.txt")
    whole = os.path.join(folder, "whole")
    with Lab(MANY) as lab:
        lines = write_quick_list(lab, path)
        check("many blocks: there are", len(lines) > 1024, len(lines))
        scan, machine = options_of(lab)
        check_equal("many blocks, one scan: exit code", run("scan", *scan, *machine, "-q", "-o", whole, path).returncode, 0)
        counters = lab.counters(0)
    check("many blocks: names were left out", any(row["block"] for row in read_table(whole, "hosts")))
    with Lab(MANY) as lab:
        fleet = Fleet(broker, "many", options_of(lab), path)
        check_equal("many blocks: feed", fleet.feed("--members", "3").returncode, 0)
        stop = threading.Event()
        pauses = threading.Thread(target=stand_still, args=(broker, stop))
        pauses.start()
        try:
            fleet.work(3)
        finally:
            stop.set()
            pauses.join()
        same_visits("many blocks", counters, lab.counters(0))
        out = os.path.join(folder, "of many")
        fleet.collect(out)
        same_rows("many blocks", whole, out)


def main():
    try:
        broker = Broker()
    except (NoBroker, subprocess.TimeoutExpired) as why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    with broker, tempfile.TemporaryDirectory(prefix="mxcensus-members-") as folder:
        for part, test in (("blocks", many_blocks),):
            if is_wanted(part):
                test(broker, folder)
    finish()


if __name__ == "__main__":
    main()
