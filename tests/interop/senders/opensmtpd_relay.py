"""OpenSMTPD's relay, as smtpd.conf(5) has it without options.

Log to outcome, of the recipient's last line, in the session that it belongs to:

    mta delivery ... result="Ok", after "mta tls" of that session     encrypted
    the same without "mta tls"                                        plaintext
    result="TempFail"                                                 deferred
    result="PermFail"                                                 undeliverable
    none, the daemon ran on                                           deferred
    none, for the daemon ended by itself                              crash
"""

import concurrent.futures
import os
import re
import smtplib
import socket
import subprocess
import threading
import time

from sender import BODY, UNPACKED, Result, read_text, recipient, start, stop

SMTPD = os.path.abspath(os.path.join(UNPACKED, "opensmtpd/usr/sbin/smtpd"))
ADDRESS, FIRST_PORT = "127.0.0.1", 2600
RECIPIENTS = 100  # of one message
BATCH = 60  # domains of one daemon
DAEMONS = 3  # at a time
PATIENCE = 40  # seconds; its own timeouts are minutes
# Where it keeps what it has is built in.
MOUNTS = """set -e
for folder in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 none $folder; done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
exec "$@"
"""
DELIVERY = re.compile(r'(\w+) mta delivery .*to=<[^@>]+@([^>]+)>.* relay="([^"]*)".* result="(\w+)" stat="(.*)"')
TLS = re.compile(r"(\w+) mta (?:tls|starttls) ciphers=")


def last_line(log, domain):
    return next((line for line in reversed(read_text(log).split("\n")) if domain in line), "")


class OpenSmtpd:
    software = "OpenSMTPD"
    profiles = ["opensmtpd"]

    def __init__(self, folder, roots, host):
        self.folder, self.roots, self.host = folder, roots, host
        self.runs = 0
        self.lock = threading.Lock()

    def ready(self):
        return os.path.exists(SMTPD)

    def version(self):
        said = subprocess.run([SMTPD, "-h"], capture_output=True, text=True, check=False)
        return re.search(r"version: OpenSMTPD (\S+)", said.stdout + said.stderr).group(1)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _listen_at(self, number):
        path = self.path(f"smtpd-{number}.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"""listen on {ADDRESS} port {FIRST_PORT + number} hostname {self.host}
action "relay" relay helo {self.host}
match from any for any action "relay"
""")
        return path

    def _inject(self, number, domains):
        submission = (ADDRESS, FIRST_PORT + number)
        for _ in range(100):
            try:
                socket.create_connection(submission, 2).close()
                break
            except OSError:
                time.sleep(0.1)
        with smtplib.SMTP(*submission, timeout=60) as client:
            for first in range(0, len(domains), RECIPIENTS):
                client.sendmail(f"opensmtpd@{self.host}", [*map(recipient, domains[first:first + RECIPIENTS])], BODY)

    def send(self, domains, timeout=600):
        """In batches. A domain whose server kills the daemon is looked for by halving the batch."""
        del timeout  # PATIENCE instead: it keeps to no limits of ours
        batches = [domains[first:first + BATCH] for first in range(0, len(domains), BATCH)]
        with concurrent.futures.ThreadPoolExecutor(DAEMONS) as pool:
            found = {}
            for part in pool.map(self._deliver, batches):
                found.update(part)
        return found

    def _deliver(self, domains):
        alive, found, log = self._run(domains)
        left = [domain for domain in domains if ("opensmtpd", domain) not in found]
        if alive:
            for domain in left:
                found["opensmtpd", domain] = Result("deferred", f"still in the queue: {last_line(log, domain)}")
        elif len(left) == 1:
            found["opensmtpd", left[0]] = Result("crash", "the daemon ended by itself")
        else:
            middle = len(left) // 2
            for half in (left[:middle], left[middle:]):
                if half:
                    found.update(self._deliver(half))
        return found

    def _run(self, domains):
        """@return whether the daemon lived, results, path of its log"""
        with self.lock:
            number = self.runs
            self.runs += 1
        log = self.path(f"log-{number}")
        server = start(["unshare", "--mount", "sh", "-c", MOUNTS, "sh", SMTPD, "-d", "-v", "-T", "mta", "-f",
                        self._listen_at(number)], log)
        try:
            self._inject(number, domains)
            deadline = time.monotonic() + PATIENCE
            while True:
                time.sleep(0.3)
                alive = server.poll() is None
                found = self._results(log)
                if len(found) == len(domains) or time.monotonic() > deadline or not alive:
                    return alive, found, log
        except (OSError, smtplib.SMTPException):
            return False, self._results(log), log
        finally:
            stop(server)

    def _results(self, log):
        found, tls = {}, set()
        for line in read_text(log).split("\n"):
            established, delivery = TLS.search(line), DELIVERY.search(line)
            if established:
                tls.add(established.group(1))
            elif delivery:
                session, domain, relay, word, why = delivery.groups()
                outcome = {"TempFail": "deferred", "PermFail": "undeliverable"}.get(word) or (
                    "encrypted" if session in tls else "plaintext")
                found["opensmtpd", domain] = Result(outcome, f"{relay}: {word} {why}")
        return found
