"""What a program takes of memory, held against what is free."""

import dataclasses

import pytest
from reference.programs import tiny_cell
from sgbench.bench.errors import UsageError
from sgbench.bench.profiling import memory_estimate


def test_a_value_that_is_said_to_fit_does():
    cell = tiny_cell("dni", hidden_units=10_000, batch_size=20_000)
    for field, share in (("batch_size", 0.5), ("hidden_units", 0.1)):
        available = int(memory_estimate.needed(cell) * share)
        fits = memory_estimate.fitting(cell, available, field)
        assert 1 < fits < cell.value(field)
        for value, within in ((fits, True), (fits + 1, False)):
            need = memory_estimate.needed(dataclasses.replace(cell, **{field: value}))
            assert (need <= available) == within
    assert memory_estimate.remedy(cell, available).startswith(
        "hidden_units of about "
    )  # batch will not do
    assert memory_estimate.remedy(cell, 1) == "a smaller network and batch might fit"
    with pytest.raises(UsageError, match="T is needed"):
        memory_estimate.fitting(cell, available, "T")


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "1000\n", "memory.current": "700\n"}, [300 + 50]),
        ({"memory.max": "max\n", "memory.current": "700\n"}, []),
        ({"memory.max": "1000\n", "memory.current": "2000\n"}, [0]),
        ({}, []),
    ],
)
def test_a_container_leaves_what_its_limit_says(tmp_path, monkeypatch, files, left):
    group = (str(tmp_path / "memory.max"), "memory.current", "inactive_file")
    monkeypatch.setattr(memory_estimate, "_CGROUPS", (group,))
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 50\n")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory_estimate._left_to_container() == left
    if left:
        assert memory_estimate.free("cpu") == left[0]


def test_a_batch_that_is_parted_is_made_smaller_by_whole_parts():
    staged = {"stages": 2, "schedule": "gpipe", "delay": 0, "straggler": 1}
    cell = tiny_cell("backprop", hidden_units=100, batch_size=20_000, **staged)
    available = int(memory_estimate.needed(cell) * 0.5)
    fits = memory_estimate.fitting(cell, available, "batch_size")
    assert fits % 4 == 0
    assert memory_estimate.needed(dataclasses.replace(cell, batch_size=fits)) <= available
