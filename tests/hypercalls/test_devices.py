"""Transfers, device numbers and shutdown hooks, checked by a driver that uses them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

import rumphost
from rumphost.build import Builder
from rumphost.host import Host
from rumphost.kernel.pmf import Pmf

DRIVER = str(Path(__file__).with_name("devices") / "xfer.c")
SHUTDOWN = 0


def trees() -> list[Path | None]:
    """Return whose headers there are: our own, and a NetBSD tree's when one is named."""
    named = os.environ.get("RUMPHOST_SYS")
    return [None, Path(named)] if named else [None]


@pytest.fixture(params=trees(), ids=lambda tree: "tree" if tree else "builtin")
def on_host(request: pytest.FixtureRequest) -> Callable[..., None]:
    def run(main: Callable[[Host], Awaitable[None]]) -> None:
        async def open_and_run() -> None:
            async with rumphost.open_host("sim:teach", builder=Builder(request.param)) as host:
                await main(host)

        rumphost.run(open_and_run)

    return run


def console(host: Host) -> list[str]:
    return [line.text for line in host.console.lines]


def test_a_driver_finds_everything_as_its_pages_say(on_host: Callable[..., None]) -> None:
    async def main(host: Host) -> None:
        [device] = await host.attach(DRIVER)
        assert "xfer0: all well" in console(host)
        assert any(
            'Timecounter "xfer" frequency 1000 Hz quality 1' in line for line in console(host)
        )
        await host.detach(device)
        assert "xfer0: down" not in console(host)

    on_host(main)


def test_a_shutdown_runs_the_hooks_of_the_device_once(on_host: Callable[..., None]) -> None:
    async def main(host: Host) -> None:
        [device] = await host.attach(DRIVER)
        send, receive = trio.open_memory_channel[Any](1)
        for _ in range(2):
            host.kernel.service(Pmf).shutdown(device, SHUTDOWN, send.send_nowait)
            await receive.receive()
        assert console(host).count("xfer0: down") == 1
        await host.detach(device)

    on_host(main)
