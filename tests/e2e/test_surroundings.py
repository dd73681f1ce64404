"""What is around a scan misbehaves: its list, its results directory, its machine. The scan ends, and says what is so.

Names only, no mail servers. What needs a preloaded library (support/odd_machine.c) is left out of builds with sanitizers, which want
to be the first library.
"""

import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import EHLO, MXCENSUS, check, check_equal, environment, finish, read_json, read_table, side_by_side  # noqa: E402
from support.dns_server import DnsServer, read_name  # noqa: E402

ODD_MACHINE = os.environ.get("ODD_MACHINE_FILE")  # unset: a build with sanitizers
LONG = (1 << 30) if ODD_MACHINE else (64 << 20)  # octets of a line without an end
MEMORY = 160 << 20  # of a scan of next to nothing; what sanitizers add is theirs
TIMEOUT = 120  # seconds: for what hangs
NAMES = 300
LINES = 1500  # some seconds' questions, at QUESTIONS a second
QUESTIONS = "400"
PADDING = b"# " + b"x" * 997 + b"\n"
DAY_MS = 86400 * 1000


class Names(DnsServer):
    """Every name has a null MX."""

    def answer(self, message, truncate=False):
        name, _ = read_name(message, 12)
        self.zone.setdefault((name, "MX"), [(0, "")])
        self.names.add(name)
        return super().answer(message, truncate)


def memory_of(pid):
    """Octets at the peak."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


class Scan:
    """Under way, with what it took once it has ended."""

    def __init__(self, dns, folder, what, listed, *more, before=None, environ=None):
        self.out = os.path.join(folder, what)
        self.what = what
        self.process = subprocess.Popen(
            [MXCENSUS, "scan", "--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--trust-ad", "no", "--ipv4-only",
             "--address-map", "11.0.0.0/8=127.0.0.0/8", "--mta-sts", "record", "--dns-timeout", "10", "-q", "-o", self.out, *more, listed],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**environment(), **(environ or {})}, preexec_fn=before)

    def end(self, code=0):
        deadline = time.monotonic() + TIMEOUT
        memory = 0
        while self.process.poll() is None:
            memory = max(memory, memory_of(self.process.pid))
            if time.monotonic() > deadline:
                self.process.kill()
            time.sleep(0.02)
        self.said = self.process.stderr.read().decode()
        check_equal(f"{self.what}: exit code ({self.said})", self.process.returncode, code)
        if ODD_MACHINE:
            check(f"{self.what}: memory", memory <= MEMORY, memory)
        return self

    def check_whole(self):
        """As many rows as lines, in classes that add up."""
        rows = sorted(read_table(self.out, "domains"), key=lambda row: row["input_line"])
        account = read_json(self.out, "manifest.json")["account"]
        check_equal(f"{self.what}: rows", len(rows), account["inputs"])
        check_equal(f"{self.what}: account", sum(account["classes"].values()), account["inputs"])
        return rows


def write(folder, name, octets):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(octets)
    return path


def names(count, word="n"):
    return b"".join(b"%s%d.test\n" % (word.encode(), n) for n in range(count))


def a_line_without_end(dns, folder):
    listed = write(folder, "endless.txt", b"null.test\n")
    os.truncate(listed, LONG)
    scan = Scan(dns, folder, "endless", listed).end()
    rows = scan.check_whole()
    check_equal("endless: accounts", [row["account"] for row in rows], ["no_mail", "invalid"])


def utf_16(dns, folder):
    listed = write(folder, "utf16.txt", "null.test\nweb.test\n".encode("utf-16"))
    scan = Scan(dns, folder, "utf16", listed).end(2)
    check("utf16: said", "utf16.txt: is UTF-16" in scan.said and not os.path.exists(scan.out), scan.said)


def a_list_that_shrinks(dns, folder):
    listed = write(folder, "shrinks.txt", b"first.test\n" + PADDING * 100000 + b"last.test\n")
    scan = Scan(dns, folder, "shrinks", listed)
    time.sleep(0.2)
    os.truncate(listed, 2000)
    rows = scan.end().check_whole()
    check_equal("shrinks: what was there first", rows[0]["domain"], "first.test")


def a_list_that_grows(dns, folder):
    listed = write(folder, "grows.txt", b"first.test\n")
    scan = Scan(dns, folder, "grows", listed)
    with open(listed, "ab", buffering=0) as file:
        while scan.process.poll() is None and file.tell() < 50 << 20:
            file.write(PADDING * 1000 + b"more%d.test\n" % file.tell())
            time.sleep(0.02)
    rows = scan.end().check_whole()
    check_equal("grows: what was there first", rows[0]["domain"], "first.test")


def many_threads_on_one_core(dns, folder):
    listed = write(folder, "names.txt", names(NAMES))
    one = Scan(dns, folder, "one-core", listed, "--threads", "64", before=lambda: os.sched_setaffinity(0, {0}))
    two = Scan(dns, folder, "two-threads", listed, "--threads", "2")
    rows = [sorted((row["domain"], row["account"]) for row in scan.end().check_whole()) for scan in (one, two)]
    check_equal("64 threads on one core: rows as with two", rows[0], rows[1])


def a_pause(dns, folder, what, *more, environ=None):
    """A scan of a list that is long enough for something to happen, of which some lines have rows."""
    listed = write(folder, what + ".txt", names(LINES, what))
    scan = Scan(dns, folder, what, listed, "--dns-rate-limit", QUESTIONS, *more, environ=environ)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not os.path.exists(os.path.join(scan.out, "started.json")):
        time.sleep(0.05)
    time.sleep(1)
    return scan


def an_odd_machine(dns, folder):
    odd = {"LD_PRELOAD": ODD_MACHINE}
    for how, sign in (("forward", 1), ("back", -1)):
        scan = a_pause(dns, folder, how, environ={**odd, "ODD_MACHINE": how}).end()
        check_equal(f"clock {how}: rows", len(scan.check_whole()), LINES)
        manifest = read_json(scan.out, "manifest.json")
        jump = manifest["vantage"]["clock_jump_ms"]
        check(f"clock {how}: in the manifest", abs(jump - sign * DAY_MS) < 60000, jump)
        check(f"clock {how}: said once", scan.said.count("\n") == 1 and f"the clock was set {how} by 86" in scan.said, scan.said)
    listed = write(folder, "no-rename.txt", names(20))
    scan = Scan(dns, folder, "no-rename", listed, environ={**odd, "ODD_MACHINE": "no-rename"}).end(3)
    check("no rename: one clear line", scan.said.count("\n") == 1 and "Function not implemented" in scan.said, scan.said)
    check("no rename: no manifest", "manifest.json" not in os.listdir(scan.out), os.listdir(scan.out))


def a_directory_made_read_only(dns, folder):
    """For one who may not write where he may not: root may."""
    if os.geteuid() == 0:
        as_nobody = lambda: os.setuid(65534)  # noqa: E731
    else:
        as_nobody = None
    os.chmod(folder, 0o777)
    listed = write(folder, "readonly.txt", names(LINES, "readonly"))
    out = os.path.join(folder, "readonly")
    os.mkdir(out)
    os.chmod(out, 0o777)
    scan = Scan(dns, folder, "readonly", listed, "--dns-rate-limit", QUESTIONS, before=as_nobody)
    while scan.process.poll() is None and "started.json" not in os.listdir(out):
        time.sleep(0.05)
    os.chmod(out, 0o555)
    scan.end(3)
    check("read only: said", "Permission denied" in scan.said, scan.said)
    check("read only: no manifest", "manifest.json" not in os.listdir(out), os.listdir(out))


def a_directory_removed(dns, folder):
    scan = a_pause(dns, folder, "removed")
    subprocess.run(["rm", "-r", scan.out], check=True)
    scan.end(3)
    check("removed: one clear line", scan.said.count("\n") == 1 and "No such file" in scan.said, scan.said)


def main():
    parts = [a_line_without_end, utf_16, a_list_that_shrinks, a_list_that_grows, many_threads_on_one_core, a_directory_made_read_only,
             a_directory_removed]
    if ODD_MACHINE:
        parts.append(an_odd_machine)
    with Names({}) as dns, tempfile.TemporaryDirectory(prefix="mxcensus-surroundings-") as folder:
        side_by_side(*[lambda part=part: part(dns, folder) for part in parts])
    finish()


if __name__ == "__main__":
    main()
