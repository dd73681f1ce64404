"""What the senders have in common: a result for each domain, and the words for it."""

import collections
import os
import signal
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from mail_server import UNPACKED  # noqa: E402, F401

# Of one message: `outcome` in the words of domains.outcomes[].best; `line`: of the log, where it says so.
Result = collections.namedtuple("Result", "outcome line")
RECIPIENT = "judge"
BODY = "Subject: judge\n\nOne line.\n"


def recipient(domain):
    return f"{RECIPIENT}@{domain}"


def read_text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


# What the programs look up that were built for them; there is none of these beside Postfix.
USERS = ("Debian-exim", "opensmtpd", "opensmtpq", "smmta", "smmsp")
FIRST_ID = 64500  # outside the ranges that Debian hands out


def add_users(folder):
    """In this mount namespace they exist."""
    for name in ("passwd", "group"):
        with open("/etc/" + name, encoding="utf-8") as file:
            lines = [line for line in file if line.split(":")[0] not in USERS]
        for number, user in enumerate(USERS, FIRST_ID):
            lines.append(f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
                         if name == "passwd" else f"{user}:x:{number}:\n")
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(lines))
        os.chmod(path, 0o644)
        subprocess.run(["mount", "--bind", path, "/etc/" + name], check=True)


def start(command, log, **environment):
    with open(log, "ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                                start_new_session=True, env={**os.environ, **environment})


def stop(process, patience=10):
    """With all that it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(patience)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
