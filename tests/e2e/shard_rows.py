"""Rows of shards beside those of one scan: what may differ, and what does."""

import hashlib
import json
import os

from e2e.determinism import paths_that_differ
from e2e.load_sqlite import KEYS
from e2e.rows import VOLATILE_FINDINGS, drop
from e2e.runner import check

# Blocks are of a shard's own lines; some servers of the lab close as we say QUIT.
DEPENDS = {"hosts": [["block"], ["endpoints", "inherited"]], "domains": [["mx", "endpoints", "inherited"]], "services": [["transcript", "quit"], ["attempts", "code"]],
           "endpoints": [["transcript", "quit"], ["attempts", "code"]]}
# Which names are asked where sessions fail before the name matters depends on who was asked before.
SPOKEN = ("session_from", "attempts", "attempt", "transcript", "findings")


def keyed_rows(out, name, paths):
    """Each with its key, without what may differ."""
    with open(os.path.join(out, name + ".ndjson"), "rb") as file:
        for line in file:
            row = json.loads(line)
            if "findings" in row:
                row["findings"] = [f for f in row["findings"] if f["code"] not in VOLATILE_FINDINGS]
            for keys in paths.get(name, []) + DEPENDS.get(name, []):
                drop(row, keys)
            yield tuple(json.dumps(row[key]) for key in KEYS[name]), row


def rows_of(out, name, paths, only=None):
    """@param only keys that are wanted; None: all"""
    rows = {}
    for key, row in keyed_rows(out, name, paths):
        if only is None or key in only:
            check(f"{out}: {name} has {key} once", key not in rows)
            rows[key] = row
    return rows


def digests_of(out, name, paths):
    """{key: digest of the row}, for tables that are too long to be kept."""
    digests = {}
    for key, row in keyed_rows(out, name, paths):
        check(f"{out}: {name} has {key} once", key not in digests)
        digests[key] = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()[:16]
    return digests


def differences(name, one, other, spoken=None):
    """@param spoken the rows, where they have been changed before"""
    of_others = [row["session_from"] is not None and row["basis"] == "observed" for row in spoken or (one, other)] if name == "endpoints" else []
    if any(of_others):
        one, other = ({key: value for key, value in row.items() if key not in SPOKEN} for row in (one, other))
    return paths_that_differ(one, other)
