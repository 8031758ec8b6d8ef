"""An ``Interface`` whose kernel side is scripted, plugged into whatever takes ``on_frame``."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import trio

from rumphost.classes.ifnet import Interface
from rumphost.kernel.ifnet import Ifnet, Member

UP = 1


class TrioTime:
    """A kernel's clock and event queue that follow trio's clock."""

    def __init__(self) -> None:
        self.nursery: trio.Nursery | None = None

    def now_ns(self) -> int:
        return round(trio.current_time() * 1e9)

    def after(self, delay_ns: int, action: Callable[[], Any]) -> None:
        async def later() -> None:
            await trio.sleep(delay_ns / 1e9)
            action()

        assert self.nursery is not None
        self.nursery.start_soon(later)


class FakeIfnet:
    """Stands in for ``kernel.ifnet.Ifnet``; its other side is a ``FramePort``."""

    def __init__(self) -> None:
        self.name = "fake0"
        self.ifp = 0x1000
        self.address = bytes.fromhex("525400123456")
        self.gone = False
        self.room = 64
        self.members = {Member.FLAGS: UP, Member.MTU: 1500}
        self.receivers: list[Callable[[list[bytes]], None]] = []
        self.on_room: list[Callable[[], None]] = []
        self.on_link: list[Callable[[int], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self.on_frame: Callable[[bytes], Any] | None = None
        self.sent: list[bytes] = []
        self.calls: list[tuple[int, ...]] = []
        self.answer = 0

    def member(self, member: Member) -> int:
        return self.members.get(member, 0)

    def send(self, frames: Sequence[bytes]) -> int:
        taken = frames[: self.room]
        for frame in taken:
            self.sent.append(frame)
            if self.on_frame is not None:
                self.on_frame(frame)
        return len(taken)

    def deliver(self, frame: bytes) -> None:
        for receive in tuple(self.receivers):
            receive([frame])


def fake_interface(ifnet: FakeIfnet) -> Interface:
    """Return an interface over ``ifnet``; its ioctls are noted and answered with ``answer``."""
    clock = TrioTime()
    kernel: Any = SimpleNamespace(clock=clock, events=clock, random=random.Random(1))

    async def call(_ifnet: Ifnet, _entry: str, args: Sequence[int]) -> int:
        ifnet.calls.append(tuple(args))
        return ifnet.answer

    fake: Any = ifnet
    return Interface(kernel, fake, call)
