"""Paths that a user gives: what is wrong names its argument."""

import pytest
from sgbench.bench import paths
from sgbench.bench.errors import UsageError


def test_an_empty_path_names_its_argument():
    with pytest.raises(UsageError, match="--store"):
        paths.path_argument("", "--store")


def test_a_home_that_is_nobodys_names_its_argument():
    with pytest.raises(UsageError, match="--out"):
        paths.expand_home("~nobody-of-that-name/x", "--out")
