"""A kernel on the real boundary with ``net_program.c`` as its driver, for the network's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trio

from rumphost.boundary import Boundary
from rumphost.build import Builder
from rumphost.classes.ifnet import Interface
from rumphost.errors import DriverPanic
from rumphost.kernel.bpf import Bpf
from rumphost.kernel.cpu import Cpu
from rumphost.kernel.ifnet import Ifnet, Ifnets
from rumphost.kernel.kernel import Kernel
from rumphost.kernel.panic import Panic
from rumphost.kernel.synchronization import register_synchronization
from rumphost.machine.sim import SimMachine

PROGRAM = Path(__file__).with_name("net_program.c")


@dataclass(eq=False)
class Owner:
    """The device that everything is booked to."""

    number: int = 1
    xname: str = "echo0"


class NetRig:
    """``call`` runs one of the program's functions on an lwp and returns what it returned."""

    def __init__(self, builder: Builder, *, seed: int | None = None) -> None:
        path = builder.build([str(PROGRAM)]).path
        self.machine = SimMachine()
        self.boundary = Boundary()
        self.boundary.start_arena(
            (chunk.address, chunk.size, chunk.bus_address) for chunk in self.machine.dma.chunks
        )
        table = self.boundary.interface.table()
        self.kernel = Kernel(self.machine, self.boundary, self.boundary.memory, table, seed=seed)
        register_synchronization(self.kernel)
        self.kernel.register(Panic())
        self.kernel.register(Ifnets(self.kernel))
        self.kernel.register(Bpf(self.kernel))
        self.ifnets = self.kernel.service(Ifnets)
        self.image = self.boundary.load(path)
        self.owner = Owner()
        self.panics: list[DriverPanic] = []
        self.kernel.scheduler.on_panic = lambda _lwp, panic: self.panics.append(panic)
        self.cpu = Cpu(self.kernel)

    def close(self) -> None:
        for lwp in list(self.kernel.scheduler.lwps.values()):
            self.kernel.scheduler.end(lwp)
        self.boundary.close()
        self.machine.dma.close()

    def settle(self) -> None:
        """Run until nothing is runnable; time stands still."""
        while True:
            self.kernel.events.run_due()
            if not self.kernel.scheduler.run_some().more and self.kernel.scheduler.idle:
                return

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        target_ns = self.kernel.clock.now_ns() + round(seconds * 1e9)
        self.settle()
        while (at_ns := self.kernel.events.next_ns()) is not None and at_ns <= target_ns:
            self.machine.events.advance_to(at_ns)
            self.settle()
        self.machine.events.advance_to(target_ns)

    def call(self, name: str, *args: int) -> int:
        results: list[int] = []
        self.kernel.scheduler.spawn(
            name, self.image.symbol(name), args, image=self.image, owner=self.owner,
            on_exit=results.append,
        )  # fmt: skip
        self.settle()
        if self.panics:
            raise self.panics.pop()
        return results[0]

    @property
    def ifnet(self) -> Ifnet:
        found = self.ifnets.find("echo0")
        assert found is not None
        return found

    def ioctl(self, *args: int) -> int:
        return self.call("rumphost_ifnet_ioctl", self.ifnet.ifp, *args)

    async def upcall(self, ifnet: Ifnet, entry: str, args: Sequence[int]) -> int:
        """What the host gives to an ``Interface``."""
        done = trio.Event()
        results: list[int] = []

        def finish(result: int) -> None:
            results.append(result)
            done.set()

        self.kernel.scheduler.spawn(
            entry, ifnet.symbol(entry), args, image=ifnet.image, owner=self.owner, on_exit=finish
        )
        await done.wait()
        return results[0]

    def interface(self) -> Interface:
        return Interface(self.kernel, self.ifnet, self.upcall)
