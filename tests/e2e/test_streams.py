"""Streams, rows, signals and full disks, with a DNS server and no mail servers."""

import csv
import glob
import gzip
import hashlib
import io
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import (EHLO, check, check_equal, environment, finish, parse_ndjson, read_json,  # noqa: E402
                        read_table, run, start, table, MXCENSUS)
from e2e.unfinished import rows_of  # noqa: E402
from support.dns_server import DnsServer, read_name  # noqa: E402

ZONE = {
    ("null.test", "MX"): [(0, "")],
    ("web.test", "A"): ["11.1.1.1"],
    ("literal.test", "MX"): [(10, "192.0.2.1")],
    ("local.test", "MX"): [(10, "mx.local.test")],
    ("mx.local.test", "A"): ["127.0.0.1"],
    ("xn--mnchen-3ya.test", "MX"): [(0, "")],
}
TABLES = ["certificates", "chains", "hosts", "services", "endpoints", "domains", "completions", "issuers"]
JOIN_TABLES = ["routes", "findings"]


def options(dns, *more):
    """Nothing is connected to; the map makes this place the same on every machine."""
    return ["--name-servers", f"127.0.0.1:{dns.port}", "--ehlo-domain", EHLO, "--threads", "2", "--trust-ad", "no",
            "--ipv4-only", "--address-map", "11.0.0.0/8=127.0.0.0/8", *more]


# Every line of an untidy list, and how it must end: (text, domain or None, account, reason or None).
# Comments and blank lines have no row.
UNTIDY = [
    ("\ufeffnull.test\r", "null.test", "no_mail", "null_mx"),
    ("# a comment", None, None, None),
    ("Web.Test.", "web.test", "no_mail", "implicit_not_dialled"),
    ("", None, None, None),
    ("someone@literal.test", "literal.test", "not_tested", "special_purpose"),
    ("m\u00fcnchen.test", "xn--mnchen-3ya.test", "no_mail", "null_mx"),
    ("nowhere.test", "nowhere.test", "no_mail", "nxdomain"),
    ("local.test", "local.test", "not_tested", None),
    ("NULL.test", "null.test", "duplicate", None),
    ("bad..name", None, "invalid", "empty_label"),
    ("192.0.2.1", None, "invalid", "ip_address"),
    ("a" * 64 + ".test", None, "invalid", "label_too_long"),
]


def check_untidy_list(dns):
    text = "\n".join(line for line, *_ in UNTIDY)  # no line end at the end
    done = run("scan", *options(dns), input=text)
    check_equal("untidy: exit code", done.returncode, 0)
    rows = {row["input_line"]: row for row in table(done.rows, "domains")}
    wanted = [number for number, (_, _, account, _) in enumerate(UNTIDY, 1) if account]
    check_equal("untidy: one row a line", sorted(rows), wanted)
    for number in wanted:
        line, domain, account, reason = UNTIDY[number - 1]
        row = rows.get(number, {})
        check_equal(f"untidy: domain of {line!r}", row.get("domain"), domain)
        check_equal(f"untidy: account of {line!r}", row.get("account"), account)
        if reason:
            check_equal(f"untidy: reason of {line!r}", row.get("account_reason"), reason)
    check_equal("untidy: the repeat points to the first", rows.get(9, {}).get("duplicate_of"), 1)
    check("untidy: the summary is on standard error", "inputs 10 = " in done.stderr, done.stderr)
    lines = done.stdout.splitlines()
    check("untidy: type comes first", all(line.startswith(b'{"type":"') for line in lines))


def check_key_order(rows, what):
    """The same keys in the same order in every row of a table."""
    orders = {}
    for row in rows:
        name = row.get("type", what)
        check_equal(f"{what}: keys of {name}", orders.setdefault(name, list(row)), list(row))


def check_quiet_and_files(dns, folder):
    status, metrics, log = (os.path.join(folder, name) for name in ("status.csv", "metrics", "log"))
    done = run("scan", *options(dns, "-q", "-u", status, "--metrics-file", metrics, "-l", log), input="web.test\n")
    check_equal("quiet: exit code", done.returncode, 0)
    check_equal("quiet: standard error", done.stderr, "")
    with open(status, newline="", encoding="ascii") as file:
        updates = list(csv.DictReader(file))
    check("status: a line at the end", updates and updates[-1]["lines_no_mail"] == "1", updates)
    with open(metrics, encoding="ascii") as file:
        text = file.read()
    for line in ('mxcensus_lines_done_total{class="no_mail"} 1', "mxcensus_exit_code 0", 'mxcensus_findings{severity="info"} ',
                 "mxcensus_start_timestamp_seconds ", "mxcensus_end_timestamp_seconds ", "mxcensus_last_success_timestamp_seconds "):
        check(f"metrics: {line}", "\n" + line in text, text)
    if shutil.which("promtool"):
        said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        check_equal("what promtool says of the metrics", (said.returncode, said.stdout + said.stderr), (0, ""))
    success = [line for line in text.splitlines() if line.startswith("mxcensus_last_success")]
    done = run("scan", "--name-servers", "127.0.0.1:1", "--ehlo-domain", EHLO, "--dns-timeout", "0.1", "--dns-tries", "1",
               "--metrics-file", metrics, input="web.test\n")
    with open(metrics, encoding="ascii") as file:
        text = file.read()
    check("metrics of a scan that the self-test refuses", done.returncode == 1 and "\nmxcensus_exit_code 1\n" in text, (done.stderr, text))
    check_equal("metrics: the last success stays", [line for line in text.splitlines() if line.startswith("mxcensus_last_success")], success)
    check_equal("metrics: nothing is left beside", [n for n in os.listdir(folder) if n.endswith(".part")], [])


def check_directory(dns, folder):
    text = "\n".join(line for line, *_ in UNTIDY)
    for compress, suffix in (("none", ""), ("gzip", ".gz")):
        out = os.path.join(folder, "out" + compress)
        done = run("scan", *options(dns, "-o", out, "--format", "both", "--compress", compress), input=text)
        check_equal(f"{compress}: exit code", done.returncode, 0)
        check_equal(f"{compress}: standard output", done.stdout, b"")
        names = set(os.listdir(out))
        wanted = {f"{name}.ndjson{suffix}" for name in TABLES}
        wanted |= {f"{name}.csv{suffix}" for name in TABLES + JOIN_TABLES} | {"manifest.json", "summary.json", "root-cas-system.pem"}
        check_equal(f"{compress}: files", wanted - names, set())
        check_equal(f"{compress}: no part is left", [n for n in names if n.endswith(".part")], [])
        manifest = read_json(out, "manifest.json")
        account = manifest["account"]
        check_equal(f"{compress}: inputs", account["inputs"], 10)
        check_equal(f"{compress}: the account adds up", sum(account["classes"].values()), 10)
        check_files_of_manifest(manifest, out, compress)


def read_octets(path):
    with open(path, "rb") as file:
        octets = file.read()
    return gzip.decompress(octets) if path.endswith(".gz") else octets


def check_files_of_manifest(manifest, out, what):
    for entry in manifest["files"]:
        if not entry.get("table"):
            continue
        path = os.path.join(out, entry["name"])
        with open(path, "rb") as file:
            stored = file.read()
        check_equal(f"{what}: SHA-256 of {entry['name']}", hashlib.sha256(stored).hexdigest(), entry["sha256"])
        check_equal(f"{what}: length of {entry['name']}", len(stored), entry["octets"])
        text = read_octets(path)
        if entry["format"] == "ndjson":
            rows = parse_ndjson(text)
            check_key_order(rows, f"{what} {entry['name']}")
            count = len(rows)
        else:
            check(f"{what}: lines of {entry['name']} end with CRLF", text.endswith(b"\r\n"))
            records = list(csv.reader(io.StringIO(text.decode("utf-8"), newline="")))
            widths = {len(record) for record in records}
            check_equal(f"{what}: every record of {entry['name']} has the same fields", len(widths), 1)
            count = len(records) - 1
        check_equal(f"{what}: rows of {entry['name']}", count, entry["rows"])


def check_csv_equals_ndjson(folder):
    """The same values in both formats; CSV has nothing for null and JSON text for lists."""
    out = os.path.join(folder, "outnone")
    for name in TABLES:
        with open(os.path.join(out, name + ".csv"), newline="", encoding="utf-8") as file:
            records = list(csv.DictReader(file))
        rows = read_table(out, name)
        check_equal(f"{name}: rows in CSV", len(records), len(rows))
        for record, row in zip(records, rows):
            check_equal(f"{name}: columns", list(record), list(row))
            for key, value in row.items():
                if value is None:
                    want = ""
                elif isinstance(value, bool):
                    want = "true" if value else "false"
                elif isinstance(value, (list, dict)):
                    check_equal(f"{name}.{key}", json.loads(record[key]), value)
                    continue
                else:
                    want = str(value)
                check_equal(f"{name}.{key}", record[key], want)


def check_csv_input(dns):
    text = 'rank,domain,note\r\n1,null.test,"a, ""b"""\r\n2,web.test,\r\n'
    for column in ("2", "domain"):
        done = run("scan", *options(dns, "--column", column, "--metadata-passthrough"), input=text)
        rows = {row["domain"]: row for row in table(done.rows, "domains")}
        check_equal(f"column {column}: exit code", done.returncode, 0)
        check("CSV: the domains", {"null.test", "web.test"} <= set(rows), rows.keys())
        metadata = rows.get("null.test", {}).get("metadata") or {}
        check("CSV: other columns are kept", 'a, "b"' in metadata.values(), metadata)
    done = run("scan", *options(dns), input="1,null.test\n2,web.test\n")
    check_equal("Tranco: domains", sorted(r["domain"] for r in table(done.rows, "domains")), ["null.test", "web.test"])


def wait_for_row(process, seconds=20):
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return os.read(process.stdout.fileno(), 65536) if ready else b""


def check_results_begin_early(dns):
    process = start("scan", *options(dns))
    process.stdin.write(b"null.test\nweb.test\n")
    process.stdin.flush()
    first = wait_for_row(process)
    check("results begin before the input ends", b'"domains"' in first, first)
    rest, _ = process.communicate(b"literal.test\n", timeout=60)
    check_equal("early: rows", len(table(parse_ndjson(first + rest), "domains")), 3)
    check_equal("early: exit code", process.returncode, 0)


def check_interruption(folder, signals, code, seconds):
    """Names that get no answer keep the scan at work until it is told to stop."""
    class Silent(DnsServer):
        def answer(self, message, truncate=False):
            if b"silent" in message:
                self.asked.append((read_name(message, 12)[0], "MX"))
                raise OSError("no answer")
            return super().answer(message, truncate)

        def _udp(self):
            while self.udp.fileno() >= 0:
                super()._udp()

    what = "+".join(s.name for s in signals)
    out = os.path.join(folder, what)
    with Silent(ZONE) as dns:
        process = start("scan", *options(dns, "-o", out, "--dns-timeout", "4", "--dns-tries", "1", "--dns-retry-pause", "0"))
        process.stdin.write(b"null.test\nweb.test\n" + b"".join(b"a%d.silent.test\n" % n for n in range(20)))
        process.stdin.flush()
        more = os.dup(process.stdin.fileno())  # the end of the list is not to be seen, or all of it may be done
        dns.wait_for(("a19.silent.test", "MX"), process)
        time.sleep(2)
        begin = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.3)
        try:
            _, said = process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            check(f"{what}: ends", False)
            return
        finally:
            os.close(more)
        check(f"{what}: ends in time", time.monotonic() - begin < seconds, time.monotonic() - begin)
    check_equal(f"{what}: exit code", process.returncode, code)
    names = os.listdir(out)
    check(f"{what}: state and no manifest", "state.json" in names and "manifest.json" not in names, names)
    part = [n for n in names if n.startswith("domains.ndjson")]
    check_equal(f"{what}: the rows are there", len(part), 1)
    rows = parse_ndjson(read_octets(os.path.join(out, part[0])))
    done = {row["domain"] for row in rows}
    check(f"{what}: finished lines have rows", {"null.test", "web.test"} <= done, done)
    unfinished = read_json(out, "state.json")
    check_equal(f"{what}: the others are named as unfinished",
                numbers_of(unfinished["unfinished_lines"]), set(range(1, 23)) - {r["input_line"] for r in rows})
    check(f"{what}: and it is said", b"unfinished" in said or b"not complete" in said, said)


def numbers_of(ranges):
    """[[1, 3], 7] or [1, 2, 3, 7] as a set."""
    numbers = set()
    for item in ranges:
        low, high = item if isinstance(item, list) else (item, item)
        numbers |= set(range(low, high + 1))
    return numbers


def check_csv_alone(dns, folder):
    """Results without NDJSON, with a manifest and without: each command says what is missing, and what to do."""
    results = os.path.join(folder, "csv-alone")
    bare = os.path.join(folder, "csv-bare")
    check_equal("CSV alone: exit code", run("scan", *options(dns, "-q", "-o", results, "--format", "csv", path_of_list(folder))).returncode, 0)
    os.mkdir(bare)
    shutil.copy(os.path.join(results, "domains.csv"), bare)
    for out in (results, bare):
        for command in (["report", out], ["show", out, "null.test"], ["diff", out, out], ["analyze", out]):
            done = run(*command)
            check_equal(f"CSV alone: {command}", (done.returncode, done.stdout, done.stderr.count("\n")), (2, b"", 1))
            check(f"CSV alone: {command}: what is missing, what to do",
                  f"{out}: its rows are CSV alone, which is not read back; scan with --format ndjson or both" in done.stderr, done.stderr)
    done = run("schema", "--format", "duckdb", "--load", results)
    check("CSV alone: to be loaded", done.returncode == 2 and "there is no certificates.ndjson; a scan writes it with --format ndjson or both" in done.stderr, done.stderr)


def check_reader_gone(dns, folder):
    """A reader of standard output that has enough is no failure: nothing is said, and the exit code is that of SIGPIPE."""
    results = os.path.join(folder, "read")
    check_equal("results to be read", run("scan", *options(dns, "-q", "-o", results), input=b"null.test\nweb.test\n").returncode, 0)
    for ignored in (False, True):  # as a service of systemd has it
        for command in (["scan", *options(dns)], ["scan", *options(dns, "--stdout", "domains")], ["check", *options(dns)[:4], *options(dns)[6:], "null.test"],
                        ["report", results], ["report", "--format", "csv", results], ["show", "--color", "always", results, "null.test"],
                        ["analyze", results], ["analyze", "--stdout", "domains", results], ["diff", results, results], ["schema"],
                        ["schema", "--format", "duckdb", "--load", results], ["explain"], ["explain", "sni"], ["help"], ["scan", "--help"], ["version"],
                        ["probing-txt", "--ehlo-domain", EHLO, "--contact", "mailto:a@b.example"]):
            what = f"reader gone: {command[0]} {command[-1]}{', SIGPIPE ignored' if ignored else ''}"
            process = subprocess.Popen([MXCENSUS, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=environment(), restore_signals=not ignored)
            process.stdout.close()
            process.stdin.write(b"null.test\n" if command[0] == "scan" else b"")
            process.stdin.close()
            said = process.stderr.read().decode()
            process.stderr.close()
            process.wait(60)
            quiet = [line for line in said.splitlines() if "rror" in line or "Broken" in line or "lost" in line or "complete" in line]
            check_equal(f"{what}: exit code, and nothing is said of it", (process.returncode, quiet), (141, []))
            check(f"{what}: silent", said == "" or command[0] == "scan", said)
        with open("/dev/full", "wb") as full:
            for command in (["report", results], ["show", results, "null.test"], ["analyze", results], ["diff", results, results], ["schema"], ["version"]):
                done = subprocess.run([MXCENSUS, *command], stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False,
                                      restore_signals=not ignored)
                check(f"full standard output: {command[0]}: one clear line", done.returncode == 3 and done.stderr.count(b"\n") == 1 and
                      b"No space left on device" in done.stderr, (done.returncode, done.stderr))


def check_no_room(dns, folder):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([MXCENSUS, "scan", *options(dns, "-q")], input=b"null.test\n", stdout=full,
                              stderr=subprocess.PIPE, env=environment(), timeout=60, check=False)
    check_equal("full standard output: exit code", done.returncode, 3)
    check("full standard output: one clear line",
          done.stderr.count(b"\n") == 1 and b"No space left on device" in done.stderr, done.stderr)

    small = os.path.join(folder, "small")
    os.mkdir(small)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", small], capture_output=True, check=False).returncode == 0
    if not mounted:
        print("left out: a full disk (needs root and mount)")
        return
    try:
        lines = b"".join(b"n%d.nowhere.test\n" % n for n in range(4000))
        done = run("scan", *options(dns, "-q", "-o", os.path.join(small, "out")), input=lines)
        check_equal("full disk: exit code", done.returncode, 3)
        check("full disk: one clear line", len(done.stderr.splitlines()) == 1
              and "No space left on device" in done.stderr and small in done.stderr, done.stderr)
        names = os.listdir(os.path.join(small, "out"))
        check("full disk: no manifest", "manifest.json" not in names, names)
        check("full disk: the state is there", "state.json" in names, names)
    finally:
        subprocess.run(["umount", small], check=True)


def check_descriptors(dns):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))

    done = subprocess.run([MXCENSUS, "scan", *options(dns)], input=b"null.test\n", capture_output=True,
                          preexec_fn=few, env=environment(), timeout=60, check=False)
    check_equal("few descriptors: exit code", done.returncode, 0)
    check("few descriptors: it says so", b"--concurrency 4000 is lowered to 44" in done.stderr, done.stderr)

    done = run("scan", *options(dns, "--concurrency", "1"), input="null.test\n")
    check_equal("one connection: exit code", done.returncode, 0)
    check("one connection: one thread has it", "--threads 2 is lowered to 1" in done.stderr, done.stderr)

    def too_few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))

    done = subprocess.run([MXCENSUS, "scan", *options(dns)], input=b"null.test\n", capture_output=True,
                          preexec_fn=too_few, env=environment(), timeout=60, check=False)
    check_equal("no descriptors: exit code", done.returncode, 1)
    check("no descriptors: one clear line",
          done.stderr.count(b"\n") == 1 and b"only 20 files can be open" in done.stderr, done.stderr)


def check_environment(dns, folder):
    """Nobody writes to these: who opened one would wait for ever."""
    names = {"OPENSSL_CONF": os.path.join(folder, "openssl.cnf"), "SSLKEYLOGFILE": os.path.join(folder, "keys")}
    for path in names.values():
        os.mkfifo(path)
    done = subprocess.run([MXCENSUS, "scan", *options(dns, "-q")], input=b"null.test\n", capture_output=True,
                          env={**environment(), **names}, timeout=60, check=False)
    check_equal("environment of OpenSSL and libcurl: exit code", done.returncode, 0)


def memory_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData:"))


def limits_address_space():
    """A sanitizer takes terabytes of it."""
    done = subprocess.run([MXCENSUS, "--version"], capture_output=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))
    return done.returncode == 0


def check_memory_at_start(dns, folder, method):
    """From far too little to enough: one clear line, or a whole scan."""
    ends = []
    for number, mib in enumerate((24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 160, 200, 256, 512)):
        out = os.path.join(folder, f"memory-{method}-{number}")
        done = subprocess.run([MXCENSUS, "scan", *options(dns, "--compress", method, "-q", "-o", out)], input=b"null.test\n",
                              capture_output=True, env=environment(), timeout=60, check=False,
                              preexec_fn=lambda mib=mib: resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20)))
        if done.returncode == 127 and b"error while loading shared libraries" in done.stderr:
            continue  # not even loaded
        ends.append(done.returncode)
        check(f"{method}, {mib} MiB: exit code", done.returncode in (0, 1), (done.returncode, done.stderr))
        if done.returncode == 1:
            check(f"{method}, {mib} MiB: it says so", b"mxcensus: out of memory: " in done.stderr, done.stderr)
    check_equal("memory enough in the end", ends[-1], 0)
    check("and too little before", 1 in ends, ends)


def check_memory_in_scan(dns, folder, method):
    """What is finished stays, what is not is listed."""
    out = os.path.join(folder, "memory-" + method)
    process = start("scan", *options(dns, "--compress", method, "-q", "-o", out))
    process.stdin.write(b"".join(b"n%d.nowhere.test\n" % n for n in range(200)))
    process.stdin.flush()
    # Rows show that it has all that it begins with; a busy machine takes its time.
    end = time.monotonic() + 30
    while time.monotonic() < end and not any(os.stat(path).st_size for path in glob.glob(os.path.join(out, "domains.ndjson*.part"))):
        time.sleep(0.1)
    time.sleep(1)
    limit = memory_of(process)
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, limit))
    try:
        for n in range(200, 100000):
            process.stdin.write(b"n%d.nowhere-%s.test\n" % (n, b"x" * 50))
        process.stdin.close()
    except BrokenPipeError:
        pass
    said = process.stderr.read()
    process.wait(60)
    check_equal("out of memory: exit code", process.returncode, 1)
    check_equal("out of memory: one clear line", said,
                b"mxcensus: out of memory: the scan ends, lines without a row are unfinished\n")
    state = read_json(out, "state.json")
    check_equal("out of memory: reason", state["reason"], "out of memory")
    if method == "zstd":  # which Python does not read
        check_equal("out of memory: analyze", run("analyze", "-o", out + "-again", out).returncode, 0)
        out += "-again"
    rows = {row["input_line"] for row in rows_of(out, "domains")}
    unfinished = numbers_of(state["unfinished_lines"])
    check("out of memory: rows of what was finished", len(rows) >= 200, len(rows))
    check("out of memory: lines are finished or not", not rows & unfinished)
    check_equal("out of memory: all of them", len(rows | unfinished), state["lines_read"])


def check_closed_descriptors(dns, folder):
    """What the caller closed must not be taken by a file or socket of ours."""
    for closed, code in (((1,), 3), ((0, 1, 2), 3)):
        done = subprocess.run([MXCENSUS, "scan", *options(dns), path_of_list(folder)], capture_output=True,
                              preexec_fn=lambda closed=closed: [os.close(fd) for fd in closed],
                              env=environment(), timeout=60, check=False)
        check_equal(f"{closed} closed: exit code", done.returncode, code)
        if 2 not in closed:
            check("closed standard output: one clear line",
                  b"write standard output: Bad file descriptor; 1 row lost" in done.stderr, done.stderr)
    out = os.path.join(folder, "closed")
    done = subprocess.run([MXCENSUS, "scan", *options(dns, "-o", out), path_of_list(folder)],
                          preexec_fn=lambda: [os.close(fd) for fd in range(3)],
                          env=environment(), timeout=60, check=False)
    check_equal("all closed, with a directory: exit code", done.returncode, 0)
    check_equal("all closed, with a directory: rows", len(read_table(out, "domains")), 1)


def path_of_list(folder):
    path = os.path.join(folder, "one-line")
    with open(path, "w", encoding="utf-8") as file:
        file.write("null.test\n")
    return path


def main():
    folder = tempfile.mkdtemp(prefix="mxcensus-streams-")
    try:
        with DnsServer(ZONE) as dns:
            check_untidy_list(dns)
            check_quiet_and_files(dns, folder)
            check_directory(dns, folder)
            check_csv_equals_ndjson(folder)
            check_csv_input(dns)
            check_results_begin_early(dns)
            check_no_room(dns, folder)
            check_descriptors(dns)
            check_closed_descriptors(dns, folder)
            check_csv_alone(dns, folder)
            check_reader_gone(dns, folder)
            check_environment(dns, folder)
            if limits_address_space():
                for method in ("none", "gzip", "zstd"):
                    check_memory_at_start(dns, folder, method)
                    check_memory_in_scan(dns, folder, method)
        check_interruption(folder, [signal.SIGINT], 130, 30)
        check_interruption(folder, [signal.SIGTERM], 143, 30)
        check_interruption(folder, [signal.SIGINT, signal.SIGINT], 130, 4)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
