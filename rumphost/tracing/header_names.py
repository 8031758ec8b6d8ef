"""Names of registers and their bits from the driver's own headers, where no model knows them.

Needs a driver that was built with its macros (``Instrumentation(macros=True)``, which ``rumphost
run --trace`` asks for). A driver does not say which of its macros are registers; its source does,
where it reaches one: of the names in that statement, the one that stands for the offset is the
register's. Bits are the other names in such statements, and what the header defines right after
the register, as BSD's headers do::

    #define FOO_CTRL    0x04
    #define CTRL_RESET  __BIT(0)        no FOO_ before it: it belongs to FOO_CTRL

Nothing is guessed beyond that: a value whose bits have no names is printed as a number alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rumphost.errors import Frame, UsageError
from rumphost.kernel.bus_space import BusSpace
from rumphost.kernel.lwp import Lwp
from rumphost.machine import Region

if TYPE_CHECKING:
    from rumphost.host import Host

_FRAMES = 8
_LINES = 8  # of one statement, at most
_BITS = 64
_ARRAY = 64
_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\b[A-Za-z_]\w*\b",
                    re.DOTALL)  # fmt: skip
_NO_REGISTERS = {"NULL", "FALSE", "TRUE"}
_BIT_LIKE = re.compile(r"0[xX]|<<|\b__BITS?\b|\bBIT\b")


@dataclass
class _Bits:
    """What is known of a register's content: masks by name, and names of whole values."""

    masks: dict[str, int] = field(default_factory=dict)
    values: dict[int, str] = field(default_factory=dict)


class HeaderNames:
    """Names the registers that a host's drivers reach.

    Chips have several registers at one offset, page by page, so a name holds for one place in the
    source; elsewhere it does if it is the only one.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._at_place: dict[tuple[str, int, tuple[int, ...]], str] = {}
        self._at_offset: dict[tuple[str, int, bool], set[str]] = {}
        self._bits: dict[tuple[str, str], _Bits] = {}

    def attach(self) -> None:
        """Have the trace use it from now on."""
        self._host.kernel.service(BusSpace).namer = self

    def __call__(
        self, lwp: Lwp, region: Region, offset: int, value: int | None, *, writes: bool
    ) -> str:
        """Return ``FOO_CTRL``, with a value ``FOO_CTRL.CTRL_RESET``; "" when it has no name."""
        place = tuple(lwp.fiber.places()[:_FRAMES])
        key = region.name, offset, place
        others = self._at_offset.setdefault((region.name, offset, writes), set())
        if key not in self._at_place:
            self._at_place[key] = name = self._find(lwp, region, offset, place)
            others |= {name} - {""}
        name = self._at_place[key] or (next(iter(others)) if len(others) == 1 else "")
        if not name or value is None:
            return name
        fields = "|".join(_fields(self._bits[region.name, name], value))
        return f"{name}.{fields}" if fields else name

    def _find(self, lwp: Lwp, region: Region, offset: int, place: Sequence[int]) -> str:
        """Return the name that the source has at a place; take note of the bits there."""
        macros = self._macros(lwp.image, place)
        if macros is None:
            return ""
        for words in _statements(self._host.boundary.symbolizer.frames(list(place))):
            name = _register_in(words, macros, offset)
            if not name:
                continue
            if (region.name, name) not in self._bits:
                self._bits[region.name, name] = bits = _Bits()
                _note_following(bits, macros, name)
            _note_others(self._bits[region.name, name], words, macros, name)
            return name
        return ""

    def _macros(self, image: Any, places: Sequence[int]) -> Any:
        """Return the macros of the innermost source that has some: the driver's."""
        try:
            view = image.debug
        except UsageError:
            return None
        found = (view.info.macros_at(place - view.base) for place in places)
        return next((macros for macros in found if macros is not None), None)


def _statements(frames: Sequence[Frame]) -> Iterator[list[str]]:
    """Yield the words of the statement at each frame of the driver, innermost first."""
    for frame in frames:
        if not frame.file or "/hypercalls/" in frame.file:
            continue
        lines = _source(frame.file)[frame.line - 1 : frame.line - 1 + _LINES]
        text = re.split(r"[;{}]", "\n".join(lines), maxsplit=1)[0]
        yield [word for word in _TOKEN.findall(text) if word[0].isalpha() or word[0] == "_"]


@cache
def _source(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="latin-1").splitlines()
    except OSError:
        return []


def _register_in(words: Sequence[str], macros: Any, offset: int) -> str:
    """Return the first of the words that stands for the offset."""
    for word in words:
        if word in _NO_REGISTERS or word not in macros.by_name:
            continue
        if macros.value(word) == offset:
            return word
        if macros.by_name[word].parameters is not None:
            for index in range(_ARRAY):
                if macros.call(word, index) == offset:
                    return f"{word}({index})"
    return ""


def _note_following(bits: _Bits, macros: Any, register: str) -> None:
    """Take what the header defines right after a register."""
    name = register.partition("(")[0]
    place = macros.places[name]
    start = macros.in_order[place]
    chip = name.partition("_")[0]
    for macro in macros.in_order[place + 1 : place + 1 + _BITS]:
        another = macro.name.startswith(chip) and not macro.name.startswith(f"{name}_")
        if macro.file != start.file or another:
            break
        _sort(bits, macro, macros.value(macro.name))


def _note_others(bits: _Bits, words: Sequence[str], macros: Any, register: str) -> None:
    """Take the other names of a statement, of the register's own header."""
    name = register.partition("(")[0]
    file = macros.by_name[name].file
    for word in words:
        macro = macros.by_name.get(word)
        if macro is not None and macro.file == file and word != name:
            _sort(bits, macro, macros.value(word))


def _sort(bits: _Bits, macro: Any, value: int | None) -> None:
    """Put a name where it belongs: to the masks, or to the values that have no bits' look."""
    if not value or value < 0:
        return
    if not _BIT_LIKE.search(macro.body):
        bits.values.setdefault(value, macro.name)
    elif _is_mask(value):
        bits.masks.setdefault(macro.name, value)


def _is_mask(value: int) -> bool:
    """Tell whether the bits that are set are neighbours."""
    low = value & -value
    return value & (value + low) == 0


def _fields(bits: _Bits, value: int) -> Iterator[str]:
    covered = 0
    for name, mask in bits.masks.items():
        content = value & mask & ~covered
        if content and not mask & covered:
            covered |= mask
            low = mask & -mask
            yield name if mask == low else f"{name}={content // low:#x}"
    if not covered and value in bits.values:
        yield bits.values[value]
