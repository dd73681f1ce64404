"""Tools that machines have, beside a running scan: promtool reads its metrics, logrotate turns its messages over.

    test_tools.py --promtool      every state of --metrics-file during a scan, at its end, and after kill -9
    test_tools.py --logrotate     debian/mxcensus.logrotate in the middle of a scan
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import MXCENSUS, check, check_equal, environment, finish  # noqa: E402
from e2e.small_servers import World, no_starttls, rejects, tempfail, well  # noqa: E402
from support.dns_server import CLIENT, DnsServer  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Scan:
    """A scan whose last server answers when it is released."""

    def __init__(self, folder, name, dns, world, *options):
        self.released = threading.Event()
        self.reached = threading.Event()
        world.servers["slow"].behave = self.hold
        listed = os.path.join(folder, "listed")
        with open(listed, "w", encoding="ascii") as file:
            file.write("not a domain\n" + world.list())
        arguments = [a for a in world.arguments(dns, os.path.join(folder, name)) if a != "-q"]
        self.process = subprocess.Popen([MXCENSUS, *arguments, "--dns-retry-pause", "1", *options, listed], env=environment(),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        check(f"{name}: is under way", self.reached.wait(60))

    def hold(self, session):
        self.reached.set()
        self.released.wait(60)
        session.dialogue()

    def end(self, *also):
        self.released.set()
        _, err = self.process.communicate(timeout=120)
        check("the scan: exit code", self.process.returncode in (0, *also), (self.process.returncode, err))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_promtool(folder, dns, world):
    path = os.path.join(folder, "mxcensus.prom")
    states = set()
    scan = Scan(folder, "metrics", dns, world, "--metrics-file", path)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        states.add(read(path))
        time.sleep(0.1)
    scan.end()
    states.add(read(path))
    check("metrics: they change while the scan runs, and at its end", len(states) > 2, len(states))
    killed = Scan(folder, "killed", dns, world, "--metrics-file", path)
    killed.process.kill()
    killed.process.communicate()
    killed.released.set()
    states.add(read(path))
    for text in sorted(states):
        said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        check_equal("what promtool says", (said.returncode, said.stdout + said.stderr), (0, "")) or print(text, file=sys.stderr)
    print(f"promtool: {len(states)} states of the file, {len(text.splitlines())} lines")


def check_logrotate(folder, dns, world):
    """copytruncate: the scan goes on with the same file, at its new end."""
    log = os.path.join(folder, "scan.log")
    config = os.path.join(folder, "logrotate.conf")
    text = read(os.path.join(ROOT, "debian", "mxcensus.logrotate"))
    check("the configuration is about our directory", "/var/log/mxcensus/*.log" in text, text)
    with open(config, "w", encoding="ascii") as file:
        file.write(text.replace("/var/log/mxcensus/*.log", log))
    os.chmod(config, 0o644)
    logrotate = ["logrotate", "--state", os.path.join(folder, "state")]
    scan = Scan(folder, "logged", dns, world, "--log-file", log)
    before = read(log)
    check("something is logged before", before != "")
    tried = subprocess.run([*logrotate, "--debug", config], capture_output=True, text=True)
    check_equal("logrotate --debug", (tried.returncode, "error" in tried.stderr), (0, False)) or print(tried.stderr, file=sys.stderr)
    done = subprocess.run([*logrotate, "--force", config], capture_output=True, text=True)
    check_equal("logrotate --force", (done.returncode, done.stdout + done.stderr), (0, ""))
    rotated = subprocess.run(["zcat", "-f", log + ".1.gz"], capture_output=True, text=True).stdout
    check("what was logged is kept", rotated.startswith(before), (before, rotated))
    scan.process.terminate()  # about which it says something
    scan.end(143)
    after = read(log)
    check("the scan goes on in the file", after != "" and "\0" not in after, after[:200])
    check("and does not repeat itself", not after.startswith(before), after)
    print(f"logrotate: {len(rotated.splitlines())} lines before, {len(after.splitlines())} after")


def main():
    tool, function = ("promtool", check_promtool) if "--promtool" in sys.argv else ("logrotate", check_logrotate)
    if not (shutil.which(tool) or shutil.which(tool, path="/usr/sbin")):
        print(f"{tool} is not here")
        sys.exit(77)
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory(prefix="mxcensus-tools-") as folder:
        world = World(folder, 0.05, 0.2, 0.2)
        for name, behave in (("well", well), ("plain", no_starttls), ("rejects", rejects), ("busy", tempfail(9)), ("slow", well)):
            world.add(name, behave)
        world.zone.update(CLIENT)
        with DnsServer(world.zone) as dns:
            function(folder, dns, world)
    finish()


main()
