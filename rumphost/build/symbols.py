"""Which names an object file defines and which it needs, from its ELF symbol table.

Called by :mod:`rumphost.build.builder`, to tell who needs a symbol that is missing, and by
:mod:`rumphost.build.coverage`.  Only what the linker matches between objects counts: global and
weak names.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from rumphost.errors import BuildError

_HEADER = struct.Struct("<16x2HI3QI6H")
_SECTION = struct.Struct("<2I4Q2I2Q")
_SYMBOL = struct.Struct("<IBBHQQ")
_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian: what rumphost's hosts are
_SYMBOL_TABLE = 2
_FUNCTION = 2
_WEAK = 2


@dataclass(frozen=True)
class Symbols:
    """The global names of one object; ``functions`` are those of ``defined`` that are code."""

    defined: frozenset[str]
    functions: frozenset[str]
    undefined: frozenset[str]
    """Weak references are not among them: nobody has to define those."""


def read_symbols(path: Path) -> Symbols:
    """Read the symbol table of an object file; raises BuildError when it is none."""
    data = path.read_bytes()
    try:
        return _read(data)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise BuildError(f"{path}: is no object file of this computer: {error}") from error


def _read(data: bytes) -> Symbols:
    if not data.startswith(_MAGIC):
        raise ValueError("not 64-bit little-endian ELF")
    header = _HEADER.unpack_from(data)
    offset, size, count = header[5], header[10], header[11]
    sections = [_SECTION.unpack_from(data, offset + number * size) for number in range(count)]
    defined, functions, undefined = set(), set(), set()
    for section in sections:
        if section[1] != _SYMBOL_TABLE:
            continue
        names = sections[section[6]]
        strings = data[names[4] : names[4] + names[5]]
        first_global = section[4] + section[7] * _SYMBOL.size
        for at in range(first_global, section[4] + section[5], _SYMBOL.size):
            word, info, _other, index, _value, _size = _SYMBOL.unpack_from(data, at)
            name = strings[word : strings.index(b"\0", word)].decode()
            if index:
                defined.add(name)
                if info & 15 == _FUNCTION:
                    functions.add(name)
            elif info >> 4 != _WEAK:
                undefined.add(name)
    return Symbols(frozenset(defined), frozenset(functions), frozenset(undefined))
