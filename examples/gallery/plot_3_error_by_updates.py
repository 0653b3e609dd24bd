"""
Is it the number of updates that counts?
========================================

In the exhibit ``p_update`` a layer is updated at a step only with probability p_update, on its
own. Does a layer that is updated at every fifth step do worse, or is it only later? Here the error
stands against the updates that a layer has done, instead of the steps of the network.
"""

import matplotlib.pyplot as plt
import seaborn as sns
import sgbench

records = sgbench.load_records(published=True)
chosen = records.query(
    "exhibit == 'p_update' and rule == 'dni' and p_update in [0.075, 0.2, 0.5, 1.0]"
)

tidy = sgbench.curves(chosen, ["error", "updates"])
key = ["id", "decoupled", "p_update", "seed", "iteration"]
by_reading = tidy.groupby([*key, "metric"]).value.mean().unstack("metric").reset_index()

grid = sns.relplot(
    by_reading.astype({"updates": float, "error": float}),
    x="updates",
    y="error",
    hue="p_update",
    col="decoupled",
    kind="line",
    units="seed",
    estimator=None,
    palette="viridis_r",
    legend="full",
    height=3.6,
    aspect=1.1,
)
grid.set(xscale="log", yscale="log").set_axis_labels("updates of a layer (mean)", "test error, %")
plt.show()

# %%
# ``update``: all layers run forward always, and the lines lie close together until the learning
# rate drops, near the end of each. ``both``: an idle layer does not run at all, and the layer
# above it gets a predicted input; the fewer layers run, the more updates it takes.
