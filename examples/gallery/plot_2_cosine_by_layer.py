"""
Do synthetic gradients point the way of the true ones?
======================================================

Each hidden layer has a model M that predicts the gradient at the layer's output. While a cell
trains, the cosine of M's prediction and the true gradient is recorded, layer by layer;
:func:`sgbench.curves` gives it as a tidy frame, a row a reading.
"""

import matplotlib.pyplot as plt
import seaborn as sns
import sgbench

records = sgbench.load_records(published=True)
deep = records.query(
    "exhibit == 'table1' and scale == 'quick' and dataset == 'mnist' and depth == 6"
    " and ((rule == 'dni' and sg_layers == 2) or (rule == 'cdni' and sg_layers == 0))"
)
cosine = sgbench.curves(deep, "sg_cosine")

grid = sns.relplot(
    cosine.astype({"value": float, "iteration": int, "layer": str}),
    x="iteration",
    y="value",
    hue="layer",
    col="rule",
    kind="line",
    units="seed",
    estimator=None,
    palette="viridis",
    height=3.6,
    aspect=1.1,
)
grid.set_axis_labels("updates", "cosine with the true gradient")
for ax in grid.axes.flat:
    ax.axhline(0, color="gray", lw=0.8)
plt.show()

# %%
# A line a seed, layer 1 at the bottom. cDNI's M, which sees the label, aligns layer by layer from
# the top down, because each M learns from the one above. DNI's hardly does in so few updates, at
# any layer. At the last reading:

last = cosine[cosine.iteration == cosine.iteration.max()]
last.pivot_table(index="rule", columns="layer", values="value").round(2)
