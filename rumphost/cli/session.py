"""What ``rumphost run`` does between the build and its end: attach, use, show, detach.

One driver's failure does not keep the others from being used; the first one's is the command's.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from rumphost.build import Builder, Built
from rumphost.checks import Checks
from rumphost.classes.network import Network
from rumphost.errors import (
    DetachRefused,
    DriverError,
    DriverPanic,
    MachineError,
    RumphostError,
    UsageError,
)
from rumphost.faults import Fault
from rumphost.host import ClockName, Host, open_host
from rumphost.kernel.autoconf import Device
from rumphost.kernel.console import Line
from rumphost.kernel.sysctl import Value
from rumphost.tasks import LEAVE_LIMIT_S

from .faulting import FaultLog
from .interface import InterfaceUse
from .observing import Observing, ObservingOptions
from .output import AlreadyTold, Output

STAY_S = 1.0
ATTACH_LIMIT_S = 600.0  # of virtual time, which passes at once when nothing happens in it
_ENDS = (KeyboardInterrupt, trio.Cancelled)


@dataclass(frozen=True)
class SessionOptions:
    """The options of ``rumphost run``, as far as they are not the network's."""

    machine: str
    clock: ClockName
    seed: int | None
    sysctls: tuple[tuple[str, str | None], ...]
    observing: ObservingOptions
    checks: Checks
    firmware: tuple[Path, ...]
    stay_s: float | None
    watchdog_s: float
    coverage: Path | None = None
    faults: tuple[Fault, ...] = ()

    def watched(self, watchdog_s: float) -> SessionOptions:
        """Return these with another limit of time."""
        return replace(self, watchdog_s=watchdog_s)


class Session:
    """One ``rumphost run``."""

    def __init__(
        self,
        output: Output,
        builder: Builder,
        built: Built,
        use: InterfaceUse,
        options: SessionOptions,
    ) -> None:
        self.output = output
        self.builder = builder
        self.built = built
        self.use = use
        self.options = options
        self.failures: list[RumphostError] = []
        self.observing = Observing(options.observing, output, self._told)
        self._headlines: dict[str, str] = {}

    async def main(self) -> None:
        """Do it all; raises ``AlreadyTold`` when something failed."""
        options = self.options
        with ExitStack() as files:
            self.observing.open(files)
            machine = self.observing.machine(options.machine, virtual=options.clock == "virtual")
            async with open_host(
                machine,
                clock=options.clock,
                seed=options.seed,
                firmware=options.firmware,
                builder=self.builder,
                watchdog_s=options.watchdog_s,
                checks=options.checks,
                coverage=options.coverage,
                faults=options.faults,
            ) as host:
                faults = FaultLog(self.output)
                host.faults.listeners.append(faults.tell)
                host.console.listeners.append(self._console_line)
                host.on_panic.append(self._panicked)
                self.observing.attach(host)
                await self._run(host)
                faults.finish()
                self.observing.finish(host)
                for error in host.sanitizer_findings:
                    self._told(error)
                if self.options.checks != Checks() and host.findings:
                    count = len(host.findings)
                    self._told(DriverError(f"the checks found {count} thing{'s' * (count > 1)}"))
            self.observing.ended(machine)
        if self.failures:
            raise AlreadyTold(self.failures[0])

    async def _run(self, host: Host) -> None:
        for function in host.machine.functions:
            wire = getattr(function, "wire", None)
            if wire is not None:
                Network(events=host.machine.events).plug(wire)
        devices = await self._attach(host)
        ending: BaseException | None = None
        try:
            await self._use(host)
        except _ENDS as error:
            ending = error
        with host.tasks.last_things() as last:
            self._show_sysctls(await self._read_sysctls(host))
            self._show_events(host)
            await self._detach(host, devices)
        if last.cancelled_caught and not host.tasks.failed:
            self._told(_asleep(host, f"not detached within {LEAVE_LIMIT_S:g} s"))
        if ending is not None and not (self.failures and isinstance(ending, KeyboardInterrupt)):
            raise ending

    # -- attaching

    async def _attach(self, host: Host) -> list[Device]:
        """Attach to one function after the other, past those whose driver crashes."""
        devices: list[Device] = []
        for function in list(host.machine.functions):
            found: list[Device] = []
            limit_s = ATTACH_LIMIT_S if host.machine.clock.virtual else math.inf
            try:
                with trio.move_on_after(limit_s) as limit:
                    await host.load(self.built)
                    found = await host.attach(functions=[function])
            except DriverPanic as panic:
                self._told(panic)
                continue
            if limit.cancelled_caught:
                self._told(_asleep(host, f"not attached within {ATTACH_LIMIT_S:g} s"))
            for device in found:
                self._show_attached(device)
            devices += found
        if not devices and not self.failures:
            raise UsageError(
                f"{' '.join(self.built.driver)}: no device on {host.machine.name} that it would "
                "drive: name another machine with -m; `rumphost list models` and "
                "`rumphost list devices` show what there is"
            )
        return devices

    def _show_attached(self, device: Device) -> None:
        place = _place(device)
        headline = self._headlines.get(device.xname, "")
        what = headline.partition(f"{place}: ")[2] if place in headline else ""
        self.output.fact(
            f"{device.xname} at {place}" + (what and f": {what}"),
            "attached",
            device=device.xname,
            driver=device.driver,
            at=place,
            description=what,
        )

    # -- using

    async def _use(self, host: Host) -> None:
        started = trio.current_time()
        await self._set_sysctls(host)
        for interface in host.interfaces:
            try:
                await self.use.use(host, interface)
            except MachineError:
                raise
            except RumphostError as error:
                self._told(error)
        stay_s = STAY_S if self.options.stay_s is None else self.options.stay_s
        await trio.sleep_until(started + stay_s)

    async def _set_sysctls(self, host: Host) -> None:
        for name, text in self.options.sysctls:
            before = await host.sysctl(name)
            if text is None:
                self._show_sysctl(name, before)
                continue
            await host.set_sysctl(name, _converted(name, text, before))
            after = await host.sysctl(name)
            self.output.fact(
                f"{name}: {_shown(before)} -> {_shown(after)}",
                "sysctl",
                name=name,
                value=_plain(after),
                before=_plain(before),
            )

    # -- showing

    async def _read_sysctls(self, host: Host) -> dict[str, Value]:
        """Read what attached devices have; only what fails by itself is left out."""
        names = {device.xname for device in host.devices}
        values: dict[str, Value] = {}
        for name in host.sysctls:
            if names.isdisjoint(name.split(".")):
                continue
            try:
                values[name] = await host.sysctl(name)
            except RumphostError as error:
                self._told(error)
        return values

    def _show_sysctls(self, values: dict[str, Value]) -> None:
        for name, value in values.items():
            self._show_sysctl(name, value)

    def _show_sysctl(self, name: str, value: Value) -> None:
        text = f"{name}: {_shown(value)}".rstrip()
        self.output.fact(text, "sysctl", name=name, value=_plain(value), before=None)

    def _show_events(self, host: Host) -> None:
        rows = [(one.group, one.name, one.value) for one in host.counts() if one.value]
        if rows:
            self.output.rows("event_counter", ("group", "name", "count"), rows)

    # -- detaching

    async def _detach(self, host: Host, devices: list[Device]) -> None:
        for device in reversed(devices):
            if device not in host.devices:
                continue
            try:
                await host.detach(device)
            except DetachRefused as refused:
                if refused.unable:
                    self.output.fact(str(refused), "stays", device=device.xname)
                else:
                    self._told(refused)
            except DriverError as error:
                self._told(error)
            else:
                self.output.fact(
                    f"{device.xname} detached; leaks: none",
                    "detached",
                    device=device.xname,
                    leaks=[],
                )

    # -- what goes wrong

    def _told(self, error: RumphostError) -> None:
        """Tell of a failure, once."""
        if error not in self.failures:
            self.failures.append(error)
            self.output.error(error)

    def _panicked(self, panic: DriverPanic) -> None:
        """A driver crashed, now, on the virtual CPU: whoever waits for it need not tell again."""
        self._told(panic)

    # -- the log

    def _console_line(self, line: Line) -> None:
        name, at, _ = line.text.partition(" at ")
        if at and " " not in name:
            self._headlines[name] = line.text
        self.output.kernel_line(line)


def _asleep(host: Host, message: str) -> DriverError:
    """Where an attach or detach that does not come to an end sleeps."""
    for lwp in host.kernel.scheduler.lwps.values():
        if lwp.name == "autoconf" and lwp.state == "S" and not lwp.rests:
            driver = lwp.owner.xname if lwp.owner is not None else ""
            message += f": it waits for `{lwp.wmesg}'"
            return DriverError(message, lwp.fiber.backtrace(), driver=driver)
    return DriverError(message)


def _place(device: Device) -> str:
    parent = device.parent.xname if device.parent is not None else "root"
    if device.function is None:
        return parent
    address = device.function.address
    return f"{parent} dev {address.device} function {address.function}"


def _converted(name: str, text: str, before: Value) -> Value:
    """Return a value of the type that is there already."""
    try:
        if isinstance(before, bool):
            return bool(int(text, 0))
        if isinstance(before, int):
            return int(text, 0)
        return bytes.fromhex(text) if isinstance(before, bytes) else text
    except ValueError:
        kind = "hexadecimal bytes" if isinstance(before, bytes) else "a number"
        raise UsageError(f"--sysctl {name}={text}: {name} takes {kind}") from None


def _shown(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) else str(_plain(value))


def _plain(value: Value) -> int | str:
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if isinstance(value, bool) else value
