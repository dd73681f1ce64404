"""Second attempts: nothing is concluded from one lost session, and a server that says 4xx is left alone for a while.

Each server is a few lines here: what it does with its first, second, ... connection. The scan has short pauses.
"""

import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import check, check_equal, finish, read_table, run  # noqa: E402
from e2e.small_servers import (World, closes, greylist, no_starttls, one_in, policy_host, rejects, reset_in_handshake, spamd,  # noqa: E402
                               tempfail, well)

RETRY = 1.0  # --retry-pause, seconds
BUSY = 1.5  # --tempfail-pause
GAP = 0.05  # between starts at an address
EARLY = 0.05  # clocks of two processes
SOON = 10  # what waits for a timeout of mxcensus takes longer, what a busy machine does less
RESULTS = ("services", "endpoints", "hosts", "domains")


class Rows:
    def __init__(self, out):
        self.tables = {name: read_table(out, name) for name in RESULTS}

    def of(self, name, k=""):
        """-> (service, endpoint, domain)"""
        endpoint = next(row for row in self.tables["endpoints"] if row["host"] == f"mx-{name}{k}.test")
        service = next(row for row in self.tables["services"] if row["service"] == endpoint["service"])
        domain = next(row for row in self.tables["domains"] if row["domain"] == f"{name}{k}.test")
        return service, endpoint, domain


def attempts(row):
    return [attempt["outcome"] for attempt in row["attempts"]]


def unstable(row):
    return [finding["evidence"] for finding in row["findings"] if finding["code"] == "smtp.unstable"]


def expect(rows, servers, name, service, endpoint, account, gaps=None, inherits=False):
    """@param service, endpoint  outcomes of the attempts, and the one that counts
    @param gaps  at least these, between connections"""
    got_service, got_endpoint, domain = rows.of(name)
    for what, row, (want, counts) in (("service", got_service, service), ("endpoint", got_endpoint, endpoint)):
        check_equal(f"{name}: attempts of the {what}", attempts(row), want)
        check_equal(f"{name}: outcome of the {what}", row["outcome"], counts)
        if want:
            check_equal(f"{name}: the attempt that counts for the {what}", want[row["attempt"] - 1], counts)
        check_equal(f"{name}: smtp.unstable of the {what}", unstable(row),
                    [f"{want[0]}, then {next(w for w in want if w != want[0])}"] if len(set(want)) > 1 else [])
    check_equal(f"{name}: the endpoint has the service's result", got_endpoint["session_from"] is not None, inherits)
    check_equal(f"{name}: account", domain["account"], account)
    waited = servers[name].gaps()
    check(f"{name}: pauses", len(waited) == len(gaps) and all(g >= w - EARLY for g, w in zip(waited, gaps)), (waited, gaps))
    return got_service, got_endpoint, domain


def outcomes(domain):
    return {o["profile"]: (o["best"], o["worst"]) for o in domain["outcomes"]}


def check_second_attempts(world, out):
    rows, servers = Rows(out), world.servers
    ok, reset, busy = "established", "tls_reset", "greeting_tempfail"
    _, _, good = expect(rows, servers, "well", ([ok], ok), ([ok], ok), "tested", [GAP])
    # One reset in the only session with SNI decided the domain, and one in the session without it the service.
    for name, service, endpoint, gaps in (("lost-sni", [ok], [reset, ok], [GAP, RETRY]),
                                          ("lost-first", [reset, ok], [ok], [RETRY, GAP]),
                                          ("busy-once", [busy, ok], [ok], [BUSY, GAP]),
                                          ("grey", ["ehlo_tempfail", ok], [ok], [BUSY, GAP])):
        _, _, domain = expect(rows, servers, name, (service, ok), (endpoint, ok), "tested", gaps)
        check_equal(f"{name}: outcomes as of a server that is well", outcomes(domain), outcomes(good))
    # The short session without SNI has none to rest on: a whole one is made.
    expect(rows, servers, "lost-both", ([ok], ok), ([reset, reset], reset), "tested", [GAP, RETRY, GAP])
    expect(rows, servers, "busy", ([busy, busy], busy), ([], busy), "inconclusive", [BUSY], inherits=True)
    expect(rows, servers, "tarpit", (["tarpit", "tarpit"], "tarpit"), ([], "tarpit"), "inconclusive", [BUSY], inherits=True)
    expect(rows, servers, "dead", (["greeting_closed"] * 2, "greeting_closed"), ([], "greeting_closed"), "inconclusive", [RETRY],
           inherits=True)
    # What the server said for good, and what it said clearly, is not asked for again.
    expect(rows, servers, "no", (["greeting_rejected"], "greeting_rejected"), ([], "greeting_rejected"), "inconclusive", [],
           inherits=True)
    expect(rows, servers, "plain", (["starttls_not_offered"], "starttls_not_offered"),
           (["starttls_not_offered"], "starttls_not_offered"), "tested", [GAP])


def check_one_at_a_time(world, out):
    """A server that allows one connection in a while: nobody is inconclusive, and it is not asked in vain twice in a row."""
    rows = Rows(out)
    for k in ("", 1, 2):
        service, endpoint, domain = rows.of("one", k)
        check_equal(f"one{k}: service", service["outcome"], "established")
        check_equal(f"one{k}: endpoint", (endpoint["outcome"], endpoint["session_from"]), ("established", None))
        check_equal(f"one{k}: account", domain["account"], "tested")
    starts = len(world.servers["one"].starts)
    check("one: connections", starts <= 1 + 2 * 3, starts)


def check_dead_address(world, out):
    """Two attempts, a pause apart, however many names lead there."""
    check_equal("dead: connections", len(world.servers["dead"].starts), 2)
    for k in ("", 1, 2, 3):
        _, endpoint, _ = Rows(out).of("dead", k)
        check(f"dead{k}: the service speaks", endpoint["session_from"] is not None and not endpoint["attempts"])


def check_report(folder):
    """`check` says what was tried again."""
    world = World(folder, GAP, RETRY, BUSY)
    world.add("reported", reset_in_handshake(2))
    world.add("silent", closes)
    for domain, line in (("reported.test", "attempts      tls_reset, then established"),
                         ("silent.test", "attempts      greeting_closed, then greeting_closed")):
        done = world.check(domain)
        check_equal(f"check {domain}: exit code", done.returncode, 0)
        check(f"check {domain}: {line}", line in done.stdout.decode(), done.stdout.decode())


def check_without(world, folder):
    """--retries 0: one attempt, of which the row says what it is."""
    out = os.path.join(folder, "without")
    done = world.scan(out, "--retries", "0")
    check_equal("--retries 0: exit code", done.returncode, 0)
    most = max(len(row["attempts"]) for name in ("services", "endpoints") for row in read_table(out, name))
    check_equal("--retries 0: attempts", most, 1)


def check_analysed(out, folder):
    again = os.path.join(folder, "again")
    done = run("analyze", "-o", again, out)
    check_equal("analyze: exit code", done.returncode, 0)
    for name in RESULTS:
        check(f"analyze: {name} has the same rows", read_table(again, name) == read_table(out, name))


def check_policies(folder):
    """A connection to a policy host that is lost before the request is made once more."""
    world = World(folder, GAP, RETRY, BUSY)
    world.options = [word if word != "record" else "fetch" for word in world.options]
    world.add("mail", rejects)
    world.add_policy("policy", policy_host())
    world.add_policy("lost-once", policy_host(1))
    world.add_policy("lost-twice", policy_host(1, 2))
    out = os.path.join(folder, "policies")
    check_equal("policies: exit code", world.scan(out).returncode, 0)
    again = os.path.join(folder, "policies-again")
    check_equal("policies: analyze", run("analyze", "-o", again, out).returncode, 0)
    want = {"policy": ["fetched"], "lost-once": ["tls_closed", "fetched"], "lost-twice": ["tls_closed", "tls_closed"]}
    for results in (out, again):
        rows = {row["policy_host"]: row for row in read_table(results, "policies")}
        for name, outcomes in want.items():
            row = rows[f"mta-sts.{name}.test"]
            check_equal(f"{name}: attempts at the policy host", attempts(row), outcomes)
            check_equal(f"{name}: the last one counts", row["fetch"], outcomes[-1])
    for name in ("lost-once", "lost-twice"):
        gaps = world.servers[name].gaps()
        check(f"{name}: a pause before the policy host is asked again", len(gaps) == 1 and gaps[0] >= RETRY - EARLY, gaps)
    world.add_policy("no-chance", policy_host(1))
    world.scan(os.path.join(folder, "no-chance"), "--retries", "0")
    check_equal("no-chance: asked once", len(world.servers["no-chance"].starts), 1)


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-chances-")
    try:
        world = World(folder, GAP, RETRY, BUSY)
        world.add("well", well)
        world.add("lost-sni", reset_in_handshake(2))
        world.add("lost-first", reset_in_handshake(1))
        world.add("lost-both", reset_in_handshake(2, 3))
        world.add("busy-once", tempfail(1))
        world.add("busy", tempfail(99))
        world.add("grey", greylist(BUSY - EARLY))
        world.add("tarpit", spamd)
        world.add("no", rejects)
        world.add("dead", closes, names=4)
        world.add("plain", no_starttls)
        world.add("one", one_in(BUSY - EARLY), names=3)
        out = os.path.join(folder, "out")
        done = world.scan(out)
        ended = time.monotonic()
        check_equal("exit code", done.returncode, 0)
        last = max(start for server in world.servers.values() for start in server.starts)
        check("the scan ends with the last session", ended - last < SOON, ended - last)
        check_second_attempts(world, out)
        check_one_at_a_time(world, out)
        check_dead_address(world, out)
        check_analysed(out, folder)
        check_report(folder)
        check_without(world, folder)
        check_policies(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


main()
