"""Reads a shared object's DWARF with pyelftools, as far as it is asked for.

A big driver's image has more than a hundred compilation units. A name is looked for only in those
whose bytes have it, and of a unit only the outermost entries are read, so that the first look at
a softc takes some tens of milliseconds. Follows DWARF 4 and 5, as gcc and clang write them.
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from rumphost.errors import UsageError

from .macros import Macros, read_macros
from .types import (
    Alias,
    Array,
    CType,
    Enumeration,
    Float,
    Function,
    Integer,
    Member,
    Pointer,
    Structure,
    Variable,
    Void,
)

_WORDS = {
    "DW_TAG_structure_type": "struct",
    "DW_TAG_union_type": "union",
    "DW_TAG_enumeration_type": "enum",
}
_QUALIFIERS = {
    "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type",
}  # fmt: skip
_NAMED = {*_WORDS, "DW_TAG_typedef", "DW_TAG_base_type", "DW_TAG_variable", "DW_TAG_subprogram"}
_ENCODINGS = {0x02: (False, True, False), 0x05: (True, False, False), 0x06: (True, False, True),
              0x07: (False, False, False), 0x08: (False, False, True),
              0x10: (False, False, True)}  # fmt: skip
_FLOAT = 0x04
_SPELLINGS = {
    "bool": "_Bool", "short": "short int", "unsigned short": "short unsigned int",
    "unsigned": "unsigned int", "long": "long int", "unsigned long": "long unsigned int",
    "long long": "long long int", "unsigned long long": "long long unsigned int",
}  # fmt: skip
_OP_ADDR = 0x03
_SHORT = 4  # names of so many bytes, with their NUL, are written out where they are used


@dataclass(frozen=True)
class Symbol:
    """A function or variable of the symbol table."""

    name: str
    value: int
    size: int


class DebugInfo:
    """What one shared object says of itself; raises ``UsageError`` when that is nothing."""

    def __init__(self, path: Path) -> None:
        from elftools.elf.elffile import ELFFile  # a tenth of a second, for those who look

        self.path = path
        self._elf = ELFFile(io.BytesIO(path.read_bytes()))
        if self._elf.get_section_by_name(".debug_info") is None:
            raise UsageError(f"{path.name} has no debug information: build it with -g")
        self.dwarf = self._elf.get_dwarf_info()
        self._types: dict[int, CType] = {}
        self._named: dict[int, dict[tuple[str, str], list[Any]]] = {}
        self._macros: dict[int, Macros | None] = {}

    # -- what anybody may ask

    def type(self, name: str) -> CType:
        """Return a type by its C spelling: ``struct foo``, ``uint32_t``, ``char *``, ``int[4]``."""
        words, stars, count = _parse(name)
        base = Void("void", 0) if words == "void" else self._base_type(words)
        for _ in range(stars):
            base = Pointer("", 8, _always(base))
        return base if count is None else Array("", base.size * count, base, count)

    def variables(self, name: str) -> list[Variable]:
        """Return the variables of that name outside functions, static ones of all files too."""
        found = {}
        for die in self._find("DW_TAG_variable", name):
            offset = _address(die)
            if offset is not None:
                found[offset] = Variable(name, self._type_of(die), offset, _source(die.cu))
        return list(found.values())

    def is_removed(self, name: str) -> bool:
        """Tell whether a source has a variable of that name that is nowhere in memory."""
        return any(_address(die) is None for die in self._find("DW_TAG_variable", name))

    def symbol_value(self, name: str) -> int:
        """Return what the symbol table says of an exported function; raises ``KeyError``."""
        return next(one.value for one in self._symbols("STT_FUNC") if one.name == name)

    def symbol_at(self, offset: int) -> tuple[str, int] | None:
        """Return the function or variable at an offset in the image, and how far into it."""
        offsets, symbols = self._by_offset
        at = bisect_right(offsets, offset) - 1
        if at < 0:
            return None
        inside = offset - offsets[at]
        return (symbols[at].name, inside) if inside < max(symbols[at].size, 1) else None

    def structures_of(self, offset: int, size: int) -> list[Structure]:
        """Return what a function at an offset may mean by a structure of ``size`` bytes.

        Those that its own pointer variables point to; else all that its source has of that size.
        """
        unit = self._unit_at(offset)
        if unit is None:
            return []
        own = [one for one in self._pointed_to(unit, offset) if one.size == size]
        return own or [
            kind
            for (tag, _), dies in self._names_of(unit).items()
            if tag == "DW_TAG_structure_type"
            for kind in map(self._type_at, dies)
            if isinstance(kind, Structure) and kind.is_complete and kind.size == size
        ]

    def macros_at(self, offset: int) -> Macros | None:
        """Return the macros of the source of a function; None when it was built without -g3."""
        unit = self._unit_at(offset)
        if unit is None:
            return None
        if unit.cu_offset not in self._macros:
            self._macros[unit.cu_offset] = self._read_macros(unit)
        return self._macros[unit.cu_offset]

    def _read_macros(self, unit: Any) -> Macros | None:
        attributes = unit.get_top_DIE().attributes
        start = attributes.get("DW_AT_macros") or attributes.get("DW_AT_GNU_macros")
        section = self._elf.get_section_by_name(".debug_macro")
        strings: Any = self.dwarf.debug_str_sec
        if start is None or section is None or strings is None:
            return None
        return read_macros(section.data(), strings.stream.getvalue(), int(start.value))

    # -- finding

    @cached_property
    def _all_units(self) -> list[Any]:
        return list(self.dwarf.iter_CUs())

    @cached_property
    def _by_offset(self) -> tuple[list[int], list[Symbol]]:
        symbols = [*self._symbols("STT_FUNC"), *self._symbols("STT_OBJECT")]
        symbols.sort(key=lambda symbol: symbol.value)
        return [symbol.value for symbol in symbols], symbols

    def _symbols(self, kind: str) -> list[Symbol]:
        table: Any = self._elf.get_section_by_name(".symtab")
        return [] if table is None else [
            Symbol(symbol.name, symbol["st_value"], symbol["st_size"])
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == kind and symbol["st_shndx"] != "SHN_UNDEF"
        ]  # fmt: skip

    def _base_type(self, words: str) -> CType:
        word, _, tag = words.partition(" ")
        kinds = {word: kind for kind, word in _WORDS.items()}
        wanted = [(kinds[word], tag)] if word in kinds and tag else [
            ("DW_TAG_base_type", _SPELLINGS.get(words, words)),
            ("DW_TAG_typedef", words),
            ("DW_TAG_typedef", f"__{words}"),  # where a macro stands for it
        ]  # fmt: skip
        for kind, name in wanted:
            for die in self._find(kind, name):
                if "DW_AT_declaration" not in die.attributes:
                    return self._type_at(die)
        raise UsageError(f"{self.path.name} has no type {words!r}")

    def _find(self, tag: str, name: str) -> Iterator[Any]:
        for unit in self._units_with(name) if name else ():
            yield from self._names_of(unit).get((tag, name), ())

    def _units_with(self, name: str) -> list[Any]:
        """Return the units in which a name may be.

        gcc refers to a name by its place in .debug_str, where the linker lets it be the end of
        another, so a search for its places finds the units.
        """
        units = self._all_units
        strings: Any = self.dwarf.debug_str_sec
        entries: Any = self.dwarf.debug_info_sec
        if strings is None or _is_indexed(units[0]):
            return units
        text, info = name.encode() + b"\0", entries.stream.getvalue()
        wanted = [struct.pack("<I", at) for at in _occurrences(strings.stream.getvalue(), text)]
        if len(text) <= _SHORT:
            wanted.append(text)
        offsets = [unit.cu_offset for unit in units]
        found = {bisect_right(offsets, at) - 1 for one in wanted for at in _occurrences(info, one)}
        return [units[number] for number in sorted(found)]

    def _names_of(self, unit: Any) -> dict[tuple[str, str], list[Any]]:
        """Return the named outermost entries of a unit, by tag and name."""
        known = self._named.get(unit.cu_offset)
        if known is None:
            known = self._named[unit.cu_offset] = {}
            for die in unit.get_top_DIE().iter_children():
                if die.tag in _NAMED:
                    name = _name(die) or _name_of_origin(die)
                    if name:
                        known.setdefault((die.tag, name), []).append(die)
        return known

    def _unit_at(self, offset: int) -> Any | None:
        ranges = self.dwarf.get_aranges()
        start = ranges.cu_offset_at_addr(offset) if ranges is not None else None
        if start is not None:
            return self.dwarf.get_CU_at(start)
        found = self.symbol_at(offset)
        if found is None:
            return None
        name, inside = found
        functions = self._find("DW_TAG_subprogram", name)
        return next((one.cu for one in functions if _address(one) == offset - inside), None)

    def _pointed_to(self, unit: Any, offset: int) -> list[Structure]:
        """Return the structures that a function's own variables point to, each once."""
        found: dict[str, Structure] = {}
        for (tag, _), dies in self._names_of(unit).items():
            for die in dies if tag == "DW_TAG_subprogram" else ():
                if _address(die) != offset:
                    continue
                for inner in die.iter_children():
                    kind = self._type_of(inner) if inner.tag == "DW_TAG_variable" else None
                    plain = kind.plain if kind is not None else None
                    target = plain.target.plain if isinstance(plain, Pointer) else None
                    if isinstance(target, Structure):
                        found.setdefault(target.name, target)
        return list(found.values())

    # -- types

    def _type_of(self, die: Any) -> CType:
        die = _origin(die)
        if "DW_AT_type" not in die.attributes:
            return Void("void", 0)
        return self._type_at(die.get_DIE_from_attribute("DW_AT_type"))

    def _type_at(self, die: Any) -> CType:
        known = self._types.get(die.offset)
        if known is None:
            known = self._types[die.offset] = self._read_type(die)
        return known

    def _read_type(self, die: Any) -> CType:
        tag, name, size = die.tag, _name(die), _number(die, "DW_AT_byte_size")
        if tag in _QUALIFIERS:
            return self._type_of(die)
        if tag == "DW_TAG_typedef":
            target = self._type_of(die)
            return Alias(name, target.size, target)
        if tag == "DW_TAG_base_type":
            return _base(name, size, _number(die, "DW_AT_encoding"))
        if tag == "DW_TAG_pointer_type":
            return Pointer("", size or 8, lambda: self._type_of(die))
        if tag == "DW_TAG_array_type":
            return self._array(die)
        if tag == "DW_TAG_enumeration_type":
            return self._enumeration(die, name, size)
        if tag in ("DW_TAG_structure_type", "DW_TAG_union_type"):
            return self._structure(die, name, size)
        if tag == "DW_TAG_subroutine_type":
            return Function("function", 0)
        return Void(name or "void", 0)

    def _array(self, die: Any) -> CType:
        counts = [_count(one) for one in die.iter_children() if one.tag == "DW_TAG_subrange_type"]
        kind = self._type_of(die)
        for count in reversed(counts or [0]):
            kind = Array("", count * kind.size, kind, count)
        return kind

    def _enumeration(self, die: Any, name: str, size: int) -> CType:
        constants = {
            _name(one): int(one.attributes["DW_AT_const_value"].value)
            for one in die.iter_children()
            if one.tag == "DW_TAG_enumerator"
        }
        signed = any(value < 0 for value in constants.values())
        return Enumeration(f"enum {name}".strip(), size or 4, signed, constants)

    def _structure(self, die: Any, name: str, size: int) -> CType:
        word = _WORDS[die.tag]
        if "DW_AT_declaration" in die.attributes:
            for other in self._find(die.tag, name):
                if "DW_AT_declaration" not in other.attributes:
                    return self._type_at(other)
            return Structure(f"{word} {name}", 0, list, is_complete=False)
        return Structure(f"{word} {name}".strip(), size, lambda: self._members(die))

    def _members(self, die: Any) -> list[Member]:
        found = []
        for one in die.iter_children():
            if one.tag != "DW_TAG_member":
                continue
            kind, offset = self._type_of(one), _number(one, "DW_AT_data_member_location")
            bits = _number(one, "DW_AT_bit_size")
            bit_offset = 8 * offset
            if bits and "DW_AT_data_bit_offset" in one.attributes:
                bit_offset = _number(one, "DW_AT_data_bit_offset")
            elif bits:  # counted from the most significant bit of the storage unit
                storage = _number(one, "DW_AT_byte_size") or kind.size
                bit_offset += 8 * storage - _number(one, "DW_AT_bit_offset") - bits
            found.append(Member(_name(one), kind, offset or bit_offset // 8, bit_offset, bits))
        return found


# -- entries


def _occurrences(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def _parse(name: str) -> tuple[str, int, int | None]:
    """Take a C spelling apart: the words, how many stars, how many elements."""
    rest, count = name.strip(), None
    if rest.endswith("]"):
        rest, _, number = rest[:-1].rpartition("[")
        if not number.strip().isdigit():
            raise UsageError(f"{name!r}: how many elements?")
        count = int(number)
    stars = rest.count("*")
    words = [word for word in rest.replace("*", " ").split() if word not in ("const", "volatile")]
    return " ".join(words), stars, count


def _always(kind: CType) -> Callable[[], CType]:
    return lambda: kind


def _base(name: str, size: int, encoding: int) -> CType:
    if encoding == _FLOAT:
        return Float(name, size)
    signed, is_bool, is_character = _ENCODINGS.get(encoding, (False, False, False))
    return Integer(name, size, signed, is_bool, is_character)


def _name(die: Any) -> str:
    attribute = die.attributes.get("DW_AT_name")
    return attribute.value.decode("utf-8", "replace") if attribute is not None else ""


def _number(die: Any, attribute: str) -> int:
    found = die.attributes.get(attribute)
    return found.value if found is not None and isinstance(found.value, int) else 0


def _count(subrange: Any) -> int:
    if "DW_AT_count" in subrange.attributes:
        return _number(subrange, "DW_AT_count")
    bound = subrange.attributes.get("DW_AT_upper_bound")
    return bound.value + 1 if bound is not None and isinstance(bound.value, int) else 0


def _origin(die: Any) -> Any:
    """Return the entry that says what this one is another part of."""
    for attribute in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if attribute in die.attributes:
            return _origin(die.get_DIE_from_attribute(attribute))
    return die


def _name_of_origin(die: Any) -> str:
    origin = _origin(die)
    return "" if origin is die else _name(origin)


def _address(die: Any) -> int | None:
    """Return where a function begins, or a variable is; None when it is nowhere."""
    if "DW_AT_low_pc" in die.attributes:
        return int(die.attributes["DW_AT_low_pc"].value)
    location = die.attributes.get("DW_AT_location")
    if location is None or not isinstance(location.value, list) or len(location.value) != 9:
        return None
    if location.value[0] != _OP_ADDR:
        return None
    return int.from_bytes(bytes(location.value[1:]), "little")


def _source(unit: Any) -> str:
    return PurePosixPath(_name(unit.get_top_DIE())).name


def _is_indexed(unit: Any) -> bool:
    """Tell whether names are referred to by number, as clang does."""
    attribute = unit.get_top_DIE().attributes.get("DW_AT_name")
    return attribute is not None and attribute.form.startswith("DW_FORM_strx")
