"""mxcensus schema: every table and column of the data dictionary in every format, and what is refused. The statements are run by
warehouse.py."""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.load_sqlite import CSV_KEYS, KEYS, LEAN_KEYS  # noqa: E402
from e2e.rows import dictionary_tables  # noqa: E402
from e2e.runner import check, check_equal, check_refused, finish, run  # noqa: E402

EVERY_ROW = ["schema", "scan_id", "observed_at"]
SQL = ("postgresql", "duckdb", "clickhouse")
BIGQUERY_TYPES = {"STRING", "INTEGER", "BOOLEAN", "TIMESTAMP", "JSON"}
BIGQUERY_DESCRIPTION_MAX = 1024  # characters, as the manual of BigQuery has it


def output(*arguments):
    done = run("schema", *arguments, timeout=30)
    check_equal(f"{arguments}: exit code", done.returncode, 0)
    check_equal(f"{arguments}: standard error", done.stderr, "")
    return done.stdout.decode("utf-8")


def columns_of(rows):
    """With the companions of untrusted text."""
    names = []
    for name, kind, _ in rows:
        names.append(name)
        if "untrusted text" in kind:
            names.append(name + "_base64")
    return names


def never_null(rows):
    """In a row that has it."""
    return {name for name, _, present in rows if present == "key" or present.startswith("always")}


def never_left_out(rows):
    """By --detail or --columns: what a table of a database can demand."""
    return {name for name, _, present in rows if present == "key" or name in EVERY_ROW}


def nullable_by_schema(field):
    return "null" in field.get("type", []) or {"type": "null"} in field.get("anyOf", [])


def check_json_schema(tables):
    everything = json.loads(output())
    for name, rows in tables.items():
        schema = json.loads(output(name))
        check_equal(f"{name}: draft", schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
        properties = schema["properties"]
        check_equal(f"{name}: its type", properties.pop("type"), {"const": name})
        check_equal(f"{name}: columns", list(properties), columns_of(rows))
        required = [*EVERY_ROW, *(key for key in {**KEYS, **LEAN_KEYS, **CSV_KEYS}[name] if key not in EVERY_ROW)]
        check_equal(f"{name}: keys are always there", sorted(schema["required"]), sorted(required))
        check_equal(f"{name}: and no others", schema["additionalProperties"], False)
        check_equal(f"{name}: never null", {key for key, field in properties.items() if not nullable_by_schema(field)}, never_null(rows))
        for ref in re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema)):
            check(f"{name}: {ref} is defined", ref in schema["$defs"])
        check_equal(f"{name}: the same in the whole", everything["$defs"][name]["required"], schema["required"])
    check_equal("serial numbers are text", everything["$defs"]["certificates"]["properties"]["serial_number"]["type"], ["string", "null"])


def check_sql(tables):
    for kind in SQL:
        text = output("--format", kind)
        made = re.findall(r'^CREATE TABLE IF NOT EXISTS "(\w+)" \(\n(.*?)\n\)', text, re.M | re.S)
        check_equal(f"{kind}: one CREATE for each table", [name for name, _ in made], list(tables))
        for name, body in made:
            lines = re.findall(r'^    "(\w+)" (.*?),?$', body, re.M)
            check_equal(f"{kind}: columns of {name}", [column for column, _ in lines], columns_of(tables[name]))
            sure = {column for column, kind_of in lines if ("NOT NULL" in kind_of if kind != "clickhouse" else "Nullable(" not in kind_of)}
            check_equal(f"{kind}: {name}: never null", sure, never_left_out(tables[name]))
            if kind != "clickhouse":
                comments = re.findall(rf'^COMMENT ON COLUMN "{name}"\."(\w+)" IS \'', text, re.M)
                check_equal(f"{kind}: {name}: comments", comments, columns_of(tables[name]))
        alone = output("--format", kind, "causes")
        check_equal(f"{kind}: one table alone", alone.count("CREATE TABLE"), 1)


def check_bigquery(tables):
    everything = json.loads(output("--format", "bigquery"))
    check_equal("bigquery: tables", list(everything), list(tables))
    for name, fields in everything.items():
        check_equal(f"bigquery: columns of {name}", [field["name"] for field in fields], columns_of(tables[name]))
        for field in fields:
            what = f"bigquery: {name}.{field['name']}"
            check_equal(f"{what}: its keys", sorted(field), ["description", "mode", "name", "type"])
            check(f"{what}: type", field["type"] in BIGQUERY_TYPES, field)
            check(f"{what}: name", re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,299}", field["name"]), field)
            check(f"{what}: description", 0 < len(field["description"]) <= BIGQUERY_DESCRIPTION_MAX, len(field["description"]))
        check_equal(f"bigquery: {name}: never null", {field["name"] for field in fields if field["mode"] == "REQUIRED"}, never_left_out(tables[name]))
    check_equal("bigquery: one table", json.loads(output("--format", "bigquery", "causes")), everything["causes"])


def check_loading(folder, tables):
    """Statements alone: which files, and that paths which a statement or a shell would take for something else are refused."""
    results = os.path.join(folder, "night of results")
    os.mkdir(results)

    def refused(what, words, *arguments):
        check_refused(what, run("schema", *arguments, timeout=30), words)

    refused("without a manifest", ["manifest.json", results], "--format", "duckdb", "--load", results)
    with open(os.path.join(results, "manifest.json"), "w", encoding="ascii") as file:
        file.write('{"schema":1,"scan_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","started":"2026-01-01T00:00:00Z",'
                   '"ended":"2026-01-01T00:00:00Z","options":{"ports":"25"}}')
    refused("without rows", ["certificates.ndjson", "--format"], "--format", "duckdb", "--load", results)
    for number, name in enumerate(tables):
        with open(os.path.join(results, f"{name}.ndjson{('', '.gz', '.zst')[number % 3]}"), "wb"):
            pass
    for kind in SQL:
        text = output("--format", kind, "--load", results)
        check_equal(f"{kind}: what was loaded before is replaced", text.count("WHERE \"scan_id\" = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'"), len(tables))
        for number, name in enumerate(tables):
            path = os.path.join(os.path.realpath(results), f"{name}.ndjson{('', '.gz', '.zst')[number % 3]}")
            csv_only = name in ("routes", "outcomes", "findings")
            check_equal(f"{kind}: {name} is loaded, if it is NDJSON", text.count(path + ("" if number % 3 else "'")), 0 if csv_only else 1)
    check("psql: unpacked by a program", 'program \'zstd -dcq "' in output("--format", "postgresql", "--load", results))
    refused("no CSV", ["routes.csv", "--format both"], "--format", "duckdb", "--load", results, "routes")
    routes = os.path.join(results, "routes.csv")
    for header, words in (("schema,scan_id,Input line\r\n", ["routes.csv", "names of its columns"]), ("", ["routes.csv", "names of its columns"])):
        with open(routes, "w", encoding="ascii", newline="") as file:
            file.write(header)
        refused(f"routes with {header!r}", words, "--format", "duckdb", "--load", results)
    with open(routes, "w", encoding="ascii", newline="") as file:
        file.write("schema,scan_id,position\r\n")
    for kind, words in (("postgresql", '\\copy "routes" ("schema", "scan_id", "position") from \''), ("duckdb", 'COPY "routes" ("schema", "scan_id", "position") FROM \'')):
        check(f"{kind}: the columns that a CSV file has", words in output("--format", kind, "--load", results))
    os.unlink(routes)
    odd = os.path.join(folder, "night's")
    os.mkdir(odd)
    refused("a quote in the path", ["rename", odd], "--format", "postgresql", "--load", odd)
    refused("absent", ["absent"], "--format", "postgresql", "--load", os.path.join(folder, "absent"))
    refused("nothing to load by", ["--load", "postgresql"], "--load", results)
    refused("nothing to load by", ["--load", "postgresql"], "--format", "bigquery", "--load", results)
    refused("unknown table", ["'domain'", "domains"], "domain")
    refused("two tables", ["'domains'", "'hosts'"], "domains", "hosts")
    refused("unknown format", ["'mysql'", "clickhouse"], "--format", "mysql")


PACKINGS = ("", ".gz", ".zst")


def packed(text, suffix):
    if suffix == ".gz":
        return gzip.compress(text)
    return subprocess.run(["zstd", "-qc"], input=text, capture_output=True, check=True).stdout if suffix == ".zst" else text


def check_counts(folder, tables):
    """Files that are not as the manifest says are not loaded: a night is loaded whole or not at all."""
    results = os.path.join(folder, "counted")
    os.mkdir(results)
    rows = b'{"schema":1}\n' * 60
    files = []

    def write(name, octets):
        with open(os.path.join(results, name), "wb") as file:
            file.write(octets)

    def refused(what, words, *arguments):
        done = run("schema", "--format", "duckdb", "--load", results, *arguments, timeout=30)
        check_refused(what, done, words)
        check_equal(f"{what}: one line", done.stderr.count("\n"), 1)

    def loaded(what):
        check(what, "domains" in output("--format", "duckdb", "--load", results))

    for number, table in enumerate(tables):
        csv = table in CSV_KEYS
        text = b"schema,scan_id\r\n" + b"1,x\r\n" * 3 if csv else rows
        name = f"{table}.{'csv' if csv else 'ndjson'}{PACKINGS[number % 3]}"
        octets = packed(text, PACKINGS[number % 3])
        write(name, octets)
        files.append({"name": name, "table": table, "format": "csv" if csv else "ndjson", "rows": 3 if csv else 60, "rows_lost": 0,
                      "octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()})
    manifest = {"schema": 1, "scan_id": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "started": "2026-01-01T00:00:00Z",
                "ended": "2026-01-01T00:00:00Z", "options": {"ports": "25"}, "files": files}
    write("manifest.json", json.dumps(manifest).encode("ascii"))
    loaded("files as the manifest says")
    for entry in files:
        path = os.path.join(results, entry["name"])
        with open(path, "rb") as file:
            octets = file.read()
        base, csv = entry["name"].split(".")[0], entry["format"] == "csv"
        plain = f"{base}.{entry['format']}"
        text = b"schema,scan_id\r\n" + b"1,x\r\n" * 3 if csv else rows
        for what, changed in (("cut", octets[:-1]), ("longer", octets + b"\n"), ("empty", b"")):
            write(entry["name"], changed)
            refused(f"{entry['name']} {what}", [path, f"{len(changed)} octets", str(len(octets)), "again"])
        os.unlink(path)
        refused(f"{entry['name']} deleted", [results, plain, "manifest.json"])
        other = plain if entry["name"] != plain else plain + ".gz"
        write(other, packed(text, other[len(plain):]))
        loaded(f"{other}: packed or unpacked by hand")
        write(other, packed(text[:text.rindex(b"\n", 0, -1) + 1], other[len(plain):]))
        refused(f"{other}: a line less", [other, "lines", "again"])
        os.unlink(os.path.join(results, other))
        write(entry["name"], octets)
    loaded("all are back")
    manifest["files"] = [entry for entry in files if entry["table"] != "hosts"]
    manifest["detail"] = {"level": "full", "partial": True}
    write("manifest.json", json.dumps(manifest).encode("ascii"))
    refused("a table that was left out", ["hosts.ndjson", "manifest.json"])


def main():
    tables = dictionary_tables()
    check("the dictionary has tables", len(tables) > 10, tables)
    check_equal("keys, which load_sqlite.py holds to be unique", {name: [column for column, _, present in rows if present == "key"]
                                                                  for name, rows in tables.items()}, {**KEYS, **LEAN_KEYS, **CSV_KEYS})
    check_json_schema(tables)
    check_sql(tables)
    check_bigquery(tables)
    with tempfile.TemporaryDirectory(prefix="mxcensus-schema-") as folder:
        check_loading(folder, tables)
        check_counts(folder, tables)
    finish()


if __name__ == "__main__":
    main()
