#!/usr/bin/env python3
"""Tests of bench/plan: its arithmetic by hand, and what it reads from a log and from rows. Runs nothing of ours; label lint."""

import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from plan_model import HOST_OCTETS, LINE_CPU_S, LINE_OCTETS, MIB, Measured, Plan, machines_for  # noqa: E402

loader = importlib.machinery.SourceFileLoader("plan", os.path.join(HERE, "plan"))
program = importlib.util.module_from_spec(importlib.util.spec_from_loader("plan", loader))
loader.exec_module(program)

OPTIONS = {"infer": "listed", "names-per-address": "500", "address-rate": "2/s", "address-limit": "1", "network-limit": "8", "operator-limit": "64",
           "concurrency": "4000", "dns-rate-limit": "5000", "detail": "full", "compress": "none", "probes": "sni,no-sni-short", "target-timeout": "120"}
NOTHING_ELSE = {"addresses": 0, "in_half": 0.0, "dialled": 0, "sessions": 0, "took_s": 0.0, "slowest_s": 0.0}
ALONE = ["192.0.2.0/24", "example", 20, 0, 0, 0, 20, 41, 41 * 0.2, 41 * 0.5]


def measured(**changes):
    content = {"lines": 1000, "options": OPTIONS, "processors": 2, "wall_s": 30.0, "cpu_s": 1.0, "peak_mib": 60.0, "connections": 40, "questions": 6000, "in_flight_max": 10, "closing_s": 0.5, "lab_cpu_s": 0.0,
               "sessions": 41, "session_octets": 1000, "slow_session_s": 3.0, "network_took_s": 1.0, "rows": {"domains": [1000, 9000000]},
               "others": NOTHING_ELSE, "addresses": [ALONE]}
    return Measured({**content, **changes})


class Sessions(unittest.TestCase):
    def sessions(self, lines, machines=1, **changes):
        return Plan(measured(**changes), lines, machines).sessions

    def test_names_of_an_address_grow_up_to_the_budget(self):
        self.assertAlmostEqual(self.sessions(1000), 41)
        self.assertAlmostEqual(self.sessions(10000), 401)
        self.assertAlmostEqual(self.sessions(1000000), 1001)

    def test_names_that_many_share_stay(self):
        self.assertAlmostEqual(self.sessions(1000000, addresses=[["192.0.2.0/24", "example", 0, 5, 0, 0, 5, 6, 1.2, 3.0]]), 6)

    def test_one_in_a_thousand_of_a_group_is_a_check(self):
        self.assertAlmostEqual(self.sessions(100000, addresses=[["192.0.2.0/24", "example", 0, 0, 500, 3, 3, 4, 1.2, 3.0]]), 1 + 3 + 50)

    def test_other_addresses_come_with_the_lines(self):
        others = {"addresses": 70, "in_half": 35.0, "dialled": 80, "sessions": 150, "took_s": 300.0, "slowest_s": 3.0}
        self.assertAlmostEqual(self.sessions(10000, addresses=[], others=others), 1500)
        self.assertAlmostEqual(self.sessions(10000, 2, addresses=[], others=others), 1500)
        # Half of the lines lead to two thirds of the addresses: 2 to the power of 0.585 is 1.5.
        others["in_half"] = 70 / 1.5
        self.assertAlmostEqual(self.sessions(4000, addresses=[], others=others), 4 * 80 + 1.5 * 1.5 * 70)
        self.assertAlmostEqual(self.sessions(4000, 2, addresses=[], others=others), 2 * (2 * 80 + 1.5 * 70))

    def test_each_shard_has_its_part_of_the_names_and_its_own_budget(self):
        self.assertAlmostEqual(self.sessions(10000, 4), 4 * (1 + 2 * 50))
        self.assertAlmostEqual(self.sessions(1000000, 4), 4 * 1001)


class Seconds(unittest.TestCase):
    def test_each_limit(self):
        others = {"addresses": 4000, "in_half": 2000.0, "dialled": 36000, "sessions": 40000, "took_s": 100000.0, "slowest_s": 3.0}
        plan = Plan(measured(others=others), 100000, machines=2)
        self.assertAlmostEqual(plan.seconds["address"], 1001 * 1.0)  # two shards: each at half the rate
        self.assertAlmostEqual(plan.seconds["network"], 2 * 1001 * 0.2 / 8)
        self.assertAlmostEqual(plan.seconds["operator"], 2 * 1001 * 0.2 / 64)
        self.assertAlmostEqual(plan.seconds["concurrency"], (100 * 100000 + 2 * 1001 * 0.2) / 8000)
        self.assertAlmostEqual(plan.seconds["DNS"], 600000 / 5000)
        each = (1.0 - 1000 * LINE_CPU_S) / 40041
        self.assertAlmostEqual(plan.seconds["CPU"], (100000 * LINE_CPU_S + (4000000 + 2002) * each) / 4)
        self.assertEqual(plan.rules, "concurrency")

    def test_a_slow_address_has_longer_turns(self):
        slow = ["192.0.2.0/24", "example", 20, 0, 0, 0, 20, 41, 41 * 3.0, 41 * 3.0]
        self.assertAlmostEqual(Plan(measured(addresses=[slow]), 1000).seconds["address"], 41 * 3.0)

    def test_no_limit_takes_no_time(self):
        unlimited = {**OPTIONS, "address-rate": "0/s", "dns-rate-limit": "0", "network-limit": "0", "operator-limit": "0"}
        seconds = Plan(measured(options=unlimited), 1000).seconds
        self.assertEqual([seconds[name] for name in ("DNS", "network", "operator")], [0, 0, 0])

    def test_the_measured_scan_is_predicted_from_itself(self):
        m = measured()
        plan = Plan(m, m.lines)
        for predicted, key in ((plan.wall_s(), "wall_s"), (plan.cpu_s, "cpu_s"), (plan.peak_mib(), "peak_mib"), (plan.connections(), "connections"),
                               (plan.questions, "questions"), (plan.row_octets(), None)):
            self.assertAlmostEqual(predicted, m.get(key) if key else 9000000)

    def test_what_a_scan_took_beyond_its_bound_is_taken_along(self):
        beside = 30.0 - 41 * 0.5 - 0.5
        self.assertAlmostEqual(Plan(measured(), 100000).wall_s(), 1001 * 0.5 + beside + 50)
        self.assertAlmostEqual(Plan(measured(), 100000, 2).wall_s(), 1001 * 1.0 + beside + 25)

    def test_a_lab_takes_its_part_of_the_processors(self):
        m = measured(lab_cpu_s=100.0, wall_s=60.0)
        self.assertAlmostEqual(Plan(m, 1000, lab=True).seconds["CPU"], 101.0 / 2)
        self.assertAlmostEqual(Plan(m, 1000, lab=True).wall_s(), 60.0)
        self.assertAlmostEqual(Plan(m, 1000).seconds["CPU"], 1.0 / 2)

    def test_resolvers_and_machines(self):
        m = measured(wall_s=20.5, closing_s=0.0)
        self.assertEqual(Plan(m, 10000000).resolvers(5000), 24)  # 60 M questions in the 500.5 s of the address: 23.98
        self.assertEqual(machines_for(m, 10000000, 0.1, 5000), 2)  # 12,000 s at 5,000/s
        self.assertIsNone(machines_for(m, 10000000, 0.001, 5000))


class Memory(unittest.TestCase):
    ROWS = {"domains": [1000, 1], "hosts": [500, 1], "endpoints": [800, 1], "services": [300, 1], "chains": [100, 1], "certificates": [100, 1]}
    KEPT = (1000 * 31 + 1300 * 17 + 300 * 219 + 100 * 109) / 1000  # octets a line

    def test_work_has_an_end_and_what_is_kept_has_none(self):
        m = measured(rows=self.ROWS, in_flight_max=100)
        work = (32768 - 1000) * (LINE_OCTETS + HOST_OCTETS / 2)
        self.assertAlmostEqual(Plan(m, 10000000).peak_mib(), 60 + (work + (1e7 - 1000) * self.KEPT) / MIB)
        self.assertAlmostEqual(Plan(m, 10000000, 10).peak_mib(), 60 + (work + (1e6 - 1000) * self.KEPT) / MIB)

    def test_connections_begin_no_faster_than_dns_allows(self):
        others = {"addresses": 4000, "in_half": 2000.0, "dialled": 3000, "sessions": 4000, "took_s": 1000.0, "slowest_s": 3.0}
        m = measured(addresses=[], others=others, in_flight_max=100)
        self.assertAlmostEqual(Plan(m, 10000).in_flight(), 10000 / (60000 / 5000))
        self.assertAlmostEqual(Plan(m, 10000, 10).in_flight(), 100)
        slow = measured(addresses=[], others={**others, "took_s": 10000.0}, in_flight_max=100)
        self.assertAlmostEqual(Plan(slow, 10000).in_flight(), 4000)


LOG = """scan        3 domains, order drawn, lab --preset tranco1m
options     --threads 2
date        2026-11-30 22:25, tree a17e1ce, build type Release
machine     A processor, 2 processors, Linux 6.18, load average 13.6 now
exit code   0
wall        151.3 s, the lab on the same machine
CPU         9.85 s (user 7.51, system 2.34)
peak memory 107 MiB (VmHWM)
"""
OF_BOUND = "lab saw     8473 connections, 42 to policy hosts, 66340 questions; addresses over limit 0\n"
OF_LAB_SCAN = ("lab saw     8473 connections, 1 handshakes with SNI and 2 without, 3 completed; 66000 questions over UDP, 340 over TCP\n"
               "rows            3 domains.ndjson             1.5 MB, 500000 octets each\n")
SIZES = """3 lines; octets a line, and with zstd of level 3
| table | full | normal |
| hosts | 1,427, 34 | 346, 15 |
| all | 1,427, 34 | 346, 15 |
"""


def attempt(started, total_ms):
    return {"started": started, "total_ms": total_ms, "connect_ms": 1, "outcome": "established", "leaf_sha256": "a", "octets_in": 100, "octets_out": 10}


def endpoint(host, address, group=None, session_from=None, not_tested=None):
    done = [] if session_from or not_tested else [attempt("2026-11-30T22:00:00.000Z", 700)]
    return {"host": host, "address": address, "service": f"{address}|25", "endpoint": f"{host}|{address}|25", "session_from": session_from, "group": group,
            "not_tested": not_tested, "repeated": False, "attempts": done, "leaf_sha256": "a", "no_sni_leaf_sha256": "a", "dane_sni": None, "other_key": None,
            "mx_registrable_domain": host.split(".", 1)[1], "outcome": "established"}


class Reading(unittest.TestCase):
    def log(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
            file.write(text)
            file.flush()
            return program.of_log(file.name)

    def test_logs(self):
        for text in (LOG + OF_BOUND, LOG + OF_LAB_SCAN):
            content = self.log(text)
            self.assertEqual([content[key] for key in ("lines", "processors", "wall_s", "cpu_s", "peak_mib", "connections", "questions")],
                             [3, 2, 151.3, 9.85, 107.0, 8473, 66340])
        self.assertEqual(content["rows"], {"domains": [3, 1500000.0]})
        self.assertEqual(self.log(LOG + OF_BOUND + SIZES)["sizes"], {"full": {"hosts": [4281, 102]}, "normal": {"hosts": [1038, 45]}})

    def test_what_time_says(self):
        content = self.log("\tUser time (seconds): 8.50\n\tSystem time (seconds): 1.25\n"
                           "\tElapsed (wall clock) time (h:mm:ss or m:ss): 1:02:03\n\tMaximum resident set size (kbytes): 2048\n")
        self.assertEqual([content[key] for key in ("wall_s", "cpu_s", "peak_mib")], [3723.0, 9.75, 2.0])

    def test_a_log_of_something_else_is_refused(self):
        with self.assertRaises(SystemExit):
            self.log("nothing\n")

    def test_rows(self):
        own = [f"mx.own{i}.example" for i in range(12)]
        lines = [[name] for name in own] + [["mx.large.example"]] * 3 + [["mx.small.example"]] * 2
        group = "192.0.2.2|25|*.tenants.example"
        tables = {
            "domains": [{"input_line": i, "mx": [{"host": host} for host in hosts]} for i, hosts in enumerate(lines)],
            "endpoints": [*(endpoint(name, "192.0.2.1") for name in own[:10]), endpoint(own[10], "192.0.2.1", not_tested="address_budget"),
                          endpoint(own[11], "192.0.2.1", session_from="x"), endpoint("mx.large.example", "192.0.2.3"),
                          endpoint("a.tenants.example", "192.0.2.2", group), endpoint("b.tenants.example", "192.0.2.2", group, "a"),
                          endpoint("mx.small.example", "198.51.100.1")],
            "services": [{"address": a, "attempts": [attempt("2026-11-30T22:00:00.000Z", 300)], "service": f"{a}|25", "versions": None, "ciphers": None,
                          "wrong_sni": None} for a in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1")],
            "policies": [],
            "groups": [{"service": "192.0.2.2|25", "listed": True, "members": 2, "names_dialled": 1, "checks": 0}],
        }
        options = {**OPTIONS, "dns-timeout": "3", "dns-tries": "3", "dns-retry-pause": "10", "retry-pause": "60", "tempfail-pause": "300"}
        with tempfile.TemporaryDirectory() as folder:
            for table, some in tables.items():
                with open(os.path.join(folder, table + ".ndjson"), "w", encoding="utf-8") as file:
                    file.writelines(json.dumps(row) + "\n" for row in some)
            with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
                json.dump({"command_line": ["mxcensus"], "started": "2026-11-30T22:00:00Z", "ended": "2026-11-30T22:00:02.700Z", "version": "0.1.0", "options": options, "account": {"inputs": 17, "classes": {"tested": 17}}, "files": []},
                          file)
            self.assertEqual(program.of_status(folder), {})
            with open(os.path.join(folder, "status.csv"), "w", encoding="utf-8") as file:
                file.write("sessions_in_flight,dns_queries\n7,100\n5,120\n")
            self.assertEqual(program.of_status(folder), {"questions": 120, "in_flight_max": 7})
            content = program.of_results(folder)
        self.assertEqual(content["sessions"], 13 + 4)
        self.assertEqual(content["lines"], 17)
        self.assertEqual(content["session_octets"], 17 * 110)
        self.assertEqual(list(content["operators"].items())[:2], [("large.example", 3), ("small.example", 2)])
        self.assertEqual(content["addresses"], [
            ["192.0.2.0/24", "own0.example", 11, 0, 0, 0, 10, 11, 7.3, 7.5],
            ["192.0.2.0/24", "large.example", 0, 1, 0, 0, 1, 2, 1.0, 1.2],
            ["192.0.2.0/24", "tenants.example", 0, 0, 2, 1, 1, 2, 1.0, 1.2]])
        self.assertEqual(content["others"], {"addresses": 1, "in_half": 0.8, "dialled": 1, "sessions": 2, "took_s": 1.0, "slowest_s": 1.2})
        self.assertAlmostEqual(content["network_took_s"], 9.3)
        self.assertAlmostEqual(content["closing_s"], 2.0)


if __name__ == "__main__":
    unittest.main()
