"""Texts as codes: how they are coded and split."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sgbench.bench.datasets.loading import text as text_module
from small_files.folders import decode

SYMBOLS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300)


@given(SYMBOLS)
def test_codes_are_ranks_by_code_point(text):
    alphabet = text_module.symbols(text)
    assert list(alphabet) == sorted(set(text))
    codes = text_module.encode(text, alphabet)
    assert codes.dtype == np.uint8
    assert codes.flags.writeable  # torch warns of arrays that are not
    assert decode(codes, alphabet) == text


@given(SYMBOLS)
def test_split_keeps_every_character_in_order(text):
    data = text_module.split(text)
    parts = [data.train, data.valid, data.test]
    assert "".join(decode(part, data.alphabet) for part in parts) == text
    assert len(data.train) == int(len(text) * 0.9 + 1e-9)
    assert abs(len(data.valid) - len(data.test)) <= 1
    assert data.alphabet == text_module.symbols(text)
