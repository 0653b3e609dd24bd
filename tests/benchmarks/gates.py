"""Many gates at once: sessions by a noise model or resampled from a recording, and their verdicts.

The verdicts are those of `results.sequential.decide`, for arrays; a test holds them together.
"""

import numpy as np
from sgbench.results.statistics import wilcoxon

CANDIDATE = {"ABBA": [0, 1, 1, 0], "BAAB": [1, 0, 0, 1]}  # whose turn it is
ORDERS = ("ABBA", "BAAB")
PASS, REGRESSION, INCONCLUSIVE = 0, 1, 2


def simulated(rng, model, plan, gates, benchmarks, slowdown):
    """Return the sessions' log ratios [gates, benchmarks, sessions] of a slowed candidate.

    A session has the least blocks, as those of a program have whose steps are long.
    """
    shape = (gates, benchmarks, plan.sessions, plan.least_blocks)
    noise = model(rng, shape)
    orders = [CANDIDATE[ORDERS[n % 2]] for n in range(plan.least_blocks)]
    whose = np.array(orders, bool)
    seconds = np.exp(np.where(whose, noise[..., 1], noise[..., 0]))
    candidate = np.where(whose, seconds, 0).sum(-1)
    baseline = np.where(whose, 0, seconds).sum(-1)
    return np.log1p(slowdown) + np.median(np.log(candidate / baseline), axis=-1)


def resampled(rng, ratios, plan, gates, benchmarks, *, swapped=False):
    """Return [gates, benchmarks, sessions] from recorded `ratios`, of logarithms.

    `ratios` is [programs, sessions, blocks]; benchmarks go round the programs. Sessions are drawn
    with replacement, the same of all benchmarks of a gate (they share a machine), and blocks within
    a session anew for each. `swapped`: which of a drawn session's processes is called the candidate
    is a coin's, as it may be of identical builds; then a recording too short to be even is so.
    """
    programs, sessions, blocks = ratios.shape
    program = (np.arange(benchmarks) % programs)[None, :, None, None]
    session = rng.integers(sessions, size=(gates, 1, plan.sessions, 1))
    block = rng.integers(blocks, size=(gates, benchmarks, plan.sessions, plan.blocks))
    drawn = np.median(ratios[program, session, block], axis=-1)
    if swapped:
        drawn = drawn * rng.choice([-1, 1], size=(gates, 1, plan.sessions))
    return drawn + 1e-9 * rng.standard_normal(drawn.shape)  # no ties between equal draws


def verdicts(logs, plan):
    """Return the verdict and the sessions it took, of log ratios [..., sessions] without ties."""
    limit = np.log(plan.factor)
    regression, passing = plan.regression_levels(), plan.pass_levels()
    shape = logs.shape[:-1]
    logs = logs.reshape(-1, logs.shape[-1])
    verdict = np.full(len(logs), INCONCLUSIVE)
    taken = np.full(len(logs), plan.sessions)
    for n in range(1, plan.sessions + 1):
        open_ = np.flatnonzero(verdict == INCONCLUSIVE)
        seen = logs[open_, :n]
        beyond = np.median(seen, axis=1) > limit
        slower = beyond & (_p_greater(seen) <= regression[n - 1])
        below = ~beyond & (_p_greater(limit - seen) <= passing[n - 1])
        verdict[open_[slower]], verdict[open_[below]] = REGRESSION, PASS
        taken[open_[slower | below]] = n
    return verdict.reshape(shape), taken.reshape(shape)


def _p_greater(values):
    n = values.shape[1]
    ranks = np.abs(values).argsort(axis=1).argsort(axis=1) + 1
    return np.array(wilcoxon.tails(n))[np.where(values > 0, ranks, 0).sum(1)]
