"""A server that a test starts and stops: nothing of it remains."""

import os
import signal
import socket
import subprocess
import time

START_TIMEOUT = 20  # seconds


class Daemon:
    """with Daemon(folder, name, command, addresses, port): ... once it listens on each of them"""

    def __init__(self, folder, name, command, addresses, port):
        self.log = os.path.join(folder, name + ".log")
        self.name, self.command, self.addresses, self.port = name, command, addresses, port

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        for address in self.addresses:
            while not self._listens(address):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise RuntimeError(f"{self.name} does not start:\n{self.said()}")
                time.sleep(0.05)
        return self

    def _listens(self, address):
        try:
            socket.create_connection((address, self.port), 2).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            try:  # children that outlived it
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()
