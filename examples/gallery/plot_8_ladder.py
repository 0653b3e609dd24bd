"""
What does giving up the backward pass cost?
===========================================

The exhibit ``beyond`` trains the same networks by every rule of the suite. Four of its cells are a
ladder from backprop to layers that get no gradient from above: each rung changes one thing. Here
they are trained on scikit-learn's digits, one seed and ten passes a rung: enough to see the ladder,
not enough to tell its rungs apart.
"""

import matplotlib.pyplot as plt
import seaborn as sns
import sgbench

rules = ["backprop", "deep_supervision", "local_pred"]
rungs = {"network": "fcn", "depth": 6, "patience": None, "rule": rules}
asked = {"where": rungs, "set": {"iterations": "10 epochs"}, "seeds": 1}
records = sgbench.run("beyond", **asked, jobs=1, progress=False)

tidy = sgbench.curves(records, ["error"]).astype({"iteration": float, "value": float})
heads = tidy["top_weight"].eq(0).fillna(False).astype(bool)  # others have no such field
tidy["rung"] = tidy["rule"].mask(heads, "deep_supervision, heads alone")
fig, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
sns.lineplot(tidy, x="iteration", y="value", hue="rung", marker="o", ax=axes)
axes.set(ylim=(0, None), xlabel="updates", ylabel="test error, %")
plt.show()
