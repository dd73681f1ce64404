"""Normal rows completed as the data dictionary tells, and nothing else, are the full rows.

    dictionary.py NORMAL FULL      two results of the same scan

The rules are read from the dictionary: a line that is wrong, or that nobody taught this reader, is a failure with its text.
"""

import base64
import collections
import hashlib
import ipaddress
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.load_sqlite import KEYS, open_table  # noqa: E402
from e2e.rows import CATALOGUE, DICTIONARY  # noqa: E402

Column = collections.namedtuple("Column", "name type nested present")
Rule = collections.namedtuple("Rule", "line value condition")
MADE_BY_ANALYZE = {"covers_domain", "mx_operator", "mx_operator_source"}  # of endpoints in lists, as the dictionary says
REPLY_COLUMNS = ("code", "text", "truncated")


def ticked(text):
    return re.findall(r"`([^`]+)`", text)


def lines_of_table(text, head):
    """The cells of the table that begins with `head`."""
    body = text.split(f"\n{head}\n", 1)[1].split("\n", 1)[1]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in body.split("\n\n", 1)[0].splitlines()]


# --- values of a DER certificate ----------------------------------------------------------------

def der_parts(octets):
    """(tag, whole, content) of each value."""
    at = 0
    while at < len(octets):
        begin, length, at = at, octets[at + 1], at + 2
        if length > 127:
            length, at = int.from_bytes(octets[at:at + length - 128], "big"), at + length - 128
        yield octets[begin], octets[begin:at + length], octets[at:at + length]
        at += length


def oid_text(content):
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 127
        if octet < 128:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def made_of_raw(raw, column):
    der = base64.b64decode(raw)
    if column == "fingerprint_sha1":
        return hashlib.sha1(der).hexdigest()
    try:
        tbs = next(der_parts(next(der_parts(der))[2]))
        fields = [part for part in der_parts(tbs[2]) if part[0] != 0xA0]  # without the version
        if column == "tbs_fingerprint":
            return hashlib.sha256(tbs[1]).hexdigest()
        if column == "serial_number_hex":
            return fields[0][2][:128].hex()
        return oid_text(next(der_parts(next(der_parts(fields[5][2]))[2]))[2])
    except (IndexError, StopIteration):
        return None


# --- the dictionary -----------------------------------------------------------------------------

class Dictionary:
    def __init__(self, text, catalogue):
        self.definitions = {}
        for part in re.split(r"\n### (?=Table|Object)", text)[1:]:
            self.definitions[ticked(part)[0]] = {column.name: column for column in self.columns(part)}
        self.items = [cells[0].strip("`") for cells in lines_of_table(text.split("### Vocabulary `readiness_item`", 1)[1], "| word | meaning |")]
        self.status = {outcome: ticked(cells[0])[0] for cells in lines_of_table(text, "| `status` (of zgrab2) | `outcome` |") for outcome in ticked(cells[1])}
        self.fix = dict(re.findall(r"^### `([^`]+)`$.*?^- fix: (.*?)$", catalogue, re.MULTILINE | re.DOTALL))
        self.zeros = dict(self.read_zeros(text.split("2. **It is false, empty or 0.**", 1)[1].split("\n3. **", 1)[0]))
        self.rules = collections.defaultdict(list)
        self.lists = {}  # what goes on elsewhere, where it is there as well
        self.used = collections.Counter()
        self.unknown = []
        self.read_rules(lines_of_table(text, "| column | where the fact is | condition |"))
        self.briefs = {}
        self.read_briefs(lines_of_table(text, "| in the list | in the rows |"))

    @staticmethod
    def columns(part):
        for name, kind, present, *_ in lines_of_table(part, "| column | type | present | meaning | source |"):
            nested = re.search(r"\(#object-(\w+)\)", kind)
            yield Column(name.strip("`"), kind.split("[")[0].strip(), nested and nested[1], present)

    @staticmethod
    def read_zeros(text):
        """((definition, column), what has to be there) of rule 2."""
        for bullet in text.split("\n   - ")[1:]:
            name = ticked(bullet)[0]
            for part in " ".join(bullet.split(f"`{name}`", 1)[1].split()).split(";"):
                condition = re.search(r"where `([^`]+)` is there", part)
                for column in ticked(part)[1 if condition else 0:]:
                    yield (name, column), condition and condition[1].split(".")

    def add(self, cells, columns, value, condition):
        for column in columns:
            self.rules[tuple(column.split("."))].append(Rule(" | ".join(cells), value, condition))
        self.used[" | ".join(cells)] += 0

    def read_rules(self, lines):
        before = None
        for column, where, condition in lines:
            cells = (column, where, condition)
            told = re.match(r"of this line and the next \w+(?:, of [^:]+)?: (.*)", condition)
            text = told[1] if told else before if condition.startswith("the same") else condition
            before = text
            if (column, where, text) in LISTS:
                path, value = LISTS[column, where, text]
                self.lists[path] = Rule(" | ".join(cells), value, parse_condition(text.split(". ")[0]) or always)
                self.used[" | ".join(cells)] += 0
                continue
            special = SPECIAL.get((column, where, text))
            paths = ticked(column)
            paths = [path if "." in path else paths[0].rsplit(".", 1)[0] + "." + path for path in paths]
            if special:
                self.add(cells, special[0], special[1], parse_condition(text) or always)
                continue
            values, condition_of = parse_where(where, paths), parse_condition(text)
            if values is None or condition_of is None:
                self.unknown.append(" | ".join(cells))
                continue
            for path, value in zip(paths, values):
                self.add(cells, [path], value, condition_of)

    def read_briefs(self, lines):
        for listed, where in lines:
            for i, column in enumerate(ticked(listed)):
                if where == "the same names in `endpoints`":
                    self.briefs[column] = lambda row, service, column=column: row.get(column)
                elif re.fullmatch(r"`endpoints\.\w+\.\w+`(, `endpoints\.\w+\.\w+`)*", where):
                    path = ticked(where)[i].split(".")[1:]
                    self.briefs[column] = lambda row, service, path=path: row.find(path)
                elif (column, where) in BRIEFS:
                    self.briefs[column] = BRIEFS[column, where]
                elif column not in MADE_BY_ANALYZE:
                    self.unknown.append(f"{listed} | {where}")


# --- a row that is completed --------------------------------------------------------------------

class Node:
    """An object of a row, or the row."""

    def __init__(self, results, value, name, path, up=None, place=0):
        self.results, self.value, self.name, self.path, self.up, self.place = results, value, name, path, up, place
        self.row = up.row if up else self

    def child(self, column, value):
        path = (*self.path, column.name)
        if column.type == "object":
            return Node(self.results, value, column.nested, path, self)
        return [Node(self.results, item, column.nested, path, self, i) for i, item in enumerate(value)]

    def wrap(self, column, value):
        if column.nested is None or value is None:
            return value
        made = self.child(column, value)
        return made.complete() if isinstance(made, Node) else [node.complete() for node in made]

    def has(self, name):
        return self.value.get(name) is not None

    def get(self, name):
        """The value that full rows have."""
        companion = name.endswith("_base64") and name not in self.results.book.definitions[self.name]
        column = None if companion else self.results.book.definitions[self.name][name]
        listed = self.results.book.lists.get((*self.path, name))
        if listed and listed.condition(self):
            value = listed.value(self, name)
            self.results.book.used[listed.line] += len(value) > len(self.value.get(name, []))
            return value
        if self.has(name):
            return self.value[name] if companion else self.wrap(column, self.value[name])
        for rule in self.rules(name):
            value = rule.value(self, name) if rule.condition(self) else None
            if value is not None:
                self.results.book.used[rule.line] += 1
                return value
        return None if companion else self.zero(column)

    def rules(self, name):
        rules = self.results.book.rules
        return [*rules.get((*self.path, name), []), *rules.get((*self.path, "*"), []), *rules.get((self.name, "*"), []), *rules.get((self.name, name), [])]

    def zero(self, column):
        zero = False if column.type == "boolean" else 0 if column.type == "unsigned" else [] if column.type.startswith("list") else None
        key = (self.name, column.name)
        if key in self.results.book.zeros:
            condition = self.results.book.zeros[key]
            return zero if condition is None or self.find(condition) is not None else None
        return zero if column.present == "always in full" else None

    def find(self, path):
        """Completed; what has the first name is this object, or what it is in."""
        node = self
        while path[0] not in self.results.book.definitions[node.name]:
            node = node.up
        for name in path:  # no more than it takes is completed: rules lead in circles
            if isinstance(node, Node):
                column = node.results.book.definitions[node.name].get(name)
                inner = column and column.type == "object" and node.has(name)
                node = node.child(column, node.value[name]) if inner else node.get(name)
            else:
                node = node.get(name) if node else None
        return node.complete() if isinstance(node, Node) else node

    def is_there(self, path):
        node = self
        while path[0] not in self.results.book.definitions[node.name]:
            node = node.up
        value = node.value
        for name in path:
            value = value.get(name) if value else None
        return value is not None and value is not False

    def of(self, table):
        """The row of another table that this one names."""
        of = self if self.name == "mx" else self.row
        return self.results.by_key[table].get(of.value.get("host" if table == "hosts" else "service"))

    def complete(self):
        columns = self.results.book.definitions[self.name]
        made = {name: self.get(name) for name, column in columns.items() if column.present not in ("not in full", "in no row")}
        for name in list(made):
            if columns[name].type.endswith("untrusted text"):
                made[name + "_base64"] = self.get(name + "_base64")
        return made


class Results:
    def __init__(self, folder, book):
        self.book = book
        self.rows = {}
        for name in (*KEYS, "outcome_sets"):
            file = open_table(folder, name, "ndjson")
            self.rows[name] = [Node(self, json.loads(line), name, (name,)) for line in file] if file else []
        self.by_key = {name: {row.value[key]: row for row in self.rows[name]}
                       for name, key in (("hosts", "host"), ("services", "service"), ("outcome_sets", "outcome_set"))}
        self.endpoints = collections.defaultdict(list)
        for row in self.rows["endpoints"]:
            self.endpoints[row.value["host"]].append(row)


# --- the words of the rules ---------------------------------------------------------------------

def always(node):
    return True


def parse_atom(text):
    for form, test in (
            (r"always", lambda node: True),
            (r"`([^`]+)` is there", lambda node, path: node.is_there(path.split("."))),
            (r"`([^`]+)` is absent", lambda node, path: not node.is_there(path.split("."))),
            (r"`([^`]+)` is true", lambda node, path: node.find(path.split(".")) is True),
            (r"`([^`]+)` is not true", lambda node, path: node.find(path.split(".")) is not True),
            (r"`([^`]+)` is `([^`]+)`", lambda node, path, word: node.find(path.split(".")) == word),
            (r"neither `([^`]+)` nor `([^`]+)`", lambda node, a, b: not node.is_there([a]) and not node.is_there([b]))):
        match = re.fullmatch(form, text)
        if match:
            return lambda node: test(node, *match.groups())
    return None


def parse_condition(text):
    atoms = [parse_atom(part) for part in re.split(r", and ", text)]
    return None if None in atoms else lambda node: all(atom(node) for atom in atoms)


def value_at(path):
    table, *rest = path.split(".")

    def value(node, name):
        companion = "_base64" if name.endswith("_base64") else ""
        if rest and table in KEYS:
            other = node.of(table)
            return other.find([*rest[:-1], rest[-1]]) if other and not companion else None
        return node.find([table, *rest]) if not companion else None
    return value


def parse_where(where, columns):
    """A function for each column; None: it is not known what is meant."""
    paths = ticked(where)
    if re.fullmatch(r"`[^`]+`( beside it)?", where):
        return [value_at(paths[0])] * len(columns)
    if re.fullmatch(r"a list of `[^`]+` alone", where):
        return [lambda node, name: [node.get(paths[0])] if node.has(paths[0]) else None] * len(columns)
    if re.fullmatch(r"the number of `hosts\.\w+`", where):
        return [lambda node, name: len((node.of("hosts").get(paths[0].split(".")[1]) or []) if node.of("hosts") else [])]
    if re.fullmatch(r"(`[^`]+`, )*`[^`]+` of the row", where) and len(paths) == len(columns):
        return [lambda node, name, path=path: node.row.find(path.split(".")) for path in paths]
    if where == "made of `raw`":
        return [lambda node, name: made_of_raw(node.get("raw"), name)] * len(columns)
    return None


def address_or_port(node, name):
    address, port = node.get("service").split("|")
    return address if name == "address" else int(port)


def property_before(node, name):
    names = list(node.results.book.definitions["rollup"])
    before = node.get(names[names.index(name) - 1])
    return {key: before[key] for key in ("value", "n_tested", "n_total")}


def outcomes_of_set(node, name):
    told = []
    for group in node.results.by_key["outcome_sets"][node.get("outcome_set")].value["groups"]:
        place = [node.value["outcome_places"][group["place"]]] if "place" in group else []
        for profile in group["profiles"]:
            decided_by = ": ".join([*place, *([group["decided_by"]] if "decided_by" in group else [])])
            told.append({"profile": profile, "best": group["best"], "worst": group["worst"], "decided_by": decided_by or None, "basis": group.get("basis")})
    return told


def items_of_readiness(node, name):
    there = {item["item"]: item for item in node.value.get("items", [])}
    column = node.results.book.definitions[node.name]["items"]
    return node.child(column, [there.get(item, {"item": item, "advisory": item == "default_certificate"}) for item in node.results.book.items])


def tlsa_place(node, name):
    host = node.of("hosts")
    if host is None or not host.has("cnames"):
        return "host" if host and host.find(["tlsa_dns", "state"]) not in (None, "not_asked") else None
    state = host.find(["expanded_tlsa_dns", "state"])
    failed = state in ("bogus", "servfail", "timeout", "malformed", "cname_loop")
    if host.get("address_dnssec") == "secure" and (failed or host.get("expanded_tlsa") and host.find(["expanded_tlsa_dns", "ad"])):
        return "target"
    return "alias" if host.find(["tlsa_dns", "state"]) not in (None, "not_asked") else None


def ptr_is_host(row, service):
    if service is None or service.find(["ptr", "dns", "state"]) not in ("data", "nodata", "nxdomain"):
        return None
    return any(name["name"] == row.get("host") for name in service.find(["ptr", "names"]) or [])


def no_sni_outcome(row, service):
    outcome = service.get("outcome") if service else None
    return outcome if "not_tested" not in (outcome, row.get("outcome")) else None


BRIEFS = {
    ("mapped", "false"): lambda row, service: False,
    ("inherited", "whether `endpoints.session_from` is there and `basis` is not `inferred`"):
        lambda row, service: row.has("session_from") and row.get("basis") != "inferred",
    ("group", "`endpoints.group` where `basis` is `inferred`, else null"):
        lambda row, service: row.get("group") if row.get("basis") == "inferred" else None,
    ("no_sni_outcome", "`services.outcome`; null where that or the outcome of the endpoint is `not_tested`"): no_sni_outcome,
    ("ptr_is_host", "whether a `name` of `services.ptr.names` is the host; null where `services.ptr.dns.state` is not `data`, `nodata` or `nxdomain`"):
        ptr_is_host,
}


def endpoints_of_host(node, name):
    """Those of the list, and the rows of `endpoints` that are not in it."""
    book = node.results.book
    listed = node.value.get(name, [])
    made = [item.complete() for item in node.child(book.definitions[node.name][name], listed)]
    there = {(item["address"], item["port"]) for item in listed}
    for row in node.results.endpoints[node.find(["host"])]:
        if (row.get("address"), row.get("port")) not in there:
            made.append({column: value(row, row.of("services")) for column, value in book.briefs.items()})
    return sorted(made, key=lambda item: (ipaddress.ip_address(item["address"]).version, ipaddress.ip_address(item["address"]), item["port"]))


def attempt_counts(node):
    return node.place + 1 == node.row.value.get("attempt")


def of_attempt(value):
    return lambda node, name: value(node, name) if attempt_counts(node) else None


def deciding_reply(node, name):
    transcript = node.row.get("transcript")
    replies = [transcript[step] for step in ("banner", "ehlo", "helo", "starttls", "ehlo_tls", "quit") if transcript and transcript[step]]
    if not replies or name.startswith("text") and node.row.get("outcome") == "established":
        return None
    decides = transcript["starttls"] if transcript["starttls"] and node.row.get("outcome") != "established" else replies[-1]
    return decides.get(name)


def reply_of_service(node, name):
    told = any(node.has(column) for column in REPLY_COLUMNS)
    service = node.row.of("services")
    return None if told or service is None else (service.find(["transcript", node.path[-1]]) or {}).get(name)


def handshake_of_service(node, name):
    service = node.row.of("services")
    return (service.get("handshake") or {}).get(name) if service and name not in ("sni", "ms", "chain_id", "leaf_sha256") else None


def serial_number_hex(node, name):
    if not node.has("serial_number"):
        return made_of_raw(node.get("raw"), name) if node.has("raw") else None
    number = int(node.get("serial_number"))
    digits = f"{abs(number):x}"
    return ("-" if number < 0 else "") + "0" * (len(digits) % 2) + digits


BOTH = ("services", "endpoints")
TRANSCRIPT = ("banner", "ehlo", "helo", "starttls", "ehlo_tls", "quit")

# (column, where, condition) -> (columns, what the words mean)
SPECIAL = {
    ("`rollup`, `rollup_primary`: a property", "the property before it in [rollup](#object-rollup)",
     "always; `reachable` is always there. Its `value`, `n_total` and `n_tested` are the same"): (["rollup.*"], property_before),
    ("`rollup`, `rollup_primary`: `n_total` of a property", "`n_total` of `reachable`", "the property is there"):
        (["rolled_up.n_total"], lambda node, name: node.up.get("reachable")["n_total"] if node.path[-1] != "reachable" else None),
    ("`rollup`, `rollup_primary`: `n_tested` of a property", "`n_total` of that property", "the property is there"):
        (["rolled_up.n_tested"], lambda node, name: node.get("n_total")),
    ("`domains.outcomes`", "`outcome_sets.groups`, by `outcome_set`", "`outcome_set` is there. `place` of a group counts in `outcome_places` from 0; "
     "`decided_by` in full is the place, `: ` and the `decided_by` of the group"):
        (["domains.outcomes"], lambda node, name: outcomes_of_set(node, name) if node.has("outcome_set") else None),
    ("`domains.mx.name_kind`", "nowhere", "always: it is `host`"): (["domains.mx.name_kind"], lambda node, name: "host"),
    ("`domains.mx.tlsa_at`", "in the row of the host: see below the table", "`host` is there, and neither `unusable` nor `blocklisted`"):
        (["domains.mx.tlsa_at"], tlsa_place),
    ("`endpoints.address`, `endpoints.port`", "in `service`: address, bar, port", "always"):
        (["endpoints.address", "endpoints.port"], address_or_port),
    ("`endpoints.transcript`: `code`, `text`, `truncated` of a reply", "the reply of the same name in `services.transcript`",
     "the reply is there and has none of the three"):
        ([f"endpoints.transcript.{step}.{column}" for step in TRANSCRIPT for column in (*REPLY_COLUMNS, "text_base64")], reply_of_service),
    ("`endpoints.handshake`: all but `sni`, `ms`, `chain_id` and `leaf_sha256`", "`services.handshake`", "`as_service` is true"):
        (["endpoints.handshake.*"], handshake_of_service),
    ("`attempts`: `outcome` of the attempt that counts (number `attempt`, from 1)", "`outcome` of the row", "`handshake` is there"):
        ([f"{table}.attempts.outcome" for table in BOTH], of_attempt(lambda node, name: node.row.get("outcome"))),
    ("`attempts`: its `code`, `text`", "in `transcript`, `code` of the reply that decides the outcome, such as that to STARTTLS; else of the last reply. "
     "`text` likewise, but null where the outcome is `established`", "`handshake` is there"):
        ([f"{table}.attempts.{column}" for table in BOTH for column in ("code", "text", "text_base64")], of_attempt(deciding_reply)),
    ("`attempts`: its `quirks`", "`transcript.quirks`", "`handshake` is there"):
        ([f"{table}.attempts.quirks" for table in BOTH], of_attempt(lambda node, name: node.row.find(["transcript", "quirks"]))),
    ("`attempts`: its `tls_version`, `alert_received`, `leaf_sha256`", "`handshake.version`, `handshake.alert_received`, `leaf_sha256` of the row",
     "`handshake` is there"):
        ([f"{table}.attempts.{column}" for table in BOTH for column in ("tls_version", "alert_received", "leaf_sha256")],
         of_attempt(lambda node, name: node.row.find({"tls_version": ["handshake", "version"], "alert_received": ["handshake", name]}.get(name, [name])))),
    ("`status` of `services`, `endpoints`, `attempts`", "a function of `outcome`: see below", "always"):
        (["services.status", "endpoints.status", "attempt.status"], lambda node, name: node.results.book.status.get(node.get("outcome"))),
    ("`problems.places.host`", "`host` of the place before it", "always; the first place has it"):
        (["problems.places.host"], lambda node, name: next(p["host"] for p in reversed(node.up.value["places"][:node.place]) if "host" in p)),
    ("`problems.fix`, `causes.fix`", "of `code`, in [findings.md](findings.md)", "always"):
        (["problems.fix", "causes.fix"], lambda node, name: node.results.book.fix[node.get("code")]),
    ("`certificates.serial_number_hex`", "`serial_number` in hexadecimal, an even number of digits; where that is absent made of `raw`", "`version` is there"):
        (["certificates.serial_number_hex"], serial_number_hex),
}

# The same of a list that is there and goes on elsewhere.
LISTS = {
    ("`domains.sts_readiness.items`: an item", "nowhere",
     "`sts_readiness` is there: the item does not apply. Its `result` and `endpoint` are null; `advisory` is true of `default_certificate` alone"):
        (("domains", "sts_readiness", "items"), lambda node, name: [item.complete() for item in items_of_readiness(node, name)]),
    ("`domains.mx.endpoints`: an endpoint", "the rows of `endpoints` with that `host`",
     "`endpoints_truncated` is not true. What is in the list has no row there, or says more (`mapped`): it comes first, and counts once"):
        (("domains", "mx", "endpoints"), endpoints_of_host),
    ("`hosts.endpoints`: an endpoint", "the rows of `endpoints` with that `host`", "always; likewise"): (("hosts", "endpoints"), endpoints_of_host),
}


# --- held against full rows ---------------------------------------------------------------------

def differences(got, want, path):
    """(path, completed, full) of every value that is not the same."""
    if isinstance(got, dict) and isinstance(want, dict) and path[-1] != "metadata":
        for name in want.keys() | got.keys():
            if not (path[-1] == "endpoints" and name in MADE_BY_ANALYZE):
                yield from differences(got.get(name), want.get(name), (*path, name))
    elif isinstance(got, list) and isinstance(want, list) and len(got) == len(want):
        for one, other in zip(got, want):
            yield from differences(one, other, path)
    elif got != want:
        yield path, got, want


def sorted_outcomes(row):
    """In the order of the profiles, which no table has."""
    if row.get("outcomes"):
        row["outcomes"] = sorted(row["outcomes"], key=lambda outcome: outcome["profile"])
    return row


def compare(normal, full):
    """(faults, rules that no row had a use for, columns of full rows that were made)."""
    with open(DICTIONARY, encoding="utf-8") as dictionary, open(CATALOGUE, encoding="utf-8") as catalogue:
        book = Dictionary(dictionary.read(), catalogue.read())
    faults = {line: "the reader of tests/e2e/dictionary.py does not know this rule" for line in book.unknown}
    results, wholes, columns = Results(normal, book), Results(full, book), 0
    for name, keys in KEYS.items():
        want = {tuple(row.value[key] for key in keys): row.value for row in wholes.rows[name]}
        for row in results.rows[name]:
            whole = want.pop(tuple(row.get(key) for key in keys), None)
            made = sorted_outcomes(row.complete())
            columns += len(made)
            for path, got, told in differences(made, sorted_outcomes(whole or {}), (name,)):
                faults.setdefault(".".join(path), f"{'|'.join(str(row.value.get(key)) for key in keys)}: completed {got!r}, in full {told!r}"[:600])
        if want:
            faults[name] = f"{len(want)} full rows have no normal one"
    return faults, [line for line, count in book.used.items() if count == 0], columns


def main():
    faults, unused, columns = compare(*sys.argv[1:3])
    for where, what in faults.items():
        print(f"{where}: {what}")
    for line in unused:
        print(f"no row needs: {line}")
    print(f"{columns} columns of rows were made, {len(faults)} differ")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
