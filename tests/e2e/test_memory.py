"""--memory: who turned us away is met more slowly on the next night, and nothing else changes.

A server that allows one connection in 1.3 seconds is met twice a second, and counts whom it turned away.
"""

import csv
import fcntl
import os
import re
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish, read_json, read_table, run, start  # noqa: E402
from e2e.small_servers import World, closes, one_in, rejects, tempfail, well  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402

ALLOWED = 1.3  # seconds between two connections
GAP = 0.5  # of --address-rate
RETRY, BUSY = 0.5, 1.5  # pauses
LATE = 0.2  # the first start may be seen so much late
LAB_RATE = 20  # starts a second at an address
TURNS = 3
FAST_MS = 300  # two starts in less are not at an eighth of that
TABLES = ("domains", "hosts", "endpoints", "services")
LINE = re.compile(r"(address|operator) (\S+) (\d+) (\d+) 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ (\S+)")
TITLE = "mxcensus-memory 1"
TIMES = "2026-11-28T22:00:00Z 2026-11-28T22:00:00Z"


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def entries(path):
    """-> {key: (slower, nights, why)}"""
    lines = read(path).splitlines()
    check_equal("the first line of the file", lines[0], TITLE)
    matches = [LINE.fullmatch(line) for line in lines[2:]]
    check("every line has the form", all(matches), lines)
    return {m[2]: (int(m[3]), int(m[4]), m[5]) for m in matches if m}


class Nights:
    """Scans of one world, one night after the other, with one file."""

    def __init__(self, world, folder):
        self.world = world
        self.folder = folder
        self.file = os.path.join(folder, "memory")
        self.count = 0

    def scan(self, *more):
        """-> (manifest, results)"""
        self.count += 1
        time.sleep(ALLOWED)  # the server does not know that it is another night
        for server in self.world.servers.values():
            server.starts.clear()
            server.behave.turned_away = 0
        out = os.path.join(self.folder, f"night{self.count}")
        done = self.world.scan(out, "--memory", self.file, "--trust-ad", "no", "-4", *more)
        check_equal(f"night {self.count}: exit code and messages", (done.returncode, done.stderr), (0, ""))
        return read_json(out, "manifest.json")["memory"], out


def rows_of(out):
    paths = volatile_paths()
    return {name: stable(read_table(out, name), name, paths) for name in TABLES}


def check_nights(folder):
    """A night with refusals makes the pace a quarter, one without doubles it."""
    world = World(folder, GAP, RETRY, BUSY)
    world.add("one", one_in(ALLOWED), names=3)
    world.add("well", well, names=3)
    world.add("no", rejects)
    world.add("dead", closes)
    nights = Nights(world, folder)
    one, good = world.servers["one"], world.servers["well"]
    address, rejecting = "11.9.8.1", "11.9.8.3"

    memory, first = nights.scan()
    check("night 1: the server turns us away", one.behave.turned_away > 0, one.behave.turned_away)
    check("night 1: at the pace that we were told", min(one.gaps()) < ALLOWED, one.gaps())
    check_equal("night 1: the file", entries(nights.file), {address: (4, 1, "tempfail"), rejecting: (4, 1, "rejected")})
    check_equal("night 1: manifest", memory, {
        "file": os.path.realpath(nights.file), "used": {"addresses": 0, "operators": 0}, "dropped": 0,
        "turned_away": {"addresses": 2, "operators": 0}, "added": 2, "left": 0, "aged": 0, "entries": 2, "written": True})

    memory, second = nights.scan()
    check_equal("night 2: nobody is turned away", one.behave.turned_away, 0)
    check("night 2: four times slower", sum(one.gaps()) >= 3 * 4 * GAP - LATE, one.gaps())
    check("night 2: others as ever", min(good.gaps()) < 2 * GAP, good.gaps())
    check_equal("night 2: connections", len(one.starts), 4)
    check_equal("night 2: the file", entries(nights.file), {address: (2, 0, "tempfail"), rejecting: (16, 2, "rejected")})
    check_equal("night 2: manifest", (memory["used"], memory["turned_away"], memory["added"], memory["entries"]),
                ({"addresses": 2, "operators": 0}, {"addresses": 1, "operators": 0}, 0, 2))

    before = rows_of(first)
    for name, rows in rows_of(second).items():
        # what is judged comes at the same time or later; attempts are what the server made of them
        mine = [[row for row in some if "one" not in row] for some in (rows, before[name])]
        check(f"night 2: {name} of other servers are as in the first night", mine[0] == mine[1], mine)
        check_equal(f"night 2: as many {name}", len(rows), len(before[name]))
    endpoints = [row["outcome"] for row in read_table(second, "endpoints") if "one" in row["host"]]
    check_equal("all its names were tested", endpoints, ["established"] * 3)


def check_operator(folder):
    """Two of its addresses turn us away: then it gets fewer connections at once, and so do addresses that did not."""
    world = World(folder, 0.05, 0.1, 0.1)
    for number, name in enumerate(("a", "b"), 1):
        world.add(name, tempfail(9))
        world.zone[(f"{name}.test", "MX")] = [(10, f"{name}.op.test")]
        world.zone[(f"{name}.op.test", "A")] = [f"11.9.8.{number}"]
    nights = Nights(world, folder)
    nights.scan()
    check_equal("an operator with two addresses", entries(nights.file),
                {"11.9.8.1": (4, 1, "tempfail"), "11.9.8.2": (4, 1, "tempfail"), "op.test": (4, 1, "-")})


def check_end(folder, what, text, why):
    path = os.path.join(folder, "damaged")
    write(path, text)
    out = os.path.join(folder, "not")
    done = run("scan", "--name-servers", "127.0.0.1:9", "--ehlo-domain", "s.example.org", "-o", out, "--memory", path, input="a.test\n")
    check_equal(f"{what}: exit code", done.returncode, 2)
    check_equal(f"{what}: one line", done.stderr, f"mxcensus: {path}: {why}\n")
    check_equal(f"{what}: the file is as it was", read(path) if text.isascii() else text, text)
    check(f"{what}: nothing is written", not os.path.exists(out))


def check_refused(folder):
    """What is no such file is left as it is."""
    form = "must be: address|operator KEY SLOWER NIGHTS TURNED_AWAY MET WHY"
    check_end(folder, "another file", "example.org\nexample.net\n",
              "line 1: not a file of --memory: its first line must be 'mxcensus-memory 1'")
    check_end(folder, "a line of something else", f"{TITLE}\nhello\n", f"line 2: {form}")
    check_end(folder, "a file that was cut", f"{TITLE}\naddress 11.9.8.1 4 1 {TIMES} temp", "line 2: cut off: it has no end")
    check_end(folder, "an address twice", f"{TITLE}\n" + f"address 11.9.8.1 4 1 {TIMES} cut\n" * 2,
              "line 3: a second line for the same key")
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    advice = "; give the file of an earlier scan, or a new one in a directory that is there and can be written"
    for path, why in ((pipe, "not a regular file"), (folder, "Is a directory" + advice),
                      (os.path.join(folder, "nowhere", "file"), "No such file or directory" + advice),
                      (os.path.join(folder, "n" * 240), "its name is too long")):
        done = run("scan", "--name-servers", "127.0.0.1:9", "--ehlo-domain", "s.example.org", "--memory", path, input="a.test\n")
        check_equal(f"{why}: exit code and message", (done.returncode, done.stderr), (2, f"mxcensus: --memory {path}: {why}\n"))
    done = run("scan", "--resume", folder, "--memory", "file")
    check("--resume has it from its first start", done.returncode == 2 and "not allowed with it: --memory" in done.stderr, done.stderr)


def check_two_at_once(folder):
    """The second one would forget what the first one learned."""
    path = write(os.path.join(folder, "busy"), "")
    with open(path, encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run("scan", "--name-servers", "127.0.0.1:9", "--ehlo-domain", "s.example.org", "--memory", path, input="a.test\n")
    check_equal("a file in use: exit code", done.returncode, 2)
    check("a file in use: one line", "another scan uses it" in done.stderr and done.stderr.count("\n") == 1, done.stderr)


def is_paused(status):
    """The last line of the file says that a session is to be tried again."""
    if not os.path.exists(status):
        return False
    with open(status, encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    return bool(rows) and (rows[-1]["sessions_paused"] or "0") != "0"


def check_interrupted(folder):
    """What was learned until then is kept; the scan that goes on is the same night."""
    pause = 3
    world = World(folder, GAP, RETRY, pause)
    world.add("busy", tempfail(9))
    path = os.path.join(folder, "link")
    target = os.path.join(folder, "elsewhere")
    os.symlink(target, path)
    out = os.path.join(folder, "interrupted")
    status = os.path.join(folder, "status")
    domains = write(os.path.join(folder, "list"), world.list())
    server = world.servers["busy"]
    with DnsServer(world.zone) as dns:
        process = start(*world.arguments(dns, out, "--memory", path, "--status-updates-file", status, "--infer", "off", "--trust-ad", "no", "-4", domains))
        deadline = time.monotonic() + 60
        while not is_paused(status) and time.monotonic() < deadline:
            time.sleep(0.1)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        process.communicate(timeout=60)
        check_equal("interrupted: exit code", process.returncode, 130)
        check_equal("interrupted: the file", entries(target), {"11.9.8.1": (4, 1, "tempfail")})
        done = run("scan", "--resume", out, "-q")
    check_equal("gone on with: exit code", (done.returncode, done.stderr), (0, ""))
    check("gone on with: turned away again", len(server.starts) >= 2, server.starts)
    check_equal("gone on with: one night", entries(target), {"11.9.8.1": (4, 1, "tempfail")})
    check("a symbolic link stays", os.path.islink(path))
    memory = read_json(out, "manifest.json")["memory"]
    check_equal("gone on with: manifest", (memory["used"]["addresses"], memory["added"], memory["written"]), (1, 0, True))


def scan_lab(folder, name, text):
    """The lab's random domains with this file. -> (rows, addresses, the file's entries, addresses that met a fast pace)"""
    path = write(os.path.join(folder, name), text)
    out = path + ".results"
    with Lab(40) as lab:
        with open(lab.list_path, encoding="ascii") as domains:
            domains = "".join(line for line in domains if not line.startswith("case-"))
        done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--connect-timeout", "5", "--greeting-timeout", "10", "--retries", "0",
                   "--mta-sts", "record", "-q", "--names-per-address", "5", "--address-rate", f"{LAB_RATE}/s", "--memory", path, "-o", out, input=domains)
        fast = lab.counters(FAST_MS)["addresses_under_gap"]
    check_equal(f"lab, {name}: exit code", (done.returncode, done.stderr), (0, ""))
    return rows_of(out), sorted({row["address"] for row in read_table(out, "services")}), entries(path), fast


def check_lab(folder):
    """What is tested and judged is the same at a slower pace, which the lab's counters show."""
    slower = 8
    for turn in range(TURNS):  # a busy machine has a pace of its own, and its lab sees some side by side
        rows, addresses, _, fast = scan_lab(folder, f"fast{turn}", "")
        text = f"{TITLE}\n" + "".join(f"address {a} {slower} 1 {TIMES} tempfail\n" for a in addresses)
        again, _, kept, still_fast = scan_lab(folder, f"slow{turn}", text)
        if fast > 4 and still_fast < fast / 4:
            break
    check("lab: many addresses", len(addresses) > 10, addresses)
    check("lab: at the pace that we were told", fast > 4, fast)
    check("lab: eight times slower", still_fast < fast / 4, (still_fast, fast))
    for name in TABLES:
        check(f"lab: the {name} are the same", rows[name] == again[name],
              [pair for pair in zip(rows[name], again[name]) if pair[0] != pair[1]][:1])
    paces = {pace for pace, _, _ in kept.values()}
    check("lab: clean nights double the pace", slower // 2 in paces and paces <= {slower // 2, slower, 4 * slower}, kept)


def main():
    for part in (check_lab, check_nights, check_operator, check_refused, check_two_at_once, check_interrupted):
        folder = tempfile.mkdtemp(prefix="mxcensus-memory-")
        try:
            begin = time.monotonic()
            part(folder)
            print(f"{part.__name__}: {time.monotonic() - begin:.1f} s")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finish()


main()
