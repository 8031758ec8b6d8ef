"""Message interrupts as events: an ``ivshmem-doorbell`` device turns a message into an eventfd.

A message-signalled interrupt is a write to memory. Aimed at the Doorbell register of that device,
with data ``peer << 16 | vector``, it signals the eventfd that we, in the part of the ivshmem
server, gave QEMU for this vector. An MSI carries 16 bits of data, hence our peer number is 0.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress

from rumphost.machine.interrupt import InterruptLine

from .process import memory_file

VECTORS = 64
SLOT = 0x1B
REGISTER = 0xC
OUR_PEER = 0
QEMU_PEER = 1


class Doorbell:
    """A pool of ``VECTORS`` vectors, each with an eventfd; owned by the machine."""

    def __init__(self) -> None:
        self.register = 0
        self._lines: dict[int, InterruptLine] = {}
        self._shared = memory_file("ivshmem", size=4096)
        self._eventfds = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(VECTORS)]
        # QEMU listens to its own vector, so that must be none of ours.
        self._own = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._vector_of = {fd: vector for vector, fd in enumerate(self._eventfds)}
        self._socket, self.inherited = socket.socketpair()
        self._introduce()

    @property
    def arguments(self) -> list[str]:
        device = f"ivshmem-doorbell,addr={SLOT:#x},vectors={VECTORS},chardev=doorbell0"
        chardev = f"socket,id=doorbell0,fd={self.inherited.fileno()}"
        return ["-chardev", chardev, "-device", device]

    @property
    def in_use(self) -> bool:
        return bool(self._lines)

    def allocate(self, lines: list[InterruptLine], *, block: bool) -> list[int] | None:
        """Give each line a vector, or return None: none left.

        With ``block`` they are consecutive from a multiple of their number, a power of two.
        """
        count = len(lines)
        free = [vector for vector in range(VECTORS) if vector not in self._lines]
        if block:
            starts = range(0, VECTORS - count + 1, count)
            free = next(
                (run for s in starts if set(run := list(range(s, s + count))) <= set(free)), []
            )
        if len(free) < count:
            return None
        for vector, line in zip(free, lines, strict=False):
            self._drain(self._eventfds[vector])
            self._lines[vector] = line
        return free[:count]

    def release(self, vectors: list[int]) -> None:
        for vector in vectors:
            self._lines.pop(vector, None)

    def eventfd(self, vector: int) -> int:
        return self._eventfds[vector]

    def owns(self, fd: int) -> bool:
        return fd in self._vector_of

    def ring(self, fd: int) -> bool:
        """Fire the line of a readable eventfd; messages that piled up are delivered as one."""
        count = self._drain(fd)
        line = self._lines.get(self._vector_of[fd])
        if not count or line is None:
            return False
        line.count += count - 1
        line.fire()
        return True

    def close(self) -> None:
        self._lines.clear()
        self._socket.close()
        self.inherited.close()
        for fd in (self._shared, self._own, *self._eventfds):
            os.close(fd)
        self._eventfds = []
        self._vector_of = {}

    @staticmethod
    def _drain(fd: int) -> int:
        with suppress(BlockingIOError):
            return os.eventfd_read(fd)
        return 0

    def _introduce(self) -> None:
        """Say all that an ivshmem server says; QEMU reads it when it makes the device.

        Other peers' vectors come before the shared memory, QEMU's own after it.
        """
        self._say(0)
        self._say(QEMU_PEER)
        for fd in self._eventfds:
            self._say(OUR_PEER, fd)
        self._say(-1, self._shared)
        self._say(QEMU_PEER, self._own)

    def _say(self, number: int, *fds: int) -> None:
        socket.send_fds(self._socket, [struct.pack("<q", number)], list(fds))
