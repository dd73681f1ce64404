"""Real databases for tests, each with a place of its own: load(sql), ask(query) -> rows of texts, None for null.

PostgreSQL is that of Debian (package postgresql-15), in a private cluster behind a socket in a folder. DuckDB, ClickHouse (chdb) and others come from
PyPI: those of this Python, or of PYTHONPATH, or else they are installed into build/warehouse.
"""

import csv
import glob
import io
import json
import os
import shutil
import subprocess
import sys

PACKAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "warehouse")
sys.path.append(PACKAGES)


def package(name):
    """The module, installed if need be; None where it cannot be had."""
    try:
        return __import__(name)
    except ImportError:
        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", PACKAGES, name],
                              capture_output=True, text=True, check=False)
        try:
            return __import__(name) if done.returncode == 0 else None
        except ImportError:
            return None


def text_of(value):
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class PostgreSQL:
    format = "postgresql"

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise LookupError("the package postgresql is not installed")
        self.home = os.path.join(folder, "postgresql")
        os.mkdir(self.home)
        os.chmod(folder, 0o755)
        self.user = []
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(self.home, "postgres", "postgres")
            self.user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        self.bin = found[-1]
        self.data = os.path.join(self.home, "data")
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "mxcensus", "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8")
        self.run("pg_ctl", "-w", "-D", self.data, "-l", os.path.join(self.home, "log"),
                 "-o", f"-c listen_addresses= -c unix_socket_directories={self.home} -c fsync=off", "start")

    def run(self, program, *arguments):
        done = subprocess.run([*self.user, os.path.join(self.bin, program), *arguments], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False, cwd=self.home)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")

    def psql(self, *arguments, input=None):
        return subprocess.run(["psql", "-X", "-q", "-h", self.home, "-U", "mxcensus", "-d", "postgres", *arguments], input=input,
                              capture_output=True, text=True, check=False)

    def load(self, sql):
        done = self.psql(input=sql)
        return done.returncode == 0 and done.stderr == "", done.stderr

    def ask(self, query):
        done = self.psql("-c", f"copy ({query}) to stdout with (format csv, null '\\N')")
        return [[None if cell == "\\N" else {"t": "true", "f": "false"}.get(cell, cell) for cell in row] for row in csv.reader(io.StringIO(done.stdout))]

    def close(self):
        self.run("pg_ctl", "-w", "-m", "immediate", "-D", self.data, "stop")


class DuckDB:
    format = "duckdb"

    def __init__(self, folder):
        module = package("duckdb")
        if module is None:
            raise LookupError("the package duckdb of Python cannot be had")
        self.error = module.Error
        self.database = module.connect(os.path.join(folder, "nights.duckdb"))

    def load(self, sql):
        try:
            self.database.execute(sql)
        except self.error as error:
            return False, error
        return True, None

    def ask(self, query):
        return [[text_of(value) for value in row] for row in self.database.execute(query).fetchall()]

    def close(self):
        self.database.close()


class ClickHouse:
    format = "clickhouse"

    def __init__(self, folder):
        module = package("chdb")
        if module is None:
            raise LookupError("the package chdb of Python cannot be had")
        from chdb import session
        self.session = session.Session(os.path.join(folder, "clickhouse"))

    def load(self, sql):
        try:
            self.session.query(sql)
        except Exception as error:  # chdb raises RuntimeError or its own, by version
            return False, error
        return True, None

    def ask(self, query):
        return [[text_of(value) for value in json.loads(line)] for line in str(self.session.query(query, "JSONCompactEachRow")).splitlines()]

    def close(self):
        self.session.close()
