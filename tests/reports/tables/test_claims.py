"""The table of claims."""

import statistics

from reference.reports import page_of, table_of
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import load

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
WORDS = ("md", "csv", "tex")


def test_the_claims_table_says_what_was_multiplied(table2, make):
    records = make.grid(table2, "demo", lambda c: c.dataset == "copy" and c.T == 4)
    page = page_of(build(table2, "demo", records, ("md",)), "table2-demo")
    lines = {row[0]: row for row in table_of(page, "Ordering claims")}
    claim = "DNI's longest Copy task is at least 1.75 times that of BPTT at equal T"
    compared = lines[claim][-1].split("<br>")
    mean = {
        rule: statistics.mean(r.longest for r in records if r.rule == rule)
        for rule in ("bptt", "dni")
    }
    assert compared[0] == f"DNI {mean['dni']:.1f}, BPTT {mean['bptt']:.1f}"
    assert compared[1] == "paper DNI 18, BPTT 10"
    difference = f"{mean['dni'] - 1.75 * mean['bptt']:+.1f}".replace("-", MINUS)
    assert compared[2].startswith(f"DNI - 1.75 x BPTT {difference}")
    assert compared[2].endswith(r"claimed \> -1.375 steps of T\_task")
    assert lines[claim][1] == "Copy T = 4"


def test_the_claims_table_has_what_was_compared(table1, make):
    records = make.grid(table1, "quick", lambda c: c.dataset == "mnist" and c.network == "fcn")
    report = build(table1, "quick", records, WORDS)
    page = report.files["table1-quick.md"].decode().replace(NO_BREAK, " ")
    table = page.partition("## Ordering claims")[2].partition("## The depth")[0]
    first = next(line for line in table.splitlines() if line.startswith("| at FCN depth 6"))
    error = {
        rule: statistics.mean(
            r.test_error for r in records if (r.rule, r.depth, r.sg_layers) == (rule, 6, layers)
        )
        for rule, layers in (("cdni", 0), ("dni", 2))
    }
    means = f"cDNI {error['cdni']:.2f}, DNI {error['dni']:.2f}"
    assert f"{means}<br>paper cDNI 1.6, DNI 4.3<br>difference" in first
    assert "CIFAR" not in table  # of which nothing has run
    assert "Not run, and not shown: 7 further rows." in table
    assert "CIFAR" not in page.partition("## The depth")[2].partition("## Runs")[0]


def test_comparisons_of_ours_are_marked_in_every_form(make):
    deep = load("deep")
    report = build(deep, "quick", make.grid(deep, "quick"), ("md", "html", "tex"))
    page = report.files["deep-quick.md"].decode()
    rows = table_of(page, "Ordering claims")
    ours = [row for row in rows if "(ours)" in row[1]]
    whole = [row for row in rows if "21" in row[1] or "21" in row[0]]
    assert len(ours) == 6
    assert any("(ours)" not in row[1] for row in whole)
    for text in (page, report.text, report.files["deep-quick.tex"].decode()):
        words = " ".join(text.split())
        assert words.count("(ours)") >= 6
        assert "1 of the paper's claims and 6 comparisons of ours" in words
        assert "the paper has no numbers for what they compare" in words
    assert report.files["deep-quick.html"].decode().count("(ours)</th>") == 6


def test_what_is_not_comparable_says_what_hangs_on_the_schedule(table1, table2, make):
    mnist = make.grid(table1, "quick", lambda c: (c.dataset, c.network) == ("mnist", "fcn"))
    copy = make.grid(table2, "quick", lambda c: c.dataset == "copy")
    said = {}
    for exhibit, records in ((table1, mnist), (table2, copy)):
        report = build(exhibit, "quick", records, ("md",))
        rows = table_of(page_of(report, f"{exhibit.name}-quick"), "Ordering claims")
        said |= {row[0]: row[2].replace("**", "") for row in rows if row[0]}
    reasons = {
        "on the FCN DNI's error grows with depth": "a slope",
        "on the MNIST FCN cDNI's error is at most backprop's plus the margin": "a margin",
        "DNI's longest Copy task is at least 1.75 times that of BPTT at equal T": "a factor",
    }
    for claim, reason in reasons.items():
        assert said[claim] == f"not comparable ({reason})"
    assert "(a" not in said["at FCN depth 6 cDNI's error is below DNI's"]
