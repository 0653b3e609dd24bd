"""The user's settings for libraries stop nothing that does not use them, and else are named."""

import os
import subprocess
import sys

import pytest
from sgbench.bench.errors import UsageError
from sgbench.commands import _library_settings

BROKEN = b"lines.linewidth: 99\n\xff\xfe"
DRAW = """
from sgbench.commands import _library_settings
_library_settings.set_aside()
from sgbench.reports.figures.drawing import render, style
from matplotlib.figure import Figure
with style.style():
    render.saved(Figure(), ["png", "svg", "pdf"])
"""
LOAD = """
import importlib, sys
from sgbench.commands import _library_settings
try:
    importlib.import_module(sys.argv[1])
except Exception as error:
    print(_library_settings.unloadable(error))
"""


def run(script, tmp_path, *arguments, **settings):
    command = [sys.executable, "-c", script, *arguments]
    env = {**os.environ, **settings}
    pipes = {"capture_output": True, "text": True}
    return subprocess.run(command, cwd=tmp_path, env=env, check=False, **pipes)


@pytest.mark.parametrize(
    "settings",
    [
        {"MPLBACKEND": "nonsense", "SOURCE_DATE_EPOCH": "abc", "MPLCONFIGDIR": "settings"},
        {"MPLBACKEND": "module://no_such_module", "MATPLOTLIBRC": "settings"},
    ],
    ids=["nonsense", "module"],
)
def test_what_matplotlib_is_told_elsewhere_stops_no_figure(tmp_path, settings):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "matplotlibrc").write_bytes(BROKEN)
    done = run(DRAW, tmp_path, **settings)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("settings", "imported", "library", "culprit"),
    [
        ({"PANDAS_FUTURE": "x"}, "pandas", "pandas", "PANDAS_FUTURE"),
        ({"NUMPY_MADVISE_HUGEPAGE": "abc"}, "pandas", "numpy", "NUMPY_MADVISE_HUGEPAGE"),
        ({"TORCH_LOGS": "x"}, "torch", "torch", "TORCH_LOGS"),
        ({"DASK_CONFIG": "dask"}, "distributed", "dask", "dask/x.yaml"),
        ({"DASK_LOGGING": "abc"}, "distributed", "distributed", "DASK_LOGGING"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_broken_settings_of_a_library_are_named(tmp_path, settings, imported, library, culprit):
    (tmp_path / "dask").mkdir()
    (tmp_path / "dask" / "x.yaml").write_text("a: [1\n")
    (line,) = run(LOAD, tmp_path, imported, **settings).stdout.splitlines()
    assert line.startswith(f"{library} cannot be loaded: ")
    assert culprit in line.partition("mend or remove its settings (")[2]


def test_a_command_names_the_broken_file_and_ends_in_2(start, tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(BROKEN)
    process = start("report", "p_update", "--scale", "quick", "--published", "--out", "report")
    _, told = process.communicate(timeout=300)
    last = told.splitlines()[-1]
    assert process.returncode == 2, told
    assert last.startswith("sgbench: matplotlib cannot be loaded: ")
    assert last.endswith(f"mend or remove its settings ({tmp_path / 'matplotlibrc'})")


def test_a_library_that_is_broken_itself_is_to_be_installed_anew(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import no_such_module_of_its_own\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(_library_settings, "PACKAGE", __name__.partition(".")[0])
    with pytest.raises(ModuleNotFoundError) as caught:
        import half_installed  # noqa: F401
    found = _library_settings.unloadable(caught.value)
    assert found.startswith("half_installed cannot be loaded: No module named")
    assert found.endswith("install sgbench's requirements anew")


def test_an_error_of_ours_is_no_librarys():
    with pytest.raises(UsageError) as caught:
        raise UsageError("--depth")
    assert _library_settings.unloadable(caught.value) is None


def test_only_the_process_of_the_command_is_changed(sgbench, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "svg")
    sgbench("list")
    assert os.environ["MPLBACKEND"] == "svg"
    assert "matplotlib" not in sys.modules or os.environ.get("MATPLOTLIBRC") != os.devnull
