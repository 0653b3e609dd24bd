"""The registry: finds rules, datasets, networks and families by name.

Each kind has a folder of the package, and each module in it is one named thing. Rules and datasets
also come from installed packages (an entry point each) and from files (`add_file`); a name of the
package cannot be taken by another. A module is imported when it is first asked for, so one that
does not import stops only what uses it. This is the one place that imports modules by name.
"""

import functools
import importlib
import importlib.metadata
import keyword
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from .contract import Rule, checked_rule
from .declarations import Dataset, FamilyDeclaration, checked_dataset, checked_family
from .errors import UsageError, did_you_mean
from .source_files import ExternalFile, executed, hash_of_module, imported, is_package


class Labelled(Protocol):
    """A declaration: it has at least a label."""

    @property
    def label(self) -> str:
        """How tables and messages write it."""
        ...


D = TypeVar("D", bound=Labelled)


class Registry(Generic[D]):
    """The named things of one kind.

    Args:
        kind: what one is called in messages.
        folder: the sub-package of `bench` whose modules they are.
        checked: takes a name and its module and returns the declaration, or raises UsageError.
        group: the entry-point group of installed packages that bring more; None for none.
        readers: by suffix, the module of `bench` whose `read(name, path, text)` makes a module of
            a file that is no Python.
        packages: whether its things are packages, rather than modules.
    """

    def __init__(
        self,
        kind: str,
        folder: str,
        checked: Callable[[str, Any], D],
        *,
        group: str | None = None,
        readers: Mapping[str, str] | None = None,
        packages: bool = False,
    ) -> None:
        self.kind, self.group, self._packages = kind, group, packages
        self._package, self._checked = f"{__package__}.{folder}", checked
        self._readers = dict(readers or {})
        self._files: dict[str, tuple[ExternalFile, Any]] = {}
        self._declared: dict[str, D] = {}
        self._names: tuple[str, ...] | None = None
        self.generation = 0
        """Number of times that a file was added or removed."""

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted; nothing is imported."""
        if self._names is None:
            self._names = tuple(sorted({*self._builtin, *self._installed(), *self._files}))
        return self._names

    @functools.cached_property
    def _builtin(self) -> tuple[str, ...]:
        path = importlib.import_module(self._package).__path__
        things = (info for info in pkgutil.iter_modules(path) if info.ispkg == self._packages)
        return tuple(sorted(info.name for info in things if not info.name.startswith("_")))

    def builtin_names(self) -> tuple[str, ...]:
        """Return the builtin names, those of the package itself, sorted."""
        return self._builtin

    def external_files(self) -> tuple[ExternalFile, ...]:
        """Return the files that were added, in order."""
        return tuple(source for source, _ in self._files.values())

    def declared(self, name: str) -> D:
        """Return the validated declaration of `name`.

        Raises UsageError where there is none of that name, its module does not import, or its
        declaration is not as it should be.
        """
        if name not in self._declared:
            self._declared[name] = self._checked(name, self.module(name))
        return self._declared[name]

    def label(self, name: str) -> str:
        """Return the label of `name`, and the name too where another has that label already."""
        label = self.declared(name).label
        if name in self._builtin:
            return label
        taken = any(d.label == label for other, d in self.loadable() if other != name)
        return f"{label} ({name})" if taken else label

    def loadable(self) -> Iterator[tuple[str, D]]:
        """Yield the names and declarations of all that can be loaded.

        For suggestions and look-ups by hyperparameter: one that is broken is an error where it is
        used, and nowhere else.
        """
        for name in self.names():
            try:
                yield name, self.declared(name)
            except UsageError:
                continue

    def module(self, name: str) -> Any:
        """Return the module of `name`; UsageError where there is none or it does not import."""
        if name in self._files:
            return self._files[name][1]
        if name in self._builtin:
            return imported(f"{self._package}.{name}", f"{self.kind} {name}")
        entry = self._installed().get(name)
        if entry is None:
            raise UsageError(f"unknown {self.kind} {name!r}{did_you_mean(name, self.names())}")
        return imported(entry.module, f"{self.kind} {name} of {entry.value}")

    def source_hash(self, name: str) -> str | None:
        """Return the hash of the source of what is external; None for what is builtin."""
        if name in self._files:
            return self._files[name][0].hash
        if name in self._builtin:
            return None
        return hash_of_module(self.module(name))

    def add_file(self, path: str, option: str) -> str:
        """Add the thing in a file, named as the file is; return its name.

        Args:
            path: the file.
            option: the option that named it, for messages.

        Raises UsageError where the file cannot be read or does not import (with the line), its
        declaration is not as it should be, or its name is taken.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8-sig")  # some editors write a byte-order mark
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise UsageError(f"{option} {path}: {reason}; name a file that can be read") from None
        if file.suffix not in {".py", *self._readers}:
            known = " or ".join([".py", *self._readers])
            raise UsageError(f"{option} {path}: a {self.kind} of your own is a {known} file")
        source = ExternalFile(self.kind, file.stem, str(file.absolute()), text)
        try:
            self.add(source)
        except UsageError as error:
            raise UsageError(f"{option} {error}") from None
        return source.name

    def add(self, source: ExternalFile) -> None:
        """Add a file's content, as `add_file`; the same content twice is added once."""
        name, known = source.name, self._files.get(source.name)
        if known is not None and known[0].text == source.text:
            return
        if known is not None:
            raise UsageError(f"{source.path}: {self.kind} {name} is already {known[0].path}")
        self.check_name(name, source.path)
        reader = self._readers.get(Path(source.path).suffix)
        if reader is None:
            module: Any = executed(source)
        else:
            module = importlib.import_module(f"{__package__}.{reader}").read(
                name, source.path, source.text
            )
        try:
            declared = self._checked(name, module)
        except UsageError as error:
            raise UsageError(f"{source.path}: {error}") from None
        self._files[name], self._declared[name] = (source, module), declared
        self._changed()

    def check_name(self, name: str, what: str) -> None:
        """Raise UsageError where nothing new can have that name: not a name, or taken.

        Args:
            name: the name.
            what: what has it, for the message.
        """
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
            raise UsageError(
                f"{what}: the name of a {self.kind} has small letters, digits and underscores, a"
                " letter first, and is no word of Python's own"
            )
        if is_package(name):
            raise UsageError(
                f"{what}: {name} is the name of a Python package, which the file would hide;"
                " choose another name"
            )
        if name in self._builtin:
            raise UsageError(
                f"{what}: {name} is a {self.kind} of sgbench's own; choose another name"
            )
        if name in self._installed():
            raise UsageError(
                f"{what}: an installed package has a {self.kind} {name}; choose another name"
            )

    def remove(self, name: str) -> None:
        """Forget a file that was added."""
        del self._files[name], self._declared[name]
        self._changed()

    def _changed(self) -> None:
        self.generation += 1
        self._names = None

    def _installed(self) -> dict[str, importlib.metadata.EntryPoint]:
        return {} if self.group is None else _entry_points(self.group, self.kind, self._builtin)


@functools.cache
def _entry_points(
    group: str, kind: str, own: tuple[str, ...]
) -> dict[str, importlib.metadata.EntryPoint]:
    found: dict[str, importlib.metadata.EntryPoint] = {}
    for entry in importlib.metadata.entry_points(group=group):
        other = found.get(entry.name)
        if entry.name in own or (other is not None and other.value != entry.value):
            taken = "sgbench's own" if entry.name in own else f"{other and other.value}'s"
            raise UsageError(
                f"{kind} {entry.name} of {entry.value}: the name is {taken}; uninstall the package"
                f" that brings it (entry point {group})"
            )
        found[entry.name] = entry
    return found


def _rule(name: str, module: Any) -> Rule:
    """Return the declaration of a rule, whose networks are ones of its families."""
    rule = checked_rule(name, module)
    for network in rule.networks:
        known = [one for one, family in families_of_networks().items() if family in rule.families]
        if network not in known:
            words = did_you_mean(network, known)
            raise UsageError(f"rule {name}: RULE.networks has {network!r}{words}")
    return rule


RULES: Registry[Rule] = Registry("rule", "rules", _rule, group="sgbench.rules")
DATASETS: Registry[Dataset] = Registry(
    "dataset",
    "datasets",
    checked_dataset,
    group="sgbench.datasets",
    readers={".toml": "datasets.loading.described"},
)
FAMILIES: Registry[FamilyDeclaration] = Registry(
    "family", "families", checked_family, packages=True
)


@functools.cache
def families_of_networks() -> dict[str, str]:
    """Return the family of each network, by the networks' names, sorted."""
    found = {n: name for name, family in FAMILIES.loadable() for n in family.networks}
    return dict(sorted(found.items()))


def family_of(network: str) -> FamilyDeclaration:
    """Return the family that the network belongs to; UsageError where there is no such network."""
    known = families_of_networks()
    if network not in known:
        raise UsageError(f"unknown network {network!r}{did_you_mean(network, known)}")
    return FAMILIES.declared(known[network])


def rules_of(family: str) -> tuple[str, ...]:
    """Return the names of the rules that train the networks of `family`."""
    return tuple(name for name, rule in RULES.loadable() if family in rule.families)


def network_module(network: str) -> Any:
    """Return the module of a network's architecture; it may import torch."""
    family_of(network)
    return importlib.import_module(f"{__package__}.networks.{network}")


def external_files() -> tuple[ExternalFile, ...]:
    """Return all files that were added: what workers elsewhere need too."""
    return (*RULES.external_files(), *DATASETS.external_files())


def add_all(files: tuple[ExternalFile, ...]) -> None:
    """Add files that another process has, in place of other versions of them."""
    for source in files:
        registry = {"rule": RULES, "dataset": DATASETS}[source.kind]
        if any(old.name == source.name and old != source for old in registry.external_files()):
            registry.remove(source.name)  # of an earlier run, before the file was changed
        registry.add(source)
