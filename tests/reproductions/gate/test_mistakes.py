"""The mistakes that the slow tests of correctness plant still fit the code: each changes it."""

import pytest
from planted import mistakes
from planted.checkouts import checkout, git


@pytest.mark.parametrize(
    "change", [*mistakes.PLANTED, mistakes.rounding, mistakes.late], ids=lambda c: c.__name__
)
def test_it_can_be_planted(tmp_path, change):
    folder = checkout(tmp_path / "code")
    change(folder)
    (changed,) = git(folder, "status", "--porcelain").splitlines()
    compile((folder / changed.split()[-1]).read_text(), changed, "exec")
