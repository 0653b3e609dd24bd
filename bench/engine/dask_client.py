"""A connection to a dask scheduler at an address. Free of torch, so that a slip is told at once.

The scheduler's peers exchange pickles: whoever can reach it can run code on all of them.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Generator
from typing import Any

from ..errors import UsageError

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):([0-9]{1,5})/?")
PATIENCE_SECONDS = 10.0  # for a scheduler to answer
COUNT_SECONDS = 0.5  # between looks at who is there
RETRIES = 3  # times that a job is done again whose worker died


class SchedulerLostError(UsageError):
    """The scheduler went away during a run."""

    def __init__(self) -> None:
        super().__init__("the dask scheduler went away; start it again, the same command goes on")


class WorkerList:
    """The workers that a scheduler knows."""

    def __init__(self, client: Any) -> None:
        self.client, self._asked = client, -COUNT_SECONDS
        self._there: tuple[str, ...] = ()

    def present(self) -> tuple[str, ...]:
        """Return the workers' addresses, asking anew twice a second. Raises SchedulerLostError."""
        if time.monotonic() - self._asked >= COUNT_SECONDS:
            try:
                self._there = tuple(self.client.nthreads())
            except (OSError, TimeoutError, RuntimeError) as error:
                raise SchedulerLostError from error
            self._asked = time.monotonic()
        return self._there


@contextlib.contextmanager
def connected(address: str) -> Generator[Any]:
    """Yield a client of the scheduler at `address`.

    Raises UsageError where that is no address, or no scheduler answers.
    """
    match = ADDRESS.fullmatch(address)
    if match is None or int(match[3]) > 65535:
        raise UsageError(
            f"--scheduler {address!r} is no address; write tcp://HOST:PORT, as `dask scheduler`"
            " prints it"
        )
    from distributed import Client
    from distributed.security import Security

    if match[1] == "tls" and not Security().get_connection_args("client").get("ssl_context"):
        raise UsageError(
            f"--scheduler {address}: dask's configuration names no certificates"
            " (distributed.comm.tls); give it some, or use tcp://"
        )
    try:
        with _quiet():
            kind = asyncio.run(_kind(address))
    except Exception as error:  # what is no scheduler may answer anything
        first = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"--scheduler {address}: no scheduler answers there ({first:.120});"
            " start one with `dask scheduler`"
        ) from error
    if kind != "Scheduler":
        raise UsageError(f"--scheduler {address}: there is a {kind}; give its scheduler's address")
    client: Any = Client(address, timeout=PATIENCE_SECONDS, set_as_default=False)
    with _quiet(), client:
        yield client


async def _kind(address: str) -> str:
    """Return what answers at an address. Raises whatever comes of one that does not."""
    from distributed.core import rpc
    from distributed.security import Security

    security: Any = Security()
    arguments = security.get_connection_args("client")
    there: Any = rpc(address, timeout=PATIENCE_SECONDS, connection_args=arguments)
    async with there:
        return (await asyncio.wait_for(there.identity(), PATIENCE_SECONDS))["type"]


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """Keep off stderr what dask, tornado and asyncio say of a scheduler or workers that go.

    Ours is said; several of their loggers have levels of their own.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
