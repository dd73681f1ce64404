"""A fleet over Kafka: the rows of one scan whatever the number of members, nobody visited twice; what is refused; messages that nobody can
read.

    test_fleet.py [--every N] [--domains N] [--only PART,...]     of the lab's hand-made cases, and of its others; members, poisoned, lost, dropped, refused

Servers that are slow, or answer by how often they were asked, are left out. Exit code 77 without Java, where Kafka cannot be fetched, or where
the program was built without it.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, check, check_analyzed, check_equal, check_refused, finish, read_json, read_table, run, start  # noqa: E402
from e2e.test_merge import PATIENT, same_octets, same_rows, write_quick_list  # noqa: E402
from support.kafka_broker import Broker, NoBroker, free_port  # noqa: E402

SKIPPED = 77
PARTS = 16
DOMAINS = int(sys.argv[sys.argv.index("--domains") + 1]) if "--domains" in sys.argv else 60
AT = ["--at", "2026-11-30T18:00:00Z"]
# What belongs to a machine; all else is fed.
OF_MACHINE = ("--name-servers",)
SAME_COUNTS = ("connections", "with_sni", "without_sni", "without_tls", "established", "policy_connections", "policy_requests", "addresses",
               "visited", "open", "policy_open")
WITH_PROBES = ("connections", "without_sni", "established")
NONE_OF = ("repeated_visits", "unplanned_addresses", "policy_repeated", "policy_unplanned", "addresses_over_limit", "networks_over_limit",
           "questions_unplanned")


def options_of(lab):
    """-> (of the scan, of the machine)"""
    machine = [word for word in lab.options if word.startswith(OF_MACHINE)]
    return [word for word in lab.options if word not in machine] + AT + PATIENT + ["--address-rate", "100/s"], [*machine, "--ehlo-domain", EHLO]


def ended(what, done, code=0):
    """With what it said: it is the reason."""
    check(f"{what}: exit code", done.returncode == code, f"{done.returncode}, not {code}: {done.stderr}")
    return done


def with_cells(path):
    """The same lines as CSV with a column that is passed through, and with cells in which there is nothing. -> its path"""
    with open(path, encoding="ascii") as plain, open(path + ".csv", "w", encoding="utf-8") as csv:
        csv.write("domain,note\n")
        for number, line in enumerate(plain):
            csv.write(f'{line.strip()},"number {number}, ""Zoë"""\n')
            if number < 2:
                csv.write(f'"",{number}\n')
    return path + ".csv"


class Fleet:
    """The scan NAME at a broker."""

    def __init__(self, broker, name, options, path):
        self.at = ["--brokers", broker.address, "--scan", name]
        self.of_scan, self.of_machine = options
        self.path = path

    def feed(self, *more, path=None):
        """The last of two values counts."""
        return run("feed", *self.at, "--partitions", str(PARTS), *self.of_scan, *more, path or self.path)

    def start(self, count):
        return [start("work", *self.at, *self.of_machine, "-q") for _ in range(count)]

    def work(self, count):
        """-> what each said"""
        return [end_of(member, f"{self.at[3]}: member of {count}") for member in self.start(count)]

    def drop(self):
        """What remains of it is in the way of the next: of a small broker's memory."""
        done = ended(f"{self.at[3]}: drop", run("collect", *self.at, "--drop"))
        check_equal(f"{self.at[3]}: drop says nothing", done.stderr, "")

    def collect(self, out, code=0):
        done = ended(out, run("collect", *self.at, "-q", "-o", out), code)
        check(f"{out}: nothing is left of what was collected", not os.path.exists(os.path.join(out, "chosen.part")))
        return done


def end_of(member, what, code=0):
    """-> what it said"""
    _, said = member.communicate(timeout=1200)
    text = said.decode()
    check(f"{what}: exit code", member.returncode == code, f"{member.returncode}, not {code}: {text}")
    return text


def said_up_to(member, words):
    """-> the lines on standard error up to one with these words, or to the end"""
    text = ""
    while words not in text:
        line = member.stderr.readline().decode()
        if not line:
            break
        text += line
    return text


def probes_of(manifests):
    return sum(manifest["outage_probes"]["sessions"] for manifest in manifests)


def same_visits(what, want, got):
    """Each member has weather of its own, and asks again servers that answered, by sessions without SNI."""
    for counters, probes in (want, got):
        check(f"{what}: repeated visits are probes", counters["repeated_visits"] <= probes, (counters["repeated_visits"], probes))
    (want, _), (got, _) = want, got
    check_equal(f"{what}: who was visited", sum(got["visited"].values()), sum(want["visited"].values()))
    for name in WITH_PROBES:
        check_equal(f"{what}: {name} but repeated ones", got[name] - got["repeated_visits"], want[name] - want["repeated_visits"])
    for name in set(SAME_COUNTS) - {*WITH_PROBES, "visited"}:
        check_equal(f"{what}: {name}", got[name], want[name])
    for name in set(NONE_OF) - {"repeated_visits"}:
        check_equal(f"{what}: {name}", got[name], 0)


def one_scan(folder):
    """-> its directory, what the lab counted"""
    with Lab(DOMAINS) as lab:
        path = os.path.join(folder, "list.txt")
        write_quick_list(lab, path)
        scan, machine = options_of(lab)
        whole = os.path.join(folder, "whole")
        ended("one scan", run("scan", *scan, *machine, "--metadata-passthrough", "-q", "-o", whole, with_cells(path)))
        empty = [row for row in read_table(whole, "domains") if row["input"] == ""]
        check_equal("one scan: cells with nothing", [row["invalid"] for row in empty], ["empty", "empty"])
        return whole, lab.counters(0)


def of_members(broker, folder, whole, counters, members):
    what = f"{members} members"
    out = os.path.join(folder, what)
    with Lab(DOMAINS) as lab:
        fleet = Fleet(broker, f"of{members}", options_of(lab), os.path.join(folder, "list.txt.csv"))
        terms = ["--members", str(members), "--metadata-passthrough"]
        ended(f"{what}: feed", fleet.feed(*terms))
        again = fleet.feed(*terms)
        check_equal(f"{what}: fed again", (again.returncode, "were fed before" in again.stderr), (0, True))
        fleet.work(members)
        fleet.collect(out)
        same_rows(what, whole, out)
        manifest = read_json(out, "manifest.json")
        same_visits(what, (counters, probes_of([read_json(whole, "manifest.json")])), (lab.counters(0), probes_of(manifest["fleet"]["members"])))
        check_equal(f"{what}: account", manifest["account"], read_json(whole, "manifest.json")["account"])
        check_equal(f"{what}: who worked", [m["complete"] for m in manifest["fleet"]["members"]], [True] * members)
        check_equal(f"{what}: the list", [i["sha256"] for i in manifest["inputs"]], [i["sha256"] for i in read_json(whole, "manifest.json")["inputs"]])
        check_equal(f"{what}: nothing was lost", (manifest["fleet"]["lines_without_row"], manifest["rows_lost"]), (0, 0))
        fleet.collect(out + " again")
        same_octets(f"{what}, collected twice", out, out + " again")
        check_analyzed(out, out + " analyzed", [name for name in os.listdir(out) if name.endswith(".ndjson")])
        late = end_of(fleet.start(1)[0], f"{what}: one more")
        check(f"{what}: one more has nothing to do", "nothing is left to do" in late, late)
        fleet.drop()


def poisoned(broker, folder, whole):
    """Octets that are no message, in topics of every sort."""
    out = os.path.join(folder, "poisoned")
    with Lab(DOMAINS) as lab:
        fleet = Fleet(broker, "poisoned", options_of(lab), os.path.join(folder, "list.txt.csv"))
        ended("poisoned: feed", fleet.feed("--members", "2", "--metadata-passthrough"))
        topics = ("control", "domains", "hosts", "services", "answers")
        for topic in topics:
            broker.send(f"poisoned.{topic}", b"no message at all")
        said = fleet.work(2)
        for topic in topics:
            check(f"poisoned: {topic} is told of", any(f"topic poisoned.{topic}, " in text and "poisoned.dead" in text for text in said), said)
        fleet.collect(out)
        same_rows("poisoned", whole, out)
        fleet.drop()
        check_refused("drop: it is gone", run("collect", *fleet.at, "-o", os.path.join(folder, "gone")), ["there is no scan"])


def member_is_lost(broker, folder):
    """The others say so, and wait; what has a row is collected only when somebody has ended."""
    with Lab(DOMAINS) as lab:
        path = os.path.join(folder, "lost.txt")
        write_quick_list(lab, path)
        fleet = Fleet(broker, "lost", options_of(lab), path)
        ended("lost: feed", fleet.feed("--members", "2", "--address-rate", "1/s", "--silent-after", "10"))
        first, second = fleet.start(2)
        time.sleep(10)
        second.kill()
        second.communicate()
        said = said_up_to(first, "of 2 is silent for")
        check("lost: the other says who", "its place is free for another mxcensus work" in said, said)
        first.send_signal(signal.SIGTERM)
        end_of(first, "lost: the other", 128 + signal.SIGTERM)
        done = fleet.collect(os.path.join(folder, "of lost"), 3)
        check("lost: collect says what is missing", "lines have no row" in done.stderr and "members have not ended" in done.stderr, done.stderr)
        check_equal("lost: is marked", read_json(os.path.join(folder, "of lost"), "manifest.json")["incomplete"], True)
        fleet.drop()


def topics_are_dropped(broker, folder):
    """Under a member's hands: it says so, and ends."""
    with Lab(DOMAINS) as lab:
        path = os.path.join(folder, "dropped.txt")
        write_quick_list(lab, path)
        fleet = Fleet(broker, "dropped", options_of(lab), path)
        ended("dropped: feed", fleet.feed("--members", "1", "--address-rate", "1/s"))
        member = fleet.start(1)[0]
        time.sleep(10)
        fleet.drop()
        said = end_of(member, "dropped: the member", 1)
        check("dropped: the member says which topic", "topic dropped." in said and broker.address in said, said)


def refusals(broker, folder):
    path = os.path.join(folder, "refused.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write("example.com\nexample.net\n")
    fleet = Fleet(broker, "refused", (AT, []), path)
    ended("refused: feed", fleet.feed("--members", "1"))
    nobody = ["--brokers", f"127.0.0.1:{free_port()}", "--scan", "night"]
    for command, more in (("feed", [path]), ("work", []), ("collect", ["-o", os.path.join(folder, "new")])):
        began = time.monotonic()
        done = run(command, *nobody, *more)
        check_equal(f"{command}, no brokers: exit code", done.returncode, 1)
        check(f"{command}, no brokers: says so in a line", "cannot be reached" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
        check(f"{command}, no brokers: soon", time.monotonic() - began < 60)
    at = fleet.at
    other = os.path.join(folder, "other.txt")
    with open(other, "w", encoding="ascii") as file:
        file.write("example.org\n")
    check_refused("other partitions", run("feed", *at, "--partitions", str(PARTS * 2), *fleet.of_scan, path), ["--partitions", str(PARTS)])
    check_refused("other members", fleet.feed("--members", "2"), ["--members"])
    check_refused("other options", fleet.feed("--members", "1", "--names-per-address", "7"), ["other options", "--names-per-address=7"])
    check_refused("another list", fleet.feed("--members", "1", path=other), ["another list"])
    latin = os.path.join(folder, os.fsdecode(b"Zo\xeb"))
    with open(latin, "w", encoding="ascii") as file:
        file.write("example.edu\n")
    check_refused("no text", fleet.feed("--members", "1", "--blocklist-file", latin), ["UTF-8"])
    check_refused("a name that is none", run("feed", *at[:2], "--scan", "a b", path), ["--scan a b"])
    check_refused("standard input", run("feed", *at, "-"), ["standard input"])
    check_refused("no brokers given", run("feed", "--scan", "night", path), ["--brokers"])
    check_refused("no name", run("work", *at[:2]), ["--scan"])
    check_refused("no power of two", run("feed", *at, "--partitions", "12", path), ["power of two"])
    check_refused("too many members", run("feed", *at, "--members", "65", path), ["--members"])
    check_refused("members and operators", run("feed", *at, "--members", "8", "--operator-limit", "4", path), ["--operator-limit"])
    check_refused("a setting that is none", run("work", *at, "--kafka-option", "no.such.setting=1"), ["--kafka-option", "no.such.setting"])
    check_refused("a setting without value", run("work", *at, "--kafka-option", "x"), ["KEY=VALUE"])
    check_refused("a scan that is not there", run("collect", *at[:2], "--scan", "nights", "-o", os.path.join(folder, "new")), ["no scan of this name"])
    check_refused("nobody has worked", fed_alone(at[:2], folder, path), ["no member has ended"])
    check("nothing is made", not os.path.exists(os.path.join(folder, "new")))


def fed_alone(brokers, folder, path):
    at = [*brokers, "--scan", "alone"]
    done = ended("fed alone", run("feed", *at, "--partitions", "1", path))
    check("fed alone: says how many lines, in one", "2 lines are fed" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    return run("collect", *at, "-o", os.path.join(folder, "new"))


def is_wanted(part):
    return "--only" not in sys.argv or part in sys.argv[sys.argv.index("--only") + 1].split(",")


def main():
    if "has no Kafka" in run("collect", "--brokers", "127.0.0.1:1", "--scan", "none", "-o", "none").stderr:
        print("skipped: the program was built without Kafka")
        sys.exit(SKIPPED)
    try:
        broker = Broker()
    except (NoBroker, subprocess.TimeoutExpired) as why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    with broker, tempfile.TemporaryDirectory(prefix="mxcensus-fleet-") as folder:
        if is_wanted("members") or is_wanted("poisoned"):
            whole, counters = one_scan(folder)
            check("there is something to compare", len(read_table(whole, "endpoints")) > 50, json.dumps(counters))
        if is_wanted("members"):
            of_members(broker, folder, whole, counters, 1)
            of_members(broker, folder, whole, counters, 3)
        if is_wanted("poisoned"):
            poisoned(broker, folder, whole)
        if is_wanted("lost"):
            member_is_lost(broker, folder)
        if is_wanted("dropped"):
            topics_are_dropped(broker, folder)
        if is_wanted("refused"):
            refusals(broker, folder)
    finish()


if __name__ == "__main__":
    main()
