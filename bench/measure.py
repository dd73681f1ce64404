"""Shared by lab_scan, bound and compare: running a program and saying what it took, and on what."""

import collections
import json
import os
import platform
import random
import resource
import signal
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SAMPLE_S = 0.1  # between two looks at the memory of a process
ORDERS = ("drawn", "operator", "shuffled")  # of a list
ORDER_SEED = 1  # of that by chance


def use_build(folder):
    """Takes the programs from this build tree; before e2e.lab is imported, which reads them."""
    os.environ["MXCENSUS"] = os.path.join(folder, "mxcensus")
    os.environ["MXLAB"] = os.path.join(folder, "tests", "lab", "mxlab")
    os.environ.setdefault("MXLAB_KEYS", os.path.join(folder, "lab-keys.pem"))
    for program in (os.environ["MXCENSUS"], os.environ["MXLAB"]):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not there: cmake --preset release -DMXCENSUS_BENCH=ON && "
                     "cmake --build --preset release")
    sys.path.insert(0, os.path.join(ROOT, "tests"))


def packed(path, level=3):
    """Octets of the file as zstd has it."""
    return len(subprocess.run(["zstd", "-q", f"-{level}", "-c", path], stdout=subprocess.PIPE, check=True).stdout)


def processor():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def build_type(folder):
    with open(os.path.join(folder, "CMakeCache.txt"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("CMAKE_BUILD_TYPE:"):
                return line.split("=", 1)[1].strip()
    return "unknown"


def commit():
    """The state of the tree that is measured, as far as git is there to tell."""
    try:
        done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True,
                              text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def print_machine(folder, libraries=None):
    load = os.getloadavg()[0]
    print(f"date        {time.strftime('%Y-%m-%d %H:%M')}, tree {commit()}, build type {build_type(folder)}")
    print(f"machine     {processor()}, {os.cpu_count()} processors, Linux {platform.release()}, "
          f"load average {load:.1f} now")
    if libraries:
        print("libraries   " + ", ".join(f"{k} {v}" for k, v in libraries.items()))


class Measured:
    """A finished process: returncode (negative: signal), wall, user, system (seconds), peak_kib, timed_out."""

    def __init__(self, returncode, wall, usage, peak_kib, timed_out):
        self.returncode = returncode
        self.wall = wall
        self.user = usage.ru_utime
        self.system = usage.ru_stime
        self.cpu = self.user + self.system
        self.peak_kib = peak_kib
        self.timed_out = timed_out


def peak_of(pid):
    """VmHWM in KiB; 0 when the process has ended. Unlike ru_maxrss it does not count what ran
    under this id before exec."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def temporary_octets(pid):
    """Of the files without a name that the process has open."""
    octets = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        try:
            if "(deleted)" in os.readlink(path):
                octets += os.stat(path).st_size
        except OSError:
            pass
    return octets


def run(argv, timeout, look=None, **how):
    """Runs argv to its end; at the timeout it is interrupted, and killed if that does not help.
    @param look is given its process id again and again"""
    begin = time.monotonic()
    process = subprocess.Popen(argv, **how)
    peak = 0
    timed_out = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, peak_of(process.pid))
        if look:
            look(process.pid)
        late = time.monotonic() - begin - timeout
        if late > 0:
            process.send_signal(signal.SIGKILL if late > 20 else signal.SIGINT)
            timed_out = True
        time.sleep(2 if timed_out else SAMPLE_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(process.returncode, time.monotonic() - begin, usage, peak, timed_out)


def print_cost(done, alone=False):
    print(f"exit code   {done.returncode}" + (", interrupted at the timeout" if done.timed_out else ""))
    print(f"wall        {done.wall:.1f} s" + ("" if alone else ", the lab on the same machine"))
    print(f"CPU         {done.cpu:.2f} s (user {done.user:.2f}, system {done.system:.2f})")
    print(f"peak memory {done.peak_kib / 1024:.0f} MiB (VmHWM)")


def expected(lab, mxlab, some):
    """-> of each name of a lab what a scan should find"""
    with subprocess.Popen([mxlab, "expect", "--state", lab.state, *some], stdout=subprocess.PIPE) as expect:
        yield from map(json.loads, expect.stdout)


def by_operator(lab, mxlab, some):
    """The names, those of the largest operator first. Domains of the lab have MX names of two labels and more."""
    groups = collections.defaultdict(list)
    for want in expected(lab, mxlab, some):
        exchange = want["mx"][0]["exchange"] if want["mx"] else ""
        groups[".".join(exchange.rsplit(".", 2)[-2:])].append(want["domain"] + "\n")
    return [name for group in sorted(groups.values(), key=len, reverse=True) for name in group]


def write_list(lab, mxlab, order, cases, sample=None):
    """The list of a lab, or so many of its lines, drawn by chance. -> its path, how many names"""
    path = os.path.join(lab.state, "scanned.txt")
    some = [] if cases else ["--no-cases"]
    if order == "operator":
        names = by_operator(lab, mxlab, some)
    else:
        done = subprocess.run([mxlab, "domains", "--state", lab.state, *some], capture_output=True, check=True)
        names = done.stdout.decode("ascii").splitlines(keepends=True)
    if sample:
        names = random.Random(ORDER_SEED).sample(names, sample)
    if order == "shuffled":
        random.Random(ORDER_SEED).shuffle(names)
    with open(path, "w", encoding="ascii") as file:
        file.writelines(names)
    return path, len(names)


def children_cpu():
    """Seconds of all processes that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def order_text(known):
    return f"order {known.order}" + (f", a sample of {known.domains}" if known.sample else "")


def counters_of(lab, mxlab, gap_ms):
    done = subprocess.run([mxlab, "counters", lab.state, "--min-gap-ms", str(gap_ms), "--list", "3"],
                          capture_output=True, check=True)
    return json.loads(done.stdout)
