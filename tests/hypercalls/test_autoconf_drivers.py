"""autoconf(9) and its neighbours through the real boundary: two C drivers, a device on a model."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

import rumphost
from rumphost.build import Builder
from rumphost.errors import DriverError, DriverLeak, DriverPanic
from rumphost.host import Host
from rumphost.kernel.device import State
from rumphost.kernel.evcnt import Evcnt
from rumphost.kernel.firmload import Firmload
from rumphost.kernel.pmf import Pmf
from rumphost.kernel.properties import Properties
from rumphost.kernel.sysctl import Sysctl, SysctlError
from rumphost.models.teach import TeachModel

DRIVERS = Path(__file__).with_name("autoconf")
SOURCES = (str(DRIVERS / "nest.c"), str(DRIVERS / "egg.c"))
CRASH_IN_ATTACH, REFUSE_DETACH, LEAK, FORGET_CHILDREN = 1, 2, 3, 4


OnHost = Callable[..., None]


def trees() -> list[Path | None]:
    """Return whose headers there are: our own, and a NetBSD tree's when one is named."""
    named = os.environ.get("RUMPHOST_SYS")
    return [None, Path(named)] if named else [None]


@pytest.fixture(params=trees(), ids=lambda tree: "tree" if tree else "builtin")
def on_host(request: pytest.FixtureRequest) -> OnHost:
    """Run an async function with a host on which nothing is attached yet."""

    def run(main: Callable[[Host], Awaitable[None]], machine: str = "sim:teach") -> None:
        async def open_and_run() -> None:
            async with rumphost.open_host(machine, builder=Builder(request.param)) as host:
                await main(host)

        rumphost.run(open_and_run)

    return run


def console(host: Host) -> list[str]:
    return [line.text for line in host.console.lines]


async def answer(start: Callable[[Callable[[Any], None]], None]) -> Any:
    """Wait for what a service tells its ``done``."""
    send, receive = trio.open_memory_channel[Any](1)
    start(send.send_nowait)
    result = await receive.receive()
    if isinstance(result, Exception):
        raise result
    return result


async def write(host: Host, name: str, value: Any) -> Any:
    return await answer(lambda done: host.kernel.service(Sysctl).write(name, value, done))


async def read(host: Host, name: str) -> Any:
    return await answer(lambda done: host.kernel.service(Sysctl).read(name, done))


def test_attach_announces_devices_as_netbsd_does(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        host.kernel.service(Firmload).images["nest", "nest.fw"] = b"xyz123"
        (nest,) = await host.attach(*SOURCES)
        assert nest.xname == "nest0"
        assert [child.xname for child in nest.children] == ["egg0", "egg1"]
        lines = console(host)
        assert lines == [
            "nest0 at pci0 dev 3 function 0: rumphost teaching device (rev. 0x01)",
            "nest0: ID 0x7eac0001, 4096 bytes, power 1, state 0 0",
            "nest0: interrupting at msix0 vec 0, type 2",
            "nest0: on pci0, active 1",
            "nest0: properties: mac 0 bytes, cfg 0x0, quick 0, label none",
            "egg0 at nest0 slot 0: in nest0, slot 0",
            "egg1 at nest0 slot 1: in nest0, slot 1",
            "something at nest0 slot 2 not configured",
            "nest0: 4 devices, 2 children, found: 1 1",
            "egg0: deferred until nest0 has attached",
            "egg1: deferred until nest0 has attached",
            "nest0: interrupts work",
            "nest0: firmware of 6 bytes: yz1",
        ]
        await host.detach(nest)
        assert console(host)[len(lines) :] == [
            "nest0: egg1 goes",
            "egg1: detached",
            "nest0: egg0 goes",
            "egg0: detached",
            "nest0: detached",
        ]
        assert host.devices == []

    on_host(main)


def test_what_nobody_wants_is_not_configured(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        with pytest.raises(rumphost.UsageError):
            await host.attach(*SOURCES)
        assert console(host) == [
            "QEMU educational device (prehistoric, subclass 0xff, revision 0x10) at pci0"
            " dev 3 function 0 not configured"
        ]

    on_host(main, "sim:edu")


def test_two_devices_have_two_units(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        host.machine.plug(TeachModel())
        devices = await host.attach(*SOURCES)
        assert [device.xname for device in devices] == ["nest0", "nest1"]
        assert [child.xname for child in devices[1].children] == ["egg2", "egg3"]
        await host.detach(devices[0])
        (again,) = await host.attach()
        assert again.xname == "nest0"
        assert [child.xname for child in again.children] == ["egg0", "egg1"]

    on_host(main)


def test_sysctl_values_of_every_type(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        await host.attach(*SOURCES)
        assert host.kernel.service(Sysctl).names() == [
            "hw.firmware.path",
            *(f"hw.nest0.{name}" for name in ("doubled", "enabled", "immediate")),
            *(f"hw.nest0.{name}" for name in ("label", "level", "misbehave")),
            "hw.nest_global",
        ]
        assert await read(host, "hw.nest_global") == 17
        assert await read(host, "hw.nest0.immediate") == 99
        assert await write(host, "hw.nest0.doubled", 21) == 0
        assert await read(host, "hw.nest0.doubled") == 42
        assert await write(host, "hw.nest0.label", "hello") == "start"
        assert await read(host, "hw.nest0.label") == "hello"
        assert await write(host, "hw.nest0.enabled", True) is False
        assert await read(host, "hw.nest0.enabled") is True
        for name, value, words in (
            ("level", 1, "not permitted"),
            ("doubled", 1001, "not a valid value"),
            ("label", "much too long for it", "not a valid value"),
        ):
            with pytest.raises(SysctlError, match=words):
                await write(host, f"hw.nest0.{name}", value)
        await host.detach_all()
        assert host.kernel.service(Sysctl).names() == ["hw.firmware.path", "hw.nest_global"]

    on_host(main)


def test_properties_go_both_ways(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        service = host.kernel.service(Properties)
        service.give("nest*", "mac-address", bytes(6))
        service.give("nest0", "cfg", 0x1234)
        service.give("nest0", "quick", True)
        service.give("nest0", "label", "left")
        (nest,) = await host.attach(*SOURCES)
        assert "nest0: properties: mac 6 bytes, cfg 0x1234, quick 1, label left" in console(host)
        found = await answer(lambda done: service.read(nest, done))
        assert found == {
            "cfg": 0x1234,
            "device-driver": "nest",
            "device-parent": "pci0",
            "device-unit": 0,
            "label": "left",
            "mac-address": bytes(6),
            "negative": -5,
            "quick": True,
            "seen": 0x1235,
            "text": "<&>",
        }

    on_host(main)


def test_event_counters(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        await host.attach(*SOURCES)
        counts = [str(count) for count in host.kernel.service(Evcnt).counts()]
        assert "nest static: 0" in counts
        assert "nest0 attaches: 1" in counts

    on_host(main)


def test_suspend_and_resume_go_through_the_bus(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        (nest,) = await host.attach(*SOURCES)
        pmf = host.kernel.service(Pmf)
        function = nest.function
        before = function.config_read(4, 2)
        power = next(at for at in range(0x40, 0xC0, 4) if function.config_read(at, 1) == 1)
        # The eggs are not in power management, so that a nest with eggs cannot be suspended.
        assert not await answer(lambda done: pmf.suspend(nest, done))
        for egg in reversed(list(nest.children)):
            await host.detach(egg)
        assert await answer(lambda done: pmf.suspend(nest, done))
        assert pmf.suspended(nest)
        assert function.config_read(power + 4, 2) & 3 == 3
        assert await answer(lambda done: pmf.resume(nest, done))
        assert function.config_read(power + 4, 2) & 3 == 0
        assert function.config_read(4, 2) == before
        assert console(host)[-2:] == ["nest0: suspending", "nest0: resuming"]

    on_host(main)


@pytest.mark.parametrize(
    "name",
    [
        "check_values",
        "check_arrays",
        "check_dictionaries",
        "check_devices",
        "check_self_suspend",
        "check_references",
    ],
)
def test_checks_in_c(on_host: OnHost, name: str) -> None:
    async def main(host: Host) -> None:
        (nest,) = await host.attach(*SOURCES)
        line = await host.call(name, nest.image, name, [nest.address], owner=nest)
        assert line & 0xFFFF_FFFF == 0, f"checks.c:{line}"
        await host.detach(nest)

    on_host(main)


def test_a_driver_that_refuses_stays(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        (nest,) = await host.attach(*SOURCES)
        await write(host, "hw.nest0.misbehave", REFUSE_DETACH)
        with pytest.raises(DriverError, match="refuses to detach"):
            await host.detach(nest)
        assert nest.state is State.ATTACHED
        await write(host, "hw.nest0.misbehave", 0)

    on_host(main)


def test_leaks_are_told_by_their_pages(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        (nest,) = await host.attach(*SOURCES)
        await write(host, "hw.nest0.misbehave", LEAK)
        with pytest.raises(DriverLeak) as caught:
            await host.detach(nest)
        for page in ("pci_intr(9)", "bus_space(9)", "evcnt(9)", "rnd(9)", "sysctl(9)", "kmem(9)"):
            assert page in str(caught.value)

    on_host(main)


def test_children_that_are_forgotten_are_misuse(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        (nest,) = await host.attach(*SOURCES)
        await write(host, "hw.nest0.misbehave", FORGET_CHILDREN)
        with pytest.raises(DriverPanic, match="its child egg0, egg1 is not"):
            await host.detach(nest)

    on_host(main)


def test_a_crash_in_attach_leaves_a_host_that_works(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        (nest,) = await host.attach(*SOURCES)
        await write(host, "hw.nest_global", CRASH_IN_ATTACH)
        await host.detach(nest)
        with pytest.raises(DriverPanic, match="NULL pointer 0x10") as caught:
            await host.attach()
        assert caught.value.driver == "nest0"
        assert caught.value.backtrace[0].function == "nest_attach"
        await trio.sleep(0.1)
        assert host.devices == []
        (again,) = await host.attach(*SOURCES)
        assert again.xname == "nest0"

    on_host(main)


def test_attaching_again_and_again_takes_no_memory(on_host: OnHost) -> None:
    async def main(host: Host) -> None:
        sizes = []
        for _ in range(5):
            (nest,) = await host.attach(*SOURCES)
            await host.detach(nest)
            await trio.sleep(0.01)
            sizes.append(host.boundary.bytes_in_use)
        assert len(set(sizes[1:])) == 1

    on_host(main)
