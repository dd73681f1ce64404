"""The statements of docs/warehouse.md, run as they stand there: those of the shell in a folder with the results night1 and night2, the
questions in each database behind them.

psql and createdb are real. The programs duckdb, clickhouse-client and bq are not in Debian or PyPI: in their place stand the packages duckdb and
chdb, and for bq a look at its files.
"""

import glob
import os
import re
import shlex
import subprocess
import sys

from e2e.databases import PACKAGES, PostgreSQL, package
from e2e.rows import DOCS, dictionary_tables
from e2e.runner import MXCENSUS, check, check_equal, read_json

PROGRAMS = {
    "duckdb": "import duckdb, sys\nprint(duckdb.connect(sys.argv[1]).execute(sys.stdin.read()).fetchall())\n",
    "clickhouse-client": '''import sys
from chdb import session
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
server = session.Session("clickhouse")
if "--database" in options:
    server.query("USE " + options["--database"])
print(server.query(options.get("--query") or sys.stdin.read(), "TabSeparated"))
server.close()
''',
    "bq": '''import json, os, sys
command, form, table, rows, schema = sys.argv[1:]
assert (command, form) == ("load", "--source_format=NEWLINE_DELIMITED_JSON") and table.startswith("nights."), sys.argv
fields = {field["name"]: field["mode"] for field in json.load(open(schema))}
for line in open(rows):
    row = json.loads(line)
    assert row.keys() <= fields.keys() and all(row.get(name) is not None for name, mode in fields.items() if mode == "REQUIRED"), line
''',
}


def blocks():
    """What is indented in the document, by the heading it stands under."""
    with open(os.path.join(DOCS, "warehouse.md"), encoding="utf-8") as file:
        sections = re.split(r"^## (.*)\n", "## \n" + file.read(), flags=re.M)
    return {heading: [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    .*\n)+", body, re.M)]
            for heading, body in zip(sections[1::2], sections[2::2])}


def put_programs(folder):
    os.mkdir(folder)
    os.symlink(os.path.realpath(MXCENSUS), os.path.join(folder, "mxcensus"))
    for name in ("python3", *PROGRAMS):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            script = [path + "_stand_in.py"] if name in PROGRAMS else []
            file.write(f'#!/bin/sh\nexec {shlex.join([sys.executable, *script])} "$@"\n')
        os.chmod(path, 0o755)
        if name in PROGRAMS:
            with open(path + "_stand_in.py", "w", encoding="ascii") as file:
                file.write(PROGRAMS[name])


class Shell:
    def __init__(self, place, server):
        self.place = place
        search = [os.path.join(place, "bin"), server.bin, os.environ["PATH"]]
        modules = [PACKAGES, os.environ.get("PYTHONPATH", "")]
        self.environment = {**os.environ, "PATH": ":".join(search), "PYTHONPATH": ":".join(filter(None, modules)), "PGHOST": server.home, "PGUSER": "mxcensus"}

    def run(self, what, script, input=None):
        """@return its standard output"""
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=self.place, env=self.environment, input=input, capture_output=True, text=True, check=False)
        check(f"docs/warehouse.md: {what}", done.returncode == 0 and "Error" not in done.stderr, (script, done.stderr))
        return done.stdout

    def ask(self, database, query):
        return {"PostgreSQL": lambda: self.run("PostgreSQL", "psql -X -q -t -A nights", query),
                "DuckDB": lambda: self.run("DuckDB", "duckdb nights.db", query),
                "ClickHouse": lambda: self.run("ClickHouse", "clickhouse-client --database nights", query)}[database]()


def check_questions(shell, found, place):
    old, new = (read_json(os.path.join(place, name), "manifest.json")["scan_id"] for name in ("night1", "night2"))
    join = found["Keys"][0].replace("'NEW'", f"'{new}'").replace("'OLD'", f"'{old}'")
    dialects = dict(re.findall(r"^-- (\w+)\n(.*?)(?=^-- |\Z)", found["Questions"][0], re.M | re.S))
    check_equal("docs/warehouse.md: dialects", list(dialects), ["PostgreSQL", "DuckDB", "ClickHouse"])
    lost, chains = {}, {}
    for database, query in dialects.items():
        lost[database] = sorted(set(re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", shell.ask(database, join))))
        chains[database] = sorted(int(number) for number in re.findall(r"\b[0-9]+\b", shell.ask(database, query)))
    for database in dialects:
        check_equal(f"docs/warehouse.md: domains that lose mail, {database}", lost[database], lost["PostgreSQL"])
        check(f"docs/warehouse.md: chains, {database}", sum(chains[database]) > 0 and chains[database] == chains["PostgreSQL"], chains)


def check_statements(place, server, nights):
    put_programs(os.path.join(place, "bin"))
    for number, night in enumerate(nights):
        os.symlink(night, os.path.join(place, f"night{number + 1}"))
    found = blocks()
    check_equal("docs/warehouse.md: blocks", {heading: len(block) for heading, block in found.items() if block}, {"": 3, "Keys": 1, "Questions": 1, "Parquet": 1})
    shell = Shell(place, server)
    first, one_line, bigquery = found[""]
    shell.run("the first night", first)
    shell.run("the night after it", "".join(line for line in first.replace("night1", "night2").splitlines(True) if "createdb" not in line and "CREATE" not in line))
    shell.run("one line of Python", one_line)
    shell.run("BigQuery, by the form of its files", bigquery)
    check_questions(shell, found, place)
    shell.run("Parquet", found["Parquet"][0])
    made = sorted(os.path.basename(path) for path in glob.glob(os.path.join(place, "night1-parquet", "*.parquet")))
    check_equal("docs/warehouse.md: files of Parquet", made, sorted(name + ".parquet" for name in dictionary_tables()))


def check_document(folder, *nights):
    """@param nights the first one not compressed, as the document has it. @return False where something cannot be had"""
    if package("duckdb") is None or package("chdb") is None:
        print("skipped: docs/warehouse.md: the packages duckdb and chdb cannot be had")
        return False
    place = os.path.join(folder, "document")
    os.mkdir(place)
    try:
        server = PostgreSQL(place)
    except LookupError as why:
        print(f"skipped: docs/warehouse.md: {why}")
        return False
    try:
        check_statements(place, server, nights)
    finally:
        server.close()
    return True
