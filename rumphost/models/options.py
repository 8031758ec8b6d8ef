"""Options of models as text, such as ``mac=52:54:00:12:34:56``.

Used by ``rumphost.models.parse_models``. A model lists what it takes in ``OPTIONS``; the values are
keyword arguments of its constructor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rumphost.errors import UsageError


@dataclass(frozen=True)
class Option:
    """``convert`` turns text into the argument or raises ``ValueError`` with what is expected."""

    convert: Callable[[str], Any]
    help: str


def flag(text: str) -> bool:
    """Convert on/off, yes/no, true/false, 1/0."""
    words = {"on": True, "yes": True, "true": True, "1": True}
    words |= {"off": False, "no": False, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError("on or off")
    return words[text.lower()]


def number(text: str) -> int:
    """Convert a decimal or 0x number that is not negative."""
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if value < 0:
        raise ValueError("a number that is not negative")
    return value


def mac_address(text: str) -> bytes:
    """Convert six hexadecimal bytes with colons or dashes between them; not a group address."""
    parts = text.replace("-", ":").split(":")
    try:
        address = bytes(int(part, 16) for part in parts)
    except ValueError:
        address = b""
    if len(address) != 6 or address[0] & 1:
        raise ValueError("a unicast address such as 52:54:00:12:34:56")
    return address


def convert_options(
    model: str, options: Mapping[str, str], known: Mapping[str, Option]
) -> dict[str, Any]:
    """Return the constructor's arguments for ``options``, or raise ``UsageError``."""
    arguments: dict[str, Any] = {}
    for name, value in options.items():
        if name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise UsageError(f"model {model} has no option {name!r}: {has}")
        try:
            arguments[name] = known[name].convert(value)
        except ValueError as error:
            raise UsageError(f"model {model}: option {name}={value!r}: expected {error}") from None
    return arguments
