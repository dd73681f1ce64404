"""mox: its queue with all its policies, driven by the program in mox/, which is built outside the tree.

Log to outcome; lines of one delivery have the same cid, and with TLS "starttls client handshake done":

    delivered, with tlspkix, or tlsdane and usable records     authenticated
    delivered, over TLS                                        encrypted
    delivered                                                  plaintext
    temporary failure                                          deferred
    permanent failure                                          undeliverable
"""

import os
import re
import shutil
import subprocess

from sender import Result, read_text, recipient

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mox")
MODULE = re.compile(r"github.com/mjl-/mox v(\S+)")
LINE = re.compile(r"^\w+: (.*?); pkg=\w+; (.*)$")
CID = re.compile(r"(?:^|; )cid=(\w+)")  # the first is the delivery's, a second one the host's
RECIPIENT = re.compile(r"recipient=[^@;]+@([^;\s]+)")
VERIFIED = re.compile(r"verifypkix=true|verifydane=true")


def build(folder):
    """Where there is a network. What came of it is told by JUDGE_MOX and JUDGE_MOX_SKIPPED."""
    program = os.path.join(folder, "judge-mox")
    if shutil.which("go") is None:
        os.environ["JUDGE_MOX_SKIPPED"] = "there is no Go"
        return
    done = subprocess.run(["go", "build", "-o", program, "."], cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        os.environ["JUDGE_MOX"] = program
    else:
        os.environ["JUDGE_MOX_SKIPPED"] = "it could not be built: " + done.stderr.strip()[-300:]


class Mox:
    software = "mox"
    profiles = ["mox"]

    def __init__(self, folder, roots, host):
        self.folder, self.roots, self.host = folder, roots, host

    def ready(self):
        if "JUDGE_MOX" not in os.environ:
            print("mox: skipped, " + os.environ.get("JUDGE_MOX_SKIPPED", "it was not built"))
        return "JUDGE_MOX" in os.environ

    def version(self):
        return MODULE.search(read_text(os.path.join(HERE, "go.mod"))).group(1)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def send(self, domains, timeout=600):
        os.mkdir(self.path("config"))
        with open(self.path("config/mox.conf"), "w", encoding="ascii") as file:
            file.write(f"""DataDir: ../data
LogLevel: debug
User: root
Hostname: {self.host}
TLS:
	CA:
		AdditionalToSystem: false
		CertFiles:
			- {self.roots}
Listeners:
	local: nil
Postmaster:
	Account: judge
	Mailbox: postmaster
""")
        with open(self.path("config/domains.conf"), "w", encoding="ascii") as file:
            file.write(f"Domains:\n\t{self.host}: nil\nAccounts:\n\tjudge:\n\t\tDomain: {self.host}\n"
                       f"\t\tDestinations:\n\t\t\tjudge@{self.host}: nil\n")
        with open(self.path("log"), "wb") as log:
            try:
                subprocess.run([os.environ["JUDGE_MOX"], self.path("config/mox.conf"), "judge", f"judge@{self.host}"],
                               input="".join(recipient(domain) + "\n" for domain in domains).encode(), stderr=log,
                               stdout=log, timeout=timeout, check=False, start_new_session=True,
                               env={**os.environ, "SSL_CERT_FILE": self.roots, "SSL_CERT_DIR": "/nonexistent"})
            except subprocess.TimeoutExpired:
                pass
        return self.results()

    def results(self):
        found, domain_of, tls = {}, {}, {}
        for line in read_text(self.path("log")).split("\n"):
            parts = LINE.match(line)
            cid = parts and CID.search(parts.group(2))
            if not cid:
                continue
            what, fields, cid = parts.group(1), parts.group(2), cid.group(1)
            if what == "delivering to single recipient":
                domain_of[cid] = RECIPIENT.search(fields).group(1)
            elif what == "starttls client handshake done":
                tls[cid] = "authenticated" if VERIFIED.search(fields) else "encrypted"
            elif what.startswith(("connecting again", "delivering to remote")):
                tls.pop(cid, None)
            elif what == "delivered from queue":
                found["mox", domain_of[cid]] = Result(tls.get(cid, "plaintext"), what)
            elif what.startswith(("temporary failure delivering", "permanent failure delivering")):
                outcome = "deferred" if what.startswith("temporary") else "undeliverable"
                found["mox", domain_of[cid]] = Result(outcome, what)
        return found
