"""report_in_browser.py [PAGE.html ...] [--screenshots DIR] [--axe axe.min.js]

Pages of `mxcensus report` in headless Chromium, at 1280 and 390 pixels, light, dark and as printed: no message on the console, nothing
wider than the page, no text outside its figure, contrast of 4.5:1 or more, one name for each landmark and region; and the rules of axe-core
(WCAG 2 A and AA), which npm fetches unless --axe names it. Without a page one is made from a scan of the lab, and one with harmful text.
A named command, no part of ./test.sh: without a browser it says so and its exit code is 77.
"""

import argparse
import base64
import glob
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from e2e import test_report  # noqa: E402
from e2e.lab import Lab  # noqa: E402
from e2e.runner import check, check_equal, finish, run  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (1280, 390)
LOOKS = (("screen", "light"), ("screen", "dark"), ("print", "light"))
PRINT_WIDTH = 794  # A4 at 96 dots an inch
ANSWER_TIMEOUT = 120  # seconds

# What is wrong with the page, as a list of texts.
RULES = """(() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    faults.push(`the page is ${root.scrollWidth} wide in ${root.clientWidth}`);
  const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility === 'visible';
  for (const svg of document.querySelectorAll('figure svg')) {
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll('text')) {
      const t = text.getBoundingClientRect();
      if (t.left < box.left - 12 || t.right > box.right + 12)
        faults.push(`text outside its figure: ${text.textContent.slice(0, 40)}`);
    }
  }
  const channels = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor);
                          if (c.length === 3 || c[3] > 0.99) return c; } return [255, 255, 255]; };
  const seen = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !shown(e) || ['TITLE', 'DESC', 'STYLE'].includes(e.tagName.toUpperCase())) continue;
    const style = getComputedStyle(e);
    const color = channels(e.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [a, b] = [light(color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const key = `${color} on ${ground(e)}`;
    if (ratio < 4.5 && !seen.has(key)) { seen.add(key); faults.push(`contrast ${ratio.toFixed(2)}: ${key}: ${e.textContent.slice(0, 30)}`); }
    if (parseFloat(style.fontSize) < 8.9 && !e.classList.contains('power') && !matchMedia('print').matches)
      faults.push(`text of ${style.fontSize}: ${e.textContent.slice(0, 30)}`);
  }
  const names = [...document.querySelectorAll('nav, [role=region]')].map(e => e.getAttribute('aria-label') || '');
  if (names.some(n => !n)) faults.push('a landmark without a name');
  const twice = names.filter((n, i) => names.indexOf(n) !== i);
  if (twice.length) faults.push(`two landmarks of one name: ${twice}`);
  return faults.slice(0, 12);
})()"""

AXE = """axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'], resultTypes: ['violations']})
  .then(r => r.violations.map(v => v.id + ': ' + v.help + ' (' + v.nodes.length + '): ' + v.nodes[0].html.slice(0, 160)))"""


class Browser:
    """Chromium over two pipes: one JSON message after the other, each with a zero octet."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="mxcensus-browser-")
        to_read, self.to = os.pipe()
        self.answers, from_write = os.pipe()
        words = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars",
                 "--user-data-dir=" + self.profile, "about:blank"]
        # It reads descriptor 3 and writes 4. The copies are made high first, so that neither takes the other's place.
        script = f'exec 8<&{to_read} 9>&{from_write}; exec 3<&8 4>&9 8<&- 9>&-; exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", script, "browser", *words], pass_fds=(to_read, from_write),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.number, self.rest, self.messages = 0, b"", []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def _next(self):
        while b"\0" not in self.rest:
            octets = os.read(self.answers, 1 << 20)
            if not octets:
                raise RuntimeError("the browser is gone")
            self.rest += octets
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0") if len(json.dumps(message)) < 60000 else self._write(message)
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while time.monotonic() < deadline:
            answer = self._next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.messages.append(answer)
        raise RuntimeError(f"{method}: no answer")

    def _write(self, message):
        octets = json.dumps(message).encode() + b"\0"
        while octets:
            octets = octets[os.write(self.to, octets):]

    def evaluate(self, script):
        done = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"])
        return done["result"].get("value")

    def load(self, path):
        self.messages.clear()
        self.ask("Page.navigate", url="file://" + path)
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while self.evaluate("document.readyState") != "complete" and time.monotonic() < deadline:
            time.sleep(0.1)

    def look(self, width, media, scheme):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def close(self):
        try:
            self.ask("Browser.close")
            self.process.wait(20)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def fetch_axe(folder):
    """The text of axe-core from the npm registry; None: it cannot be had."""
    if shutil.which("npm") is None:
        return None
    done = subprocess.run(["npm", "pack", "--silent", "axe-core@4"], cwd=folder, capture_output=True, timeout=120, check=False)
    packed = glob.glob(os.path.join(folder, "axe-core-*.tgz"))
    if done.returncode != 0 or not packed:
        return None
    with tarfile.open(packed[0]) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def check_look(browser, axe, what, width, media, scheme, shots):
    name = f"{what}, {width} pixels, {media}, {scheme}"
    browser.look(width, media, scheme)
    check_equal(f"{name}: rules", browser.evaluate(RULES), [])
    if axe is not None and media == "screen":
        check_equal(f"{name}: axe", browser.evaluate(AXE), [])
    if shots is not None:
        shot = browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                           clip={"x": 0, "y": 0, "width": width, "height": 6000, "scale": 1})
        with open(os.path.join(shots, name.replace(", ", "-").replace(" ", "") + ".png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))


def check_page(browser, axe, path, shots):
    what = os.path.basename(path)
    browser.load(path)
    if axe is not None:
        browser.evaluate(axe + "; 0")
    for width in WIDTHS:
        for media, scheme in LOOKS:
            check_look(browser, axe, what, PRINT_WIDTH if media == "print" else width, media, scheme, shots)
    said = [m for m in browser.messages if m.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")]
    check_equal(f"{what}: nothing on the console", said, [])
    check(f"{what}: no script of the page ran", browser.evaluate("document.scripts.length") == 0)


def make_pages(folder):
    with Lab(60) as lab:
        results = test_report.scan(lab, folder, 3)
    spoilt = test_report.spoil(results, os.path.join(folder, "spoilt"))
    for name, source, more in (("page.html", results, ()), ("sample.html", results, ("--sample",)), ("hostile.html", spoilt, ())):
        path = os.path.join(folder, name)
        check_equal(name, run("report", "--customer-column", "customer", *more, "-o", path, source).returncode, 0)
        yield path


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("pages", nargs="*")
    parser.add_argument("--screenshots")
    parser.add_argument("--axe")
    known = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print("SKIPPED: no Chromium on this machine; nothing was looked at", file=sys.stderr)
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="mxcensus-pages-")
    try:
        if known.axe:
            with open(known.axe, encoding="utf-8") as file:
                axe = file.read()
        else:
            axe = fetch_axe(folder)
        print("axe-core: " + ("yes" if axe else "NOT THERE, the rules of this file alone"))
        pages = [os.path.abspath(p) for p in known.pages] or list(make_pages(folder))
        if known.screenshots:
            os.makedirs(known.screenshots, exist_ok=True)
        browser = Browser(program)
        try:
            for page in pages:
                check_page(browser, axe, page, known.screenshots)
        finally:
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
