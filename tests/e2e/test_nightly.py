"""Nights of debian/nightly against a few small servers: compared, alerted about by exit code, the oldest forgotten, and
one killed as a whole by kill -9 in its middle, which the next start brings to its end; and one that nothing can go on with.
nightly.py has nights of the lab.
"""

import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.nightly import Nights, check_night  # noqa: E402
from e2e.runner import check, check_equal, finish  # noqa: E402
from e2e.small_servers import Held, World, no_starttls, well  # noqa: E402
from support.dns_server import CLIENT, DnsServer  # noqa: E402


def text_of(nights, name):
    with open(os.path.join(nights.nights, name), encoding="utf-8") as file:
        return file.read()


def night(nights, what, want):
    code, out, err = nights.run()
    check_equal(f"{what}: exit code", code, want) or print(err, file=sys.stderr)
    check_night(what, nights, nights.names()[-1])
    return nights.names()[-1], out


def check_nights(world, nights):
    first, _ = night(nights, "first night", 0)
    check("first night: nothing to compare with", not os.path.exists(os.path.join(nights.nights, first + ".diff")))

    world.servers["changing"].behave = no_starttls
    second, out = night(nights, "second night", 10)
    check("second night: what is new is printed", "changing.test" in out and "starttls" in out.lower(), out)
    check("second night: and no other domain", "well.test" not in out, out)
    check_equal("second night: and kept", text_of(nights, second + ".diff"), out)
    check("second night: the report says what changed", "changing.test" in text_of(nights, second + ".html").lower())
    check_equal("two are kept", nights.names(), [first, second])

    # As killed with everything just after the scan: diff and report are made, again.
    for end in (".exit", ".diff"):
        os.unlink(os.path.join(nights.nights, second + end))
    again, out_again = night(nights, "second night again", 10)
    check_equal("second night again: the same", (again, out_again, text_of(nights, second + ".exit")), (second, out, "0\n"))

    held = world.servers["slow"].behave = Held()
    process = nights.start()
    check("third night: scans", held.reached.wait(60))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    third = nights.names()[-1]
    check("third night: not at its end", third != second and not os.path.exists(os.path.join(nights.nights, third, "manifest.json")), nights.names())
    held.released.set()
    code, out, err = nights.run()
    check_equal("third night: goes on, nothing new", (code, f"{third} goes on" in err), (0, True)) or print(out, err, file=sys.stderr)
    check_night("third night", nights, third)
    check_equal("the oldest is gone", sorted(nights.names()), [second, third])
    check("with all that belongs to it", not [n for n in os.listdir(nights.nights) if n.startswith(first)], os.listdir(nights.nights))

    # A power cut may leave a night that nothing can go on with.
    lost = third[:-1] + "0Z"  # a name just before it
    os.mkdir(os.path.join(nights.nights, lost))
    with open(os.path.join(nights.nights, lost, "started.json"), "w", encoding="ascii"):
        pass
    code, out, err = nights.run()
    check_equal("a night that cannot go on: another instead", (code, f"{lost} was not finished and cannot go on" in err), (0, True)) or print(out, err, file=sys.stderr)
    check_night("the night instead", nights, nights.names()[-1])


with tempfile.TemporaryDirectory(prefix="mxcensus-nightly-") as folder:
    world = World(folder, 0.05, 0.2, 0.2)
    world.add("well", well, names=3)
    world.add("changing", well)
    world.add("slow", well)
    world.zone.update(CLIENT)
    listed = os.path.join(folder, "listed")
    with open(listed, "w", encoding="ascii") as file:
        file.write(world.list())
    with DnsServer(world.zone) as dns:
        options = [*world.options[2:], *world.map(), "--name-servers", f"127.0.0.1:{dns.port}"]
        check_nights(world, Nights(folder, options, listed))
finish()
