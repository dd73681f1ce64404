"""Exim's smtp transport: one configuration; the sender address chooses transport and router.

Log to outcome, of the recipient's last line:

    =>  with CV=dane                authenticated
    =>  with X=                     encrypted
    =>  else                        plaintext
    ==                              deferred
    **                              undeliverable
"""

import concurrent.futures
import os
import pwd
import re
import subprocess

from sender import BODY, UNPACKED, Result, read_text, recipient
from unchecked_resolver import UncheckedResolver

EXIM = os.path.abspath(os.path.join(UNPACKED, "exim4-daemon-light/usr/sbin/exim4"))
PROFILES = {"exim-default": "hosts_try_dane =", "exim-dane": "hosts_try_dane = *"}
# As Debian's exim4-config has it.
IGNORED = ("<; 0.0.0.0 ; 127.0.0.0/8 ; 192.168.0.0/16 ; 172.16.0.0/12 ; 10.0.0.0/8 ; 169.254.0.0/16 ; "
           "255.255.255.255 ; ::/128 ; ::1/128 ; fc00::/7 ; fe80::/10 ; 100::/64")
UNCHECKED = "exim-default"  # is without DNSSEC by its definition
RECIPIENTS = 30  # of one message; its host names are looked up one after the other
MESSAGES = 8  # at a time
CLIENTS = 10  # of each message, at a time
# An alias of a domain is rewritten: then the original address stands behind, in brackets.
LINE = re.compile(r"^\S+ \S+ (?:\[\d+\] )?(\S+) (=>|==|\*\*) [^@ ]+@(\S+?):? (?:<[^@>]+@([^>]+)>:? )?(.*)$", re.M)


class Exim:
    software = "Exim"

    def __init__(self, folder, roots, host):
        self.folder, self.roots, self.host = folder, roots, host
        self.profiles = list(PROFILES)

    def ready(self):
        return os.path.exists(EXIM)

    def version(self):
        said = subprocess.run([EXIM, "-C", "/dev/null", "-bV"], capture_output=True, text=True, check=False).stdout
        tls = re.search(r"GnuTLS|OpenSSL", said)
        return re.search(r"version (\S+)", said).group(1) + (f" ({tls.group(0)})" if tls else "")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _configure(self):
        user = pwd.getpwnam("Debian-exim").pw_uid
        for name in ("spool", "spool/input", "spool/msglog", "spool/log"):
            os.mkdir(self.path(name))
            os.chown(self.path(name), user, user)
        # No hints: what one domain's server did is not to decide what becomes of another's mail.
        with open(self.path("spool/db"), "w", encoding="ascii"):
            pass
        routers = transports = ""
        for profile, dane in PROFILES.items():
            name = profile.replace("-", "_")
            routers += f"""
{name}:
  driver = dnslookup
  senders = {profile}@{self.host}
  domains = ! {self.host}
  transport = {name}
  same_domain_copy_routing = yes
  ignore_target_hosts = {IGNORED}
  dnssec_request_domains = *
  no_more
"""
            transports += f"""
{name}:
  driver = smtp
  {dane}
  multi_domain = false
  max_rcpt = 1
  connection_max_messages = 1
  connect_timeout = 3s
  command_timeout = 25s
  data_timeout = 25s
  final_timeout = 25s
  tls_verify_certificates = {self.roots}
"""
        with open(self.path("exim.conf"), "w", encoding="ascii") as file:
            file.write(f"""primary_hostname = {self.host}
exim_user = {user}
exim_group = {user}
never_users =
spool_directory = {self.path("spool")}
log_file_path = {self.path("spool/log/%slog")}
log_selector = +pid
keep_environment =
remote_max_parallel = {CLIENTS}
dns_retrans = 2s
dns_retry = 1
dns_dnssec_ok = 1
queue_only_load_latch = false
check_spool_space = 0
check_spool_inodes = 0
begin routers
{routers}
own:
  driver = redirect
  data = :blackhole:
begin transports
{transports}
begin retry
* * F,4d,1h
""")

    def send(self, domains, timeout=600):
        self._configure()
        for profile in self.profiles:
            for first in range(0, len(domains), RECIPIENTS):
                subprocess.run([EXIM, "-C", self.path("exim.conf"), "-odq", "-i", "-f", f"{profile}@{self.host}",
                                *map(recipient, domains[first:first + RECIPIENTS])], input=BODY, text=True, check=True)
        messages = [name[:-2] for _, _, names in os.walk(self.path("spool/input")) for name in names
                    if name.endswith("-D")]

        profile_of = self._profiles_of_messages()

        def deliver(message):
            before = unchecked if profile_of[message] == UNCHECKED else []
            try:
                subprocess.run([*before, EXIM, "-C", self.path("exim.conf"), "-M", message], stdin=subprocess.DEVNULL,
                               capture_output=True, check=False, timeout=timeout, start_new_session=True)
            except subprocess.TimeoutExpired:
                pass

        with UncheckedResolver(self.folder) as unchecked, concurrent.futures.ThreadPoolExecutor(MESSAGES) as pool:
            list(pool.map(deliver, messages))
        return self.results()

    def _log(self):
        return read_text(self.path("spool/log/mainlog"))

    def _profiles_of_messages(self):
        return dict(re.findall(rf"^\S+ \S+ (?:\[\d+\] )?(\S+) <= (\S+)@{re.escape(self.host)} ", self._log(), re.M))

    def results(self):
        log, profile_of = self._log(), self._profiles_of_messages()
        found = {}
        for message, arrow, domain, original, text in LINE.findall(log):
            profile = profile_of.get(message)
            if profile not in PROFILES:
                continue
            outcome = {"==": "deferred", "**": "undeliverable"}.get(arrow) or (
                "authenticated" if " CV=dane" in text else "encrypted" if " X=" in text else "plaintext")
            found[profile, original or domain] = Result(outcome, f"{arrow} {text}")
        return found
