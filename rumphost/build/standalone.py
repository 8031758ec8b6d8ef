"""Derives from a driver's C source what config(5) files would say of it.

Called by :mod:`rumphost.build.builder` for ``rumphost build path/foo.c`` when no files.* file
describes the source: its CFATTACH_DECL names the attachment, its attach arguments the bus.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.build.config.expression import Name
from rumphost.build.config.lexer import Place
from rumphost.build.config.model import Attachment, Attribute, Config, Device, SourceFile
from rumphost.errors import BuildError, UsageError

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_ATTACH = re.compile(r"\bCFATTACH_DECL[23]?(?:_NEW)?\s*\(\s*(\w+)")
_DRIVER = re.compile(r"^CFDRIVER_DECL\s*\(\s*(\w+)", re.MULTILINE)
_EXTERN = re.compile(r"\bextern\s+struct\s+cfdriver\s+(\w+)_cd\b")
_ARGUMENTS = re.compile(r"\bstruct\s+(\w+_attach_args?)\b")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
_BUSES = {
    "pci_attach_args": "pci",
    "isa_attach_args": "isa",
    "i2c_attach_args": "iic",
    "usb_attach_arg": "usbdevif",
    "usbif_attach_arg": "usbifif",
    "mii_attach_args": "mii",
    "pcmcia_attach_args": "pcmcia",
    "cardbus_attach_args": "cardbus",
    "virtio_attach_args": "virtio",
}
_CLASSES = (
    (re.compile(r"\b(?:if_attach|if_initialize)\s*\("), "ifnet"),
    (re.compile(r"\b(?:disk_attach|dk_attach|ldattach)\s*\("), "disk"),
    (re.compile(r"\baudio_attach_mi\s*\("), "audiodev"),
)


@dataclass(frozen=True)
class Scan:
    """What a source says of itself."""

    path: Path
    attachments: tuple[tuple[str, int], ...]
    """Names, with the line of each CFATTACH_DECL."""
    drivers: tuple[str, ...]
    """Names of the CFDRIVER_DECLs."""
    cfdrivers: tuple[str, ...]
    """Names of the struct cfdriver that it refers to."""
    buses: tuple[str, ...]
    device_class: str | None
    includes: tuple[str, ...]


def scan(path: Path) -> Scan:
    """Read a C source; raises UsageError when it cannot be read."""
    try:
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    plain = _COMMENT.sub(lambda match: "\n" * match[0].count("\n") or " ", text)
    attachments = tuple(
        (match[1], plain.count("\n", 0, match.start()) + 1) for match in _ATTACH.finditer(plain)
    )
    arguments = dict.fromkeys(_ARGUMENTS.findall(plain))
    return Scan(
        path=path,
        attachments=attachments,
        drivers=tuple(_DRIVER.findall(plain)),
        cfdrivers=tuple(dict.fromkeys(_EXTERN.findall(plain))),
        buses=tuple(_BUSES[name] for name in arguments if name in _BUSES),
        device_class=next((name for sign, name in _CLASSES if sign.search(plain)), None),
        includes=tuple(_INCLUDE.findall(plain)),
    )


def describe(config: Config, scans: Sequence[Scan]) -> list[str]:
    """Add to ``config`` what the sources say; return the names of the devices to close over."""
    devices: list[str] = []
    for one in scans:
        for attachment, line in one.attachments:
            devices.append(_describe_attachment(config, one, attachment, line))
    if not devices:
        named = ", ".join(str(one.path) for one in scans)
        raise UsageError(f"{named}: no CFATTACH_DECL: this is no driver, or files.* must name one")
    for one in scans:
        _replace(config, one.path, devices)
        config.sources.append(
            SourceFile(
                path=str(one.path),
                condition=Name(devices[0]),
                needs_count=False,
                needs_flag=False,
                roots=(Path("/"),),
                place=Place(one.path, 1),
            )
        )
    return list(dict.fromkeys(devices))


def _replace(config: Config, path: Path, devices: Sequence[str]) -> None:
    """Drop what a known driver's source of this name, or else all of it, would have been.

    So that a changed copy of one source is built with the rest of its driver.
    """
    conditions = {Name(device) for device in devices}
    own = [source for source in config.sources if source.condition in conditions]
    same = [source for source in own if Path(source.path).name == path.name]
    for source in same or [one for one in own if not Path(one.path).is_absolute()]:
        config.sources.remove(source)


def _describe_attachment(config: Config, one: Scan, attachment: str, line: int) -> str:
    place = Place(one.path, line)
    device = _device_name(one, attachment)
    if attachment in config.attachments:
        return device
    if not one.buses:
        known = ", ".join(sorted(set(_BUSES.values())))
        raise BuildError(
            f"{place}: cannot tell which bus {attachment} attaches to (known by their attach "
            f"arguments: {known}); say so in a files.* file beside it"
        )
    if device not in config.devices:
        depends = (one.device_class,) if one.device_class else ()
        config.devices[device] = Device(device, place)
        config.attributes.setdefault(device, Attribute(device, place, None, depends))
    made = Attachment(device, attachment, one.buses[:1], (), place)
    config.attachments[attachment] = made
    config.attributes.setdefault(attachment, Attribute(attachment, place))
    config.devices[device].attachments.append(made)
    return device


def _device_name(one: Scan, attachment: str) -> str:
    """``foo`` for ``foo_pci`` when a struct cfdriver foo_cd or the bus's name says so."""
    for name in (*one.drivers, *one.cfdrivers):
        if attachment == name or attachment.startswith(f"{name}_"):
            return name
    for bus in one.buses:
        if attachment.endswith(f"_{bus}"):
            return attachment.removesuffix(f"_{bus}")
    return attachment
