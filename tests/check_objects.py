"""What a linker knows about the layers: two tests over the object files of scanner/, resolver/ and output/.

    check_objects.py rings OBJECTS ROOT LIST   no object files that need each other, but those listed
    check_objects.py names OBJECTS ROOT MAX    at most MAX function names are defined in several files
    check_objects.py self-test FOLDER CC       shows on tiny programs that both notice what they should

OBJECTS is a file with one object file a line. The objects must be those of a debug build: optimised
code has lost the functions that were inlined. NM in the environment names another nm.

The test of includes sees which modules may know each other; this one sees which files do. A ring of
files is one subject cut in pieces, or two subjects that cannot be understood, tested or moved apart.
"""

import collections
import os
import pathlib
import subprocess
import sys

FOLDERS = ("scanner", "resolver", "output")


class Unfit(Exception):
    """The objects are not those that the test is about: it says nothing."""


def source_of(path):
    """.../cert.dir/./scanner/cert/der.c.o -> scanner/cert/der.c"""
    return os.path.normpath(path.rpartition(".dir/")[2].removesuffix(".o"))


def read_objects(paths, root):
    """-> {source: path}; every source file of the tree must be there."""
    objects = {source_of(path): path for path in paths}
    sources = {str(file.relative_to(root)) for folder in FOLDERS for file in (root / folder).rglob("*.c")}
    for absent in [source for source in sources if source.endswith("_absent.c")]:  # X_absent.c or all other X*.c: by what is installed
        others = {source for source in sources if source.startswith(absent.removesuffix("_absent.c"))} - {absent}
        sources -= others if absent in objects else {absent}
    missing = sorted(sources - objects.keys())
    if not sources or missing:
        raise Unfit(f"{len(sources)} sources in {root}, {len(missing)} of them without an object file: {missing[:9]}")
    return objects


def symbols_of(objects, *options):
    """Yields (source, name, type, place); nm -P is the format of POSIX, -A puts the object before it."""
    sources = {path: source for source, path in objects.items()}
    command = [os.environ.get("NM", "nm"), "-A", "-P", *options, *sources]
    run = subprocess.run(command, text=True, capture_output=True)
    if run.returncode != 0:
        raise Unfit(run.stderr.strip())
    for line in run.stdout.splitlines():
        symbol, _, place = line.partition("\t")
        path, _, rest = symbol.partition(": ")
        name, kind = rest.split()[:2]
        yield sources[path], name, kind, place


def needs_of(objects):
    """-> {source: {other source: names that it defines and this one uses}}"""
    definers = {}
    used = collections.defaultdict(set)
    for source, name, kind, _ in symbols_of(objects):
        if kind in "Uwv":
            used[source].add(name)
        elif kind.isupper():
            if definers.setdefault(name, source) != source:
                raise Unfit(f"{name} is defined in {definers[name]} and in {source}")
    needs = {source: collections.defaultdict(set) for source in objects}
    for source, names in used.items():
        for name in names & definers.keys():
            needs[source][definers[name]].add(name)
    if not any(needs.values()):
        raise Unfit("no object file uses another one: optimised away, or not ours")
    return needs


def reach(needs, start):
    found = set()
    open_ends = [start]
    while open_ends:
        for other in needs[open_ends.pop()]:
            if other not in found:
                found.add(other)
                open_ends.append(other)
    return found


def rings_of(needs):
    """The strongly connected components of more than one object."""
    reached = {source: reach(needs, source) for source in needs}
    rings = set()
    for source, others in reached.items():
        rings.add(frozenset([source] + [other for other in others if source in reached[other]]))
    return {ring for ring in rings if len(ring) > 1}


def read_list(text):
    """Lines "source source ...: reason" -> set of sets."""
    listed = set()
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            sources, colon, reason = line.partition(":")
            if not colon or not reason.strip():
                raise Unfit(f"an entry without its reason: {line}")
            listed.add(frozenset(sources.split()))
    return listed


def check_rings(needs, listed):
    """-> what is wrong, one text for each ring."""
    rings = rings_of(needs)
    wrong = []
    for ring in rings - listed:
        lines = ["a ring that is not listed:"]
        for source in sorted(ring):
            for other in sorted(needs[source].keys() & ring - {source}):
                lines.append(f"  {source} needs {other}: {', '.join(sorted(needs[source][other]))}")
        wrong.append("\n".join(lines))
    for ring in listed - rings:
        left = sorted(sorted(other) for other in rings if other < ring)
        wrong.append(f"listed, but no ring any more: {' '.join(sorted(ring))}\n  left of it: {left or 'nothing'}")
    return wrong


def repeated_names(objects):
    """-> {function: its sources}, static ones too, where they are several. An inline function of a header has one
    source, and stands in each object that uses it."""
    sources = collections.defaultdict(set)
    located = False
    for source, name, kind, place in symbols_of(objects, "-l", "--defined-only"):
        file = place.rpartition(":")[0]
        located = located or bool(file)
        if kind in "tT" and not file.endswith(".h"):
            sources[name].add(source)
    if not located:
        raise Unfit("no debug information: functions of headers cannot be told from others")
    return {name: where for name, where in sources.items() if len(where) > 1}


def run_rings(objects, list_file):
    needs = needs_of(objects)
    wrong = check_rings(needs, read_list(pathlib.Path(list_file).read_text()))
    print(f"{len(objects)} objects, {len(rings_of(needs))} rings; listed in {list_file}")
    print("\n".join(wrong))
    return 1 if wrong else 0


def run_names(objects, most):
    names = repeated_names(objects)
    for name, where in sorted(names.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{name}: {' '.join(sorted(where))}")
    print(f"{len(names)} function names are defined in several files; at most {most} may be (tests/lint.cmake)")
    return 1 if len(names) > int(most) else 0


# a and b need each other, c needs a, d stands alone; `same` is in a and b, `inlined` in a header.
SELF_TEST = {
    "both.h": "static inline int inlined(void) { return 1; }\n",
    "a.c": '#include "both.h"\nint b(void);\nint a(void);\nstatic int same(void) { return inlined(); }\n'
           "int a(void) { return b() + same(); }\n",
    "b.c": '#include "both.h"\nint a(void);\nint b(void);\nstatic int same(void) { return inlined(); }\n'
           "int b(void) { return a() + same(); }\n",
    "c.c": "int a(void);\nint c(void);\nint c(void) { return a(); }\n",
    "d.c": "int d(void);\nint d(void) { return 0; }\n",
}


def is_unfit(call, *arguments):
    try:
        call(*arguments)
    except Unfit:
        return True
    return False


def self_test(folder, compiler):
    root = pathlib.Path(folder)
    tree = root / "scanner"
    tree.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in SELF_TEST.items():
        (tree / name).write_text(text)
        if name.endswith(".c"):
            paths.append(str(root / "x.dir" / "scanner" / f"{name}.o"))
            pathlib.Path(paths[-1]).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([compiler, "-g", "-O0", "-c", tree / name, "-o", paths[-1]], check=True)
    objects = read_objects(paths, root)
    needs = needs_of(objects)
    ring = "scanner/a.c scanner/b.c"

    def wrong(text):
        return len(check_rings(needs, read_list(text)))

    bare = {name: path for name, path in objects.items() if name == "scanner/d.c"}
    subprocess.run([compiler, "-g0", "-c", tree / "d.c", "-o", root / "without.o"], check=True)
    checks = {
        "a ring that is not listed": wrong("") == 1,
        "it is listed": wrong(f"# comment\n\n{ring}: why\n") == 0,
        "an entry that is no ring": wrong(f"{ring}: why\nscanner/c.c scanner/d.c: why\n") == 1,
        "an entry of which a part is left": wrong(f"{ring} scanner/c.c: why\n") == 2,
        "an entry without a reason": is_unfit(read_list, f"{ring}:\n"),
        "no objects": is_unfit(read_objects, [], root),
        "no sources": is_unfit(read_objects, paths, root / "nowhere"),
        "an object is missing": is_unfit(read_objects, paths[1:], root),
        "objects without references": is_unfit(needs_of, bare),
        "not an object file": is_unfit(needs_of, {"both.h": str(tree / "both.h")}),
        "a name in two files, and none from a header": repeated_names(objects).keys() == {"same"},
        "one name more than may be": run_names(objects, 0) == 1 and run_names(objects, 1) == 0,
        "without debug information": is_unfit(repeated_names, {"scanner/d.c": str(root / "without.o")}),
    }
    for what, noticed in checks.items():
        if not noticed:
            print(f"not noticed: {what}")
    return 0 if all(checks.values()) else 1


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "self-test":
        return self_test(*arguments[1:])
    tests = {"rings": run_rings, "names": run_names}
    if len(arguments) != 4 or arguments[0] not in tests:
        print(__doc__, file=sys.stderr)
        return 2
    paths = pathlib.Path(arguments[1]).read_text().splitlines()
    return tests[arguments[0]](read_objects(paths, pathlib.Path(arguments[2])), arguments[3])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Unfit as reason:
        print(f"nothing could be shown: {reason}")
        sys.exit(1)
