"""Every link and path of installed documents and manual pages leads somewhere.

    installed_documents.py PREFIX            of cmake --install --prefix PREFIX; /usr in a document is PREFIX
    installed_documents.py PREFIX --root DIR of an unpacked package, PREFIX below DIR: what is in /etc is there as well

A document is where the source has it, below PREFIX/share/doc/mxcensus. What it names of the source alone (SOURCE) is looked for there.
"""

import glob
import gzip
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import check, finish  # noqa: E402

SOURCE_ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SOURCE = ("bench", "debian", "output", "resolver", "scanner", "tests", ".ci")
INSTALLED = ("docs", "datasets")
PATH = re.compile(r"(?<![\w./<-])(/(?:usr|etc)/|share/|libexec/|(?:\./)?(?:" + "|".join(map(re.escape, INSTALLED + SOURCE)) +
                  r")/)([\w.*/-]*\w\*?/?)")
# Of other programs, or an example.
OF_OTHERS = ("/etc/resolv.conf", "/etc/ssl/", "/etc/letsencrypt/", "/usr/local", "/usr/bin/time", "/etc/mxcensus/optout.txt")


def text_of(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as file:
        return file.read()


def anchors(path):
    """As GitHub makes them of headings, and those given by hand."""
    text = re.sub(r"```.*?```", "", text_of(path), flags=re.S)
    found = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    for heading in re.findall(r"^#+ +(.*?) *$", text, re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 1
        name = slug
        while name in found:
            name = f"{slug}-{number}"
            number += 1
        found.add(name)
    return found


class Tree:
    def __init__(self, prefix, root):
        self.prefix = os.path.abspath(prefix)
        self.root = root and os.path.abspath(root)
        self.documents = os.path.join(self.prefix, "share", "doc", "mxcensus")
        self.links = self.paths = 0

    def check_link(self, path, target):
        self.links += 1
        name, _, anchor = target.partition("#")
        to = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        what = f"{os.path.relpath(path, self.prefix)}: link to {target}"
        check(f"{what}: stays among the documents", to.startswith(self.documents + os.sep), to)
        real = os.path.join(os.path.dirname(os.path.realpath(path)), name)
        check(f"{what}: is there from where the document really lies", not name or os.path.exists(real), real)
        if check(f"{what}: is there", os.path.exists(to)) and anchor:
            check(f"{what}: has this heading", anchor in anchors(to))

    def place_of(self, begin, name):
        """Where the path must be; None: it is not of ours, or not of this form of installing."""
        if name.startswith(OF_OTHERS):
            return None
        if begin == "/usr/":
            return os.path.join(self.prefix, name[len(begin):])
        if begin == "/etc/":
            return self.root and self.root + name
        if begin in ("share/", "libexec/"):
            return os.path.join(self.prefix, name)
        name = name.removeprefix("./")
        installed = name.startswith(INSTALLED) and not re.match(r"datasets/lab\b", name)
        return os.path.join(self.documents if installed else SOURCE_ROOT, name)

    def check_paths(self, path, text=None):
        text = (text_of(path) if text is None else text).replace("file://", " ")
        for begin, rest in set(PATH.findall(text)):
            place = self.place_of(begin, begin + rest)
            if place is not None:
                self.paths += 1
                check(f"{os.path.basename(path)}: {begin}{rest} is there", glob.glob(place) or os.path.exists(place + ".h"), place)

    def check_document(self, path):
        text = text_of(path)
        prose = re.sub(r"```.*?```", "", text, flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if not re.match(r"[a-z]+:", target):
                self.check_link(path, target)
        self.check_paths(path, re.sub(r"\]\([^)\s]+\)", "]", text))

    def check_page(self, path):
        text = text_of(path).replace("\\-", "-")
        text = re.sub(r"^\.(B|I|BR|IR|BI) ", "", text, flags=re.M).replace("\\fB", "").replace("\\fR", "")
        check(f"{os.path.basename(path)}: needs no source tree", "source tree" not in text)
        self.check_paths(path, text)


def main():
    root = sys.argv[sys.argv.index("--root") + 1] if "--root" in sys.argv else None
    tree = Tree(sys.argv[1], root)
    documents = [os.path.join(folder, name) for folder, _, names in os.walk(tree.documents, followlinks=True) for name in names]
    for name in ("README.md", "docs/architecture.md", "docs/operating.md", "docs/nightly.md", "datasets/sender-profiles/README.md"):
        check(f"{name} is there", os.path.join(tree.documents, name) in documents)
    check("no document is compressed: links would not lead to it", not [d for d in documents if d.endswith(".md.gz")])
    for path in sorted(documents):
        if path.endswith(".md"):
            tree.check_document(path)
    for name in ("scan.conf", "domains.txt", "nightly", "mxcensus.service", "mxcensus.timer"):
        tree.check_paths(os.path.join(SOURCE_ROOT, "debian", name))
    pages = glob.glob(os.path.join(tree.prefix, "share", "man", "man1", "mxcensus*"))
    check("there are manual pages", len(pages) > 5, pages)
    for path in sorted(pages):
        tree.check_page(path)
    check("there are links and paths", tree.links > 50 and tree.paths > 50, (tree.links, tree.paths))
    print(f"{tree.links} links, {tree.paths} paths")
    finish()


main()
