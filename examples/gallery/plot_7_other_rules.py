"""
Do hidden layers need to hear of one another?
=============================================

The exhibit ``local_loss`` trains one network by backprop and by rules that give every hidden layer
a loss of its own and pass no gradient down. Here it is trained on scikit-learn's digits, one seed
and ten epochs a rule: enough to see that all of them learn, not enough to rank them.
"""

import matplotlib.pyplot as plt
import seaborn as sns
import sgbench

asked = {"set": {"iterations": "10 epochs"}, "seeds": 1}
records = sgbench.run("local_loss", **asked, jobs=1, progress=False)

tidy = sgbench.curves(records, ["error"]).astype({"iteration": float, "value": float})
fig, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
sns.lineplot(tidy, x="iteration", y="value", hue="rule", marker="o", ax=axes)
axes.set(ylim=(0, None), xlabel="updates", ylabel="test error, %")
plt.show()

# %%
# The paper's numbers, of much longer training on MNIST, are in the exhibit whether they were rerun
# or not; ``verdict`` says which of them reproduce.

found = sgbench.verdicts("local_loss", "paper", published=True)
found.query("kind == 'place'")[["rule", "paper", "margin", "n", "estimate", "verdict"]]
