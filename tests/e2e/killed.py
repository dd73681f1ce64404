"""Scans that are killed: what is left can be judged, and the scan goes on to the rows of an undisturbed one.

    killed.py [--domains N] [--kills N] [--seed N] [--short] [LAB-OPTION...]

--short leaves out the hand-made domains, some of which take long.

Kills at random moments with SIGKILL, as often as said while there is something to kill; then rows, sums and keys are
those of an undisturbed scan: plain with 1 thread, compressed with 4 and with CSV beside; going on with 1, 2 or 4 threads.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import TIMEOUTS, describe, paths_that_differ, write_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS  # noqa: E402
from e2e.rows import TIMED_FINDINGS, stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, SHORT_WAITS, check, check_equal, environment, finish, read_json, run, side_by_side  # noqa: E402
from e2e.unfinished import dangling, rows_of  # noqa: E402

QUICK = [*SHORT_WAITS, "--address-rate", "50/s", "--greeting-timeout", "5", "--reply-timeout", "5", "--infer", "off"]


def start_scan(arguments, out):
    return subprocess.Popen([MXCENSUS, "scan", *arguments, "-o", out], stderr=subprocess.PIPE, env=environment())


def analyze_what_is_left(arguments, folder, what, seconds):
    out = os.path.join(folder, what)
    scan = start_scan(arguments, out)
    time.sleep(seconds)
    scan.kill()
    scan.communicate()
    before = {name: os.stat(os.path.join(out, name)).st_mtime_ns for name in os.listdir(out)}
    again = out + "-analyzed"
    done = run("analyze", "-o", again, out)
    check_equal(f"{what}, analyzed: exit code", (done.returncode, done.stderr), (0, ""))
    check_equal(f"{what}, analyzed: the directory is as it was",
                {name: os.stat(os.path.join(out, name)).st_mtime_ns for name in os.listdir(out)}, before)
    check(f"{what}, analyzed: is marked", read_json(again, "manifest.json")["incomplete"] is True)
    check(f"{what}, analyzed: the summary too", read_json(again, "summary.json")["complete"] is False)
    if "zstd" not in what:  # a short scan may not have had the MiB that a mark waits for
        check(f"{what}, analyzed: has rows", len(rows_of(again, "domains")) > 0)
    broken = list(dangling(again))
    check(f"{what}, analyzed: no row names one that is not there", not broken, broken[:5])


def read_tables(out, paths):
    """Rows without what the dictionary calls volatile, in one order; a key that comes twice is an error."""
    tables = {}
    for name, keys in KEYS.items():
        rows = rows_of(out, name)
        tables[name] = stable(rows, name, paths)
        seen = [tuple(row[key] for key in keys) for row in rows]
        check(f"{out}: {name}: no key twice", len(seen) == len(set(seen)), [key for key in seen if seen.count(key) > 1][:3])
    return tables


def go_on_until_done(arguments, folder, what, kills, draw, longest, *more):
    """@return the directory, whatever happened on the way"""
    out = os.path.join(folder, what)
    scan = start_scan([*arguments, *more], out)
    killed = 0
    while True:
        try:
            _, said = scan.communicate(timeout=draw.uniform(0.05, longest) if killed < kills else 3600)
            break
        except subprocess.TimeoutExpired:
            scan.kill()
            scan.communicate()
            killed += 1
        threads = ["--threads", str(draw.choice((1, 2, 4)))]
        scan = subprocess.Popen([MXCENSUS, "scan", "--resume", out, *threads], stderr=subprocess.PIPE, env=environment())
    check_equal(f"{what}: exit code after {killed} kills", (scan.returncode, said), (0, b""))
    print(f"{what}: {killed} kills")
    return out


def compare(what, out, tables, summary, paths):
    for name, rows in read_tables(out, paths).items():
        check(f"{what}: {name} as undisturbed", rows == tables[name], "".join(describe(name, rows, tables[name])))
    now = read_json(out, "summary.json")
    now["rows"] = {name: count for name, count in now["rows"].items() if name in KEYS}
    now["findings"] = [f for f in now["findings"] if f["code"] not in TIMED_FINDINGS]
    for key in summary.keys() - {"started", "ended", "seconds"}:
        check(f"{what}: summary.{key}", now[key] == summary[key], "; ".join(list(paths_that_differ(summary[key], now[key]))[:5]))
    broken = list(dangling(out))
    check(f"{what}: no row names one that is not there", not broken, broken[:5])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=400)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    known, more = parser.parse_known_args()
    paths = volatile_paths()
    with Lab(known.domains, *more) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-killed-") as folder:
        chosen = os.path.join(folder, "list.txt")
        write_list(lab, chosen, TIMEOUTS + ("stutter", "tarpit") + (("case-",) if known.short else ()))  # also what is close to a timeout
        at = f"@{int(time.time())}"
        arguments = [*lab.options, "--ehlo-domain", EHLO, "-q", *QUICK, "--at", at, chosen]
        undisturbed = os.path.join(folder, "undisturbed")
        draw = random.Random(known.seed)
        moments = draw.uniform(2, 5), draw.uniform(4, 6)
        done, *_ = side_by_side(
            lambda: run("scan", *arguments, "-o", undisturbed, timeout=3600),
            lambda: analyze_what_is_left([*arguments, "--threads", "4"], folder, "plain", moments[0]),
            lambda: analyze_what_is_left([*arguments, "--format", "both", "--compress", "zstd"], folder, "zstd", moments[1]))
        seconds = done.seconds
        check_equal("undisturbed: exit code", (done.returncode, done.stderr), (0, ""))
        tables = read_tables(undisturbed, paths)
        summary = read_json(undisturbed, "summary.json")
        summary["findings"] = [f for f in summary["findings"] if f["code"] not in TIMED_FINDINGS]
        summary["rows"] = {name: count for name, count in summary["rows"].items() if name in KEYS}
        print(f"undisturbed: {seconds:.1f} s")
        longest = max(2.0, seconds / 3)
        killed = {"plain-1": ["--threads", "1"], "gzip-4": ["--threads", "4", "--compress", "gzip", "--format", "both"]}
        outs = side_by_side(*[
            lambda what=what, more=more: go_on_until_done(arguments, folder, what, known.kills,
                                                          random.Random(f"{known.seed} {what}"), longest, *more)
            for what, more in killed.items()])
        for what, out in zip(killed, outs):
            compare(what, out, tables, summary, paths)
    finish()


if __name__ == "__main__":
    main()
