"""Shared by compare and peers: the same sessions for several programs. One chain of 100 at each endpoint
(shared_chains.params), and mxcensus and the bare libssl loop over them."""

import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys

import measure

AT_ONCE = 100  # connections of each program, if not said otherwise
# Every limit of politeness that would make the scan wait is off: the lab is ours.
SCAN = ["--threads", "1", "--probes", "sni", "--infer", "off", "--address-rate", "0", "--address-limit", "100",
        "--network-limit", "10000", "--operator-limit", "10000", "--names-per-address", "0",
        "--dns-rate-limit", "0"]
ALONE = ["--mta-sts", "record"]  # nobody else fetches policies, and one host that is silent is waited for
TIMEOUT = 900  # seconds for one run of anything; valgrind takes fifty times as long


def operator_lines(services):
    """The servers: so many addresses and 100 chains, or some more, 50 for each operator."""
    count = -(-services // 50)
    return "".join(f"operator of-{i} {100 / count:.4f}% domain=of-{i}-mxlab.com tenant=mx addresses=50 per-name=1 "
                   f"key=p256 certs={max(1, 100 // count)}\n" for i in range(count))


def write_params(folder, key, services=100):
    """A copy of shared_chains.params with this kind of key, and endpoints at so many addresses, each a service."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "shared_chains.params"), encoding="ascii") as file:
        text = file.read() + operator_lines(services)
    link = os.path.join(folder, "datasets")
    os.symlink(os.path.join(measure.ROOT, "datasets", "lab"), link)
    path = os.path.join(folder, "shared_chains.params")
    with open(path, "w", encoding="ascii") as file:
        file.write(text.replace("../datasets/lab/", "datasets/").replace("key=p256", f"key={key}"))
    return path


class Dialling:
    """Where the scan's options make it dial for an address and port of the rows."""

    def __init__(self, options):
        self.prefixes = []
        self.ports = {}
        for option in options:
            name, _, value = option.partition("=")
            source, _, target = value.partition("=")
            if name == "--port-map":
                self.ports[int(source)] = int(target)
            elif name == "--address-map":
                prefix, _, port = target.partition(":")
                self.prefixes.append((ipaddress.ip_network(source), ipaddress.ip_network(prefix), int(port or 0)))

    def of(self, address, port):
        address = ipaddress.ip_address(address)
        port = self.ports.get(port, port)
        for source, target, to_port in self.prefixes:
            if address in source:
                low = int(address) - int(source.network_address)
                return ipaddress.ip_address(int(target.network_address) + low), to_port or port
        return address, port


class Sessions:
    def __init__(self, build, more, lab, folder, at_once):
        from e2e.runner import EHLO
        self.folder = folder
        self.lab = lab
        self.mxcensus = os.environ["MXCENSUS"]
        self.baseline = os.path.join(build, "bench", "baseline_starttls")
        self.scan_options = [*SCAN, "--concurrency", str(at_once), *more]
        self.options = [*lab.options, *self.scan_options, "--ehlo-domain", EHLO]
        self.dialling = Dialling(lab.options)
        self.libraries = {}
        self.profile = os.path.join(folder, "callgrind")

    def list_of(self, count):
        path = os.path.join(self.folder, f"list{count}")
        with open(path, "wb") as file:
            subprocess.run([os.environ["MXLAB"], "domains", "--state", self.lab.state, "--no-cases", "--first",
                            str(count)], stdout=file, check=True)
        return path

    def scan(self, count, *more, before=()):
        """@return what it took, and the sessions as lines for the bare loop."""
        out = os.path.join(self.folder, "results")
        shutil.rmtree(out, ignore_errors=True)
        done = measure.run([*before, self.mxcensus, "scan", "--quiet", *self.options, *more, "-o", out,
                            self.list_of(count)], TIMEOUT, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"mxcensus ended with {done.returncode}")
        with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
            self.libraries = json.load(file)["libraries"]
        sessions = []
        with open(os.path.join(out, "endpoints.ndjson"), encoding="utf-8") as file:
            for row in map(json.loads, file):
                if row["outcome"] != "established" or len(row["attempts"]) != 1:
                    sys.exit(f"not one good session: {row['endpoint']}: {row['outcome']}")
                sessions.append("{} {} {}\n".format(*self.dialling.of(row["address"], row["port"]), row["host"]))
        with open(os.path.join(out, "chains.ndjson"), encoding="utf-8") as file:
            self.chains = sum(1 for _ in file)
        return done, sessions

    def bare(self, sessions, *more, before=()):
        path = os.path.join(self.folder, "targets")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(sessions)
        done = measure.run([*before, self.baseline, *more, path], TIMEOUT, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"the bare loop ended with {done.returncode}")
        return done

    def instructions(self, run):
        """Runs `run(before)` under callgrind, which writes self.profile. @return the sum over all threads."""
        run(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={self.profile}"])
        with open(self.profile, encoding="utf-8", errors="replace") as file:
            return int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE).group(1))
