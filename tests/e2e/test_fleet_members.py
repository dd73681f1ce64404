"""Members of a fleet over Kafka: a list of many blocks, a broker that stands still, members that leave before the start and after it, a fleet that
gets nowhere, limits that cannot be divided.

    test_fleet_members.py [--only PART,...]     blocks, leaving, joining, stuck, limits

Exit code 77 without Java, or where Kafka cannot be fetched.
"""

import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, check, check_equal, check_refused, finish, read_json, read_table, run, start  # noqa: E402
from e2e.test_fleet import SKIPPED, Fleet, end_of, is_wanted, options_of, probes_of, said_up_to, same_visits  # noqa: E402
from e2e.test_merge import same_rows, write_quick_list  # noqa: E402
from support.kafka_broker import Broker, NoBroker  # noqa: E402

MANY = 1500  # lines of five blocks: 128, 128, 256, 512 and some of 1,024
FEW = 60
# A busy machine makes no session last so long that it is tried again.
UNHURRIED = ["--connect-timeout", "60", "--greeting-timeout", "60", "--reply-timeout", "60", "--tls-timeout", "60", "--target-timeout", "300"]
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
        scan += UNHURRIED
        check_equal("many blocks, one scan: exit code", run("scan", *scan, *machine, "-q", "-o", whole, path).returncode, 0)
        counters = lab.counters(0)
    check("many blocks: names were left out", any(row["block"] for row in read_table(whole, "hosts")))
    with Lab(MANY) as lab:
        fleet = Fleet(broker, "many", options_of(lab), path)
        check_equal("many blocks: feed", fleet.feed("--members", "3", *UNHURRIED).returncode, 0)
        stop = threading.Event()
        pauses = threading.Thread(target=stand_still, args=(broker, stop))
        pauses.start()
        try:
            fleet.work(3)
        finally:
            stop.set()
            pauses.join()
        out = os.path.join(folder, "of many")
        fleet.collect(out)
        same_visits("many blocks", (counters, probes_of([read_json(whole, "manifest.json")])),
                    (lab.counters(0), probes_of(read_json(out, "manifest.json")["fleet"]["members"])))
        same_rows("many blocks", whole, out)
        fleet.drop()


# --- who leaves ----------------------------------------------------------------------------------

def one_line(what, said, words):
    check(f"{what}: one line says it", sum(words in line for line in said.splitlines()) == 1, said)


def member_leaves(broker, folder):
    """It says so, and the others hear it at once: not by its silence."""
    with Lab(FEW) as lab:
        path = os.path.join(folder, "left.txt")
        write_quick_list(lab, path)
        fleet = Fleet(broker, "left", options_of(lab), path)
        check_equal("leaving: feed", fleet.feed("--members", "2", "--address-rate", "1/s").returncode, 0)
        first, second = fleet.start(2)
        time.sleep(15)
        second.send_signal(signal.SIGTERM)
        began = time.monotonic()
        said = end_of(second, "leaving: who was told to", 128 + signal.SIGTERM)
        one_line("leaving: who was told to", said, "its place is free for another mxcensus work")
        said = said_up_to(first, "of 2 has left before its work was done")
        check("leaving: the other says so before silence would tell", time.monotonic() - began < SILENCE, time.monotonic() - began)
        one_line("leaving: the other", said, "of 2 has left before its work was done")
        first.send_signal(signal.SIGTERM)
        end_of(first, "leaving: the other, told to", 128 + signal.SIGTERM)
        out = os.path.join(folder, "of left")
        done = fleet.collect(out, 3)
        check("leaving: collect says what is missing", "lines have no row" in done.stderr, done.stderr)
        check_equal("leaving: is marked", read_json(out, "manifest.json")["incomplete"], True)
        fleet.drop()


def joins_again(broker, folder):
    """Who leaves before all are there takes no place for good."""
    with Lab(FEW) as lab:
        path = os.path.join(folder, "joined.txt")
        write_quick_list(lab, path)
        fleet = Fleet(broker, "joined", options_of(lab), path)
        check_equal("joining: feed", fleet.feed("--members", "2").returncode, 0)
        waits = start("work", *fleet.at, *fleet.of_machine)
        told = b""
        while b"1 of 2 members are here" not in told and waits.poll() is None:
            told += waits.stderr.readline()
        waits.send_signal(signal.SIGTERM)
        said = end_of(waits, "joining: who was told to stop", 128 + signal.SIGTERM)
        check("joining: its place is free", "its place is another member's" in said, told.decode() + said)
        fleet.work(2)
        fleet.collect(os.path.join(folder, "of joined"))
        late = end_of(fleet.start(1)[0], "joining: one more")
        one_line("joining: one more", late, "nothing is left to do")
        fleet.drop()


# --- nobody gets anywhere ------------------------------------------------------------------------

SHORT = ["--connect-timeout", "3", "--target-timeout", "5", "--greeting-timeout", "5", "--reply-timeout", "3", "--tls-timeout", "3", "--dns-timeout", "1",
         "--dns-tries", "1", "--dns-retry-pause", "1", "--policy-timeout", "5", "--retry-pause", "1", "--tempfail-pause", "1"]
STUCK_PARTS = 8


def message(kind, body):
    """As flow/message.h has it: its length, kind and version."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scanner", "flow", "message.h"), encoding="utf-8") as file:
        text = file.read()
    kinds = re.findall(r"X\(([A-Z_]+), [a-z_]+\)", text[text.index("define MESSAGE_KINDS"):text.index("enum message_kind")])
    version = int(re.search(r"define MESSAGE_VERSION (\d+)", text).group(1))
    return struct.pack("<IHH", len(body), kinds.index(kind), version) + body


def fleet_is_stuck(broker, folder):
    """Somebody promises names that never come: no block opens."""
    with Lab(FEW) as lab:
        path = os.path.join(folder, "stuck.txt")
        write_quick_list(lab, path)
        fleet = Fleet(broker, "stuck", options_of(lab), path)
        check_equal("stuck: feed", fleet.feed("--members", "2", "--partitions", str(STUCK_PARTS), *SHORT).returncode, 0)
        broker.send_octets("stuck.control", message("FLEET_SENT", struct.pack("<HI", 0, 1) + b"\x7f" * 8 * STUCK_PARTS))
        said = [end_of(member, "stuck: a member", 1) for member in fleet.start(2)]
        check("stuck: somebody says that there is no progress", any("no progress for" in text for text in said), said)
        check("stuck: and that it ends", any("the scan ends" in text for text in said), said)
        fleet.drop()


# --- limits --------------------------------------------------------------------------------------

def limits(broker, folder):
    path = os.path.join(folder, "limits.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write("example.com\n")
    fleet = Fleet(broker, "limits", ([], []), path)
    check_equal("limits: feed", fleet.feed("--members", "2").returncode, 0)
    for option in ("--dns-rate-limit", "--concurrency"):
        check_refused(f"limits: {option}", run("work", *fleet.at, "--ehlo-domain", EHLO, "--name-servers", "127.0.0.1", option, "7"),
                      [f"{option} 7 is less than the parts of this member, 8"])
    fleet.drop()


def main():
    try:
        broker = Broker()
    except (NoBroker, subprocess.TimeoutExpired) as why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    with broker, tempfile.TemporaryDirectory(prefix="mxcensus-members-") as folder:
        for part, test in (("limits", limits), ("joining", joins_again), ("leaving", member_leaves), ("stuck", fleet_is_stuck), ("blocks", many_blocks)):
            if is_wanted(part):
                test(broker, folder)
    finish()


if __name__ == "__main__":
    main()
