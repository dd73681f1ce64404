"""The simulated mail internet (mxlab) for tests: started, asked, stopped."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from e2e.runner import MXLAB, environment

START_TIMEOUT = 300  # seconds; the key pool is made on the first start
KEYS = os.environ.get("MXLAB_KEYS") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "lab-keys.pem")


class Lab:
    """with Lab(domains=1000) as lab: run("scan", *lab.options, lab.list_path)"""

    def __init__(self, domains, *more, preset="tranco1m", seed=1):
        self.state = tempfile.mkdtemp(prefix="mxlab-")
        self.arguments = ["--with-parent", "--base-port", "auto", "--keys", KEYS, "--preset", preset, "--seed", str(seed), "--domains", str(domains), *more]
        self.list_path = os.path.join(self.state, "list.txt")

    def __enter__(self):
        if os.path.exists(KEYS):
            return self._start()
        # The first one makes the pool. Others wait for it: labs of one test have to have the same keys.
        with open(KEYS + ".lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._start()

    def _start(self):
        self.log = open(os.path.join(self.state, "log"), "wb")
        self.process = subprocess.Popen([MXLAB, "serve", "--state", self.state, *self.arguments],
                                        stdout=self.log, stderr=self.log, env=environment())
        deadline = time.monotonic() + START_TIMEOUT
        while not os.path.exists(os.path.join(self.state, "ready")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.said()
                self.__exit__()
                raise RuntimeError("the lab does not start:\n" + said)
            time.sleep(0.1)
        with open(os.path.join(self.state, "options"), encoding="ascii") as file:
            self.options = shlex.split(file.read())
        with open(self.list_path, "wb") as file:
            subprocess.run([MXLAB, "domains", "--state", self.state], stdout=file, check=True)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.state, ignore_errors=True)

    def said(self):
        with open(os.path.join(self.state, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _ask(self, *arguments):
        asked = subprocess.Popen([MXLAB, *arguments], stdout=subprocess.PIPE)
        with asked.stdout as lines:
            yield from lines
        if asked.wait() != 0:
            raise RuntimeError(f"mxlab {arguments} failed")

    def expected(self):
        """The facts of one domain after the other, as a domain row has them."""
        for line in self._ask("expect", "--state", self.state):
            yield json.loads(line)

    def counters(self, min_gap_ms):
        return json.loads(b"".join(self._ask("counters", self.state, "--min-gap-ms", str(min_gap_ms))))
