"""Loads a results directory into SQLite and checks that the joins over keys hold.

    load_sqlite.py RESULTS DATABASE

RESULTS are of full detail: others leave keys out of rows. Reads NDJSON (plain, gzip or zstd), and the CSV join tables where they are. Lists and objects become JSON
text, for SQLite's json functions. DATABASE is a new file; it is there once all rows are in it, as many as manifest.json says. Exits 1 when a key leads nowhere, or
with one line when it cannot be loaded.
"""

import csv
import gzip
import io
import itertools
import json
import os
import sqlite3
import subprocess
import sys
import zlib

KEYS = {
    "certificates": ["fingerprint_sha256"],
    "chains": ["chain_id"],
    "hosts": ["host"],
    "services": ["service"],
    "endpoints": ["endpoint"],
    "domains": ["input_line"],
    "completions": ["chain_id"],
    "issuers": ["url"],
    "groups": ["group"],
    "policies": ["policy_host"],
    "policy_bodies": ["policy_sha256"],
    "problems": ["domain", "code"],
    "causes": ["cause"],
}

# Of tables that results of full detail do not have.
LEAN_KEYS = {
    "outcome_sets": ["outcome_set"],
}

# Of the tables that are CSV only.
CSV_KEYS = {
    "routes": ["input_line", "position"],
    "outcomes": ["domain", "profile"],
    "findings": ["table", "key", "code"],
}

# What must lead somewhere: (what, query that counts the keys that do not).
JOINS = [
    ("services.chain_id in chains",
     "select count(*) from services s left join chains c using (chain_id)"
     " where s.chain_id is not null and c.chain_id is null"),
    ("services.leaf_sha256 in certificates",
     "select count(*) from services s left join certificates c on c.fingerprint_sha256 = s.leaf_sha256"
     " where s.leaf_sha256 is not null and c.fingerprint_sha256 is null"),
    ("endpoints.service in services",
     "select count(*) from endpoints e left join services s using (service) where s.service is null"),
    ("endpoints.host in hosts",
     "select count(*) from endpoints e left join hosts h using (host) where h.host is null"),
    ("endpoints.chain_id in chains",
     "select count(*) from endpoints e left join chains c using (chain_id)"
     " where e.chain_id is not null and c.chain_id is null"),
    ("endpoints.leaf_sha256 in certificates",
     "select count(*) from endpoints e left join certificates c on c.fingerprint_sha256 = e.leaf_sha256"
     " where e.leaf_sha256 is not null and c.fingerprint_sha256 is null"),
    ("chains.certificates in certificates",
     "select count(*) from chains, json_each(chains.certificates) j"
     " left join certificates c on c.fingerprint_sha256 = j.value where c.fingerprint_sha256 is null"),
    ("certificates in some chain",
     "select count(*) from certificates where fingerprint_sha256 not in"
     " (select j.value from chains, json_each(chains.certificates) j)"),
    ("endpoints.other_key.chain_id in chains",
     "select count(*) from endpoints e left join chains c on c.chain_id = json_extract(e.other_key, '$.chain_id')"
     " where json_extract(e.other_key, '$.chain_id') is not null and c.chain_id is null"),
    ("chains.status as in endpoints",
     "select count(*) from endpoints e join chains c using (chain_id) where e.chain_status is not c.status"),
    ("chains.status as in services",
     "select count(*) from services s join chains c using (chain_id) where s.chain_status is not c.status"),
    ("completions.chain_id in chains, issuer_unknown or missing_intermediate there, and all of those",
     "select (select count(*) from completions p left join chains c using (chain_id)"
     " where ifnull(c.status, '') not in ('issuer_unknown', 'missing_intermediate'))"
     " + (select count(*) from chains left join completions p using (chain_id)"
     " where chains.status in ('issuer_unknown', 'missing_intermediate') and p.chain_id is null)"),
    ("completions from this scan in certificates",
     "select count(*) from completions p, json_each(p.completing) m left join certificates c"
     " on c.fingerprint_sha256 = json_extract(m.value, '$.fingerprint_sha256')"
     " where json_extract(m.value, '$.source') = 'scan' and c.fingerprint_sha256 is null"),
    ("domains.mx.host in hosts",
     "select count(*) from domains, json_each(domains.mx) m"
     " left join hosts h on h.host = json_extract(m.value, '$.host')"
     " where json_extract(m.value, '$.host') is not null"
     " and json_extract(m.value, '$.unusable') is null and h.host is null"),
    ("domains.mx.endpoints in endpoints",
     "select count(*) from domains, json_each(domains.mx) m, json_each(m.value, '$.endpoints') b"
     " left join endpoints e on e.endpoint = json_extract(m.value, '$.host') || '|' ||"
     " json_extract(b.value, '$.address') || '|' || json_extract(b.value, '$.port')"
     " where e.endpoint is null and ifnull(json_extract(b.value, '$.not_tested'), '') not in"
     " ('special_purpose', 'blocklisted', 'family_disabled', 'truncated')"),
    ("domains.mta_sts.policy_host in policies",
     "select count(*) from domains d left join policies p on p.policy_host = json_extract(d.mta_sts, '$.policy_host')"
     " where json_extract(d.mta_sts, '$.policy_host') is not null and p.policy_host is null"),
    ("a domain for each of policies",
     "select count(*) from policies p left join domains d on p.policy_host = json_extract(d.mta_sts, '$.policy_host')"
     " where d.domain is not p.domain"),
    ("policies.chain_id in chains",
     "select count(*) from policies p left join chains c using (chain_id)"
     " where p.chain_id is not null and c.chain_id is null"),
    ("policies.leaf_sha256 in certificates",
     "select count(*) from policies p left join certificates c on c.fingerprint_sha256 = p.leaf_sha256"
     " where p.leaf_sha256 is not null and c.fingerprint_sha256 is null"),
    ("policies.policy_sha256 in policy_bodies",
     "select count(*) from policies p left join policy_bodies b using (policy_sha256)"
     " where p.policy_sha256 is not null and b.policy_sha256 is null"),
    ("problems.input_line in domains",
     "select count(*) from problems p left join domains d using (input_line) where d.domain is not p.domain"),
    ("problems.cause in causes",
     "select count(*) from problems p left join causes c using (cause) where c.cause is null"),
    ("problems.causes in causes, each as often as its domain_count says",
     "select (select count(*) from causes left join (select j.value as cause, count(*) as n from problems,"
     " json_each(problems.causes) j group by 1) using (cause) where n is not domain_count)"
     " + (select count(*) from problems p, json_each(p.causes) j left join causes c on c.cause = j.value where c.cause is null)"),
    ("causes.thing in its own table",
     "select count(*) from causes c where not case kind when 'server' then thing in (select service from services)"
     " when 'certificate' then thing in (select fingerprint_sha256 from certificates)"
     " when 'chain' then thing in (select chain_id from chains) when 'policy' then thing in (select policy_host from policies)"
     " when 'host' then thing in (select host from hosts) else thing in (select domain from domains) end"),
    ("domains.top_cause in causes",
     "select count(*) from domains d left join causes c on c.cause = d.top_cause"
     " where d.top_cause is not null and c.cause is null"),
    ("domains.duplicate_of in domains",
     "select count(*) from domains d left join domains f on f.input_line = d.duplicate_of"
     " where d.duplicate_of is not null and (f.domain is null or f.domain <> d.domain)"),
]

CSV_JOINS = [
    ("routes.input_line in domains",
     "select count(*) from routes r left join domains d using (input_line) where d.input_line is null"),
    ("routes.endpoint in endpoints",
     "select count(*) from routes r left join endpoints e using (endpoint)"
     " where r.endpoint is not null and e.endpoint is null"),
    ("routes.service in services",
     "select count(*) from routes r left join services s using (service)"
     " where r.service is not null and s.service is null"),
    ("as many routes with an endpoint as in domains.mx",
     "select abs((select count(*) from routes where endpoint is not null) - (select count(*) from domains,"
     " json_each(domains.mx) m, json_each(m.value, '$.endpoints') b where"
     " ifnull(json_extract(b.value, '$.not_tested'), '') not in"
     " ('special_purpose', 'blocklisted', 'family_disabled', 'truncated')))"),
    ("as many findings as in the rows",
     "select abs((select count(*) from findings)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from domains)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from hosts)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from chains)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from certificates)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from completions)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from services)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from policies)"
     " - (select ifnull(sum(json_array_length(findings)), 0) from endpoints))"),
]


class Unloadable(Exception):
    """One line for people: what, where, what to do."""


def open_table(folder, name, ending):
    for suffix, opener in (("", open), (".gz", gzip.open)):
        path = os.path.join(folder, f"{name}.{ending}{suffix}")
        if os.path.exists(path):
            return opener(path, "rt", encoding="utf-8", newline="")
    path = os.path.join(folder, f"{name}.{ending}.zst")
    if os.path.exists(path):
        unpacking = subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return io.TextIOWrapper(unpacking.stdout, encoding="utf-8", newline="")
    return None


def value_of(value):
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def insert(database, name, columns, rows):
    names = ", ".join(f'"{column}"' for column in columns)
    database.execute(f'create table "{name}" ({names})')
    places = ", ".join("?" * len(columns))
    database.executemany(f'insert into "{name}" values ({places})', rows)


def demand_unique(database, name, key):
    columns = ", ".join(f'"{column}"' for column in key)
    database.execute(f'create unique index "{name}_key" on "{name}" ({columns})')


def load_ndjson(database, folder, name):
    file = open_table(folder, name, "ndjson")
    if file is None:
        raise Unloadable(f"{folder}: no {name}.ndjson, which is loaded (CSV alone is not): scan with --format ndjson or both")
    with file:
        first = file.readline()
        if not first:  # no rows: the key is enough for the joins
            columns = KEYS[name] + [c for c in ("chain_id", "leaf_sha256", "host", "service", "certificates", "mx",
                                                "status", "completing", "other_key", "chain_status", "findings", "duplicate_of", "domain", "mta_sts",
                                                "policy_sha256", "kind", "thing", "cause", "top_cause") if c not in KEYS[name]]
            insert(database, name, columns, [])
            return
        columns = list(json.loads(first))
        lines = itertools.chain([first], file)
        insert(database, name, columns, ([value_of(row[c]) for c in columns] for row in map(json.loads, lines)))
    demand_unique(database, name, KEYS[name])


def load_csv(database, folder, name):
    file = open_table(folder, name, "csv")
    if file is None:
        return False
    with file:
        records = csv.reader(file)
        columns = next(records)
        insert(database, name, columns, ([field if field else None for field in record] for record in records))
    demand_unique(database, name, CSV_KEYS[name])
    return True


def manifest_of(folder):
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    if not isinstance(manifest, dict):
        raise ValueError("not a manifest of mxcensus")
    return manifest


def load_table(database, folder, name, loader):
    """Rows as many as the manifest says. @return what the loader does"""
    files = manifest_of(folder).get("files", []) if os.path.exists(os.path.join(folder, "manifest.json")) else []
    wanted = [entry["rows"] for entry in files if (entry["table"], entry["format"]) == (name, "csv" if loader is load_csv else "ndjson")]
    try:
        found = loader(database, folder, name)
    except FileNotFoundError as error:
        raise Unloadable(f"{folder}: table {name} is packed with zstd, and that program is not installed: sudo apt-get install zstd") from error
    except (ValueError, KeyError, TypeError, EOFError, zlib.error, gzip.BadGzipFile, StopIteration, csv.Error, sqlite3.IntegrityError) as error:
        raise Unloadable(f"{folder}: table {name} is damaged ({type(error).__name__}: {error}): copy the results again, or scan again") from error
    if found is False:
        if wanted:
            raise Unloadable(f"{folder}: no {name}.csv, which manifest.json names: copy the results again")
        return False
    rows = database.execute(f'select count(*) from "{name}"').fetchone()[0]
    if wanted and rows != wanted[0]:
        raise Unloadable(f"{folder}: table {name} has {rows} rows, but {wanted[0]} when the scan ended: copy the results again, or scan again")
    return True


def load(folder, path):
    """@return (rows per table, {join: keys that lead nowhere}). A repeated key raises."""
    database = sqlite3.connect(path)
    try:
        return load_into(database, folder)
    finally:
        database.close()


def load_into(database, folder):
    for name in KEYS:
        load_table(database, folder, name, load_ndjson)
    joins = list(JOINS)
    if all([load_table(database, folder, name, load_csv) for name in CSV_KEYS]):
        database.execute("update routes set input_line = cast(input_line as integer)")
        joins += CSV_JOINS
    # The key from night to night.
    database.execute("create unique index domains_by_name on domains (domain) where duplicate_of is null and domain is not null")
    database.commit()
    counts = {name: database.execute(f'select count(*) from "{name}"').fetchone()[0] for name in KEYS}
    broken = {what: database.execute(query).fetchone()[0] for what, query in joins}
    return counts, broken


def load_new(folder, path):
    """As load(); the file has its name when all rows are in it."""
    if os.path.exists(path):
        raise Unloadable(f"{path}: is there already: delete it, or name another file")
    part = path + ".part"
    try:
        if os.path.exists(part):
            os.unlink(part)
        loaded = load(folder, part)
        os.rename(part, path)
    except (sqlite3.Error, OSError) as error:
        raise Unloadable(f"{path}: {error}") from error
    finally:
        if os.path.exists(part):
            os.unlink(part)
    return loaded


def refusal(folder):
    """@return what to do with results that cannot be loaded; None: they can"""
    try:
        manifest = manifest_of(folder)
    except (FileNotFoundError, NotADirectoryError):
        return f"{folder}: no manifest.json: these are no complete results of a scan"
    except (OSError, ValueError) as error:
        return f"{folder}/manifest.json: {error}"
    detail = manifest.get("detail", {"level": "full"})
    if detail["level"] == "normal" and not detail.get("partial") and not detail.get("less"):
        return f"{folder}: rows of normal detail; full ones are loaded: mxcensus analyze --detail full -o FULL {folder}"
    if detail["level"] != "full" or detail.get("partial") or detail.get("less"):
        return f"{folder}: columns or tables were left out (--detail summary, --tables, --columns), so this cannot be loaded: scan again"
    return None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    why = refusal(sys.argv[1])
    if why:
        sys.exit(why)
    try:
        counts, broken = load_new(sys.argv[1], sys.argv[2])
    except Unloadable as unloadable:
        sys.exit(str(unloadable))
    for name, count in counts.items():
        print(f"{count:10} rows in {name}")
    for what, count in broken.items():
        print(f"{count:10} keys lead nowhere: {what}")
    sys.exit(1 if any(broken.values()) else 0)


if __name__ == "__main__":
    main()
