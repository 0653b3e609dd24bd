"""The page of a report in HTML: one file, complete, escaped, the same for the same records."""

import html as escapes
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from sgbench.reports.pages.exhibit import build
from sgbench.reports.pages.html import front, html, p_value
from sgbench.reports.pages.page import Page, Part, Section
from sgbench.reports.tables.table import simple_table
from sgbench.reproductions.exhibits.exhibit import expand

HOSTILE = "a_b <b>*x*</b> {{ 7 * 7 }} \"quoted\" 'too' </script><script>alert(1)</script>"
VOID = {"meta", "br", "path", "use", "rect", "image"}
IMPLIED = {"tr", "td", "th"}  # rows of seeds leave their ends out


class Parsed(HTMLParser):
    """The ids, links, elements and text of a page; its `open` is empty where all is closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.addresses, self.words = [], [], [], [], []
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"][1:]] if found.get("href", "").startswith("#") else []
        self.addresses += [v for k, v in found.items() if k in ("src", "href", "action", "data")]
        if tag not in VOID | IMPLIED:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID | IMPLIED:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def page_of(report, name):
    return report.files[f"{name}.html"].decode()


@pytest.fixture(scope="module")
def quick(table1, make):
    """The page of a scale; no test changes it."""
    records = make.grid(table1, "quick", lambda c: (c.dataset, c.network) == ("mnist", "fcn"))
    return build(table1, "quick", records, ("html",))


def test_one_file_that_needs_no_other(quick):
    assert list(quick.files) == ["table1-quick.html"]
    page = page_of(quick, "table1-quick")
    parsed = Parsed(page)
    assert parsed.open == []
    assert {address[:1] for address in parsed.addresses} == {"#"}
    assert "default-src 'none'" in page
    assert not {"img", "link", "iframe"} & set(parsed.tags)
    addresses = set(re.findall(r"https?://[\w./-]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_ids_are_unique_and_links_lead_somewhere(quick):
    parsed = Parsed(page_of(quick, "table1-quick"))
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert set(parsed.links) <= set(parsed.ids)
    assert len(parsed.links) > 48


def test_a_place_opens_to_its_evidence(quick, table1, make):
    page = page_of(quick, "table1-quick")
    cells = [c for c in expand(table1, "quick") if c.dataset == "mnist" and c.network == "fcn"]
    cell = next(c for c in cells if c.rule == "dni" and c.depth == 6 and c.sg_layers == 2)
    (key,) = re.findall(rf'<details id="(table1-quick-{cell.key[:12]})"', page)
    assert f"<a href=#{key}>" in page
    detail = page.partition(f'<details id="{key}"')[2].partition("</details>")[0]
    words = escapes.unescape(detail)
    for seed in range(3):
        found = make.record(cell.replace(seed=seed), scale="quick")
        assert f"<th>{seed}<td>{found.test_error:.2f}<td>{found.id[:8]}" in detail
    assert "The paper: 4.3" in words
    assert "± 0.3" in words
    assert "2026-01-01" in words
    assert "cosine" in words
    command = "dataset=mnist,network=fcn,depth=6,rule=dni,sg_layers=2"
    assert f"sgbench run table1 --scale quick --where {command}" in words
    assert "<svg class=curve" in detail
    assert 'data-seeds="0 1 2"' in detail


def test_the_answer_comes_first_in_counts(quick):
    page = page_of(quick, "table1-quick")
    answer = page.partition("Does it reproduce?")[2].partition("</section>")[0]
    assert "16 not comparable" in answer
    assert "same way round" in answer
    assert page.index("Does it reproduce?") < page.index("<table")


def test_the_bar_has_the_colours_of_its_words_in_their_order(quick):
    page = page_of(quick, "table1-quick")
    answer = page.partition("Does it reproduce?")[2].partition("</section>")[0]
    said = answer.partition("Claims of the paper:")[2]
    words, _, bar = said.partition('<div class="bar"')
    order = re.findall(r'<i class="(v-[\w-]+)"', words)
    assert order == re.findall(r'<i class="(v-[\w-]+)"', bar.partition("</div>")[0])
    assert len(order) > 1


def test_places_with_another_m_are_counted_apart(quick):
    rest = "48 with another M and 12 with no number of the paper"
    heading = f"Configurations (108): 48 places of the paper, {rest}"
    assert heading in page_of(quick, "table1-quick")


def test_custom_cells_tell_their_m_and_have_no_number_of_seeds(table1, make):
    cells = expand(table1, "demo", {"iterations": 7}, seeds=1)
    cells = [c for c in cells if c.rule == "dni" and c.network == "fcn"]
    made = [c for c in cells if (c.depth, c.sg_layers) in ((3, 0), (4, 2))]
    records = [make.record(c, scale="custom") for c in made]
    page = page_of(build(table1, "custom", records, ("html",)), "table1-custom")
    assert "mean over 1 seed." in page
    assert ">M 0</button>" in page
    assert ">M 2</button>" in page


def test_text_from_anywhere_is_escaped(table1, make):
    cells = [c for c in expand(table1, "demo") if c.depth == 3 and c.network == "fcn"]
    records = [make.record(c) for c in cells]
    records[0] = replace(records[0], machine_class=HOSTILE, device=HOSTILE, status="failed",
                         error=HOSTILE, test_error=None)  # fmt: skip
    page = page_of(build(table1, "demo", records, ("html",)), "table1-demo")
    assert "<b>*x*" not in page
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "49" not in page.partition("{{ 7")[2][:20]
    assert Parsed(page).open == []


def test_a_page_of_words_alone_has_them_all():
    table = simple_table(("a", "b"), [(HOSTILE, "2.5")], caption=HOSTILE)
    page = Page(
        name="mine", title=HOSTILE, lead=("Lead.",),
        summary=("a line", "`cmd <x>` does", "odd ` one"),
        sections=(Section("c", "C", table, commands=("sgbench run x > y",), notes=("Note.",)),),
        figure_notes=("Not shown without figures.",), runs=("machine: this",), failures=("lost",),
    )  # fmt: skip
    part = Part(page=page)
    found = html(front("mine", HOSTILE, [part]), [part])
    for words in ("Lead.", "a line", "sgbench run x &gt; y", "Note.", "machine: this", "lost"):
        assert words in found
    assert "<li><code>cmd &lt;x&gt;</code> does</li>" in found
    assert "<li>odd ` one</li>" in found
    assert "Not shown" not in found
    assert "Does it reproduce?" not in found
    assert Parsed(found).open == []


def test_an_empty_store_is_a_page_too(table1):
    page = page_of(build(table1, "demo", [], ("html",)), "table1-demo")
    assert "not run" in page
    assert "<details" not in page
    assert set(Parsed(page).links) <= set(Parsed(page).ids)


def test_two_results_and_populations_have_pages(two_networks, small_population, make):
    report = build(two_networks, "demo", make.grid(two_networks, "demo"), ("html",))
    assert page_of(report, "two_networks-demo").count("<svg class=curve") == 6
    records = [make.network(cell, scale="quick") for cell in expand(small_population, "quick")]
    page = page_of(build(small_population, "quick", records, ("html",)), "p_update-quick")
    assert "p_update of the networks" in page
    assert Parsed(page).open == []


def test_a_p_stays_on_its_side_of_its_level():
    assert [p_value(p) for p in (0.04998, 0.0312, 1e-5)] == ["0.04998", "0.0312", "1e-05"]
