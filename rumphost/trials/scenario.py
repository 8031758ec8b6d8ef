"""What a trial does with an attached driver: an async function of the host, or this default."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio

from rumphost.classes.ifnet import Interface, LinkState
from rumphost.classes.network import Network
from rumphost.classes.station import Station
from rumphost.errors import DriverPanic, MachineError, RumphostError, UsageError
from rumphost.host import Host

Scenario = Callable[[Host], Awaitable[None]]
"""Called with what is attached; a ``RumphostError`` or an assertion says that it does not work."""

LINK_S = 10.0
UNKNOWN_LINK_S = 1.0
_BROADCAST = b"\xff" * 6
_FRAMES = [_BROADCAST + bytes(6) + b"\x88\xb5" + bytes([n]) * 86 for n in range(20)]
_IDLE_S = 2.0


async def default_scenario(host: Host) -> None:
    """Read and write back what sysctl(9) has; bring interfaces up, use them, bring them down."""
    await _touch_sysctls(host)
    for interface in host.interfaces:
        await interface.up()
        await _use(host, interface)
        await interface.down()


async def idle_scenario(_host: Host) -> None:
    """Do nothing: attaching and detaching is all."""


async def _use(host: Host, interface: Interface) -> None:
    if not _has_network(host):
        await trio.sleep(_IDLE_S)
        return
    unknown = interface.link_state is LinkState.UNKNOWN  # some drivers never tell
    with trio.move_on_after(UNKNOWN_LINK_S if unknown else LINK_S):
        await interface.wait_link()
    async with Station(interface) as station:
        lease = await station.dhcp()
        statistics = await station.ping(lease.router or lease.server, count=2, interval_s=0.1)
        if not statistics.received:
            raise RumphostError(f"{interface.name}: no ping is answered")
    await interface.send_all(_FRAMES)
    await trio.sleep(0.01)


def _has_network(host: Host) -> bool:
    """Tell whether there is a network on the cable; plug one in where there is room for it."""
    wires: list[Any] = [getattr(one, "wire", None) for one in host.machine.functions]
    wires = [wire for wire in wires if wire is not None]
    for wire in wires:
        if wire.on_frame is None:
            Network(events=host.machine.events).plug(wire)
    return bool(wires) or host.machine.name.startswith("qemu")


async def _touch_sysctls(host: Host) -> None:
    names = {device.xname for device in host.devices}
    for name in host.sysctls:
        if names.isdisjoint(name.split(".")):
            continue
        try:
            await host.set_sysctl(name, await host.sysctl(name))
        except (DriverPanic, MachineError):
            raise
        except RumphostError:
            continue  # read only, or a value that may not be written


def load_scenario(text: str) -> Scenario:
    """Return the function ``FILE.py:NAME``, of ``idle`` or of ``use``; raises ``UsageError``."""
    known: dict[str, Scenario] = {"use": default_scenario, "attach": idle_scenario}
    if text in known:
        return known[text]
    file, _, name = text.rpartition(":")
    path = Path(file)
    if not file or not name.isidentifier():
        raise UsageError(f"scenario {text!r}: write attach, use or FILE.py:FUNCTION")
    if not path.is_file():
        raise UsageError(f"scenario {text!r}: there is no file {file!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"scenario {text!r}: {file!r} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"scenario {text!r}: {file}: {error!r}") from error
    found = getattr(module, name, None)
    if not inspect.iscoroutinefunction(found):
        raise UsageError(f"scenario {text!r}: {file} has no async function {name}")
    scenario: Scenario = found
    return scenario
