"""report_latex.py [--keep DIR]

`mxcensus report --format latex` in pdflatex: the document and each of its tables with the preamble of docs/report.md, of a scan of the
lab and of the same with harmful text in every field that others write. No error, no line far beyond the width, no character lost.
A named command, no part of ./test.sh: without pdflatex (texlive-latex-base) it says so and its exit code is 77.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import test_report  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.runner import check, check_equal, finish, run  # noqa: E402

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "report.md")
OVERFULL_MAX = 30  # points


def preamble():
    """What docs/report.md tells to write, up to the table."""
    with open(DOCS, encoding="utf-8") as file:
        lines = [line[4:] for line in file if line.startswith("    ")]
    first = next(i for i, line in enumerate(lines) if line.startswith("\\documentclass"))
    last = next(i for i, line in enumerate(lines) if line.startswith("\\input"))
    return "".join(lines[first:last])


def compile_latex(what, folder, name):
    """Twice, as references want it."""
    for _ in range(2):
        done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", name + ".tex"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=600, check=False)
    with open(os.path.join(folder, name + ".log"), encoding="latin-1") as file:
        log = file.read()
    errors = re.findall(r"(?m)^!.*(?:\n.*){3}", log)
    check(f"{what}: compiles", done.returncode == 0 and not errors, errors[:2])
    wide = [w for w in re.findall(r"Overfull \\hbox \(([0-9.]+)pt", log) if float(w) > OVERFULL_MAX]
    check(f"{what}: nothing is wider than the page", not wide, wide)
    check(f"{what}: no character is missing", "Missing character" not in log)
    check(f"{what}: references are known", "undefined" not in log)


def check_results(what, folder, results):
    os.mkdir(folder)
    tables = os.path.join(folder, "tables")
    done = run("report", "--format", "latex", "--customer-column", "customer", "--tables", tables, "-o", os.path.join(folder, "report.tex"), results)
    check_equal(f"{what}: exit code", (done.returncode, done.stderr), (0, ""))
    compile_latex(what, folder, "report")
    names = [n for n in sorted(os.listdir(tables)) if n.endswith(".tex")]
    check(f"{what}: all tables are there", set(t + ".tex" for t in test_report.TABLES) <= set(names), names)
    with open(os.path.join(folder, "own.tex"), "w", encoding="utf-8") as file:
        file.write(preamble() + "See Table~\\ref{tab:mxcensus-T1}.\n")
        file.writelines(f"\\input{{tables/{name}}}\n" for name in names)
        file.write("\\end{document}\n")
    compile_latex(f"{what}, a document of one's own", folder, "own")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--keep", metavar="DIR", help="leave the documents here")
    known = parser.parse_args()
    if shutil.which("pdflatex") is None:
        print("skipped: there is no pdflatex (apt-get install texlive-latex-base)")
        sys.exit(77)
    folder = known.keep or tempfile.mkdtemp(prefix="mxcensus-latex-")
    os.makedirs(folder, exist_ok=True)
    try:
        with Lab(100) as lab:
            results = test_report.scan(lab, folder, 4)
        check_results("latex", os.path.join(folder, "plain"), results)
        check_results("latex, harmful", os.path.join(folder, "harmful"), test_report.spoil(results, os.path.join(folder, "spoilt")))
    finally:
        if not known.keep:
            shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
