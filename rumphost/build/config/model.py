"""What the config(5) files of a tree describe: attributes, devices, sources, options.

Filled by :mod:`rumphost.build.config.parser`, read by the closure, the generated headers and the
list of drivers.  Words are config(5)'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rumphost.build.config.expression import Expression
from rumphost.build.config.lexer import Place


@dataclass(frozen=True)
class Locator:
    """One locator of an interface attribute; ``default`` is C text, None if it has none."""

    name: str
    default: str | None


@dataclass
class Attribute:
    """An attribute; one with ``locators`` (perhaps none of them) is an interface attribute.

    ``provided`` says that the host itself stands for it: its files are not compiled.
    ``explicit`` is false for what an option or a ``machine`` statement implies.
    """

    name: str
    place: Place
    locators: tuple[Locator, ...] | None = None
    depends: tuple[str, ...] = ()
    is_class: bool = False
    provided: bool = False
    explicit: bool = True


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
    description: str = ""
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True)
class SourceFile:
    """A ``file`` statement; ``path`` includes the prefix, ``roots`` are searched for it."""

    path: str
    condition: Expression | None
    needs_count: bool
    needs_flag: bool
    rule: str | None
    roots: tuple[Path, ...]
    place: Place

    def resolve(self) -> Path | None:
        """The file itself, or None when it is in none of the roots."""
        for root in self.roots:
            candidate = root / self.path
            if candidate.is_file():
                return candidate
        return None


@dataclass(frozen=True)
class OptionDefinition:
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

    ``unit`` is None for a wildcard, as is ``parent_unit``; a locator's value None is a ``?``.
    """

    device: str
    unit: int | None
    parent: str
    parent_unit: int | None
    locators: tuple[tuple[str, str | None], ...]
    flags: int
    place: Place
    from_host: bool


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
    options: dict[str, OptionDefinition] = field(default_factory=dict)
    obsolete: dict[str, OptionDefinition] = field(default_factory=dict)
    settings: dict[str, str | None] = field(default_factory=dict)
    selected: list[tuple[str, Place]] = field(default_factory=list)
    pseudo_devices: dict[str, int] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    make_options: list[MakeOption] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    version: int = 0

    def depends_of(self, name: str) -> tuple[str, ...]:
        """What an attribute or an option needs, as written."""
        if name in self.attributes:
            return self.attributes[name].depends
        return self.options[name].depends if name in self.options else ()

    def transitive(self, names: tuple[str, ...]) -> set[str]:
        """The names and all that they need, down to and with what the host provides."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            attribute = self.attributes.get(name)
            if attribute is None or not attribute.provided:
                waiting.extend(self.depends_of(name))
        return found

    def interfaces(self, names: set[str]) -> set[str]:
        """Those of the names that are interface attributes."""
        return {
            name
            for name in names
            if name in self.attributes and self.attributes[name].locators is not None
        }

    def is_provided(self, name: str) -> bool:
        """Whether the host stands for this attribute."""
        return name in self.attributes and self.attributes[name].provided
