"""A scan always ends: silent policy hosts, libraries that do not come back, and what is no hang."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.flood_world import DEAF, GOOD, FloodWorld  # noqa: E402
from e2e.runner import MXCENSUS, check, check_equal, environment, finish, parse_ndjson, read_json, read_table  # noqa: E402

STUCK_LIBRARY = os.environ.get("STUCK_LIBRARY_FILE")  # unset: a build with sanitizers, which want to be the first library
BRISK = ["--connect-timeout", "1", "--greeting-timeout", "1", "--target-timeout", "1", "--policy-timeout", "1",
         "--dns-timeout", "1", "--dns-tries", "1", "--dns-retry-pause", "0"]
LIMIT = 2 * (1 + 2)  # seconds, watchdog_limit_ms() of these
SHARERS = 9  # domains whose policy hosts share one silent address
SINGLES = 20  # and such with one each


class Scan:
    """A scan under way; several run beside each other, as all of them wait more than they work."""

    def __init__(self, world, folder, name, domains, *more, stuck=None, stdin=subprocess.DEVNULL):
        self.out = os.path.join(folder, name)
        listed = os.path.join(folder, name + ".txt")
        with open(listed, "w", encoding="ascii") as file:
            file.writelines(domain + "\n" for domain in domains)
        environ = environment()
        if stuck:
            environ = {**environ, "LD_PRELOAD": STUCK_LIBRARY, "STUCK_LIBRARY": stuck}
        source = "-" if stdin == subprocess.PIPE else listed
        self.begin = time.monotonic()
        self.process = subprocess.Popen([MXCENSUS, "scan", *world.options, *BRISK, *more, "-o", self.out, source],
                                        stdin=stdin, stderr=subprocess.PIPE, env=environ)

    def end(self, timeout=60):
        try:
            _, stderr = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, stderr = self.process.communicate()
        self.seconds = time.monotonic() - self.begin
        self.code = self.process.returncode
        self.said = stderr.decode()
        return self

    def rows(self, name):
        for end in (".ndjson", ".ndjson.part"):
            path = os.path.join(self.out, name + end)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    return parse_ndjson(file.read())
        return []


def silent_hosts(scan, innocents, silent):
    scan.end()
    check_equal("silent policy hosts: exit code", scan.code, 0)
    outcomes = {row["policy_host"]: row["fetch"] for row in scan.rows("policies")}
    check_equal("silent policy hosts: all of them timed out", [outcomes.get("mta-sts." + d) for d in silent],
                ["tcp_timeout"] * len(silent))
    check_equal("silent policy hosts: the others are fetched", [outcomes.get("mta-sts." + d) for d in innocents],
                ["fetched"] * len(innocents))
    check_equal("silent policy hosts: nothing is said", scan.said, "")


def stuck_policy_thread(scan, domain):
    scan.end()
    check_equal("a stuck policy thread: every line has its row", scan.code, 0)
    check("a stuck policy thread: said", "no progress for" in scan.said and "1 policy host" in scan.said, scan.said)
    check_equal("a stuck policy thread: local_fault", [row["fetch"] for row in scan.rows("policies")], ["local_fault"])
    check_equal("a stuck policy thread: in the manifest", read_json(scan.out, "manifest.json").get("given_up"),
                {"total": 1, "names": ["policy host mta-sts." + domain]})
    check("a stuck policy thread: not too early", scan.seconds >= LIMIT, scan.seconds)


def stuck_worker(scan):
    scan.end()
    check_equal("a stuck worker: exit code", scan.code, 1)
    check("a stuck worker: said", "the scan ends, lines without a row are unfinished" in scan.said, scan.said)
    state = read_json(scan.out, "state.json")
    check_equal("a stuck worker: reason", state["reason"], "no progress")
    check_equal("a stuck worker: the line is unfinished", state["unfinished_lines"], [[1, 1]])


def second_signal(world, scan, what, asked):
    """@param asked the last question before the library is called that does not come back"""
    world.dns.wait_for(asked, scan.process)
    time.sleep(1)
    scan.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    if not check(f"{what}, a signal: waits for what is under way", scan.process.poll() is None):
        print(scan.end().said, file=sys.stderr)
        return
    scan.process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    scan.end()
    check_equal(f"{what}, a second signal: exit code", scan.code, 130)
    check(f"{what}, a second signal: at once", time.monotonic() - begin < 5, time.monotonic() - begin)
    check_equal(f"{what}, a second signal: reason", read_json(scan.out, "state.json")["reason"], "SIGINT")
    scan.rows("domains")  # whole rows, or it raises


def all_done_after_a_signal(scan):
    scan.process.send_signal(signal.SIGINT)
    scan.end()
    check_equal("a signal, and everything gets done: exit code", scan.code, 0)
    names = os.listdir(scan.out)
    check("a signal, and everything gets done: a manifest, and nothing of an interruption",
          "manifest.json" in names and not {"state.json", "started.json", "journal"} & set(names), names)
    check_equal("a signal, and everything gets done: rows", len(read_table(scan.out, "domains")), 1)


def no_hang(scan, what, rows):
    scan.end()
    check_equal(f"{what}: exit code", scan.code, 0)
    check_equal(f"{what}: nothing is said", scan.said, "")
    check_equal(f"{what}: rows", len(read_table(scan.out, "domains")), rows)
    check(f"{what}: takes longer than the watchdog's patience", scan.seconds > LIMIT, scan.seconds)


def main():
    with FloodWorld() as world, tempfile.TemporaryDirectory() as folder:
        innocents = [f"d{i}.good.test" for i in range(4)]
        for i, name in enumerate(innocents):
            world.add(name, GOOD, i, GOOD)
        shared = world.deaf_address(1)
        silent = [f"d{i}.deaf.test" for i in range(SHARERS + SINGLES)]
        for i, name in enumerate(silent):
            address = shared if i < SHARERS else world.deaf_address(i)
            world.add(name, GOOD, 100 + i, DEAF, address)
        world.add("signalled.test", GOOD, 97, GOOD)
        world.add("worker.test", GOOD, 98)
        world.add("slow1.test", GOOD, 99)
        world.add("slow2.test", GOOD, 99)
        world.serve_names()
        ends = Scan(world, folder, "silent", silent + innocents)
        rate = 2.0 / (LIMIT + 6)  # three sessions at one address, an interval between each two
        slow = Scan(world, folder, "slow", ["slow1.test"], "--address-rate", f"{rate:.3f}")
        done = Scan(world, folder, "done", ["slow2.test"], "--address-rate", "0.5")
        pipe = Scan(world, folder, "pipe", [], stdin=subprocess.PIPE)
        pipe.process.stdin.write(b"slow1.test\n")
        pipe.process.stdin.flush()
        world.dns.wait_for(("mx.slow2.test", "A"), done.process)
        time.sleep(1)
        all_done_after_a_signal(done)
        if STUCK_LIBRARY:
            held = Scan(world, folder, "held", innocents[:1], stuck="curl")
            stuck = Scan(world, folder, "stuck", ["slow2.test"], stuck="tls")
            signalled = Scan(world, folder, "signalled", ["signalled.test"], stuck="curl")
            second_signal(world, signalled, "a stuck policy thread", ("mta-sts.signalled.test", "A"))
            signalled = Scan(world, folder, "worker", ["worker.test"], stuck="tls")
            second_signal(world, signalled, "a stuck worker", ("mx.worker.test", "A"))
            stuck_policy_thread(held, innocents[0])
            stuck_worker(stuck)
        time.sleep(max(0.0, LIMIT + 3 - (time.monotonic() - pipe.begin)))
        check("a pipe that pauses: the scan goes on", pipe.process.poll() is None)
        no_hang(pipe, "a pipe that pauses", 1)
        silent_hosts(ends, innocents, silent)
        no_hang(slow, "a low rate", 1)
    finish()


main()
