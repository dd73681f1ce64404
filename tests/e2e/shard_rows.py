"""Rows of shards beside those of one scan: what may differ, and what does."""

import json

from e2e.determinism import paths_that_differ
from e2e.load_sqlite import KEYS
from e2e.rows import VOLATILE_FINDINGS, drop
from e2e.runner import check, read_table

# Blocks are of a shard's own lines; some servers of the lab close as we say QUIT.
DEPENDS = {"hosts": [["block"], ["endpoints", "inherited"]], "domains": [["mx", "endpoints", "inherited"]], "services": [["transcript", "quit"], ["attempts", "code"]],
           "endpoints": [["transcript", "quit"], ["attempts", "code"]]}
# Which names are asked where sessions fail before the name matters depends on who was asked before.
SPOKEN = ("session_from", "attempts", "attempt", "transcript", "findings")


def rows_of(out, name, paths):
    rows = {}
    for row in read_table(out, name):
        if "findings" in row:
            row["findings"] = [f for f in row["findings"] if f["code"] not in VOLATILE_FINDINGS]
        for keys in paths.get(name, []) + DEPENDS.get(name, []):
            drop(row, keys)
        key = tuple(json.dumps(row[key]) for key in KEYS[name])
        check(f"{out}: {name} has {key} once", key not in rows)
        rows[key] = row
    return rows


def differences(name, one, other, spoken=None):
    """@param spoken the rows, where they have been changed before"""
    of_others = [row["session_from"] is not None and row["basis"] == "observed" for row in spoken or (one, other)] if name == "endpoints" else []
    if any(of_others):
        one, other = ({key: value for key, value in row.items() if key not in SPOKEN} for row in (one, other))
    return paths_that_differ(one, other)
