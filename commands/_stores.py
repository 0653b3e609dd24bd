"""Stores as verbs open them, and what is said of them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..bench.errors import UsageError, one_line
from ..bench.paths import path_argument
from ._external_files import external_file_words
from ._options import STORE

if TYPE_CHECKING:
    from ..results.files.json_store import JsonStore
    from ..results.record import Record
    from ..results.store.store import Store


def open_store(path: str) -> "Store":
    """Return the store of --store for a verb that writes; it need not exist yet."""
    from ..results.store.store import Store

    return Store(path_argument(path, "--store"))


def open_source(path: str, published: bool = False, *, required: bool = True) -> "Store":
    """Return the store that a verb reads.

    Args:
        path: the value of --store.
        published: whether --published is given, which excludes --store.
        required: whether a store that was not named on the command line must exist, too.

    Raises UsageError where there is no store.
    """
    from ..results.store.published import open_published
    from ..results.store.store import Store

    context = click.get_current_context()
    told = context.get_parameter_source("store") is ParameterSource.COMMANDLINE
    if published and told:
        raise UsageError("--published and --store exclude each other: give one of them")
    if published:
        return open_published()
    folder = path_argument(path, "--store")
    return Store.existing(folder) if required or told else Store(folder)


def store_words(store: "Store") -> list[str]:
    """Return the options that another command needs to read this store as this command does.

    There are none for the usual store, nor for files that the environment names.
    """
    files = external_file_words(click.get_current_context())
    if store.read_only:
        return ["--published", *files]
    usual = str(store.path) == os.environ.get("SGBENCH_STORE", STORE)
    return files if usual else ["--store", str(store.path), *files]


def warn(store: "JsonStore[Any]") -> None:
    """Say what in the store was not usable, each once."""
    while store.warnings:
        click.echo(f"sgbench: warning: {one_line(store.warnings.pop(0))}", err=True)


def stored_records(
    source: "Store", where: Sequence[str] = (), *, known: bool = False
) -> "list[Record]":
    """Return the records of a store, of the cells that --where picks; warn of unusable files.

    With `known`, and where --where is given, records whose rule or dataset is not registered are
    left out, and the warning says how many.
    """
    records = list(source.scan_known() if known or where else source.scan())
    warn(source)
    if not where:
        return records
    from ..reproductions.exhibits.where import parse_where, select_records

    return select_records(records, parse_where(where))
