"""
How do I test a claim of my own?
================================

Seeds are paired: cells that share a seed start from the same weights and see the same batches,
whatever their rule. So two rules are compared seed by seed. Here, a claim that the paper does not
make: with four layers, DNI's M does better with one hidden layer than with none.
"""

import sgbench
from scipy import stats

records = sgbench.load_records(published=True)
dni = records.query(
    "exhibit == 'table1' and scale == 'quick' and dataset == 'mnist' and network == 'fcn'"
    " and rule == 'dni' and depth == 4"
)
# Some cells were trained on two machines: take each seed's first.
dni = dni.drop_duplicates(["sg_layers", "seed"])
by_seed = dni.pivot(index="seed", columns="sg_layers", values="test_error")
pairs = by_seed[[0, 1]].dropna().astype(float)
pairs

# %%
# The difference with its 95 % interval, and the one-sided p of a paired t test.

test = stats.ttest_rel(pairs[1], pairs[0], alternative="less")
interval = stats.ttest_rel(pairs[1], pairs[0]).confidence_interval()
print(
    f"{(pairs[1] - pairs[0]).mean():+.2f} points, 95 % [{interval.low:+.2f}, {interval.high:+.2f}],"
)
print(f"p = {test.pvalue:.4f}, {len(pairs)} seeds")
