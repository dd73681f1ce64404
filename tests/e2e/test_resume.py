"""Going on with a scan: after signals, again and again, and what is refused. Kills are in killed.py.

With --very-many: one line without a row, and behind it more lines with rows than blocks may be open.
"""

import contextlib
import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.killed import FAST, QUICK, compare, write_killed_list  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.rows import check_scan, volatile_paths  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, check, check_equal, environment, finish, read_json, run  # noqa: E402
from e2e.unfinished import lines_of, rows_of  # noqa: E402

SLOW = ["--address-rate", "1/s"]  # so that some have rows and others have not


def start(*arguments):
    return subprocess.Popen([MXCENSUS, "scan", *arguments], stderr=subprocess.PIPE, env=environment())


def size_of_rows(out):
    for name in ("domains.ndjson.part", "domains.ndjson"):
        with contextlib.suppress(FileNotFoundError):
            return os.stat(os.path.join(out, name)).st_size
    return 0


def interrupt(scan, out, what, before):
    """At once, when some more lines have rows."""
    end = time.monotonic() + 60
    while scan.poll() is None and time.monotonic() < end and size_of_rows(out) <= before:
        time.sleep(0.05)
    scan.send_signal(signal.SIGINT)
    time.sleep(0.3)
    scan.send_signal(signal.SIGINT)
    scan.communicate()
    if not check_equal(f"{what}: exit code", scan.returncode, 130):
        return
    state = read_json(out, "state.json")
    there = {row["input_line"] for row in rows_of(out, "domains")}
    check(f"{what}: some lines have rows, others have not", there and state["unfinished_lines"], (len(there), state["unfinished_lines"]))
    check_equal(f"{what}: state.json names exactly those without a row", set(lines_of(state["unfinished_lines"])),
                set(range(1, state["lines_read"] + 1)) - there)


def refused(what, arguments, *said):
    done = run("scan", *arguments)
    check_equal(f"{what}: exit code", done.returncode, 2)
    check(f"{what}: says why, in one line", all(text in done.stderr for text in said) and done.stderr.count("\n") == 1, done.stderr)


def change(path, place, octets):
    with open(path, "r+b") as file:
        file.seek(place, os.SEEK_END if place < 0 else os.SEEK_SET)
        if octets is None:
            file.truncate(file.tell())
        else:
            file.write(octets)


def finish_and_compare(out, what, paths, undisturbed):
    begun = read_json(out, "started.json")["scan_id"]
    done = run("scan", "--resume", out, "-q", *FAST, "--threads", "4")
    if check_equal(f"{what}: exit code", (done.returncode, done.stderr), (0, "")):
        compare(out, undisturbed, paths)
        check_equal(f"{what}: the scan_id is that of its beginning", check_scan(out, check), begun)


def leave_leftovers(out):
    """What a scan that is killed between its manifest and the removals leaves behind."""
    for name in ("journal", "started.json", "endpoints-ahead.ndjson", "reserve.part"):
        with open(os.path.join(out, name), "wb") as file:
            file.write(b"left over")


def nothing_to_do(what, out):
    done = run("scan", "--resume", out)
    said = f"mxcensus: {out}: this scan is complete: nothing is left to do\n"
    check_equal(f"{what}: said", (done.returncode, done.stdout, done.stderr), (0, b"", said))
    left = {"journal", "started.json", "endpoints-ahead.ndjson", "reserve.part"} & set(os.listdir(out))
    check_equal(f"{what}: left over", left, set())


def rows_so_far(out):
    with contextlib.suppress(FileNotFoundError), open(os.path.join(out, "domains.ndjson.part"), "rb") as file:
        return sum(1 for _ in file)
    return 0


def very_many():
    """The line without a row waited with the reader for others to be sent along, and the reader for its block to close."""
    repeats = 560000
    with Lab(20) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-resume-") as folder:
        with open(lab.list_path, encoding="ascii") as file:
            names = file.read().split()
        slow = next(name for name in names if "dual-silent6" in name)
        path, out = os.path.join(folder, "list.txt"), os.path.join(folder, "out")
        with open(path, "w", encoding="ascii") as file:
            file.write(slow + "\n" + (names[0] + "\n") * repeats)
        scan = start(*lab.options, "--ehlo-domain", EHLO, "-q", "--detail", "normal", "--connect-timeout", "40", "--retries", "0", path, "-o", out)
        end = time.monotonic() + 60
        while rows_so_far(out) < repeats and time.monotonic() < end:
            time.sleep(0.5)
        scan.send_signal(signal.SIGKILL)
        scan.communicate()
        check_equal("all but one have rows", rows_so_far(out), repeats)
        check_equal("exit code", run("scan", "--resume", out, "-q", timeout=240).returncode, 0)
        check_equal("inputs", read_json(out, "manifest.json")["account"]["inputs"], repeats + 1)
    finish()


def main():
    if "--very-many" in sys.argv:
        very_many()
    paths = volatile_paths()
    with Lab(60) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-resume-") as folder:
        chosen = os.path.join(folder, "list.txt")
        write_killed_list(lab, chosen, True)
        arguments = [*lab.options, "--detail", "normal", "--ehlo-domain", EHLO, "-q", *QUICK, "--at", f"@{int(time.time())}"]
        undisturbed, out = (os.path.join(folder, name) for name in ("undisturbed", "out"))
        check_equal("undisturbed: exit code", run("scan", *arguments, *FAST, chosen, "-o", undisturbed).returncode, 0)
        leave_leftovers(undisturbed)
        nothing_to_do("a scan that was killed behind its manifest", undisturbed)

        # As two lists, one of them compressed, it is the same: lines are counted over both.
        first, second = os.path.join(folder, "first.txt"), os.path.join(folder, "second.gz")
        with open(chosen, "rb") as whole:
            lines = whole.readlines()
        with open(first, "wb") as half, gzip.open(second, "wb") as rest:
            half.writelines(lines[:len(lines) // 2])
            rest.writelines(lines[len(lines) // 2:])
        interrupt(start(*arguments, *SLOW, first, second, "-o", out), out, "interrupted", 0)
        refused("options that change rows", ["--resume", out, "--infer", "off", "--threads", "2", "--seed", "7"], "--infer", "--seed")
        refused("another list", ["--resume", out, chosen], chosen)
        refused("a new scan in its place", [*arguments, chosen, "-o", out], "unfinished scan", f"--resume {out}")
        damaged, torn, other = (shutil.copytree(out, os.path.join(folder, name)) for name in ("damaged", "torn", "other"))
        change(os.path.join(damaged, "journal"), 100, b"\xff\xfe\xfd")
        refused("a damaged journal", ["--resume", damaged], os.path.join(damaged, "journal"), "damaged at octet")
        change(os.path.join(torn, "journal"), -3, None)
        finish_and_compare(torn, "a journal whose last entry was not written to its end", paths, undisturbed)

        before = size_of_rows(out)
        again = start("--resume", out, *SLOW)
        time.sleep(1)
        refused("another process goes on with it", ["--resume", out], "another mxcensus writes these results")
        interrupt(again, out, "gone on with, interrupted", before)
        before = size_of_rows(out)
        interrupt(start("--resume", out, *SLOW), out, "gone on with again, interrupted", before)
        finish_and_compare(out, "after three interruptions", paths, undisturbed)
        nothing_to_do("when it is complete", out)

        with gzip.open(second, "a") as file:
            file.write(b"one.more.example\n")
        refused("a list has changed", ["--resume", other], second)
    finish()


if __name__ == "__main__":
    main()
