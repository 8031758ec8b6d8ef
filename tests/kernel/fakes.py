"""Fake fibers, memory and machine: a kernel without a compiler, its drivers scripted in Python.

A scripted function takes the arguments of a C entry point. As a generator it yields hypercalls as
tuples ``("cv_wait", cv, mutex, ...)`` (strings as ``str``), is sent each one's result and returns
its own; a plain function just returns. ``rig.function(script)`` gives it an address, which goes
wherever the kernel wants a C function.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rumphost.boundary import Interface
from rumphost.checks import Checks
from rumphost.errors import DriverPanic, Frame
from rumphost.kernel.kernel import Kernel
from rumphost.kernel.lwp import Kind, Lwp
from rumphost.kernel.panic import Panic
from rumphost.machine import Clock, Machine, VirtualClock
from rumphost.sources import hypercalls_dir
from rumphost.trace import TraceEvent

MASK = 0xFFFF_FFFF_FFFF_FFFF
RETURN, UPCALL_DONE, FAULT = 0, 1, 2
LWP_SIZE = 1024

Script = Callable[..., Any]


class Fault(Exception):
    """Raised by a script: the driver's code faults here."""


@cache
def _interface() -> Interface:
    return Interface.read(hypercalls_dir() / "hypercall.h")


@cache
def hypercalls() -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the real table of hypercall.h."""
    return _interface().table()


def constants() -> dict[str, int]:
    """Return the real numbers of hypercall.h."""
    return _interface().constants


class FakeMachine(Machine):
    """A machine with nothing on its bus, on a virtual clock unless another is given."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__("fake", clock or VirtualClock())

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""


class FakeMemory:
    """Memory by address in one growing bytearray; unwritten memory reads as zeros."""

    base = 0x10_0000

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._next = 0
        self.allocated: dict[int, int] = {}

    def _place(self, address: int, size: int) -> int:
        offset = address - self.base
        assert offset >= 0, f"access to {address:#x}, which is no memory"
        assert offset + size < 1 << 28, f"access to {address:#x}, which is no memory"
        if len(self._bytes) < offset + size:
            self._bytes.extend(bytes(offset + size - len(self._bytes)))
        return offset

    def read(self, address: int, size: int) -> bytes:
        offset = self._place(address, size)
        return bytes(self._bytes[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        offset = self._place(address, len(data))
        self._bytes[offset : offset + len(data)] = data

    def read_uint(self, address: int, width: int) -> int:
        return int.from_bytes(self.read(address, width), "little")

    def write_uint(self, address: int, width: int, value: int) -> None:
        self.write(address, (value & ((1 << 8 * width) - 1)).to_bytes(width, "little"))

    def c_string(self, address: int) -> str:
        text = bytearray()
        while byte := self.read(address + len(text), 1):
            if byte == b"\0":
                break
            text += byte
        return text.decode()

    def allocate(self, size: int) -> int:
        address = self.base + self._next
        self._next += size + 63 & ~63
        self.allocated[address] = size
        self.write(address, bytes(size))
        return address

    def release(self, address: int) -> None:
        del self.allocated[address]

    def put_string(self, text: str) -> int:
        """Allocate and store a C string; returns its address."""
        data = text.encode() + b"\0"
        address = self.allocate(len(data))
        self.write(address, data)
        return address


class FakeFiber:
    """One scripted lwp. ``locks`` and ``spin_count`` are what the shim keeps in C."""

    def __init__(self, fibers: FakeFibers, address: int, entry: int, args: Sequence[int]) -> None:
        self.fibers = fibers
        self.address = address
        self.ipl = 0
        self.spin_count = 0
        self.locks: list[int] = []
        self.state = "R"
        self.wmesg = ""
        self.owner = 0
        self.result = 0
        self.destroyed = False
        self._arguments: tuple[Any, ...] = ()
        self._value: int | None = None
        self._call = (entry, tuple(args))
        self._upcall: tuple[int, tuple[int, ...]] | None = self._call
        self._stack: list[Generator[Any, int, Any]] = []
        self._fault = ""
        self.fault_address = 0
        self.fault_write = -1

    def run(self) -> int:
        assert not self.destroyed, "a fiber that is gone was run"
        fibers = self.fibers
        fibers.current, before = self, fibers.current
        try:
            return self._run()
        except Fault as fault:
            self._fault = str(fault)
            return FAULT
        finally:
            fibers.current = before

    def _run(self) -> int:
        if self._upcall is not None:
            (entry, args), self._upcall = self._upcall, None
            script = self.fibers.functions[entry]
            outcome = script(*args)
            if not isinstance(outcome, Generator):
                return self._ended(outcome)
            self._stack.append(outcome)
            self._value = None
        try:
            request = self._stack[-1].send(self._value)  # type: ignore[arg-type]
        except StopIteration as stop:
            self._stack.pop()
            return self._ended(stop.value)
        name, *arguments = request
        self._arguments = tuple(arguments)
        return hypercalls()[name][0]

    def _ended(self, outcome: Any) -> int:
        self.result = int(outcome or 0) & MASK
        return UPCALL_DONE if self._stack else RETURN

    def arguments(self, signature: Any) -> Sequence[Any]:
        assert len(signature) == len(self._arguments), (signature, self._arguments)
        for kind, value in zip(signature, self._arguments, strict=True):
            assert isinstance(value, str | None if kind == "s" else int), (kind, value)
        return self._arguments

    def set_result(self, value: int) -> None:
        self._value = value & MASK

    def again(self, ipl: int) -> None:
        assert not self._stack
        self.ipl, self.state, self.wmesg = ipl, "R", ""
        self._upcall = self._call

    def set_upcall(self, entry: int, args: Sequence[int]) -> None:
        self._upcall = (entry, tuple(args))

    def set_state(self, state: str, wmesg: str) -> None:
        self.state, self.wmesg = state, wmesg

    def set_owner(self, number: int) -> None:
        self.owner = number

    def held(self) -> list[int]:
        return list(self.locks)

    def places(self) -> list[int]:
        return [0x1000]

    def describe_fault(self) -> str:
        return self._fault

    def backtrace(self) -> list[Frame]:
        return [Frame(0x1000, generator.__name__) for generator in reversed(self._stack)]

    def destroy(self) -> None:
        self.destroyed = True
        while self._stack:
            self._stack.pop().close()


class FakeFibers:
    """The fiber factory. ``current`` is the fiber that runs, for scripts that look at it."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory
        self.pending_ipl = 0
        self.now_ns = 0
        self.functions: dict[int, Script] = {}
        self.created: list[FakeFiber] = []
        self.current: Any = None

    def function(self, script: Script) -> int:
        """Give a script an address."""
        address = 0x4000_0000 + 16 * len(self.functions)
        self.functions[address] = script
        return address

    def create(
        self, image: Any, name: str, lid: int, kind: str, ipl: int, entry: int, args: Sequence[int]
    ) -> FakeFiber:
        fiber = FakeFiber(self, self._memory.allocate(LWP_SIZE), entry, args)
        fiber.ipl = ipl
        self.created.append(fiber)
        return fiber

    def set_clock(self, now_ns: int, handovers: int = 0) -> None:
        self.now_ns = now_ns

    def handed_over(self) -> list[tuple[int, str, int, str]]:
        return []


class FakeImage:
    """An image whose symbols are scripts."""

    def __init__(self, fibers: FakeFibers) -> None:
        self._fibers = fibers
        self.symbols: dict[str, int] = {}

    def export(self, name: str, script: Script) -> int:
        self.symbols[name] = self._fibers.function(script)
        return self.symbols[name]

    def symbol(self, name: str) -> int:
        return self.symbols[name]


@dataclass(frozen=True)
class FakeOwner:
    """A device that resources are booked to."""

    number: int = 1
    xname: str = "foo0"


@dataclass
class Rig:
    """A kernel on fakes. ``panics`` collects what ended lwps; ``log`` is for scripts to use."""

    kernel: Kernel
    machine: FakeMachine
    memory: FakeMemory
    fibers: FakeFibers
    image: FakeImage
    panics: list[DriverPanic] = field(default_factory=list)
    log: list[Any] = field(default_factory=list)

    @classmethod
    def make(
        cls,
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        checks: Checks | None = None,
    ) -> Rig:
        machine, memory = FakeMachine(clock), FakeMemory()
        fibers = FakeFibers(memory)
        kernel = Kernel(machine, fibers, memory, hypercalls(), seed=seed, checks=checks)
        rig = cls(kernel, machine, memory, fibers, FakeImage(fibers))
        kernel.register(Panic())
        kernel.scheduler.on_panic = lambda _lwp, panic: rig.panics.append(panic)
        return rig

    @property
    def now_ns(self) -> int:
        return self.machine.clock.now_ns()

    @property
    def lwp(self) -> Lwp:
        """The lwp that runs now."""
        lwp = self.kernel.scheduler.current
        assert lwp is not None
        return lwp

    def function(self, script: Script) -> int:
        """Give a script an address."""
        return self.fibers.function(script)

    def spawn(self, script: Script, *args: int, name: str = "", **options: Any) -> Lwp:
        """Make an lwp that runs ``script(*args)``; options are ``Scheduler.spawn``'s."""
        options.setdefault("image", self.image)
        return self.kernel.scheduler.spawn(
            name or script.__name__, self.function(script), args, **options
        )

    def interrupt(self, script: Script, *args: int, ipl: int = 6, **options: Any) -> Lwp:
        """Make a hard interrupt's lwp."""
        return self.spawn(script, *args, kind=Kind.INTERRUPT, ipl=ipl, **options)

    def run(self, until_ns: int | None = None) -> None:
        """Run, jumping over idle time, until nothing is left (or at most until a time)."""
        events = self.machine.events
        while True:
            events.run_due()
            if self.kernel.scheduler.run_some().more:
                continue
            next_ns = events.next_ns()
            if next_ns is None or (until_ns is not None and next_ns > until_ns):
                break
            events.advance_to(next_ns)
        if until_ns is not None:
            events.advance_to(until_ns)

    def run_script(self, script: Script, *args: int, **options: Any) -> int:
        """Run one script to its end, and everything else meanwhile; returns its result.

        Raises the DriverPanic that ended it instead.
        """
        results: list[int] = []
        lwp = self.spawn(script, *args, on_exit=results.append, **options)
        panics = len(self.panics)
        self.run()
        if not results and len(self.panics) > panics:
            raise self.panics[panics]
        assert results, f"{lwp} still sleeps: {lwp.wmesg}"
        return results[0]

    def trace_of(self, run: Callable[[], Any]) -> list[TraceEvent]:
        """Return the trace events of ``run()``."""
        with self.kernel.trace.recording() as events:
            run()
        return events
