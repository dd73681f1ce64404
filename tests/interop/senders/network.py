"""Three network namespaces: the senders' host, where the script goes on; the world, where mxlab has the
addresses of its records; and nowhere, which refuses (11.192.0.0/12) or swallows (all else) what comes.

Nothing in there reaches the machine's network. See tests/lab/address_plan.h for the prefixes.
"""

import os
import socket
import subprocess
import sys

MARK = "MXCENSUS_SENDERS_NETWORK"
NAMESPACES = ["unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
HOST = "sender.judge.test"
DEVICE = "world1"  # mxlab's
RESOLVER = "192.0.2.53"
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def can_enter():
    return os.geteuid() == 0 and subprocess.run([*NAMESPACES, "true"], capture_output=True,
                                                check=False).returncode == 0


def enter(folder, arguments):
    """Runs the script again inside. @return its exit code"""
    command = [*NAMESPACES, sys.executable, "-B", sys.argv[0], *arguments]
    return subprocess.run(command, check=False, env={**os.environ, MARK: folder}).returncode


def ip(*words, inside=None):
    command = ["nsenter", f"--net=/proc/{inside.pid}/ns/net"] if inside else []
    subprocess.run([*command, "ip", *words], check=True)


def _other(name, number, near, far):
    """A namespace behind a pair of devices; it ends with this one."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        pass
    ip("link", "add", name + "0", "type", "veth", "peer", "name", name + "1", "netns", str(holder.pid))
    for inside, device, address in ((None, name + "0", near), (holder, name + "1", far)):
        ip("link", "set", "lo", "up", inside=inside)
        ip("addr", "add", address + "/24", "dev", device, inside=inside)
        ip("addr", "add", f"2001:db8:{number}::{1 if inside is None else 2}/64", "dev", device, "nodad",
           inside=inside)
        ip("link", "set", device, "up", inside=inside)
    return holder


def lay():
    """@return the namespace of the world, to be given to `inside`"""
    world = _other("world", 1, "192.0.2.1", RESOLVER)
    nowhere = _other("void", 2, "198.51.100.1", "198.51.100.2")
    for prefix, via in (("11.0.0.0/9", RESOLVER), ("default", "198.51.100.2")):
        ip("route", "add", prefix, "via", via)
    for prefix, via in (("2a0e:b100::/32", "2001:db8:1::2"), ("default", "2001:db8:2::2")):
        ip("-6", "route", "add", prefix, "via", via)
    for holder, v4, v6 in ((world, "11.0.0.0/9", "2a0e:b100::/32"), (nowhere, "11.192.0.0/12", "2a0e:b101::/32")):
        ip("route", "add", "local", v4, "dev", "lo", inside=holder)
        ip("-6", "route", "add", "local", v6, "dev", "lo", inside=holder)
    ip("route", "add", "blackhole", "default", inside=nowhere)
    ip("-6", "route", "add", "blackhole", "default", inside=nowhere)
    return world


def inside(world, *command):
    return ["nsenter", f"--net=/proc/{world.pid}/ns/net", *command]


def set_up_host(folder):
    """Name, resolver, and a /dev of its own, for a syslog socket."""
    socket.sethostname(HOST)
    for name, text in (("resolv.conf", f"nameserver {RESOLVER}\noptions edns0 trust-ad timeout:2 attempts:2\n"),
                       ("hosts", f"127.0.0.1 localhost\n127.0.1.1 {HOST} sender\n")):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", path, "/etc/" + name], check=True)
    dev = os.path.join(folder, "dev")
    os.mkdir(dev)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", dev], check=True)
    for name in DEVICES:
        with open(os.path.join(dev, name), "wb"):
            pass
        subprocess.run(["mount", "--bind", "/dev/" + name, os.path.join(dev, name)], check=True)
    os.mkdir(os.path.join(dev, "shm"))
    subprocess.run(["mount", "--move", dev, "/dev"], check=True)
