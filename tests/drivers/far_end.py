"""The far end of a network cable in a test's hands, the same on ``sim:`` and ``qemu:`` machines.

On ``sim:`` it is the end of ``model.wire``, on ``qemu:`` the socket of a ``dgram`` backend.
"""

from __future__ import annotations

import array
import fcntl
import json
import os
import random
import socket
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import trio

from rumphost.host import Host
from rumphost.machine.qemu import QemuMachine

PATIENCE_S = float(os.environ.get("RUMPHOST_PATIENCE", "30"))
"""How long a frame may take: only a lost one takes so long."""

BROADCAST = b"\xff" * 6
ADDRESS = bytes.fromhex("5255c0000202")
"""Link-level address of whoever sits at the far end."""


def frame(to: bytes, data: bytes, *, sender: bytes = ADDRESS, kind: int = 0x88B5) -> bytes:
    """Return an Ethernet frame without FCS; 0x88B5 is the type for experiments (IEEE 802)."""
    return to + sender + kind.to_bytes(2, "big") + data


class FarEnd:
    """Gives frames to the device, and keeps those that it sends until they are taken."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._wanted = 0
        self._arrived = trio.Event()

    async def send(self, *frames: bytes) -> None:
        """Put frames on the cable, in order."""
        raise NotImplementedError

    async def take(self, count: int = 1) -> list[bytes]:
        """Wait for the device's next frames and return them, oldest first."""
        with trio.fail_after(PATIENCE_S):
            while len(self._frames) < count:
                self._wanted = count
                self._arrived = trio.Event()
                await self._arrived.wait()
        return [self._frames.popleft() for _ in range(count)]

    async def empty(self, host: Host) -> None:
        """Leave nothing on the cable that the next test would get: some cables outlive a test."""

    def _came(self, sent: bytes) -> None:
        self._frames.append(sent)
        if len(self._frames) == self._wanted:
            self._arrived.set()


class WireEnd(FarEnd):
    """The end of a model's wire."""

    def __init__(self, host: Host, number: int = 0) -> None:
        super().__init__()
        self.wire = host.machine.functions[number].wire  # type: ignore[attr-defined]
        self.wire.on_frame = self._came

    async def send(self, *frames: bytes) -> None:
        for one in frames:
            self.wire.deliver(one)
        await trio.lowlevel.checkpoint()


class SocketEnd(FarEnd):
    """The socket that a device of QEMU is connected to; ``serve`` must run."""

    def __init__(self, machine: QemuMachine) -> None:
        super().__init__()
        self.socket = machine.frame_socket

    async def send(self, *frames: bytes) -> None:
        for one in frames:
            while True:
                try:
                    self.socket.send(one)
                    break
                except BlockingIOError:
                    with trio.fail_after(PATIENCE_S):
                        await trio.lowlevel.wait_writable(self.socket)
        await trio.lowlevel.checkpoint()

    async def serve(self, scope: trio.CancelScope) -> None:
        """Bring in what the device sends, until ``scope`` is cancelled."""
        with scope:
            while True:
                await trio.lowlevel.wait_readable(self.socket)
                self._read()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self._came(self.socket.recv(65536))

    def close(self) -> None:
        """The socket is the machine's, which closes it."""


class PacketEnd(SocketEnd):
    """On real hardware: another network card, of Linux's, at the other end of the cable."""

    SIOCETHTOOL = 0x8946
    SET_GRO, SET_FLAGS = 0x2C, 0x26
    SOL_PACKET, SO_RCVBUFFORCE = 263, 33
    PACKET_ADD_MEMBERSHIP, PACKET_AUXDATA, PACKET_PROMISCUOUS = 1, 8, 1

    def __init__(self, name: str) -> None:
        FarEnd.__init__(self)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setblocking(False)
        for command in (self.SET_GRO, self.SET_FLAGS):  # frames as they are on the wire
            value = array.array("I", [command, 0])
            request = struct.pack("16sP", name.encode(), value.buffer_info()[0])
            with suppress(OSError):
                fcntl.ioctl(self.socket, self.SIOCETHTOOL, request)
        self.socket.setsockopt(socket.SOL_SOCKET, self.SO_RCVBUFFORCE, 1 << 25)
        self.socket.setsockopt(self.SOL_PACKET, self.PACKET_AUXDATA, 1)
        self.socket.bind((name, 0))
        membership = struct.pack(
            "iHH8s", socket.if_nametoindex(name), self.PACKET_PROMISCUOUS, 0, b""
        )
        self.socket.setsockopt(self.SOL_PACKET, self.PACKET_ADD_MEMBERSHIP, membership)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while True:
                data, extra, _flags, where = self.socket.recvmsg(65536, 256)
                if where[2] != socket.PACKET_OUTGOING:
                    self._came(self._as_sent(data, extra).ljust(60, b"\0"))

    @staticmethod
    def _as_sent(data: bytes, extra: list[tuple[int, int, bytes]]) -> bytes:
        """Put a VLAN tag back that Linux took out: struct tpacket_auxdata."""
        for _level, _kind, content in extra:
            status, _, _, _, _, tag, protocol = struct.unpack_from("IIIHHHH", content)
            if status & 0x10:
                return data[:12] + struct.pack("!HH", protocol or 0x8100, tag) + data[12:]
        return data

    async def empty(self, host: Host) -> None:
        if not host.interfaces:
            await host.attach()
        (interface,) = host.interfaces
        await interface.up()
        last = frame(BROADCAST, b"the last".ljust(46))
        with interface.frames(limit=100_000) as frames, trio.fail_after(PATIENCE_S):
            await interface.wait_link()
            await self.send(last)
            while last not in await frames.batch():
                assert not interface.gone

    def close(self) -> None:
        self.socket.close()


def cabled(machine: str) -> str:
    """Return the machine with the card that has a cable, for one of real hardware with another."""
    return machine.replace(os.environ["RUMPHOST_CARD"], os.environ["RUMPHOST_CABLED_CARD"])


def socket_end(host: Host) -> SocketEnd:
    """Return the far end for QEMU's device or a real one; ``serve`` must run."""
    if isinstance(host.machine, QemuMachine):
        return SocketEnd(host.machine)
    return PacketEnd(os.environ["RUMPHOST_FAR_END"])


class Monitor:
    """QEMU's monitor protocol, for what a hand does to a machine: pulling a cable."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("r")
        self._lines.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> None:
        """Have QEMU do something, and wait until it is done."""
        request = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode())
        while "return" not in (answer := json.loads(self._lines.readline())):
            assert "event" in answer, answer

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def mixed_frames(to: bytes, sender: bytes, count: int, seed: int) -> Sequence[bytes]:
    """Return numbered frames of all sizes from 60 to 1514 bytes with random contents."""
    dice = random.Random(seed)
    sizes = [60, 61, 63, 64, 65, 1513, 1514, *(dice.randint(60, 1514) for _ in range(count - 7))]
    head = to + sender + b"\x88\xb5"
    return [head + n.to_bytes(4, "big") + dice.randbytes(size - 18) for n, size in enumerate(sizes)]
