"""A test in a network of its own: loopback with public addresses on it, resolv.conf, every port free.

Nothing in there reaches the machine's network, and nothing on the machine is reached from it.
"""

import os
import shutil
import subprocess
import sys

from mail_server import skip_unless

ADDRESSES = "11.77.0.0/16"  # each of them is this machine, in there
MARK = "MXCENSUS_OWN_NETWORK"
NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def enter(programs, variable):
    """Starts the running script again inside, or skips it: needs root, `programs`, and namespaces.
    @param variable of the environment; 1: do not skip, fail"""
    if MARK in os.environ:
        # The last one is the way into the Internet that a scan looks for; it ends here as well.
        for command in (["link", "set", "lo", "up"], ["addr", "add", ADDRESSES, "dev", "lo"], ["route", "add", "23.0.0.0/24", "dev", "lo"]):
            subprocess.run(["ip", *command], check=True)
        return
    programs = ["ip", "unshare", "openssl", *programs]
    skip_unless(os.geteuid() == 0 and all(shutil.which(program) for program in programs)
                and subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode == 0,
                "root, namespaces and " + ", ".join(programs), variable)
    os.environ[MARK] = "1"
    os.execvp("unshare", [*NAMESPACES, sys.executable, "-B", *sys.argv])


def use_resolver(folder, address):
    """All programs of the test ask this resolver, and believe its AD (resolv.conf(5))."""
    path = os.path.join(folder, "resolv.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"nameserver {address}\noptions edns0 trust-ad\n")
    subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"], check=True)
