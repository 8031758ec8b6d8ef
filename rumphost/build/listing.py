"""The list of drivers: what there is to build, where it attaches, what it consists of.

Called by :class:`rumphost.build.builder.Builder` and the command line.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rumphost.build.config.lexer import Place
from rumphost.build.config.model import Config, Device
from rumphost.build.tree import Sources


@dataclass(frozen=True)
class DriverInfo:
    """One device of the config(5) files that attaches somewhere."""

    name: str
    description: str
    """The comment above its definition, on one line; "" if there is none."""
    bus: tuple[str, ...]
    """The interface attributes that it attaches to."""
    attachments: tuple[str, ...]
    attributes: tuple[str, ...]
    """What it depends on, as written."""
    files: tuple[Path, ...]
    """Its own sources, relative to the tree: those whose condition names it or its attachments."""
    defined_at: Place
    attaches: bool
    """Whether it attaches to a bus that the host itself provides."""


def list_drivers(sys: Path | None = None) -> list[DriverInfo]:
    """Return every driver of a tree, or of rumphost's own; in the order of their names."""
    return drivers_of(Sources.find(sys).config())


def drivers_of(config: Config) -> list[DriverInfo]:
    """Return the drivers that a configuration describes, in the order of their names."""
    files: dict[str, list[str]] = defaultdict(list)
    for source in config.sources:
        for name in source.condition.names() if source.condition is not None else ():
            if source.path not in files[name]:
                files[name].append(source.path)
    comments: dict[Path, list[str]] = {}
    return [
        _info(config, device, files, comments)
        for device in sorted(config.devices.values(), key=lambda one: one.name)
        if device.attachments and device.name not in config.provided
    ]


def _info(
    config: Config, device: Device, files: dict[str, list[str]], texts: dict[Path, list[str]]
) -> DriverInfo:
    names = [device.name, *(one.name for one in device.attachments if one.name != device.name)]
    buses = dict.fromkeys(bus for one in device.attachments for bus in one.at)
    own = dict.fromkeys(path for name in names for path in files.get(name, ()))
    return DriverInfo(
        name=device.name,
        description=_comment_above(device.place, texts),
        bus=tuple(buses),
        attachments=tuple(one.name for one in device.attachments),
        attributes=config.depends_of(device.name),
        files=tuple(Path(path) for path in own),
        defined_at=device.place,
        attaches=any(bus in config.provided for bus in buses),
    )


def _comment_above(place: Place, texts: dict[Path, list[str]]) -> str:
    """Return the comment block that ends on the line before ``place``."""
    lines = texts.get(place.path)
    if lines is None:
        try:
            lines = place.path.read_text(encoding="latin-1").splitlines()
        except OSError:
            lines = []
        texts[place.path] = lines
    found: list[str] = []
    for line in reversed(lines[: place.line - 1]):
        if not line.startswith("#"):
            break
        found.insert(0, line.lstrip("# \t").rstrip())
    text = " ".join(part for part in found if part)
    return text if any(sign.isalpha() for sign in text) and "$NetBSD" not in text else ""
