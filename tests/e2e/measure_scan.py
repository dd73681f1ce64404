"""What one scan of the lab takes: time, CPU seconds and peak memory of mxcensus alone.

    measure_scan.py --mxcensus PROGRAM --mxlab PROGRAM [--domains N] [--threads N] [--preset NAME] [LAB-OPTION...]
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--mxcensus", required=True)
parser.add_argument("--mxlab", required=True)
parser.add_argument("--domains", type=int, default=100000)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--preset", default="tranco1m")
known, more = parser.parse_known_args()
os.environ["MXCENSUS"] = known.mxcensus
os.environ["MXLAB"] = known.mxlab

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, read_json  # noqa: E402


def processor():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-measure-")
    out = os.path.join(folder, "results")
    try:
        with Lab(known.domains, *more, preset=known.preset) as lab:
            begin = time.monotonic()
            process = subprocess.Popen([known.mxcensus, "scan", *lab.options, "--ehlo-domain", EHLO, "--threads",
                                        str(known.threads), "-o", out, lab.list_path])
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
        manifest = read_json(out, "manifest.json") if process.returncode == 0 else {}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"machine     {processor()}, {os.cpu_count()} processors, Linux {platform.release()}")
    print(f"libraries   {manifest.get('libraries')}")
    print(f"scan        {known.domains} domains, preset {known.preset}, {known.threads} threads")
    print(f"exit code   {process.returncode}")
    print(f"wall time   {seconds:.1f} s (the lab on the same machine)")
    print(f"CPU         {usage.ru_utime + usage.ru_stime:.1f} s "
          f"(user {usage.ru_utime:.1f}, system {usage.ru_stime:.1f})")
    print(f"peak memory {usage.ru_maxrss / 1024:.0f} MiB")
    for entry in manifest.get("files", []):
        if entry.get("table"):
            print(f"rows        {entry['rows']:10} {entry['name']} {entry['octets']} octets")
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
