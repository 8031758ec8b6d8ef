"""The registers of one BAR: mapped into this process, or by requests where that cannot be."""

from __future__ import annotations

import ctypes
import errno
import mmap
from typing import Any

from rumphost.errors import MachineError
from rumphost.machine.region import Region

from .node import Node

_TYPES: dict[int, Any] = {
    1: ctypes.c_uint8,
    2: ctypes.c_uint16,
    4: ctypes.c_uint32,
    8: ctypes.c_uint64,
}


class KmodRegion(Region):
    """``address`` is set for a memory BAR all of whose pages may be mapped."""

    def __init__(self, node: Node, index: int, bar: Any) -> None:
        constant = node.uapi.constant
        self.name = f"{node.function.name} bar {index}"
        self.size = bar.size
        self.is_io = bool(bar.flags & constant("BAR_IO"))
        self.prefetchable = bool(bar.flags & constant("BAR_PREFETCHABLE"))
        self._node = node
        self._index = index
        self._read_op, self._write_op = constant("READ"), constant("WRITE")
        self._largest = constant("ACCESS_MAX")
        self._access = node.uapi.struct("access")
        self._map: mmap.mmap | None = None
        sparse = bar.flags & constant("BAR_SPARSE")
        if bar.flags & constant("BAR_MMAP") and not sparse:
            size = -(-(bar.page_offset + bar.size) // mmap.PAGESIZE) * mmap.PAGESIZE
            self._map = mmap.mmap(node.fd, size, offset=bar.mmap_offset)
            anchor = ctypes.c_char.from_buffer(self._map)
            self.address = ctypes.addressof(anchor) + bar.page_offset
            del anchor

    def read(self, offset: int, width: int) -> int:
        if self.address is not None:
            return int(_TYPES[width].from_address(self.address + offset).value)
        return self._make([(self._read_op, offset, width, 0)])[0]

    def write(self, offset: int, width: int, value: int) -> None:
        if self.address is not None:
            _TYPES[width].from_address(self.address + offset).value = value
        else:
            self._make([(self._write_op, offset, width, value)])

    def read_multi(self, offset: int, width: int, count: int) -> list[int]:
        if self.address is not None:
            return super().read_multi(offset, width, count)
        return self._make([(self._read_op, offset, width, 0)] * count)

    def write_multi(self, offset: int, width: int, values: list[int]) -> None:
        if self.address is not None:
            super().write_multi(offset, width, values)
        else:
            self._make([(self._write_op, offset, width, value) for value in values])

    def close(self) -> None:
        """Unmap; the driver must not use ``address`` any more."""
        if self._map is not None:
            self.address = None
            self._map.close()
            self._map = None

    def _make(self, wanted: list[tuple[int, int, int, int]]) -> list[int]:
        """Make accesses, in order and few requests; returns the values."""
        values: list[int] = []
        for start in range(0, len(wanted), self._largest):
            part = wanted[start : start + self._largest]
            array = (self._access * len(part))(
                *((self._index, width, op, 0, offset, value) for op, offset, width, value in part)
            )
            try:
                self._node.access(array)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unplugged: nobody answers
                    return values + [(1 << 8 * width) - 1 for _, _, width, _ in wanted[start:]]
                raise MachineError(f"{self.name}: {error.strerror}") from error
            values += [one.value for one in array]
        return values
