"""What the config(5) files in force describe: attributes, devices, sources, options.

Filled by :mod:`rumphost.build.config.parser`, read by the closure, the generated headers and the
list of drivers.  Words are config(5)'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rumphost.build.config.expression import Expression, Name
from rumphost.build.config.lexer import Place

HOST = "rumphost"
"""The attribute whose dependencies are what the host itself provides; see files.rumphost."""


@dataclass(frozen=True)
class Locator:
    """One locator of an interface attribute; ``default`` is C text, None if it has none."""

    name: str
    default: str | None


@dataclass(frozen=True)
class Attribute:
    """An attribute; one with ``locators`` (perhaps none of them) is an interface attribute."""

    name: str
    place: Place
    locators: tuple[Locator, ...] | None = None
    depends: tuple[str, ...] = ()
    is_class: bool = False


@dataclass(frozen=True)
class Attachment:
    """``attach device at attributes with name``; the name defaults to the device's."""

    device: str
    name: str
    at: tuple[str, ...]
    depends: tuple[str, ...]
    place: Place


@dataclass
class Device:
    """A device or a pseudo-device; an attribute of the same name holds its dependencies."""

    name: str
    place: Place
    pseudo: bool = False
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True)
class SourceFile:
    """A ``file`` statement; ``path`` includes the prefix, ``roots`` are searched for it."""

    path: str
    condition: Expression | None
    needs_count: bool
    needs_flag: bool
    roots: tuple[Path, ...]
    place: Place

    def resolve(self) -> Path | None:
        """Return the file itself, or None when it is in none of the roots."""
        for root in self.roots:
            candidate = root / self.path
            if candidate.is_file():
                return candidate
        return None


@dataclass(frozen=True)
class Option:
    """``defflag`` or ``defparam``; ``header`` is the file in which the option appears."""

    name: str
    header: str
    is_parameter: bool
    default: str | None
    depends: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Instance:
    """``wm* at pci? dev ?``: device ``*`` means every device that can attach there.

    ``unit`` is None for a star, as is ``parent_unit``; a locator's value None is a ``?``.
    """

    device: str
    unit: int | None
    parent: str
    parent_unit: int | None
    locators: tuple[tuple[str, str | None], ...]
    flags: int
    place: Place


@dataclass(frozen=True)
class MakeOption:
    """``makeoptions condition VARIABLE+=value``."""

    condition: Expression | None
    variable: str
    append: bool
    value: str
    place: Place


@dataclass
class Config:
    """All that was read, in the order of reading."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    sources: list[SourceFile] = field(default_factory=list)
    objects: list[SourceFile] = field(default_factory=list)
    options: dict[str, Option] = field(default_factory=dict)
    obsolete: dict[str, Option] = field(default_factory=dict)
    file_systems: dict[str, Place] = field(default_factory=dict)
    majors: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    settings: dict[str, str | None] = field(default_factory=dict)
    selected: dict[str, Place] = field(default_factory=dict)
    pseudo_devices: dict[str, int] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    make_options: list[MakeOption] = field(default_factory=list)
    machine: tuple[str, ...] = ()
    max_partitions: int = 8
    max_users: tuple[int, int, int] | None = None
    version: int = 0
    files: list[Path] = field(default_factory=list)
    missing: list[tuple[Place, str]] = field(default_factory=list)
    """Includes that a partial tree does not have."""

    _by_name: dict[str, list[SourceFile]] = field(default_factory=dict, repr=False)
    _indexed: int = field(default=0, repr=False)

    def sources_of(self, name: str) -> list[SourceFile]:
        """Return the sources whose whole condition is this one name."""
        if self._indexed != len(self.sources):
            self._indexed = len(self.sources)
            self._by_name.clear()
            for source in self.sources:
                if isinstance(source.condition, Name):
                    self._by_name.setdefault(source.condition.name, []).append(source)
        return self._by_name.get(name, [])

    @property
    def provided(self) -> frozenset[str]:
        """The attributes that the host itself stands for; their files are not compiled."""
        host = self.attributes.get(HOST)
        return frozenset(host.depends) if host is not None else frozenset()

    def depends_of(self, name: str) -> tuple[str, ...]:
        """Return what an attribute, an attachment or an option needs, as written."""
        if name in self.attributes:
            return self.attributes[name].depends
        option = self.options.get(name) or self.options.get(name.upper())
        return option.depends if option is not None else ()

    def transitive(self, names: Iterable[str]) -> set[str]:
        """Return the names and all that they need, down to and with what the host provides."""
        provided = self.provided
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name not in provided:
                waiting.extend(self.depends_of(name))
        return found

    def interfaces(self, names: Iterable[str]) -> set[str]:
        """Return those of the names that are interface attributes."""
        attributes = self.attributes
        return {n for n in names if n in attributes and attributes[n].locators is not None}

    def device_class(self, device: str) -> str | None:
        """Return the device class that a device belongs to, such as ``ifnet``."""
        for name in sorted(self.transitive([device])):
            if name in self.attributes and self.attributes[name].is_class:
                return name
        return None

    def known(self, name: str) -> bool:
        """Return whether any statement defines this name for use in a condition."""
        return (
            name in self.attributes
            or name.upper() in self.options
            or name.upper() in self.file_systems
            or name in self.attachments
        )
