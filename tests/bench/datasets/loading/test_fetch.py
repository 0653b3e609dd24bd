"""Downloads, from a server on this machine."""

import gzip

import numpy as np
import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets import cifar10, mnist, ptb
from sgbench.bench.datasets.loading import cache, fetch
from sgbench.bench.errors import DataError
from small_files.cifar10 import ARCHIVE, assert_published
from small_files.folders import decode, packed, sha, write
from small_files.mnist import ARRAYS, IMAGES, PACKED, PLAIN, packed_names
from small_files.ptb import CONTENTS, TRAIN


def raise_full(*_):
    raise OSError(28, "No space left on device")


@pytest.mark.usefixtures("small_mnist")
def test_fetch_mnist(tmp_path, server, refused_url, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "MIRRORS", (refused_url, server.url))
    write(server.folder, packed_names())
    target = tmp_path / "data"
    datasets.fetch("mnist", target)
    assert np.array_equal(
        datasets.load("mnist", target).test_labels, ARRAYS["t10k-labels-idx1-ubyte"]
    )
    assert sorted(path.name for path in (target / "mnist").iterdir()) == sorted(packed_names())
    out, err = capsys.readouterr()
    assert out == ""
    assert f"fetching {server.url}{IMAGES}.gz" in err

    asked = len(server.asked)
    datasets.fetch("mnist", target)  # all there: nothing is asked for
    assert len(server.asked) == asked == 4

    (target / "mnist" / f"{IMAGES}.gz").write_bytes(b"damaged")
    datasets.fetch("mnist", target)
    assert server.asked[asked:] == [f"{IMAGES}.gz"]
    datasets.load("mnist", target)


@pytest.mark.usefixtures("small_mnist")
def test_fetch_uses_what_is_there(tmp_path, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server.url,))
    write(tmp_path / "MNIST" / "raw", PLAIN)
    datasets.fetch("mnist", tmp_path)
    assert server.asked == []
    write(tmp_path / "MNIST" / "raw", {IMAGES: PLAIN[IMAGES][:-1]})
    with pytest.raises(DataError, match="remove it and run"):
        datasets.fetch("mnist", tmp_path)  # a file that fetch did not put there is not replaced


@pytest.mark.usefixtures("small_mnist")
def test_fetch_without_network_is_one_clear_line(tmp_path, refused_url, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (refused_url, "http://no-such-host.invalid/"))
    with pytest.raises(DataError) as caught:
        datasets.fetch("mnist", tmp_path)
    message = str(caught.value)
    assert f"cannot fetch mnist's {IMAGES}.gz ({refused_url}{IMAGES}.gz: no connection" in message
    assert "no-such-host.invalid" in message
    assert f"download it by hand into {tmp_path / 'mnist'}" in message
    assert sha(PACKED[IMAGES]) in message
    assert "--data-dir" in message
    assert "\n" not in message
    assert len(message) < 800
    assert list((tmp_path / "mnist").iterdir()) == []


@pytest.mark.usefixtures("small_mnist")
def test_fetch_of_the_wrong_file_keeps_nothing(tmp_path, server, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (server.url,))
    write(server.folder, {**packed_names(), f"{IMAGES}.gz": b"a page that asks for a login"})
    with pytest.raises(DataError, match="wrong file: expected SHA-256") as caught:
        datasets.fetch("mnist", tmp_path)
    assert sha(PACKED[IMAGES]) in str(caught.value)
    assert sha(b"a page that asks for a login") in str(caught.value)
    assert list((tmp_path / "mnist").iterdir()) == []
    (server.folder / f"{IMAGES}.gz").unlink()
    with pytest.raises(DataError, match="404"):
        datasets.fetch("mnist", tmp_path)


@pytest.mark.usefixtures("small_mnist")
def test_fetch_into_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot make the folder .*--data-dir"):
        datasets.fetch("mnist", tmp_path / "file")


@pytest.mark.usefixtures("small_cifar10")
def test_fetch_cifar10(tmp_path, server, monkeypatch, capsys):
    monkeypatch.setattr(cifar10, "URLS", (f"{server.url}cifar-10-binary.tar.gz",))
    write(server.folder, {"cifar-10-binary.tar.gz": ARCHIVE})
    target = tmp_path / "data"
    datasets.fetch("cifar10", target)
    assert_published(datasets.load("cifar10", target))
    unpacked = target / "cifar10" / "cifar-10-batches-bin"
    assert [path for path in target.rglob("*") if path.is_file()] == [*unpacked.iterdir()]
    datasets.fetch("cifar10", target)
    assert server.asked == ["cifar-10-binary.tar.gz"]
    assert "is there and verified" in capsys.readouterr().err


@pytest.mark.usefixtures("small_cifar10")
def test_fetch_cifar10_uses_an_archive_that_is_there(tmp_path, server, monkeypatch):
    monkeypatch.setattr(cifar10, "URLS", (f"{server.url}cifar-10-binary.tar.gz",))
    write(tmp_path, {"cifar-10-binary.tar.gz": ARCHIVE})
    datasets.fetch("cifar10", tmp_path)
    assert server.asked == []
    assert (tmp_path / "cifar-10-binary.tar.gz").is_file()
    assert datasets.status("cifar10", tmp_path).source == "binary (6 files)"
    (tmp_path / "cifar10" / "cifar-10-batches-bin" / "test_batch.bin").unlink()
    monkeypatch.setattr(cifar10, "write_files", raise_full)
    with pytest.raises(DataError, match=r"cannot unpack .*No space left"):
        datasets.fetch("cifar10", tmp_path)


@pytest.mark.usefixtures("small_ptb")
def test_fetch_ptb(tmp_path, server, monkeypatch):
    monkeypatch.setattr(ptb, "MIRRORS", (f"{server.url}none/", server.url))
    write(server.folder, CONTENTS)
    target = tmp_path / "data"
    datasets.fetch("ptb", target)
    assert decode(datasets.load("ptb", target).valid, ptb.ALPHABET) == "a-b c\n"
    assert server.asked == [f"{place}{name}" for name in CONTENTS for place in ("none/", "")]
    datasets.fetch("ptb", target)  # all there: nothing is asked for
    assert len(server.asked) == 6
    (target / "ptb" / TRAIN).write_bytes(b"damaged")
    datasets.fetch("ptb", target)
    assert (target / "ptb" / TRAIN).read_bytes() == CONTENTS[TRAIN]


@pytest.mark.usefixtures("small_ptb")
def test_fetch_ptb_keeps_no_other_file_than_the_published(tmp_path, server, monkeypatch):
    monkeypatch.setattr(ptb, "MIRRORS", (server.url,))
    write(server.folder, {**CONTENTS, TRAIN: b"another text"})
    with pytest.raises(DataError, match="wrong file: expected SHA-256"):
        datasets.fetch("ptb", tmp_path / "data")
    assert list((tmp_path / "data" / "ptb").iterdir()) == []


@pytest.mark.usefixtures("small_ptb")
def test_fetch_ptb_leaves_files_of_others_alone(tmp_path, server, monkeypatch):
    monkeypatch.setattr(ptb, "MIRRORS", (server.url,))
    write(server.folder, CONTENTS)
    write(tmp_path, packed(CONTENTS))
    datasets.fetch("ptb", tmp_path)
    assert server.asked == []
    write(tmp_path, {f"{TRAIN}.gz": gzip.compress(b"damaged")})
    with pytest.raises(DataError, match="remove it and run"):
        datasets.fetch("ptb", tmp_path)


def test_files_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    write(tmp_path, {"a": b"old"})
    monkeypatch.setattr(cache.os, "replace", raise_full)
    with pytest.raises(OSError, match="No space"):
        cache.write_files(tmp_path, ["a"], [b"new"])
    assert [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()] == [b"old"]


def test_progress_bar_counts_what_pooch_tells_it():
    with fetch._Bar("file") as bar:
        assert bar.total == 0
        bar.total = 100
        bar.update(60)
        bar.update(60)
        bar.reset()
        bar.update(100)
        bar.close()
        assert bar.total == 100
        assert bar._progress.tasks[0].completed == 100
