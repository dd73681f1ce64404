"""The recipes of docs/cluster, run as they stand: three shards of a lab list by GNU parallel or by Slurm, one of them killed on its way,
merged, and the same lines as in one scan; the manifests of Kubernetes against its schemas.

    test_cluster.py --parallel       Debian's parallel
    test_cluster.py --slurm          Debian's slurm-wlm and munge; munged, slurmctld and slurmd on loopback, of this test alone; as root
    test_cluster.py --kubernetes     kubernetes-validate of PyPI, which has the JSON Schemas, and kubeconform of the Go module proxy with the same; no cluster
                                     is there to ask

77: what it needs is not there.
"""

import glob
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import EHLO, MXCENSUS, SHORT_WAITS, check, check_equal, environment, finish, read_json, read_table, run  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CLUSTER = os.path.join(ROOT, "docs", "cluster")
SHARDS = 3
SKIPPED = 77
KUBERNETES = "1.33.0"
KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
NODE = "one"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class Lists:
    """A list of the lab without what waits, and options of its scans."""

    def __init__(self, lab, folder):
        self.folder = folder
        self.results = os.path.join(folder, "results")
        self.path = os.path.join(folder, "list.txt")
        done = subprocess.run([os.environ["MXLAB"], "domains", "--state", lab.state, "--no-cases"], capture_output=True, text=True, check=True)
        self.lines = done.stdout.split()
        with open(self.path, "w", encoding="ascii") as file:
            file.write("\n".join(self.lines) + "\n")
        self.options = [*lab.options, "--ehlo-domain", EHLO, *SHORT_WAITS, "--address-rate", "60/s", "--infer", "off", "--quiet"]
        # Those who run it find the program where they are told to.
        os.mkdir(os.path.join(folder, "bin"))
        os.symlink(os.path.abspath(MXCENSUS), os.path.join(folder, "bin", "mxcensus"))
        self.environment = {**environment(), "PATH": os.path.join(folder, "bin") + ":" + os.environ["PATH"]}

    def words(self):
        return [str(SHARDS), self.results, *self.options, self.path]

    def call(self, *argv, **how):
        return subprocess.run(argv, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=600, check=False, **how)


def kill_a_shard(lists, part, until=60):
    """As soon as some lines have rows. -> was it killed?"""
    rows = os.path.join(lists.results, part, "domains.ndjson.part")
    end = time.monotonic() + until
    while time.monotonic() < end:
        if os.path.exists(rows) and os.path.getsize(rows) > 0:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        words = file.read().split(b"\0")
                except OSError:
                    continue
                if os.path.join(lists.results, part).encode() in words and b"scan" in words:
                    os.kill(int(pid), 9)
                    return True
        time.sleep(0.01)
    return False


def check_merged(lists, what):
    out = os.path.join(lists.results, "merged")
    whole = os.path.join(lists.folder, "whole")
    check_equal(f"{what}: one scan", run("scan", *lists.options, "-o", whole, lists.path).returncode, 0)
    merged = read_json(out, "manifest.json")["merged"]
    check_equal(f"{what}: shards", [(shard["shard"], shard["complete"]) for shard in merged["from"]], [(i, True) for i in range(SHARDS)])
    check_equal(f"{what}: every line has its row", merged["lines_without_row"], 0)
    lines = [[(row["input_line"], row["domain"], row["account"]) for row in read_table(at, "domains")] for at in (out, whole)]
    check_equal(f"{what}: lines and how they ended, as in one scan", sorted(lines[0]), sorted(lines[1]))
    for name, key in (("hosts", "host"), ("services", "service"), ("endpoints", "endpoint")):
        check_equal(f"{what}: {name} of one scan", {row[key] for row in read_table(out, name)}, {row[key] for row in read_table(whole, name)})
    check_equal(f"{what}: nothing else lies there", sorted(os.listdir(lists.results)), ["merged", *(f"part-{i}" for i in range(SHARDS))])


# --- GNU parallel -----------------------------------------------------------------------------------

def by_parallel(lists):
    options = " ".join(lists.words()[2:])
    command = (f"seq 0 {SHARDS - 1} | parallel --will-cite --jobs {SHARDS} --retries 3 --joblog parallel.log "
               f"sh {CLUSTER}/shard.sh {SHARDS} {{}} results {options}")
    started = subprocess.Popen(["sh", "-c", command.replace(" results ", f" {lists.results} ")], cwd=lists.folder, env=lists.environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check("parallel: a shard was killed", kill_a_shard(lists, "part-1"))
    said, _ = started.communicate(timeout=600)
    check_equal("parallel: exit code", (started.returncode, said[-2000:] if started.returncode else ""), (0, ""))
    done = lists.call("sh", f"{CLUSTER}/shard.sh", str(SHARDS), "1", *lists.words()[1:])
    check_equal("parallel: a shard that is complete", done.returncode, 0)
    check_equal("shard.sh: called with too little", (lists.call("sh", f"{CLUSTER}/shard.sh", "3").returncode), 2)
    done = lists.call("sh", "-c", f"mxcensus merge -q --output {lists.results}/merged {lists.results}/part-*")
    check_equal("parallel: merge", (done.returncode, done.stderr), (0, ""))


# --- Slurm ------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Slurm:
    """A controller and a node of this test, with a munged of their own."""

    def __init__(self, folder):
        self.at = os.path.join(folder, "slurm")
        self.running = []
        os.mkdir(self.at, 0o755)
        self.conf = os.path.join(self.at, "slurm.conf")
        self.environment = {"SLURM_CONF": self.conf}
        user = pwd.getpwnam("munge")
        munge = os.path.join(self.at, "munge")
        os.mkdir(munge, 0o755)
        key = os.path.join(munge, "key")
        with open(key, "wb") as file:
            file.write(os.urandom(64))
        os.chmod(key, 0o400)
        for name in (munge, key):
            os.chown(name, user.pw_uid, user.pw_gid)
        self.start("munged", ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "munged", "--foreground", "--force",
                              f"--key-file={key}", f"--socket={munge}/socket", f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed"])
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(f"""ClusterName=mxcensus
SlurmctldHost={socket.gethostname()}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={munge}/socket
CredType=cred/munge
StateSaveLocation={self.at}/state
SlurmdSpoolDir={self.at}/spool
SlurmctldPidFile={self.at}/slurmctld.pid
SlurmdPidFile={self.at}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=1,sched_interval=2
ReturnToService=2
NodeName={NODE} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 CPUs={2 * SHARDS} RealMemory=64000 State=UNKNOWN
PartitionName=all Nodes={NODE} Default=YES MaxTime=INFINITE State=UP
""")
        self.start("slurmctld", ["slurmctld", "-D", "-f", self.conf])
        self.start("slurmd", ["slurmd", "-D", "-N", NODE, "-f", self.conf])

    def start(self, name, argv):
        log = open(os.path.join(self.at, name + ".log"), "wb")
        self.running.append((name, subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, **self.environment}), log))

    def said(self):
        text = ""
        for name, process, _ in self.running:
            with open(os.path.join(self.at, name + ".log"), encoding="utf-8", errors="replace") as file:
                text += f"{name} ({process.poll()}): {file.read()[-1500:]}\n"
        return text

    def close(self):
        for _, process, log in reversed(self.running):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()


def wait_for(lists, slurm, what, condition, *argv, seconds=300):
    """Until what the command says fulfils the condition."""
    end = time.monotonic() + seconds
    while True:
        done = lists.call(*argv)
        if condition(done.stdout):
            return done.stdout
        if time.monotonic() > end:
            check(what, False, done.stdout + done.stderr + slurm.said())
            return ""
        time.sleep(0.5)


def by_slurm(lists, slurm):
    lists.environment.update(slurm.environment)
    if not wait_for(lists, slurm, "slurm: the node is there", lambda said: "idle" in said, "sinfo", "--noheader", "--format=%T", seconds=60):
        return
    recipes = os.path.join(CLUSTER, "slurm")
    done = lists.call("sbatch", "--parsable", f"--array=0-{SHARDS - 1}", f"{recipes}/scan.sbatch", f"{CLUSTER}/shard.sh", *lists.words())
    check_equal("sbatch: exit code", (done.returncode, done.stderr), (0, ""))
    job = done.stdout.strip().partition(";")[0]
    killed = kill_a_shard(lists, "part-1")
    check("slurm: a shard was killed", killed, slurm.said())

    def all_ended(said):
        return not re.search(r"PENDING|RUNNING|COMPLETING|CONFIGURING", said)

    wait_for(lists, slurm, "slurm: the array ends", all_ended, "squeue", "--noheader", "--array", "--format=%T", f"--jobs={job}")
    check("slurm: the shard that was killed is not complete", not os.path.exists(os.path.join(lists.results, "part-1", "manifest.json")))
    done = lists.call("sbatch", "--parsable", "--array=1", f"{recipes}/scan.sbatch", f"{CLUSTER}/shard.sh", *lists.words())
    again = done.stdout.strip().partition(";")[0]
    merge = lists.call("sbatch", "--parsable", f"--dependency=afterok:{again}", f"{recipes}/merge.sbatch", lists.results, "--quiet")
    check_equal("sbatch of merge: exit code", (done.returncode, merge.returncode, merge.stderr), (0, 0, ""))
    wait_for(lists, slurm, "slurm: merge ends", all_ended, "squeue", "--noheader", "--array", "--format=%T")
    logs = {name: open(os.path.join(lists.folder, name), encoding="utf-8").read() for name in os.listdir(lists.folder) if name.endswith(".log")}
    check("slurm: a log of each task", {f"mxcensus-{job}_{i}.log" for i in range(SHARDS)} <= set(logs), sorted(logs))
    check("slurm: results are merged", os.path.exists(os.path.join(lists.results, "merged", "manifest.json")), logs)


# --- Kubernetes -------------------------------------------------------------------------------------

def validator(folder):
    at = os.path.join(folder, "venv")
    venv.create(at, with_pip=True)
    done = subprocess.run([os.path.join(at, "bin", "pip"), "install", "-q", "--disable-pip-version-check", "kubernetes-validate"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip("kubernetes-validate cannot be installed: " + done.stderr.strip().splitlines()[-1])
    return os.path.join(at, "bin", "kubernetes-validate")


def schemas_for_kubeconform(folder):
    """Those of kubernetes-validate, whose names for each other lead to files beside them. -> where they are, as kubeconform takes it"""
    strict = f"v{KUBERNETES}-local-strict"
    at = os.path.join(folder, "schemas", strict)
    os.makedirs(at)
    for path in glob.glob(os.path.join(folder, "venv", "lib", "*", "site-packages", "kubernetes_validate", "kubernetes-json-schema", strict, "*.json")):
        with open(path, encoding="utf-8") as file:
            schema = json.load(file)
        schema.pop("$id", None)
        of_itself = "" if os.path.basename(path) == "_definitions.json" else "_definitions.json"
        with open(os.path.join(at, os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(json.dumps(schema).replace("/api/_definitions.json", of_itself))
    return os.path.join(folder, "schemas", "{{ .NormalizedKubernetesVersion }}-local{{ .StrictSuffix }}", "{{ .ResourceKind }}{{ .KindSuffix }}.json")


def kubeconform(folder):
    """-> what asks it of a path; None where it cannot be had"""
    if shutil.which("go") is None:
        return None
    done = subprocess.run(["go", "install", KUBECONFORM], env={**os.environ, "GOBIN": folder}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    schemas = schemas_for_kubeconform(folder)
    return lambda path: subprocess.run([os.path.join(folder, "kubeconform"), "-strict", "-kubernetes-version", KUBERNETES, "-schema-location", schemas, path],
                                       capture_output=True, text=True, check=False)


def check_manifests(folder):
    program = validator(folder)
    recipes = os.path.join(CLUSTER, "kubernetes")
    names = sorted(os.listdir(recipes))
    asked = {"kubernetes-validate": lambda path: subprocess.run([program, "--strict", "--kubernetes-version", KUBERNETES.rpartition(".")[0], path],
                                                                capture_output=True, text=True, check=False),
             "kubeconform": kubeconform(folder)}
    if asked["kubeconform"] is None:
        print("not asked: kubeconform, for want of go or its proxy")
        del asked["kubeconform"]
    for name in names:
        wrong = os.path.join(folder, name)
        with open(os.path.join(recipes, name), encoding="utf-8") as file:
            text = file.read()
        with open(wrong, "w", encoding="utf-8") as file:
            file.write(text.replace("spec:\n", "spec:\n  completion: 3\n", 1))
        for who, validate in asked.items():
            done = validate(os.path.join(recipes, name))
            check_equal(f"{name}: {who}: fits the schema", (done.returncode, done.stdout + done.stderr if done.returncode else ""), (0, ""))
            done = validate(wrong)
            check(f"{name}: {who}: a member that no schema has is seen", done.returncode != 0 and "completion" in done.stdout + done.stderr, done.stdout + done.stderr)
    with open(os.path.join(recipes, "scan.yaml"), encoding="utf-8") as file:
        text = file.read()
    check_equal("scan.yaml: as many shards as completions", re.search(r"completions: (\d+)", text).group(1),
                re.search(r'name: SHARDS\n\s+value: "(\d+)"', text).group(1))


def main():
    if "--kubernetes" in sys.argv:
        with tempfile.TemporaryDirectory(prefix="mxcensus-cluster-") as folder:
            check_manifests(folder)
        finish()
    needed = ["parallel"] if "--parallel" in sys.argv else ["munged", "slurmctld", "slurmd", "sbatch"]
    missing = [name for name in needed if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if missing:
        skip(f"no {missing[0]}: Debian has it in " + ("parallel" if "--parallel" in sys.argv else "slurm-wlm and munge"))
    if "--slurm" in sys.argv and os.geteuid() != 0:
        skip("slurmd starts jobs as root alone")
    os.environ["PATH"] += ":/usr/sbin"
    with Lab(600) as lab, tempfile.TemporaryDirectory(prefix="mxcensus-cluster-") as folder:
        os.chmod(folder, 0o755)
        lists = Lists(lab, folder)
        if "--parallel" in sys.argv:
            by_parallel(lists)
        else:
            slurm = Slurm(folder)
            try:
                by_slurm(lists, slurm)
            finally:
                slurm.close()
        check_merged(lists, sys.argv[1].strip("-"))
    finish()


if __name__ == "__main__":
    main()
