"""Results in real databases: two nights are created, loaded and appended by the statements of mxcensus schema, and questions have the
same answers everywhere, which are those of the NDJSON files. So have rows of less detail; columns and tables that are left out are null and
empty. Every line fits the JSON Schema, and that of BigQuery by its form. Statements of docs/warehouse.md are run as they stand there.

    warehouse.py [--domains N]

It needs what databases.py says, and jsonschema of PyPI. What cannot be had is skipped and named, and then the exit code is 77.
"""

import argparse
import collections
import csv
import json
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from e2e.databases import ClickHouse, DuckDB, PostgreSQL, package, text_of  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import open_table  # noqa: E402
from e2e.rows import dictionary_tables  # noqa: E402
from e2e.runner import EHLO, SHORT_WAITS, check, check_equal, failures, finish, read_json, run, side_by_side  # noqa: E402
from e2e.warehouse_document import check_document  # noqa: E402

SKIPPED = 77
CSV_ONLY = ("routes", "outcomes", "findings")
TABLES = list(dictionary_tables())
QUICK = [*SHORT_WAITS, "--address-rate", "20/s", "--retry-pause", "1", "--tempfail-pause", "1"]
# By detail: what `analyze` is told, the tables that are left out, and columns.
FEW = ("domains", "services", "problems", "routes")
LEFT = ("domains.account", "services.outcome", "services.port", "problems.severity", "routes.address", "routes.preference")
LEAN = {
    "normal": (["--detail", "normal"], (), ("domains.outcomes", "problems.fix")),
    "summary": (["--detail", "summary"], (), ("certificates.raw", "services.attempts", "services.transcript", "endpoints.handshake", "chains.verdicts")),
    "few": (["--detail", "normal", "--compress", "gzip", "--tables", ",".join(FEW), "--columns", ",".join("-" + name for name in LEFT)],
            [name for name in TABLES if name not in FEW], LEFT),
}


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


def rows_of(folder, name):
    """None of a table that results of this detail do not have."""
    file = open_table(folder, name, "ndjson")
    if file is None:
        return []
    with file:
        return [json.loads(line) for line in file]


def read(folders):
    """(rows by table, routes) of all nights together."""
    rows = {name: [row for folder in folders for row in rows_of(folder, name)] for name in TABLES if name not in CSV_ONLY}
    routes = []
    for folder in folders:
        with open_table(folder, "routes", "csv") as file:
            routes += csv.DictReader(file)
    return rows, routes


def scan(domains, seed, out, compress):
    with Lab(domains, seed=seed) as lab:
        done = run("scan", *lab.options, "--ehlo-domain", EHLO, "-q", "-o", out, "--format", "both", "--compress", compress, *QUICK,
                   lab.list_path, timeout=1800)
    return check_equal(f"{os.path.basename(out)}: exit code", done.returncode, 0)


def check_json_schema(rows, lean):
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
        less = [row for detail, folder in lean.items() if name not in LEAN[detail][1] for row in rows_of(folder, name)]
        broken = [error.message for row in [*of_table, *less] for error in validator.iter_errors(row)]
        check(f"{len(of_table) + len(less)} rows of {name} fit the JSON Schema", not broken, broken[:3])
    # It can fail: a schema that takes everything would have passed so far.
    row = rows["certificates"][0]
    validator = module.Draft202012Validator(json.loads(run("schema", "certificates").stdout))
    for what, wrong in (("a number as serial_number", {**row, "serial_number": 1.5}), ("null in a key", {**row, "fingerprint_sha256": None}),
                        ("another column", {**row, "colour": "red"}), ("a list of numbers", {**row, "names": [1]}),
                        ("a column less", {key: value for key, value in row.items() if key != "observed_at"}),
                        ("null in a column that is never null", {**row, "raw": None}),
                        ("a list for an object", {**row, "validity": []}), ("the name of another table", {**row, "type": "hosts"})):
        check(f"{what} does not fit", not validator.is_valid(wrong))
    streamed = module.Draft202012Validator(every)
    check("a row of standard output fits the whole", streamed.is_valid({"type": "certificates", **row}))
    check("but not without its type", not streamed.is_valid(row))
    return True


# What `bq load` takes for a type, by the manual of BigQuery.
BIGQUERY_VALUES = {
    "STRING": lambda value: isinstance(value, str),
    "INTEGER": lambda value: type(value) is int and -2**63 <= value < 2**63,
    "BOOLEAN": lambda value: isinstance(value, bool),
    "TIMESTAMP": lambda value: re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{3})?Z", value),
    "JSON": lambda value: isinstance(value, (list, dict)),
}


def check_bigquery(folder, left_out):
    """Form only: nothing here can ask a BigQuery."""
    tables = json.loads(run("schema", "--format", "bigquery").stdout)
    for name in TABLES:
        if name in CSV_ONLY or name in left_out:
            continue
        fields = {field["name"]: field for field in tables[name]}
        broken = [(key, value) for row in rows_of(folder, name) for key, value in row.items()
                  if key not in fields or (value is not None and not BIGQUERY_VALUES[fields[key]["type"]](value))]
        absent = [key for row in rows_of(folder, name) for key, field in fields.items() if field["mode"] == "REQUIRED" and row.get(key) is None]
        check(f"BigQuery: {os.path.basename(folder)}: the form of {name}", not broken and not absent, (broken[:3], absent[:3]))


def load(database, what, night):
    done = run("schema", "--format", database.format, "--load", night)
    check_equal(f"{what}: schema", done.returncode, 0)
    ok, why = database.load(done.stdout.decode("utf-8"))
    return check(f"{what}: loads", ok, why)


# What rows of less detail leave to a join, and the table that they have for it.
JOINED = ("chains of all routes",)
LEAN_TABLES = ("outcome_sets",)


def check_answers(database, what, rows, routes, left_out=(), lean=False):
    for name, of_table in rows.items():
        if lean and name in LEAN_TABLES:
            continue
        want = 0 if name in left_out else len(of_table)
        check_equal(f"{what}: rows of {name}", database.ask(f'select count(*) from "{name}"'), [[str(want)]])
    for question, want in answers(rows, routes).items() if not left_out else ():
        if lean and question in JOINED:
            continue
        query = QUESTIONS[question]
        got = database.ask(query if isinstance(query, str) else query[database.format])
        check_equal(f"{what}: {question}", comparable(got), comparable(want))


def check_left_out(database, what, night, columns):
    """Columns that are in no row: null in all of this night, and not what a type begins with."""
    scan_id = read_json(night, "manifest.json")["scan_id"]
    for name, _, column in (path.partition(".") for path in columns):
        got = database.ask(f"select count(*) > 0, count(\"{column}\") from \"{name}\" where scan_id = '{scan_id}'")
        check_equal(f"{what}: {name}.{column} is null", [[cell if cell != "1" else "true" for cell in got[0]]], [["true", "0"]])


def check_lean(database, what, nights, lean):
    """Each takes the place of the first night, as it is of the same scan. Then that night comes back."""
    rows, routes = read(nights)
    second, second_routes = read(nights[1:])
    for detail, (_, left_out, columns) in LEAN.items():
        if not load(database, f"{what}: {detail}", lean[detail]):
            return
        if left_out:
            for name in TABLES:
                query = f'select count(*) from "{name}"'
                whole = len(routes) if name == "routes" else len(rows[name]) if name in FEW else None
                want = whole if whole is not None else len(second[name]) if name not in CSV_ONLY else None
                if want is not None:
                    check_equal(f"{what}: {detail}: rows of {name}", database.ask(query), [[str(want)]])
        else:
            check_answers(database, f"{what}: {detail}", rows, routes, lean=True)
            for name in LEAN_TABLES:
                check_equal(f"{what}: {detail}: rows of {name}", database.ask(f'select count(*) from "{name}"'), [[str(len(rows_of(lean[detail], name)))]])
        check_left_out(database, f"{what}: {detail}", lean[detail], columns)
    if load(database, f"{what}: again", nights[0]):
        check_answers(database, f"{what}: again", rows, routes)
    check("the second night has routes", second_routes)


def check_database(kind, folder, nights, lean):
    """@return False where it cannot be had"""
    try:
        database = kind(folder)
    except LookupError as why:
        print(f"skipped: {kind.__name__}: {why}")
        return False
    what = kind.__name__
    try:
        for number, night in enumerate([nights[0], nights[0], nights[1]]):
            if not load(database, f"{what}: night {number}", night):
                return True
            rows, routes = read(nights[:max(number, 1)])  # the first one, twice: the second time it takes the place of the first
            if number == 0:
                check("a table is empty", any(not of_table for of_table in rows.values()))
            check_answers(database, f"{what}: night {number}", rows, routes)
        if kind is DuckDB:
            check_parquet(database.database, folder, rows)
        check_lean(database, what, nights, lean)
    finally:
        database.close()
    return True


def make_lean(folder, night):
    lean = {detail: os.path.join(folder, detail) for detail in LEAN}
    for detail, (options, left_out, _) in LEAN.items():
        done = run("analyze", "-q", "--format", "both", *options, "-o", lean[detail], night)
        check_equal(f"analyze {' '.join(options)}: exit code", done.returncode, 0)
        check_bigquery(lean[detail], left_out)
    refused = run("schema", "--format", "duckdb", "--load", lean["few"], "hosts")
    check("a table that was left out: told in one line", refused.returncode == 2 and "--tables" in refused.stderr and refused.stderr.count("\n") == 1, refused.stderr)
    return lean


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--domains", type=int, default=60)
    parser.add_argument("--nights", nargs=2, metavar="RESULTS", help="these, in place of scans")
    known = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mxcensus-warehouse-")
    try:
        nights = known.nights or [os.path.join(folder, name) for name in ("night1", "night2")]
        if not known.nights and not all(side_by_side(lambda: scan(known.domains, 1, nights[0], "gzip"),
                                                     lambda: scan(known.domains, 2, nights[1], "zstd"))):
            finish()
        lean = make_lean(folder, nights[0])
        for night in nights:
            check_bigquery(night, ())
        tried = [check_database(kind, folder, nights, lean) for kind in (PostgreSQL, DuckDB, ClickHouse)]
        tried.append(check_document(folder, lean["normal"], nights[1]))
        tried.append(check_json_schema(read(nights)[0], lean))
        if not all(tried) and not failures:
            sys.exit(SKIPPED)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
