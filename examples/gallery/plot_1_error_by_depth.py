"""
How does DNI's error grow with depth?
=====================================

:func:`sgbench.verdicts` has every place of an exhibit's table: our result with its 95 % interval
over seeds, beside the paper's number. Here are those of Table 1 on MNIST at scale ``quick``, which
is 1,000 updates where the paper has 500,000: the heights are not comparable, the directions are.
"""

import matplotlib.pyplot as plt
import sgbench

found = sgbench.verdicts(
    "table1", "quick", where={"dataset": "mnist", "network": "fcn"}, published=True
)
places = found.query("kind == 'place' and in_table and n > 0").sort_values("depth")

fig, ours = plt.subplots(figsize=(6.4, 4), layout="constrained")
for rule, some in places.groupby("rule"):
    error = [some.estimate - some.low95, some.high95 - some.estimate]
    lines = ours.errorbar(some.depth, some.estimate, error, marker="o", capsize=3, label=rule)
    ours.plot(some.depth, some.paper, "x--", color=lines[0].get_color(), alpha=0.6)
ours.plot([], [], "x--", color="gray", label="the paper, 500,000 updates")
ours.set(xlabel="layers", ylabel="test error, %", xticks=[3, 4, 5, 6], ylim=(0, None))
ours.legend(frameon=False)
plt.show()

# %%
# The claim itself, as the paper's table makes it, is a row of the same frame: the slope of the
# error over depth, seed by seed, tested one-sided and adjusted for all claims of the exhibit
# (Holm).

claims = found.query("kind == 'claim' and claim == 'dni-grows' and n > 0")
claims[["verdict", "estimate", "low95", "high95", "p", "n", "measure"]].T
