"""Usage errors: one clear line on standard error, nothing on standard output, exit code 2."""

import gzip
import hashlib
import io
import json
import lzma
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import EHLO, MXCENSUS, check, check_equal, check_refused, finish, run, start  # noqa: E402
from support.dns_server import CLIENT, DnsServer  # noqa: E402

# What is enough to start: a resolver and a name.
READY = ["--ehlo-domain", EHLO, "--trust-ad", "no", "--ipv4-only", "--address-map", "11.0.0.0/8=127.0.0.0/8"]


def refused(what, arguments, words, input=""):
    done = run(*arguments, input=input, timeout=30)
    check_refused(what, done, words)


def check_texts():
    for arguments, begin in ((["--help"], b"Usage: mxcensus "), (["scan", "--help"], b"Usage: mxcensus scan"),
                             (["check", "--help"], b"Usage: mxcensus check"), (["help", "analyze"], b"Usage: mxcensus analyze"),
                             (["explain", "-h"], b"Usage: mxcensus explain"), (["explain"], b"notice   domain "),
                             (["explain", "sni"], b"sni (term)\n"),
                             (["explain", "starttls.masked"], b"starttls.masked\n  severity   error at most\n"),
                             (["explain", "sni.needd"], b"Nothing is called 'sni.needd'; this is 'sni.needed':\n\nsni.needed\n"),
                             (["explain", "Connect_Timeout"], b"smtp.connect_timeout\n"), (["explain", "null", "mx"], b"null mx (term)\n"),
                             (["explain", "--format", "csv"], b"code,severity,scope,tables,"),
                             (["explain", "--format", "json"], b"[\n"),
                             (["--version"], b"mxcensus 0."), (["version"], b"mxcensus 0."), (["help"], b"Usage: mxcensus "), (["scan", "--version"], b"mxcensus 0.")):
        done = run(*arguments, timeout=30)
        check_equal(f"{arguments}: exit code", done.returncode, 0)
        check(f"{arguments}: text", done.stdout.startswith(begin), done.stdout)
        check_equal(f"{arguments}: standard error", done.stderr, "")


def check_refusals(folder):
    missing = os.path.join(folder, "missing")
    full = os.path.join(folder, "full")
    os.mkdir(full)
    with open(os.path.join(full, "something"), "w", encoding="ascii"):
        pass
    blocklist = os.path.join(folder, "blocklist")
    with open(blocklist, "w", encoding="ascii") as file:
        file.write("# opt-out\nexample.org\n300.1.2.3/99\n")
    listed = os.path.join(folder, "list")
    with open(listed, "w", encoding="ascii") as file:
        file.write("example.org\n")

    refused("no command", [], ["mxcensus --help"])
    refused("unknown command", ["probe"], ["'probe'"])
    refused("a command that is nearly one", ["chek", "example.org"], ["'chek'", "did you mean check?"])
    for word, kind, meant in (("hlep", "command", "help"), ("--hlep", "option", "--help"), ("--verison", "option", "--version"),
                              ("verison", "command", "version")):
        refused(f"nearly {meant}", [word], [f"unknown {kind} '{word}'; did you mean {meant}?"])
    refused("an option that is nearly one", ["scan", "--ouput", "x"], ["--ouput", "did you mean --output?"])
    refused("unknown option", ["scan", "--frobnicate"], ["--frobnicate", "scan --help"])
    refused("a table that is nearly one", ["scan", "--stdout", "domain"], ["--stdout", "'domain'", "did you mean domains?"])
    for option, command in (("--stdout ", ["scan", "--stdout", "everything"]), ("--tables ", ["scan", "--tables", "everything"]), ("", ["schema", "everything"])):
        refused(f"no table: {command}", command, [f"mxcensus: {option}'everything' is no table; the tables are certificates, chains"])
        refused(f"nearly a table: {command}", [*command[:-1], "domain"], [f"mxcensus: {option}'domain' is no table; did you mean domains?"])
    for command in (["scan"], ["analyze", full]):
        refused(f"{command[0]}: a table that rows on standard output do not have", [*command, "--stdout", "outcome_sets"],
                ["--stdout outcome_sets", "--detail normal or summary"])
    refused("a column that is nearly one", ["scan", "--stdout", "domains", "--fields", "domain,efect"],
            ["--fields", "'efect'", "domains", "did you mean effect?"])
    refused("a column twice", ["analyze", "--fields", "domain,domain", "--stdout", "domains", full], ["--fields", "'domain'", "twice"])
    for column in ("outcome_set", "outcome_groups"):
        refused(f"a column that rows on standard output do not have: {column}", ["scan", "--stdout", "domains", "--fields", f"domain,{column}"],
                [f"--fields '{column}': rows on standard output are of full detail, which does not have this column"])
    for command in (["scan"], ["analyze", full]):
        refused(f"{command[0]}: a table that the format has not", [*command, "--tables", "routes"], ["routes is written as CSV only", "--format csv or both"])
        refused(f"{command[0]}: tables that the format has not", [*command, "--tables", "routes,findings", "-o", missing], ["routes,findings", "--format csv or both"])
        refused(f"{command[0]}: a table of another detail", [*command, "--detail", "full", "--tables", "domains,outcome_sets", "-o", missing],
                ["outcome_sets", "--detail full"])
        refused(f"{command[0]}: no table of that name", [*command, "--tables", "foo"], ["'foo' is no table", "routes, "])
    refused("columns of no table", ["scan", "--fields", "domain"], ["--fields", "--stdout"])
    refused("a directory and standard output", ["scan", "--stdout", "domains", "-o", missing], ["--stdout", "--output"])
    refused("lines of all tables", ["scan", "--format", "text"], ["--format text", "--stdout"])
    refused("two files of one table", ["scan", "--stdout", "domains", "--format", "both"], ["--stdout", "--format"])
    refused("no severity and no effect", ["check", "--fail-on", "no_mail", "example.org"],
            ["--fail-on", "'no_mail'", "error", "mail_lost"])
    refused("option of another command", ["scan", "--json"], ["--json", "mxcensus check", "scan --help"])
    refused("check without a domain", ["check"], ["which domain"])
    refused("analyze without results", ["analyze"], ["which results"])
    refused("results are absent", ["analyze", missing], [missing])
    refused("results are no results", ["analyze", full], [full])
    hostile = os.path.join(folder, "hostile")
    os.mkdir(hostile)
    files = [{"table": "certificates", "format": "ndjson", "rows": 1, "name": "\x1b[2J\n\u202e.ndjson"}]
    with open(os.path.join(hostile, "manifest.json"), "w", encoding="ascii") as file:
        json.dump({"schema": 1, "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:00Z",
                   "judged_at": "2026-01-01T00:00:00Z", "options": {"ports": "25"}, "files": files}, file)
    refused("names in a manifest are written visibly", ["analyze", "--root-cas", "/etc/ssl/certs/ca-certificates.crt", hostile],
            ["\\x1b[2J\\n\\u202e.ndjson: No such file"])
    refused("unknown name", ["explain", "sni.xneddx"], ["'sni.xneddx'", "similar: "])
    refused("a misspelt code, for a program", ["explain", "--format", "json", "sni.needd"], ["'sni.needd'", "sni.needed"])
    refused("roots are absent", ["scan", *READY, "--root-cas", missing, listed], [missing])
    refused("roots are no roots", ["check", *READY, "--root-cas", listed, "example.org"], [listed])
    refused("time", ["check", "--at", "noon", "example.org"], ["--at", "'noon'"])
    refused("retries", ["scan", "--retries", "4"], ["--retries", "'4'"])
    refused("infer", ["scan", "--infer", "some"], ["--infer", "'some'", "off"])
    refused("probes", ["scan", "--probes", "sni,no-sni-long"], ["--probes", "'no-sni-long'", "no-sni-short"])
    refused("resolver", ["scan", "--name-servers", "dns.example"], ["--name-servers", "'dns.example'"])
    refused("EHLO name", ["scan", "--ehlo-domain", "scanner"], ["--ehlo-domain", "'scanner'"])
    refused("format without directory", ["scan", "--format", "csv"], ["--output"])
    refused("--resume takes the format from the directory", ["scan", "--resume", "/", "--format", "csv"],
            ["not allowed with it: --format"])
    refused("input is absent", ["scan", *READY, missing], [missing, "No such file"])
    refused("input is a folder", ["scan", *READY, full], [full])
    refused("output is not empty", ["scan", *READY, "-o", full, listed], [full, "empty"])
    refused("output is a file", ["scan", *READY, "-o", listed, listed], [listed])
    # Resolvers that never answer: what is wrong here is said before they are asked.
    dead = ["scan", "--ehlo-domain", EHLO, "--name-servers", "127.0.0.1:9"]
    refused("first the list", [*dead, missing], [missing, "No such file"])
    refused("first the directory", [*dead, "-o", full, listed], [full, "empty"])
    refused("first the place of the directory", [*dead, "-o", os.path.join(missing, "x"), listed], [missing])
    refused("first the blocklist", [*dead, "-b", blocklist, listed], ["--blocklist-file", "line 3"])
    refused("no folder for the output", ["scan", *READY, "-o", os.path.join(missing, "x"), listed], [missing])
    refused("blocklist is absent", ["scan", *READY, "-b", missing, listed], [missing])
    refused("the option of it is named", ["check", *READY, "-b", missing, "example.org"], [f"--blocklist-file {missing}: No such"])
    refused("bad line in blocklist", ["scan", *READY, "-b", blocklist, listed], [blocklist, "line 3"])
    refused("status file", ["scan", *READY, "-u", os.path.join(missing, "x"), listed], ["--status-updates-file"])
    refused("metrics file", ["scan", *READY, "--metrics-file", os.path.join(missing, "x"), listed],
            ["--metrics-file"])
    refused("log file", ["scan", *READY, "-l", os.path.join(missing, "x"), listed], ["--log-file"])
    refused("every value of an option with files is looked at",
            ["scan", *READY, "--root-cas", "/etc/ssl/certs/ca-certificates.crt", "--root-cas", f"other={missing}", listed],
            [f"--root-cas {missing}: No such file or directory; give a PEM file of root certificates"])
    refused("the option of a file that says nothing is named", ["scan", *READY, "--intermediates", listed, listed],
            [f"--intermediates {listed}: no certificate in it; give a PEM file"])
    refused("tables beside --stdout", ["scan", *READY, "--stdout", "domains", "--tables", "hosts", listed], ["--tables is for rows in files", "--fields"])
    refused("columns beside --stdout", ["scan", *READY, "--stdout", "domains", "--columns", "-domains.mx", listed], ["--columns is for rows in files"])
    refused("detail beside --stdout", ["scan", *READY, "--stdout", "domains", "--detail", "normal", listed], ["--detail is for rows in files"])
    refused("column", ["scan", *READY, "--column", "host", "-"], ["host"], input="rank,domain\n1,example.org\n")
    check_equal("the full folder is untouched", os.listdir(full), ["something"])


def check_config(folder):
    """Whatever refuses a value of a file, and however late, names file and line."""
    missing = os.path.join(folder, "missing")
    listed = os.path.join(folder, "config-list")
    full = os.path.join(folder, "config-full")
    none = os.path.join(folder, "config-none")
    conf = os.path.join(folder, "scan.conf")
    os.mkdir(full)
    for path, text in ((listed, "example.org\n"), (os.path.join(full, "x"), ""), (none, "")):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    def refuse(lines, *arguments, words=(), command="scan", ready=READY, mark=b""):
        with open(conf, "wb") as file:
            file.write(mark + "\n".join(["# a night", *lines]).encode())
        refused(f"{lines}: the line is named", [command, *ready, "--config", conf, *arguments], [f"mxcensus: {conf}:2: ", *words])

    refuse(["threads = many"], listed, words=["--threads 'many'"])
    refuse(["columns = -nothing.here"], listed, words=["--columns '-nothing.here'"])
    refuse(["tables = nothing"], listed, words=["--tables 'nothing'"])
    refuse(["tables = routes"], listed, words=["--tables: routes"])
    refuse(["stdout = nothing"], listed, words=["--stdout 'nothing'"])
    refuse(["fields = domain"], listed, words=["--fields"])
    refuse(["format = csv"], listed, words=["--format"])
    refuse(["address-limit = 9"], "--network-limit", "3", listed, words=["--address-limit 9"])
    refuse(["ipv6-only"], listed, words=["--ipv6-only"])
    for name in ("blocklist-file", "root-cas", "intermediates", "sender-profiles", "shared-operators", "input-file"):
        refuse([f"{name} = {missing}"], *([] if name == "input-file" else [listed]), words=[f"--{name} {missing}: No such file"])
    for name in ("log-file", "memory", "metrics-file", "status-updates-file"):
        refuse([f"{name} = {missing}/x"], listed, words=[f"--{name} {missing}/x: No such file"])
    refuse([f"memory = {listed}"], listed, words=[f"{listed}: line 1: not a file of --memory"])
    for name in ("root-cas", "intermediates", "sender-profiles", "shared-operators"):
        refuse([f"{name} = {listed}"], listed, words=[f"--{name} {listed}: "])
    refuse([f"root-cas = mine={listed}"], listed, words=[f"--root-cas {listed}: "])
    refuse([f"input-file = {none}"], words=[f"{none}: has no line with a domain"])
    refuse([f"output = {full}"], listed, words=[f"{full}: ", "empty"])
    for column in ("nothing", "0"):
        refuse([f"column = {column}"], listed, words=[f"{listed}: ", "--column"])
    refuse([f"resume = {missing}"], words=[missing], ready=())
    refuse(["format = csv"], "--resume", full, words=["not allowed with it"], ready=())
    refuse(["fail-on = nothing"], "example.org", command="check", words=["--fail-on 'nothing'"])
    refuse([f"root-cas = {listed}"], full, command="analyze", ready=(), words=[f"--root-cas {listed}: "])
    refuse([f"output = {missing}/x"], full, command="report", ready=(), words=[f"--output {missing}/x: "])
    refuse(["threads = many"], listed, words=["--threads 'many'"], mark=b"\xef\xbb\xbf")

    # As on the command line the last one counts; of a file both lines are named.
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"root-cas = {listed}\ncolumn = 2\ncolumn = 3\n")
    done = run("scan", *READY, "--config", conf, listed, timeout=30)
    check_equal("twice the same name: both lines, then the refusal", (done.returncode, done.stderr.splitlines()[0]),
                (2, f"mxcensus: {conf}:3: column is set again: what line 2 says does not count"))
    check("twice the same name: two lines", len(done.stderr.splitlines()) == 2, done.stderr)


def zstd(octets):
    return subprocess.run(["zstd", "-c"], input=octets, stdout=subprocess.PIPE, check=True).stdout


def check_lists(file, out):
    """Several lists, each in the form that it has, are one after the other what they are together."""
    plain, csv, packed = b"# first\na.test\nb.test\n", b"rank;domain\n1;c.test\n2;A.test\n", b"3,d.test\n"
    paths = [file("1.txt", plain), file("2.csv.gz", gzip.compress(csv)), file("3.zst", zstd(packed))]
    done = run("scan", *READY, "--metadata-passthrough", "-o", out + "-lists", *paths, "-", input="e.test\nb.test", timeout=60)
    check_equal("lists: exit code", done.returncode, 0)
    check("lists: what each is", f"{paths[1]} is CSV with semicolons" in done.stderr and f"{paths[2]} is CSV with commas" in done.stderr
          and "1.txt is" not in done.stderr, done.stderr)
    with open(os.path.join(out + "-lists", "domains.ndjson"), encoding="utf-8") as rows:
        rows = {row["input_line"]: row for row in map(json.loads, rows)}
    check_equal("lists: lines go on from one to the next", {line: (row["domain"], row["duplicate_of"]) for line, row in rows.items()},
                {2: ("a.test", None), 3: ("b.test", None), 5: ("c.test", None), 6: ("a.test", 2), 7: ("d.test", None), 8: ("e.test", None),
                 9: ("b.test", 3)})
    check_equal("lists: each has its columns", [rows[line]["metadata"] for line in (2, 5, 7)], [None, {"rank": "1"}, {"rank": "3"}])
    with open(os.path.join(out + "-lists", "manifest.json"), encoding="utf-8") as manifest:
        manifest = json.load(manifest)
    expected = []
    bare = (None, None, False)
    for path, method, line, form in (*zip(paths, ("none", "gzip", "zstd"), (1, 4, 7), (bare, (";", 2, True), (",", 2, False))), ("-", "none", 8, bare)):
        octets = b"" if path == "-" else open(path, "rb").read()
        expected.append({"path": path, "octets": len(octets) or None, "sha256": hashlib.sha256(octets).hexdigest() if octets else None,
                         "compression": method, "delimiter": form[0], "column": form[1], "header": form[2], "changed_while_read": False,
                         "first_line": line})
    check_equal("lists: the manifest names them", manifest["inputs"], expected)
    check_equal("lists: the manifest has them as options", manifest["options"]["input-file"], [*paths, "-"])


def check_begin(file, out):
    """What was read of standard input before is no part of the list."""
    rest = b"a.test\nb.test\n"
    with open(file("offset", b"no list\n" + rest), "rb", buffering=0) as listed:
        listed.seek(8)
        done = subprocess.run([MXCENSUS, "scan", *READY, "-q", "-o", out, "-"], stdin=listed, capture_output=True, timeout=60, check=False)
    check_equal("a file at an offset: exit code", (done.returncode, done.stderr), (0, b""))
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as manifest:
        told = json.load(manifest)["inputs"][0]
    check_equal("a file at an offset: the manifest has what was read", (told["octets"], told["sha256"]), (len(rest), hashlib.sha256(rest).hexdigest()))


def check_no_list(file, out):
    """A list of which no line is a domain is none: named by what it is, before anything is asked or made."""
    page = b"<!DOCTYPE html>\n<html><body>\n<p>not here</p>\n</body></html>\n"
    rows = b"".join(b'{"domain": "d%d.test", "rank": %d}\n' % (n, n) for n in range(2000))
    names = [b"d%d.test" % n for n in range(9000)]
    good = file("good", b"a.test\n")
    for name, octets, words in (("n.html", page, ["is HTML"]), ("n.ndjson", rows, ["is JSON"]), ("n.ndjson.gz", gzip.compress(rows), ["is JSON"]),
                                ("n.octets", bytes(range(128, 256)) * 9, ["none of its 1 lines is a domain", "--column"]),
                                ("n.prose", b"this is no list\n" * 3000, ["none of its first 1000 lines is a domain", "such as line 1, 'this is no list'"]),
                                ("n.cr", b"\r".join(names), ["has CR", "tr '\\r' '\\n'"]), ("n.short-cr", b"\r".join(names[:9]), ["has CR"]),
                                ("n.cr.csv", b"rank,domain\r1,a.test\r2,b.test", ["has CR"]),
                                ("n.nul", b"\0".join(names), ["has NULs", "tr '\\0' '\\n'"]), ("n.short-nul", b"\0".join(names[:9]), ["has NULs"])):
        path = file(name, octets)
        refused(name, ["scan", "--name-servers", "127.0.0.1:9", "-o", out, path], [path, *words])
        refused(f"{name}, the second list", ["scan", "--name-servers", "127.0.0.1:9", "-o", out, good, path], [path, *words])
        check(f"{name}: no directory was made", not os.path.exists(out))
        done = run("scan", *READY, "-q", input=octets, timeout=60)
        check_equal(f"{name}, from a pipe: exit code", done.returncode, 2)
        check(f"{name}, from a pipe: one line", done.stderr.count("\n") == 1 and all(word in done.stderr for word in ["standard input", *words]), done.stderr)
    done = run("scan", *READY, "-q", "--stdout", "domains", input=b"a.test\n" + page, timeout=60)
    check_equal("one domain is enough", done.returncode, 0)
    done = run("check", *READY, "no domain", timeout=60)
    check("a name that somebody typed is no list", done.returncode != 2 and "lines" not in done.stderr, (done.returncode, done.stderr))


def tar(name, octets):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(octets)
        archive.addfile(member, io.BytesIO(octets))
    return out.getvalue()


def zipped(name, octets):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, octets)
    return out.getvalue()


def check_command(name, path):
    """A command that a message offers does make a list of the file."""
    told = run("scan", *READY, "-o", path + ".out", path).stderr
    offered = re.search(r"give what '(.*)' prints", told)
    if offered is None:
        return
    command = offered[1].replace("FILE", shlex.quote(path)).replace("MEMBER", "list")
    made = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    check(f"{name}: the command that is offered works", made.returncode == 0 and b"a.test\n" in made.stdout, (command, made))


def check_inputs(folder):
    """What a list may be: named if it is none, before anything is asked or made; columns and repeats are told."""
    def file(name, octets):
        path = os.path.join(folder, name)
        with open(path, "wb") as out:
            out.write(octets)
        return path

    text = "kunde;mail;domain\nA, B;me@mail.test;a.test\nC;you@mail.test;b.test\nD;me@mail.test;a.test\n"
    out = os.path.join(folder, "out")
    for name, octets, words in (("x.cut.gz", gzip.compress(text.encode())[:9], ["is cut short"]),
                                ("x.bad.gz", gzip.compress(text.encode())[:10] + b"\xff" * 99, ["is damaged"]),
                                ("x.cut.zst", zstd(text.encode())[:9], ["is cut short"]),
                                ("x.twice.gz", gzip.compress(gzip.compress(text.encode())), ["gzip data inside of gzip", "'zcat FILE | zcat'"]),
                                ("x.utf16.gz", gzip.compress(text.encode("utf-16")), ["UTF-16 inside of gzip", "'zcat FILE | iconv -f UTF-16 -t UTF-8'"]),
                                ("x.utf16.zst", zstd(text.encode("utf-16-be")), ["inside of zstd", "'zstdcat FILE | iconv -f UTF-16BE -t UTF-8'"]),
                                ("x.zip.gz", gzip.compress(zipped("list", text.encode())), ["a zip archive or a workbook inside of gzip", "'zcat FILE | funzip'"]),
                                ("x.zip", zipped("list", text.encode()), ["is a zip archive", "'unzip -p FILE'"]),
                                ("x.tgz", gzip.compress(tar("list", b"a.test\n")), ["a tar archive inside of gzip", "'tar -xOf FILE MEMBER'"]),
                                ("x.tar", tar("list", b"a.test\n"), ["is a tar archive", "'tar -xOf FILE MEMBER'"]),
                                ("x.xz", lzma.compress(text.encode()), ["xz data", "xzcat FILE"]),
                                ("x.utf16", text.encode("utf-16"), ["UTF-16", "iconv"]), ("x.empty", b"", ["no line with a domain"]),
                                ("x.comments", b"# a\n\n", ["no line with a domain"])):
        path = file(name, octets)
        refused(name, ["scan", "--name-servers", "127.0.0.1:9", "-o", out, path], [path, *words])
        check(f"{name}: no directory was made", not os.path.exists(out))
        refused(f"{name}, from a pipe", ["scan", *READY], words, input=octets)
        check_command(name, path)
    check_no_list(file, out)
    refused("no such column", ["scan", "--name-servers", "127.0.0.1:9", "--column", "site", file("x.csv", text.encode())], ["site", "line 1"])
    refused("standard input twice", ["scan", *READY, "-", file("a", b"a.test\n"), "-"], ["'-'", "twice"])
    refused("one list of several has none", ["scan", *READY, "-o", out, file("a", b"a.test\n"), file("b", b"#\n")],
            [file("b", b"#\n"), "no line with a domain"])
    # What shows at its end alone is told before anything is made, and a file made to fill a machine by its first part.
    lines = b"".join(b"%d.test\n" % n for n in range(30000))
    for name, octets, said in (("cut.gz", gzip.compress(lines)[:-9], "is cut short"), ("cut.zst", zstd(lines)[:-9], "is cut short"),
                               ("bomb.gz", gzip.compress(b"a.test\n" + b"\n" * (70 << 20)), "more than 250 times its size"),
                               ("bomb.zst", zstd(b"a.test\n" + b"\n" * (70 << 20)), "more than 250 times its size")):
        path = file(name, octets)
        refused(name, ["scan", *READY, "-o", out, path], [path, said])
        check(f"{name}: no directory was made", not os.path.exists(out))
    # From a pipe it shows when domains before it are scanned.
    done = run("scan", *READY, "-q", "--stdout", "domains", "--fields", "domain", "--format", "csv", input=gzip.compress(b"a.test\n" * 9)[:-9])
    check_equal("cut short, from a pipe: exit code", (done.returncode, "standard input: is cut short" in done.stderr), (1, True))
    check_lists(file, out)
    check_begin(file, out + "-rest")
    path = file("padded.gz", gzip.compress(b"a.test\n") + gzip.compress(b"b.test\n") + bytes(2048))
    done = run("scan", *READY, "-q", "-o", out + "-padded", path)
    check_equal("zeros behind gzip are padding", (done.returncode, done.stderr), (0, ""))

    path = file("x.csv", text.encode())
    maps = ["--port-map", "2500=2501", "--port-map", "2502=2503"]
    done = run("scan", *READY, *maps, "-o", out, path, timeout=60)
    check_equal("semicolons: exit code", done.returncode, 0)
    check("semicolons: the column is told", "semicolons between columns; domains are taken from column 3 (domain), by its header" in done.stderr, done.stderr)
    check_columns(file)
    with open(os.path.join(out, "domains.ndjson"), encoding="utf-8") as rows:
        check_equal("semicolons: domains", sorted(json.loads(row)["domain"] for row in rows), ["a.test", "a.test", "b.test"])
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as manifest:
        manifest = json.load(manifest)
    check_equal("the manifest has each value of a repeated option", manifest["options"]["port-map"], ["2500=2501", "2502=2503"])
    check_equal("the manifest names the list", manifest["inputs"],
                [{"path": path, "octets": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest(), "compression": "none", "delimiter": ";", "column": 3,
                  "header": True, "changed_while_read": False, "first_line": 1}])
    done = run("scan", *READY, "-q", input="a.test\na.test\na.test\n", timeout=60)
    check("repeats: a warning with an example", "2 of the 3 lines repeat a domain, such as line 2, 'a.test'" in done.stderr, done.stderr)


def check_columns(file):
    """Lists as others make them: their column of domains is found, told, and the scan and its rehearsal agree."""
    for name, text, said, domains in (
            ("crux.csv", b"origin,rank\nhttps://a.test,1000\nhttps://b.test,1000\n", "column 1 (origin), by its header, as hosts of URLs", ["a.test", "b.test"]),
            ("ids.csv", b"id,url\n1,https://a.test/\n2,http://b.test/x?y\n", "column 2 (url), by its header, as hosts of URLs", ["a.test", "b.test"]),
            ("customers.csv", b"Name,E-Mail,Web site\nAcme,me@mail.test,a.test\nBooking.test,me@mail.test,b.test\nx,y@mail.test,c.test\n",
             "column 3 (Web site), by its header", ["a.test", "b.test", "c.test"]),
            ("guests.csv", b"Name,E-Mail\nAcme,me@a.test\n",
             "column 2 (E-Mail), of mail addresses what stands after '@', as no column has domains alone", ["a.test"])):
        path = file(name, text)
        for input, list_name, arguments in ((None, path, [path]), (text, "standard input", [])):
            done = run("scan", *READY, "--stdout", "domains", "--fields", "domain", "--format", "csv", *arguments, input=input)
            check(f"{name}: the column is told", f"{list_name} is CSV with commas between columns; domains are taken from {said}" in done.stderr, done.stderr)
            check_equal(f"{name}: domains", sorted(done.stdout.decode().split("\r\n")), sorted(["", "domain"] + domains))
        done = run("scan", *READY, "--dry-run", path)
        check(f"{name}: --dry-run tells it", f"domains are taken from {said}" in done.stderr, done.stderr)
        check(f"{name}: --dry-run -q does not", "column" not in run("scan", *READY, "--dry-run", "-q", path).stderr)
    pairs = file("pairs.csv", b"a.test, b.test, c.test\n")
    for more in (["--stdout", "domains", "--fields", "domain", "--format", "csv"], ["--dry-run"]):
        check_equal(f"domains in other columns: told in one line, with -q as well {more[0]}",
                    [run("scan", *READY, *quiet, *more, pairs).stderr.count("domains in other columns as well") for quiet in ([], ["-q"])], [1, 1])
        done = run("scan", *READY, "-q", "--column", "1", *more, pairs)
        check(f"domains in other columns: not where the column is asked for {more[0]}", "other columns" not in done.stderr, done.stderr)
    mails = file("mails", b"# ours\nme@a.test\nb.test\nyou@c.test\n")
    for more in (["--stdout", "domains", "--fields", "domain", "--format", "csv"], ["--dry-run"]):
        done = run("scan", *READY, *more, mails)
        check_equal(f"mail addresses: in one line what is taken {more[0]}", [line for line in done.stderr.splitlines() if "mails" in line],
                    [f"mxcensus: {mails}: 2 of the 3 lines are mail addresses; the domain is what stands after '@'"])
        check("mail addresses: not with -q", "mail address" not in run("scan", *READY, "-q", *more, mails).stderr)
        told = [line for line in run("scan", *READY, *more, path).stderr.splitlines() if "mail address" in line]
        check_equal(f"mail addresses of a column: in one line {more[0]}", len(told), 1)
    again = os.path.join(os.path.dirname(path), ".", "guests.csv")
    for more in (["--stdout", "domains", "--fields", "input_line,duplicate_of"], ["--dry-run"]):
        done = run("scan", *READY, "-q", *more, path, again)
        check(f"a list twice: told in one line {more[0]}", done.stderr.count(f"{again}: is given more than once; its domains are duplicates from the second time on\n") == 1, done.stderr)
        done = run("scan", *READY, "-q", *more, path, file("copy.csv", b"x,c.test\n"))
        check(f"two lists: nothing is told {more[0]}", "more than once" not in done.stderr, done.stderr)
    plain, ranked = file("plain", b"a.test\n"), file("ranked.csv", b"1,b.test\n")
    done = run("scan", *READY, "--column", "2", "--stdout", "domains", "--fields", "domain", "--format", "csv", plain, ranked)
    check_equal("--column and a plain list: domains", sorted(done.stdout.decode().split("\r\n")), ["", "a.test", "b.test", "domain"])
    check("--column and a plain list: told", f"{plain} has one column, so --column 2 is not for it" in done.stderr, done.stderr)


def start_scan(out, *lists):
    """A scan that has seen its lists, with their digests, and reads them."""
    scan = start("scan", *READY, "-q", "-o", out, *lists)
    deadline = time.monotonic() + 60
    while not os.path.exists(os.path.join(out, "started.json")) and scan.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    return scan


def check_changed(what, scan, path, out):
    _, err = scan.communicate(timeout=120)
    check_equal(f"{what}: exit code", scan.returncode, 1)
    lines = [line for line in err.decode().splitlines() if "repeat a domain" not in line]
    check(f"{what}: told in one line", len(lines) == 1 and lines[0].startswith(f"mxcensus: {path}: "), err)
    check(f"{what}: no manifest, with the digest of something else", not os.path.exists(os.path.join(out, "manifest.json")))


def check_lists_that_change(folder):
    """Digests are of what is read, whichever list it is; one that changes under the reader is told of, and no line is lost."""
    path, other = os.path.join(folder, "changes"), os.path.join(folder, "other")

    def put(at, how, text):
        with open(at, how, encoding="ascii") as file:
            file.write(text)

    for what, change in (("a later list grows", lambda: put(path, "a", "y.test\n")), ("a later list is another", lambda: os.replace(other, path)),
                         ("a later list is gone", lambda: os.unlink(path))):
        put(path, "w", "x.test\n")
        put(other, "w", "z.test\n")
        out = os.path.join(folder, what)
        scan = start_scan(out, "-", path)
        scan.stdin.write(b"a.test\n")
        change()
        check_changed(what, scan, path, out)
    put(path, "w", "a.test\n" * 300000)
    out = os.path.join(folder, "first")
    scan = start_scan(out, path)
    scan.send_signal(signal.SIGSTOP)
    put(path, "a", "y.test\n")
    scan.send_signal(signal.SIGCONT)
    _, err = scan.communicate(timeout=120)
    check_equal("the first list grows while it is read: exit code", scan.returncode, 0)
    check("the first list grows while it is read: told", f"{path}: changed while it was read".encode() in err, err)
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    check_equal("the first list grows while it is read: in the manifest", manifest["inputs"][0]["changed_while_read"], True)
    check_equal("the first list grows while it is read: every line", manifest["account"]["inputs"], 300001)
    put(path, "w", "x.test\n")
    scan = start_scan(out + "-named", "-", path)
    os.rename(path, other)
    os.rename(other, path)
    scan.communicate(b"a.test\n", timeout=60)
    check_equal("a list that came back under its name is the same", scan.returncode, 0)


def check_lines(folder):
    """One table on standard output, and what --fail-on makes of a domain without mail and of one whose mail is lost."""
    listed = os.path.join(folder, "domains")
    with open(listed, "w", encoding="ascii") as file:
        file.write("absent.example\nlost.example\n")
    fields = ["--stdout", "domains", "--fields", "domain,mx_kind,effect", "--format", "csv"]
    done = run("scan", *READY, "-q", *fields, listed)
    check_equal("CSV: exit code", (done.returncode, done.stderr), (0, ""))
    lines = done.stdout.decode().split("\r\n")
    check_equal("CSV: header", lines[0], "domain,mx_kind,effect")
    check_equal("CSV: a line for each domain", sorted(lines[1:]),
                ["", "absent.example,nxdomain,no_mail", "lost.example,explicit,mail_lost"])
    for what, input, code in (("error", "absent.example", 0), ("info", "absent.example", 0), ("hygiene", "absent.example", 0),
                              ("error", "lost.example", 10), ("mail_lost", "lost.example", 10), ("hygiene", "lost.example", 10)):
        done = run("scan", *READY, "-q", "--fail-on", what, *fields, input=input + "\n")
        check_equal(f"--fail-on {what} {input}", (done.returncode, done.stderr), (code, ""))


def check_dry_run(folder):
    listed = os.path.join(folder, "domains")
    out = os.path.join(folder, "new")
    done = run("scan", "--dry-run", *READY, "-o", out, listed)
    check_equal("dry run: exit code", done.returncode, 0)
    check("dry run: says so", "--dry-run" in done.stderr and done.stdout == b"", done.stderr)
    check("dry run: no directory", not os.path.exists(out))
    files = [os.path.join(folder, name) for name in ("dry.log", "dry.memory", "dry.csv", "dry.prom")]
    done = run("scan", "--dry-run", *READY, "-o", out, "--log-file", files[0], "--memory", files[1], "-u", files[2],
               "--metrics-file", files[3], listed)
    check_equal("dry run: no file", (done.returncode, [name for name in files if os.path.exists(name)]), (0, []))
    check("dry run: who tries it is told", "--dry-run" in done.stderr, done.stderr)
    os.symlink(files[1], files[0])
    done = run("scan", "--dry-run", *READY, "-o", out, "--memory", files[0], listed)
    check_equal("dry run: nor behind a link", (done.returncode, os.path.exists(files[1])), (0, False))
    with open(files[1], "w", encoding="ascii") as file:
        file.write("no memory\n")
    refused("dry run: a memory that is there is read", ["scan", "--dry-run", *READY, "-o", out, "--memory", files[1], listed], [f"{files[1]}: line 1: "])
    lines = b"".join(b"%d.test\n" % n for n in range(30000))
    for name, octets, words in (("dry.cut.gz", gzip.compress(lines)[:-9], ["is cut short"]),
                                ("dry.bad.gz", gzip.compress(lines)[:-8] + bytes(8), ["is damaged"]),
                                ("dry.prose", b"no list\n" * 3, ["none of its 3 lines"])):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(octets)
        for arguments in (["-o", out], []):
            for dry in ([], ["--dry-run"]):
                refused(f"{name} {dry}", ["scan", *dry, *READY, *arguments, path], [path, *words])
    for dry in ([], ["--dry-run"]):
        refused(f"nothing {dry}", ["scan", *dry, *READY, "/dev/null"], ["/dev/null: has no line with a domain"])
        refused(f"nothing, on standard input {dry}", ["scan", *dry, *READY], ["standard input: has no line with a domain"])
    text = "rank;domain\n" + "1;a.test\n" * 3 + "2;x y\n" * 9
    said = [[line for line in run("scan", *dry, *READY, "--stdout", "domains", input=text).stderr.splitlines() if "standard input" in line]
            for dry in ([], ["--dry-run"])]
    check("dry run: warnings of a scan", len(said[0]) == 2 and said[0] == said[1], said)
    check_refused("dry run of what cannot be", run("scan", "--dry-run", *READY, "-o", out, listed + "x"), ["No such file"])


def main():
    with tempfile.TemporaryDirectory() as folder, DnsServer({**CLIENT, ("lost.example", "MX"): [(10, "mx.absent.example")]}) as dns:
        READY.extend(["--name-servers", f"127.0.0.1:{dns.port}"])
        check_texts()
        check_config(folder)
        check_refusals(folder)
        check_inputs(folder)
        check_lists_that_change(folder)
        check_lines(folder)
        check_dry_run(folder)
    finish()


if __name__ == "__main__":
    main()
