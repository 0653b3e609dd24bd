"""A learning rule that is brought as a file, and has a hyperparameter."""

import contextlib

from sgbench.bench import registry

RULE = """
from sgbench.bench.contract import Hyperparameter, Rule

RULE = Rule(
    name="{name}",
    label="Mine",
    sentence="a hidden layer learns from what this test says",
    color="#123456",
    families=("feedforward",),
    version={version},
    source="a test",
    hyperparameters=(Hyperparameter(name="strength", doc="how strong", default=1.0, min=0),),
)


def step(network, x, labels):
    pass
"""


@contextlib.contextmanager
def registered(folder, name="mine", version=1, comment=""):
    """Write the rule's file into `folder` and register it; give its name."""
    path = folder / f"{name}.py"
    path.write_text(RULE.format(name=name, version=version) + comment)
    registry.RULES.add_file(str(path), "--rule-file")
    try:
        yield name
    finally:
        registry.RULES.remove(name)
