"""What debian/nightly does when it, or what it starts, is stopped or fails, with a program that plays mxcensus; and that
debian/postrm removes logs. test_nightly.py and nightly.py have nights of the real one.

    test_nightly_script.py [--script FILE]
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import check, check_equal, finish  # noqa: E402

DEBIAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "debian")
SCRIPT = os.path.abspath(sys.argv[sys.argv.index("--script") + 1] if "--script" in sys.argv else os.path.join(DEBIAN, "nightly"))

# Files beside it say with which code a command ends (scan.code) and that it hangs (diff.held). What is the process is in diff.pid.
PLAYER = r"""#!/bin/sh
here=$(dirname "$0")
command=$1
echo "$*" >>"$here/commands"
[ ! -e "$here/$command.program" ] || . "$here/$command.program"
while [ $# -gt 1 ]; do
    case $1 in --output | -o) out=$2 ;; --config) config=$2 ;; esac
    shift
done
case $command in
scan)
    [ -e "$config" ] && [ -e "$1" ] || exit 2
    mkdir "$out"
    touch "$out/started.json"
    ;;
diff) echo "what is new" ;;
esac
if [ -e "$here/$command.held" ]; then
    echo $$ >"$here/pid.new"
    mv "$here/pid.new" "$here/$command.pid"
    exec sleep 60
fi
case $command in
scan) cp "$here/manifest" "$out/manifest.json" ;;
report) echo "report" >"$out" ;;
esac
[ ! -e "$here/$command.code" ] || exit "$(cat "$here/$command.code")"
"""


class Player:
    """A state directory of its own, a list, and the program that is played."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        self.state = os.path.join(self.folder, "state")
        self.nights = os.path.join(self.state, "nights")
        os.mkdir(self.folder)
        self.write("mxcensus", PLAYER)
        os.chmod(self.path("mxcensus"), 0o755)
        # Names of nights are seconds: here of less, so that none waits for its own.
        self.write("date", "#!/bin/sh\nexec /bin/date -u +%Y-%m-%dT%H%M%S.%NZ\n")
        os.chmod(self.path("date"), 0o755)
        self.write("domains.txt", "a.test\n")
        self.write("scan.conf", "quiet\n")
        self.write("manifest", '{\n  "says_nothing": false,\n  "outages": []\n}\n')

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text=""):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def start(self, **options):
        options = {"state": self.state, "config": self.path("scan.conf"), "list": self.path("domains.txt"),
                   "program": self.path("mxcensus"), "keep": "3", **options}
        words = [word for name, value in options.items() for word in ("--" + name, value)]
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        return subprocess.Popen([SCRIPT, *words], cwd=self.folder, env=environment, start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, **options):
        process = self.start(**options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def start_held(self, command):
        """A night that hangs in a command, and the process of that."""
        self.write(command + ".held")
        process = self.start()
        end = time.monotonic() + 30
        while not os.path.exists(self.path(command + ".pid")) and time.monotonic() < end:
            time.sleep(0.02)
        os.unlink(self.path(command + ".held"))
        with open(self.path(command + ".pid"), encoding="ascii") as file:
            pid = int(file.read())
        os.unlink(self.path(command + ".pid"))
        return process, pid

    def names(self):
        return sorted(n for n in os.listdir(self.nights) if os.path.isdir(os.path.join(self.nights, n)))

    def has(self, night, what):
        return os.path.exists(os.path.join(self.nights, night + what))

    def text(self, night, what):
        if not self.has(night, what):
            return None
        with open(os.path.join(self.nights, night + what), encoding="ascii") as file:
            return file.read()

    def make_old(self, night):
        os.utime(os.path.join(self.nights, night + ".list"), (time.time() - 86400,) * 2)


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def check_concluded(what, player, night):
    check_equal(f"{what}: diff", player.text(night, ".diff"), "what is new\n")
    check(f"{what}: report", player.has(night, ".html"))
    check_equal(f"{what}: latest", os.readlink(os.path.join(player.state, "latest")), f"nights/{player.names()[-1]}")
    check_equal(f"{what}: exit code of the scan", player.text(night, ".exit"), "0\n")


def check_killed(folder, command):
    """All of it is killed in a command: the next start finishes that night, with its alert, and scans no other."""
    player = Player(folder, f"killed-{command}")
    check_equal("a night before", player.run()[0], 0)
    player.write("diff.code", "10")
    process, _ = player.start_held(command)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    names = player.names()
    code, out, _ = player.run()
    what = f"killed in {command}, the next start"
    check_equal(f"{what}: alert, what is new", (code, out), (10, "what is new\n"))
    check_equal(f"{what}: the same nights", player.names(), names)
    check_concluded(what, player, names[-1])
    player.write("diff.code", "0")
    check_equal(f"{what} but one: another night", (player.run()[0], len(player.names())), (0, 3))


def forget_end(player):
    """As if all was killed after the manifest and before anything else."""
    night = player.names()[-1]
    for name in os.listdir(player.nights):
        if name.startswith(night) and name not in (night, night + ".list"):
            os.unlink(os.path.join(player.nights, name))
    os.unlink(os.path.join(player.state, "latest"))
    return night


def check_code_unknown(folder):
    player = Player(folder, "unknown")
    player.run()
    player.write("diff.code", "10")
    player.run()
    night = forget_end(player)
    code, out, _ = player.run()
    check_equal("killed before .exit: alert, what is new", (code, out), (10, "what is new\n"))
    check_concluded("killed before .exit", player, night)

    # A night later: the rest comes first, and ends the start if there is an alert, else tonight follows.
    player.write("diff.code", "0")
    forget_end(player)
    player.make_old(night)
    check_equal("the night after: both", (player.run()[0], len(player.names())), (0, 3))
    check_concluded("the night after", player, night)

    for what, manifest in (("says nothing", '{\n  "says_nothing": true,\n  "outages": []\n}\n'),
                           ("outage", '{\n  "says_nothing": false,\n  "outages": [\n    {}\n  ]\n}\n')):
        night = forget_end(player)
        with open(os.path.join(player.nights, night, "manifest.json"), "w", encoding="ascii") as file:
            file.write(manifest)
        code, out, _ = player.run()
        check_equal(f"killed before .exit, {what}: alert", (code, out, player.text(night, ".exit")), (4, "", "4\n"))


def check_terminated(folder, command):
    """SIGTERM to the script alone."""
    player = Player(folder, f"terminated-{command}")
    player.run()
    player.write("diff.code", "10")
    process, pid = player.start_held(command)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        pass
    check_equal(f"SIGTERM in {command}: exit code", process.returncode, 143)
    if not check(f"SIGTERM in {command}: the child is gone", not lives(pid)):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)
    if command == "scan":
        player.write("scan.program", "case $3 in --resume) cp \"$here/manifest\" \"$4/manifest.json\"; exit 0 ;; esac\n")
    names = player.names()
    code, out, err = player.run()
    check_equal(f"SIGTERM in {command}, the next start", (code, out, player.names()), (10, "what is new\n", names)) or print(err)


def check_kept(folder):
    """Three good nights are kept, however many bad ones there are."""
    player = Player(folder, "kept")
    for _ in range(3):
        player.run()
    good = player.names()
    player.write("scan.code", "4")
    for _ in range(4):
        check_equal("a bad night: exit code", player.run()[0], 4)
    check_equal("bad nights delete nothing", player.names()[:3], good)
    os.unlink(player.path("scan.code"))
    bad = player.names()[3:]
    check_equal("a good night deletes one good one", (player.run()[0], player.names()[:-1]), (0, [*good[1:], *bad]))
    for _ in range(3):
        player.run()
    check_equal("the bad ones go with those before them", len(player.names()), 3)


def check_failures(folder):
    player = Player(folder, "failures")
    player.write("report.code", "2")
    code, _, err = player.run()
    check_equal("no report: exit code", (code, "no report of" in err), (5, True))
    code, _, _ = player.run()
    check_equal("no report again, and the same nights go on", (code, len(player.names())), (5, 2))
    player.write("diff.code", "10")
    check_equal("no report, but a new error", player.run()[0], 10)
    os.unlink(player.path("report.code"))
    player.write("diff.code", "2")
    code, _, err = player.run()
    check_equal("no diff: exit code", (code, "could not be compared" in err), (5, True))

    names = player.names()
    code, out, err = player.run(list="/nowhere/domains.txt")
    check_equal("no list: exit code, one line that names it", (code, out, err.count("\n"), "/nowhere/domains.txt" in err, "cp:" in err),
                (2, "", 1, True, False)) or print(err)
    player.write("empty.txt")
    code, out, err = player.run(list=player.path("empty.txt"))
    check_equal("an empty list: exit code, one line that names it", (code, out, err.count("\n"), f"{player.path('empty.txt')} is empty" in err),
                (2, "", 1, True)) or print(err)
    player.write("scan.code", "2")
    player.write("scan.program", 'for last; do :; done; echo "mxcensus: $last: no such thing" >&2; exit 2\n')
    code, _, err = player.run()
    check("a list that the scan refuses: whose copy it was", code == 2 and f".list is the copy of {player.path('domains.txt')} that was" in err, (code, err))
    player.write("scan.program", "echo 'mxcensus: scan.conf:1: no such thing' >&2; exit 2\n")
    code, _, err = player.run()
    check_equal("an option that the scan refuses: nothing of the list", (code, ".list" in err, err.count("\n")), (2, False, 2)) or print(err)
    os.unlink(player.path("scan.code"))
    os.unlink(player.path("scan.program"))
    code, out, err = player.run(state=player.path("domains.txt") + "/state")
    check_equal("no state directory: exit code, one line that names it",
                (code, out, err.count("\n"), "domains.txt/state (Not a directory)" in err, "mkdir:" in err), (2, "", 1, True, False)) or print(err)
    code, _, err = player.run(program="/nowhere/mxcensus")
    check_equal("no program: exit code, one line", (code, err.count("\n"), "/nowhere/mxcensus" in err), (2, 1, True))
    check_equal("these change nothing", player.names(), names)


def check_relative(folder):
    player = Player(folder, "relative")
    code, _, err = player.run(state="state", config="scan.conf", list="domains.txt", program="./mxcensus", metrics="m.prom")
    check_equal("relative names: exit code", code, 0) or print(err)
    with open(player.path("commands"), encoding="ascii") as file:
        check("relative names: those of the caller", f"scan --quiet --metrics-file {player.path('m.prom')} --config {player.path('scan.conf')}" in file.read())


def check_command_line(folder):
    """Without a list, a program or rights: nothing else is looked at."""
    def said(*words):
        return subprocess.run([SCRIPT, *words], cwd=folder, capture_output=True, text=True)

    with open(SCRIPT, encoding="utf-8") as file:
        names = re.findall(r"^    (--[a-z]+)\) [a-z]+=\$2", file.read(), re.M)
    check("the script has options", len(names) > 3, names)
    for word in ("--help", "-h"):
        run = said(word)
        check_equal(f"{word}: exit code, nothing on standard error", (run.returncode, run.stderr), (0, ""))
        check_equal(f"{word}: all options", [name for name in names if f"\n  {name} " not in run.stdout], [])
        check(f"{word}: is its usage", run.stdout.startswith("Usage: nightly "), run.stdout)
    check_equal("--help behind another option", said("--keep", "3", "--help").returncode, 0)
    for words in (["--hlep"], ["-x"], ["domains.txt"], ["--state"], ["--keep", "3", "--list"], ["--state", ""], [""]):
        run = said(*words)
        check_equal(f"{words}: exit code, one line that names it", (run.returncode, run.stdout, run.stderr.count("\n"), words[-1] in run.stderr),
                    (2, "", 1, True)) or print(run.stderr)
    check_equal("nothing is made by these", os.listdir(folder), [])


def check_purge():
    """In mounts of its own, with an empty /var/log and none of the timers of this machine."""
    within = ["unshare", "--map-root-user", "--mount", "sh", "-eu", "-c"]
    if subprocess.run([*within, "mount -t tmpfs none /var/log"], capture_output=True).returncode != 0:
        print("debian/postrm is not tried: no namespaces here")
        return
    script = """mount -t tmpfs none /var/log
        timers=/var/lib/systemd/timers
        [ ! -d $timers ] || { mount -t tmpfs none $timers; touch $timers/stamp-mxcensus.timer; }
        mkdir -p /var/log/private/mxcensus /var/log/private/other
        ln -s private/mxcensus /var/log/mxcensus
        touch /var/log/mxcensus/scan.log /var/log/mxcensus/scan.log.1.gz
        [ ! -e "$1" ] || sh "$1" remove
        ls /var/log/mxcensus/
        [ ! -e "$1" ] || sh "$1" purge
        find /var/log -mindepth 1
        [ ! -d $timers ] || find $timers -type f"""
    run = subprocess.run([*within, script, "purge", os.path.join(DEBIAN, "postrm")], capture_output=True, text=True)
    check_equal("purge: logs stay after remove, and go with purge", run.stdout.split(),
                ["scan.log", "scan.log.1.gz", "/var/log/private", "/var/log/private/other"]) or print(run.stderr)


with tempfile.TemporaryDirectory(prefix="mxcensus-nightly-") as scratch:
    for name in ("diff", "report"):
        check_killed(scratch, name)
    check_code_unknown(scratch)
    for name in ("scan", "diff", "report"):
        check_terminated(scratch, name)
    check_kept(scratch)
    check_failures(scratch)
    check_relative(scratch)
with tempfile.TemporaryDirectory(prefix="mxcensus-nightly-") as scratch:
    check_command_line(scratch)
check_purge()
finish()
