"""Postfix smtp(8): one instance, one delivery agent for each level of TLS, chosen by the sender address.

Log to outcome:

    status=sent, the agent's last TLS line for that relay "Verified"      authenticated
    status=sent, any other TLS line for that relay after it               encrypted
    status=sent, no TLS line for that relay                               plaintext
    status=deferred                                                       deferred
    status=bounced                                                        undeliverable

Fallback to clear text is tried only once a message has spent minimal_backoff_time in the queue. `Postfix`
has messages that have: they are put there before it starts, longer ago than that. `FreshPostfix` leaves that
time as it is by default, so that its messages have not: of the same profiles, what a first attempt comes to.
"""

import os
import pwd
import re
import signal
import subprocess
import time

from sender import BODY, Result, read_text, recipient

MASTER = "/usr/lib/postfix/sbin/master"
LEVELS = {"postfix-may": "may", "postfix-encrypt": "encrypt", "postfix-verify": "verify",
          "postfix-secure": "secure", "postfix-dane": "dane"}
CLIENTS = 12  # delivery agents of each level at a time
BACKOFF = 1  # seconds; the least that Postfix takes
DEFAULT_BACKOFF = 300  # of minimal_backoff_time
RECIPIENTS = 500  # of one message

LINE = re.compile(r"^(\S+ +\S+ \S+) \S+ (\S+)/smtp\[(\d+)\]: (.*)$", re.M)
TLS = re.compile(r"(Verified|Trusted|Untrusted|Anonymous) TLS connection established to \S*?\[([^]]+)\]")
STATUS = re.compile(r"\w+: to=<[^@>]*@([^>]+)>,.* relay=(\S+),.* status=(sent|deferred|bounced) (.*)")


class Postfix:
    software = "Postfix"
    fresh = False
    backoff = BACKOFF
    waits = BACKOFF + 1.1  # seconds, before it starts

    def __init__(self, folder, roots, host):
        self.folder, self.roots, self.host = folder, roots, host
        self.profiles = list(LEVELS)

    def ready(self):
        return os.path.exists(MASTER)

    def version(self):
        return subprocess.run(["postconf", "-h", "-d", "mail_version"], capture_output=True, text=True,
                              check=True).stdout.strip()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _configure(self):
        user = pwd.getpwnam("postfix")
        os.makedirs(self.path("etc"))
        for name, mode in (("queue", 0o755), ("queue/pid", 0o755), ("data", 0o700), ("queue/active", 0o700),
                           ("queue/bounce", 0o700), ("queue/corrupt", 0o700), ("queue/defer", 0o700),
                           ("queue/deferred", 0o700), ("queue/flush", 0o700), ("queue/hold", 0o700),
                           ("queue/incoming", 0o700), ("queue/maildrop", 0o777), ("queue/private", 0o700),
                           ("queue/public", 0o755), ("queue/saved", 0o700), ("queue/trace", 0o700)):
            os.mkdir(self.path(name), mode)
            os.chmod(self.path(name), mode)
            if name not in ("queue", "queue/pid"):
                os.chown(self.path(name), user.pw_uid, user.pw_gid)
        senders = "".join(f"{profile}@{self.host} {profile}:\n" for profile in LEVELS)
        for name, text in (("senders", senders), ("transport", f"{self.host} discard:\n"), ("main.cf", f"""
compatibility_level = 3.6
config_directory = {self.path("etc")}
queue_directory = {self.path("queue")}
data_directory = {self.path("data")}
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = {self.path("log")}
maillog_file_prefixes = {self.folder}
myhostname = {self.host}
mydestination =
mynetworks =
inet_interfaces = loopback-only
inet_protocols = all
alias_maps =
local_transport = error:no mail here
transport_maps = texthash:{self.path("etc/transport")}
sender_dependent_default_transport_maps = texthash:{self.path("etc/senders")}
smtp_dns_support_level = dnssec
smtp_tls_CAfile = {self.roots}
smtp_tls_loglevel = 1
smtp_connection_cache_on_demand = no
smtp_connect_timeout = 3s
smtp_helo_timeout = 25s
smtp_quit_timeout = 3s
smtp_starttls_timeout = 25s
smtp_mail_timeout = 25s
smtp_rcpt_timeout = 25s
smtp_data_init_timeout = 25s
smtp_data_xfer_timeout = 25s
smtp_data_done_timeout = 25s
minimal_backoff_time = {self.backoff}s
qmgr_message_active_limit = 20000
qmgr_message_recipient_limit = 20000
default_destination_concurrency_limit = 20
in_flow_delay = 0
bounce_size_limit = 1
""" + "".join(f"{profile}_destination_recipient_limit = 1\n" for profile in LEVELS))):
            with open(self.path("etc", name), "w", encoding="ascii") as file:
                file.write(text)
        master = "postlog unix-dgram n - n - 1 postlogd\n"
        for name, program, kind, limit in (
                ("pickup", "pickup", "unix", 1), ("cleanup", "cleanup", "unix", 0), ("qmgr", "qmgr", "unix", 1),
                ("tlsmgr", "tlsmgr", "unix", 1), ("rewrite", "trivial-rewrite", "unix", 20),
                ("bounce", "bounce", "unix", 0), ("defer", "bounce", "unix", 0), ("trace", "bounce", "unix", 0),
                ("flush", "flush", "unix", 0), ("proxymap", "proxymap", "unix", 0), ("error", "error", "unix", 5),
                ("retry", "error", "unix", 5), ("discard", "discard", "unix", 5), ("scache", "scache", "unix", 1)):
            wakeup = {"pickup": "60", "qmgr": "300"}.get(name, "-")
            private = "n" if name in ("pickup", "cleanup", "qmgr", "flush") else "-"
            master += f"{name} {kind} {private} - n {wakeup} {limit} {program}\n"
        for profile, level in LEVELS.items():
            master += (f"{profile} unix - - n - {CLIENTS} smtp\n  -o smtp_tls_security_level={level}\n"
                       f"  -o syslog_name={profile}\n")
        with open(self.path("etc/master.cf"), "w", encoding="ascii") as file:
            file.write(master)

    def send(self, domains, timeout=600):
        """One message to each domain from each profile. @return {(profile, domain): Result}"""
        self._configure()
        for profile in self.profiles:
            for first in range(0, len(domains), RECIPIENTS):
                # That nobody takes it from there yet is what its warning is about.
                subprocess.run(["sendmail", "-C", self.path("etc"), "-i", "-f", f"{profile}@{self.host}",
                                *map(recipient, domains[first:first + RECIPIENTS])], input=BODY, text=True,
                               check=True, stderr=subprocess.DEVNULL,
                               env={**os.environ, "MAIL_CONFIG": self.path("etc")})
        time.sleep(self.waits)
        with open(self.path("out"), "wb") as out:
            master = subprocess.Popen([MASTER, "-c", self.path("etc"), "-d"], stdout=out, stderr=out,
                                      stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + timeout
        wanted = len(domains) * len(self.profiles)
        try:
            while True:
                time.sleep(0.5)
                results = self.results()
                if len(results) == wanted or time.monotonic() > deadline or master.poll() is not None:
                    return results
        finally:
            master.send_signal(signal.SIGTERM)
            master.wait(20)

    def results(self):
        found, tls = {}, {}
        for _, profile, agent, text in LINE.findall(read_text(self.path("log"))):
            established = TLS.match(text)
            status = STATUS.match(text)
            if established:
                tls[agent] = established.groups()
            elif status is None and ("SSL_connect error" in text or "lost connection" in text):
                tls.pop(agent, None)
            elif status:
                domain, relay, word, why = status.groups()
                state, address = tls.pop(agent, (None, None))
                if address is None or f"[{address}]" not in relay:
                    state = None
                outcome = {"deferred": "deferred", "bounced": "undeliverable"}.get(word) or (
                    "plaintext" if state is None else "authenticated" if state == "Verified" else "encrypted")
                result = Result(outcome, f"{state or 'no'} TLS, {relay}: {why}")
                if self.fresh:
                    found.setdefault((profile, domain), result)  # not what a second attempt comes to
                else:
                    found[profile, domain] = result
        return found


class FreshPostfix(Postfix):
    """The levels that fall back, and one that does not."""

    software = "Postfix, fresh"
    fresh = True
    backoff = DEFAULT_BACKOFF
    waits = 0

    def __init__(self, folder, roots, host):
        super().__init__(folder, roots, host)
        self.profiles = ["postfix-may", "postfix-encrypt", "postfix-dane"]
