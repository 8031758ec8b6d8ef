"""Whole hosts of the tests here: their drivers, built beforehand, and children that are killed."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from far_end import BROADCAST, PacketEnd, frame

from rumphost.build import Builder
from rumphost.host import Host
from rumphost.kernel.autoconf import Device

CARD = os.environ.get("RUMPHOST_CABLED_CARD", "")
FAR_END = os.environ.get("RUMPHOST_FAR_END", "")
PLUGGED_CARD = "0000:02:00.0"
EDUBENCH = str(Path(__file__).parent / "drivers" / "edubench.c")
PATIENCE_S = 60.0


@functools.cache
def built(driver: str) -> Path:
    """Return a driver's image; whether it is the newest takes seconds to find out in here."""
    return Builder().build([driver]).path


async def attached(host: Host, driver: str) -> Device:
    """Attach a driver to the machine's only function."""
    await host.load(built(driver))
    (device,) = await host.attach()
    return device


@contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """Fork a child that does ``work`` and does not come to its end; yields its number.

    In the end it is killed, and all that it had is the kernel's business.
    """
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(1)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        assert os.WIFSIGNALED(status), "the child ended by itself"


def flood() -> None:
    """Send to the cabled card for ever, from the far end of its cable."""
    end = PacketEnd(FAR_END)
    one = frame(BROADCAST, bytes(486))
    end.socket.setblocking(True)
    while True:
        end.socket.send(one)
