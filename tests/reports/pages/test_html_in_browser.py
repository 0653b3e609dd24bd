"""The page of a report in a browser, headless Chromium: what its script does, and axe's rules.

A copy of the page gets a script that uses it as a reader does and writes what it saw; the browser
prints the document after that.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sgbench.reports.pages.exhibit import build

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=20000", "--dump-dom"),
)
USE = """
const seen = {errors: window.mistakes};
async function use() {
  const theme = document.getElementById("theme");
  const color = () => getComputedStyle(document.body).backgroundColor;
  seen.theme = [theme.hidden, color()];
  theme.click();
  seen.theme.push(color());
  const table = document.querySelector("section.part table");
  const first = row => row.cells[2].querySelector("a, span, i").textContent.trim();
  const column = () => [...table.tBodies[0].rows].map(first);
  const button = table.tHead.rows[1].cells[2].firstChild;
  seen.sorted = [column()];
  button.click();
  seen.sorted.push(column());
  button.click();
  seen.sorted.push(column(), button.parentElement.ariaSort);
  const link = [...table.querySelectorAll("td a")].find(a => a.textContent.includes("±"));
  link.click();
  await new Promise(done => setTimeout(done, 500));
  const detail = document.getElementById(link.getAttribute("href").slice(1));
  seen.opened = [detail.open, detail.parentElement.open];
  const point = (svg, x, y) => {
    svg.scrollIntoView();
    const at = svg.getScreenCTM();
    const where = {clientX: at.a * x + at.e, clientY: at.d * y + at.f, bubbles: true};
    svg.dispatchEvent(new PointerEvent("pointermove", where));
    const tip = document.getElementById("tip");
    return tip.hidden ? "" : tip.textContent;
  };
  const figure = document.querySelector("svg[data-points]");
  const [texts, [[label, [x, y, said]]]] = JSON.parse(figure.dataset.points);
  seen.figure = [`${label}, ${texts[x]}: ${said}`, point(figure, x, y)];
  seen.curve = point(detail.querySelector("svg[data-range]"), 300, 300);
  for (const one of document.querySelectorAll("details")) one.open = true;
  const parts = document.querySelectorAll(".part, .detail");
  for (const one of parts) one.style.contentVisibility = "visible";
  if (window.axe) {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    seen.axe = found.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]);
    seen.rules = found.passes.length;
  }
  const verdict = document.querySelector("section.part td .verdict").getBoundingClientRect();
  const entry = document.querySelector("section.part tbody td");
  seen.verdict = [verdict.left >= 0, verdict.right <= innerWidth];
  seen.head = [getComputedStyle(entry, "::before").content !== "none", entry.dataset.head];
  const fold = document.querySelector("section.part .fold");
  const hidden = () => [...document.querySelectorAll("section.part .unrun")].filter(
    one => !one.getClientRects().length).length;
  seen.folded = [hidden(), getComputedStyle(fold).display];
  fold.click();
  seen.folded.push(hidden());
  fold.click();
  seen.beyond = [...document.querySelectorAll(".wide")].filter(
    one => one.querySelector("table") && one.scrollWidth > one.clientWidth).length;
  seen.wide = document.documentElement.scrollWidth - innerWidth;
}
use().catch(error => seen.errors.push(String(error))).finally(() => {
  document.body.innerHTML = "";
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
});
"""
ERRORS = "window.mistakes = []; onerror = words => { mistakes.push(String(words)); };"


def used(page, tmp_path, *options, axe=""):
    """Return what the script saw of a page."""
    path = tmp_path / "page.html"
    head, body, end = page.partition("<style>")
    more = f"<script>{axe}</script><script>{USE}</script></body>"
    path.write_text(f"{head}<script>{ERRORS}</script>{body}{end}".replace("</body>", more))
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [BROWSER, *OPTIONS, *options, profile, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    (found,) = re.findall(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        found = found.replace(entity, letter)
    return json.loads(found)


@pytest.fixture(scope="module")
def page(table1, make):
    if BROWSER is None:
        pytest.skip("no Chromium: apt-get install chromium")
    records = make.grid(table1, "quick", lambda c: (c.dataset, c.network) == ("mnist", "fcn"))
    return build(table1, "quick", records, ("html",)).files["table1-quick.html"].decode()


def numbers(column):
    return [float(re.match(r"[\d.]+", text)[0]) for text in column if text[0].isdigit()]


def test_a_reader_sorts_opens_and_points(page, tmp_path):
    seen = used(page, tmp_path, "--window-size=1200,900")
    assert seen["errors"] == []
    hidden, before, after = seen["theme"]
    assert not hidden
    assert before != after
    first, up, down, sort = seen["sorted"]
    assert sorted(first) == sorted(up) == sorted(down)
    assert numbers(up) == sorted(numbers(first))
    assert numbers(down) == sorted(numbers(first), reverse=True)
    assert sort == "descending"
    assert seen["opened"] == [True, True]
    expected, shown = seen["figure"]
    assert shown == expected
    assert re.match(r"seed \d+, [\d,]+: [\d.]+$", seen["curve"])


@pytest.mark.parametrize("width", [1200, 400])
def test_axe_finds_nothing(page, tmp_path, width):
    axe = pytest.importorskip("axe_core_python")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text()
    seen = used(page, tmp_path, f"--window-size={width},900", axe=script)
    assert seen["axe"] == []
    assert seen["rules"] > 20
    assert seen["wide"] <= 0  # nothing is beside the window


def test_on_a_narrow_screen_verdicts_are_in_sight_below_their_heads(page, tmp_path):
    narrow = used(page, tmp_path, "--window-size=500,900")  # Chromium's least; 40rem are 640
    assert narrow["verdict"] == [True, True]
    assert narrow["head"] == [True, "MNIST no-bprop"]
    assert narrow["beyond"] == 0
    before, shown, after = narrow["folded"]
    assert before > after
    assert shown == "block"
    wide = used(page, tmp_path, "--window-size=1600,900")
    assert wide["head"] == [False, "MNIST no-bprop"]
    assert wide["folded"][:2] == [0, "none"]


def test_a_fault_is_found(page, tmp_path):
    axe = pytest.importorskip("axe_core_python")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text()
    broken = page.replace('<html lang="en">', "<html>")
    seen = used(broken, tmp_path, axe=script)
    assert [name for name, *_ in seen["axe"]] == ["html-has-lang"]
