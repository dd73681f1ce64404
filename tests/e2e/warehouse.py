"""Results in real databases: two nights are created, loaded and appended by the statements of mxcensus schema, and questions have the
same answers everywhere, which are those of the NDJSON files. Every line fits the JSON Schema.

    warehouse.py [--domains N]

PostgreSQL is that of Debian, in a cluster of its own in a temporary directory; duckdb, chdb (ClickHouse) and jsonschema are packages
of Python, which are installed into build/warehouse if this Python has none. What cannot be had is skipped, and named.
"""

import argparse
import collections
import csv
import glob
import io
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = os.path.join(HERE, "..", "..", "build", "warehouse")
sys.path[:0] = [os.path.join(HERE, ".."), PACKAGES]
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import open_table  # noqa: E402
from e2e.rows import dictionary_tables  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, finish, run, side_by_side  # noqa: E402

SKIPPED = 77
CSV_ONLY = ("routes", "outcomes", "findings")
TABLES = list(dictionary_tables())
QUICK = [*SHORT_WAITS, "--address-rate", "20/s", "--retry-pause", "1", "--tempfail-pause", "1"]


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


# --- databases: load(sql), ask(query) -> rows of texts, None for null ------------------------------------------------------------


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


def check_parquet(database, folder, rows):
    """The statement of docs/warehouse.md, and what is in its files."""
    place = os.path.join(folder, "parquet")
    database.execute(f"EXPORT DATABASE '{place}' (FORMAT parquet, COMPRESSION zstd)")
    for name, of_table in rows.items():
        check_equal(f"Parquet: rows of {name}", database.execute(f"select count(*) from '{place}/{name}.parquet'").fetchone()[0], len(of_table))
    kinds = dict(row[:2] for row in database.execute(f"describe select * from '{place}/certificates.parquet'").fetchall())
    check_equal("Parquet: serial numbers are text", kinds["serial_number"], "VARCHAR")
    check_equal("Parquet: times are times", kinds["observed_at"], "TIMESTAMP WITH TIME ZONE")
    names = database.execute(f"select sum(len(names)), count(*) - count(names) from '{place}/certificates.parquet'").fetchone()
    check_equal("Parquet: lists, and null ones", names, (sum(len(c["names"] or []) for c in rows["certificates"]), sum(c["names"] is None for c in rows["certificates"])))
    briefs = database.execute(f"select count(b.outcome) from '{place}/domains.parquet', unnest(mx) t(m), unnest(m.endpoints) u(b)").fetchone()[0]
    check_equal("Parquet: objects in lists in objects", briefs, sum(len(m["endpoints"]) for d in rows["domains"] for m in d["mx"] or []))


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


# --- questions: by name, (PostgreSQL, DuckDB, ClickHouse), and the answer of the files ---------------------------------------------

ENDPOINTS = {
    "postgresql": "domains, jsonb_array_elements(mx) as m, jsonb_array_elements(m->'endpoints') as b",
    "duckdb": "domains, unnest(mx) as t(m), unnest(m.endpoints) as u(b)",
    "clickhouse": "(select JSONExtractString(arrayJoin(JSONExtractArrayRaw(arrayJoin(JSONExtractArrayRaw(ifNull(mx, '[]'))), 'endpoints')),"
                  " 'chain_status') as status from domains)",
}
QUESTIONS = {
    "what becomes of input lines": "select account, count(*) from domains group by 1",
    "services by outcome and TLS version": "select outcome, tls_version, count(*) from services group by 1, 2",
    "octets of all certificates": "select count(*), sum(length), max(length(serial_number)), count(distinct fingerprint_sha256) from certificates",
    "serial numbers as text": "select serial_number from certificates where serial_number like '%7' or length(serial_number) > 19",
    "characters of untrusted text": {
        "postgresql": "select sum(char_length(banner)), count(banner), count(banner_base64) from services",
        "duckdb": "select sum(length(banner)), count(banner), count(banner_base64) from services",
        "clickhouse": "select sum(lengthUTF8(banner)), count(banner), count(banner_base64) from services"},
    "names in certificates; none, and not known": {
        "postgresql": "select sum(jsonb_array_length(names)), sum((names is null)::int), sum((policies = '[]')::int) from certificates",
        "duckdb": "select sum(len(names)), sum((names is null)::int), sum((len(policies) = 0)::int) from certificates",
        "clickhouse": "select sum(length(JSONExtractArrayRaw(ifNull(names, '[]')))), sum(names is null), sum(policies = '[]') from certificates"},
    "the end of certificates": {
        "postgresql": "select count(*), min(validity->>'end') from certificates where validity->>'end' > '2026-12'",
        "duckdb": "select count(*), strftime(min(validity.\"end\" at time zone 'UTC'), '%Y-%m-%dT%H:%M:%SZ') from certificates"
                  " where validity.\"end\" >= timestamptz '2026-12-01 00:00:00+00'",
        "clickhouse": "select count(*), min(JSONExtractString(validity, 'end')) from certificates where JSONExtractString(validity, 'end') > '2026-12'"},
    "chains of all routes": {
        "postgresql": f"select coalesce(b->>'chain_status', ''), count(*) from {ENDPOINTS['postgresql']} group by 1",
        "duckdb": f"select coalesce(b.chain_status, ''), count(*) from {ENDPOINTS['duckdb']} group by 1",
        "clickhouse": f"select status, count(*) from {ENDPOINTS['clickhouse']} group by 1"},
    "causes": "select kind, effect, sum(domain_count), max(code) from causes group by 1, 2",
    "when policies were fetched, in seconds": {
        "postgresql": "select floor(extract(epoch from min(started)))::bigint, count(started) from policies",
        "duckdb": "select floor(epoch(min(started)))::bigint, count(started) from policies",
        "clickhouse": "select toUnixTimestamp(min(started)), count(started) from policies"},
    "what domains suffer from, night by night": {
        "postgresql": "select p.scan_id, d.mx_kind, p.effect, count(*) from problems p join domains d using (scan_id, domain)"
                      " where d.duplicate_of is null group by 1, 2, 3",
        "duckdb": "select p.scan_id, d.mx_kind, p.effect, count(*) from problems p join domains d using (scan_id, domain)"
                  " where d.duplicate_of is null group by 1, 2, 3",
        "clickhouse": "select p.scan_id, d.mx_kind, p.effect, count(*) from problems p join domains d using (scan_id, domain)"
                      " where d.duplicate_of is null group by 1, 2, 3"},
    "domains that change from night to night": "select domain, count(distinct account) from domains where duplicate_of is null and domain is not null"
                                               " group by domain having count(distinct account) > 1",
    "booleans and null": "select acceptable, count(*) from endpoints group by 1",
    "rows for readers without JSON": "select count(*), count(address), count(endpoint) from routes",
}


def sums(rows, *keys):
    return [[*key, count] for key, count in collections.Counter(tuple(row[k] for k in keys) for row in rows).items()]


def answers(rows, routes):
    """Of the files."""
    import calendar
    import time

    certificates, services = rows["certificates"], rows["services"]
    serials = [c["serial_number"] for c in certificates if c["serial_number"]]
    ends = [c["validity"]["end"] for c in certificates if c["validity"] and c["validity"]["end"] and c["validity"]["end"] > "2026-12"]
    banners = [s["banner"] for s in services if s["banner"] is not None]
    briefs = [b for d in rows["domains"] for m in d["mx"] or [] for b in m["endpoints"]]
    causes = collections.defaultdict(lambda: [0, ""])
    for cause in rows["causes"]:
        entry = causes[cause["kind"], cause["effect"]]
        entry[:] = [entry[0] + cause["domain_count"], max(entry[1], cause["code"])]
    named = [d for d in rows["domains"] if d["domain"] is not None and d["duplicate_of"] is None]
    kinds = {(d["scan_id"], d["domain"]): d["mx_kind"] for d in named}
    accounts = collections.defaultdict(set)
    for d in named:
        accounts[d["domain"]].add(d["account"])
    started = [p["started"] for p in rows["policies"] if p["started"]]
    return {
        "what becomes of input lines": sums(rows["domains"], "account"),
        "services by outcome and TLS version": sums(services, "outcome", "tls_version"),
        "octets of all certificates": [[len(certificates), sum(c["length"] for c in certificates), max(map(len, serials)),
                                        len({c["fingerprint_sha256"] for c in certificates})]],
        "serial numbers as text": [[serial] for serial in serials if serial.endswith("7") or len(serial) > 19],
        "characters of untrusted text": [[sum(map(len, banners)), len(banners), sum(s["banner_base64"] is not None for s in services)]],
        "names in certificates; none, and not known": [[sum(len(c["names"] or []) for c in certificates), sum(c["names"] is None for c in certificates),
                                                        sum(c["policies"] == [] for c in certificates)]],
        "the end of certificates": [[len(ends), min(ends)]],
        "chains of all routes": [[key or "", count] for (key,), count in collections.Counter((b["chain_status"],) for b in briefs).items()],
        "causes": [[*key, *entry] for key, entry in causes.items()],
        "when policies were fetched, in seconds": [[calendar.timegm(time.strptime(min(started)[:19], "%Y-%m-%dT%H:%M:%S")), len(started)]],
        "what domains suffer from, night by night": sums(
            [{**problem, "mx_kind": kinds[problem["scan_id"], problem["domain"]]} for problem in rows["problems"]], "scan_id", "mx_kind", "effect"),
        "domains that change from night to night": [[domain, len(kind)] for domain, kind in accounts.items() if len(kind) > 1],
        "booleans and null": sums(rows["endpoints"], "acceptable"),
        "rows for readers without JSON": [[len(routes), sum(r["address"] != "" for r in routes), sum(r["endpoint"] != "" for r in routes)]],
    }


def comparable(rows):
    return sorted(([text_of(value) for value in row] for row in rows), key=repr)


# --- the test ----------------------------------------------------------------------------------------------------------------------


def read(folders):
    """(rows by table, routes) of all nights together."""
    rows = collections.defaultdict(list)
    routes = []
    for folder in folders:
        for name in TABLES:
            if name not in CSV_ONLY:
                with open_table(folder, name, "ndjson") as file:
                    rows[name] += map(json.loads, file)
        with open_table(folder, "routes", "csv") as file:
            routes += csv.DictReader(file)
    return rows, routes


def scan(domains, seed, out, compress):
    with Lab(domains, seed=seed) as lab:
        done = run("scan", *lab.options, "--ehlo-domain", EHLO, "-q", "-o", out, "--format", "both", "--compress", compress, *QUICK,
                   lab.list_path, timeout=1800)
    return check_equal(f"{os.path.basename(out)}: exit code", done.returncode, 0)


def check_json_schema(rows):
    module = package("jsonschema")
    if module is None:
        print("skipped: JSON Schema: the package jsonschema of Python cannot be had")
        return False
    every = json.loads(run("schema").stdout)
    module.Draft202012Validator.check_schema(every)
    for name, of_table in rows.items():
        schema = json.loads(run("schema", name).stdout)
        module.Draft202012Validator.check_schema(schema)
        validator = module.Draft202012Validator(schema)
        broken = [error.message for row in of_table for error in validator.iter_errors(row)]
        check(f"{len(of_table)} rows of {name} fit the JSON Schema", not broken, broken[:3])
    # It can fail: a schema that takes everything would have passed so far.
    row = rows["certificates"][0]
    validator = module.Draft202012Validator(json.loads(run("schema", "certificates").stdout))
    for what, wrong in (("a number as serial_number", {**row, "serial_number": 1.5}), ("null in a key", {**row, "fingerprint_sha256": None}),
                        ("another column", {**row, "colour": "red"}), ("a list of numbers", {**row, "names": [1]}),
                        ("a column less", {key: value for key, value in row.items() if key != "raw"}),
                        ("an object without its columns", {**row, "validity": {}}), ("the name of another table", {**row, "type": "hosts"})):
        check(f"{what} does not fit", not validator.is_valid(wrong))
    streamed = module.Draft202012Validator(every)
    check("a row of standard output fits the whole", streamed.is_valid({"type": "certificates", **row}))
    check("but not without its type", not streamed.is_valid(row))
    return True


def check_database(kind, folder, nights):
    """@return False where it cannot be had"""
    try:
        database = kind(folder)
    except LookupError as why:
        print(f"skipped: {kind.__name__}: {why}")
        return False
    try:
        for number, night in enumerate([nights[0], nights[0], nights[1]]):
            done = run("schema", "--format", kind.format, "--load", night)
            check_equal(f"{kind.__name__}: schema of night {number}", done.returncode, 0)
            ok, why = database.load(done.stdout.decode("utf-8"))
            if not check(f"{kind.__name__}: night {number} loads", ok, why):
                return True
            rows, routes = read(nights[:max(number, 1)])  # the first one, twice: the second time it takes the place of the first
            counts = {name: database.ask(f'select count(*) from "{name}"') for name in TABLES}
            for name, of_table in rows.items():
                check_equal(f"{kind.__name__}: rows of {name}", counts[name], [[str(len(of_table))]])
            if number == 0:
                check("a table is empty", any(not of_table for of_table in rows.values()))
            for question, want in answers(rows, routes).items():
                query = QUESTIONS[question]
                got = database.ask(query if isinstance(query, str) else query[kind.format])
                check_equal(f"{kind.__name__}: {question}", comparable(got), comparable(want))
        if kind is DuckDB:
            check_parquet(database.database, folder, rows)
    finally:
        database.close()
    return True


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=60)
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-warehouse-")
    try:
        nights = [os.path.join(folder, name) for name in ("night1", "night2")]
        if not all(side_by_side(lambda: scan(known.domains, 1, nights[0], "gzip"), lambda: scan(known.domains, 2, nights[1], "zstd"))):
            finish()
        rows, _ = read(nights)
        tried = [check_json_schema(rows)] + [check_database(kind, folder, nights) for kind in (PostgreSQL, DuckDB, ClickHouse)]
        if not any(tried):
            sys.exit(SKIPPED)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
