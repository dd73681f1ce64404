"""Brokers that take a fleet amiss: a wrong password, ACLs that forbid, a disk that is full. Each is one clear line and exit code 1, and what was
acknowledged is there.

    test_fleet_brokers.py [--only PART,...]     password, acls, full

Exit code 77 without Java, or where Kafka cannot be fetched; "full" is left out where no file system can be mounted.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.lab import Lab  # noqa: E402
from e2e.runner import check, check_equal, check_refused, finish, run  # noqa: E402
from e2e.test_fleet import SKIPPED, Fleet, end_of, ended, is_wanted, options_of, write_quick_list  # noqa: E402
from e2e.test_merge import same_rows  # noqa: E402
from support.kafka_broker import Broker, NoBroker, free_port  # noqa: E402

FEW = 60
DISK = 64 << 20  # octets
PASSWORDS = {"member": "right", "stranger": "alike"}
# Who comes by the listener without passwords is the test itself.
SASL = """listeners=PLAINTEXT://127.0.0.1:{broker},ASKS://127.0.0.1:{asks},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},ASKS://127.0.0.1:{asks}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,ASKS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.asks.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


def asks_for_passwords(broker):
    """-> where it does"""
    asks = free_port()
    users = " ".join(f'user_{name}="{word}"' for name, word in PASSWORDS.items())
    broker.put_settings(SASL.format(broker=broker.port, asks=asks, controller=broker.controller, users=users))
    return f"127.0.0.1:{asks}"


class FleetOf(Fleet):
    """Under somebody's name."""

    def __init__(self, broker, asks, name, options, path, user, password=None):
        super().__init__(broker, name, options, path)
        words = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": password or PASSWORDS[user]}
        self.at = ["--brokers", asks, "--scan", name, *(word for key, value in words.items() for word in ("--kafka-option", f"{key}={value}"))]


def one_line(what, code, said, words, want=1):
    """Others may count what the end has left."""
    check_equal(f"{what}: exit code", code, want)
    lines = [line for line in said.splitlines() if all(word in line for word in words)]
    check(f"{what}: one line says it", len(lines) == 1 and lines[0].startswith("mxcensus: "), said)
    print(f"{what}: {said.strip()}")


def all_refused(what, fleet, folder, words):
    """Each command, and soon."""
    for command, more in (("feed", [*fleet.of_scan, fleet.path]), ("work", fleet.of_machine), ("collect", ["-o", os.path.join(folder, "none")])):
        began = time.monotonic()
        done = run(command, *fleet.at, *more)
        one_line(f"{what}: {command}", done.returncode, done.stderr, words)
        check(f"{what}: {command}: soon", time.monotonic() - began < 60, time.monotonic() - began)
    check(f"{what}: nothing is made", not os.path.exists(os.path.join(folder, "none")))


def what_is_there(broker, fleet, scan, folder):
    """Who cannot write any more cannot say either that it has ended, with what rows are judged with."""
    check(f"{scan}: rows that were acknowledged are there", broker.written()[f"{scan}.rows.certificates"][2] > 0, broker.written())
    check_refused(f"{scan}: nobody has said that it ended", run("collect", *fleet.at, "-o", os.path.join(folder, scan)), ["no member has ended its work"])


# --- ACLs ------------------------------------------------------------------------------------------

ACL_TOPIC, ACL_LITERAL, ACL_PREFIXED = 2, 3, 4
ACL_ALL, ACL_READ, ACL_WRITE = 2, 3, 4
ACL_DENY, ACL_ALLOW = 2, 3


def put_acl(broker, topic, user, operation, allows, prefixed):
    """By librdkafka: rd_kafka_CreateAcls()."""
    library = ctypes.CDLL("librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_AclBinding_new", "rd_kafka_queue_new", "rd_kafka_queue_poll", "rd_kafka_event_CreateAcls_result",
                 "rd_kafka_event_error_string"):
        getattr(library, name).restype = ctypes.c_void_p
    said = ctypes.create_string_buffer(512)
    settings = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(settings, b"bootstrap.servers", broker.address.encode(), said, len(said))
    client = ctypes.c_void_p(library.rd_kafka_new(0, settings, said, len(said)))
    acl = ctypes.c_void_p(library.rd_kafka_AclBinding_new(ACL_TOPIC, topic.encode(), ACL_PREFIXED if prefixed else ACL_LITERAL, f"User:{user}".encode(), b"*",
                                                          operation, allows, said, len(said)))
    queue = ctypes.c_void_p(library.rd_kafka_queue_new(client))
    library.rd_kafka_CreateAcls(client, (ctypes.c_void_p * 1)(acl), ctypes.c_size_t(1), None, queue)
    event = ctypes.c_void_p(library.rd_kafka_queue_poll(queue, 60000))
    error = library.rd_kafka_event_error(event) if event.value else -1
    library.rd_kafka_event_destroy(event)
    library.rd_kafka_destroy(client)
    if error != 0:
        raise RuntimeError(f"no ACL for {topic}: {error}")


def forbidden(broker, asks, folder):
    with Lab(FEW) as lab:
        path = os.path.join(folder, "acls.txt")
        write_quick_list(lab, path)
        options = options_of(lab)
        all_refused("no ACL", FleetOf(broker, asks, "acls", options, path, "stranger"), folder, [asks, "authorization failed"])
        put_acl(broker, "acls.", "member", ACL_ALL, ACL_ALLOW, True)
        whole = os.path.join(folder, "whole")
        ended("acls: one scan", run("scan", *options[0], *options[1], "-q", "-o", whole, path))
    with Lab(FEW) as lab:
        fleet = FleetOf(broker, asks, "acls", options_of(lab), path, "member")
        ended("acls: feed", fleet.feed("--members", "2"))
        fleet.work(2)
        fleet.collect(os.path.join(folder, "acls"))
        same_rows("acls: of these topics alone", whole, os.path.join(folder, "acls"))
        fleet.drop()
    with Lab(FEW) as lab:
        put_acl(broker, "later.", "member", ACL_ALL, ACL_ALLOW, True)
        fleet = FleetOf(broker, asks, "later", options_of(lab), path, "member")
        ended("later: feed", fleet.feed("--members", "1", "--address-rate", "1/s"))
        member = fleet.start(1)[0]
        time.sleep(10)
        put_acl(broker, "later.rows.domains", "member", ACL_WRITE, ACL_DENY, False)
        said = end_of(member, "later: the member", 1)
        one_line("later: the member", member.returncode, said, [asks, "later.rows.domains"])
        what_is_there(broker, fleet, "later", folder)
        fleet.drop()


# --- a full disk -----------------------------------------------------------------------------------

def mount_disk(broker):
    """In this test's own mount namespace."""
    os.mkdir(broker.data)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", broker.data], check=True)


def fill(folder):
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


def ends_of_itself(broker, what):
    """Kafka halts where no directory for logs is left."""
    try:
        broker.process.wait(120)
    except subprocess.TimeoutExpired:
        pass
    check_equal(f"{what}: the broker has ended", broker.process.poll(), 1)


def disk_is_full(folder):
    """Room is made and the broker started again: the scan goes on. It is not: the members say so, and end."""
    broker = Broker()
    mount_disk(broker)
    try:
        with Lab(FEW) as lab:
            path = os.path.join(folder, "full.txt")
            write_quick_list(lab, path)
            whole = os.path.join(folder, "whole of full")
            scan, machine = options_of(lab)
            ended("full: one scan", run("scan", *scan, *machine, "-q", "-o", whole, path))
        with broker:
            with Lab(FEW) as lab:
                fleet = Fleet(broker, "full", options_of(lab), path)
                ended("full: feed", fleet.feed("--members", "2", "--address-rate", "2/s"))
                members = fleet.start(2)
                time.sleep(8)
                filler = fill(broker.data)
                ends_of_itself(broker, "full")
                check_equal("full: the members wait", [member.poll() for member in members], [None, None])
                os.unlink(filler)
                broker.start()
                for member in members:
                    end_of(member, "full: a member")
                fleet.collect(os.path.join(folder, "full"))
                same_rows("full: nothing was lost", whole, os.path.join(folder, "full"))
                fleet.drop()
            with Lab(FEW) as lab:
                fleet = Fleet(broker, "left", options_of(lab), path)
                ended("left full: feed", fleet.feed("--members", "1", "--address-rate", "1/s"))
                fleet.of_machine = [*fleet.of_machine, "--kafka-option", "message.timeout.ms=30000"]
                member = fleet.start(1)[0]
                time.sleep(8)
                filler = fill(broker.data)
                ends_of_itself(broker, "left full")
                said = end_of(member, "left full: the member", 1)
                one_line("left full: the member", member.returncode, said, [broker.address, "no more records are taken"])
                os.unlink(filler)
                broker.start()
                what_is_there(broker, fleet, "left", folder)
    finally:
        subprocess.run(["umount", "-l", broker.data], check=False, capture_output=True)
        shutil.rmtree(broker.folder, ignore_errors=True)


def may_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


def main():
    if "--mounts" not in sys.argv and is_wanted("full") and may_mount():
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, "-B", "-u", *sys.argv, "--mounts"])
    try:
        broker = Broker()
    except (NoBroker, subprocess.TimeoutExpired) as why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mxcensus-brokers-") as folder:
        asks = asks_for_passwords(broker)
        if is_wanted("password") or is_wanted("acls"):
            with broker:
                path = os.path.join(folder, "list.txt")
                with open(path, "w", encoding="ascii") as file:
                    file.write("example.com\n")
                if is_wanted("password"):
                    all_refused("a wrong password", FleetOf(broker, asks, "night", ([], []), path, "member", "wrong"), folder, [asks, "refused", "uthentication"])
                if is_wanted("acls"):
                    forbidden(broker, asks, folder)
        if is_wanted("full") and "--mounts" in sys.argv:
            disk_is_full(folder)
        elif is_wanted("full"):
            print("left out: full: no file system can be mounted here")
    finish()


if __name__ == "__main__":
    main()
