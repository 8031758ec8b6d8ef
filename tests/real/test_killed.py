"""kill -9 of whole hosts in full traffic, a hundred times.

To start Python takes long in the virtual machine. So each host is a child that this process forks,
with all modules read: the child opens the machine, loads and attaches the driver, sends and takes
in frames, and is killed. A kill ends a whole host, with its files, mappings and threads.

That the card does not reach for memory any more which it has lost the IOMMU sees, and the kernel's
log would tell.
"""

from __future__ import annotations

import os
import random
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from far_end import BROADCAST, frame
from hardware import COMMAND_MASTER, Hardware, attribute, command_register
from hosts import CARD, PATIENCE_S, attached, child, flood
from leaks import nothing_left

from rumphost.host import open_host
from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bind

KILLS = int(os.environ.get("RUMPHOST_KILLS", "100"))
SERIES = 4
ENOUGH = 32
"""So many frames must have come in and gone out before the traffic counts as full."""


@pytest.fixture(scope="module", autouse=True)
def flooded() -> Iterator[None]:
    """The cable is busy; a first host has read and built all that the next ones need."""
    bind(SysfsFunction(CARD), "rumphost")
    with child(flood):
        trio.run(live, lambda: False)
        yield


async def live(in_traffic: Callable[[], bool]) -> None:
    """Be a host until ``in_traffic``, which is asked after each batch of frames, says no."""
    async with open_host(f"kmod:{CARD}:memory=8") as host:
        interface = host.interface(await attached(host, "if_i8254x"))
        await interface.up()
        await interface.wait_link()
        out = [frame(BROADCAST, bytes(486), sender=interface.ifnet.address)] * 16
        came = 0
        with interface.frames() as frames, trio.fail_after(PATIENCE_S):
            while True:
                interface.send_some(out)
                came += len(await frames.batch())
                if min(came, interface.counters.opackets) >= ENOUGH and not in_traffic():
                    return


@contextmanager
def living() -> Iterator[None]:
    """A child is a host in full traffic, and is killed in the end."""
    reading, writing = os.pipe()
    told = False

    def in_traffic() -> bool:
        nonlocal told
        if not told:
            told = bool(os.write(writing, b"x"))
        return True

    try:
        with child(lambda: trio.run(live, in_traffic)):
            assert select.select([reading], [], [], PATIENCE_S)[0], "no traffic"
            yield
    finally:
        os.close(reading)
        os.close(writing)


def quiet() -> None:
    """What a death leaves: no bus mastering, no interrupt, no memory; at once, not eventually."""
    assert attribute(CARD, "holder") == ""
    assert not command_register(CARD) & COMMAND_MASTER
    assert attribute(CARD, "dma_bytes") == "0"
    assert f"rumphost-{CARD}" not in Path("/proc/interrupts").read_text()
    again = Hardware(Node(SysfsFunction(CARD)))
    assert again.mirror() == []
    again.close()


@pytest.mark.parametrize("seed", range(SERIES))
def test_killed_in_full_traffic(seed):
    """Each next host attaches and has traffic; frames keep coming while its card has no owner."""
    dice = random.Random(seed)
    with nothing_left():
        for _ in range(KILLS // SERIES):
            with living():
                assert command_register(CARD) & COMMAND_MASTER
                time.sleep(dice.uniform(0, 0.05))
            quiet()


def test_killed_at_any_moment():
    """While it opens the machine, attaches, brings up the interface, waits for the link."""
    dice = random.Random(SERIES)
    for _ in range(KILLS // 5):
        with child(lambda: trio.run(live, lambda: True)):
            time.sleep(dice.uniform(0, 1))
        quiet()
    trio.run(live, lambda: False)
