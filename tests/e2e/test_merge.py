"""Merging shards: the rows of one scan, whatever their detail; the same octets each time; what is refused; shards that are missing,
killed or disagree.

    test_merge.py [--every N]     of the lab's hand-made cases
    test_merge.py --domains N     so many random domains of the lab instead: three shards, merged, beside one scan, with what that took

Servers that are slow, or answer by how often they were asked, are left out.
"""

import copy
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.determinism import ASKED_TWICE, LAB_OPERATORS, paths_that_differ, write_list  # noqa: E402
from e2e.groups import without_how  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.load_sqlite import KEYS  # noqa: E402
from e2e.rows import volatile_paths  # noqa: E402
from e2e.shard_rows import differences, digests_of, rows_of  # noqa: E402
from e2e.runner import (EHLO, SHORT_WAITS, check, check_analyzed, check_equal, check_refused, finish, read_json, read_table,  # noqa: E402
                        run, side_by_side, start)
from e2e.unfinished import dangling  # noqa: E402

SHARDS = 3
WAITING = ("silent", "delay", "slow", "stalled", "half-head", "1xx", "stutter", "tarpit", "flips")
TIMEOUTS = ("greeting_timeout", "ehlo_timeout", "starttls_timeout", "tls_timeout", "policy_timeout")
PATIENT = [*SHORT_WAITS, "--tls-timeout", "40", "--reply-timeout", "20", "--shared-operators", LAB_OPERATORS]
TABLES = ("domains", "hosts", "services", "endpoints", "chains", "certificates", "policies", "policy_bodies", "completions", "problems", "causes")
ALL_NAMES = ["--infer", "off", "--names-per-address", "0"]
TIMES = ("scan_id", "started", "ended")


def write_quick_list(lab, path):
    """-> its lines"""
    every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    write_list(lab, path, WAITING, every=every, kept=(*ASKED_TWICE, "group-"))
    left_out = {e["domain"] for e in lab.expected() if any(word in json.dumps(e) for word in TIMEOUTS)}
    with open(path, encoding="ascii") as file:
        lines = [line for line in file.read().split() if line not in left_out]
    lines += [*lines[:5], "a_line_that_is_no_domain", "a_line_that_is_no_domain"]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    return lines


def no_more_dangles(what, whole, out):
    """In rows of full detail it does not see that an address is dialled as the IPv4 address in it."""
    broken = set(dangling(out)) - set(dangling(whole))
    check(f"{what}: no row names one that is not there", not broken, sorted(broken)[:5])


def same_rows(what, whole, merged):
    paths = volatile_paths()
    for name in TABLES:
        want, got = rows_of(whole, name, paths), rows_of(merged, name, paths)
        check_equal(f"{what}: keys of {name}", set(got), set(want))
        differ = [f"{key}: {path}" for key, row in got.items() if key in want for path in differences(name, want[key], row)]
        check(f"{what}: {name} as in one scan", not differ, "\n  ".join(differ[:20]))
    want, got = read_json(whole, "summary.json"), read_json(merged, "summary.json")
    for name in TIMES:
        want.pop(name), got.pop(name)
    differ = [path for path in paths_that_differ(want, got) if not path.startswith(".findings")]  # some of these are volatile
    check(f"{what}: summary as of one scan", not differ, differ[:20])
    no_more_dangles(what, whole, merged)


def merge(out, *arguments, code=0):
    done = run("merge", *arguments, "-q", "-o", out)
    check_equal(f"{out}: exit code", (done.returncode, done.stderr if code == 0 else ""), (code, ""))
    check(f"{out}: nothing is left of what was chosen", not os.path.exists(os.path.join(out, "chosen.part")))
    return done


def same_octets(what, one, other):
    check_equal(f"{what}: files", sorted(os.listdir(one)), sorted(os.listdir(other)))
    for name in os.listdir(one):
        with open(os.path.join(one, name), "rb") as a, open(os.path.join(other, name), "rb") as b:
            check(f"{what}: {name}", a.read() == b.read())


# --- what is refused -------------------------------------------------------------------------------

def edited(folder, out, change):
    """A copy with another manifest."""
    at = os.path.join(folder, "edited")
    shutil.rmtree(at, ignore_errors=True)
    shutil.copytree(out, at)
    manifest = read_json(at, "manifest.json")
    change(manifest)
    with open(os.path.join(at, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    return at


def setting(*keys, to):
    def change(manifest):
        at = manifest
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = to
    return change


OTHER_SHA256 = "00" * 32
OTHER_SCANS = [
    (setting("seed", to="2"), "--seed"),
    (setting("version", to="9"), "version"),
    (setting("inputs", 0, "sha256", to=OTHER_SHA256), "list of domains"),
    (setting("trust_stores", 0, "sha256", to=OTHER_SHA256), "trust stores"),
    (setting("sender_profiles", "sha256", to=OTHER_SHA256), "sender profiles"),
    (setting("operators", "sha256", to=OTHER_SHA256), "list of operators"),
    (setting("shared_operators", "sha256", to=OTHER_SHA256), "shared operators"),
    (setting("intermediates", "bundled", to="others"), "intermediates"),
    (setting("blocklist", to={"sha256": OTHER_SHA256, "count": 1}), "--blocklist-file"),
    (setting("trust_ad", "trusted", to=False), "AD bit"),
    (setting("shard", "shards", to=4), "one of 4 shards"),
    (setting("shard", "lines_of_others", to=7), "lines"),
] + [(setting("options", name, to="other"), f"--{name}")
     for name in ("probes", "infer", "names-per-address", "ipv4-only", "ipv6-only", "implicit-mx", "mta-sts")] + [
    (setting("options", "ports", to="26"), "--ports")]


def refusals(folder, whole, outs):
    new = os.path.join(folder, "refused")
    full = os.path.join(folder, "not empty")
    os.mkdir(full)
    with open(os.path.join(full, "file"), "w", encoding="ascii"):
        pass

    def refused(what, words, *arguments):
        check_refused(what, run("merge", *arguments), words)
        check(f"{what}: nothing is made", not os.path.exists(new))

    refused("no results", ["which results"], "-o", new)
    refused("no directory", ["--output"], *outs)
    refused("a directory with something in it", ["empty"], *outs, "-o", full)
    refused("a format for lines", ["ndjson, csv or both"], "--format", "text", *outs, "-o", new)
    refused("a shard twice", ["both shard 0", "once"], outs[0], outs[0], outs[1], "-o", new)
    refused("a shard is missing", ["shard 2 is missing", "--partial"], *outs[:2], "-o", new)
    refused("no shard", ["no --shards"], whole, *outs[1:], "-o", new)
    refused("no results at all", ["no results"], folder, *outs[1:], "-o", new)
    for change, word in OTHER_SCANS:
        refused(f"another scan, by its {word}", [word], outs[0], edited(folder, outs[1], change), outs[2], "-o", new)
    for option, word in (("--format=csv", "CSV alone"), ("--detail=summary", "left out"), ("--tables=domains", "left out")):
        less = os.path.join(folder, "less" + option)
        check_equal(f"{option}: exit code", run("analyze", option, "-q", "-o", less, outs[1]).returncode, 0)
        refused(option, [word], outs[0], less, outs[2], "-o", new)


def after_a_kill(folder, merged, outs):
    """What a merge that was killed left is no hindrance; what others put beside it is."""
    out = os.path.join(folder, "killed merge")
    killed = start("merge", "-q", "-o", out, *outs)
    until = time.monotonic() + 60
    while not os.path.exists(os.path.join(out, "chosen.part", "certificates.ndjson.part")) and time.monotonic() < until:
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    check_equal("killed merge: what it left", os.listdir(out), ["chosen.part"])
    for name in ("domains.ndjson.part", "reserve.part"):  # as of one that was killed while it judged
        with open(os.path.join(out, name), "w", encoding="ascii") as file:
            file.write("{")
    mine = os.path.join(out, "mine")
    with open(mine, "w", encoding="ascii") as file:
        file.write("precious")
    check_refused("killed merge, and something else", run("merge", *outs, "-o", out), ["empty"])
    check_equal("killed merge: that is still there", os.listdir(out), ["mine"])
    os.remove(mine)
    merge(out, *outs)
    same_octets("merged where one was killed", merged, out)


def count_rows(out, name):
    with open(os.path.join(out, name + ".ndjson"), "rb") as file:
        return sum(1 for _ in file)


def counted_by_shard(merged, outs):
    """Rows of the shards are those of the merged table and those that were not kept."""
    shards = read_json(merged, "manifest.json")["merged"]["from"]
    for name in ("hosts", "services", "endpoints"):
        there = count_rows(merged, name)
        given = [count_rows(out, name) for out in outs]
        left = [shard["rows_not_kept"][name] for shard in shards]
        check_equal(f"{name}: rows that were not kept", sum(left), sum(given) - there)
        check(f"{name}: of each shard as many as it has at most", all(0 <= n <= m for n, m in zip(left, given)), (left, given))
        check(f"{name}: the first shard is not the only one that is kept", left[0] < given[0] and any(left), left)


# --- shards that are not whole, or disagree ---------------------------------------------------------

def not_whole(what, folder, whole, given, words, lines):
    """With --partial, what is there."""
    out = os.path.join(folder, what)
    check_refused(f"{what}: without --partial", run("merge", *given, "-o", out), words)
    done = merge(out, *given, "--partial", code=3)
    for word in words:
        check(f"{what}: says '{word}'", word in done.stderr, done.stderr)
    manifest = read_json(out, "manifest.json")
    there = len(read_table(out, "domains"))
    check_equal(f"{what}: is marked", (manifest["incomplete"], read_json(out, "summary.json")["complete"]), (True, False))
    check_equal(f"{what}: lines without a row", manifest["merged"]["lines_without_row"], lines - there)
    check_equal(f"{what}: account", (manifest["account"]["inputs"], manifest["account"]["accounted"]), (there, there))
    no_more_dangles(what, whole, out)


def kill_soon(arguments, out):
    """When some of its domains have rows."""
    scan = start("scan", *arguments, "-o", out)
    part = os.path.join(out, "domains.ndjson.part")
    until = time.monotonic() + 120
    while scan.poll() is None and time.monotonic() < until and not (os.path.exists(part) and os.path.getsize(part) > 5000):
        time.sleep(0.02)
    scan.kill()
    scan.communicate()
    check(f"{out}: was killed", not os.path.exists(os.path.join(out, "manifest.json")))


def rewrite(out, name, change):
    rows = read_table(out, name)
    with open(os.path.join(out, name + ".ndjson"), "w", encoding="utf-8") as file:
        for row in rows:
            json.dump(change(row), file, separators=(",", ":"))
            file.write("\n")


def shards_disagree(folder, outs):
    """In the second of two shards a server presents another list without SNI, and a host has lost its addresses."""
    services = [{row["service"]: row for row in read_table(out, "services")} for out in outs]
    endpoints = [{row["endpoint"]: row for row in read_table(out, "endpoints")} for out in outs]
    hosts = [{row["host"] for row in read_table(out, "hosts")} for out in outs]

    def established(row):
        return row["outcome"] == "established" and row["chain_id"]

    # A server of both, with a name that only the second has.
    pair, name = next(((a, b), s) for a, b in ((0, 1), (0, 2), (1, 2)) for s, row in services[a].items()
                      if established(row) and s in services[b] and established(services[b][s])
                      and any(e["service"] == s and e["host"] not in hosts[a] and established(e) for e in endpoints[b].values()))
    first, second = pair
    other = next(row for s, row in services[second].items() if established(row) and row["chain_id"] != services[second][name]["chain_id"])
    lost = next(host for host in sorted(hosts[first] & hosts[second]) if any(e["host"] == host for e in endpoints[first].values()))
    at = os.path.join(folder, "other moment")
    shutil.copytree(outs[second], at)

    def another_list(row):
        if row["service"] != name:
            return row
        row, keys = copy.deepcopy(other), {key: row[key] for key in ("service", "address", "port")}
        return {**row, **keys, "observed_at": "2099-01-01T00:00:00.000Z"}

    def no_addresses(row):
        if row["host"] == lost:
            row["a_dns"]["state"] = row["aaaa_dns"]["state"] = "servfail"
            row["addresses"], row["endpoints"], row["observed_at"] = [], [], "2001-01-01T00:00:00.000Z"
        return row

    rewrite(at, "services", another_list)
    rewrite(at, "hosts", no_addresses)
    out = os.path.join(folder, "disagreed")
    merge(out, *[at if i == second else shard for i, shard in enumerate(outs)])
    merged = read_json(out, "manifest.json")["merged"]
    got = {row["endpoint"]: row for row in read_table(out, "endpoints")}
    kept = {row["service"]: row for row in read_table(out, "services")}
    check_equal("disagree: the earlier session is kept", kept[name]["chain_id"], services[first][name]["chain_id"])
    check_equal("disagree: services", merged["services"]["disagree"], 1)
    check("disagree: the host that lost its addresses", merged["hosts"]["disagree"] >= 1, merged)
    apart = {key for key, row in got.items() if row["default_apart"]}
    want = {key for key, row in got.items() if row["service"] == name and row["host"] not in set().union(*(hosts[i] for i in range(SHARDS) if i != second))}
    check_equal("disagree: whose session without SNI is another shard's", apart, want)
    check_equal("disagree: counted", merged["default_apart"], len(apart))
    for key in apart:
        check_equal(f"disagree: {key} is compared with nothing", (got[key]["sni"]["class"], got[key]["sni"]["default_chain_status"]), ("unknown", None))
        check(f"disagree: {key} has no finding about SNI", not [f for f in got[key]["findings"] if f["code"].startswith("sni.")], got[key]["findings"])
    row = next(row for row in read_table(out, "hosts") if row["host"] == lost)
    check("disagree: a host with addresses before one without, though it is later", row["addresses"] != [] and row["endpoints"] != [], row)
    briefs = [(mx["host"], brief) for domain in read_table(out, "domains") for mx in domain["mx"] or [] for brief in mx["endpoints"]]
    wrong = [(host, brief) for host, brief in briefs if brief["outcome"] != "not_tested"
             and got[f"{host}|{brief['address']}|{brief['port']}"]["outcome"] != brief["outcome"]]
    check("disagree: domains say what endpoints say", not wrong, wrong[:3])
    check("disagree: domains of the host see its addresses", all(mx["endpoints"] for domain in read_table(out, "domains")
                                                               for mx in domain["mx"] or [] if mx["host"] == lost))
    again = os.path.join(folder, "disagreed again")
    check_analyzed(out, again, [name for name in os.listdir(out) if name.endswith(".ndjson")])


def inferred(folder, whole, outs):
    """Who speaks differs from shard to shard; what rows say does not."""
    out = os.path.join(folder, "inferred")
    merge(out, *outs)
    rows = read_table(out, "endpoints")
    check("listed: something is inferred", any(row["basis"] == "inferred" for row in rows))
    paths = volatile_paths()
    for name in ("endpoints", "domains"):
        want, got = rows_of(whole, name, paths), rows_of(out, name, paths)
        check_equal(f"listed: keys of {name}", set(got), set(want))
        wrong = [f"{key}: {path}" for key, row in got.items() if key in want and row.get("not_tested") != "address_budget"
                 for path in differences(name, *map(without_how, (want[key], row)), spoken=(want[key], row))]
        check(f"listed: {name} say what those of one scan without inference say", not wrong, "\n  ".join(wrong[:10]))
    groups = {row["group"]: row for row in read_table(out, "groups")}
    for key in ("members", "names_dialled", "names_inferred", "agreements"):
        check_equal(f"listed: {key} of groups", sum(row[key] for row in groups.values()),
                    sum(row[key] for shard in outs for row in read_table(shard, "groups")))
    check_equal("listed: each group once", len(groups), len({row["group"] for shard in outs for row in read_table(shard, "groups")}))
    again = os.path.join(folder, "inferred again")
    check_analyzed(out, again, [name for name in os.listdir(out) if name.endswith(".ndjson")])
    return out


def speaks_apart(folder, outs):
    """Another shard has the endpoint that speaks for others, too, earlier and with another list: its row is kept, and the others rest on
    that of their own shard."""
    which = next(i for i, out in enumerate(outs) if any(row["basis"] == "inferred" for row in read_table(out, "endpoints")))
    rest = {row["endpoint"]: row for row in read_table(outs[which], "endpoints") if row["basis"] == "inferred"}
    speaker = next(iter(rest.values()))["session_from"]
    rest = {key: row for key, row in rest.items() if row["session_from"] == speaker}
    host, address, port = speaker.split("|")
    other = (which + 1) % SHARDS
    at = os.path.join(folder, "speaks, too")
    shutil.copytree(outs[other], at)
    row = next(row for row in read_table(at, "endpoints") if row["outcome"] == "established" and row["session_from"] is None
               and row["chain_id"] not in {one["chain_id"] for one in rest.values()})
    earlier = {"observed_at": "2001-01-01T00:00:00.000Z"}
    added = {"hosts": next(row for row in read_table(outs[which], "hosts") if row["host"] == host),
             "services": next(row for row in read_table(outs[which], "services") if row["service"] == f"{address}|{port}"),
             "endpoints": {**row, "endpoint": speaker, "host": host, "service": f"{address}|{port}", "address": address, "port": int(port),
                           "group": None, "dane_sni": None, "other_key": None}}
    needed = {"chains": "chain_id", "certificates": "fingerprint_sha256"}
    manifest = read_json(at, "manifest.json")
    for name in (*needed, *added):
        rows = read_table(at, name)
        if name in needed:  # that the service's row names
            there = {row[needed[name]] for row in rows}
            more = [row for row in read_table(outs[which], name) if row[needed[name]] not in there]
        else:
            more = [{**added[name], **earlier}]
            rows = [row for row in rows if row[KEYS[name][0]] != added[name][KEYS[name][0]]]
        with open(os.path.join(at, name + ".ndjson"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows + more)
        next(file for file in manifest["files"] if file["table"] == name)["rows"] = len(rows) + len(more)
    with open(os.path.join(at, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)

    out = os.path.join(folder, "spoken")
    merge(out, *[at if i == other else shard for i, shard in enumerate(outs)])
    got = {row["endpoint"]: row for row in read_table(out, "endpoints")}
    check_equal("speaks apart: the row that is kept is the other shard's", got[speaker]["chain_id"], row["chain_id"])
    ahead = {row["endpoint"]: row["chain_id"] for row in read_table(out, "endpoints-ahead")}
    check_equal("speaks apart: and that of the others is there", ahead, {speaker: next(iter(rest.values()))["chain_id"]})
    for key, one in rest.items():
        check_equal(f"speaks apart: {key} says what it said", [got[key][c] for c in ("basis", "session_from", "chain_id", "tls_version")],
                    [one[c] for c in ("basis", "session_from", "chain_id", "tls_version")])
    check_analyzed(out, os.path.join(folder, "spoken again"), [name for name in os.listdir(out) if name.endswith(".ndjson")])


# --- many domains -----------------------------------------------------------------------------------

def same_long_tables(whole, merged):
    paths = volatile_paths()
    for name in TABLES:
        want, got = digests_of(whole, name, paths), digests_of(merged, name, paths)
        check(f"keys of {name}", set(got) == set(want), sorted(set(got) ^ set(want))[:10])
        unequal = {key for key, digest in got.items() if want.get(key, digest) != digest}
        rows = [rows_of(out, name, paths, only=unequal) for out in (whole, merged)]
        differ = [f"{key}: {path}" for key in unequal for path in differences(name, rows[0][key], rows[1][key])]
        print(f"{name}: {len(want)} rows, {len(unequal)} of them not octet by octet")
        check(f"{name} as in one scan", not differ, "\n  ".join(differ[:20]))
    check_equal("account", read_json(merged, "manifest.json")["account"], read_json(whole, "manifest.json")["account"])


def many_domains(count):
    with Lab(count) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-merge-") as folder:
        path = os.path.join(folder, "list.txt")
        with open(lab.list_path, encoding="ascii") as listed, open(path, "w", encoding="ascii") as file:
            file.writelines(line for line in listed if not line.startswith("case-"))

        def scan(what, *options):
            out = os.path.join(folder, what)
            begin = time.monotonic()
            done = run("scan", *lab.options, "--ehlo-domain", EHLO, "--quiet", "--address-rate", "200/s", "--dns-rate-limit", "0", "--dns-timeout", "10",
                       *ALL_NAMES, *options, "-o", out, path, timeout=12 * 3600)
            check_equal(f"{what}: exit code", (done.returncode, done.stderr), (0, ""))
            print(f"{what}: {time.monotonic() - begin:.0f} s", flush=True)
            return out

        whole = scan("whole")
        parts = [scan(f"part {i}", "--shards", str(SHARDS), "--shard", str(i), "--shards-at-once", "1", "--detail", "normal") for i in range(SHARDS)]
        begin = time.monotonic()
        merged = os.path.join(folder, "merged")
        at = read_json(whole, "manifest.json")["judged_at"]  # shards begin later, and days run out
        done = run("merge", "-q", "--detail", "full", "--at", at, "-o", merged, *parts, timeout=12 * 3600)
        check_equal("merge: exit code", (done.returncode, done.stderr), (0, ""))
        print(f"merge: {time.monotonic() - begin:.0f} s", flush=True)
        print(json.dumps({key: value for key, value in read_json(merged, "manifest.json")["merged"].items() if key != "from"}))
        same_long_tables(whole, merged)
        counted_by_shard(merged, parts)
    finish()


def main():
    if "--domains" in sys.argv:
        many_domains(int(sys.argv[sys.argv.index("--domains") + 1]))
    with Lab(150) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-merge-") as folder:
        path = os.path.join(folder, "list.txt")
        lines = write_quick_list(lab, path)

        def arguments(*options):
            return [*lab.options, "--ehlo-domain", EHLO, *PATIENT, *options, path]

        def scan(what, *options):
            out = os.path.join(folder, what)
            done = run("scan", *arguments("--address-rate", "100/s", *options), "-o", out)
            check_equal(f"{what}: exit code", done.returncode, 0)
            return out

        def shard(i):
            return ["--shards", str(SHARDS), "--shard", str(i), "--shards-at-once", "1"]

        def shards(what, *options):
            return [lambda i=i: scan(f"{what} {i}", *options, *shard(i)) for i in range(SHARDS)]

        whole, *full = side_by_side(lambda: scan("whole", *ALL_NAMES), *shards("full", *ALL_NAMES))
        rest = side_by_side(*shards("normal", "--detail", "normal", *ALL_NAMES), *shards("listed", "--infer", "listed"))
        normal, listed = rest[:SHARDS], rest[SHARDS:]
        kill_soon(arguments("--address-rate", "2/s", "--detail", "normal", *ALL_NAMES, *shard(1)), os.path.join(folder, "killed"))

        merged = os.path.join(folder, "merged")
        merge(merged, *full)
        same_rows("full", whole, merged)
        check_equal("full: account", read_json(merged, "manifest.json")["account"], read_json(whole, "manifest.json")["account"])
        said = read_json(merged, "manifest.json")["merged"]
        check_equal("full: shards", [(s["shard"], s["directory"], s["complete"]) for s in said["from"]], [(i, out, True) for i, out in enumerate(full)])
        check_equal("full: all lines have rows", said["lines_without_row"], 0)
        check("full: some things are seen by several", said["hosts"]["in_several_shards"] > 0 and said["services"]["in_several_shards"] > 0, said)
        check_equal("full: and they agree", [said[name]["disagree"] for name in ("hosts", "services", "endpoints")], [0, 0, 0])

        counted_by_shard(merged, full)
        after_a_kill(folder, merged, full)
        again = os.path.join(folder, "again")
        merge(again, full[2], full[0], full[1])
        same_octets("merged twice, in another order", merged, again)
        check_analyzed(merged, os.path.join(folder, "analyzed"), [name for name in os.listdir(merged) if name.endswith(".ndjson")])

        merge(os.path.join(folder, "of normal"), *normal)
        same_rows("normal", whole, os.path.join(folder, "of normal"))
        merge(os.path.join(folder, "to normal"), *full, "--detail", "normal", "--compress", "zstd")
        done = run("analyze", "-q", "--detail", "full", "-o", os.path.join(folder, "back"), os.path.join(folder, "to normal"))
        check_equal("full, of merged normal rows: exit code", done.returncode, 0)
        same_rows("full, of merged normal rows", whole, os.path.join(folder, "back"))
        merge(os.path.join(folder, "mixed"), full[0], normal[1], full[2])
        same_rows("mixed", whole, os.path.join(folder, "mixed"))

        inferred(folder, whole, listed)
        speaks_apart(folder, listed)
        shards_disagree(folder, full)
        not_whole("missing", folder, whole, [full[0], full[2]], ["shard 1 is missing"], len(lines))
        not_whole("killed shard", folder, whole, [full[0], os.path.join(folder, "killed"), full[2]], ["shard 1 is not finished"], len(lines))
        refusals(folder, whole, full)
    finish()


if __name__ == "__main__":
    main()
