"""How real senders read records and policies of MTA-STS (RFC 8461 section 3), beside what their profiles say.

mox: its package mtasts, by the Go module proxy. postfix-tlspol: the same, or the source in POSTFIX_TLSPOL_SOURCE; of its
source only what reads. postfix-mta-sts-resolver: from PyPI, with its own resolver and HTTP client replaced by ours;
it has no profile, so that its reading stands here. KumoMTA: of the source in KUMOMTA_SOURCE what reads, with Cargo.
Everything goes to POLICY_READERS, outside the source. A reader
that is not to be had is said to be skipped; without any of them the test is (77).
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
import types

MOX = "v0.0.17"
TLSPOL = "v1.13.0"
RESOLVER = "1.5.0"
HOME = os.environ.get("POLICY_READERS", "/tmp/policy-readers")
MAKE_UNTIL = time.monotonic() + 120  # a network that swallows what is sent makes nothing fail here

V, M, A, X = b"version: STSv1\n", b"mode: enforce\n", b"max_age: 604800\n", b"mx: mx.example.com\n"
DIGITS33 = b"0123456789abcdef0123456789abcdefg"

POLICIES = {
    "to the letter": V + M + A + X,
    "CRLF": (V + M + A + X).replace(b"\n", b"\r\n"),
    "no line end at the end": (V + M + A + X)[:-1],
    "another order": X + A + M + V,
    "no white space": b"version:STSv1\nmode:enforce\nmax_age:604800\nmx:a.example\n",
    "white space behind values": V[:-1] + b" \t\n" + M + A + X,
    "testing": V + b"mode: testing\n" + A + X,
    "an extension": V + M + A + X + b"x-note: y z\n",
    "MX: beside mx:": V + M + A + X + b"MX: b.example\n",
    "two mx": V + M + A + X + b"mx: *.example.net\n",
    "upper case": V + M + A + b"mx: MX.Example.COM\n",
    "an empty line": V + b"\n" + M + A + X,
    "an empty line in front": b"\n" + V + M + A + X,
    "an empty line at the end": V + M + A + X + b"\n",
    "an empty line, CRLF": (V + M + A + X).replace(b"\n", b"\r\n") + b"\r\n",
    "a line of white space": V + b" \t\n" + M + A + X,
    "a space before the colon": b"version : STSv1\nmode : enforce\nmax_age : 604800\nmx : mx.example.com\n",
    "a space before a key": V + b" " + M + A + X,
    "a byte order mark": b"\xef\xbb\xbf" + V + M + A + X,
    "CR CR LF": (V + M + A + X).replace(b"\n", b"\r\r\n"),
    "CR at the end": (V + M + A + X)[:-1] + b"\r",
    "the longest max_age": V + M + b"max_age: 31557600\n" + X,
    "max_age over the maximum": V + M + b"max_age: 31557601\n" + X,
    "max_age of 31 bits": V + M + b"max_age: 2147483647\n" + X,
    "max_age over 31 bits": V + M + b"max_age: 2147483648\n" + X,
    "max_age of ten digits": V + M + b"max_age: 9999999999\n" + X,
    "max_age with zeros": V + M + b"max_age: 0000604800\n" + X,
    "max_age of zero": V + M + b"max_age: 0\n" + X,
    "mode twice": V + M + A + X + M,
    "version twice": V + M + A + X + V,
    "max_age twice": V + M + A + X + A,
    "another mode behind": V + M + A + X + b"mode: none\n",
    "a malformed max_age behind": V + M + A + X + b"max_age: 1w\n",
    "a dot at the end": V + M + A + b"mx: mx.example.com.\n",
    "a dot at the end beside a good one": V + M + A + X + b"mx: b.example.\n",
    "an address": V + M + A + X + b"mx: 192.0.2.1\n",
    "an address of IPv6": V + M + A + X + b"mx: 2001:db8::1\n",
    "an underscore": V + M + A + X + b"mx: a_b.example\n",
    "a dot in front": V + M + A + X + b"mx: .example.com\n",
    "a star": V + M + A + X + b"mx: *\n",
    "a star further in": V + M + A + X + b"mx: a.*.example\n",
    "a mail address": V + M + A + X + b"mx: a@example.com\n",
    "a port": V + M + A + X + b"mx: mx.example.com:25\n",
    "a URL": V + M + A + X + b"mx: https://mx.example.com\n",
    "U-labels": V + M + A + X + "mx: b\u00fccher.example\n".encode(),
    "two names": V + M + A + X + b"mx: a.example, b.example\n",
    "an empty mx": V + M + A + X + b"mx:\n",
    "a hyphen at the end of a label": V + M + A + X + b"mx: mx-.example.com\n",
    "a label of 64": V + M + A + X + b"mx: " + b"a" * 64 + b".example\n",
    "an extension without a value": V + M + A + X + b"x:\n",
    "a key with a space": V + M + A + X + b"a b: c\n",
    "a key of 33": V + M + A + X + DIGITS33 + b": c\n",
    "a tab in a value": V + M + A + X + b"x: a\tb\n",
    "a value that is not UTF-8": V + M + A + X + b"x: \xe4\n",
    "UTF-8 in an extension": V + M + A + X + "x: \u00e4\n".encode(),
    "a comment": V + M + A + X + b"# a policy\n",
    "no version": M + A + X,
    "another version": b"version: STSv2\n" + M + A + X,
    "case of the version": b"version: stsv1\n" + M + A + X,
    "no mode": V + A + X,
    "case of the mode": V + b"mode: Enforce\n" + A + X,
    "case of a key": V + b"Mode: enforce\n" + A + X,
    "no max_age": V + M + X,
    "a max_age with a unit": V + M + b"max_age: 1w\n" + X,
    "no mx": V + M + A,
    "empty": b"",
    "a page": b"<!DOCTYPE html>\n<title>404</title>\n",
}

RECORDS = {
    "to the letter": [b"v=STSv1; id=1;"],
    "no semicolon at the end": [b"v=STSv1; id=1"],
    "spaces of field-delim": [b"v=STSv1;\t id=1 ; x=y"],
    "an extension in front": [b"v=STSv1; x=y; id=1"],
    "an extension twice": [b"v=STSv1; id=1; x=1; x=2"],
    "fields of the policy": [b"v=STSv1; id=1; mode=enforce"],
    "a second version": [b"v=STSv1; id=1; v=STSv1"],
    "32 characters": [b"v=STSv1; id=" + DIGITS33[:32]],
    "a space before the semicolon": [b"v=STSv1 ; id=1"],
    "a tab before the semicolon": [b"v=STSv1\t;id=1"],
    "a space behind the last semicolon": [b"v=STSv1; id=1; "],
    "a space behind the last field": [b"v=STSv1; id=1 "],
    "a space in front": [b" v=STSv1; id=1"],
    "the version behind the id": [b"id=1; v=STSv1"],
    "two ids": [b"v=STSv1; id=1; id=2"],
    "two semicolons": [b"v=STSv1;; id=1"],
    "two semicolons at the end": [b"v=STSv1; id=1;;"],
    "a hyphen": [b"v=STSv1; id=2026-01-01"],
    "an empty id": [b"v=STSv1; id=;"],
    "33 characters": [b"v=STSv1; id=" + DIGITS33],
    "a space before the sign": [b"v=STSv1; id =1"],
    "a space behind the sign": [b"v=STSv1; id= 1"],
    "a field without a sign": [b"v=STSv1; id=1; x"],
    "two signs": [b"v=STSv1; id=1; x=y=z"],
    "a name of 33": [b"v=STSv1; id=1; " + DIGITS33 + b"=y"],
    "outside ASCII": ["v=STSv1; id=1; x=\u00e4".encode()],
    "another record": [b"v=spf1 -all", b"v=STSv1; id=1"],
    "two records": [b"v=STSv1; id=1", b"v=STSv1; id=2"],
    "two, one with a space": [b"v=STSv1 ; id=2", b"v=STSv1; id=1"],
    "two, both with a space": [b"v=STSv1 ; id=1", b"v=STSv1 ; id=2"],
    "no id": [b"v=STSv1; x=y"],
    "no delimiter": [b"v=STSv1 id=1"],
    "a comma": [b"v=STSv1, id=1"],
    "case": [b"v=stsv1; id=1"],
    "another version": [b"v=STSv10; id=1"],
    "in quotes": [b'"v=STSv1; id=1"'],
    "in typographic quotes": ["\u201cv=STSv1; id=1\u201d".encode()],
    "a backslash": [b"v=STSv1\\; id=1"],
    "a byte order mark": [b"\xef\xbb\xbfv=STSv1; id=1"],
    "another record alone": [b"v=spf1 -all"],
}

# postfix-mta-sts-resolver has no profile: what it takes, and what not always.
RESOLVER_TAKES = {
    "policy": ("blank_line white_line extra_cr last_cr duplicate_key mx_trailing_dot mx_ip mx_syntax extension_syntax no_colon",
               "duplicate_differs key_space"),
    "record": ("space_before_delimiter end_delimiter_space duplicate_id end_space empty_field field_syntax "
               "field_without_sign id_syntax", "other_record"),
}
# Differences that no profile shall follow, and why.
EXPLAINED = {
    ("mox", "policy, a label of 64"): "such a pattern covers no host: a quirk of its own would tell nothing",
}

MOX_MAIN = """package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/mjl-/mox/dns"
	"github.com/mjl-/mox/mtasts"
)

func main() {
	domain, _ := dns.ParseDomain("a.example")
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		words := strings.Fields(in.Text())
		var texts []string
		for _, word := range words[1:] {
			octets, _ := hex.DecodeString(word)
			texts = append(texts, string(octets))
		}
		taken := false
		if words[0] == "policy" {
			text := strings.Join(texts, "")
			policy, err := mtasts.ParsePolicy(text)
			taken = err == nil && policy.Mode == mtasts.ModeEnforce
		} else {
			resolver := dns.MockResolver{TXT: map[string][]string{"_mta-sts.a.example.": texts}}
			_, _, err := mtasts.LookupRecord(context.Background(), slog.Default(), resolver, domain)
			taken = err == nil
		}
		fmt.Println(taken)
	}
}
"""

TLSPOL_MAIN = """package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"readers/valid"
)

const (
	MTASTS_MAX_AGE         uint64 = 31557600
	MTASTS_MAX_POLICY_SIZE        = 64 << 10
)

PARTS

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		words := strings.Fields(in.Text())
		taken := false
		var candidates []string
		var body []byte
		for _, word := range words[1:] {
			octets, _ := hex.DecodeString(word)
			body = octets
			if isMtaStsTXTVersionCandidate(string(octets)) {
				candidates = append(candidates, string(octets))
			}
		}
		if words[0] == "policy" {
			policy, _, _ := parseMtaStsPolicy("a.example", bytes.NewReader(body))
			taken = policy != ""
		} else { // mtaStsRecordAvailable()
			taken = len(candidates) == 1 && isValidMtaStsTXTRecord(candidates[0])
		}
		fmt.Println(taken)
	}
}
"""


KUMOMTA_MAIN = """mod dns;
mod policy;
use std::io::BufRead;

fn text_of(hex: &str) -> String {
    let octets: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    String::from_utf8_lossy(&octets).into_owned()
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap();
        let texts: Vec<String> = words.map(text_of).collect();
        let taken = if kind == "policy" {
            let policy = policy::MtaStsPolicy::parse(&texts.concat());
            policy.map_or(false, |p| p.mode == policy::PolicyMode::Enforce)
        } else {
            dns::resolve_dns_record(texts).is_ok()
        };
        println!("{}", taken);
    }
}
"""
KUMOMTA_CARGO = """[package]
name = "reader"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
"""


def make(command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=max(1.0, MAKE_UNTIL - time.monotonic()),
                          check=False, **more)


def go(args, folder):
    env = dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local", GOMODCACHE=os.path.join(HOME, "go"), CGO_ENABLED="0")
    return make(["go"] + args, cwd=folder, env=env)


def go_folder(name, main):
    folder = os.path.join(HOME, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "main.go"), "w", encoding="ascii") as out:
        out.write(main)
    with open(os.path.join(folder, "go.mod"), "w", encoding="ascii") as out:
        out.write("module readers\n\ngo 1.25.0\n")
    return folder


def go_program(folder):
    built = go(["build", "-o", "reader", "."], folder)
    if built.returncode != 0:
        return None, built.stderr.strip().splitlines()[-1:]
    return os.path.join(folder, "reader"), None


def make_mox():
    folder = go_folder("mox", MOX_MAIN)
    got = go(["get", f"github.com/mjl-/mox/mtasts@{MOX}"], folder)
    if got.returncode != 0:
        return None, got.stderr.strip().splitlines()[-1:]
    return go_program(folder)


def tlspol_source():
    given = os.environ.get("POSTFIX_TLSPOL_SOURCE")
    if given:
        return given, None
    got = go(["mod", "download", "-json", f"github.com/Zuplu/postfix-tlspol@{TLSPOL}"], HOME)
    answer = json.loads(got.stdout or "{}")
    return answer.get("Dir"), answer.get("Error") or got.stderr


def make_tlspol():
    """Its readers alone: the rest needs a configuration and a DNS library."""
    source, why = tlspol_source()
    if not source:
        return None, why
    with open(os.path.join(source, "internal/mta-sts.go"), encoding="utf-8") as f:
        text = f.read()
    wanted = r"isMtaSts\w+|isValidMtaStsTXTRecord|newMtaStsPolicyParser|parseMtaStsPolicy"
    parts = re.findall(rf"^func (?:\(p \*mtaStsPolicyParser\) \w+|(?:{wanted}))\(.*?^}}\n", text, re.M | re.S)
    parts += re.findall(r"^type mtaStsPolicyParser struct {.*?^}\n", text, re.M | re.S)
    folder = go_folder("tlspol", TLSPOL_MAIN.replace("PARTS", "\n".join(parts)))
    os.makedirs(os.path.join(folder, "valid"), exist_ok=True)
    shutil.copyfile(os.path.join(source, "internal/utils/valid/valid.go"), os.path.join(folder, "valid/valid.go"))
    os.chmod(os.path.join(folder, "valid/valid.go"), 0o644)
    return go_program(folder)


def make_kumomta():
    """The two functions that read, without what fetches and resolves."""
    source = os.environ.get("KUMOMTA_SOURCE")
    if not source or not shutil.which("cargo"):
        return None, "no KUMOMTA_SOURCE, or no Cargo"
    folder = os.path.join(HOME, "kumomta")
    os.makedirs(os.path.join(folder, "src"), exist_ok=True)
    texts = {"main": KUMOMTA_MAIN}
    for name in ("policy", "dns"):
        with open(os.path.join(source, f"crates/mta-sts/src/{name}.rs"), encoding="utf-8") as f:
            texts[name] = f.read()
    texts["policy"] = re.sub(r"use futures.*\n|, serde::Serialize", "", texts["policy"].split("pub trait Get")[0])
    texts["dns"] = re.sub(r"use dns_resolver.*\n|    let (?:dns_name|res) = .*\n", "", texts["dns"].split("#[cfg(test)]")[0])
    texts["dns"] = re.sub(r"pub async fn resolve_dns_record\(.*?\)", "pub fn resolve_dns_record(res: Vec<String>)",
                          texts["dns"], flags=re.S)
    for name, text in texts.items():
        with open(os.path.join(folder, f"src/{name}.rs"), "w", encoding="utf-8") as out:
            out.write(text)
    with open(os.path.join(folder, "Cargo.toml"), "w", encoding="ascii") as out:
        out.write(KUMOMTA_CARGO)
    built = make(["cargo", "build", "--quiet"], cwd=folder)
    if built.returncode != 0:
        return None, built.stderr.strip().splitlines()[:1]
    return os.path.join(folder, "target/debug/reader"), None


def ask_program(program):
    def ask(lines):
        done = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, check=True)
        return [line == "true" for line in done.stdout.splitlines()]
    return ask


# --- postfix-mta-sts-resolver: resolve() as it stands, between a resolver and a web server of ours -------------------


class Response:
    """What aiohttp would give for the policy, or whatever the client was made with."""
    status, charset = 200, None
    headers = {"Content-Type": "text/plain"}

    def __init__(self, *_, **__):
        self.content = self
        self.rest = ResponseBody.octets

    def get(self, *_, **__):
        return self

    async def read(self, _):
        octets, self.rest = self.rest, b""
        return octets

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return False


class ResponseBody:
    octets = b""


class Texts:
    def __init__(self, texts):
        self.texts = texts

    async def query(self, *_):
        return [types.SimpleNamespace(text=text) for text in self.texts]


def make_resolver():
    folder = os.path.join(HOME, "resolver")
    done = make([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", folder,
                 f"postfix-mta-sts-resolver=={RESOLVER}"])
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[-1:]
    sys.path.insert(0, folder)
    error = types.ModuleType("aiodns.error")
    error.DNSError = type("DNSError", (Exception,), {})
    aiodns = types.ModuleType("aiodns")
    aiodns.error = error
    aiodns.DNSResolver = lambda **_: None
    aiohttp = types.ModuleType("aiohttp")
    aiohttp.ClientTimeout = lambda **_: None
    aiohttp.ClientSession = Response
    aiohttp.helpers = types.SimpleNamespace(proxies_from_env=lambda: {})
    sys.modules.update({"aiodns": aiodns, "aiodns.error": error, "aiohttp": aiohttp, "yaml": types.ModuleType("yaml")})
    try:
        from postfix_mta_sts_resolver import resolver  # pylint: disable=import-outside-toplevel,import-error
    except ImportError as why:
        return None, why
    return resolver, None


def ask_resolver(module):
    async def one(line):
        kind, *octets = line.split()
        texts = [bytes.fromhex(text) for text in octets]
        sts = module.STSResolver(loop=asyncio.get_running_loop())
        sts._resolver = Texts(texts if kind == "record" else [b"v=STSv1; id=1"])
        sts._logger.disabled = True
        ResponseBody.octets = V + M + A + X if kind == "record" else b"".join(texts)
        status, policy = await sts.resolve("a.example")
        return status == module.STSFetchResult.VALID and policy[1]["mode"] == "enforce"

    async def every(lines):
        return [await one(line) for line in lines]
    return lambda lines: asyncio.run(every(lines))


# --- comparing --------------------------------------------------------------------------------------------------------


def predictions(lines):
    """Of each line: its quirks, and what each profile is said to make of it."""
    done = subprocess.run([os.environ["READ_STS"]], input="\n".join(lines) + "\n", capture_output=True, text=True,
                          timeout=60, check=True)
    answers = []
    for line, text in zip(lines, done.stdout.splitlines()):
        words = text.split()
        readable = "readable" in words
        quirks = {word for word in words if "=" not in word and word != "readable"}
        said = dict(word.split("=") for word in words if "=" in word)
        takes, perhaps = (set(words.split()) for words in RESOLVER_TAKES[line.split()[0]])
        said["postfix-mta-sts-resolver"] = ("no" if not readable or quirks - takes - perhaps
                                            else "unknown" if quirks - takes else "yes")
        answers.append((quirks, said))
    return answers


def compare(reader, names, said, ask, lines):
    wrong = unknown = explained = 0
    for name, (quirks, profiles), taken in zip(names, said, ask(lines)):
        word = profiles[reader]
        unknown += word == "unknown"
        if word == "unknown" or (word == "yes") == taken:
            continue
        if (reader, name) in EXPLAINED:
            explained += 1
            print(f"{reader}, {name}: {'taken' if taken else 'refused'}, {EXPLAINED[reader, name]}")
        else:
            wrong += 1
            print(f"FAILED: {reader}, {name}: {'taken' if taken else 'refused'}, said to be {word}; "
                  f"quirks {' '.join(sorted(quirks)) or 'none'}")
    print(f"{reader}: {len(names)} records and policies, {len(names) - wrong - unknown - explained} agree, "
          f"{unknown} not claimed, {explained} explained, {wrong} differ")
    return wrong


def main():
    os.makedirs(HOME, exist_ok=True)
    cases = [(f"record, {name}", "record " + " ".join(text.hex() for text in texts)) for name, texts in RECORDS.items()]
    cases += [(f"policy, {name}", f"policy {body.hex()}") for name, body in POLICIES.items()]
    names, lines = zip(*cases)
    said = predictions(lines)
    makers = {"postfix-mta-sts-resolver": (make_resolver, ask_resolver),
              "kumomta-default": (make_kumomta, ask_program)}
    if shutil.which("go"):
        makers.update({"mox": (make_mox, ask_program), "postfix-sts-plugin": (make_tlspol, ask_program)})
    wrong = readers = 0
    for reader, (maker, asker) in makers.items():
        try:
            thing, why = maker()
        except subprocess.TimeoutExpired as late:
            thing, why = None, late
        if thing is None:
            print(f"{reader}: skipped, {why}")
            continue
        readers += 1
        wrong += compare(reader, names, said, asker(thing), lines)
    if readers == 0:
        print("skipped: neither Go nor the network gave a reader")
        return 77
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
