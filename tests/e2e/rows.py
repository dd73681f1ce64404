"""Rows made comparable: without volatile columns, in a fixed order."""

import csv
import datetime
import json
import os
import re

from e2e.load_sqlite import open_table

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
DICTIONARY = os.path.join(DOCS, "data-dictionary.md")
CATALOGUE = os.path.join(DOCS, "findings.md")


def volatile_paths():
    """{table: [[key, key...], ...]}, read from the data dictionary."""
    with open(DICTIONARY, encoding="utf-8") as file:
        section = file.read().split("## Volatile columns", 1)[1]
    block = section.split("```")[1]
    paths = {}
    for line in block.split():
        name, *keys = line.split(".")
        paths.setdefault(name, []).append(keys)
    return paths


def drop(value, keys):
    """Removes the path from an object; a list on the way stands for each of its items."""
    if isinstance(value, list):
        for item in value:
            drop(item, keys)
    elif isinstance(value, dict):
        if len(keys) == 1:
            value.pop(keys[0], None)
        elif keys[0] in value:
            drop(value[keys[0]], keys[1:])


def volatile_findings():
    """Those that depend on the clock or on chance, read from the catalogue."""
    with open(CATALOGUE, encoding="utf-8") as file:
        return set(file.read().split("```")[1].split())


VOLATILE_FINDINGS = volatile_findings()


def stable(rows, name, paths):
    """Sorted texts of the rows of one table without what is volatile."""
    texts = []
    for row in rows:
        if "findings" in row:
            row["findings"] = [f for f in row["findings"] if f["code"] not in VOLATILE_FINDINGS]
        for keys in paths.get(name, []):
            drop(row, keys)
        texts.append(json.dumps(row, sort_keys=True, ensure_ascii=False))
    return sorted(texts)


def dictionary_tables():
    """{table: [(column, type, present), ...]}, read from the data dictionary."""
    with open(DICTIONARY, encoding="utf-8") as file:
        section = file.read().split("\n## Tables\n", 1)[1].split("\n## Objects inside rows\n")[0]
    tables = {}
    for part in section.split("\n### Table `")[1:]:
        rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| `")]
        tables[part.split("`")[0]] = [(cells[0].strip("| `"), cells[1], cells[2]) for cells in rows]
    return tables


def check_scan(folder, check):
    """All rows are of the scan in the manifest, and were made while it lasted. @return its id"""
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    scan_id = manifest["scan_id"]
    check(f"{folder}: scan_id is a UUIDv7", re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", scan_id), scan_id)
    moment = datetime.datetime.fromisoformat(manifest["started"].replace("Z", "+00:00"))
    check(f"{folder}: its time is that of the start", int(scan_id.replace("-", "")[:12], 16) == round(moment.timestamp() * 1000), (scan_id, moment))
    for entry in manifest["files"]:
        with open_table(folder, entry["table"], entry["format"]) as file:
            rows = map(json.loads, file) if entry["format"] == "ndjson" else csv.DictReader(file)
            ours = [(row["scan_id"], row["observed_at"]) for row in rows]
        check(f"{entry['name']}: rows of the scan", {row[0] for row in ours} <= {scan_id}, ours[:3])
        times = [row[1] for row in ours]
        check(f"{entry['name']}: made while it lasted", all(manifest["started"] <= time <= manifest["ended"] for time in times),
              (manifest["started"], min(times, default=None), max(times, default=None), manifest["ended"]))
        if entry["format"] == "csv":
            with open_table(folder, entry["table"], "csv") as file:
                text = file.read()
            check(f"{entry['name']}: a record is a line, for whatever reader", len(text.splitlines()) == len(ours) + 1, (len(text.splitlines()), len(ours)))
            check(f"{entry['name']}: fields that spreadsheets take", max(len(field) for row in csv.reader(text.splitlines()) for field in row) <= 32767)
    return scan_id
