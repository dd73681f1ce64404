"""Our own network or resolver is away before anybody has answered, and what its probes cost others.

With --long also an outage that lasts longer than the doubt about those who never answered.
"""

import json
import os
import select
import socket
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.rows import stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish, read_json, read_table, run  # noqa: E402
from support.dns_server import DnsServer  # noqa: E402

HOSTS = 24
REFUSED_FROM = 12  # the so-many-th query for MX records
LATE = 4  # of these, where the list comes in two parts
SELF = 200  # the third octet of the host of --self-test
SELF_TEST = ["--self-test", f"11.9.{SELF}.1"]
DOUBT = 20 + 1  # seconds that nobody at all need have answered: the rule's, and the pause of a second chance
SPEED = ["--address-rate", "0", "--greeting-timeout", "2", "--connect-timeout", "2", "--retry-pause", "1", "--dns-timeout", "1",
         "--dns-tries", "1", "--dns-retry-pause", "1", "--threads", "2"]
PATHS = volatile_paths()


class Servers:
    """All mail servers of 127.9.0.0/16: one socket. While they are `silent` they take connections and say nothing."""

    def __init__(self, silent_after=None, seconds=0.0, dead=False, talk=0.0):
        self.silent_after, self.seconds, self.dead, self.talk = silent_after, seconds, dead, talk
        self.silent_until = 0.0
        self.connections = 0  # to targets
        self.held = []  # (from, to) of these
        self.lock = threading.Lock()
        self.listener = socket.socket()
        self.listener.bind(("", 0))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        start = time.monotonic()
        target = int(client.getsockname()[0].split(".")[2]) != SELF
        with self.lock:
            self.connections += target
            if self.connections == self.silent_after:
                self.silent_until, self.silent_after = start + self.seconds, None
        try:
            self.talk_with(client, self.dead and target)
        except OSError:
            pass
        if target:
            with self.lock:
                self.held.append((start, time.monotonic()))
        client.close()

    def talk_with(self, client, dead):
        while dead or time.monotonic() < self.silent_until:
            if select.select([client], [], [], 0.02)[0]:
                return  # it has gone
        client.settimeout(10)
        time.sleep(self.talk)
        client.sendall(b"220 mx ESMTP\r\n")
        if client.recv(1000):
            client.sendall(b"250 mx\r\n")
            if client.recv(1000):
                client.sendall(b"221 bye\r\n")

    def most_at_once(self):
        """Ends are noticed a little late."""
        events = sorted([(start, 1) for start, _ in self.held] + [(max(start, end - 0.1), -1) for start, end in self.held])
        most = now = 0
        for _, step in events:
            now += step
            most = max(most, now)
        return most


class Resolver(DnsServer):
    """Answers nothing for some seconds from the first query for MX records on; or refuses from a later one on."""

    def __init__(self, zone, seconds=0.0, refuses=False):
        self.seconds, self.refuses = seconds, refuses
        self.left = REFUSED_FROM if refuses else 1  # queries for MX records
        self.bad_until = 0.0
        super().__init__(zone)

    def answer(self, message, truncate=False):
        whole = super().answer(message, truncate)
        self.left -= self.asked[-1][1] == "MX"
        if self.seconds and self.left <= 0:
            self.bad_until, self.seconds = time.monotonic() + self.seconds, 0.0
        if time.monotonic() >= self.bad_until:
            return whole
        return message[:2] + bytes([0x81, 0x85]) + message[4:6] + bytes(6) + message[12:message.index(0, 12) + 5] if self.refuses else b""


def zone_of(operator):
    zone = {}
    for i in range(HOSTS):
        mx = f"m{i}.operator.test" if operator else f"mx.d{i}.test"
        zone[(f"d{i}.test", "MX")] = [(10, mx)]
        zone[(mx, "A")] = [f"11.9.{i}.1"]
    return zone


def late_list(path, seconds):
    """A list in a pipe: its last lines come late."""
    with open(path, "w", encoding="ascii") as file:
        file.write("".join(f"d{i}.test\n" for i in range(HOSTS - LATE)))
        file.flush()
        time.sleep(seconds)
        file.write("".join(f"d{i}.test\n" for i in range(HOSTS - LATE, HOSTS)))


def scan(folder, name, servers, *more, dns_seconds=0.0, refuses=False, operator=False, code=0, late_seconds=0.0, said=None):
    out = os.path.join(folder, name)
    text = "".join(f"d{i}.test\n" for i in range(HOSTS))
    if late_seconds:
        os.mkfifo(out + ".list")
        threading.Thread(target=late_list, args=(out + ".list", late_seconds), daemon=True).start()
        more = (*more, out + ".list")
    with Resolver(zone_of(operator), dns_seconds, refuses) as dns:
        start = time.monotonic()
        done = run("scan", "--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--address-map", "11.9.0.0/16=127.9.0.0/16",
                   "--port-map", f"25={servers.port}", *SPEED, *more, "-o", out, input=text)
        seconds = time.monotonic() - start
    check_equal(f"{name}: exit code", (done.returncode, done.stderr if done.returncode != code else ""), (code, ""))
    if said is not None:
        said += [line for line in done.stderr.splitlines() if line.startswith("mxcensus: ")]
    rows = {table: stable(read_table(out, table), table, PATHS) for table in ("domains", "services", "endpoints")}
    return rows, [o["what"] for o in read_json(out, "manifest.json")["outages"]], seconds


def silent(folder, quiet):
    rows, _, _ = scan(folder, "silent from the start", Servers(silent_after=1, seconds=8))
    check_equal("silent from the start: the rows are those of a quiet scan", rows, quiet)


def read_in_the_outage(folder, quiet):
    """The reader waits for the end of the outage with a line in its hand; whoever ends the outage must not wait for the reader."""
    rows, outages, _ = scan(folder, "read in the outage", Servers(silent_after=12, seconds=12), "--concurrency", "4", late_seconds=7)
    check_equal("read in the outage: an outage", outages, ["ipv4"])
    check_equal("read in the outage: the rows are those of a quiet scan", rows, quiet)


def host_of_our_own(folder, seconds):
    quiet, outages, _ = scan(folder, "quiet, a host of our own", Servers(), *SELF_TEST)
    check_equal("quiet, a host of our own: no outage", outages, [])
    rows, outages, _ = scan(folder, "a host of our own", Servers(silent_after=1, seconds=seconds), *SELF_TEST)
    check_equal("a host of our own: an outage", outages, ["ipv4"])
    check_equal("a host of our own: the rows are those of a quiet scan", rows, quiet)


def dead(folder):
    """A list of dead servers: our own host says that it is them, and nobody has to wait for it."""
    servers = Servers(dead=True)
    _, outages, seconds = scan(folder, "dead", servers, *SELF_TEST, "--retries", "0", "--retry-pause", "60")
    check_equal("dead: no outage", outages, [])
    check_equal("dead: nobody was asked again", servers.connections, 2 * HOSTS)  # without SNI and with it
    check("dead: soon", seconds < 60, seconds)  # with doubt it would be 20 more


def resolver(folder, quiet):
    rows, outages, _ = scan(folder, "resolver", Servers(), dns_seconds=6)
    check_equal("resolver silent from the start: an outage", outages, ["dns"])
    check_equal("resolver silent from the start: the rows are those of a quiet scan", rows, quiet)


def blamed(rows):
    return [e for e in rows["endpoints"] if json.loads(e)["outcome"] not in ("starttls_not_offered", "local_fault", "not_tested")]


def refused(folder, quiet):
    """The resolver begins to refuse us, each of its answers a real one: an access list, a rate limit."""
    one_by_one = ["--dns-rate-limit", "20"]
    rows, outages, _ = scan(folder, "refused", Servers(), *one_by_one, dns_seconds=8, refuses=True)
    check_equal("refused for a while: an outage", outages, ["dns"])
    check_equal("refused for a while: the rows are those of a quiet scan", rows, quiet)
    said = []
    rows, outages, seconds = scan(folder, "refused for good", Servers(), *one_by_one, "--outage-max", "6", dns_seconds=1000, refuses=True, code=4, said=said)
    check_equal("refused for good: an outage", outages, ["dns"])
    check("refused for good: it is said that it is not the targets", any("outage: DNS answers fail" in line for line in said), said)
    reasons = {row["account_reason"] for row in map(json.loads, rows["domains"])}
    check("refused for good: no domain is blamed", reasons <= {None, "", "local_fault"}, reasons)
    check_equal("refused for good: no server is blamed", blamed(rows), [])
    check("refused for good: it ends", seconds < 60, seconds)


def longer_than_doubt(folder):
    """Nobody answers for longer than it is doubted, then all do: what was told until then is nobody's fault."""
    said = []
    rows, outages, _ = scan(folder, "longer than doubt", Servers(silent_after=1, seconds=DOUBT + 10), code=4, late_seconds=DOUBT + 14, said=said)
    check_equal("longer than doubt: nobody is blamed", blamed(rows), [])
    reached = [e for e in map(json.loads, rows["endpoints"]) if e["outcome"] == "starttls_not_offered"]
    check_equal("longer than doubt: who came later was tested", len(reached), LATE)
    check_equal("longer than doubt: an outage", outages, ["ipv4"])
    check("longer than doubt: it is said", any("nobody answered over ipv4 for" in line for line in said), said)
    check("longer than doubt: and how many are to be scanned again", any(f"{HOSTS - LATE} domains" in line for line in said), said)


def one_operator(folder):
    """All sessions that wait hold the operator's leases: a probe takes the place of one, and nobody else does meanwhile."""
    limits = ["--operator-limit", "3"]
    quiet, _, _ = scan(folder, "quiet, one operator", Servers(talk=0.3), *limits, operator=True)
    servers = Servers(silent_after=6, seconds=10, talk=0.3)
    rows, outages, _ = scan(folder, "one operator", servers, *limits, operator=True)
    check_equal("one operator: an outage", outages, ["ipv4"])
    check_equal("one operator: the rows are those of a quiet scan", rows, quiet)
    check_equal("one operator: three at once, probes as well", servers.most_at_once(), 3)


def crowded(folder):
    """All of --concurrency end in the outage, and everybody else waits for a place among them: it is seen all the same."""
    limits = ["--concurrency", "4"]
    quiet, _, _ = scan(folder, "quiet, crowded", Servers(), *limits)
    rows, outages, _ = scan(folder, "crowded", Servers(silent_after=12, seconds=12), *limits)
    check_equal("crowded: an outage", outages, ["ipv4"])
    check_equal("crowded: the rows are those of a quiet scan", rows, quiet)


def crowded_for_good(folder):
    servers = Servers(silent_after=12, seconds=1000)
    rows, outages, seconds = scan(folder, "crowded for good", servers, "--concurrency", "4", "--outage-max", "6", code=4)
    check_equal("crowded for good: an outage", outages, ["ipv4"])
    check_equal("crowded for good: nobody is blamed", blamed(rows), [])
    check("crowded for good: it ends", seconds < 30, seconds)


def main():
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        quiet, outages, _ = scan(folder, "quiet", Servers())
        check_equal("quiet: no outage", outages, [])
        tests = [(silent, quiet), (read_in_the_outage, quiet), (host_of_our_own, DOUBT + 8 if "--long" in sys.argv else 8), (dead,), (resolver, quiet), (refused, quiet), (longer_than_doubt,), (one_operator,), (crowded,), (crowded_for_good,)]
        for done in [pool.submit(test, folder, *more) for test, *more in tests]:  # they wait more than they work
            done.result()
    finish()


main()
