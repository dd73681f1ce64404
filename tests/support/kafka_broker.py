"""One broker of Apache Kafka (KRaft) on loopback for a test: fetched once from the Maven repository, made, started, stopped.

Nothing of it remains but its programs, in build/kafka or KAFKA_JARS.
"""

import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

VERSION = "3.9.1"
ARTIFACT = f"org.apache.kafka:kafka_2.13:{VERSION}"
START_TIMEOUT = 300  # seconds
FETCH_TIMEOUT = 600
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
JARS = os.environ.get("KAFKA_JARS") or os.path.join(ROOT, "build", "kafka", VERSION)

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>mxcensus</groupId><artifactId>broker-of-a-test</artifactId><version>1</version>
<dependencies><dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version></dependency></dependencies></project>
"""

# The cleaner of compacted topics takes 128 MiB by default: of a heap of 256 MiB that leaves too little for some hundred partitions, so that
# answers come later and later, and then none.
SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},PROXIED://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},PROXIED://127.0.0.1:{proxy}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
offsets.topic.num.partitions=1
log.cleaner.dedupe.buffer.size=4194304
"""


class NoBroker(Exception):
    """Why there can be none here."""


def fetch_jars(artifact=ARTIFACT, into=JARS):
    """With what it needs."""
    group, name, version = artifact.split(":")
    if os.path.exists(os.path.join(into, f"{name}-{version}.jar")):
        return
    if shutil.which("mvn") is None:
        raise NoBroker(f"{name} is not here, and there is no mvn to fetch it (packages maven, default-jre-headless)")
    os.makedirs(os.path.dirname(into), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(into)) as folder:
        with open(os.path.join(folder, "pom.xml"), "w", encoding="ascii") as file:
            file.write(POM.format(group, name, version))
        done = subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=" + os.path.join(folder, "jars")],
                              cwd=folder, capture_output=True, timeout=FETCH_TIMEOUT, check=False)
        if done.returncode != 0:
            raise NoBroker("the registry does not give " + artifact + ": " + done.stdout.decode(errors="replace")[-300:])
        os.rename(os.path.join(folder, "jars"), into)


# Of the head of a batch: its first offset, how long it is behind this, and further on how many records it has.
BATCH_HEAD = struct.Struct(">qi")
BATCH_COUNT_AT = 57
BATCH_HEAD_LEN = 61


def batches_in(file):
    """-> octets, batches, records of a segment of a log (magic 2)"""
    octets = batches = records = 0
    while len(head := file.read(BATCH_HEAD_LEN)) == BATCH_HEAD_LEN:
        _, length = BATCH_HEAD.unpack_from(head)
        file.seek(length + BATCH_HEAD.size - BATCH_HEAD_LEN, os.SEEK_CUR)
        octets += length + BATCH_HEAD.size
        batches += 1
        records += int.from_bytes(head[BATCH_COUNT_AT:], "big")
    return octets, batches, records


def die_with_parent():
    """Also where the test is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    """Between one client and the broker: who bootstraps at `address` stays here, as the broker tells that of itself. Can be cut."""

    def __init__(self, port, behind):
        self.address = f"127.0.0.1:{port}"
        self.behind = behind
        self.is_cut = False
        self.pairs = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            with self.lock:
                if self.is_cut:
                    client.close()
                    continue
                try:
                    broker = socket.create_connection(("127.0.0.1", self.behind), 5)
                except OSError:
                    client.close()
                    continue
                broker.settimeout(None)
                self.pairs.append((client, broker))
            for one, other in ((client, broker), (broker, client)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(one, other):
        try:
            while octets := one.recv(65536):
                other.sendall(octets)
        except OSError:
            pass
        Proxy._end(one)
        Proxy._end(other)

    @staticmethod
    def _end(socket_):
        try:
            socket_.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def cut(self):
        """As a cable: what is open ends, nothing new is let in."""
        with self.lock:
            self.is_cut = True
            for pair in self.pairs:
                for end in pair:
                    self._end(end)
            self.pairs = []

    def mend(self):
        with self.lock:
            self.is_cut = False

    def close(self):
        self.cut()
        self._end(self.listener)  # accept() holds it
        self.listener.close()


class Broker:
    """with Broker() as broker: ... broker.address; raises NoBroker"""

    def __init__(self):
        if shutil.which("java") is None:
            raise NoBroker("there is no java (package default-jre-headless)")
        fetch_jars()
        self.folder = tempfile.mkdtemp(prefix="mxcensus-kafka-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.controller = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.options = ()  # of java
        self.settings = os.path.join(self.folder, "server.properties")
        with open(self.settings, "w", encoding="ascii") as file:
            self.proxied = (free_port(), free_port())  # of Proxy; where that leads
            file.write(SETTINGS.format(broker=self.port, controller=self.controller, folder=self.folder, proxy=self.proxied[0], behind=self.proxied[1]))

    def proxy(self):
        return Proxy(*self.proxied)

    def put_settings(self, lines):
        """Before it starts. Of two lines for one setting the last counts."""
        with open(self.settings, "a", encoding="ascii") as file:
            file.write(lines)

    def _java(self, *arguments):
        return ["java", "-Xms64m", "-Xmx256m", "-cp", os.path.join(JARS, "*"), *arguments]

    def tool(self, *arguments):
        """One of Kafka's own programs, by the name of its class. -> what it printed"""
        return subprocess.run(self._java(*arguments), cwd=self.folder, capture_output=True, text=True, timeout=START_TIMEOUT, check=True).stdout

    def __enter__(self):
        self.tool("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", self.settings)
        self.start()
        return self

    def start(self):
        """Again, where it has ended, or was killed: what it had is there."""
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(self._java(*self.options, "kafka.Kafka", self.settings), cwd=self.folder, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        deadline = time.monotonic() + START_TIMEOUT
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.said()
                self.__exit__()
                raise RuntimeError("the broker does not start:\n" + said[-2000:])
            time.sleep(0.2)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def written(self):
        """-> {topic: (octets, batches, records)} that lie in its logs, as they were sent; nothing of them was compacted yet."""
        found = {}
        for place in os.listdir(self.data):
            topic, _, part = place.rpartition("-")
            for name in os.listdir(os.path.join(self.data, place)) if part.isdigit() else ():
                if name.endswith(".log"):
                    with open(os.path.join(self.data, place, name), "rb") as file:
                        found[topic] = tuple(map(sum, zip(found.get(topic, (0, 0, 0)), batches_in(file))))
        return found

    def send(self, topic, octets):
        """One record whose value is these octets, one line without its end."""
        subprocess.run(self._java("kafka.tools.ConsoleProducer", "--bootstrap-server", self.address, "--topic", topic),
                       input=octets + b"\n", capture_output=True, timeout=60, check=True)

    def send_octets(self, topic, octets):
        """The same of any octets, by librdkafka."""
        library = ctypes.CDLL("librdkafka.so.1")
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_topic_new"):
            getattr(library, name).restype = ctypes.c_void_p
        said = ctypes.create_string_buffer(512)
        settings = ctypes.c_void_p(library.rd_kafka_conf_new())
        library.rd_kafka_conf_set(settings, b"bootstrap.servers", self.address.encode(), said, len(said))
        producer = ctypes.c_void_p(library.rd_kafka_new(0, settings, said, len(said)))
        to = ctypes.c_void_p(library.rd_kafka_topic_new(producer, topic.encode(), None))
        copied = 2  # RD_KAFKA_MSG_F_COPY
        taken = library.rd_kafka_produce(to, 0, copied, octets, ctypes.c_size_t(len(octets)), None, ctypes.c_size_t(0), None)
        left = library.rd_kafka_flush(producer, 60000)
        library.rd_kafka_topic_destroy(to)
        library.rd_kafka_destroy(producer)
        if taken != 0 or left != 0:
            raise RuntimeError(f"{topic}: a record was not taken")
