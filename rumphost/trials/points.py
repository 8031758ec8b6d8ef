"""The points of a scenario at which something may be put in, and the putting in.

A point is a hypercall of a driver on a thread or a soft interrupt: an access to a register, an
operation on a lock, a sleep. They are counted from 1, alike in each run of the same scenario up
to the first step of a schedule; what hard interrupts do is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rumphost.errors import DriverError, DriverLeak, DriverPanic, Frame, UsageError
from rumphost.host import Host
from rumphost.kernel.autoconf import Device, State
from rumphost.kernel.callout import Callouts
from rumphost.kernel.faults import driver_frames
from rumphost.kernel.hypercall import Answer
from rumphost.kernel.interpose import Method, interpose
from rumphost.kernel.lwp import Kind, Lwp

from .outcome import Outcome, Trouble

ACTIONS = ("interrupt", "timeout", "detach", "unplug")
CLASSES = {
    "bus": (
        "bus_space_read", "bus_space_write", "bus_space_read_multi", "bus_space_write_multi",
        "bus_space_read_region", "bus_space_write_region", "bus_space_barrier",
        "pci_conf_read", "pci_conf_write", "pci_intr_establish", "bus_dmamap_sync",
        "bus_dmamap_load",
    ),
    "lock": (
        "mutex_enter", "mutex_exit", "mutex_spin_enter", "mutex_spin_exit", "rw_enter", "rw_exit",
        "spl_raise", "spl_lower",
    ),
    "sleep": (
        "cv_wait", "cv_signal", "cv_broadcast", "tsleep", "kpause", "wakeup", "delay",
        "callout_schedule", "callout_stop", "callout_halt", "softint_schedule",
    ),
}  # fmt: skip
"""Kinds of points, and the hypercalls that are such."""
_TRAPS = {"bus": ("registers", "bus", "dma"), "lock": ("lock",), "sleep": ("lock",)}


@dataclass(frozen=True, order=True)
class Step:
    """``action`` at the ``point``-th point."""

    point: int
    action: str

    def __str__(self) -> str:
        return f"{self.point}={self.action}"

    @classmethod
    def parse(cls, text: str) -> Step:
        """Read ``57=interrupt``; raises ``UsageError``."""
        point, _, action = text.partition("=")
        if not re.fullmatch(r"[1-9]\d*", point) or action not in ACTIONS:
            raise UsageError(f"step {text!r}: write POINT=ACTION, of {', '.join(ACTIONS)}")
        return cls(int(point), action)


@dataclass(frozen=True)
class Taken:
    """A step that was taken: in which hypercall, and where in the driver."""

    step: Step
    call: str
    lwp: str
    frames: tuple[Frame, ...]

    def __str__(self) -> str:
        where = f", in {self.frames[0]}" if self.frames else ""
        return f"{self.step} ({self.call} of {self.lwp}{where})"


class Points:
    """Counts the points of one trial, and takes the steps of a schedule.

    ``taken`` are the steps that came to something: without an established handler there is no
    interrupt, without an attached device no detach. ``named``: with their places in the driver,
    which takes its time.
    """

    def __init__(
        self,
        host: Host,
        outcome: Outcome,
        schedule: Sequence[Step],
        classes: Iterable[str],
        *,
        named: bool = False,
    ) -> None:
        self.count = 0
        self._named = named
        self.taken: list[Taken] = []
        self._host = host
        self._outcome = outcome
        self._steps: dict[int, list[Step]] = {}
        for step in schedule:
            self._steps.setdefault(step.point, []).append(step)
        if any(step.action == "unplug" for step in schedule):
            host.faults.hardware.watch_registers()
        for name in classes:
            host.trap(*_TRAPS[name])
            interpose(host.kernel, CLASSES[name], self._around)

    def _around(self, name: str, method: Method) -> Method:
        def call(lwp: Lwp, *args: object) -> Answer:
            if lwp.owner is None or lwp.kind is Kind.INTERRUPT:
                return method(lwp, *args)
            self.count += 1
            if not self._outcome.complaint:  # else it is tried whether all is well again
                for step in self._steps.get(self.count, ()):
                    self._take(step, name, lwp)
            return method(lwp, *args)

        return call

    def _take(self, step: Step, name: str, lwp: Lwp) -> None:
        device = lwp.owner
        if not isinstance(device, Device):
            return
        act = {
            "interrupt": self._interrupt,
            "timeout": self._time_out,
            "detach": self._detach,
            "unplug": self._unplug,
        }[step.action]
        frames = driver_frames(lwp.fiber.backtrace()) if self._named else ()
        if act(device):
            self.taken.append(Taken(step, name, lwp.name, frames))

    def _interrupt(self, device: Device) -> bool:
        return self._host.faults.hardware.interrupt(device.function)

    def _time_out(self, device: Device) -> bool:
        """Let what would come due next do so now: a callout, or the end of a timed sleep."""
        kernel = self._host.kernel
        waits = [
            lwp.timeout
            for lwp in kernel.scheduler.lwps.values()
            if lwp.owner is device and lwp.timeout is not None
        ]
        waits += kernel.service(Callouts).pending(device)
        waits = [event for event in waits if event.pending]
        if not waits:
            return False
        event = min(waits, key=lambda event: event.at_ns)
        action, event.action = event.action, None
        assert action is not None
        action()
        return True

    def _detach(self, device: Device) -> bool:
        if device.state is not State.ATTACHED:
            return False
        self._outcome.gone = True
        self._host.begin_detach(device, self._detached)
        self._host.kernel.scheduler.give_way()
        return True

    def _unplug(self, device: Device) -> bool:
        if device.function is None or self._host.faults.hardware.gone:
            return False
        self._outcome.gone = True
        self._host.pull_out(device.function)
        if device.state is State.ATTACHED:
            self._host.begin_detach(device, self._detached, force=True)
            self._host.kernel.scheduler.give_way()
        return True

    def _detached(self, error: DriverError | None) -> None:
        if isinstance(error, DriverLeak | DriverPanic):
            self._outcome.add(Trouble.of(error))
