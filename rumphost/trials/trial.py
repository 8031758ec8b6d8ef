"""One trial: a fresh host, the driver attached, the scenario, the driver detached, a judgement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import trio

from rumphost.build import Builder, Built
from rumphost.checks import Checks
from rumphost.errors import (
    DetachRefused,
    DriverError,
    DriverPanic,
    MachineError,
    Misuse,
    RumphostError,
    UsageError,
)
from rumphost.host import Host, open_host
from rumphost.kernel.autoconf import Device, State
from rumphost.kernel.hypercall import Answer
from rumphost.kernel.interpose import Method, interpose
from rumphost.kernel.lwp import Lwp
from rumphost.kernel.pci_intr import PciIntr

from .outcome import Outcome, Trouble
from .scenario import Scenario, default_scenario

READS_LIMIT = 2_000_000
"""Register reads of one lwp in a trial: more are an endless loop."""
GONE_LIMIT = 200_000
"""The same once the device is gone."""
LIMIT_S = {True: 120.0, False: 12.0}
"""How long attach, the scenario and detach may take, each, on the virtual and on the real clock."""
_SHOWN = 8  # leaks

Prepare = Callable[[Host, Outcome], None]


@dataclass(frozen=True)
class Setup:
    """What the trials of a driver have in common."""

    built: Built
    machine: str = "sim:"
    scenario: Scenario = default_scenario
    builder: Builder = field(default_factory=Builder)
    checks: Checks = field(default_factory=Checks)
    firmware: tuple[Path, ...] = ()
    seed: int | None = None
    watchdog_s: float = 3.0


async def run_trial(setup: Setup, prepare: Prepare, clean: Outcome | None = None) -> Outcome:
    """Run one trial; ``prepare`` is called before anything attaches, and puts the faults in.

    ``clean`` is how a run without faults ended, for comparison.
    Raises ``UsageError`` if the driver drives nothing on the machine, and errors of the machine.
    """
    outcome = Outcome()
    async with open_host(
        setup.machine,
        seed=setup.seed,
        firmware=setup.firmware,
        builder=setup.builder,
        watchdog_s=setup.watchdog_s,
        checks=setup.checks,
    ) as host:
        host.console.listeners.append(lambda line: outcome.said.append(line.text))
        host.on_panic.append(lambda panic: outcome.add(Trouble.of(panic)))
        prepare(host, outcome)
        _limit_reads(host)  # around all faults, which may answer in the device's place
        trial = _Trial(host, setup, outcome, clean or outcome)
        await trial.attach()
        if outcome.life and not outcome.troubles:
            await trial.use()
        await trial.detach()
        outcome.injected = host.faults.injected
        host.panics.clear()
    if clean is not None:
        outcome.compare(clean)
    return outcome


class _Trial:
    """The steps of a trial."""

    def __init__(self, host: Host, setup: Setup, outcome: Outcome, clean: Outcome) -> None:
        self.host = host
        self.clean = clean
        self.setup = setup
        self.outcome = outcome
        self.limit_s = LIMIT_S[host.machine.clock.virtual]

    async def attach(self) -> None:
        found: list[Device] = []
        with trio.move_on_after(self.limit_s) as limit:
            for function in list(self.host.machine.functions):
                try:
                    await self.host.load(self.setup.built)
                    found += await self.host.attach(functions=[function])
                except DriverPanic as panic:
                    self.outcome.add(Trouble.of(panic))
        if limit.cancelled_caught:
            self._hung("attach")
        if not found and not self.outcome.troubles and not self.host.faults.injected:
            names = " ".join(self.setup.built.driver)
            raise UsageError(f"{names}: no device on {self.setup.machine} that it would drive")
        self.outcome.life = life(self.host)

    async def use(self) -> None:
        """Run the scenario; and again, if it did not go well, since a fault may do harm once."""
        outcome = self.outcome
        outcome.complaint = await self._use_once()
        if outcome.complaint and not outcome.troubles:
            outcome.again = await self._use_once()
        if outcome.again and not outcome.troubles:
            await self._take_down()
            outcome.restarted = await self._use_once()

    async def _take_down(self) -> None:
        with trio.move_on_after(self.limit_s):
            for interface in self.host.interfaces:
                with suppress(RumphostError):
                    await interface.down()

    async def _use_once(self) -> str:
        with trio.move_on_after(self.limit_s) as limit:
            try:
                await self.setup.scenario(self.host)
            except MachineError:
                raise
            except DriverPanic as panic:
                self.outcome.add(Trouble.of(panic))
                return panic.message
            except (RumphostError, AssertionError, trio.TooSlowError) as error:
                return str(error).strip().partition("\n")[0] or type(error).__name__
            except Exception as error:  # of a scenario that takes it that all is well
                if self.clean is self.outcome:
                    raise UsageError(f"the scenario fails without any fault: {error!r}") from error
                return repr(error)
        if limit.cancelled_caught:
            return f"not over within {self.limit_s:g} s"
        return ""

    async def detach(self) -> None:
        with trio.move_on_after(self.limit_s) as limit:
            for device in reversed(self.host.devices):
                # One that hangs or has crashed was told of.
                if device.top is device and device.state is State.ATTACHED:
                    await self._detach_one(device)
        if limit.cancelled_caught:
            self._hung("detach")

    async def _detach_one(self, device: Device) -> None:
        try:
            await self.host.detach(device, force=self.host.faults.hardware.gone)
        except DetachRefused as refused:
            if refused.unable:
                self._look_for_remains(device)
            else:
                self.outcome.add(Trouble.of(refused))
        except UsageError:
            return  # it has gone meanwhile
        except DriverError as error:
            self.outcome.add(Trouble.of(error))

    def _look_for_remains(self, device: Device) -> None:
        """A driver that gave up, and cannot be detached: whatever it holds is lost for good."""
        outcome = self.outcome
        if outcome.is_there(self.clean) or outcome.gone or outcome.troubles:
            return
        leaks = self.host.leaks(device)
        sites = [leak.site for leak in leaks if leak.site]
        frames = [frame for site in sites for frame in self.host.boundary.symbolizer.frames([site])]
        if leaks:
            message = f"kept by a failed attach: {'; '.join(map(str, leaks[:_SHOWN]))}"
            self.outcome.add(Trouble("leak", message, device.xname, tuple(frames)))

    def _hung(self, what: str) -> None:
        for lwp in self.host.kernel.scheduler.lwps.values():
            if lwp.name == "autoconf" and lwp.state == "S" and not lwp.rests:
                message = f"{what} waits for ever for `{lwp.wmesg}'"
                device = lwp.owner.xname if lwp.owner is not None else ""
                frames = tuple(lwp.fiber.backtrace())
                self.outcome.add(Trouble("hang", message, device, frames))
                return
        self.outcome.add(Trouble("hang", f"{what} does not come to an end"))


def life(host: Host) -> frozenset[str]:
    """Return in words what the attached drivers offer."""
    names = {device.xname for device in host.devices}
    found = {f"interface {interface.name}" for interface in host.interfaces}
    found |= {f"sysctl {name}" for name in host.sysctls if not names.isdisjoint(name.split("."))}
    handlers = host.kernel.service(PciIntr).handlers
    return frozenset(found | {f"interrupt handler {handler.xname}" for handler in handlers})


def _limit_reads(host: Host) -> None:
    """End an lwp that reads registers without end."""
    reads: dict[tuple[int, bool], int] = {}

    def around(_name: str, method: Method) -> Method:
        def read(lwp: Lwp, *args: object) -> Answer:
            gone = host.faults.hardware.gone
            key = (lwp.lid, gone)
            count = reads[key] = reads.get(key, 0) + 1
            if count > (GONE_LIMIT if gone else READS_LIMIT):
                what = ", though the device is gone" if gone else ""
                raise Misuse(f"endless loop: {count - 1} reads of registers{what}")
            return method(lwp, *args)

        return read

    interpose(host.kernel, ("bus_space_read", "pci_conf_read"), around)
