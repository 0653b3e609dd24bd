"""When a level of a generated task is solved: the windows over which its bits are averaged."""

from typing import NamedTuple


class Windows(NamedTuple):
    """The windows of a level, one after another, in steps since the level began."""

    first: int
    """Step at which the first window begins."""
    steps: int
    """Length of a window, in steps of every stream."""

    def ends(self, since: int) -> bool:
        """Tell whether a window ends after so many steps of the level."""
        return since > self.first and (since - self.first) % self.steps == 0


def windows(episode: int, T: int, least: int) -> Windows:
    """Return the windows of a level whose episodes have so many steps.

    The first begins one episode after the level did: the streams begin one after another, and from
    then on they are spread evenly over an episode. A window is of whole episodes, so that every
    answer counts as often as any other. Both are rounded up to whole unrolls.

    Args:
        episode: steps of an episode.
        T: steps of an unroll.
        least: steps of a window at least (`solve_window`).
    """
    whole = _up(least, episode)
    return Windows(_up(episode, T), _up(whole, T))


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
