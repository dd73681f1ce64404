"""The arithmetic of bench/plan: what a scan of N domains needs, from what a smaller one took. No files, no clock.

An address with many names that only one domain each has keeps its share of the list: ten times the lines are ten times the names there, up to
--names-per-address. A name that three domains or more share is there once, however long the list, and so is an address of such names. All other names come in
proportion to the lines, and their addresses (most of them have one name) as between half of the measured list and the whole.
"""

import math

CROWD = 10  # names at an address from which it is taken to have its share of any list
GROUP_CHECK_ONE_IN = 1000  # names under a listed wildcard (certificate_groups.h)
LINE_CPU_S = 58e-6  # of a domain that brings no new server: RESULTS.md, whole scans of the lab, ten times the domains
# Of memory for a finished key, by its table; a service with its name of reverse DNS: RESULTS.md, what is kept of finished keys
KEPT_OCTETS = {"domains": 31, "hosts": 17, "endpoints": 17, "services": 202 + 17, "chains": 38, "certificates": 71}
CONNECTION_OCTETS = 31 << 10  # of memory: docs/performance.md, memory
WORK_LINES = 32768  # at most under way in memory: docs/operating.md
LINE_OCTETS = 1400 + 4 * 210  # of memory for each of these, with its four questions: docs/performance.md, memory
HOST_OCTETS = 1300  # of its hosts: the same
DAY_S = 86400.0
MIB = float(1 << 20)


class Address:
    """One that keeps its share: its names by kind, sessions and what they took as measured."""

    FIELDS = ("network", "operator", "names", "shared", "members", "group_dialled", "dialled", "sessions", "took_s", "turn_s")

    def __init__(self, values):
        for field, value in zip(self.FIELDS, values):
            setattr(self, field, value)

    def names_dialled(self, growth, parts, budget):
        """In one of `parts` shards, all of which visit it."""
        checks = self.members * growth / parts / GROUP_CHECK_ONE_IN
        own = self.names * growth / parts
        wanted = own + self.shared + self.group_dialled + checks
        return min(wanted, budget) if budget else wanted

    def sessions_of(self, dialled):
        """One without SNI and as many for each name as were measured, repeats and second chances included."""
        return 1 + (self.sessions - 1) / self.dialled * dialled

    def each_took_s(self):
        return self.took_s / self.sessions

    def turn_of(self, interval_s):
        """From the start of a session to that of the next, one at a time."""
        return max(interval_s, self.turn_s / self.sessions)


class Measured:
    """A scan that was measured: the content of a file that `bench/plan --measure` wrote."""

    def __init__(self, content):
        self.content = content
        self.lines = content["lines"]
        self.options = content.get("options")
        self.addresses = [Address(values) for values in content.get("addresses", [])]
        self.others = content.get("others")

    def get(self, key):
        return self.content.get(key)

    def number(self, key):
        return float(self.options[key].split("/")[0])


class Plan:
    """What `lines` domains need on `machines`, one shard on each, with the measured limits unless told otherwise.

    @param lab the lab is on the same processors, as it was when this was measured
    """

    def __init__(self, measured, lines, machines=1, processors=None, dns_rate=None, lab=False):
        self.measured = measured
        self.lines = lines
        self.machines = machines
        self.lab = lab
        self.processors = processors or measured.get("processors")
        self.dns_rate = measured.number("dns-rate-limit") if dns_rate is None else dns_rate
        self.growth = lines / measured.lines
        self.budget = measured.number("names-per-address")
        self.visits()
        self.limits()

    # --- sessions ---

    def visits(self):
        m = self.measured
        self.by_network = {}
        self.by_operator = {}
        self.sessions = self.took_s = self.slowest_s = 0.0
        self.busiest = None  # how many sessions there in each shard, address
        rate = m.number("address-rate")
        interval = int(1000 / rate) / 1000 if rate else 0.0
        for at in m.addresses:
            dialled = at.names_dialled(self.growth, self.machines, self.budget)
            each = at.sessions_of(dialled)
            seconds = each * at.turn_of(interval * self.machines)
            if seconds > self.slowest_s:
                self.slowest_s, self.busiest = seconds, (each, at)
            took = each * self.machines * at.each_took_s()
            self.sessions += each * self.machines
            self.took_s += took
            for sums, key in ((self.by_network, at.network), (self.by_operator, at.operator)):
                sums[key] = sums.get(key, 0.0) + took
        others = self.others_sessions()
        self.sessions += others
        if others:
            self.took_s += others * m.others["took_s"] / m.others["sessions"]

    def others_sessions(self):
        """Those of names grow with the lines of a shard, those that an address has once with the number of addresses."""
        others = self.measured.others
        part = self.growth / self.machines
        return self.machines * (others["dialled"] * part + (others["sessions"] - others["dialled"]) * part ** self.exponent())

    def exponent(self):
        """Addresses are as many as the lines to this power: half of the measured lines lead to `in_half` of them."""
        others = self.measured.others
        return math.log2(others["addresses"] / others["in_half"]) if others["in_half"] else 1.0

    # --- seconds by limit ---

    def limits(self):
        m = self.measured
        ratio = self.lines / m.lines
        self.questions = m.get("questions") * ratio
        measured_sessions = Plan.sessions_measured(m)
        session_cpu = max(0.0, m.get("cpu_s") - m.lines * LINE_CPU_S) / measured_sessions
        self.cpu_s = self.lines * LINE_CPU_S + self.sessions * session_cpu
        self.seconds = {"address": max(self.slowest_s, m.others["slowest_s"])}
        self.seconds["network"] = self.of_sums(self.by_network, "network-limit", m.get("network_took_s"))
        self.seconds["operator"] = self.of_sums(self.by_operator, "operator-limit", 0.0)
        self.seconds["concurrency"] = self.took_s / (m.number("concurrency") * self.machines)
        self.seconds["DNS"] = self.questions / self.dns_rate if self.dns_rate else 0.0
        lab_cpu = m.get("lab_cpu_s") * self.sessions / measured_sessions if self.lab else 0.0
        self.seconds["CPU"] = (self.cpu_s + lab_cpu) / (self.processors * self.machines)
        self.rules = max(self.seconds, key=self.seconds.get)
        self.bound_s = self.seconds[self.rules]

    def of_sums(self, sums, option, least):
        limit = self.measured.number(option)
        return max([least, *sums.values()]) / limit if limit else 0.0

    @staticmethod
    def sessions_measured(m):
        return sum(at.sessions for at in m.addresses) + m.others["sessions"]

    # --- what follows ---

    def slow_s(self):
        """An address of so many names as are tested, each with two sessions, as slow as few are: it may be among those that were not measured."""
        return 2 * self.budget * self.measured.get("slow_session_s")

    def longest_s(self):
        return 2 * self.budget * self.measured.number("target-timeout")

    def closing_s(self):
        """Of the lines of one machine, after the last session: tables that need the whole scan."""
        return self.measured.get("closing_s") * self.growth / self.machines

    def wall_s(self):
        """The bound, what the measured scan took beside its own, and the closing."""
        own = Plan(self.measured, self.measured.lines, lab=True)
        beside = max(0.0, self.measured.get("wall_s") - own.bound_s - own.closing_s())
        return self.bound_s + beside + self.closing_s()

    def connections(self):
        return self.measured.get("connections") * self.sessions / Plan.sessions_measured(self.measured)

    def kept_mib(self):
        """Of all finished keys together."""
        rows = self.measured.get("rows")
        octets = sum(each * rows[table][0] for table, each in KEPT_OCTETS.items() if table in rows)
        return octets / MIB * self.growth

    def in_flight(self):
        """The most connections of one machine: they begin no faster than DNS or CPU allow, or as they were measured."""
        fastest = max(self.seconds["DNS"], self.seconds["CPU"])
        together = self.took_s / self.machines / fastest if fastest else 0.0
        most = max(together, self.measured.get("in_flight_max"))
        limit = self.measured.number("concurrency")
        return min(most, limit) if limit else most

    def peak_mib(self):
        """Of one machine: the measured peak and what is more here, connections, lines under way, finished keys."""
        m = self.measured
        lines = min(self.lines / self.machines, WORK_LINES) - min(m.lines, WORK_LINES)
        each = LINE_OCTETS + HOST_OCTETS * m.get("rows").get("hosts", [0])[0] / m.lines
        kept = self.kept_mib() * (1 / self.machines - 1 / self.growth)
        return m.get("peak_mib") + ((self.in_flight() - m.get("in_flight_max")) * CONNECTION_OCTETS + lines * each) / MIB + kept

    def row_octets(self, table=None):
        rows = self.measured.get("rows")
        some = [table] if table else list(rows)
        return sum(rows[t][1] for t in some) * self.lines / self.measured.lines

    def sizes(self):
        """(detail, codec, octets) of all rows, as measured for each line."""
        for detail, tables in (self.measured.get("sizes") or {}).items():
            for i, codec in enumerate(("none", "zstd:3")):
                yield detail, codec, sum(pair[i] for pair in tables.values()) * self.lines / self.measured.lines

    def resolvers(self, rate):
        """So many with `rate` questions a second each that DNS takes no longer than what rules besides."""
        besides = max(s for name, s in self.seconds.items() if name != "DNS")
        return max(1, math.ceil(self.questions / (besides * rate)))


def machines_for(measured, lines, days, rate, most=4096):
    """-> the fewest, each with a resolver of `rate`, that need no more than so many days; None: none of them does"""
    count = 1
    while count <= most:
        if Plan(measured, lines, count, dns_rate=rate * count).wall_s() <= days * DAY_S:
            return count
        count += 1 if count < 16 else count // 8
    return None
