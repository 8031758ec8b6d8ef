"""Options of models as text, such as ``i82540em:mac=52:54:00:12:34:56:msi``.

Used by ``rumphost.models.parse_models``. A model lists what it takes in ``OPTIONS``; the values are
keyword arguments of its constructor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rumphost.errors import UsageError


@dataclass(frozen=True)
class Option:
    """``convert`` turns text into the argument or raises ``ValueError`` with what is expected."""

    convert: Callable[[str], Any]
    help: str


def flag(text: str) -> bool:
    """Convert on/off, yes/no, true/false, 1/0; a bare option name is on."""
    words = {"on": True, "yes": True, "true": True, "1": True, "": True}
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


def split_options(text: str, known: dict[str, Option]) -> dict[str, str]:
    """Split ``a=1:b:c=x:y`` at the colons that begin an option.

    A piece without ``=`` is a flag when it is an option's name, and the rest of the value before it
    otherwise.
    """
    found: dict[str, str] = {}
    last = ""
    for piece in text.split(":") if text else []:
        name, equals, value = piece.partition("=")
        if equals or name in known:
            last = name
            found[name] = value
        elif last:
            found[last] += ":" + piece
        else:
            found[piece] = ""
    return found


def convert_options(model: str, text: str, known: dict[str, Option]) -> dict[str, Any]:
    """Return the constructor's arguments for the options in ``text``, or raise ``UsageError``."""
    arguments: dict[str, Any] = {}
    for name, value in split_options(text, known).items():
        if name not in known:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise UsageError(f"model {model} has no option {name!r}: {has}")
        try:
            arguments[name] = known[name].convert(value)
        except ValueError as error:
            raise UsageError(f"model {model}: option {name}={value!r}: expected {error}") from None
    return arguments
