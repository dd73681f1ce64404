"""Starts mxcensus and the lab for tests, and compares. Python's standard library only.

The programs come from the environment: MXCENSUS and MXLAB.
"""

import concurrent.futures
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

MXCENSUS = os.environ.get("MXCENSUS", "build/dev/mxcensus")
MXLAB = os.environ.get("MXLAB", "build/dev/tests/lab/mxlab")
SCAN_TIMEOUT = 1000  # seconds; for what hangs, as the busiest machine has to end before
EHLO = "scanner.mxcensus.test"
# For servers of the lab that never answer: longer than a busy machine makes an honest answer last, and no longer.
SHORT_WAITS = ["--dns-timeout", "1.5", "--dns-tries", "2", "--connect-timeout", "4", "--greeting-timeout", "12",
               "--reply-timeout", "8", "--tls-timeout", "8", "--policy-timeout", "8"]

failures = []
checks = 0


def check(what, ok, evidence=None):
    """Notes a failure and goes on, so that one run shows all of them."""
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"FAILED: {what}: {str(evidence)[:2000]}", file=sys.stderr)
    return ok


def check_equal(what, got, want):
    return check(what, got == want, f"got {got!r}, want {want!r}")


def finish():
    """The end of a test script."""
    print(f"{checks} checks, {len(failures)} failed")
    sys.exit(1 if failures or not checks else 0)


def environment():
    """Sanitizers have to end the process with a code that no test expects."""
    sanitizers = {
        "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
        "TSAN_OPTIONS": "exitcode=99:halt_on_error=0",
    }
    return {**sanitizers, **os.environ}


class Run:
    """A finished process: returncode, stdout (octets), stderr (text), seconds, usage."""

    def __init__(self, returncode, stdout, stderr, seconds):
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds

    @property
    def rows(self):
        return parse_ndjson(self.stdout)


def parse_ndjson(octets):
    """Every line must be one JSON object in UTF-8, and the last one must be whole."""
    if octets and not octets.endswith(b"\n"):
        raise ValueError(f"the last line is not whole: {octets[-200:]!r}")
    return [json.loads(line.decode("utf-8", "strict")) for line in octets.splitlines()]


def table(rows, name):
    return [row for row in rows if row["type"] == name]


def read_table(folder, name):
    with open(os.path.join(folder, name + ".ndjson"), "rb") as file:
        return parse_ndjson(file.read())


def read_json(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def run(*arguments, input=None, timeout=SCAN_TIMEOUT, program=MXCENSUS, more=None):
    """mxcensus (or another `program`) with these arguments; `input` is text or octets for its standard input, `more` of its environment."""
    octets = input.encode() if isinstance(input, str) else input
    begin = time.monotonic()
    done = subprocess.run([program, *arguments], input=octets if octets is not None else b"",
                          capture_output=True, timeout=timeout, env={**environment(), **(more or {})}, check=False)
    seconds = time.monotonic() - begin
    return Run(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), seconds)


def check_refused(what, done, words=()):
    """Exit code 2, nothing on standard output, and one line on standard error with these words."""
    check_equal(f"{what}: exit code", done.returncode, 2)
    check_equal(f"{what}: nothing on standard output", done.stdout, b"")
    lines = done.stderr.splitlines()
    check(f"{what}: one line", len(lines) == 1 and lines[0].startswith("mxcensus: "), done.stderr)
    for word in words:
        check(f"{what}: says '{word}'", word in done.stderr, done.stderr)


def check_same_octets(out, again, names):
    for name in names:
        with open(os.path.join(out, name), "rb") as one, open(os.path.join(again, name), "rb") as other:
            check(f"analyze: {name} has the same octets", one.read() == other.read())


def check_analyzed(out, again, names, *options):
    """Nothing of these files is lost in the rows, nor of the sums."""
    check_equal("analyze: exit code", run("analyze", *options, "-o", again, out).returncode, 0)
    check_same_octets(out, again, names)
    check_equal("analyze: summary", read_json(again, "summary.json"), read_json(out, "summary.json"))


def side_by_side(*functions):
    """What each returns, in their order. Scans wait more than they work."""
    with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
        return [started.result() for started in [pool.submit(function) for function in functions]]


def scan_to_stdout(*arguments, input):
    return run("scan", *arguments, input=input)


def start(*arguments, stdout=subprocess.PIPE):
    """mxcensus in the background, standard input open."""
    return subprocess.Popen([MXCENSUS, *arguments], stdin=subprocess.PIPE, stdout=stdout,
                            stderr=subprocess.PIPE, env=environment())
