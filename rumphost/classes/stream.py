"""Frames as an async iterator, with room for a limited number that nobody has taken yet."""

from __future__ import annotations

from collections import deque
from types import TracebackType

import trio

from rumphost.kernel.ifnet import Ifnet


class FrameStream:
    """What an interface receives while the ``with`` block lasts.

    ``dropped`` counts frames that came while ``limit`` others waited. The iteration ends when the
    driver detaches the interface.
    """

    def __init__(self, ifnet: Ifnet, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self._ifnet = ifnet
        self._frames: deque[bytes] = deque()
        self._arrived = trio.Event()
        self._open = False

    def __enter__(self) -> FrameStream:
        self._open = True
        self._ifnet.receivers.append(self._receive)
        self._ifnet.on_gone.append(self._wake)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take no more frames; those that wait can still be had."""
        if self._open:
            self._open = False
            self._ifnet.receivers.remove(self._receive)
            self._ifnet.on_gone.remove(self._wake)
            self._wake()

    def __len__(self) -> int:
        return len(self._frames)

    def __aiter__(self) -> FrameStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._frames:
            if not self._open or self._ifnet.gone:
                raise StopAsyncIteration
            await self._arrived.wait()
        return self._frames.popleft()

    async def batch(self) -> list[bytes]:
        """Wait for frames and return all that wait; an empty list at the end."""
        while not self._frames and self._open and not self._ifnet.gone:
            await self._arrived.wait()
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def _receive(self, frames: list[bytes]) -> None:
        room = self.limit - len(self._frames)
        if len(frames) > room:
            self.dropped += len(frames) - room
            frames = frames[:room]
        self._frames.extend(frames)
        self._wake()

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, trio.Event()
        arrived.set()
