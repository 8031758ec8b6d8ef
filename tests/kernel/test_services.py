"""All services of one kernel together."""

from __future__ import annotations

from fakes import FakeFibers, FakeMemory, hypercalls

from rumphost.kernel.kernel import Kernel
from rumphost.kernel.services import register_all
from rumphost.machines import open_machine


async def test_every_hypercall_is_handled():
    memory = FakeMemory()
    async with open_machine("sim:teach", virtual=True) as machine:
        kernel = Kernel(machine, FakeFibers(memory), memory, hypercalls())
        register_all(kernel)
        assert kernel.unhandled() == []
