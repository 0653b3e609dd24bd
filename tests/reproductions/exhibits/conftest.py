"""Rules in files of the user's own, for the tests of this folder."""

import pytest
from sgbench.bench import registry

FUNCTIONS = {
    "feedforward": ("backprop", "step"),
    "recurrent": ("bptt", "unroll"),
    "pair": ("end_to_end", "cycle"),
}
RULE = """
from sgbench.bench.contract import Hyperparameter, Rule
from sgbench.bench.rules.{like} import {function}
{imports}

RULE = Rule(
    name="{name}",
    label="{name} from a file",
    sentence="every layer learns from the true gradient",
    color="#123456",
    families=("{family}",),
    version=1,
    source="a test",
    {more}
)
"""
GAIN = 'hyperparameters=(Hyperparameter(name="gain", doc="its gain", default=0.5, min=0, max=2),),'


@pytest.fixture
def bring(tmp_path):
    """Bring a rule by file: its name and family, what else its RULE says, what else it imports."""
    external = []

    def write(name="mine", family="feedforward", more="", imports=""):
        like, function = FUNCTIONS[family]
        path = tmp_path / f"{name}.py"
        fields = {"like": like, "function": function, "family": family, "more": more}
        path.write_text(RULE.format(name=name, imports=imports, **fields))
        external.append(registry.RULES.add_file(str(path), "--rule-file"))
        return external[-1]

    yield write
    for name in external:
        registry.RULES.remove(name)
