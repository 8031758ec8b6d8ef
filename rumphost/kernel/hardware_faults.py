"""Faults of the hardware, put in between the machine and its driver: see ``rumphost/faults.py``.

Made by ``kernel/faults.py`` when the first is asked for. It works with any machine, for it stands
in the way of interrupts, register accesses and firmware, not in the device; only a cable can be
pulled where the machine has one to pull.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from rumphost.errors import UsageError
from rumphost.faults import Fault
from rumphost.machine import PciFunction

from .errno import EINVAL, EIO, ENOENT
from .hypercall import Answer
from .interpose import Method, interpose
from .lwp import Lwp
from .pci_intr import Line, PciIntr

if TYPE_CHECKING:
    from .kernel import Kernel

_READS = ("bus_space_read", "bus_space_read_multi", "bus_space_read_region")
_WRITES = ("bus_space_write", "bus_space_write_multi", "bus_space_write_region")
_CONFIG = ("pci_conf_read", "pci_conf_write")
_FIRMWARE = ("firmware_open", "firmware_size", "firmware_read")


class Struck(Protocol):
    """A fault in force, as ``kernel/faults.py`` keeps it."""

    fault: Fault
    active: bool
    hits: int

    def strikes(self) -> bool: ...


class HardwareFaults:
    """What is wrong with a machine's hardware. ``gone``: nobody answers, as after a removal."""

    def __init__(
        self,
        kernel: Kernel,
        trap: Callable[..., None],
        note: Callable[[Any, str, Lwp | None], None],
    ) -> None:
        self.gone = False
        self._kernel = kernel
        self._trap = trap
        self._note = note
        self._interrupts: list[Any] = []
        self._registers: list[Any] = []
        self._firmware: list[Any] = []
        self._registers_seen = False
        self._short: dict[int, int] = {}

    def add(self, rule: Struck) -> None:
        """Put a fault in force; raises ``UsageError`` if this machine cannot have it."""
        fault = rule.fault
        if fault.what == "interrupt" and fault.effect == "spurious":
            self._again(fault.amount, rule, self._spurious)
        elif fault.what == "interrupt":
            self._interrupts.append(rule)
            self._kernel.service(PciIntr).gate = self._passes
        elif fault.what == "register":
            self._registers.append(rule)
            self.watch_registers()
        elif fault.what == "firmware":
            self._firmware.append(rule)
            if len(self._firmware) == 1:
                interpose(self._kernel, _FIRMWARE, self._around_firmware)
        else:
            wires = [function.wire for function in self._kernel.machine.functions
                     if hasattr(function, "wire")]  # fmt: skip
            if not wires:
                raise UsageError(f"fault {fault}: {self._kernel.machine.name} has no cable to pull")
            self._again(fault.amount, rule, lambda: self._flap(wires))

    def remove(self) -> None:
        """Take the device away: registers read all ones from now on, interrupts come no more."""
        self.gone = True
        self.watch_registers()
        self._kernel.service(PciIntr).gate = self._passes

    def interrupt(self, function: PciFunction | None = None) -> bool:
        """Have every line with a handler interrupt, whether its device wants it or not.

        ``function``: its lines only. Returns whether there was any.
        """
        lines = [
            line
            for line in self._kernel.service(PciIntr).lines
            if line.handlers and (function is None or line.serves(function))
        ]
        for line in lines:
            self._kernel.scheduler.raise_interrupt(line)
        return bool(lines)

    # -- interrupts

    def _passes(self, line: Line) -> bool:
        """Tell whether an interrupt comes, now."""
        if self.gone:
            return False
        for rule in self._interrupts:
            if not rule.active or not rule.strikes():
                continue
            self._note(rule, f"interrupt {line.name} {rule.fault.effect}", None)
            if rule.fault.effect == "late":
                self._kernel.events.after(rule.fault.amount, lambda: self._deliver(line))
            return False
        return True

    def _deliver(self, line: Line) -> None:
        if line.handlers and not self.gone:
            self._kernel.scheduler.raise_interrupt(line)

    def _spurious(self) -> str:
        return "spurious interrupt" if not self.gone and self.interrupt() else ""

    def _flap(self, wires: list[Any]) -> str:
        for wire in wires:
            wire.set_link(not wire.up)
        return f"link {'up' if wires[0].up else 'down'}"

    def _again(self, period_ns: int, rule: Any, act: Callable[[], str]) -> None:
        """Let ``act``, which says what it has done, act after each period that the rule chooses."""

        def due() -> None:
            if not rule.active:
                return
            if rule.strikes():
                what = act()
                if what:
                    self._note(rule, what, None)
            self._kernel.events.after(period_ns, due)

        self._kernel.events.after(period_ns, due)

    # -- registers

    def watch_registers(self) -> None:
        """Stand between drivers and registers. Call it before a driver maps them."""
        if not self._registers_seen:
            self._registers_seen = True
            self._trap("registers", "bus")
            interpose(self._kernel, (*_READS, *_WRITES, *_CONFIG), self._around_register)

    def _around_register(self, name: str, method: Method) -> Method:
        def access(lwp: Lwp, *args: int) -> Answer:
            slow_ns = 0 if lwp.owner is None else self._strike_register(lwp, name)
            if slow_ns < 0 or self.gone:
                return self._all_ones(name, args)
            answer = method(lwp, *args)
            if slow_ns == 0:
                return answer
            assert answer is None or isinstance(answer, int)
            parked: Answer = self._kernel.scheduler.delay(lwp, slow_ns)
            lwp.resume_value = answer or 0
            return parked

        return access

    def _strike_register(self, lwp: Lwp, name: str) -> int:
        """Count an access; return how many ns longer it takes, or -1 if nobody answers.

        Ones are counted, and strike, in what reads registers, not configuration space; once the
        device is gone, nothing reaches it.
        """
        slow_ns = 0
        for rule in self._registers:
            counts = name in _READS or rule.fault.effect == "slow"
            if not counts or not rule.active or not rule.strikes():
                continue
            if rule.hits == 1:
                self._note(rule, f"register {rule.fault.effect}", lwp)
            if rule.fault.effect == "slow":
                slow_ns = max(slow_ns, rule.fault.amount)
                continue
            if rule.fault.lasts:
                self.remove()
            return -1
        return slow_ns

    def _all_ones(self, name: str, args: tuple[int, ...]) -> int:
        """Answer as a bus does where no device is."""
        if name == "pci_conf_read":
            return 0xFFFF_FFFF
        if name == "bus_space_read":
            return (1 << 8 * args[2]) - 1
        if name in _READS:
            self._kernel.memory.write(args[3], b"\xff" * (args[2] * args[4]))
        return 0

    # -- firmware

    def _around_firmware(self, name: str, method: Method) -> Method:
        return {
            "firmware_open": self._open,
            "firmware_size": self._size,
            "firmware_read": self._read,
        }[name](method)

    def _struck(self, effect: str, lwp: Lwp) -> Fault | None:
        """Count an occurrence for the rules of one effect; return the fault that strikes."""
        for rule in self._firmware:
            if rule.active and rule.fault.effect == effect and rule.strikes():
                self._note(rule, f"firmware {effect}", lwp)
                fault: Fault = rule.fault
                return fault
        return None

    def _open(self, method: Method) -> Method:
        def call(lwp: Lwp, driver: str, name: str, handle: int) -> Answer:
            if self._struck("missing", lwp) is not None:
                return ENOENT
            error = method(lwp, driver, name, handle)
            short = self._struck("short", lwp) if not error else None
            if short is not None:
                self._short[self._kernel.memory.read_uint(handle, 8)] = short.amount
            return error

        return call

    def _size(self, method: Method) -> Method:
        def call(lwp: Lwp, handle: int) -> Answer:
            size = method(lwp, handle)
            assert isinstance(size, int)
            if handle in self._short:
                self._short[handle] = min(self._short[handle] or size // 2, size)
                return self._short[handle]
            return size

        return call

    def _read(self, method: Method) -> Method:
        def call(lwp: Lwp, handle: int, offset: int, buffer: int, size: int) -> Answer:
            if self._struck("error", lwp) is not None:
                return EIO
            if handle in self._short and offset + size > self._short[handle]:
                return EINVAL
            return method(lwp, handle, offset, buffer, size)

        return call
