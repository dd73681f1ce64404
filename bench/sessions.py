"""Shared by bound and plan: which sessions the rows of a scan tell, with what each took, and the limits that it had."""

import collections
import datetime
import ipaddress
import json
import os


class Limits:
    def __init__(self, options):
        self.address_rate = float(options["address-rate"].split("/")[0])
        self.address_limit = int(options["address-limit"])
        self.network_limit = int(options["network-limit"])
        self.operator_limit = int(options["operator-limit"])
        self.concurrency = int(options["concurrency"])
        self.dns_rate = int(options["dns-rate-limit"])
        self.dns_pass_s = float(options["dns-timeout"]) * int(options["dns-tries"])
        self.dns_pause_s = float(options["dns-retry-pause"])
        self.retry_pause_s = float(options["retry-pause"])
        self.tempfail_pause_s = float(options["tempfail-pause"])
        self.interval_s = int(1000 / self.address_rate) / 1000 if self.address_rate > 0 else 0


class Session:
    """One connection: start (seconds of the clock; None: not told), seconds it took, when its name is known."""

    def __init__(self, address, start, took, known=0.0):
        self.address = address
        self.start = start
        self.took = took
        self.known = known


def rows(folder, table):
    with open(os.path.join(folder, table + ".ndjson"), encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def network_of(address):
    wide = 24 if ":" not in address else 48
    return str(ipaddress.ip_network(f"{address}/{wide}", strict=False))


def known_times(folder, rate):
    """-> when each host can be known to who reads the list in order and asks for nothing but MX and A, all, questions"""
    hosts = {}
    asked = 0
    lines = sorted((row["input_line"], [mx["host"] for mx in row["mx"] or [] if mx.get("host")])
                   for row in rows(folder, "domains"))
    for _, names in lines:
        asked += 1
        for name in names:
            if name not in hosts:
                asked += 1
                hosts[name] = asked / rate if rate else 0.0
    return hosts


class Work:
    """All sessions of a scan, as rows tell them."""

    def __init__(self, folder, limits):
        self.limits = limits
        self.sessions = []  # that the plan needs
        self.repeats = 0  # made beyond it
        self.made = 0
        self.accepted = 0  # of these, as the lab counts them
        self.fetches = 0
        self.paths = []  # (seconds, what, when it can begin): a visit with its pauses
        self.by_operator = collections.defaultdict(float)
        self.told = []  # all that were made: (start, end, address)
        known = known_times(folder, limits.dns_rate)
        first_known = {}
        leaves = set()
        for row in rows(folder, "endpoints"):
            at = known.get(row["host"], 0.0)
            address = row["address"]
            first_known[address] = min(at, first_known.get(address, at))
            if not row["session_from"]:
                self.add_name(row, at, leaves)
        for row in rows(folder, "services"):
            at = first_known.get(row["address"], 0.0)
            self.add_visit(row["address"], row["attempts"], row["service"], at)
            for column in ("versions", "ciphers"):
                for _ in range((row[column] or {}).get("connections", 0)):
                    self.add(Session(row["address"], None, 0.0, at))
            if row["wrong_sni"]:
                self.add_attempt(row["address"], row["wrong_sni"]["attempt"], at)
        for row in rows(folder, "policies"):
            for attempt in row["attempts"]:
                self.fetches += 1
                self.add(Session(attempt["address"], None, (attempt["connect_ms"] or 0) / 1000))
        self.made -= self.fetches

    def add(self, session):
        self.made += 1
        self.sessions.append(session)

    def add_attempt(self, address, attempt, at):
        took = (attempt["total_ms"] or 0) / 1000
        start = seconds_of(attempt["started"])
        self.told.append((start, start + took, address))
        self.accepted += attempt["connect_ms"] is not None
        self.add(Session(address, start, took, at))
        return took

    def add_visit(self, address, attempts, what, at):
        path = 0.0
        for i, attempt in enumerate(attempts):
            path += self.add_attempt(address, attempt, at)
            if i + 1 < len(attempts):
                begins = seconds_of(attempts[i + 1]["started"])
                pause = begins - self.told[-1][1]
                long = pause >= self.limits.tempfail_pause_s - 1
                path += self.limits.tempfail_pause_s if long else self.limits.retry_pause_s
        if len(attempts) > 1:
            self.paths.append((path, what, at))
        return path

    def add_name(self, row, at, leaves):
        attempts = row["attempts"]
        first = len(attempts)
        if row["repeated"]:
            first = 1 + next(i for i, a in enumerate(attempts)
                             if a["outcome"] == "established" and a["leaf_sha256"] != row["no_sni_leaf_sha256"])
        took = self.add_visit(row["address"], attempts[:first], row["endpoint"], at)
        leaf = row["service"], row["leaf_sha256"]
        for attempt in attempts[first:]:
            if leaf in leaves:
                start = seconds_of(attempt["started"])
                self.told.append((start, start + (attempt["total_ms"] or 0) / 1000, row["address"]))
                self.made += 1
                self.accepted += attempt["connect_ms"] is not None
                self.repeats += 1
            else:
                leaves.add(leaf)
                took += self.add_attempt(row["address"], attempt, at)
        for further in ("dane_sni", "other_key"):
            if row[further] and row[further].get("attempt"):
                took += self.add_attempt(row["address"], row[further]["attempt"], at)
        self.by_operator[row["mx_registrable_domain"] or row["host"]] += took
