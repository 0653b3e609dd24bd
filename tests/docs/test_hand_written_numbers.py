"""No number that looks like a result stands in a page by hand, but for reviewed ones."""

import re
import tomllib
from pathlib import Path

import pytest
from generate import ROOT, pages
from generator.markers import written_by_hand

ALLOWED = tomllib.loads(Path(__file__).with_name("allowed_numbers.toml").read_text("utf-8"))
RESULT = re.compile(r"\d[\d,]*\.\d+|\d[\d,.]*\s?%|\d\s*±")
NAMES = [path.relative_to(ROOT).as_posix() for path in pages()]
WATCHED = [name for name in NAMES if "whole" not in ALLOWED.get(name, {})]


def prose(name):
    return list(written_by_hand((ROOT / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", WATCHED)
def test_numbers_that_look_like_results_are_generated_or_allowed(name):
    allowed = [*ALLOWED["*"], *ALLOWED.get(name, {})]
    for line, text in prose(name):
        left = text
        for known in sorted(allowed, key=len, reverse=True):
            left = left.replace(known, " ")
        found = RESULT.findall(left)
        assert not found, (
            f"{name}:{line}: {', '.join(found)}: write them by a marker (docs/generate.py), or give"
            " their source in tests/docs/allowed_numbers.toml"
        )


@pytest.mark.parametrize("name", [name for name in ALLOWED if name != "*"])
def test_what_is_allowed_is_there(name):
    assert name in NAMES
    text = "\n".join(words for _, words in prose(name))
    unused = [known for known in ALLOWED[name] if known != "whole" and known not in text]
    assert unused == []


def test_the_pattern_finds_results_and_leaves_protocols_alone():
    for result in ("8.12", "12 %", "0.5%", "8 ± 1", "1,234.5"):
        assert RESULT.search(f"it is {result} here"), result
    for setting in ("3e-5", "500,000 updates", "T = 4", "depth 6", "2 x 1,024", "table1"):
        assert not RESULT.search(setting), setting
