"""The C side of a host, as Python objects: images, fibers, memory.

Called by ``host.py``, which gives these objects to the kernel. There is one ``Boundary`` at a time
in a process, because its C state (the CPU, the arena) is the process's.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, SupportsInt

from rumphost.errors import BuildError, Frame, HostLacks, MachineError, UsageError
from rumphost.view import ImageView, Place, SafeMemory
from rumphost.view.types import CType

from .counters import read_counters
from .guard import GuardedMemory, MemoryGuard
from .hypercalls import decode
from .library import load_library
from .memory import ProcessMemory
from .shadow import Shadow
from .symbolize import Symbolizer

STACK_SIZE = 256 * 1024
_NO_ARGUMENTS = (0,) * 6
_ALL_OWNERS = 0xFFFF_FFFF
_ADDRESS_UNKNOWN = 1 << 63  # fault_address in hypercall.h
_PLACES = {1: Place.ALLOCATED, 0: Place.FREE, -1: Place.ELSEWHERE}
_SIGNAL_WORDS = {
    signal.SIGSEGV: "bad memory access",
    signal.SIGBUS: "bad memory access",
    signal.SIGFPE: "arithmetic fault (division by zero)",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trap",
}


@dataclass(frozen=True)
class Allocation:
    """Memory of the arena in use: bytes asked for, the code address that asked, its owner."""

    address: int
    size: int
    site: int
    owner: int
    serial: int


class Image:
    """A loaded shared object; its symbols are code addresses in this process."""

    def __init__(self, boundary: Boundary, path: Path, handle: Any, built: Path) -> None:
        self.path = path
        self.built = built
        """The file that was asked for; ``path`` may be a copy of it."""
        self._boundary = boundary
        self._handle = handle
        self.enter = self.symbol("rumphost_enter")

    def symbol(self, name: str) -> int:
        """Return the address of an exported function or object; ``KeyError`` if there is none."""
        address = int(self._boundary.lib.rumphost_image_symbol(self._handle, name.encode()))
        if address == 0:
            raise KeyError(name)
        return address

    @property
    def closed(self) -> bool:
        """It is not loaded any more."""
        return self._handle is None

    @cached_property
    def debug(self) -> ImageView:
        """Its types and variables, by debug information; raises ``UsageError`` without any."""
        return ImageView(self.path, self.enter, self._boundary.safe_memory)

    def type(self, name: str) -> CType:
        """Return a C type by its spelling, such as ``struct foo``."""
        return self.debug.type(name)

    def view(self, type_: CType | str, address: SupportsInt) -> Any:
        """Return what is at an address, taken for a C type: see :mod:`rumphost.view.values`."""
        return self.debug.view(type_, address)

    def variable(self, name: str, source: str = "") -> Any:
        """Return the value, or a view, of a variable outside functions, also of a static one."""
        return self.debug.variable(name, source)

    def counters(self) -> dict[str, bytes]:
        """Return the counters of coverage of each object; nothing if it was built without."""
        return read_counters(self._boundary.ffi, self.symbol)

    def close(self) -> None:
        """Unload; no fiber may be in it any more."""
        if self._handle is not None:
            self._boundary.lib.rumphost_image_close(self._handle)
            self._handle = None


class ProcessFiber:
    """``kernel.lwp.Fiber`` over a C fiber."""

    __slots__ = ("_boundary", "_ffi", "_gone", "_lwp", "address", "again", "run")

    def __init__(self, boundary: Boundary, lwp: Any) -> None:
        self._boundary = boundary
        self._ffi = boundary.ffi
        self._lwp = lwp
        self.run: Callable[[], int] = partial(boundary.lib.rumphost_fiber_run, lwp)
        self.again: Callable[[int], None] = partial(boundary.lib.rumphost_fiber_again, lwp)
        self._gone = False
        self.address = int(boundary.ffi.cast("uintptr_t", lwp))

    @property
    def ipl(self) -> int:
        return int(self._lwp.ipl)

    @ipl.setter
    def ipl(self, ipl: int) -> None:
        self._lwp.ipl = ipl

    @property
    def spin_count(self) -> int:
        return int(self._lwp.spin_count)

    @property
    def result(self) -> int:
        return int(self._lwp.result)

    def arguments(self, signature: Sequence[str]) -> Sequence[Any]:
        words = self._ffi.unpack(self._lwp.args, len(signature)) if signature else ()
        return decode(signature, words, self._boundary.memory.c_string)

    def set_result(self, value: int) -> None:
        self._lwp.result = value & 0xFFFF_FFFF_FFFF_FFFF

    def set_upcall(self, entry: int, args: Sequence[int]) -> None:
        lwp = self._lwp
        lwp.resume = 1
        lwp.upcall_entry = entry
        for n in range(6):
            lwp.upcall_args[n] = args[n] & 0xFFFF_FFFF_FFFF_FFFF if n < len(args) else 0

    def set_state(self, state: str, wmesg: str) -> None:
        self._lwp.state = ord(state)
        self._lwp.wmesg = wmesg.encode()[:15] + b"\0"

    def set_owner(self, number: int) -> None:
        self._lwp.owner = number

    @property
    def fault_address(self) -> int:
        return int(self._lwp.fault_address)

    @property
    def fault_write(self) -> int:
        return int(self._lwp.fault_write)

    def held(self) -> list[int]:
        return list(self._lwp.held[0 : self._lwp.held_count])

    def describe_fault(self) -> str:
        lwp = self._lwp
        if lwp.exit == 3:
            return "hung: the watchdog ended an lwp that made no hypercall for too long"
        address = int(lwp.fault_address)
        if lwp.stack - 4096 <= address < lwp.stack:
            return f"stack overflow: the lwp used more than its {lwp.stack_size // 1024} KiB"
        words = _SIGNAL_WORDS.get(lwp.fault_signal, "fault")
        name = signal.Signals(lwp.fault_signal).name
        if lwp.fault_signal in (signal.SIGSEGV, signal.SIGBUS):
            if address == _ADDRESS_UNKNOWN:
                return f"{words}: no valid address, or a privileged instruction ({name})"
            what = "NULL pointer" if address < 4096 else "address"
            return f"{words}: {what} {address:#x} ({name})"
        return f"{words} ({name})"

    def places(self) -> list[int]:
        pcs = self._ffi.new("uint64_t[]", 64)
        count = self._boundary.lib.rumphost_fiber_backtrace(self._lwp, pcs, 64)
        return self._ffi.unpack(pcs, count) if count else []

    def backtrace(self) -> list[Frame]:
        exact = bool(self._lwp.in_fault)
        return self._boundary.symbolizer.frames(self.places(), exact_first=exact)

    def destroy(self) -> None:
        if not self._gone:
            self._gone = True
            self._boundary.lib.rumphost_fiber_destroy(self._lwp)


class Boundary:
    """The process's C side; one at a time, closed with ``close``.

    ``watchdog_s`` is how much CPU time, in seconds, an lwp may use between two hypercalls.
    ``guarded``: the arena watches over the bounds and the life of what it hands out.
    """

    _open = False

    def __init__(
        self, *, watchdog_s: float = 5.0, ucontext: bool = False, guarded: bool = False
    ) -> None:
        if Boundary._open:
            raise UsageError("one process runs one host at a time: close the other one first")
        library = load_library(ucontext=ucontext)
        self.ffi, self.lib, self.interface = library.ffi, library.lib, library.interface
        self.guard = MemoryGuard(library)
        self.shadow = Shadow(library)
        self._guarded = guarded
        self.memory = GuardedMemory(library) if guarded else ProcessMemory(library)
        self.symbolizer = Symbolizer(str(library.path))
        self.safe_memory = SafeMemory(self._place_of)
        self.cpu = self.lib.rumphost_cpu_state
        self._set_clock = self.lib.rumphost_set_clock
        self._handed = self.ffi.new("struct rumphost_handed *")
        self._images: list[Image] = []
        self._copies: tempfile.TemporaryDirectory[str] | None = None
        error = self.lib.rumphost_fault_start() or self.lib.rumphost_watchdog_start(
            round(watchdog_s * 1000)
        )
        if error:
            raise MachineError(f"cannot take over signals: {os.strerror(error)}")
        self.cpu.slow = 0
        Boundary._open = True

    # -- memory

    def start_arena(self, chunks: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Hand out memory of these chunks (address, size, bus address) from now on.

        Returns them as drivers see them: with the guard they are at other addresses.
        """
        count = 0
        for count, (address, size, bus_address) in enumerate(chunks, 1):
            chunk = self.cpu.chunks[count - 1]
            chunk.address, chunk.size, chunk.bus_address = address, size, bus_address
        self.cpu.chunk_count = count
        if self.lib.rumphost_arena_start() != 0:
            raise MemoryError("no memory for the arena's books")
        error = self.lib.rumphost_guard_start() if self._guarded else 0
        if error:
            raise MachineError(f"cannot guard the machine's memory: {os.strerror(error)}")
        started = (self.cpu.chunks[n] for n in range(count))
        return [(chunk.address, chunk.size, chunk.bus_address) for chunk in started]

    def allocations(self, owner: int | None = None) -> list[Allocation]:
        """Return what is allocated, by one owner or by all, oldest first."""
        number = _ALL_OWNERS if owner is None else owner
        none = self.ffi.NULL
        count = self.lib.rumphost_arena_list(number, none, 0)
        found = self.ffi.new("struct rumphost_allocation[]", max(count, 1))
        self.lib.rumphost_arena_list(number, found, count)
        return sorted(
            (
                Allocation(a.address, a.size, a.site, a.owner, a.serial)
                for a in (found[n] for n in range(count))
            ),
            key=lambda allocation: allocation.serial,
        )

    def release_owner(self, owner: int) -> int:
        """Free all memory of an owner; returns how many allocations that were."""
        return int(self.lib.rumphost_arena_release_owner(owner))

    @property
    def bytes_in_use(self) -> int:
        return int(self.lib.rumphost_arena_in_use())

    def note_mapping(self, handle: int, size: int, start: int, region: str) -> None:
        """Let debuggers know of mapped registers; with ``size`` 0, that they are no more."""
        mappings = self.lib.rumphost_mappings
        taken = [one for one in mappings if one.handle == handle and one.size]
        found = taken or [one for one in mappings if not one.size]
        for slot in found[:1]:
            name = region.encode()[: len(slot.region) - 1]
            slot.handle, slot.size, slot.start, slot.region = handle, size, start, name + b"\0"

    def _place_of(self, address: int) -> Place:
        return _PLACES[self.lib.rumphost_arena_find(address)]

    # -- images

    def load(self, path: Path) -> Image:
        """Load an image with fresh static data, also when the same file is loaded already."""
        built = path
        if any(image.path == path for image in self._images):
            if self._copies is None:
                self._copies = tempfile.TemporaryDirectory(prefix="rumphost-")
            path = Path(shutil.copy(path, Path(self._copies.name) / f"{len(self._images)}.so"))
        handle = self.lib.rumphost_image_open(str(path).encode())
        if handle == self.ffi.NULL:
            why = self.ffi.string(self.lib.rumphost_image_error()).decode("utf-8", "replace")
            raise BuildError(f"cannot load {path}: {why}")
        image = Image(self, path, handle, built)
        try:
            self.shadow.start(image.symbol)
        except HostLacks:
            image.close()
            raise
        self._images.append(image)
        return image

    @property
    def images(self) -> Sequence[Image]:
        """What is loaded, images of crashed drivers among them."""
        return self._images

    def unload(self, image: Image) -> None:
        """Unload an image."""
        self._images.remove(image)
        self.shadow.forget(image.symbol)
        image.close()

    # -- kernel.scheduler.FiberFactory

    @property
    def pending_ipl(self) -> int:
        return int(self.cpu.pending_ipl)

    @pending_ipl.setter
    def pending_ipl(self, ipl: int) -> None:
        self.cpu.pending_ipl = ipl

    def set_boot_time(self, boot_ns: int) -> None:
        """Tell the time of day, in ns since 1970, at which the machine's clock was 0."""
        self.cpu.boot_ns = boot_ns

    def set_clock(self, now_ns: int, handovers: int = 0) -> None:
        self._set_clock(now_ns, handovers)

    def handed_over(self) -> list[tuple[int, str, int, str]]:
        ffi, handed = self.ffi, self._handed
        found = []
        while self.lib.rumphost_handed_over(handed):
            wmesg = ffi.string(handed.wmesg).decode("utf-8", "replace")
            word = int(ffi.cast("uintptr_t", handed.word))
            found.append((int(handed.lid), chr(handed.state), word, wmesg))
        return found

    def create(
        self,
        image: Image,
        name: str,
        lid: int,
        kind: str,
        ipl: int,
        entry: int,
        args: Sequence[int],
    ) -> ProcessFiber:
        words = [arg & 0xFFFF_FFFF_FFFF_FFFF for arg in args]
        words += _NO_ARGUMENTS[len(words) :]
        lwp = self.lib.rumphost_fiber_create(image.enter, entry, words, STACK_SIZE)
        if lwp == self.ffi.NULL:
            raise MemoryError("no memory for another lwp's stack")
        self.lib.rumphost_fiber_introduce(lwp, lid, ord(kind), ipl, name.encode())
        return ProcessFiber(self, lwp)

    def close(self) -> None:
        """Unload the images and stop watching; all fibers must be destroyed before."""
        if not Boundary._open:
            return
        self.lib.rumphost_watchdog_stop()
        self.lib.rumphost_fault_stop()
        while self._images:
            self._images.pop().close()
        self.shadow.stop()
        self.lib.rumphost_arena_stop()
        self.cpu.chunk_count = 0
        self.safe_memory.close()
        self.symbolizer.close()
        if self._copies is not None:
            self._copies.cleanup()
        Boundary._open = False
