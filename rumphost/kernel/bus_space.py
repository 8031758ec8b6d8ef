"""bus_space(9): mapping of register ranges, and every access that the shim cannot make itself.

Called by the shim's ``bus_space.c`` and by its inline accessors. A region that the machine has
mapped into the process is handed to the driver as it is, and its accesses never come here, unless
``direct`` is off. Any other gets a handle that is no address; each access to it is checked
against what the driver has mapped, and passed to the machine.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from rumphost.errors import Misuse
from rumphost.machine import Bar, PciFunction, Region

from .errno import EAGAIN, EINVAL, ENOENT, EOPNOTSUPP
from .hypercall import hypercall
from .kernel import Kernel
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service

MAP_LINEAR = 0x02
BARRIER_READ = 0x01

# A handle that is no address: bit 63, the mapping's number, and an offset that begins in the
# middle, so that an access somewhat below the mapping still tells whose it is.
_TRAPPED = 1 << 63
_NUMBER_SHIFT = 40
_START = 1 << 36
_LARGEST = 1 << 38
_NUMBERS = (1 << 23) - 1
_REMEMBERED = 64  # mappings that are gone, for messages
_SPACES = ("memory", "I/O")
_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


class EmptySpace(Region):
    """Bus addresses at which nobody answers: reads give all ones."""

    def __init__(self, name: str, size: int, is_io: bool) -> None:
        self.name = name
        self.size = size
        self.is_io = is_io

    def read(self, offset: int, width: int) -> int:
        return (1 << 8 * width) - 1

    def write(self, offset: int, width: int, value: int) -> None:
        """Nobody hears."""


@dataclass(eq=False)
class Mapping:
    """``size`` bytes from ``start`` on in a region; ``address`` is where that is on the bus."""

    region: Region
    start: int
    size: int
    space: int
    address: int
    handle: int
    owner: Owner | None

    def __str__(self) -> str:
        where = f"{self.size:#x} bytes at {_SPACES[self.space]} {self.address:#x}"
        return f"{self.region.name} ({where})"


class Namer(Protocol):
    """Names a register by the access to it, as ``Region.describe`` does; "" when it cannot."""

    def __call__(
        self, lwp: Lwp, region: Region, offset: int, value: int | None, *, writes: bool
    ) -> str: ...


class BusSpace(Service):
    """The mappings of all drivers. ``direct``: let drivers reach mapped registers themselves."""

    def __init__(self, kernel: Kernel, *, direct: bool = True) -> None:
        self.direct = direct
        self._kernel = kernel
        self._machine = kernel.machine
        self._memory = kernel.memory
        self._trace = kernel.trace
        self._by_handle: dict[int, Mapping] = {}
        self._by_number: dict[int, Mapping] = {}
        self._gone: dict[int, Mapping] = {}
        self._next_number = 0
        self.namer: Namer | None = None
        """Who names registers that their region has no name for."""
        self.on_mapping: Callable[[Mapping, int], object] = lambda _mapping, _size: None
        """Told of each mapping and its size, and with 0 when it goes."""

    # -- what the host and debuggers call

    @property
    def mappings(self) -> list[Mapping]:
        """All mappings, oldest first."""
        return list(self._by_handle.values())

    @property
    def has_direct(self) -> bool:
        """A driver reaches registers without anybody seeing it."""
        return any(not mapping.handle & _TRAPPED for mapping in self._by_handle.values())

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return what a device has mapped."""
        return [
            Leak("bus_space(9)", f"{mapping} is still mapped")
            for mapping in self._by_handle.values()
            if mapping.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        """Unmap all that a device has mapped."""
        for mapping in [m for m in self._by_handle.values() if m.owner is owner]:
            self._forget(mapping)

    # -- mapping

    @hypercall
    def bus_space_map(
        self, lwp: Lwp, space: int, address: int, size: int, flags: int, handle: int
    ) -> int:
        if not 0 < size <= _LARGEST:
            return EINVAL
        if self._taken(space, address, size):
            return EAGAIN
        found = self._find(space, address, size)
        if found is None:
            return ENOENT
        function, bar = found
        region = function.map_bar(bar.index)
        if flags & MAP_LINEAR and region.address is None:
            return EOPNOTSUPP
        linear = region.address is not None and (self.direct or bool(flags & MAP_LINEAR))
        mapping = self._map(lwp, region, address - bar.address, size, space, address, linear)
        self._memory.write_uint(handle, 8, mapping.handle)
        return 0

    @hypercall
    def bus_space_alloc(
        self, lwp: Lwp, space: int, wanted: int, flags: int, address: int, handle: int
    ) -> int:
        first, last, size, alignment, boundary = struct.unpack("<5Q", self._memory.read(wanted, 40))
        if not 0 < size <= _LARGEST:
            return EINVAL
        if flags & MAP_LINEAR:
            return EOPNOTSUPP
        start = self._free_space(space, first, last, size, max(alignment, 1), boundary)
        if start is None:
            return EAGAIN
        name = f"{_SPACES[space]} {start:#x}"
        region = EmptySpace(name, size, bool(space))
        mapping = self._map(lwp, region, 0, size, space, start, linear=False)
        self._memory.write_uint(address, 8, start)
        self._memory.write_uint(handle, 8, mapping.handle)
        return 0

    @hypercall
    def bus_space_unmap(self, lwp: Lwp, space: int, handle: int, size: int) -> None:
        mapping = self._by_handle.get(handle)
        if mapping is None:
            around = self._mapping_of(handle, "bus_space_unmap")
            inside = handle - around.handle
            raise Misuse(f"bus_space(9): bus_space_unmap at {inside:#x} inside {around}")
        if mapping.size != size or mapping.space != space:
            what = f"of {size:#x} bytes of {_SPACES[space]} space"
            raise Misuse(f"bus_space(9): bus_space_unmap {what}: {mapping} was mapped")
        if self._trace.on:
            self._trace.emit("bus_space.unmap", lwp, region=mapping.region.name, size=size)
        self._machine.flush()
        self._forget(mapping)

    @hypercall
    def bus_space_subregion(self, lwp: Lwp, handle: int, offset: int, size: int) -> None:
        mapping = self._mapping_of(handle, "bus_space_subregion")
        start = handle - mapping.handle + offset
        if start < 0 or start + size > mapping.size:
            part = f"{size:#x} bytes at {start:#x}"
            raise Misuse(f"bus_space(9): bus_space_subregion: {part} of {mapping}")

    # -- access

    @hypercall
    def bus_space_read(self, lwp: Lwp, handle: int, offset: int, width: int) -> int:
        mapping, at = self._locate("read", handle, offset, width, width)
        value = mapping.region.read(at, width)
        if self._trace.on:
            self._emit("bus_space.read", lwp, mapping.region, at, width, value)
        return value

    @hypercall
    def bus_space_write(self, lwp: Lwp, handle: int, offset: int, width: int, value: int) -> None:
        mapping, at = self._locate("write", handle, offset, width, width)
        value &= (1 << 8 * width) - 1
        if self._trace.on:
            self._emit("bus_space.write", lwp, mapping.region, at, width, value)
        mapping.region.write(at, width, value)

    @hypercall
    def bus_space_read_multi(
        self, lwp: Lwp, handle: int, offset: int, width: int, items: int, count: int
    ) -> None:
        mapping, at = self._locate("read", handle, offset, width, width)
        values = mapping.region.read_multi(at, width, count)
        if self._trace.on:
            self._emit_many("bus_space.read_multi", lwp, mapping.region, at, width, count)
        self._memory.write(items, struct.pack(f"<{count}{_FORMATS[width]}", *values))

    @hypercall
    def bus_space_write_multi(
        self, lwp: Lwp, handle: int, offset: int, width: int, items: int, count: int
    ) -> None:
        mapping, at = self._locate("write", handle, offset, width, width)
        if self._trace.on:
            self._emit_many("bus_space.write_multi", lwp, mapping.region, at, width, count)
        mapping.region.write_multi(at, width, self._values(items, width, count))

    @hypercall
    def bus_space_read_region(
        self, lwp: Lwp, handle: int, offset: int, width: int, items: int, count: int
    ) -> None:
        mapping, at = self._locate("read", handle, offset, width, width * count)
        region = mapping.region
        values = [region.read(at + width * n, width) for n in range(count)]
        if self._trace.on:
            self._emit_many("bus_space.read_region", lwp, region, at, width, count)
        self._memory.write(items, struct.pack(f"<{count}{_FORMATS[width]}", *values))

    @hypercall
    def bus_space_write_region(
        self, lwp: Lwp, handle: int, offset: int, width: int, items: int, count: int
    ) -> None:
        mapping, at = self._locate("write", handle, offset, width, width * count)
        if self._trace.on:
            self._emit_many("bus_space.write_region", lwp, mapping.region, at, width, count)
        for n, value in enumerate(self._values(items, width, count)):
            mapping.region.write(at + width * n, width, value)

    @hypercall
    def bus_space_barrier(self, lwp: Lwp, handle: int, offset: int, size: int, flags: int) -> None:
        self._locate("barrier", handle, offset, 1, size)
        if flags & BARRIER_READ:
            self._machine.flush()

    # -- the inner parts

    def _values(self, items: int, width: int, count: int) -> list[int]:
        data = self._memory.read(items, width * count)
        return list(struct.unpack(f"<{count}{_FORMATS[width]}", data))

    def _find(self, space: int, address: int, size: int) -> tuple[PciFunction, Bar] | None:
        """Return the function and BAR that answer at all of these bus addresses."""
        for function in self._machine.functions:
            for bar in function.bars.values():
                inside = bar.address <= address and address + size <= bar.address + bar.size
                if inside and bar.is_io == bool(space):
                    return function, bar
        return None

    def _ranges(self, space: int) -> Iterator[tuple[int, int]]:
        """Yield the bus addresses, first and end, that are in use."""
        for function in self._machine.functions:
            for bar in function.bars.values():
                if bar.is_io == bool(space):
                    yield bar.address, bar.address + bar.size
        for mapping in self._by_handle.values():
            if mapping.space == space:
                yield mapping.address, mapping.address + mapping.size

    def _free_space(
        self, space: int, first: int, last: int, size: int, alignment: int, boundary: int
    ) -> int | None:
        start = -(-first // alignment) * alignment
        while start + size - 1 <= last:
            after = max(
                (e for s, e in self._ranges(space) if s < start + size and start < e), default=0
            )
            if not after and boundary and start // boundary != (start + size - 1) // boundary:
                after = (start + size - 1) // boundary * boundary
            if not after:
                return start
            start = -(-max(after, start + 1) // alignment) * alignment
        return None

    def _taken(self, space: int, address: int, size: int) -> bool:
        return any(
            mapping.space == space
            and mapping.address < address + size
            and address < mapping.address + mapping.size
            for mapping in self._by_handle.values()
        )

    def _map(
        self,
        lwp: Lwp,
        region: Region,
        start: int,
        size: int,
        space: int,
        address: int,
        linear: bool,
    ) -> Mapping:
        number = self._new_number()
        if linear:
            assert region.address is not None
            handle = region.address + start
        else:
            handle = _TRAPPED | number << _NUMBER_SHIFT | _START
        mapping = Mapping(region, start, size, space, address, handle, lwp.owner)
        self._by_handle[handle] = mapping
        if not linear:
            self._by_number[handle >> _NUMBER_SHIFT] = mapping
        self.on_mapping(mapping, size)
        if self._trace.on:
            self._trace.emit(
                "bus_space.map", lwp, region=region.name, address=address, size=size, direct=linear
            )
        return mapping

    def _new_number(self) -> int:
        """Return a number that no trapped mapping has, and that was not used lately."""
        while True:
            self._next_number = self._next_number % _NUMBERS + 1
            if (_TRAPPED >> _NUMBER_SHIFT) + self._next_number not in self._by_number:
                return self._next_number

    def _forget(self, mapping: Mapping) -> None:
        self.on_mapping(mapping, 0)
        del self._by_handle[mapping.handle]
        if self._by_number.pop(mapping.handle >> _NUMBER_SHIFT, None) is not None:
            self._gone[mapping.handle >> _NUMBER_SHIFT] = mapping
            if len(self._gone) > _REMEMBERED:
                del self._gone[next(iter(self._gone))]

    def _mapping_of(self, handle: int, what: str) -> Mapping:
        """Return the mapping that a handle, or one of a part, belongs to."""
        if handle & _TRAPPED:
            mapping = self._by_number.get(handle >> _NUMBER_SHIFT)
            if mapping is not None:
                return mapping
            gone = self._gone.get(handle >> _NUMBER_SHIFT)
            if gone is not None:
                raise Misuse(f"bus_space(9): {what}: {gone} is not mapped any more")
        for mapping in self._by_handle.values():
            if mapping.handle <= handle < mapping.handle + mapping.size:
                return mapping
        raise Misuse(f"bus_space(9): {what}: handle {handle:#x} is of no mapping")

    def _locate(
        self, what: str, handle: int, offset: int, width: int, size: int
    ) -> tuple[Mapping, int]:
        """Return a mapping, and the offset in its region, of an access that is allowed."""
        address = handle + offset & 0xFFFF_FFFF_FFFF_FFFF
        mapping = self._by_number.get(address >> _NUMBER_SHIFT)
        if mapping is None:
            mapping = self._mapping_of(handle, what)
        inside = address - mapping.handle
        at = mapping.start + inside
        if inside < 0 or inside + size > mapping.size:
            raise Misuse(
                f"bus_space(9): {what} of {size} bytes at offset {at:#x} of"
                f" {mapping.region.name}: beyond the {mapping.size:#x} bytes that are mapped"
            )
        if at % width:
            raise Misuse(
                f"bus_space(9): {what} of {width} bytes at offset {at:#x} of"
                f" {mapping.region.name}: not aligned"
            )
        return mapping, at

    def _emit(self, event: str, lwp: Lwp, region: Region, at: int, width: int, value: int) -> None:
        name = region.describe(at, value)
        if self.namer is not None and name[0] == "0":
            name = self._name(event, lwp, region, at, value) or name
        self._trace.emit(
            event, lwp, region=region.name, offset=at, register=name, width=width, value=value
        )

    def _emit_many(
        self, event: str, lwp: Lwp, region: Region, at: int, width: int, count: int
    ) -> None:
        name = region.describe(at)
        if self.namer is not None and name[0] == "0":
            name = self._name(event, lwp, region, at, None) or name
        self._trace.emit(
            event, lwp, region=region.name, offset=at, register=name, width=width, count=count
        )

    def _name(self, event: str, lwp: Lwp, region: Region, at: int, value: int | None) -> str:
        """Have ``namer`` name a register, if anybody is to read it."""
        if self.namer is None or not self._trace.is_heard(event):
            return ""
        return self.namer(lwp, region, at, value, writes=".write" in event)
