"""
How do I train something from Python?
=====================================

:func:`sgbench.run` is ``sgbench run``: it trains what the store does not have yet and returns the
records. Scikit-learn's digits need no download; the cells here are Table 1's with 3 layers, cut to
300 updates, which makes them cells of scale ``custom``.
"""

import sgbench

asked = {
    "where": {
        "network": "fcn",
        "depth": 3,
        "rule": ["no_bprop", "backprop", "dni"],
        "sg_layers": [None, 1],  # DNI's M with one hidden layer; the others have no M
    },
    "set": {"iterations": 300},
    "seeds": 2,
}
records = sgbench.run("table1", **asked, jobs=1, progress=False)
records.pivot_table(index="rule", columns="seed", values="test_error")

# %%
# The same call again trains nothing: all is done. In a script it goes on where it was interrupted.

again = sgbench.run("table1", **asked, jobs=1, progress=False)
assert again.id.tolist() == records.id.tolist()
