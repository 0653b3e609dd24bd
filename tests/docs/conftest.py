"""The docs' generator, importable as `docs/generate.py` imports it."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))


@pytest.fixture
def page(tmp_path):
    """Writes a page and returns its path."""

    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write
