"""The runs of a verdict: M's numbers by layer."""

import pytest
from sgbench.reports.analysis.evidence.runs import Run, by_layer


def run(cosines, status="ok", seed=0):
    return Run(
        seed=seed, value=1.0, status=status, record="a", machine_class="m", finished="2026-01-01",
        curve=(), cosines=cosines, losses=(),
    )  # fmt: skip


def test_layers_are_averaged_over_the_seeds_that_are_ok():
    runs = [run((0.1, 0.5)), run((0.3, None)), run((9.0, 9.0), status="diverged")]
    assert by_layer(runs, "cosines") == pytest.approx([0.2, 0.5])


@pytest.mark.parametrize("runs", [[], [run(())], [run((None, 0.5))]])
def test_a_layer_without_a_number_leaves_nothing(runs):
    assert by_layer(runs, "cosines") == []
