"""Scans that are killed: what is left can be judged, and the scan goes on to the rows of an undisturbed one.

    killed.py [--domains N] [--kills N] [--seed N] [--short] [--scans INFER/COMPRESS/THREADS,...]
              [--infer off|listed|all] [--compress none|gzip|zstd] [--threads N] [--keep FOLDER] [LAB-OPTION...]

Kills with SIGKILL, as often as said while there is something to kill: one time of four at any moment, also while rows are read back, and
else when a drawn share of the rows is there, so that kills are spread over the scan. Then rows, sums and keys are
those of an undisturbed scan. --scans names several, one after the other (with --short at once); --infer, --compress and --threads one. With
compression rows are in CSV as well; going on is with as many threads, or with 1, 2 or 4 where 4 were said. No timeout
is short enough for a busy machine to meet it: a difference is real. The seed, printed, is another each time.

--short leaves out the hand-made domains, some of which take long, and those that are waited for; --keep leaves the
results there.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import LAB_OPERATORS, TIMEOUTS, describe, paths_that_differ, write_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS  # noqa: E402
from e2e.rows import VOLATILE_FINDINGS, stable, volatile_paths  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, environment, finish, read_json, run, side_by_side  # noqa: E402
from e2e.unfinished import dangling, rows_of  # noqa: E402

# Those servers that are silent do not answer a connection: nothing else is waited for.
QUICK = ["--connect-timeout", "3", "--target-timeout", "900", "--policy-timeout", "30", "--dns-timeout", "20",
         "--dns-retry-pause", "1", "--retry-pause", "1", "--tempfail-pause", "1", "--shared-operators", LAB_OPERATORS] + [
    word for name in ("greeting", "reply", "tls") for word in (f"--{name}-timeout", "60")]
FAST = ["--address-rate", "100/s"]
SLOW = ["--address-rate", "2/s"]  # so that there is something to kill
SLOW_FAILURES = ("timeout", "servfail", "bogus", "closed", "reset", "refused", "unreachable")
SCANS = "off/none/1,listed/zstd/4,all/gzip/1"
REFUSED = re.compile(r"(mxcensus: \d domains? (?:was|were) not tested by a fault of our own \(reason local_fault\): scan these again\n)?")
DAY = 86400
STEP = 0.02  # seconds, of looking at the rows
PROGRESS = ("domains.ndjson", "services.ndjson", "endpoints.ndjson")


def write_killed_list(lab, path, short):
    """Without those whose answer depends on how often they were asked, and those whose questions of DNS nobody answers.
    @param short nor others with a failure that is waited for, nor hand-made ones but those of certificate groups"""
    words = SLOW_FAILURES if short else ('"timeout"',)
    left_out = {e["domain"] for e in lab.expected() if any(word in json.dumps(e) for word in words)}
    write_list(lab, path, TIMEOUTS + ("stutter", "tarpit", "flips"))  # also what is close to a timeout
    with open(path, encoding="ascii") as file:
        lines = file.readlines()
    with open(path, "w", encoding="ascii") as file:
        file.writelines(line for line in lines
                        if line.strip() not in left_out and not (short and "case-" in line and "case-group" not in line))


def start_scan(arguments, out):
    return subprocess.Popen([MXCENSUS, "scan", "--detail", "normal", *arguments, "-o", out], stderr=subprocess.PIPE, env=environment())


def analyze_what_is_left(out):
    """A directory without a manifest is judged as it is, and left as it is."""
    before = {name: os.stat(os.path.join(out, name)).st_mtime_ns for name in os.listdir(out)}
    with tempfile.TemporaryDirectory(prefix="mxcensus-analyzed-") as folder:
        again = os.path.join(folder, "again")
        done = run("analyze", "--detail", "normal", "-q", "-o", again, out)
        if not check_equal(f"{out}, analyzed: exit code", (done.returncode, done.stderr), (0, "")):
            return
        check_equal(f"{out}, analyzed: the directory is as it was",
                    {name: os.stat(os.path.join(out, name)).st_mtime_ns for name in os.listdir(out)}, before)
        check(f"{out}, analyzed: is marked", read_json(again, "manifest.json")["incomplete"] is True)
        check(f"{out}, analyzed: the summary too", read_json(again, "summary.json")["complete"] is False)
        broken = list(dangling(again))
        check(f"{out}, analyzed: no row names one that is not there", not broken, broken[:5])
        done = run("analyze", "--detail", "normal", "-q", "-o", os.path.join(folder, "third"), again)
        check_equal(f"{out}, analyzed twice: exit code", (done.returncode, done.stderr), (0, ""))


def digest_of(row, name, paths):
    """-> digest and text, without what the dictionary calls volatile"""
    [text] = stable([row], name, paths)
    return hashlib.blake2b(text.encode(), digest_size=16).digest(), text


def read_tables(out, paths):
    """Digests of the rows, in one order; a key that comes twice is an error."""
    tables = {}
    for name, keys in KEYS.items():
        digests, seen, twice = [], set(), []
        for row in rows_of(out, name):
            key = tuple(row[key] for key in keys)
            twice += [key] if key in seen else []
            seen.add(key)
            digests.append(digest_of(row, name, paths)[0])
        tables[name] = sorted(digests)
        check(f"{out}: {name}: no key twice", not twice, twice[:3])
    return tables


def describe_rows(out, undisturbed, name, digests, paths):
    """What is different in rows of which one of the two has no equal."""
    texts = [[text for digest, text in (digest_of(row, name, paths) for row in rows_of(folder, name)) if digest in digests]
             for folder in (out, undisturbed)]
    return "".join(describe(name, *texts))


def read_summary(out):
    summary = read_json(out, "summary.json")
    summary["rows"] = {name: count for name, count in summary["rows"].items() if name in KEYS}
    summary["findings"] = [f for f in summary["findings"] if f["code"] not in VOLATILE_FINDINGS]
    return summary


def octets_written(out):
    """Of the rows of whatever takes longest."""
    return sum(os.stat(os.path.join(out, name)).st_size for name in os.listdir(out) if name.startswith(PROGRESS)) if os.path.isdir(out) else 0


class Killer:
    """When the next kill comes: one of four at any moment, the others once a drawn share of the rows is there, so that
    they are spread over the whole scan and it comes to an end."""

    def __init__(self, draw, kills, longest, undisturbed):
        self.draw = draw
        self.all = kills
        self.longest = longest
        self.octets = octets_written(undisturbed)
        self.kills = 0
        self.shares = []  # of the rows, at each kill

    def share(self, out):
        with contextlib.suppress(FileNotFoundError):
            return octets_written(out) / self.octets
        return 1

    def draw_share(self, out):
        now = self.share(out)
        left = 0.75 * (self.all - self.kills)
        return now + self.draw.uniform(0, 2 * max(0, 0.95 - now) / max(1, left + 1))

    def kill(self, scan, out):
        """@return False: it ended before"""
        anytime = self.draw.random() < 0.25
        share = 0 if anytime else self.draw_share(out)
        due = self.draw.uniform(0.02, self.longest)
        while due > 0:
            try:
                scan.wait(STEP)
                return False
            except subprocess.TimeoutExpired:
                due -= STEP if anytime or self.share(out) > share else 0
        scan.kill()
        scan.communicate()
        self.kills += 1
        self.shares.append(self.share(out))
        return True


def go_on_until_done(arguments, out, kills, killer, threads, draw, rate, want):
    scan = start_scan([*arguments, "--threads", str(threads), *rate], out)
    analyzed = draw.sample(range(1, kills + 1), min(kills, 3))
    while killer.kills < kills and killer.kill(scan, out):
        if os.path.exists(os.path.join(out, "manifest.json")):
            print(f"{out}: the last of {killer.kills} kills came when it was complete", flush=True)
            return
        if not os.path.exists(os.path.join(out, "started.json")):  # nothing to go on with yet
            shutil.rmtree(out, ignore_errors=True)
            scan = start_scan([*arguments, "--threads", str(threads), *rate], out)
            continue
        if killer.kills in analyzed:
            analyze_what_is_left(out)
        now = threads if threads < 4 else draw.choice((1, 2, 4))
        scan = subprocess.Popen([MXCENSUS, "scan", "--resume", out, "--threads", str(now), *(rate if killer.kills < kills else FAST)], stderr=subprocess.PIPE, env=environment())
    _, said = scan.communicate(timeout=DAY)
    check_equal(f"{out}: exit code after {killer.kills} kills, and what is said", (scan.returncode, said.decode()), (0, want))
    quarters = [sum(low <= 4 * share < low + 1 for share in killer.shares) for low in (0, 1, 2, 3)]
    print(f"{out}: {killer.kills} kills; by quarters of the rows that were there: {quarters}", flush=True)
    check_equal(f"{out}: what only an unfinished scan has is gone",
                [name for name in os.listdir(out) if name.endswith(".part") or name.startswith(("journal", "started", "endpoints-ahead"))], [])


def compare(out, undisturbed, paths):
    want, summary = read_tables(undisturbed, paths), read_summary(undisturbed)
    for name, rows in read_tables(out, paths).items():
        differ = rows != want[name]
        check(f"{out}: {name} as undisturbed", not differ,
              differ and describe_rows(out, undisturbed, name, set(rows) ^ set(want[name]), paths))
    now = read_summary(out)
    for key in summary.keys() - {"scan_id", "started", "ended", "seconds"}:
        check(f"{out}: summary.{key}", now[key] == summary[key], "; ".join(list(paths_that_differ(summary[key], now[key]))[:5]))
    broken = list(dangling(out))
    check(f"{out}: no row names one that is not there", not broken, broken[:5])


def result_options(infer, compress):
    return ["--infer", infer, *(["--compress", compress, "--format", "both"] if compress != "none" else [])]


def scan_undisturbed(arguments, folder, kind):
    """@return directory, seconds, what was said: only that the resolver refused the lab's names that it refuses"""
    out = os.path.join(folder, "undisturbed-" + "-".join(kind))
    done = run("scan", "--detail", "normal", *arguments, *FAST, *result_options(*kind), "--threads", "2", "-o", out, timeout=DAY)
    check(f"{out}: exit code", done.returncode == 0 and REFUSED.fullmatch(done.stderr), (done.returncode, done.stderr))
    endpoints = read_json(out, "summary.json")["endpoints"]
    print(f"{out}: {done.seconds:.1f} s, {endpoints['observed']} endpoints observed, {endpoints['inferred']} inferred, "
          f"{read_json(out, 'summary.json')['rows']['groups']} groups", flush=True)
    return out, done.seconds, done.stderr


def scan_and_kill(arguments, out, scan, undisturbed, known, paths):
    infer, compress, threads = scan.split("/")
    draw = random.Random(f"{known.seed} {out[-1]} {scan}")
    folder, seconds, said = undisturbed[infer, compress]
    killer = Killer(draw, known.kills, 1 if known.short else max(0.3, seconds / max(1, known.kills)), folder)
    go_on_until_done([*arguments, *result_options(infer, compress)], out, known.kills, killer, int(threads), draw, SLOW if known.short else FAST, said)
    compare(out, folder, paths)


def one_after_another(*functions):
    return [function() for function in functions]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=400)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--scans")
    parser.add_argument("--infer")
    parser.add_argument("--compress")
    parser.add_argument("--threads")
    parser.add_argument("--keep")
    known, more = parser.parse_known_args()
    one = f"{known.infer or 'listed'}/{known.compress or 'none'}/{known.threads or 4}"
    scans = (known.scans or (one if known.infer or known.compress or known.threads else SCANS)).split(",")
    print(f"killed.py --domains {known.domains} --kills {known.kills} --seed {known.seed} --scans {','.join(scans)}{' --short' * known.short} {' '.join(more)}",
          flush=True)
    paths = volatile_paths()
    with Lab(known.domains, *more) as lab, contextlib.ExitStack() as stack:
        folder = known.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="mxcensus-killed-"))
        os.makedirs(folder, exist_ok=True)
        chosen = os.path.join(folder, "list.txt")
        write_killed_list(lab, chosen, known.short)
        arguments = [*lab.options, "--ehlo-domain", EHLO, "-q", *QUICK, "--at", f"@{int(time.time())}", chosen]
        at_once = side_by_side if known.short else one_after_another
        kinds = sorted({tuple(scan.split("/")[:2]) for scan in scans})
        undisturbed = dict(zip(kinds, at_once(*(partial(scan_undisturbed, arguments, folder, kind) for kind in kinds))))
        at_once(*(partial(scan_and_kill, arguments, os.path.join(folder, f"{scan.replace('/', '-')}.{number}"), scan, undisturbed, known, paths)
                  for number, scan in enumerate(scans)))
    finish()


if __name__ == "__main__":
    main()
