"""No file that is read can run: what could run one is named here, or is nowhere in the package."""

import ast
from pathlib import Path

import pytest
import sgbench

PACKAGE = Path(sgbench.__file__).parent
FOLDERS = ("bench", "results", "reproductions", "reports", "commands")
SOURCES = sorted(
    path
    for where in (PACKAGE.glob("*.py"), *((PACKAGE / name).rglob("*.py") for name in FOLDERS))
    for path in where
)
MODULES = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml", "runpy", "code"}
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
ATTRIBUTES = {
    *("read_pickle", "to_pickle", "extractall", "extract", "unpack_archive", "allow_pickle"),
    *("shell", "run_path", "run_module"),
}
OWNED = {("torch", "load"), ("np", "load"), ("numpy", "load"), ("os", "system"), ("os", "popen")}
ALLOWED = {  # what looks like one of these and is none, with how often
    ("bench/training/checkpoint.py", "torch.load"): 1,
    ("bench/registry.py", "import_module"): 3,  # of modules of this package, by their folder
    # A rule or dataset that the user brings is code, which is what --rule-file is asked for;
    # modules are of the package or of an entry point.
    ("bench/source_files.py", "compile"): 1,
    ("bench/source_files.py", "exec"): 1,
    ("bench/source_files.py", "import_module"): 1,
    ("cli.py", "import_module"): 1,  # the verbs, by a list of names
    ("results/frame.py", "import_module"): 1,  # pyarrow
    # The gate runs the code of checkouts, which is what it is asked for; by lists of words.
    ("bench/pipeline/group.py", "subprocess"): 1,  # this Python, by a list of words
    ("reproductions/gate/paired_runs.py", "subprocess"): 1,
    ("reproductions/gate/sampler_process.py", "subprocess"): 1,
    ("results/git.py", "subprocess"): 1,  # git, by a list of words
}


def found_in(path):
    """Yield what in a source could run what a file says: (line, what)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names.append(getattr(node, "module", None) or "")
            for name in {name.partition(".")[0] for name in names} & (MODULES | {"subprocess"}):
                yield node.lineno, name
        if isinstance(node, ast.Name) and node.id in CALLS:
            yield node.lineno, node.id
        if isinstance(node, ast.Attribute | ast.keyword):
            name = node.attr if isinstance(node, ast.Attribute) else node.arg
            if name in ATTRIBUTES:
                yield getattr(node, "lineno", 0), name
            if name == "import_module":
                yield node.lineno, name
            base = getattr(node, "value", None)
            owner = base.id if isinstance(base, ast.Name) else ""
            if (owner, name) in OWNED:
                yield node.lineno, f"{owner}.{name}"


def test_nothing_that_is_read_can_run():
    assert len(SOURCES) > 100
    seen = {}
    for path in SOURCES:
        for _, what in found_in(path):
            key = (path.relative_to(PACKAGE).as_posix(), what)
            seen[key] = seen.get(key, 0) + 1
    assert seen == ALLOWED


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import pickle", "pickle"),
        ("from yaml import load", "yaml"),
        ("x = eval(y)", "eval"),
        ("numpy.load(f, allow_pickle=True)", "allow_pickle"),
        ("torch.load(f)", "torch.load"),
        ("archive.extractall()", "extractall"),
        ("run(x, shell=True)", "shell"),
        ("os.system(x)", "os.system"),
    ],
)
def test_what_could_is_found(tmp_path, text, what):
    (tmp_path / "a.py").write_text(text)
    assert what in {name for _, name in found_in(tmp_path / "a.py")}


def test_checkpoints_are_read_as_plain_tensors():
    tree = ast.parse((PACKAGE / "bench" / "training" / "checkpoint.py").read_text())
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "load"
    ]
    (call,) = calls
    (given,) = [k.value for k in call.keywords if k.arg == "weights_only"]
    assert given.value is True
