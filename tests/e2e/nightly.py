"""Nights of debian/nightly against the lab: one after the other, with a kill -9 in the middle of two.

    nightly.py [--script FILE]     the programs are MXCENSUS and MXLAB
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, environment, finish, read_json  # noqa: E402

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "debian", "nightly")
# No memory: the lab turns scans away on purpose, and the third night would be at one connection in 32 s.
QUICK = {"address-rate": "40/s", "retry-pause": "1", "tempfail-pause": "1", "dns-retry-pause": "1", "connect-timeout": "3",
         "greeting-timeout": "8", "reply-timeout": "6", "tls-timeout": "6", "dns-timeout": "1.5", "dns-tries": "2"}


def config_of(options):
    """The options of the lab as lines of a file."""
    lines = []
    rest = iter(options)
    for word in rest:
        name, equals, value = word[2:].partition("=")
        lines.append(f"{name} = {value if equals else next(rest)}")
    return lines


def copy_list(path, to):
    """Without servers that are others at each visit: what they are the second time depends on when the scan was killed."""
    with open(path, encoding="ascii") as file, open(to, "w", encoding="ascii") as out:
        out.writelines(line for line in file if not any(word in line for word in ("unstable", "flaky", "flips")))


class Nights:
    def __init__(self, folder, options, list_path, script=SCRIPT):
        self.state = os.path.join(folder, "state")
        self.nights = os.path.join(self.state, "nights")
        self.list = os.path.join(folder, "domains.txt")
        self.script = script
        self.metrics = os.path.join(folder, "mxcensus.prom")
        copy_list(list_path, self.list)
        self.config = os.path.join(folder, "scan.conf")
        self.write_config(config_of(options))

    def write_config(self, lines, slow=False):
        self.lines = lines
        values = {**QUICK, **({"address-rate": "2/s"} if slow else {})}
        with open(self.config, "w", encoding="ascii") as file:
            file.write("\n".join(["# a night", f"ehlo-domain = {EHLO}", "quiet",
                                  *(line for line in lines if line.split(" =")[0] not in values),
                                  *(f"{n} = {v}" for n, v in values.items())]) + "\n")

    def start(self):
        return subprocess.Popen([self.script, "--keep", "2", "--state", self.state, "--config", self.config, "--list", self.list,
                                 "--metrics", self.metrics, "--program", os.path.abspath(MXCENSUS)], env=environment(),
                                start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self):
        night = self.start()
        out, err = night.communicate(timeout=600)
        time.sleep(1.1)  # names of nights are seconds
        return night.returncode, out, err

    def names(self):
        return sorted(n for n in os.listdir(self.nights) if os.path.isdir(os.path.join(self.nights, n)))

    def wait_for_rows(self, known):
        """The newest night, as soon as it has some rows."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            for name in set(self.names() if os.path.isdir(self.nights) else []) - set(known):
                rows = os.path.join(self.nights, name, "domains.ndjson.part")
                if os.path.exists(rows) and os.stat(rows).st_size > 5000:
                    return name
            time.sleep(0.05)
        return None


def scanner_of(night):
    """The process that scans: the one child that runs scan."""
    with open(f"/proc/{night.pid}/task/{night.pid}/children", encoding="ascii") as file:
        for pid in file.read().split():
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                if b"\0scan\0" in line.read():
                    return int(pid)
    return None


def check_night(what, nights, name):
    out = os.path.join(nights.nights, name)
    manifest = read_json(out, "manifest.json")
    check(f"{what}: complete", manifest["rows_lost"] == 0, manifest["rows_lost"])
    with open(out + ".list", encoding="utf-8") as file:
        lines = sum(1 for _ in file)
    rows = subprocess.run(["sh", "-c", f"cat {out}/domains.ndjson | wc -l"], capture_output=True, text=True).stdout
    check_equal(f"{what}: every line has its row", int(rows), lines)
    check(f"{what}: a report", os.path.getsize(out + ".html") > 1000)
    check_equal(f"{what}: latest", os.readlink(os.path.join(nights.state, "latest")), f"nights/{name}")


def main():
    script = sys.argv[sys.argv.index("--script") + 1] if "--script" in sys.argv else SCRIPT
    folder = tempfile.mkdtemp(prefix="mxcensus-nightly-")
    with Lab(60) as lab:
        nights = Nights(folder, lab.options, lab.list_path, os.path.abspath(script))
        code, out, err = nights.run()
        check_equal("first night: exit code", code, 0) or print(err, file=sys.stderr)
        first = nights.names()
        check_equal("first night: one", len(first), 1)
        check_night("first night", nights, first[0])

        # The scan alone is killed: the same night goes on at once.
        night = nights.start()
        second = nights.wait_for_rows(first)
        pid = scanner_of(night)
        if check("second night: there is something to kill", second and pid, (second, pid)):
            os.kill(pid, signal.SIGKILL)
        out, err = night.communicate(timeout=600)
        check_equal("second night: the killed scan went on", (night.returncode, "was killed (exit code 137); it goes on" in err), (0, True))
        print(err.strip())
        check_equal("second night: two", len(nights.names()), 2)
        check_night("second night", nights, nights.names()[-1])
        time.sleep(1.1)

        # All of it is killed, as by a power cut: the next start goes on.
        before = nights.names()
        night = nights.start()
        third = nights.wait_for_rows(before)
        check("third night: rows", third is not None)
        os.killpg(night.pid, signal.SIGKILL)
        night.communicate(timeout=60)
        check("third night: unfinished", not os.path.exists(os.path.join(nights.nights, third, "manifest.json")))
        code, out, err = nights.run()
        check_equal("third night: goes on in the next start", (code, f"{third} goes on" in err), (0, True)) or print(err, file=sys.stderr)
        check_night("third night", nights, third)
        check_equal("the oldest is gone, two are kept", nights.names(), [before[-1], third])
        check("with all that belongs to it", not [n for n in os.listdir(nights.nights) if n.startswith(first[0])], os.listdir(nights.nights))

        # A night that cannot begin changes nothing and says so.
        nights.write_config([*nights.lines, "thraeds = 3"])
        code, out, err = nights.run()
        check_equal("a bad option: exit code", code, 2)
        check("a bad option: file, line, option", "scan.conf:" in err and "--thraeds" in err, err)
        check_equal("a bad option: the nights are as they were", nights.names(), [before[-1], third])
        nights.write_config(nights.lines[:-1])

        # SIGTERM, as systemd stops a unit: the rest in the next start.
        night = nights.start()
        fourth = nights.wait_for_rows(nights.names())
        os.kill(night.pid, signal.SIGTERM)
        time.sleep(0.5)
        os.kill(night.pid, signal.SIGTERM)
        out, err = night.communicate(timeout=120)
        check("stopped: exit code", night.returncode in (143, 0), (night.returncode, err))
        code, out, err = nights.run()
        check_equal("stopped: goes on", code, 0) or print(err, file=sys.stderr)
        check("stopped: the night is complete", os.path.exists(os.path.join(nights.nights, fourth, "manifest.json")), nights.names())

        check("two at once are refused", two_at_once(nights))
    shutil.rmtree(folder, ignore_errors=True)
    finish()


def two_at_once(nights):
    first = nights.start()
    nights.wait_for_rows(nights.names())
    second = nights.start()
    _, err = second.communicate(timeout=60)
    first.communicate(timeout=600)
    return second.returncode == 2 and "another night still runs" in err


if __name__ == "__main__":
    main()
