"""How people name a machine's devices: ``e1000:mac=52-54-00-12-34-56,edu`` of ``qemu:…``.

Used by the machines whose devices take any option. A comma separates devices; a colon separates a
device's name from its options, and these from one another. A part between colons that has no ``=``
belongs to the value before it, so that Ethernet addresses may keep their colons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rumphost.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class DeviceName:
    """One device: its ``name`` and its ``options`` in the order in which they were written."""

    name: str
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return ":".join([self.name, *(f"{key}={value}" for key, value in self.options.items())])


def parse_devices(text: str) -> list[DeviceName]:
    """Return the devices that ``text`` names, none for an empty text; raises ``UsageError``."""
    return [_parse_device(part) for part in text.split(",")] if text.strip() else []


def _parse_device(text: str) -> DeviceName:
    name, *parts = text.strip().split(":")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{text!r} names no device: write name or name:option=value")
    options: dict[str, str] = {}
    key = ""
    for part in parts:
        before, equals, value = part.partition("=")
        if equals and before:
            key = before
            if key in options:
                raise UsageError(f"{text!r}: {key} is given twice")
            options[key] = value
        elif key and not equals:
            options[key] += f":{part}"
        else:
            raise UsageError(f"{text!r}: {part!r} is no option: write option=value")
    return DeviceName(name, options)


def ethernet_address(text: str) -> str:
    """Return an Ethernet address as ``52:54:00:12:34:56``; it may be written with hyphens."""
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6 or not all(re.fullmatch("[0-9A-Fa-f]{1,2}", part) for part in parts):
        raise UsageError(f"{text!r} is no Ethernet address: write it as 52:54:00:12:34:56")
    return ":".join(f"{int(part, 16):02x}" for part in parts)
