"""C data as Python values, by the names that the driver's source gives them.

``device.softc`` is such a value::

    sc = device.softc
    sc.sc_state                 TEACH_IDLE: an int that knows its name
    sc.sc_lock.mtx_owner        0
    sc.sc_map.dm_segs[0]        over pointers, into arrays
    for work in sc.sc_queue:    a queue(3) head; see rumphost.view.queue
    sc.sc_period = 1000         numbers may be written

Numbers, booleans and enumerations come as what they are now; structures, unions, arrays and
pointers as views, which read memory whenever they are asked. All attributes of a view are the
driver's names; what Python wants to know of a view itself, ask the functions here: ``address_of``,
``type_of``, ``bytes_of``, ``text_of``. A name that Python has other plans for: ``view["class"]``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Protocol

from rumphost.errors import UsageError

from .memory import SafeMemory
from .types import (
    Array,
    CType,
    Enumeration,
    Float,
    Function,
    Integer,
    Member,
    Pointer,
    Structure,
)

LONGEST_TEXT = 4096


class Source(Protocol):
    """Where values come from: memory, and names for code addresses."""

    memory: SafeMemory

    def name_of(self, address: int) -> str:
        """Return ``name`` or ``name+0x10`` of a function or variable, or ""."""
        ...


class EnumValue(int):
    """An enumeration's value: a number that prints as its constant."""

    name: str

    def __new__(cls, value: int, kind: Enumeration) -> EnumValue:
        made = super().__new__(cls, value)
        made.name = kind.names.get(value, "")
        return made

    def __repr__(self) -> str:
        return self.name or int.__repr__(self)

    __str__ = __repr__


class View:
    """What is at an address, by its type."""

    __slots__ = ("_address", "_source", "_type")
    _address: int
    _source: Source
    _type: CType

    def __init__(self, source: Source, kind: CType, address: int) -> None:
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_type", kind)
        object.__setattr__(self, "_address", address)

    def __repr__(self) -> str:
        from .printing import show  # which knows the classes below

        return show(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, View):
            return NotImplemented
        return self._address == other._address and str(self._type) == str(other._type)

    def __hash__(self) -> int:
        return hash(self._address)


class StructView(View):
    """A structure or union."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):  # Python asks, not the user
            raise AttributeError(name)
        member = member_of(self._type, name)
        return load_member(self._source, member, self._address)

    def __setattr__(self, name: str, value: Any) -> None:
        store_member(self._source, member_of(self._type, name), self._address, value)

    __getitem__ = __getattr__
    __setitem__ = __setattr__

    def __iter__(self) -> Iterator[Any]:
        from .queue import entries

        return entries(self)

    def __dir__(self) -> list[str]:
        kind = self._type.plain
        return list(kind.by_name) if isinstance(kind, Structure) else []


class ArrayView(View):
    """An array; one of characters is also a text, see ``text_of``."""

    __slots__ = ()

    def __len__(self) -> int:
        return _array(self._type).count

    def __getitem__(self, index: Any) -> Any:
        kind = _array(self._type)
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(kind.count))]
        return load(self._source, kind.element, self._place(int(index)))

    def __setitem__(self, index: int, value: Any) -> None:
        store(self._source, _array(self._type).element, self._place(int(index)), value)

    def __iter__(self) -> Iterator[Any]:
        return (self[n] for n in range(len(self)))

    def __str__(self) -> str:
        return text_of(self) if _is_text(_array(self._type).element) else repr(self)

    def _place(self, index: int) -> int:
        kind = _array(self._type)
        if index < 0:
            index += kind.count
        # An array without a length of its own goes as far as the driver says.
        if index < 0 or (kind.count and index >= kind.count):
            raise IndexError(f"{index}: the array is {kind}")
        return self._address + index * kind.element.size


class PointerView(View):
    """A pointer's value: an address, through which the target's members are reached."""

    __slots__ = ()

    def __int__(self) -> int:
        return self._address

    __index__ = __int__

    def __bool__(self) -> bool:
        return bool(self._address)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int | PointerView):
            return self._address == int(other)
        return NotImplemented

    __hash__ = View.__hash__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        member_of(_target(self._type), name)
        return getattr(self[0], name)

    def __setattr__(self, name: str, value: Any) -> None:
        member_of(_target(self._type), name)
        setattr(self[0], name, value)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str):
            return self[0][index]
        if isinstance(index, slice):
            if index.stop is None:
                raise UsageError("a pointer does not say how far: p[0:4]")
            return [self[n] for n in range(index.start or 0, index.stop, index.step or 1)]
        kind = _target(self._type)
        if not kind.size:
            raise UsageError(f"{self._type} points to nothing that is known: view(TYPE, ADDRESS)")
        address = self._address + int(index) * kind.size
        self._source.memory.read(address, min(kind.size, 1))
        return load(self._source, kind, address)

    def __setitem__(self, index: int, value: Any) -> None:
        kind = _target(self._type)
        store(self._source, kind, self._address + int(index) * kind.size, value)

    def __dir__(self) -> list[str]:
        kind = _target(self._type).plain
        return list(kind.by_name) if isinstance(kind, Structure) else []

    def __str__(self) -> str:
        return text_of(self) if self and _is_text(_target(self._type)) else repr(self)


# -- what one asks of a view itself


def address_of(view: View) -> int:
    """Return where it is; of a pointer, what it points to."""
    return view._address


def type_of(view: View) -> CType:
    """Return its C type."""
    return view._type


def source_of(view: View) -> Source:
    """Return where it comes from."""
    return view._source


def bytes_of(view: View, size: int | None = None) -> bytes:
    """Return the bytes of it, or those that a pointer points to."""
    kind = _target(view._type) if isinstance(view, PointerView) else view._type
    return view._source.memory.read(view._address, kind.size if size is None else size)


def text_of(view: View) -> str:
    """Return the text of an array of characters or of a ``char *``, without its NUL."""
    kind = view._type.plain
    most = kind.count if isinstance(kind, Array) and kind.count else LONGEST_TEXT
    return view._source.memory.string(view._address, most).decode("utf-8", "backslashreplace")


# -- loading and storing


def member_of(kind: CType, name: str) -> Member:
    """Return a member by name; an ``AttributeError`` says which there are."""
    plain = kind.plain
    if not isinstance(plain, Structure):
        raise AttributeError(f"{kind} has no members")
    if not plain.is_complete:
        raise AttributeError(f"{plain}: the driver's source does not say what is in it")
    member = plain.by_name.get(name)
    if member is None:
        like = get_close_matches(name, plain.by_name) or plain.by_name
        raise AttributeError(f"{plain} has no member {name}; it has {', '.join(like)}")
    return member


def load(source: Source, kind: CType, address: int) -> Any:
    """Return what is at an address, as this module's docstring says."""
    plain = kind.plain
    if isinstance(plain, Structure):
        return StructView(source, kind, address)
    if isinstance(plain, Array):
        return ArrayView(source, kind, address)
    if isinstance(plain, Function):
        return PointerView(source, Pointer("", 8, lambda: plain), address)
    data = source.memory.read(address, plain.size)
    if isinstance(plain, Pointer):
        return PointerView(source, kind, int.from_bytes(data, "little"))
    if isinstance(plain, Float):
        if plain.size not in (4, 8):
            raise UsageError(f"a {kind} cannot be read")
        return struct.unpack("<f" if plain.size == 4 else "<d", data)[0]
    return _number(plain, int.from_bytes(data, "little"), 8 * plain.size)


def load_member(source: Source, member: Member, base: int) -> Any:
    """Return a member's value, of a bit field as well."""
    if not member.bits:
        return load(source, member.type, base + member.offset)
    start, shift, size = _storage(member)
    stored = int.from_bytes(source.memory.read(base + start, size), "little")
    return _number(member.type.plain, stored >> shift & (1 << member.bits) - 1, member.bits)


def store(source: Source, kind: CType, address: int, value: Any) -> None:
    """Write a number, boolean or enumeration's constant; all else raises ``UsageError``."""
    plain = kind.plain
    data = _encoded(plain, kind, value, 8 * plain.size).to_bytes(plain.size, "little")
    source.memory.write(address, data)


def store_member(source: Source, member: Member, base: int, value: Any) -> None:
    """Write a member, a bit field as well."""
    if not member.bits:
        store(source, member.type, base + member.offset, value)
        return
    start, shift, size = _storage(member)
    mask = (1 << member.bits) - 1 << shift
    new = _encoded(member.type.plain, member.type, value, member.bits) << shift
    before = int.from_bytes(source.memory.read(base + start, size), "little")
    source.memory.write(base + start, (before & ~mask | new).to_bytes(size, "little"))


def _storage(member: Member) -> tuple[int, int, int]:
    """Return the first byte of a bit field, the bit in it, and how many bytes it lies in."""
    start, shift = divmod(member.bit_offset, 8)
    return start, shift, (shift + member.bits + 7) // 8


def _number(kind: CType, value: int, bits: int) -> int:
    signed = isinstance(kind, Integer | Enumeration) and kind.signed
    if signed and value >> bits - 1:
        value -= 1 << bits
    if isinstance(kind, Enumeration):
        return EnumValue(value, kind)
    return bool(value) if isinstance(kind, Integer) and kind.is_bool else value


def _encoded(plain: CType, kind: CType, value: Any, bits: int) -> int:
    if not isinstance(plain, Integer | Enumeration):
        raise UsageError(f"a {kind} is not written to: only numbers are")
    if isinstance(plain, Enumeration) and isinstance(value, str):
        if value not in plain.constants:
            raise UsageError(f"{kind} has no {value}; it has {', '.join(plain.constants)}")
        value = plain.constants[value]
    if isinstance(plain, Integer) and plain.is_character and isinstance(value, str | bytes):
        value = ord(value)
    if not isinstance(value, int):
        raise UsageError(f"{value!r} is no number, and a {kind} is")
    low, high = (-(1 << bits - 1), 1 << bits) if plain.signed else (0, 1 << bits)
    if not low <= value < high or (isinstance(plain, Integer) and plain.is_bool and value > 1):
        raise UsageError(f"{value} does not fit a {kind}")
    return value & (1 << bits) - 1


def _array(kind: CType) -> Array:
    plain = kind.plain
    assert isinstance(plain, Array)
    return plain


def _target(kind: CType) -> CType:
    plain = kind.plain
    assert isinstance(plain, Pointer)
    return plain.target


def _is_text(kind: CType) -> bool:
    plain = kind.plain
    return isinstance(plain, Integer) and plain.is_character
