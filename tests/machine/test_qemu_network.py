"""Frames through QEMU's e1000: to a socket of ours, and to QEMU's user network."""

from __future__ import annotations

import shutil
import socket
import struct

import pytest
import trio
from qemu_e1000 import E1000

from rumphost.errors import UsageError
from rumphost.machine.qemu import QemuMachine

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)


async def receive(sock: socket.socket) -> bytes:
    with trio.fail_after(10):
        await trio.lowlevel.wait_readable(sock)
    return sock.recv(65536)


async def test_frames_cross_a_socket_byte_for_byte(nursery):
    async with QemuMachine(["e1000"], "dgram") as machine:
        await nursery.start(machine.serve)
        nic = E1000(machine)
        sock = machine.frame_socket
        frame = b"\xff" * 6 + nic.address + b"\x88\xb5" + bytes(range(86))
        for _ in range(10):
            nic.send(frame)
            assert await receive(sock) == frame
        answers = [nic.address + b"\2" * 6 + b"\x88\xb5" + bytes([n]) * 100 for n in range(3)]
        for answer in answers:
            sock.send(answer)
        with trio.fail_after(20):
            assert [await nic.receive() for _ in answers] == answers
        nursery.cancel_scope.cancel()


def discover(address: bytes) -> bytes:
    """Return a DHCPDISCOVER as a frame."""
    bootp = struct.pack("!BBBBIHH16x6s10x192x", 1, 1, 6, 0, 0x1234, 0, 0x8000, address)
    dhcp = bootp + bytes.fromhex("63825363 350101 ff")
    udp = struct.pack("!HHHH", 68, 67, 8 + len(dhcp), 0) + dhcp
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                         bytes(4), b"\xff" * 4)  # fmt: skip
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]
    return b"\xff" * 6 + address + b"\x08\x00" + header + udp


async def test_the_user_network_offers_an_address(nursery):
    async with QemuMachine(["e1000"]) as machine:
        await nursery.start(machine.serve)
        nic = E1000(machine)
        nic.send(discover(nic.address))
        with trio.fail_after(20):
            frame = await nic.receive()
            while frame[12:14] != b"\x08\x00":
                frame = await nic.receive()
        assert frame[14 + 20 + 8 + 16 :][:4] == bytes([10, 0, 2, 15])
        nursery.cancel_scope.cancel()


async def test_each_network_device_has_a_socket_of_its_own():
    async with QemuMachine(["e1000", "edu", "e1000e,netdev=second"], "dgram") as machine:
        assert set(machine.frame_sockets) == {"n0", "second"}
        with pytest.raises(UsageError, match="has 2 dgram network backends"):
            _ = machine.frame_socket


async def test_a_socket_of_the_callers(nursery):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        async with QemuMachine(["e1000"], theirs.fileno()) as machine:
            await nursery.start(machine.serve)
            nic = E1000(machine)
            nic.send(b"\xff" * 6 + nic.address + b"\x88\xb5" + bytes(50))
            assert len(await receive(ours)) == 64
            nursery.cancel_scope.cancel()


async def test_one_descriptor_is_for_one_device():
    with pytest.raises(UsageError, match="one descriptor cannot serve several"):
        async with QemuMachine(["e1000", "e1000e"], 0):
            pass
