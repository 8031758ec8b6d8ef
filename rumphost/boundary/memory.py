"""The process's own memory and the arena, for the kernel's services. Made by ``Boundary``."""

from __future__ import annotations

from .library import Library


class ProcessMemory:
    """``kernel.memory.Memory`` over the process's own memory and the arena."""

    def __init__(self, library: Library) -> None:
        self._ffi, self._lib = library.ffi, library.lib
        ffi = self._ffi
        self._pointer = {width: ffi.typeof(f"uint{width * 8}_t *") for width in (1, 2, 4, 8)}

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._ffi.buffer(self._ffi.cast("char *", address), size))

    def write(self, address: int, data: bytes) -> None:
        self._ffi.memmove(self._ffi.cast("char *", address), data, len(data))

    def read_uint(self, address: int, width: int) -> int:
        return int(self._ffi.cast(self._pointer[width], address)[0])

    def write_uint(self, address: int, width: int, value: int) -> None:
        self._ffi.cast(self._pointer[width], address)[0] = value

    def c_string(self, address: int) -> str:
        raw: bytes = self._ffi.string(self._ffi.cast("char *", address))
        return raw.decode("utf-8", "replace")

    def allocate(self, size: int) -> int:
        pointer = self._lib.rumphost_arena_allocate(max(size, 1), 16, 0)
        address = int(self._ffi.cast("uintptr_t", pointer))
        if address == 0:
            raise MemoryError(f"the arena has no {size} bytes left")
        self._ffi.memmove(pointer, bytes(size), size)
        return address

    def release(self, address: int) -> None:
        self._lib.rumphost_arena_release(self._ffi.cast("void *", address))
