"""The choice of a machine's back-end: kept beside the records, whatever is in its file."""

import pytest
from sgbench.bench.errors import StoreError
from sgbench.results.store import backend_file
from sgbench.results.store.store import Store

CHOICE = {"torch": "2.13", "matmul": "onednn", "matmul_error": 3e-7, "device": "Some CPU"}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_round_trip(store):
    backend_file.write(store, "Some CPU", CHOICE)
    assert backend_file.read(store, "Some CPU") == CHOICE
    assert backend_file.read(Store(store.path), "Some CPU") == CHOICE


def test_each_machine_has_its_own(store):
    backend_file.write(store, "Some CPU", CHOICE)
    assert backend_file.read(store, "Other CPU") is None
    backend_file.write(store, "Other CPU", CHOICE | {"matmul": "mkl"})
    assert backend_file.read(store, "Some CPU") == CHOICE


def test_a_later_choice_replaces_it(store):
    backend_file.write(store, "Some CPU", CHOICE)
    backend_file.write(store, "Some CPU", CHOICE | {"torch": "2.14"})
    assert backend_file.read(store, "Some CPU")["torch"] == "2.14"
    assert len(list(store.machine_file("Some CPU").parent.iterdir())) == 1


def test_reading_makes_nothing(store):
    assert backend_file.read(store, "Some CPU") is None
    assert not store.path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"torch": "2.13", "matmul": "mkl"}',
        b'{"torch": "2.13", "matmul": 3, "matmul_error": null}',
        b'{"torch": "2.13", "matmul": "mkl", "matmul_error": "small"}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_choice_is_none(store, content):
    path = store.machine_file("Some CPU")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert backend_file.read(store, "Some CPU") is None


def test_a_folder_in_its_place_is_no_choice(store):
    store.machine_file("Some CPU").mkdir(parents=True)
    assert backend_file.read(store, "Some CPU") is None


def test_a_store_that_cannot_be_written(store):
    store.path.mkdir()
    (store.path / "machines").touch()  # in the way of the folder
    with pytest.raises(StoreError) as caught:
        backend_file.write(store, "Some CPU", CHOICE)
    assert caught.value.exit_code == 5
    message = str(caught.value)
    assert str(store.path) in message
    assert "--store" in message
    assert "\n" not in message


def test_a_store_that_can_only_be_read_takes_no_choice(tmp_path):
    with pytest.raises(StoreError, match="--store"):
        backend_file.write(Store(tmp_path, read_only=True), "Some CPU", CHOICE)
    assert list(tmp_path.iterdir()) == []
