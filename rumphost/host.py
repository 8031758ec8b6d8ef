"""Introduces boundary, kernel and machine to one another, and runs drivers on them.

The Python API begins here::

    async def main():
        async with rumphost.open_host("sim:i82540em") as host:
            (nic,) = await host.attach("if_i8254x")
            interface = host.interface(nic)
            ...
            await host.detach(nic)

    rumphost.run(main)
"""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

import trio

from .boundary import Boundary, Image
from .budgets import spending
from .build import Builder, Built
from .checks import Checks
from .classes.ifnet import Interface
from .coverage import CoverageData, counting
from .errors import (
    DetachRefused,
    DriverError,
    DriverLeak,
    DriverPanic,
    SanitizerError,
    UsageError,
)
from .faults import Fault
from .holdings import Holdings
from .introductions import introduce
from .kernel.autoconf import Autoconf, Device, Request, State
from .kernel.bus_space import BusSpace
from .kernel.console import Console, Level
from .kernel.cpu import Cpu, TrioVirtualClock, trio_clock_is_virtual
from .kernel.evcnt import Count, Evcnt
from .kernel.faults import Faults
from .kernel.findings import Finding
from .kernel.ifnet import Ifnet, Ifnets
from .kernel.kernel import Kernel
from .kernel.leak import Leak
from .kernel.lwp import Lwp, Owner
from .kernel.pci_intr import PciIntr
from .kernel.pmf import Pmf
from .kernel.sanitizers import Sanitizers
from .kernel.services import register_all
from .kernel.sysctl import Sysctl, Value
from .machine import DmaChunk, Machine, PciAddress, PciFunction
from .machine.sim import SimMachine
from .machines import clock_of, name_registers, open_machine
from .tasks import ServiceTasks, unwrapped
from .trace import Trace
from .tracing.budget import Budget
from .waiting import Wait, Waits

T = TypeVar("T")
ClockName = Literal["virtual", "real"]
EPOCH_NS = 1_767_225_600 * 10**9
"""When a machine on the virtual clock starts: 2026-01-01 00:00 UTC, in every run."""


def run(main: Callable[..., Awaitable[T]], *args: Any, clock: ClockName = "virtual") -> T:
    """Run an async function with trio on the virtual clock, or on the real one.

    On the virtual clock ``trio.sleep`` and every time-out take no wall time, and runs repeat
    exactly. Ctrl-C arrives at trio's checkpoints only, never inside the kernel.
    """
    return trio.run(
        main,
        *args,
        clock=TrioVirtualClock() if clock == "virtual" else None,
        restrict_keyboard_interrupt_to_checkpoints=True,
    )


class Host:
    """One kernel on one open machine; made by ``open_host``.

    ``panics`` has every driver's crash that nobody has been told of by an exception;
    ``on_panic`` are called with each crash as it happens, on the virtual CPU.
    """

    def __init__(
        self,
        machine: Machine,
        boundary: Boundary,
        *,
        seed: int | None = None,
        firmware: Sequence[Path] = (),
        builder: Builder | None = None,
        checks: Checks | None = None,
    ) -> None:
        self.machine = machine
        self.boundary = boundary
        self.builder = builder or Builder()
        self.kernel = Kernel(
            machine,
            boundary,
            boundary.memory,
            boundary.interface.table(),
            seed=seed,
            checks=checks,
        )
        self._services = register_all(self.kernel, firmware)
        self._holdings = Holdings(self.kernel, boundary, self._services)
        self._holdings.on_ended = self._ended
        self.cpu = Cpu(self.kernel)
        self.tasks = ServiceTasks()
        self.boot_ns = EPOCH_NS
        if not machine.clock.virtual:
            self.boot_ns = time.time_ns() - machine.clock.now_ns()
        boundary.set_boot_time(self.boot_ns)
        self.panics: list[DriverPanic] = []
        self.on_panic: list[Callable[[DriverPanic], None]] = []
        self._autoconf = self.kernel.service(Autoconf)
        self._ifnets = self.kernel.service(Ifnets)
        self._interfaces: dict[Ifnet, Interface] = {}
        self._images: dict[Path, Image] = {}
        self._waits = Waits(self.kernel.scheduler.post)
        self._crashed = trio.Event()
        introduce(self.kernel, boundary)
        machine.on_outside_event = self.cpu.wake
        machine.bring_in = self.cpu.bring_in
        machine.on_note = self._note
        machine.on_blocked = self._blocked
        machine.progress = lambda: self.kernel.scheduler.runs
        machine.on_removed = self._removed
        self.kernel.scheduler.on_panic = self._panicked
        self.kernel.service(PciIntr).on_storm = self._report
        self.faults = self.kernel.service(Faults)
        self.faults.trap = self.trap

    # -- what there is

    @property
    def trace(self) -> Trace:
        return self.kernel.trace

    @property
    def console(self) -> Console:
        return self.kernel.console

    @property
    def findings(self) -> list[Finding]:
        """What drivers did wrong that did no harm, each once."""
        return self.kernel.findings.all

    @property
    def sanitizer_findings(self) -> list[SanitizerError]:
        """What drivers built with sanitizers were caught at, and survived; once for each place."""
        return self.kernel.service(Sanitizers).found

    def trap(self, *what: str) -> None:
        """Have the shim leave more to the kernel, so that it is traced or recorded.

        ``registers`` that are mapped into the process, ``dma`` loads and syncs, ``lock`` and
        ``memory`` operations. Call it before a driver attaches.
        """
        for one in what:
            if one == "registers":
                self.kernel.service(BusSpace).direct = False
            else:
                self.boundary.cpu.slow |= self.boundary.interface.constants[f"SLOW_{one.upper()}"]

    def budget(self, **allowed: int) -> AbstractContextManager[Budget]:
        """Raise ``BudgetExceeded`` if more is used in a ``with`` block than ``register_writes=10``.

        What there is to count: ``rumphost.tracing.budget.KINDS``.
        """
        return spending(self, allowed)

    @property
    def devices(self) -> list[Device]:
        """All attached devices, in the order of attachment, without the host's own buses."""
        return [device for device in self._autoconf.devices if not device.is_bus]

    def device(self, xname: str) -> Device:
        """Return the device of that name; raises ``UsageError``."""
        return self._autoconf.device(xname)

    @property
    def interfaces(self) -> list[Interface]:
        """The network interfaces of all drivers."""
        return [self._interface(ifnet) for ifnet in self._ifnets]

    def interface(self, which: Device | str) -> Interface:
        """Return the network interface of a device, or of a name; raises ``UsageError``."""
        if isinstance(which, str):
            found = self._ifnets.find(which)
        else:
            found = next(iter(self._ifnets.of(which.top)), None)
        if found is None:
            name = which if isinstance(which, str) else which.xname
            raise UsageError(f"{name} is no network interface, nor has one")
        return self._interface(found)

    def _interface(self, ifnet: Ifnet) -> Interface:
        if ifnet not in self._interfaces:
            self._interfaces[ifnet] = Interface(self.kernel, ifnet, self._call_interface)
            ifnet.on_gone.append(lambda: self._forget(ifnet))
        return self._interfaces[ifnet]

    def _forget(self, ifnet: Ifnet) -> None:
        self._interfaces.pop(ifnet, None)

    async def _call_interface(self, ifnet: Ifnet, entry: str, args: Sequence[int]) -> int:
        return await self.call(f"{ifnet.name}/ioctl", ifnet.image, entry, args, owner=ifnet.owner)

    # -- drivers

    async def build(self, *names: str) -> Built:
        """Build one image of the named drivers, without holding up a machine on real time."""
        if self.machine.clock.virtual:
            return self.builder.build(names)
        return await trio.to_thread.run_sync(self.builder.build, names)

    async def load(self, built: Built | Path) -> Image:
        """Load a built image, once; raises ``DriverPanic`` when its initialisation crashes."""
        path = built.path if isinstance(built, Built) else built
        if path not in self._images:
            image = self.boundary.load(path)
            self._images[path] = image
            try:
                await self._request(lambda done: self._autoconf.configure(image, done), None)
            except BaseException:
                del self._images[path]
                raise
        return self._images[path]

    async def attach(
        self, *names: str, functions: Sequence[PciFunction] | None = None
    ) -> list[Device]:
        """Build and load drivers, then attach what matches to each PCI function that is free.

        Returns the devices in the order of the functions. Only the named drivers are asked; with
        no names, all that are loaded. Raises ``BuildError``, ``DriverPanic``, and ``UsageError``
        when nothing matched.
        """
        images = [await self.load(await self.build(*names))] if names else None
        attached = []
        for function in functions or list(self._autoconf.unclaimed()):
            start = functools.partial(self._autoconf.attach, function, images=images)
            request = await self._request(start, None)
            if request.device is not None:
                attached.append(request.device)
        if names and not attached:
            raise UsageError(
                f"{' '.join(names)}: no device on {self.machine.name} that it would drive"
            )
        return attached

    async def detach(self, device: Device, *, force: bool = False) -> None:
        """Detach a device; raises ``DetachRefused``, or ``DriverLeak`` if it has left leaks.

        ``force``: as when the hardware is gone; a driver that refuses then panics.
        """
        flags = 1 if force else 0
        top = device.top
        request = await self._request(lambda done: self._autoconf.detach(device, flags, done), top)
        if request.error:
            raise DetachRefused(request.error, driver=device.xname)
        if device is top:
            self._holdings.settle(device)

    async def detach_all(self) -> None:
        """Detach every device, youngest first; raises the first error after all were tried.

        One whose driver cannot detach stays, as it does when NetBSD halts.
        """
        errors: list[DriverError] = []
        for device in reversed([one for one in self.devices if one.top is one]):
            if device.state is State.ATTACHED:
                try:
                    await self._detach_finally(device)
                except DriverError as error:
                    errors.append(error)
        if errors:
            raise errors[0]

    async def _detach_finally(self, device: Device) -> None:
        try:
            await self.detach(device)
        except DetachRefused as refused:
            if not refused.unable:
                await self.detach(device, force=True)

    def pull_out(self, function: PciFunction) -> None:
        """Take a function away from under its driver, without telling anybody."""
        self.faults.hardware.remove()
        if isinstance(self.machine, SimMachine):
            self.machine.unplug(function)  # type: ignore[arg-type]
        else:
            function.reset()

    async def suspend(self, device: Device) -> None:
        """Suspend a device by pmf(9); raises ``DriverError`` if it refuses."""
        await self._power(device, "suspend", self.kernel.service(Pmf).suspend)

    async def resume(self, device: Device) -> None:
        """Resume a suspended device; raises ``DriverError`` if it refuses."""
        await self._power(device, "resume", self.kernel.service(Pmf).resume)

    async def _power(
        self, device: Device, what: str, start: Callable[[Device, Callable[[bool], None]], None]
    ) -> None:
        if not await self._waits.eventually(functools.partial(start, device), device.top):
            raise DriverError(f"refuses to {what}", driver=device.xname)

    # -- what drivers show

    @property
    def sysctls(self) -> list[str]:
        """Dotted names of all sysctl(9) values."""
        return self.kernel.service(Sysctl).names()

    async def sysctl(self, name: str) -> Value:
        """Read a value: int, bool, str, or bytes for a structure."""
        return await self._sysctl(name, functools.partial(self.kernel.service(Sysctl).read, name))

    async def set_sysctl(self, name: str, value: Value) -> Value:
        """Write a value; returns what it was before."""
        service = self.kernel.service(Sysctl)
        return await self._sysctl(name, functools.partial(service.write, name, value))

    async def _sysctl(self, name: str, start: Callable[[Callable[[Any], None]], None]) -> Value:
        found: Value | Exception = await self._waits.eventually(start, None)
        if isinstance(found, Exception):
            if isinstance(found, DriverPanic):
                self._told(found)
            raise found
        return found

    def counts(self) -> list[Count]:
        """Return all event counters (evcnt(9)), interrupts first."""
        return self.kernel.service(Evcnt).counts()

    # -- the inner parts

    async def call(
        self,
        name: str,
        image: Image,
        entry: str | int,
        args: Sequence[int] = (),
        *,
        owner: Owner | None = None,
    ) -> int:
        """Call a C function of an image on an lwp of its own; returns its 64-bit result.

        ``entry`` is an exported name or an address. The function keeps running when the caller is
        cancelled. Raises ``DriverPanic`` when it crashes, or its driver does meanwhile.
        """
        address = image.symbol(entry) if isinstance(entry, str) else entry
        wait = Wait(owner)
        lwp = self.kernel.scheduler.spawn(
            name, address, args, image=image, owner=owner, mpsafe=False, on_exit=wait.finish
        )
        return int(await self._waits.for_lwp(lwp.lid, wait))

    async def panic(self) -> DriverPanic:
        """Wait for the next crash that no exception tells of, and take note of it."""
        while not self.panics:
            await self._crashed.wait()
        return self.panics.pop(0)

    async def _request(
        self, start: Callable[[Callable[[Request], None]], Request], owner: Owner | None
    ) -> Request:
        request: Request = await self._waits.eventually(start, owner)
        if request.panic is not None:
            self._told(request.panic)
            raise request.panic
        return request

    # -- what goes wrong

    def _told(self, panic: DriverPanic) -> None:
        if panic in self.panics:
            self.panics.remove(panic)

    def _panicked(self, lwp: Lwp, panic: DriverPanic) -> None:
        """An lwp crashed: stop its driver, and leave nothing of it behind."""
        owner = lwp.owner
        self.kernel.console.write_line(f"{panic.driver or lwp.name}: {panic.message}", Level.ERROR)
        self._report(panic)
        for service in self._services:
            service.panicked(lwp, panic)
        if self._waits.crashed(lwp.lid, owner, panic):
            self._told(panic)
        if isinstance(owner, Device):
            self.kernel.scheduler.post(lambda: self._bury(owner))

    def _note(self, where: PciAddress, text: str) -> None:
        """A device model met what a driver should not do."""
        self.kernel.console.write_line(f"{self.machine.name} {where}: {text}", Level.LOG)

    def _blocked(self, where: PciAddress, text: str) -> None:
        """An IOMMU kept a device from memory that is none of its own."""
        for device in self.devices:
            if device.function is not None and device.function.address == where:
                self.kernel.findings.tell(device.top.xname, "bus_dma(9)", text)
                return
        self.kernel.findings.tell("", "bus_dma(9)", f"{where}: {text}")

    def _removed(self, function: PciFunction) -> None:
        """A function was unplugged: detach its driver by force, whoever waits for it or not."""
        self.kernel.console.write_line(f"{function.address}: unplugged", Level.ERROR)
        for device in self.devices:
            if device.function is function and device.top is device:
                start = functools.partial(self.begin_detach, device, self._unplugged, force=True)
                self.kernel.scheduler.post(start)

    def _unplugged(self, error: DriverError | None) -> None:
        """The driver has let go of what is gone, or has crashed: that was reported."""
        if isinstance(error, DriverLeak):
            self.kernel.console.write_line(str(error), Level.ERROR)

    def begin_detach(
        self, device: Device, done: Callable[[DriverError | None], None], *, force: bool = False
    ) -> None:
        """Begin to detach a device, now. Called on the virtual CPU, as other code is not.

        ``done`` is told what ``detach`` would have raised.
        """

        def over(request: Request) -> None:
            error: DriverError | None = request.panic
            if error is None and request.error:
                error = DetachRefused(request.error, driver=device.xname)
            if error is None and device is device.top:
                try:
                    self._holdings.settle(device)
                except DriverError as leak:
                    error = leak
            done(error)

        self._autoconf.detach(device, int(force), over)

    def _report(self, panic: DriverPanic) -> None:
        """Let everybody know who waits for bad news."""
        self.panics.append(panic)
        for listener in self.on_panic:
            listener(panic)
        crashed, self._crashed = self._crashed, trio.Event()
        crashed.set()

    def _bury(self, device: Device) -> None:
        """Take everything away from a driver that crashed: first of all its hardware."""
        if device.function is not None:
            device.function.reset()
        self._holdings.release(device)
        self._retire(device.image)

    def _ended(self, lwp: Lwp) -> None:
        """An lwp went with its driver: whoever waits for it waits in vain."""
        name = lwp.owner.xname if lwp.owner is not None else ""
        self._waits.ended(lwp.lid, DriverError(f"{lwp.name} ended with its driver", driver=name))

    def _retire(self, image: Image) -> None:
        """Static data of an image whose driver crashed are not to be trusted: load it anew."""
        for path, loaded in list(self._images.items()):
            if loaded is image:
                del self._images[path]
        for service in self._services:
            service.retire(image)

    def leaks(self, device: Device) -> list[Leak]:
        """Return what is booked to a device now: after a clean detach, nothing."""
        return self._holdings.leaks(device)

    def close(self) -> None:
        """End every lwp; the boundary may be closed afterwards."""
        for lwp in list(self.kernel.scheduler.lwps.values()):
            self.kernel.scheduler.end(lwp)


@asynccontextmanager
async def open_host(
    machine: Machine | str = "sim:",
    *,
    clock: ClockName | None = None,
    seed: int | None = None,
    firmware: Sequence[Path] = (),
    builder: Builder | None = None,
    watchdog_s: float = 5.0,
    checks: Checks | None = None,
    faults: Sequence[Fault | str] = (),
    coverage: Path | None = None,
) -> AsyncIterator[Host]:
    """Open a machine and start a kernel on it; at the end everything is detached and released.

    ``machine``: a machine, or its name (``sim:i82540em``, ``qemu:e1000``). A ``sim:`` machine runs
    on the virtual clock when trio does. ``seed`` shakes the schedule. ``firmware`` are directories
    that firmload(9) looks into first. ``watchdog_s``: CPU seconds that an lwp may use between two
    hypercalls; 0: no limit. ``checks``: what to look for besides. ``faults``: what goes
    wrong (``rumphost/faults.py``). ``coverage``: a directory to which it is added how often each
    line and branch of the drivers has run; they are built with counters, then. One host at a time
    in a process.
    """
    counted = CoverageData(coverage) if coverage is not None else None
    if counted is not None:
        builder = counting(builder or Builder())
    if isinstance(machine, str):
        virtual = clock == "virtual" if clock is not None else trio_clock_is_virtual()
        machine = open_machine(machine, virtual=virtual and clock_of(machine) == "virtual")
    async with machine:
        name_registers(machine)
        guarded = checks is not None and checks.guard
        boundary = Boundary(watchdog_s=watchdog_s, guarded=guarded)
        try:
            chunks = boundary.start_arena(
                (c.address, c.size, c.bus_address) for c in machine.dma.chunks
            )
            if guarded:
                machine.dma.chunks[:] = [DmaChunk(*chunk) for chunk in chunks]
            host = Host(
                machine, boundary, seed=seed, firmware=firmware, builder=builder, checks=checks
            )
            host.trap(*machine.traps, *host.kernel.checks.traps)
            for fault in faults:
                host.faults.add(fault)
            try:
                with unwrapped():
                    async with trio.open_nursery() as nursery:
                        with host.tasks.ending():
                            await nursery.start(host.tasks.run, machine.serve)
                            await nursery.start(host.tasks.run, host.cpu.serve)
                            try:
                                yield host
                            finally:
                                with host.tasks.last_things(), suppress(DriverError):
                                    await host.detach_all()
            finally:
                host.close()
                if counted is not None:
                    for image in boundary.images:
                        counted.collect(image.built, image.counters())
        finally:
            boundary.close()
