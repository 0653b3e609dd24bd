"""The rule that `sgbench new rule` writes is strictly typed where a user has it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sgbench

ROOT = Path(sgbench.__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("name", ["_template.py", "_template_model.py"])
def test_the_template_is_strictly_typed_outside_the_package(tmp_path, name):
    basedpyright = Path(sys.executable).with_name("basedpyright")
    if not basedpyright.exists():
        pytest.skip("basedpyright is not installed beside this Python")
    (tmp_path / "sgbench").symlink_to(ROOT)
    template = ROOT / "bench" / "rules" / name
    (tmp_path / "my_rule.py").write_text(template.read_text())
    settings = {"include": ["my_rule.py"], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    found = subprocess.run(
        [basedpyright, "--pythonpath", sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout
