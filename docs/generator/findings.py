"""Numbers in sentences that take a computation of their own, by name.

    <!-- n: NAME -->0.36<!-- /n -->

Add a function without arguments that returns the text, and its name to `NAMED`.
"""

from collections.abc import Callable, Mapping

NAMED: Mapping[str, Callable[[], str]] = {}
