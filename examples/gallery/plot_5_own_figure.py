"""
How do I make a figure of my own?
=================================

:func:`sgbench.load_records` gives a DataFrame, a row a trained cell, so any plotting library will
do. Here it is BP(λ): each layer learns from λ times the gradient that comes down from the layer
above, and 1 − λ times what its M predicts.
"""

import matplotlib.pyplot as plt
import sgbench

records = sgbench.load_records(published=True)
chosen = records.query(
    "exhibit == 'bp_lambda' and depth == 6 and status == 'ok' and scale == 'quick'"
)

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
points = ax.scatter(
    chosen.bp_lambda.astype(float),
    chosen.test_error.astype(float),
    c=chosen.seed.astype(int),
    cmap="viridis",
    s=40,
)
means = chosen.groupby("bp_lambda").test_error.mean()
ax.plot(means.index.astype(float), means.astype(float), color="gray", zorder=0)
ax.set(
    xlabel="λ: from synthetic gradients (0) to backprop (1)",
    ylabel="test error, %",
    title="BP(λ) on MNIST, 6 layers, 1,000 updates",
    ylim=(0, None),
)
ax.legend(*points.legend_elements(), title="seed", frameon=False)
plt.show()

# %%
# Every column is described by :func:`sgbench.columns`.

sgbench.columns("records").loc[["bp_lambda", "test_error", "train_seconds", "machine_class"]]
