"""Mistakes that a gate on correctness has to catch, each a change of a checkout's code.

Every one is a mistake that public DNI code has made, or one of the kind.
"""

from planted.checkouts import plant


def not_bootstrapped(folder):
    """M's targets are the true gradients of the whole loss."""
    plant(
        folder,
        "bench/rules/dni.py",
        ("    h, learn_below = x, None\n", "    h, chain = x, []\n"),
        (
            "        if learn_below is None:\n"
            "            pullback(delta, need_input=False)\n"
            "        else:\n"
            "            learn_below(pullback(delta))\n"
            "        learn_below = learn\n",
            "        chain.append((pullback, learn, delta))\n",
        ),
        (
            "    if learn_below is not None:\n        learn_below(target)\n",
            "    for pullback, learn, delta in reversed(chain):\n"
            "        learn(target)\n"
            "        target = pullback(target)\n"
            "        pullback(delta)\n",
        ),
    )


def label_leak(folder):
    """DNI's M sees the label, as only cDNI's may."""
    plant(folder, "bench/rules/dni.py", ('model="M",', 'model="M with label",'))


def batch_norm_in_eval_mode(folder):
    """Training normalises by the running statistics."""
    plant(
        folder,
        "bench/nn/dense.py",
        (
            "        h = (normal * self.gamma).add_(self.beta)\n",
            "        rstd = (self.variance + EPSILON).rsqrt()\n"
            "        normal = (x - self.mean) * rstd\n"
            "        h = (normal * self.gamma).add_(self.beta)\n",
        ),
    )


def no_drop(folder):
    """The learning rate never drops."""
    plant(folder, "bench/nn/adam.py", ("    drops = sum(", "    drops = 0 * sum("))


def seeds_unpaired(folder):
    """Weights and data order are drawn anew."""
    plant(folder, "bench/nn/seeding.py", ("{seed}/{purpose}", "{seed + 9}/{purpose}"))


PLANTED = (not_bootstrapped, label_leak, batch_norm_in_eval_mode, no_drop, seeds_unpaired)


def rounding(folder):
    """No mistake: the products are rounded otherwise."""
    plant(
        folder,
        "bench/nn/dense.py",
        (
            "        y = stacked(self.arithmetic.product(weight, seen))\n",
            "        y = stacked(self.arithmetic.product(weight * (1 / 3), seen)) * 3\n",
        ),
    )


def late(folder):
    """A mistake that the first updates do not show: the rate grows in the end."""
    plant(
        folder,
        "bench/nn/adam.py",
        (
            "    return [c.learning_rate * c",
            "    return [(1 + 99 * (iteration > 50)) * c.learning_rate * c",
        ),
    )
