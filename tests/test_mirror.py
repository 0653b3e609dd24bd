"""Tests mirror the package: one file a module, of its name, in the folder of its name.

`bench/nn/adam.py` is tested in `tests/bench/nn/test_adam.py`, `commands/_values.py` in
`tests/cli/test_values.py`, and the code of a package's `__init__.py` in a file of the folder's
name. What differs stands here, with its reason.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("api", "bench", "results", "reproductions", "reports", "commands")
FOLDERS = (*(name for name in PACKAGES if name != "commands"), "cli")

UNTESTED = {
    "__init__.py": "the names of api, which tests/api take from it",
    "__main__.py": "one call, by which tests/cli start the program",
    "bench/interfaces.py": "protocols alone, which the type checker holds",
    "bench/rules/_template_model.py": "tests/bench/rules/test_template.py has both templates",
    "bench/pipeline/schedules/data_parallel.py": "test_train.py above: processes that meet",
    "bench/pipeline/group.py": "the same",
    "bench/pipeline/schedules/micro_batches.py": "the same",
    "bench/pipeline/process.py": "the same",
    "bench/pipeline/session.py": "the same",
    "bench/pipeline/torchrun.py": "tests/cli/test_run_stages.py: it needs torchrun",
    "reproductions/running/outlook.py": "test_reproduction.py beside it makes outlooks",
    "results/statistics/many_verdicts.py": "test_place_verdict.py holds each row against `judge`",
    "reports/figures/spec.py": "plain data, which the tests of series and render make and read",
}
"""Modules without a test file of their name."""

ACROSS = {
    "bench/families/recurrent/test_held_out.py": "the program of a text: which weights count",
    "bench/families/recurrent/test_probe.py": "the program's probe of M",
    "bench/nn/test_precision_equivalence.py": "a slow experiment: what bf16 costs in test error",
    "bench/rules/test_beyond.py": "rules and fields beyond the paper against NumPy",
    "bench/rules/test_beyond_training.py": "the same as they train: locality, resuming, errors",
    "bench/rules/test_decoupled_reference.py": "dni and cdni against NumPy, by every mask",
    "bench/rules/test_every_rule.py": "what all feed-forward rules must do",
    "cli/test_run_limit.py": "run, when its time ends",
    "cli/test_run_shards.py": "run, in parts",
    "cli/test_run_signals.py": "run, when it is interrupted",
    "cli/test_run_stages.py": "run, of networks that are cut into stages",
    "cli/test_run_terminal.py": "run, on a terminal",
    "cli/test_unregistered.py": "every verb, where the rule of a record is not there",
    "reports/pages/test_html_in_browser.py": "the page of a report, as a browser shows it",
    "reproductions/exhibits/test_paper.py": "the TOML files: the paper's numbers a second time",
    "reproductions/exhibits/test_paper_decoupled.py": "the same of the exhibits of masked layers",
    "reproductions/exhibits/test_paper_later.py": "the same of the exhibits of later papers",
    "reports/analysis/verdicts/test_claims_of_table2.py": "claims about lengths: exact tests",
    "reproductions/exhibits/test_plans.py": "the TOML files: margins, seeds, claims a second time",
    "reproductions/gate/test_mistakes.py": "the mistakes that test_planted plants",
    "reproductions/gate/test_planted.py": "the gate as a whole, on planted mistakes",
    "reproductions/running/test_processes.py": "runs in several processes, and their signals",
    "reproductions/running/test_run_failures.py": "runs in which cells fail or input is bad",
    "reproductions/running/test_run_stops.py": "runs that are stopped and go on",
    "results/test_published.py": "the published records: ids that must not change",
}
"""Test files that are of no one module."""


def has_code(path):
    """Tell whether a module is more than the docstring of its package."""
    if path.name != "__init__.py":
        return True
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(not isinstance(getattr(node, "value", None), ast.Constant) for node in body)


def modules():
    """The modules of the package that have code, relative to its root."""
    found = [
        *ROOT.glob("*.py"),
        *(path for name in PACKAGES for path in (ROOT / name).rglob("*.py")),
    ]
    return sorted(path.relative_to(ROOT) for path in found if has_code(path))


def counterpart(module):
    """The test file that a module should have, relative to `tests`."""
    folder = Path("cli") if module.parts[0] in ("commands", "cli.py") else module.parent
    name = module.parent.name if module.stem == "__init__" else module.stem
    return folder / f"test_{name.lstrip('_')}.py"


def test_every_module_has_a_test_file_of_its_name():
    missing = {
        module.as_posix(): (Path("tests") / counterpart(module)).as_posix()
        for module in modules()
        if not (ROOT / "tests" / counterpart(module)).is_file()
    }
    assert {module: path for module, path in missing.items() if module not in UNTESTED} == {}
    assert sorted(missing) == sorted(UNTESTED), "no longer untested, or no longer there"


def test_every_test_file_is_of_a_module():
    wanted = {counterpart(module).as_posix() for module in modules()}
    tests = ROOT / "tests"
    found = {
        path.relative_to(tests).as_posix()
        for folder in FOLDERS
        for path in (tests / folder).rglob("test_*.py")
    }
    assert sorted(found - wanted - set(ACROSS)) == []
    assert sorted(set(ACROSS) - found) == [], "no longer there"
    assert sorted(set(ACROSS) & wanted) == [], "of a module now"
