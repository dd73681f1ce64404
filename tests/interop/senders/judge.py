"""The judge: real sending software against mxlab, and what mxcensus says of the same domains.

    judge.py [--domains N] [--seed N] [--only SOFTWARE,...] [--every N] [--keep FOLDER]

In network namespaces (network.py) mxlab serves its hand-made cases and N random domains; mxcensus scans
them; every software sends one message to each; what became of it by the software's log is compared with
`outcomes` of the profile. `explained.json` has the differences that are meant, each with its reason. A
difference that it does not have makes the exit code 1, and so does an explanation that never occurs in a
whole run. tests/README.md tells what the columns of the table mean.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import importlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")]
import mox_queue  # noqa: E402
import network  # noqa: E402
from e2e.lab import KEYS  # noqa: E402
from sender import add_users  # noqa: E402

MXCENSUS = os.path.abspath(os.environ.get("MXCENSUS", "build/dev/mxcensus"))
MXLAB = os.path.abspath(os.environ.get("MXLAB", "build/dev/tests/lab/mxlab"))
HERE = os.path.dirname(os.path.abspath(__file__))
SOFTWARE = {"postfix": "postfix_smtp.Postfix", "postfix-fresh": "postfix_smtp.FreshPostfix", "exim": "exim_smtp.Exim", "opensmtpd": "opensmtpd_relay.OpenSmtpd",
            "sendmail": "sendmail_smtp.Sendmail", "mox": "mox_queue.Mox"}
SKIPPED = 77  # exit code that ctest shows as skipped
ORDER = ["authenticated", "encrypted", "plaintext", "deferred", "undeliverable"]
DIFFERENCES = ("differs", "not_seen")
START_TIMEOUT = 300  # seconds; the key pool is made on the first start

# Of one domain and profile: what was predicted, and what was seen.
# dane: whether a host of the MX set has TLSA records that bind a sender with DANE; fresh: seen of a message that had
# not waited yet.
Comparison = collections.namedtuple("Comparison", "domain profile best worst reason dane seen line fresh")
BINDING = ("usable", "unusable", "lookup_failed")


def read_ndjson(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


# ---- comparison ----

def verdict(c):
    """agrees | in_range | not_yet | no_claim | not_seen | differs"""
    if c.seen is None:
        return "not_seen"
    if "unknown" in (c.best, c.worst):
        return "no_claim"
    if c.seen == c.best == c.worst:
        return "agrees"
    if c.fresh and c.seen == "deferred" and c.worst == "plaintext" and c.best == "plaintext":
        # Cleartext that comes later: not where the server has no TLS to begin with.
        return "differs" if (c.reason or "").endswith("no_starttls") else "not_yet"
    if c.seen in ORDER and ORDER.index(c.best) <= ORDER.index(c.seen) <= ORDER.index(c.worst):
        return "in_range"
    return "differs"


class Explanations:
    """Of explained.json: each entry has a reason, `why` the profile shall not follow or `open`: what is still to
    be mended, and what it applies to: profiles, domains (patterns), predicted and seen (words), decided_by and
    line (regular expressions), dane (Comparison.dane). One that no hand-made domain brings about is `by_chance`,
    and need not occur."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.entries = json.load(file)
        self.used = collections.Counter()

    @staticmethod
    def _fits(entry, c):
        return (c.profile in entry["profiles"] and c.seen in entry["seen"]
                and any(fnmatch.fnmatchcase(c.domain, pattern) for pattern in entry.get("domains", ["*"]))
                and (c.best in entry["predicted"] or c.worst in entry["predicted"])
                and entry.get("dane", c.dane) == c.dane
                and re.search(entry.get("decided_by", ""), c.reason or "") is not None
                and re.search(entry.get("line", ""), c.line) is not None)

    def find(self, c):
        for number, entry in enumerate(self.entries):
            if self._fits(entry, c):
                self.used[number] += 1
                return "explained" if "why" in entry else "open"
        return None

    def unused(self, profiles):
        return [entry for number, entry in enumerate(self.entries)
                if not self.used[number] and not entry.get("by_chance")
                and set(entry["profiles"]) & set(profiles)]


def compare(rows, profile, results, fresh=False):
    for row in rows:
        outcome = next(o for o in row["outcomes"] if o["profile"] == profile)
        decided = outcome.get("decided_by") or {}
        seen = results.get((profile, row["domain"]))
        yield Comparison(row["domain"], profile, outcome["best"], outcome["worst"],
                         decided.get("reason") if isinstance(decided, dict) else str(decided),
                         any(mx["dane_host"] in BINDING for mx in row["mx"]), seen and seen.outcome, seen.line if seen else "",
                         fresh)


# ---- the run ----

class Lab:
    def __init__(self, folder, options, world):
        self.state = os.path.join(folder, "lab")
        self.options = ["--seed", str(options.seed), "--domains", str(max(options.domains, 1)), "--oversample",
                        str(options.oversample), "--time-scale", "0.02", "--max-delay-ms", "1000"]
        self.first = options.domains
        self.world = world
        self.log = os.path.join(folder, "lab.log")

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                network.inside(self.world, MXLAB, "serve", "--state", self.state, *self.options, "--keys", KEYS, "--device",
                               network.DEVICE, "--with-parent"), stdout=log, stderr=log,
                start_new_session=True)  # a sender may signal its whole process group
        deadline = time.monotonic() + START_TIMEOUT
        while not os.path.exists(os.path.join(self.state, "ready")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8") as log:
                    sys.exit("mxlab does not start: " + log.read())
            time.sleep(0.1)
        return self

    def check(self):
        """What senders met without it says nothing."""
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8") as log:
                sys.exit(f"mxlab ended by itself ({self.process.returncode}): {log.read()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def domains(self):
        return subprocess.run([MXLAB, "domains", "--state", self.state, "--first", str(self.first)],
                              capture_output=True, text=True, check=True).stdout.split()

    @property
    def roots(self):
        return os.path.join(self.state, "roots.pem")


def scan(folder, lab, domains):
    """@return rows of domains.ndjson, and how long it took"""
    listed, out = os.path.join(folder, "list"), os.path.join(folder, "scan")
    with open(listed, "w", encoding="ascii") as file:
        file.write("\n".join(domains) + "\n")
    command = [MXCENSUS, "scan", "-q", "-o", out, "--root-cas", "lab=" + lab.roots, "--trust-ad", "yes",
               "--name-servers", network.RESOLVER, "--ehlo-domain", network.HOST, "--address-rate", "0",
               "--retry-pause", "1", "--tempfail-pause", "1", "--implicit-mx", "dial", listed]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"the scan failed ({done.returncode}): {done.stderr[-2000:]}")
    return read_ndjson(os.path.join(out, "domains.ndjson"))


def load(name, folder, roots):
    module, kind = SOFTWARE[name].split(".")
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    sender = getattr(importlib.import_module(module), kind)(folder, roots, network.HOST)
    sender.name, sender.fresh = name, getattr(sender, "fresh", False)
    return sender


class Table:
    """What is printed in the end: a line for each profile."""

    COLUMNS = ["agrees", "in_range", "not_yet", "no_claim", "explained", "open", "differs", "not_seen"]

    def __init__(self):
        self.lines = []

    def add(self, software, version, profile, counts):
        self.lines.append([software + " " + version, profile, sum(counts.values())] +
                          [counts[column] for column in self.COLUMNS])

    def show(self):
        print("| software | profile | domains | " + " | ".join(self.COLUMNS) + " |")
        print("|---|---|" + "---|" * (len(self.COLUMNS) + 1))
        for line in self.lines:
            print("| " + " | ".join(map(str, line)) + " |")


def send(sender, domains):
    begun = time.monotonic()
    results = sender.send(domains)
    print(f"{sender.software} {sender.version()}: {len(results)} results, {time.monotonic() - begun:.0f} s", flush=True)
    return results


def judge(sender, results, rows, explanations, table):
    """@return number of differences without an explanation"""
    unexplained = 0
    for profile in sender.profiles:
        counts = collections.Counter()
        for c in compare(rows, profile, results, sender.fresh):
            word = verdict(c)
            if word in DIFFERENCES:
                word = explanations.find(c) or word
            if word in DIFFERENCES:
                unexplained += 1
                said = c.best if c.best == c.worst else f"{c.best}..{c.worst}"
                print(f"DIFFERS {c.domain} {profile}: predicted {said} ({c.reason}), seen {c.seen}: {c.line[:300]}")
            counts[word] += 1
        table.add(sender.software, sender.version(), profile, counts)
    return unexplained


def send_again(sender, results, rows, folder, lab, explanations):
    """Those that differ without an explanation, once more and with nothing beside them: a machine that was
    busy is no difference. @return number of domains"""
    differ = {c.domain for profile in sender.profiles for c in compare(rows, profile, results, sender.fresh)
              if verdict(c) in DIFFERENCES and explanations.find(c) is None}
    if differ:
        again = load(sender.name, os.path.join(folder, sender.name + "-again"), lab.roots)
        results.update(again.send(sorted(differ)))
    return len(differ)


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--domains", type=int, default=2000, help="random domains beside the hand-made cases")
    parser.add_argument("--seed", type=int, default=None, help="of the random domains (default: another each time)")
    parser.add_argument("--oversample", type=int, default=20, help="how often rare features are (mxlab)")
    parser.add_argument("--only", default=",".join(SOFTWARE), help="software, by comma")
    parser.add_argument("--every", type=int, default=1, help="only each Nth domain")
    parser.add_argument("--at-once", type=int, default=3, help="programs that run beside each other")
    parser.add_argument("--keep", help="folder that keeps logs and rows")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    return options


def main():
    options = options_of(sys.argv[1:])
    if not network.can_enter():
        print("skipped: needs root and namespaces")
        sys.exit(SKIPPED)
    if network.MARK not in os.environ:  # outside, where there is a network
        folder = tempfile.mkdtemp(prefix="mxcensus-senders-")
        try:
            if "mox" in options.only.split(","):
                mox_queue.build(folder)
            sys.exit(network.enter(folder, sys.argv[1:] + ["--seed", str(options.seed)]))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {options.seed}", flush=True)
    folder = options.keep or os.environ[network.MARK]
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    sys.exit(run(folder, options))


def run(folder, options):
    world = network.lay()
    network.set_up_host(folder)
    add_users(folder)
    explanations = Explanations(os.path.join(HERE, "explained.json"))
    table, unexplained, profiles = Table(), 0, []
    with Lab(folder, options, world) as lab:
        # Floods and dribbles are for scanners: how long a sender bears them is not predicted.
        judged = [name for name in lab.domains() if "hostile" not in name and "case-special-" not in name]
        domains = judged[options.seed % options.every::options.every]
        senders = [load(name, os.path.join(folder, name), lab.roots) for name in options.only.split(",")]
        senders = [sender for sender in senders if sender.ready()]
        if not senders:
            print("skipped: none of the software is here")
            return SKIPPED
        # They wait for timeouts more than they work, and a server does not mind who comes beside.
        with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
            scanned = pool.submit(scan, folder, lab, domains)
            sent = [pool.submit(send, sender, domains) for sender in senders]
            rows = scanned.result()
            results = [each.result() for each in sent]
        lab.check()
        for sender, result in zip(senders, results):
            count = send_again(sender, result, rows, folder, lab, explanations)
            print(f"{sender.software}: {count} domains sent to again", flush=True)
        lab.check()
        explanations.used.clear()
    for sender, result in zip(senders, results):
        unexplained += judge(sender, result, rows, explanations, table)
        profiles += sender.profiles
    table.show()
    idle = explanations.unused(profiles) if options.every == 1 else []
    for entry in idle:
        print(f"NEVER OCCURS: {entry.get('why') or entry['open']}")
    print(f"{unexplained} differences without an explanation, {len(idle)} explanations that never occur")
    return 1 if unexplained or idle else 0


if __name__ == "__main__":
    main()
