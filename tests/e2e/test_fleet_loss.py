"""Losses in a fleet: a member is killed and a spare takes its place, or leaves and does; all are killed and start anew; the broker is; a member is cut
off from it, with and without a spare. The rows are those of one scan, what is visited twice is counted, and limits hold.

    test_fleet_loss.py [--every N] [--domains N] [--only PART,...] [--runs N] [--seed N]     killed, leaves, all, broker, cut, cut_alone

Exit code 77 without Java, or where Kafka cannot be fetched.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.connect_log import starts_in  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.runner import check, check_equal, finish, read_json, read_table, run, start  # noqa: E402
from e2e.test_fleet import SKIPPED, Fleet, end_of, ended, is_wanted, options_of, probes_of  # noqa: E402
from e2e.test_fleet_members import UNHURRIED  # noqa: E402
from e2e.test_merge import same_rows, write_quick_list  # noqa: E402
from support.kafka_broker import Broker, NoBroker  # noqa: E402


def number(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


DOMAINS = number("--domains", 60)
RUNS = number("--runs", 1)
SEED = number("--seed", random.SystemRandom().randrange(1 << 32))
MEMBERS = 3
SILENT = 12  # seconds
AWAY = 60
SLOW = ["--address-rate", "2/s"]  # so that there is something to lose
RULE_MS = 500  # of starts at one address
BEGUN = 20  # connections, by which all members are there
LIMITS = ("unplanned_addresses", "policy_unplanned", "addresses_over_limit", "networks_over_limit", "questions_unplanned")
# What a seat's new owner may do again beside the sessions that were open: those whose service has no row yet, or whose row was not
# acknowledged. A service has its row some seconds after its first session; so much of what everybody did before the loss may be of that sort.
ROWLESS_SECONDS = 10


def slowly(lab):
    scan, machine = options_of(lab)
    return scan + UNHURRIED + SLOW, machine


class Scan:
    """One scan of the list, by a single process: what the fleets are compared with."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "list.txt")
        self.out = os.path.join(folder, "whole")
        with Lab(DOMAINS) as lab:
            write_quick_list(lab, self.path)
            scan, machine = slowly(lab)
            began = time.monotonic()
            ended("one scan", run("scan", *scan, *machine, "-q", "-o", self.out, self.path))
            self.seconds = time.monotonic() - began
            self.counters = lab.counters(0)
        check("there is something to compare", len(read_table(self.out, "endpoints")) > 50, self.counters)
        check_limits("one scan", self.counters)


def check_limits(what, counters):
    for name in LIMITS:
        check_equal(f"{what}: {name}", counters[name], 0)


def sockets_of(pid, broker):
    """TCP connections of a process that do not lead to the broker: sessions and fetches."""
    inodes = set()
    if not os.path.isdir(f"/proc/{pid}/net"):
        return 0  # it has ended
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass
    count = 0
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                port = int(fields[2].rsplit(":", 1)[1], 16)
                if f"socket:[{fields[9]}]" in inodes and fields[3] in ("01", "02") and port not in (broker.port, *broker.proxied):
                    count += 1
    return count


def kill(member, broker):
    """-> how many sessions were open"""
    member.send_signal(signal.SIGSTOP)
    open_sessions = sockets_of(member.pid, broker)
    member.kill()
    member.communicate()
    return open_sessions


class Connects:
    """with Connects(path) as connects: members that are started meanwhile log each connect() over IPv4, all into one file."""

    def __init__(self, path):
        self.path = path
        self.library = os.environ.get("CONNECT_LOG_FILE")

    def __enter__(self):
        if self.library:
            os.environ.update({"LD_PRELOAD": self.library, "CONNECT_LOG": self.path})
        return self

    def __exit__(self, *_):
        os.environ.pop("LD_PRELOAD", None)

    def too_near(self, ports):
        """-> (starts that are nearer to the one before at their address than the rate has them, all starts); not those to these ports. Nothing
        where no log is."""
        if not os.path.exists(self.path):
            return [], 0
        starts = starts_in(self.path, ports)
        near = [(address, earlier, later) for address, times in starts.items() for earlier, later in zip(times, times[1:]) if later - earlier < RULE_MS - 1]
        return near, sum(map(len, starts.values()))


class Case:
    """A fleet of the list that loses somebody: with Case(...) as case"""

    def __init__(self, broker, folder, scan, name, silent=SILENT, members=MEMBERS):
        self.broker, self.scan, self.name, self.members = broker, scan, name, members
        self.out = os.path.join(folder, f"of {name}")
        self.lab = Lab(DOMAINS)
        self.connects = Connects(os.path.join(folder, f"connects of {name}"))
        self.silent = silent
        self.lost = 0  # sessions that were open at losses
        self.rowless = 0  # that ended shortly before one
        self.seen = []  # (when, connections so far)

    def __enter__(self):
        self.lab.__enter__()
        self.fleet = Fleet(self.broker, self.name, slowly(self.lab), self.scan.path)
        ended(f"{self.name}: feed", self.fleet.feed("--members", str(self.members), "--silent-after", str(self.silent)))
        return self

    def __exit__(self, *_):
        self.fleet.drop()
        self.lab.__exit__()

    def begin(self, spares=0, others=()):
        """-> members that are under way, who wait"""
        members = self.start(self.members - len(others)) + list(others)
        deadline = time.monotonic() + 300
        while self.connections() < BEGUN and time.monotonic() < deadline and all(m.poll() is None for m in members):
            time.sleep(0.2)
        check(f"{self.name}: all are under way", all(m.poll() is None for m in members),
              [m.communicate()[1] for m in members if m.poll() is not None])
        return members, self.start(spares)

    def start(self, count):
        with self.connects:
            return self.fleet.start(count)

    def connections(self):
        count = self.lab.counters(0)["connections"]
        self.seen.append((time.monotonic(), count))
        return count

    def wait(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.connections()
            time.sleep(min(1, left))

    def note_loss(self, open_sessions):
        """Right behind one."""
        now = self.connections()
        before = [count for when, count in self.seen[:-1] if when < self.seen[-1][0] - ROWLESS_SECONDS]
        self.lost += open_sessions
        self.rowless += now - (before[-1] if before else 0)

    def same(self):
        """The rows of one scan, and nobody visited twice beyond what a loss explains."""
        self.fleet.collect(self.out)
        same_rows(self.name, self.scan.out, self.out)
        manifest = read_json(self.out, "manifest.json")
        check_equal(f"{self.name}: nothing was lost", (manifest["fleet"]["lines_without_row"], manifest["rows_lost"]), (0, 0))
        check_equal(f"{self.name}: who worked", [m["complete"] for m in manifest["fleet"]["members"]], [True] * self.members)
        counters = self.lab.counters(0)
        again = counters["repeated_visits"] - probes_of(manifest["fleet"]["members"])
        print(f"{self.name}: {self.lost} sessions were open at losses, {self.rowless} began in the {ROWLESS_SECONDS} s before; {again} visits and {counters['policy_repeated']} fetches were made again "
              f"of {counters['connections']} and {counters['policy_connections']}; one scan: {self.scan.counters['connections']} and "
              f"{self.scan.counters['policy_connections']}", flush=True)
        check(f"{self.name}: visits made again are those of losses", again <= self.lost + self.rowless, (again, self.lost, self.rowless))
        check_limits(self.name, counters)
        # The start of a fetch counts from its permit.
        fetches = next(int(word.rsplit("=", 1)[1]) for word in self.lab.options if word.startswith("--port-map=443="))
        near, starts = self.connects.too_near((self.broker.port, *self.broker.proxied, fetches))
        print(f"{self.name}: {len(near)} of {starts} starts over IPv4 are too near to the one before", flush=True)
        check_equal(f"{self.name}: minimum distance", near, [])
        visited = {who: sum(counts["visited"].values()) for who, counts in (("fleet", counters), ("one", self.scan.counters))}
        # One that is cut before TLS is one without TLS for the lab.
        check(f"{self.name}: who was visited", visited["one"] <= visited["fleet"] <= visited["one"] + self.lost + self.rowless, visited)


def ends_well(what, members):
    return [end_of(member, f"{what}: member {i}") for i, member in enumerate(members)]


def one_line(what, said, words):
    check(f"{what}: one line says it", sum(words in line for line in said.splitlines()) == 1, said)


# --- losses --------------------------------------------------------------------------------------

def member_is_killed(broker, folder, scan):
    for i in range(RUNS):
        dice = random.Random(SEED + i)
        name = f"killed{i}"
        with Case(broker, folder, scan, name) as case:
            members, spares = case.begin(1)
            seconds = dice.uniform(0, scan.seconds / 3)
            victim = dice.randrange(MEMBERS)
            print(f"{name}: --seed {SEED + i}: one of {MEMBERS} is killed after {seconds:.1f} s", flush=True)
            case.wait(seconds)
            case.note_loss(kill(members.pop(victim), broker))
            ends_well(name, members)
            said = end_of(spares[0], f"{name}: the spare")
            one_line(f"{name}: the spare waits", said, "are taken (feed --members); waiting for one that becomes free")
            one_line(f"{name}: and takes a place", said, f"of {MEMBERS} from here on, in the place of one that is lost")
            case.same()


def member_leaves(broker, folder, scan):
    """A machine is replaced by another: SIGTERM of one while another waits."""
    with Case(broker, folder, scan, "leaves") as case:
        members, spares = case.begin(1)
        case.wait(scan.seconds / 6)
        case.note_loss(sockets_of(members[1].pid, broker))
        members[1].send_signal(signal.SIGTERM)
        began = time.monotonic()
        said = end_of(members.pop(1), "leaves: who was told to", 128 + signal.SIGTERM)
        one_line("leaves: who was told to", said, "its place is free for another mxcensus work")
        taken = b""
        while b"in the place of one that is lost" not in taken and spares[0].poll() is None:
            taken += spares[0].stderr.readline()
        check("leaves: its place is taken at once", time.monotonic() - began < SILENT, time.monotonic() - began)
        ends_well("leaves", members)
        end_of(spares[0], "leaves: the spare")
        case.same()


def all_are_killed(broker, folder, scan):
    with Case(broker, folder, scan, "all") as case:
        members, _ = case.begin()
        case.wait(scan.seconds / 6)
        for member in members:
            case.note_loss(kill(member, broker))
        said = ends_well("all", case.start(MEMBERS))
        check("all: each is in the place of another", all("in the place of one that is lost" in text for text in said), said)
        case.same()


def broker_is_killed(broker, folder, scan):
    with Case(broker, folder, scan, "broker", silent=45) as case:  # longer than a broker takes to start
        members, _ = case.begin()
        case.wait(scan.seconds / 6)
        broker.kill()
        time.sleep(5)
        broker.start()
        ends_well("broker", members)
        case.same()


def member_is_cut_off(broker, folder, scan, spares):
    """Its machine runs, its cable does not."""
    name = "cut" if spares else "cut_alone"
    proxy = broker.proxy()
    try:
        with Case(broker, folder, scan, name, silent=45) as case:
            with case.connects:
                far = start("work", "--brokers", proxy.address, *case.fleet.at[2:], *case.fleet.of_machine, "-q")
            members, waiting = case.begin(spares, [far])
            case.wait(scan.seconds / 6)
            case.note_loss(sockets_of(far.pid, broker))
            proxy.cut()
            time.sleep(AWAY)
            open_sessions = sockets_of(far.pid, broker)
            proxy.mend()
            check_equal(f"{name}: who is not heard has no session", open_sessions, 0)
            if spares:
                said = end_of(far, f"{name}: who was cut off", 1)
                one_line(f"{name}: who was cut off", said, "another mxcensus work has taken its place")
                members.remove(far)
            said = ends_well(name, members)
            check(f"{name}: somebody says that it is silent", any("is silent for" in text for text in said), said)
            if not spares:
                check(f"{name}: and that it is heard again", any("is heard again" in text for text in said), said)
            ends_well(f"{name}: spare", waiting)
            case.same()
    finally:
        proxy.close()


def main():
    try:
        broker = Broker()
    except (NoBroker, subprocess.TimeoutExpired) as why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    parts = (("killed", member_is_killed), ("leaves", member_leaves), ("all", all_are_killed), ("broker", broker_is_killed),
             ("cut", lambda *of: member_is_cut_off(*of, 1)), ("cut_alone", lambda *of: member_is_cut_off(*of, 0)))
    with broker, tempfile.TemporaryDirectory(prefix="mxcensus-loss-") as folder:
        scan = Scan(folder)
        print(f"one scan: {scan.seconds:.0f} s", flush=True)
        for part, test in parts:
            if is_wanted(part):
                test(broker, folder, scan)
    finish()


if __name__ == "__main__":
    main()
