"""Rows made comparable: without volatile columns, in a fixed order."""

import json
import os

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
