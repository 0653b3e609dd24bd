"""The samplers and pruners that a study can have, by name. Imports nothing heavy."""

from ...bench.errors import UsageError, did_you_mean

SAMPLERS = ("tpe", "random", "gp")
PRUNERS = ("hyperband", "halving", "median", "none")


def check_methods(sampler: str, pruner: str) -> None:
    """Raise UsageError where a sampler or a pruner is unknown."""
    for option, name, known in (("sampler", sampler, SAMPLERS), ("pruner", pruner, PRUNERS)):
        if name not in known:
            raise UsageError(f"unknown --{option} {name!r}{did_you_mean(name, known)}")
