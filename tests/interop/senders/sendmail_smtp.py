"""Sendmail's esmtp mailer, with the configuration that its own m4 files make.

It logs to syslog only: a socket of this test takes the place of /dev/log. Log to outcome:

    stat=Sent, after STARTTLS=client of that process and relay     encrypted
    stat=Sent                                                      plaintext
    stat=Deferred, whatever its dsn; dsn=4                         deferred
        (454 of TLS at the first exchange is logged with the dsn=5.1.2 of the second, which does not exist; the
        message stays in the queue)
    any other dsn=5                                                undeliverable
"""

import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from sender import BODY, UNPACKED, Result, recipient

SENDMAIL = os.path.abspath(os.path.join(UNPACKED, "sendmail-bin/usr/libexec/sendmail/sendmail"))
MACROS = os.path.abspath(os.path.join(UNPACKED, "sendmail-cf/usr/share/sendmail/cf"))
CLIENTS = 12  # processes at a time
TLS = re.compile(r"STARTTLS=client, relay=(\S+?)\.?, .*verify=(\w+)")
STATUS = re.compile(r"to=<?[^@>]+@([^>,]+)>?,.* dsn=(\d)\S*,.* stat=(.*)")
RELAY = re.compile(r" relay=(\S+?)\.?(?: \[[^]]*\])?,")
LINE = re.compile(r"sendmail\[(\d+)\]: (.*)", re.S)


def is_same(name, shortened):
    """Where it logs what became of a message, the middle of a long name is left out."""
    return shortened is not None and re.fullmatch(re.escape(shortened).replace(r"\.\.\.", ".*"), name) is not None


class Sendmail:
    software = "Sendmail"
    profiles = ["sendmail-debian"]

    def __init__(self, folder, roots, host):
        self.folder, self.roots, self.host = folder, roots, host
        self.lines = []

    def ready(self):
        return os.path.exists(SENDMAIL) and shutil.which("m4") is not None

    def version(self):
        said = subprocess.run([SENDMAIL, "-C", "/etc/passwd", "-bt", "-d0.1"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False).stdout
        return re.search(r"Version (\S+)", said).group(1)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _configure(self):
        os.mkdir(self.path("queue"), 0o700)
        with open(self.path("sendmail.mc"), "w", encoding="ascii") as file:
            file.write(f"""divert(0)dnl
OSTYPE(`linux')dnl
define(`confTRUSTED_USER', `root')dnl
define(`QUEUE_DIR', `{self.path("queue")}')dnl
define(`STATUS_FILE', `/dev/null')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confPID_FILE', `{self.path("pid")}')dnl
define(`confDOMAIN_NAME', `{self.host}')dnl
define(`confCW_FILE', `-o /nonexistent')dnl
define(`confCACERT', `{self.roots}')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupReadableKeyFile,ForwardFileInUnsafeDirPath,ForwardFileInGroupWritableDirPath')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confTO_CONNECT', `3s')dnl
define(`confTO_ICONNECT', `3s')dnl
define(`confTO_INITIAL', `25s')dnl
define(`confTO_HELO', `25s')dnl
define(`confTO_MAIL', `25s')dnl
define(`confTO_RCPT', `25s')dnl
define(`confTO_DATAINIT', `25s')dnl
define(`confTO_DATAFINAL', `25s')dnl
define(`confTO_QUIT', `3s')dnl
define(`confTO_STARTTLS', `25s')dnl
define(`confTO_RESOLVER_RETRANS', `2s')dnl
define(`confTO_RESOLVER_RETRY', `2')dnl
define(`confMAX_QUEUE_RUN_SIZE', `0')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
FEATURE(`nouucp',`reject')dnl
MAILER(`smtp')dnl
""")
        with open(self.path("sendmail.cf"), "wb") as file:
            subprocess.run(["m4", f"-D_CF_DIR_={MACROS}/", MACROS + "/m4/cf.m4", self.path("sendmail.mc")],
                           stdout=file, check=True)

    def _take_log(self):
        """Of this mount namespace, which has a /dev of its own (network.py)."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        if os.path.exists("/dev/log"):
            os.unlink("/dev/log")
        sock.bind("/dev/log")
        os.chmod("/dev/log", 0o666)

        def listen():
            while True:
                self.lines.append(sock.recv(65536).decode("utf-8", "replace"))
        threading.Thread(target=listen, daemon=True).start()

    def send(self, domains, timeout=600):
        self._configure()
        self._take_log()

        def deliver(domain):
            try:
                subprocess.run([SENDMAIL, "-C", self.path("sendmail.cf"), "-odi", "-i", "-f",
                                f"sendmail@{self.host}", recipient(domain)], input=BODY, text=True,
                               capture_output=True, check=False, timeout=timeout, start_new_session=True)
            except subprocess.TimeoutExpired:
                pass

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(deliver, domains))
        time.sleep(0.5)
        return self.results()

    def results(self):
        with open(self.path("log"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines))
        found, tls = {}, {}
        for line in self.lines:
            process, text = (LINE.search(line) or re.match("()()", "")).groups()
            established, status = TLS.search(text), STATUS.search(text)
            if established:
                tls[process] = established.groups()
            elif status:
                domain, dsn, why = status.groups()
                if domain == self.host:
                    continue
                waits = why.startswith("Deferred") or dsn == "4"
                relay = (RELAY.search(text) or re.match("()", "")).group(1)
                with_tls, verify = tls.get(process, ("", None))
                outcome = "deferred" if waits else "undeliverable" if dsn == "5" else (
                    "encrypted" if is_same(with_tls, relay) else "plaintext")
                found["sendmail-debian", domain] = Result(outcome, f"verify={verify} {relay}: {why}")
        return found
