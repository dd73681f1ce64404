"""Our own network or resolver goes away in the middle of a scan: nobody is blamed, and the rows are those of a quiet one.

With --minute the outages in the middle last 60 s, and only these are tested.

Runs in a network namespace of its own, whose only interface is taken down and up again. Skipped where there is none.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import own_network  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, MXLAB, check, check_equal, finish, read_json, read_table, run  # noqa: E402

own_network.enter()

DOMAINS = 1000
SPEED = ["--address-rate", "5/s", "--names-per-address", "20", "--connect-timeout", "4", "--greeting-timeout", "6", "--dns-timeout", "1",
         "--threads", "2", "--retry-pause", "1", "--dns-retry-pause", "1"]
TABLES = ("domains", "hosts", "services", "endpoints")
MINUTE = "--minute" in sys.argv
AWAY = 60 if MINUTE else 9  # seconds; longer than what TCP and the tries of a query bridge
PATHS = volatile_paths()


def link(state):
    return lambda lab: subprocess.run(["ip", "link", "set", "lo", state], check=True)


def children(lab):
    with open(f"/proc/{lab.process.pid}/task/{lab.process.pid}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def is_name_server(pid):
    with open(f"/proc/{pid}/net/udp", encoding="ascii") as file:
        inodes = {line.split()[9] for line in list(file)[1:]}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:  # a connection that ended
            continue
        if match and match.group(1) in inodes:
            return True
    return False


def send(number, name_server):
    def act(lab):
        for pid in children(lab):
            if is_name_server(pid) == name_server:
                os.kill(pid, number)
    return act


def progress(path, name):
    try:
        with open(path, encoding="ascii") as file:
            found = re.search(rf"^\w*{name} (\d+)", file.read(), re.M)
            return int(found.group(1)) if found else 0
    except OSError:
        return 0


class Outage(threading.Thread):
    """Begins when the scan has come so far, and ends so many seconds later."""

    def __init__(self, lab, metrics, when, begin, end, seconds):
        super().__init__()
        self.arguments = lab, metrics, when, begin, end, seconds
        self.began = False
        self.over = threading.Event()

    def run(self):
        lab, metrics, (name, count), begin, end, seconds = self.arguments
        while progress(metrics, name) < count:
            if self.over.wait(0.1):
                return
        self.began = True
        begin(lab)
        self.over.wait(seconds)
        end(lab)


def scan(lab, folder, listed, name, *more, when=None, begin=None, end=None, seconds=AWAY, code=0):
    out = os.path.join(folder, name)
    metrics = out + ".prom"
    outage = Outage(lab, metrics, when, begin, end, seconds) if when else None
    if outage:
        outage.start()
    done = run("scan", *lab.options, *SPEED, "--ehlo-domain", EHLO, "--metrics-file", metrics, *more, "-o", out, listed)
    if outage:
        outage.over.set()
        outage.join()
        check(f"{name}: the outage came into the middle of the scan", outage.began)
    check_equal(f"{name}: exit code", done.returncode, code)
    said = [line for line in done.stderr.splitlines() if "outage" in line or "local_fault" in line]
    return out, said, read_json(out, "manifest.json")["outages"]


def rows(out):
    return {table: stable(read_table(out, table), table, PATHS) for table in TABLES}


def explain(one, other):
    """The columns in which two rows differ: of the same key, as both lists are sorted."""
    one, other = json.loads(one), json.loads(other)
    return {key: (one.get(key), other.get(key)) for key in one if one.get(key) != other.get(key)}


def expect_same(name, want, out):
    for table, texts in rows(out).items():
        before = set(want[table])
        only = [text for text in texts if text not in before]
        gone = [text for text in want[table] if text not in set(texts)]
        differ = [(len(only), len(gone))] + [explain(a, b) for a, b in list(zip(gone, only))[:6]] if len(only) == len(gone) else [only[:1], gone[:1]]
        check(f"{name}: the rows of {table} are those of the quiet scan", texts == want[table], differ)


def expect_outage(name, said, outages, what):
    check(f"{name}: an outage of {what} in the manifest", what in [o["what"] for o in outages], outages)
    check(f"{name}: all of them are over", all(o["to"] and o["from"] < o["to"] for o in outages), outages)
    check(f"{name}: something was asked again", sum(o["asked_again"] for o in outages) > 0, outages)
    check_equal(f"{name}: it is said once when each begins and when it ends", len(said), 2 * len(outages))


def expect_no_policy_blamed(name, quiet, out):
    before = {row["policy_host"]: row["fetch"] for row in read_table(quiet, "policies")}
    other = {(before.get(row["policy_host"]), row["fetch"]) for row in read_table(out, "policies")
             if before.get(row["policy_host"]) != row["fetch"]}
    check(f"{name}: of policy hosts nothing worse than our own fault is said", all(now == "local_fault" for _, now in other), other)


def blamed(out):
    """Domains with an error, by its code."""
    return {(row["domain"], finding["code"]) for row in read_table(out, "domains") for finding in row["findings"]
            if finding["severity"] == "error"}


def killed_in_an_outage(lab, folder, listed, want):
    name = "killed in an outage"
    out = os.path.join(folder, "killed")
    metrics = out + ".prom"
    outage = Outage(lab, metrics, ("sessions_total", 150), link("down"), link("up"), 120)
    outage.start()
    scanner = subprocess.Popen([MXCENSUS, "scan", *lab.options, *SPEED, "--ehlo-domain", EHLO, "--metrics-file", metrics,
                                "-o", out, listed],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while scanner.poll() is None and time.monotonic() < end and not (outage.began and read_json(out, "started.json")["outages"]):
        time.sleep(0.1)
    scanner.kill()
    scanner.wait()
    outage.over.set()
    outage.join()
    known = read_json(out, "started.json")["outages"]
    check(f"{name}: started.json has it", known and known[0]["to"] is None, known)
    judged = os.path.join(folder, "judged")
    check_equal(f"{name}: analyze", run("analyze", "-o", judged, out).returncode, 0)
    check_equal(f"{name}: its manifest has it", read_json(judged, "manifest.json")["outages"], known)
    done = run("scan", "--resume", out)
    check_equal(f"{name}: goes on", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
    check_equal(f"{name}: the manifest has it", read_json(out, "manifest.json")["outages"][:len(known)], known)
    expect_same(name, want, out)


def others(lab, folder, listed, quiet, want):
    sessions = ("sessions_total", 150)
    out, said, outages = scan(lab, folder, listed, "silent", when=sessions, begin=send(signal.SIGSTOP, False),
                              end=send(signal.SIGCONT, False), seconds=2 * AWAY)
    expect_outage("all servers silent", said, outages, "ipv4")
    expect_same("all servers silent", want, out)

    # Before any server has answered: those who did not are asked again.
    out, said, outages = scan(lab, folder, listed, "link at the first session", when=("sessions_total", 1), begin=link("down"),
                              end=link("up"))
    check("link at the first session: an outage in the manifest", outages, outages)
    expect_same("link at the first session", want, out)

    # Killed in an outage: neither an analysis nor whoever goes on loses it.
    killed_in_an_outage(lab, folder, listed, want)

    # It never comes back: until the scan is over.
    out, said, outages = scan(lab, folder, listed, "lost", "--outage-max", "5", when=sessions, begin=link("down"), end=link("up"),
                              seconds=120, code=4)
    check("never again: the manifest says so", outages and any(o["to"] is None for o in outages), outages)
    check("never again: so does standard error", any("too long" in line for line in said), said)
    lost = [row for row in read_table(out, "domains") if row["account_reason"] == "local_fault"]
    check("never again: what was left is not tested, by our own fault", len(lost) > 20, len(lost))
    check_equal("never again: at the end, how many", said[-1].split()[1:2] or said, [str(len(lost))])
    reasons = read_json(out, "manifest.json")["account"]["reasons"]
    check_equal("never again: in the manifest", reasons["not_tested"].get("local_fault"), len(lost))
    check_equal("never again: in the account", {row["account"] for row in lost}, {"not_tested"})
    check_equal("never again: nobody is blamed", blamed(out) - blamed(quiet), set())
    counts = {name: read_json(path, "manifest.json")["account"]["classes"] for name, path in (("quiet", quiet), ("lost", out))}
    for unlucky in ("inconclusive", "dns_failed"):
        check(f"never again: no more are {unlucky}", counts["lost"][unlucky] <= counts["quiet"][unlucky], counts)


with Lab(DOMAINS) as lab, tempfile.TemporaryDirectory() as folder:
    listed = os.path.join(folder, "list.txt")
    with open(listed, "wb") as file:
        subprocess.run([MXLAB, "domains", "--state", lab.state, "--no-cases"], stdout=file, check=True)
    quiet, said, outages = scan(lab, folder, listed, "quiet")
    check_equal("a quiet scan has no outage", (said, outages), ([], []))
    want = rows(quiet)

    sessions = ("sessions_total", 150)
    out, said, outages = scan(lab, folder, listed, "link", when=sessions, begin=link("down"), end=link("up"))
    expect_outage("link down", said, outages, "ipv4")
    expect_same("link down", want, out)
    expect_no_policy_blamed("link down", quiet, out)

    out, said, outages = scan(lab, folder, listed, "resolver", when=("dns_queries_total", 800), begin=send(signal.SIGSTOP, True),
                              end=send(signal.SIGCONT, True))
    expect_outage("resolver stopped", said, outages, "dns")
    expect_same("resolver stopped", want, out)

    if not MINUTE:
        others(lab, folder, listed, quiet, want)

finish()
