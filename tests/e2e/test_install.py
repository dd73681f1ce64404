"""cmake --install into an empty folder: what is there, what the pages and completions say.

    test_install.py BUILD             files, manual pages, completions in bash
    test_install.py BUILD --shells    as typed: bash with bash-completion, zsh and fish on a terminal
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e.runner import check, check_equal, finish  # noqa: E402

# (what is typed before Tab, what the terminal then shows somewhere, what it does not show)
TYPED = (
    ("mxcensus sca", "mxcensus scan", None),
    ("mxcensus scan --outp", "--output", None),
    ("mxcensus scan --compress zs", "--compress zstd", None),
    ("mxcensus report --format la", "--format latex", None),
    ("mxcensus explain chain.missing_in", "chain.missing_intermediate", None),
    ("mxcensus show res", "results/", "results.txt"),
    ("mxcensus scan --output res", "results/", "results.txt"),
    ("mxcensus scan --blocklist-file opt", "optout.txt", None),
    ("mxcensus check --probes sni,vers", "sni,versions", None),
    ("mxcensus scan --format bo", "--format both", None),
    ("mxcensus scan --detail nor", "--detail normal", None),
    ("mxcensus check --fail-on mail", "--fail-on mail_lost", None),
    ("mxcensus scan --fail-on warn", "--fail-on warning", None),
    ("mxcensus diff --fail-on new-e", "--fail-on new-error", None),
    ("mxcensus scan --tables domains,prob", "domains,problems", None),
    ("mxcensus scan --tables=domains,prob", "domains,problems", None),
    ("mxcensus scan --columns -certificates.ra", "-certificates.raw", None),
    ("mxcensus scan --columns=-certificates.raw,-services.tran", "-certificates.raw,-services.transcript", None),
    ("mxcensus scan --stdout ser", "--stdout services", None),
    ("mxcensus scan --stdout outcome_", "--stdout outcome_", "outcome_sets"),
    ("mxcensus scan --stdout domains --fields domain,worst_s", "domain,worst_severity", None),
    ("mxcensus scan --stdout=services --fields addr", "--fields address", "worst_severity"),
    ("mxcensus analyze --fields worst_s", "--fields worst_severity", None),
    ("mxcensus schema outcome_s", "schema outcome_sets", None),
    ("mxcensus schema --load res", "results/", "results.txt"),
    ("mxcensus report --tables res", "results/", "results.txt"),
)
# fish takes a word with a hyphen for an option, whatever stands in front of it.
NOT_TYPED = {("fish", "mxcensus scan --columns -certificates.ra")}


def install(build, prefix):
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)


def help_of(program, command):
    return subprocess.run([program, command, "--help"], check=True, capture_output=True, text=True).stdout


def check_unbuilt(build, folder):
    """As after a build of some targets: the pages are not made."""
    with open(os.path.join(build, "cmake_install.cmake"), encoding="utf-8") as file:
        script = file.read().replace(os.path.join(os.path.realpath(build), "made/mxcensus-"), os.path.join(folder, "unmade/mxcensus-"))
    with open(os.path.join(folder, "install.cmake"), "w", encoding="utf-8") as file:
        file.write(script)
    prefix = os.path.join(folder, "unbuilt")
    run = subprocess.run(["cmake", f"-DCMAKE_INSTALL_PREFIX={prefix}", "-P", os.path.join(folder, "install.cmake")],
                         capture_output=True, text=True)
    check("a build that is not whole: refused, with what is to be done", run.returncode != 0 and
          "is not built; first" in " ".join(run.stderr.split()), run.stderr)
    check("a build that is not whole: nothing is installed", not os.path.exists(prefix))


def check_files(prefix):
    program = os.path.join(prefix, "bin", "mxcensus")
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    check("the installed program runs", version.startswith("mxcensus "), version)
    overview = subprocess.run([program, "--help"], capture_output=True, text=True).stdout
    commands = [c for c in re.findall(r"^  mxcensus ([a-z][a-z-]*) ", overview, re.M) if c not in ("help", "version")]
    check("the overview has commands", len(commands) > 5, commands)
    pages = os.path.join(prefix, "share", "man", "man1")
    check_equal("one page for each command", sorted(os.listdir(pages)),
                sorted(["mxcensus.1"] + [f"mxcensus-{c}.1" for c in commands]))
    for command in commands:
        with open(os.path.join(pages, f"mxcensus-{command}.1"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        wanted = re.findall(r"^.{10,14}(--[a-z0-9-]+)", help_of(program, command).partition("\n")[2], re.M)
        shown = re.findall(r"^(?:\\fB-\w\\fR, )?\\fB(--[a-z0-9-]+)", page, re.M)
        check_equal(f"options of the page of {command}", shown, wanted)
        check(f"{command}: examples, if any, are its own",
              all(f"mxcensus {command} " in line or "\\e" in line or line.startswith("    ")
                  for line in page.partition(".SH EXAMPLES\n.nf\n")[2].partition(".fi")[0].splitlines()), page)
    share = os.path.join(prefix, "share")
    for path in ("bash-completion/completions/mxcensus", "zsh/site-functions/_mxcensus",
                 "fish/vendor_completions.d/mxcensus.fish", "doc/mxcensus/LICENSE", "doc/mxcensus/docs/operating.md",
                 "mxcensus/sender-profiles/profiles.json", "mxcensus/shared-operators/shared-operators.csv",
                 "doc/mxcensus/datasets/sender-profiles/profiles.json", "mxcensus/intermediates/intermediates.pem", "mxcensus/log-patterns/patterns.json"):
        check(f"{path} is there and not empty", os.path.getsize(os.path.join(share, path)) > 0)
    for name in os.listdir(pages):
        if shutil.which("groff"):
            said = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", os.path.join(pages, name)],
                                  capture_output=True, text=True)
            check_equal(f"groff about {name}", said.stderr, "")


def check_documents(prefix):
    said = subprocess.run([sys.executable, "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "installed_documents.py"), prefix],
                          capture_output=True, text=True)
    check("links and paths of documents and pages lead somewhere", said.returncode == 0, said.stdout + said.stderr)


def check_unit():
    """2.5 of 10 at most: what the nightly service could do to the machine, as systemd counts it."""
    unit = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "debian", "mxcensus.service")
    if shutil.which("systemd-analyze"):
        said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", unit], capture_output=True, text=True)
        check_equal("systemd-analyze security: 2.5 at most", said.returncode, 0) or print(said.stdout + said.stderr, file=sys.stderr)


def check_bash(prefix):
    """Without bash-completion: the function, called as bash calls it."""
    script = os.path.join(prefix, "share/bash-completion/completions/mxcensus")
    for words, want in ((["mxcensus", "ana"], "analyze"), (["mxcensus", "scan", "--form"], "--format"),
                        (["mxcensus", "scan", "--format", ""], "ndjson csv both text"),
                        (["mxcensus", "scan", "--format", "=", "c"], "csv"),
                        (["mxcensus", "report", "--format", ""], "html md csv latex"),
                        (["mxcensus", "check", "--probes", "sni,v"], "sni,versions"),
                        (["mxcensus", "scan", "--tables", "domains,prob"], "domains,problems"),
                        (["mxcensus", "scan", "--tables", "=", "domains,domains_"], ""),
                        (["mxcensus", "scan", "--tables", "policies,polic"], "policies,policy_bodies"),
                        (["mxcensus", "analyze", "--columns", "=", "-certificates.raw,-services.tran"],
                         "-certificates.raw,-services.transcript"),
                        (["mxcensus", "scan", "--stdout", "outcome_"], ""),
                        (["mxcensus", "scan", "--stdout", "=", "domains", "--fields", "domain,worst_s"], "domain,worst_severity"),
                        (["mxcensus", "scan", "--stdout", "services", "--fields", "worst_s"], ""),
                        (["mxcensus", "check", "--fail-on", ""],
                         "error warning notice info mail_lost cleartext unknown policy_risk strict_risk hygiene"),
                        (["mxcensus", "diff", "--fail-on", ""], "new-error new-warning"),
                        (["mxcensus", "scan", "--detail", ""], "summary normal full"),
                        (["mxcensus", "scan", "--compress", ""], "none gzip zstd"),
                        (["mxcensus", "schema", "outcome_s"], "outcome_sets"),
                        (["mxcensus", "help", "prob"], "probing-txt"),
                        (["mxcensus", "explain", "chain.missing_in"], "chain.missing_intermediate"),
                        (["mxcensus", "scan", "--threads", ""], "")):
        done = subprocess.run(["bash", "-c", 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mxcensus; '
                               'echo "${COMPREPLY[*]}"', script, *words], capture_output=True, text=True)
        check_equal(f"bash: {words}", (done.stdout.strip(), done.stderr), (want, ""))


class Terminal:
    def __init__(self, arguments, environment, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(arguments[0], arguments, environment)

    def read_until(self, shown, most=60):
        """What comes, without escapes, until it has one of `shown` and nothing more comes for a moment."""
        got, text = b"", ""
        end = time.monotonic() + most
        while time.monotonic() < end:
            found = any(re.sub(r"\s", "", s) in re.sub(r"\s", "", text) for s in shown)
            if not select.select([self.fd], [], [], 0.5)[0]:
                if found:
                    break
                continue
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                break
            if b"\x1b[c" in more or b"\x1b[0c" in more:
                os.write(self.fd, b"\x1b[?6c")  # what fish asks a terminal
            got += more
            text = re.sub(rb"\x1b\][^\x07]*\x07|\x1b\[[0-9;?>=]*[A-Za-z]|\x1b[=>()].?", b"", got).decode("utf-8", "replace")
            text = re.sub("[^\b]\b", "", text)
        return text

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def shells(prefix, home):
    """Name, arguments and what is typed first."""
    lazy = "/usr/share/bash-completion/bash_completion"
    if shutil.which("bash") and os.path.exists(lazy):
        rc = os.path.join(home, "rc")
        with open(rc, "w", encoding="utf-8") as file:
            file.write(f"PS1='$ '; source {lazy}\n")
        yield "bash", ["bash", "--noprofile", "--rcfile", rc, "-i"]
    if shutil.which("zsh"):
        with open(os.path.join(home, ".zshrc"), "w", encoding="utf-8") as file:
            file.write(f"PS1='$ '; fpath=({prefix}/share/zsh/site-functions $fpath); autoload -U compinit; compinit -u\n")
        yield "zsh", ["zsh", "-i"]
    if shutil.which("fish"):
        yield "fish", ["fish", "-i", "--private", "-C", "function fish_prompt; echo -n '$ '; end; set fish_greeting"]


def check_shells(prefix, home):
    work = os.path.join(home, "work")
    os.makedirs(os.path.join(work, "results"))
    for name in ("results.txt", "optout.txt"):
        with open(os.path.join(work, name), "w", encoding="ascii") as file:
            file.write("x\n")
    environment = {"PATH": f"{prefix}/bin:{os.environ['PATH']}", "HOME": home, "TERM": "xterm", "LANG": "C.UTF-8", "COLUMNS": "200",
                   "ZDOTDIR": home, "XDG_DATA_DIRS": f"{prefix}/share:/usr/share", "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
    tried = 0
    for name, arguments in shells(prefix, home):
        tried += 1
        terminal = Terminal(arguments, environment, work)
        terminal.read_until(["$ "])
        terminal.type('echo re""ady\r')  # it does not only show a prompt, it reads
        terminal.read_until(["ready"])
        for typed, shown, hidden in TYPED:
            if (name, typed) in NOT_TYPED:
                continue
            terminal.type(typed + "\t")
            got = terminal.read_until([shown])
            check(f"{name}: {typed}<Tab> shows {shown}", re.sub(r"\s", "", shown) in re.sub(r"\s", "", got), got)
            check(f"{name}: {typed}<Tab> does not show {hidden}", hidden is None or hidden not in got, got)
            terminal.type("\x15\r")  # the line is dropped
            terminal.read_until(["$ "])
        terminal.close()
        print(f"{name}: {len(TYPED)} lines typed")
    if tried == 0:
        sys.exit(77)


def main():
    build = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "usr")
        install(build, prefix)
        if "--shells" in sys.argv:
            check_shells(prefix, folder)
        else:
            check_unbuilt(build, folder)
            check_files(prefix)
            check_documents(prefix)
            check_unit()
            check_bash(prefix)
    finish()


main()
