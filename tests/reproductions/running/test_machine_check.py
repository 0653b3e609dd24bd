"""What a machine can do: the folders that can be written."""

from sgbench.reproductions.running import machine_check


def test_a_folder_can_be_written_if_a_file_can_be_made_there(tmp_path):
    assert machine_check.can_write(tmp_path)
    assert machine_check.can_write(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    assert not machine_check.can_write(file)
    assert not machine_check.can_write(file / "below")
