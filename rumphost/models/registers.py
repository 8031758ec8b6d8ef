"""Registers declared as data: names, offsets, widths, reset values, access and fields.

Used by every model, and by the trace, which prints ``CTRL.RST`` instead of 0x0000:0x04000000.
A model lists ``Register`` objects in a ``RegisterTable``; a ``RegisterBlock`` holds the values of
one device and calls the device's methods where a register does something.

Access kinds: ``rw`` read and write; ``ro`` writes are ignored; ``w1c`` a 1 clears the bit; ``rc``
reading clears; ``wo`` reads as zero.

Widths other than the register's: a narrower read has the same side effect as a full one and returns
the bytes asked for; a narrower write merges with the stored value where the register is ``rw`` and
with zero otherwise; a wider access touches each register that it covers, lowest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from typing import Any, Literal

Access = Literal["rw", "ro", "w1c", "rc", "wo"]


@dataclass(frozen=True)
class Field:
    """``width`` bits of a register from bit ``shift`` upward."""

    name: str
    shift: int
    width: int = 1

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.shift

    def get(self, value: int) -> int:
        """Return the field's value within a register's ``value``."""
        return (value & self.mask) >> self.shift

    def put(self, value: int) -> int:
        """Return the register bits that hold ``value``."""
        return value << self.shift & self.mask


def bits(**fields: int | tuple[int, int]) -> tuple[Field, ...]:
    """Declare fields: ``bits(RST=26, SPEED=(9, 8))``; a pair is the highest and lowest bit."""
    return tuple(
        Field(name, where)
        if isinstance(where, int)
        else Field(name, where[1], where[0] - where[1] + 1)
        for name, where in fields.items()
    )


@dataclass(frozen=True)
class Register:
    """One register, or ``count`` of them ``stride`` bytes apart, named ``MTA[0]`` and so on.

    ``writable`` is the mask of bits that a ``rw`` register stores. ``on_read`` and ``on_write``
    name methods of the device (a path such as ``phy.write`` is allowed): ``on_read()`` returns the
    value in place of the stored one; ``on_write(value)`` is called with the stored value of a
    ``rw`` register after it was stored, and with the value written otherwise. Of an array both get
    the index first. ``aliases`` are further offsets of the same register.
    """

    name: str
    offset: int
    access: Access = "rw"
    reset: int = 0
    width: int = 4
    fields: tuple[Field, ...] = ()
    writable: int = -1
    on_read: str = ""
    on_write: str = ""
    count: int = 0
    stride: int = 0
    aliases: tuple[int, ...] = ()

    def field(self, name: str) -> Field:
        """Return a field by name; raises ``KeyError``."""
        return self._by_name[name]

    def mask(self, *names: str) -> int:
        """Return the bits of the named fields."""
        return reduce(lambda mask, name: mask | self._by_name[name].mask, names, 0)

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def describe(self, value: int) -> str:
        """Return the fields that are not zero, as ``RST|SPEED=2``."""
        words = []
        for field in self.fields:
            content = field.get(value)
            if content:
                words.append(field.name if field.width == 1 else f"{field.name}={content:#x}")
        return "|".join(words)


@dataclass(frozen=True)
class Slot:
    """One place in the address range: ``name`` is the register's, with index."""

    register: Register
    name: str
    index: int | None
    offset: int


def _slots(register: Register) -> Iterator[Slot]:
    for start in (register.offset, *register.aliases):
        if not register.count:
            yield Slot(register, register.name, None, start)
        for index in range(register.count):
            offset = start + index * (register.stride or register.width)
            yield Slot(register, f"{register.name}[{index}]", index, offset)


class RegisterTable:
    """The registers of one BAR: pure data, shared by all devices of a kind."""

    def __init__(self, registers: Iterable[Register]) -> None:
        self.registers = tuple(registers)
        self.by_name = {register.name: register for register in self.registers}
        self.slots = {slot.offset: slot for register in self.registers for slot in _slots(register)}
        self._bytes: dict[int, Slot] = {}
        for slot in self.slots.values():
            for at in range(slot.offset, slot.offset + slot.register.width):
                if at in self._bytes:
                    raise ValueError(f"{slot.name} overlaps {self._bytes[at].name} at {at:#x}")
                self._bytes[at] = slot

    def __getitem__(self, name: str) -> Register:
        return self.by_name[name]

    def slot_at(self, offset: int) -> Slot | None:
        """Return what lies at a byte offset."""
        return self._bytes.get(offset)

    def describe(self, offset: int, value: int | None = None) -> str:
        """Return ``CTRL``, or with a value ``CTRL.RST|SLU``; an unknown offset in hex."""
        slot = self.slot_at(offset)
        if slot is None:
            return f"{offset:#x}"
        name = slot.name if slot.offset == offset else f"{slot.name}+{offset - slot.offset}"
        fields = (
            "" if value is None else slot.register.describe(value << 8 * (offset - slot.offset))
        )
        return f"{name}.{fields}" if fields else name


Stray = Callable[[int, int, int | None], int]


class RegisterBlock:
    """The values of one device's registers.

    ``values`` maps names to values and is the device's to read and change; it stays the same.
    ``on_stray(offset, width, value)`` is called for offsets at which no register is (``value`` is
    None for a read) and returns what such a read gives.
    """

    def __init__(self, table: RegisterTable, on_stray: Stray) -> None:
        self.table = table
        self.values: dict[str, int] = {}
        self._on_stray = on_stray
        self._reads: dict[int, Callable[[], int]] = {}
        self._writes: dict[int, Callable[[int], object]] = {}
        self._owner: object = None
        self.reset()

    def reset(self) -> None:
        """Bring every register to its reset value; calls nothing."""
        self.values.update((slot.name, slot.register.reset) for slot in self.table.slots.values())

    def bind(self, owner: object) -> None:
        """Connect actions to the methods of ``owner``; call once, before the first access.

        Each register is connected when it is accessed first: a device has a thousand, of which a
        driver uses a few.
        """
        self._owner = owner
        self._reads.clear()
        self._writes.clear()

    def read(self, offset: int, width: int) -> int:
        """Read as the bus does."""
        reader = self._reads.get(offset << 4 | width) or self._first_read(offset, width)
        return reader() if reader is not None else self._read_pieces(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        """Write as the bus does."""
        writer = self._writes.get(offset << 4 | width) or self._first_write(offset, width)
        if writer is not None:
            writer(value)
        else:
            self._write_pieces(offset, width, value)

    def describe(self, offset: int, value: int | None = None) -> str:
        """Name a register, and with a value its fields, for a trace."""
        return self.table.describe(offset, value)

    def _first_read(self, offset: int, width: int) -> Callable[[], int] | None:
        """Return what reads the register that is just there, if one is."""
        slot = self.table.slots.get(offset)
        if slot is None or slot.register.width != width:
            return None
        reader = self._reads[offset << 4 | width] = self._reader(slot, self._owner)
        return reader

    def _first_write(self, offset: int, width: int) -> Callable[[int], object] | None:
        """Return what writes to the register that is just there, if one is."""
        slot = self.table.slots.get(offset)
        if slot is None or slot.register.width != width:
            return None
        writer = self._writes[offset << 4 | width] = self._writer(slot, self._owner)
        return writer

    def _action(self, slot: Slot, owner: object, path: str) -> Callable[..., Any]:
        method: Any = reduce(getattr, path.split("."), owner)
        return method if slot.index is None else partial(method, slot.index)

    def _reader(self, slot: Slot, owner: object) -> Callable[[], int]:
        register = slot.register
        if register.on_read:
            return self._action(slot, owner, register.on_read)
        values, name = self.values, slot.name
        if register.access == "rc":

            def read_and_clear() -> int:
                value, values[name] = values[name], 0
                return value

            return read_and_clear
        if register.access == "wo":
            return lambda: 0
        return partial(values.__getitem__, name)

    def _writer(self, slot: Slot, owner: object) -> Callable[[int], object]:
        register, values, name = slot.register, self.values, slot.name
        action = self._action(slot, owner, register.on_write) if register.on_write else None
        full = (1 << 8 * register.width) - 1
        writable = register.writable & full

        def store(value: int) -> None:
            value = values[name] & ~writable | value & writable
            values[name] = value
            if action is not None:
                action(value)

        def clear(value: int) -> None:
            values[name] &= ~value
            if action is not None:
                action(value)

        if register.access == "rw":
            plain = action is None and writable == full
            return partial(values.__setitem__, name) if plain else store
        if register.access == "w1c":
            return clear
        return action if action is not None else lambda _value: None

    def _pieces(self, offset: int, width: int) -> Iterator[tuple[Slot, int, int]]:
        """Yield each register in the range with the first and last byte touched in it."""
        at = offset
        while at < offset + width:
            slot = self.table.slot_at(at)
            if slot is None:
                at += 1
                continue
            end = min(offset + width, slot.offset + slot.register.width)
            yield slot, at - slot.offset, end - slot.offset
            at = end

    def _read_pieces(self, offset: int, width: int) -> int:
        pieces = list(self._pieces(offset, width))
        if not pieces:
            return self._on_stray(offset, width, None) & (1 << 8 * width) - 1
        result = 0
        for slot, first, end in pieces:
            value = self.read(slot.offset, slot.register.width)
            piece = (value >> 8 * first) & (1 << 8 * (end - first)) - 1
            result |= piece << 8 * (slot.offset + first - offset)
        return result

    def _write_pieces(self, offset: int, width: int, value: int) -> None:
        pieces = list(self._pieces(offset, width))
        if not pieces:
            self._on_stray(offset, width, value)
        for slot, first, end in pieces:
            mask = (1 << 8 * (end - first)) - 1
            piece = (value >> 8 * (slot.offset + first - offset)) & mask
            kept = self.values[slot.name] if slot.register.access == "rw" else 0
            merged = kept & ~(mask << 8 * first) | piece << 8 * first
            self.write(slot.offset, slot.register.width, merged)
