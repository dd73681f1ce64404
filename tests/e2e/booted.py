"""The nightly unit of the installed package under a systemd that is process 1, with a few small servers on loopback: run by
`.ci/package SUITE boot` in a root of its own, never on a machine in use (it writes /etc/mxcensus and /etc/systemd/system, and purges the package).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TREE, "tests"))
from e2e.nightly import config_of  # noqa: E402
from e2e.runner import EHLO, check, check_equal, finish  # noqa: E402
from e2e.small_servers import Held, World, no_starttls, well  # noqa: E402
from support.dns_server import CLIENT, DnsServer  # noqa: E402

SERVICE = "mxcensus.service"
TIMER = "mxcensus.timer"
STATE = "/var/lib/mxcensus"
LOG = "/var/log/mxcensus/scan.log"
ALERTED = "/run/alerted"
DYNAMIC_USERS = (61184, 65519)  # systemd.exec(5), DynamicUser=


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def systemctl(*arguments):
    return subprocess.run(["systemctl", *arguments], capture_output=True, text=True)


def shown(name):
    return systemctl("show", "--value", "-p", name, SERVICE).stdout.strip()


def journal():
    return subprocess.run(["journalctl", "--no-pager", "-o", "cat", "-u", SERVICE], capture_output=True, text=True).stdout


def nights():
    folder = os.path.join(STATE, "nights")
    return sorted(n for n in os.listdir(folder) if os.path.isdir(os.path.join(folder, n))) if os.path.isdir(folder) else []


def ended(name):
    return os.path.exists(os.path.join(STATE, "nights", name, "manifest.json"))


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return check(what, condition())


def wait_for_end(what, result):
    wait_until(f"{what}: ends", lambda: shown("ActiveState") in ("inactive", "failed"), 180)
    check_equal(f"{what}: what systemd says", (shown("Result"), shown("ExecMainStatus")), result) or print(journal()[-3000:], file=sys.stderr)
    time.sleep(1.1)  # names of nights are seconds


def begin_held(world, what):
    """A night that is under way and stays so until it is released."""
    held = world.servers["slow"].behave = Held()
    systemctl("start", "--no-block", SERVICE)
    check(f"{what}: scans", held.reached.wait(60), journal()[-2000:])
    return held


def scanner():
    with open(f"/proc/{shown('MainPID')}/task/{shown('MainPID')}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()][-1]


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip().split(":\t", 1) for line in file if ":\t" in line)


def check_rights(pid):
    status = status_of(pid)
    uid = int(status["Uid"].split()[0])
    check("it runs as a user that exists for it only", DYNAMIC_USERS[0] <= uid <= DYNAMIC_USERS[1], uid)
    check_equal("without capabilities, and none to be had", (status["CapEff"], status["CapBnd"], status["NoNewPrivs"]), ("0" * 16, "0" * 16, "1"))
    check_equal("its calls are filtered", status["Seccomp"], "2")


def check_first(world):
    held = begin_held(world, "first night")
    check_rights(scanner())
    done = subprocess.run(["logrotate", "--force", "/etc/logrotate.d/mxcensus"], capture_output=True, text=True)
    check_equal("logrotate beside it", (done.returncode, done.stdout + done.stderr), (0, ""))
    check("what it said is kept", os.path.getsize(LOG + ".1.gz") > 20, os.listdir(os.path.dirname(LOG)))
    held.released.set()
    wait_for_end("first night", ("success", "0"))
    check_equal("first night: one, complete", [ended(n) for n in nights()], [True])


def check_alert(world):
    world.servers["changing"].behave = no_starttls
    systemctl("start", SERVICE)
    wait_for_end("second night, with a new error", ("exit-code", "10"))
    check("the unit of OnFailure= was started", os.path.exists(ALERTED))
    check("the journal says what is new", "changing.test" in journal(), journal()[-2000:])
    systemctl("reset-failed", SERVICE)


def check_killed(world):
    held = begin_held(world, "third night")
    os.kill(scanner(), signal.SIGKILL)
    wait_until("third night: the killed scan goes on at once", lambda: "was killed (exit code 137); it goes on" in journal())
    held.released.set()
    wait_for_end("third night", ("success", "0"))
    check_equal("third night: complete", [ended(n) for n in nights()], [True] * 3)

    held = begin_held(world, "fourth night")
    systemctl("kill", "--kill-whom=all", "--signal=KILL", SERVICE)
    held.released.set()
    wait_until("fourth night: all of it is dead", lambda: shown("ActiveState") == "failed")
    check_equal("fourth night: not complete", [ended(n) for n in nights()], [True] * 3 + [False])
    systemctl("start", SERVICE)
    wait_for_end("fourth night, started again", ("success", "0"))
    check_equal("fourth night: complete", [ended(n) for n in nights()], [True] * 4)

    held = begin_held(world, "fifth night")
    stop = subprocess.Popen(["systemctl", "stop", SERVICE])
    time.sleep(1)
    held.released.set()
    check_equal("fifth night: systemctl stop", stop.wait(150), 0)
    systemctl("start", SERVICE)
    wait_for_end("fifth night, started again", ("success", "0"))
    check("fifth night: complete", all(ended(n) for n in nights()), nights())


def check_timer(world):
    """The timer of the package, in a second instead of at one in the morning."""
    before = nights()
    check("not enabled by the installation", systemctl("is-enabled", TIMER).stdout.strip() == "disabled")
    write("/etc/systemd/system/mxcensus.timer.d/soon.conf", "[Timer]\nOnActiveSec=1\nRandomizedDelaySec=0\nAccuracySec=1\n")
    systemctl("daemon-reload")
    check_equal("the timer", systemctl("enable", "--now", TIMER).returncode, 0)
    next_ = json.loads(systemctl("list-timers", "--output=json", TIMER).stdout or "[]")
    check("the timer has a next time", bool(next_) and next_[0]["activates"] == SERVICE, next_)
    wait_until("the timer begins a night", lambda: len(nights()) > len(before))
    wait_for_end("the timer's night", ("success", "0"))


def found(*tests):
    """What is in this root but this tree."""
    done = subprocess.run(["find", "/", "-xdev", "-path", TREE, "-prune", "-o", *tests, "-prune", "-print"], capture_output=True, text=True)
    return sorted(path for path in done.stdout.splitlines() if not TREE.startswith(path))


def check_purge(world):
    """While a night is under way. What stays is of the administrator: the nights, the link to them, and what this test wrote."""
    complete = [n for n in nights() if ended(n)]
    held = begin_held(world, "last night")
    uid = status_of(scanner())["Uid"].split()[0]
    check_equal("the timer waits for the next night", systemctl("is-active", TIMER).stdout.strip(), "active")
    done = subprocess.run(["apt-get", "purge", "-qq", "-y", "mxcensus"], capture_output=True, text=True, timeout=180)
    check_equal("purge beside a night: exit code", done.returncode, 0) or print(done.stdout + done.stderr, file=sys.stderr)
    check_equal("purge ends the night", subprocess.run(["pgrep", "-u", uid], capture_output=True, text=True).stdout, "")
    held.released.set()
    for name in (SERVICE, TIMER):
        state = systemctl("show", "-p", "LoadState", "-p", "ActiveState", name).stdout
        check(f"purge: systemd has no {name}", "ActiveState=active" not in state and "LoadState=loaded" not in state, state)
    check("purge: no timer", TIMER not in systemctl("list-timers", "--all").stdout)
    check_equal("purge: what is named after us", found("-name", "*mxcensus*"),
                ["/etc/systemd/system/mxcensus.service.d", "/etc/systemd/system/mxcensus.timer.d", "/root/mxcensus.deb", STATE, "/var/lib/private/mxcensus"])
    private = ["-not", "-path", "/var/lib/private/mxcensus*"]
    check_equal("purge: what belongs to users that systemd made up", found("-uid", f"+{DYNAMIC_USERS[0] - 1}", "-uid", f"-{DYNAMIC_USERS[1] + 1}", *private), [])
    check("purge: no such user", subprocess.run(["getent", "passwd", "mxcensus", uid], capture_output=True).stdout == b"")
    check_equal("purge: nights stay", [n for n in nights() if n in complete], complete)


def main():
    folder = tempfile.mkdtemp(prefix="world-", dir="/srv")
    os.chmod(folder, 0o755)
    world = World(folder, 0.05, 0.2, 0.2)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    world.add("well", well, names=3)
    world.add("changing", well)
    world.add("slow", well)
    world.zone.update(CLIENT)
    with DnsServer(world.zone) as dns:
        options = [*world.options[2:], *world.map(), "--name-servers", f"127.0.0.1:{dns.port}"]
        write("/etc/mxcensus/scan.conf", "\n".join([f"ehlo-domain = {EHLO}", "memory = /var/lib/mxcensus/memory", "compress = zstd",
                                                    f"log-file = {LOG}", "dns-retry-pause = 1", *config_of(options)]) + "\n")
        write("/etc/mxcensus/domains.txt", world.list())
        write("/etc/systemd/system/alert.service", f"[Service]\nType=oneshot\nExecStart=/bin/touch {ALERTED}\n")
        write("/etc/systemd/system/mxcensus.service.d/alert.conf", "[Unit]\nOnFailure=alert.service\nStartLimitIntervalSec=0\n")
        systemctl("daemon-reload")
        check_first(world)
        check_alert(world)
        check_killed(world)
        check_timer(world)
        check_purge(world)
    finish()


main()
