"""`import sgbench`: what it loads, its names and their examples."""

import doctest

import pytest
import sgbench
from sgbench import api


def test_importing_the_package_imports_nothing_heavy(process):
    loaded = process(
        """
        import sys
        before = set(sys.modules)
        import sgbench
        sgbench.__all__, dir(sgbench)
        print(*{name.partition(".")[0] for name in set(sys.modules) - before})
        """
    ).split()
    assert "sgbench" in loaded
    assert not {"torch", "pandas", "numpy", "click", "scipy", "distributed"} & set(loaded)


def test_reading_needs_no_torch(process):
    printed = process(
        """
        import sys
        import sgbench
        records = sgbench.load_records(published=True)
        sgbench.curves(records)
        sgbench.verdicts("table1", "quick", published=True)
        sgbench.columns("verdicts")
        print("torch" in sys.modules)
        """
    )
    assert printed.split() == ["False"]


def test_every_name_is_there_and_documented():
    for name in sgbench.__all__:
        assert getattr(sgbench, name).__doc__
    assert set(sgbench.__all__) <= set(dir(sgbench))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = sgbench.no_such_name


@pytest.mark.parametrize("name", ["columns", "curves", "load_records", "run", "verdicts"])
def test_the_examples_do_what_they_say(name):
    (example,) = doctest.DocTestFinder(recurse=False).find(
        getattr(api, name), name, globs=vars(api).copy()
    )
    assert example.examples
    found = doctest.DocTestRunner().run(example)
    assert found.failed == 0
