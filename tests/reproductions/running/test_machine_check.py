"""What a machine can do: its quota, and the folders that can be written."""

import pytest
from sgbench.reproductions.running import machine_check


@pytest.mark.parametrize(
    ("text", "cores"), [("max 100000\n", None), ("150000 100000\n", 1.5), ("odd", None)]
)
def test_a_quota_is_read_in_cores(monkeypatch, tmp_path, text, cores):
    quota = tmp_path / "cpu.max"
    quota.write_text(text, encoding="utf-8")
    monkeypatch.setattr(machine_check, "_QUOTA", quota)
    monkeypatch.setattr(machine_check, "_QUOTA_V1", tmp_path / "none")
    assert machine_check.cpu_quota() == cores


def test_a_quota_of_the_first_version_of_cgroups_is_read(monkeypatch, tmp_path):
    for name, text in (("quota", "250000\n"), ("period", "100000\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(machine_check, "_QUOTA", tmp_path / "none")
    monkeypatch.setattr(machine_check, "_QUOTA_V1", tmp_path / "quota")
    monkeypatch.setattr(machine_check, "_PERIOD_V1", tmp_path / "period")
    assert machine_check.cpu_quota() == 2.5
    (tmp_path / "quota").write_text("-1", encoding="utf-8")  # no limit
    assert machine_check.cpu_quota() is None


def test_a_folder_can_be_written_if_a_file_can_be_made_there(tmp_path):
    assert machine_check.can_write(tmp_path)
    assert machine_check.can_write(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    assert not machine_check.can_write(file)
    assert not machine_check.can_write(file / "below")
