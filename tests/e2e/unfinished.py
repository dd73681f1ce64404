"""Results of a scan that did not come to its end: which lines have rows, and whether rows name what is not there."""

import json

from e2e.load_sqlite import open_table


def rows_of(out, name):
    with open_table(out, name, "ndjson") as file:
        yield from map(json.loads, file)


def lines_of(ranges):
    return [line for first, last in ranges for line in range(first, last + 1)]


def dangling(out):
    """Keys that rows name and no row has."""
    certificates = {row["fingerprint_sha256"] for row in rows_of(out, "certificates")}
    chains = {row["chain_id"] for row in rows_of(out, "chains")}
    services = {row["service"] for row in rows_of(out, "services")}
    endpoints = {row["endpoint"] for row in rows_of(out, "endpoints")}
    hosts = {row["host"] for row in rows_of(out, "hosts")}
    for row in rows_of(out, "chains"):
        yield from (("certificate", sha256) for sha256 in row["certificates"] if sha256 not in certificates)
    for name in ("services", "endpoints", "policies"):
        yield from (("chain of " + name, row["chain_id"]) for row in rows_of(out, name)
                    if row.get("chain_id") and row["chain_id"] not in chains)
    for row in rows_of(out, "endpoints"):
        yield from (("service", row["service"]),) if row["service"] not in services else ()
        yield from (("host", row["host"]),) if row["host"] not in hosts else ()
    places = {endpoint.rpartition("|")[0] for endpoint in endpoints}
    for row in rows_of(out, "hosts"):
        told = {e["address"] for e in row.get("endpoints") or []}
        keys = (f"{row['host']}|{e['address']}|{e['port']}" for e in row.get("endpoints") or []
                if e["outcome"] != "not_tested" or e.get("not_tested") == "address_budget")
        yield from (("endpoint", key) for key in keys if key not in endpoints)
        # Rows of less than full detail have only those without a row of their own.
        keys = (f"{row['host']}|{address}" for address in row.get("addresses") or [] if address not in told and row.get("block") is not None)
        yield from (("endpoint", key) for key in keys if key not in places)
    for row in rows_of(out, "domains"):
        yield from (("host", mx["host"]) for mx in row.get("mx") or [] if mx.get("host") and not mx.get("unusable") and mx["host"] not in hosts)
