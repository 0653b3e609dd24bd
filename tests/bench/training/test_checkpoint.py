"""Checkpoints: whole or ignored, replaced at once, and never executed."""

import hashlib
import io
import os
import resource
import subprocess
import sys
import textwrap

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sgbench.bench.training import checkpoint

STATE = {
    "program": {"weights": torch.arange(12.0).view(3, 4), "iteration": 7},
    "generators": torch.Generator().manual_seed(3).get_state(),
    "curves": [[{"iteration": 5, "error": 1.5, "sg_loss": None, "sg_cosine": [0.5, None]}]],
    "diverged": {"1": 5},
}


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoints" / "it.pt"


def saved(path):
    checkpoint.save(path, "me", STATE)
    return path.read_bytes()


def sealed(body):
    """What a file that torch saved would be with a right checksum."""
    return hashlib.sha256(body).digest() + body


def test_round_trip(path):
    saved(path)
    assert same(checkpoint.load(path, "me"), STATE)
    assert [found.name for found in path.parent.iterdir()] == ["it.pt"]


def test_a_later_one_replaces_it(path):
    saved(path)
    checkpoint.save(path, "me", {"iteration": 8})
    assert checkpoint.load(path, "me") == {"iteration": 8}


def test_of_one_of_several_identities(path):
    saved(path)
    assert same(checkpoint.load(path, "you", "me"), STATE)
    assert checkpoint.load(path, "you", "they") is None


def test_of_another_identity_is_none(path):
    saved(path)
    assert checkpoint.load(path, "you") is None
    assert checkpoint.load(path, "") is None


def test_missing_is_none(path):
    assert checkpoint.load(path, "me") is None
    path.mkdir(parents=True)
    assert checkpoint.load(path, "me") is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_one_is_none(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("checkpoints") / "it.pt"
    whole = saved(path)
    how = data.draw(st.sampled_from(["cut", "flip", "add", "other"]))
    where = data.draw(st.integers(0, len(whole) - 1))
    if how == "cut":
        path.write_bytes(whole[:where])
    elif how == "flip":  # torch alone would read a flipped bit of a tensor as it is
        bit = 1 << data.draw(st.integers(0, 7))
        path.write_bytes(whole[:where] + bytes([whole[where] ^ bit]) + whole[where + 1 :])
    elif how == "add":
        path.write_bytes(whole + b"\0" * (where + 1))
    else:
        path.write_bytes(data.draw(st.binary(max_size=300)))
    assert checkpoint.load(path, "me") is None


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=200))
def test_foreign_content_is_none_though_its_checksum_is_right(tmp_path_factory, body):
    path = tmp_path_factory.mktemp("checkpoints") / "it.pt"
    path.write_bytes(sealed(body))
    assert checkpoint.load(path, "me") is None


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        "text",
        torch.zeros(3),
        {},
        {"format": checkpoint.FORMAT},
        {"format": checkpoint.FORMAT + 1, "identity": "me", "state": {}},
        {"format": checkpoint.FORMAT, "identity": torch.zeros(2), "state": {}},
    ],
    ids=str,
)
def test_other_things_that_torch_saved_are_none(tmp_path, content):
    buffer, path = io.BytesIO(), tmp_path / "it.pt"
    torch.save(content, buffer)
    path.write_bytes(sealed(buffer.getvalue()))
    assert checkpoint.load(path, "me") is None


class Touch:
    """Makes a file where it is unpickled without care."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_nothing_in_it_is_executed(tmp_path, zipped):
    path, trace = tmp_path / "it.pt", tmp_path / "executed"
    content = {"format": checkpoint.FORMAT, "identity": "me", "state": Touch(trace)}
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    path.write_bytes(sealed(buffer.getvalue()))
    assert checkpoint.load(path, "me") is None
    assert not trace.exists()
    torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)  # it would have been
    assert trace.exists()


def test_a_write_that_fails_leaves_the_old_one(path, monkeypatch):
    saved(path)

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, "me", {"iteration": 8})
    assert same(checkpoint.load(path, "me"), STATE)
    assert [found.name for found in path.parent.iterdir()] == ["it.pt"]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit of file sizes")
def test_a_full_disk_is_an_os_error(tmp_path):
    # The limit is a process's own, for good; a write past it fails as on a full disk.
    script = textwrap.dedent("""
        import resource, sys, torch
        from pathlib import Path
        from sgbench.bench.training import checkpoint
        path = Path(sys.argv[1])
        checkpoint.save(path, "me", {"iteration": 1})
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            checkpoint.save(path, "me", {"weights": torch.zeros(100_000)})
        except OSError as error:
            files = len(list(path.parent.iterdir()))
            print(type(error).__name__, checkpoint.load(path, "me"), files)
    """)
    command = [sys.executable, "-c", script, str(tmp_path / "it.pt")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "OSError {'iteration': 1} 1\n"


def test_a_state_is_written_without_a_copy_of_it(tmp_path):
    # The most memory a process has had is its own too, for good.
    script = textwrap.dedent("""
        import resource, sys, torch
        from pathlib import Path
        from sgbench.bench.training import checkpoint
        def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        path, small = Path(sys.argv[1]), {"weights": torch.ones(1000)}
        checkpoint.save(path, "me", small)
        state = {str(n): torch.ones(2**23) for n in range(8)}
        before = most()
        checkpoint.save(path, "me", state)
        print((most() - before) / 2**28)
    """)
    command = [sys.executable, "-c", script, str(tmp_path / "it.pt")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.5  # of the state's 256 MiB
