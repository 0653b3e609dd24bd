"""A build's sampler as the gate talks to it: answers, refusals, and a build that does not start."""

from contextlib import closing

import pytest
from planted.checkouts import ROOT, checkout, plant
from sgbench.bench.errors import UsageError
from sgbench.reproductions.gate.builds import Build
from sgbench.reproductions.gate.sampler_process import SamplerError, SamplerProcess


def build_of(folder, parent):
    (parent / "sgbench").symlink_to(folder, target_is_directory=True)
    return Build(name="baseline", words="./one", parent=parent)


def test_a_refusal_is_the_builds_own_and_the_process_goes_on(tmp_path):
    with closing(SamplerProcess(build_of(ROOT, tmp_path))) as sampler:
        for _ in range(2):
            with pytest.raises(SamplerError, match="nothing-like-it"):
                sampler.ask(do="sample", name="nothing-like-it", steps=1)


def test_a_build_that_does_not_start_is_named_with_its_last_words(tmp_path):
    folder = checkout(tmp_path / "broken")
    plant(folder, "bench/cell.py", ("import hashlib\n", "import nothing_like_it\n"))
    (tmp_path / "parent").mkdir()
    sampler = SamplerProcess(build_of(folder, tmp_path / "parent"))
    with closing(sampler), pytest.raises(UsageError) as caught:
        sampler.ask(do="sample", name="x", steps=1)
    for words in ("baseline", "./one", "nothing_like_it"):
        assert words in str(caught.value)


def test_close_ends_the_process(tmp_path):
    sampler = SamplerProcess(build_of(ROOT, tmp_path))
    sampler.wait()
    sampler.close()
    with pytest.raises(ValueError, match="closed file"):
        sampler.ask(do="sample", name="x", steps=1)
