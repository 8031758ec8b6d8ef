"""A TAP interface of Linux on top of a driver: Linux's own stack then uses the driver.

The TAP device is the other name of the driver's interface. It has the device's MAC address, and
frames go straight between the two: what Linux sends through it the driver transmits, what the
driver receives Linux gets. So ``ip``, ``ping`` and ``iperf3`` work on it as on any interface.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trio

from rumphost.errors import HostLacks, UsageError

from .ifnet import IfFlags, Interface

DEVICE = "/dev/net/tun"
BATCH = 128
"""Frames read at once from Linux, at most."""
FRAME_SIZE = 65536

_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_SIOCSIFMTU = 0x8922
_SIOCSIFHWADDR = 0x8924
_ARPHRD_ETHER = 1
_IFF_UP = 0x1
_CLONE_NEWNET = 0x40000000
_NAMESPACES = Path("/run/netns")


class TapInterface:
    """A Linux interface named ``name`` over ``interface``, while ``serve`` runs.

    ``netns`` names a network namespace (ip-netns(8)) for it; ``ipv4`` is an address with prefix
    length (``192.0.2.1/24``) to give it. ``sent`` and ``received`` count frames from and to
    Linux, ``dropped`` those that Linux had no room for.
    """

    def __init__(
        self,
        interface: Interface,
        name: str | None = None,
        *,
        netns: str | None = None,
        ipv4: str | None = None,
    ) -> None:
        self.interface = interface
        self.name = name or interface.name
        self.sent = self.received = self.dropped = 0
        if len(self.name.encode()) > 15:
            raise UsageError(f"{self.name!r} is too long for the name of a Linux interface")
        self._fd = -1
        with _in_namespace(netns):
            self._open()
            try:
                self._configure(ipv4)
            except BaseException:
                self.close()
                raise

    def _open(self) -> None:
        try:
            self._fd = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _lacks(f"cannot open {DEVICE}", error) from error
        request = struct.pack("16sH22x", self.name.encode(), _IFF_TAP | _IFF_NO_PI)
        try:
            answer = fcntl.ioctl(self._fd, _TUNSETIFF, request)
        except OSError as error:
            self.close()
            raise _lacks(f"cannot make the TAP interface {self.name}", error) from error
        self.name = answer[:16].rstrip(b"\0").decode()

    def _configure(self, ipv4: str | None) -> None:
        address = self.interface.ifnet.address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            self._set(control, _SIOCSIFHWADDR, struct.pack("=H6s", _ARPHRD_ETHER, address))
            self._set(control, _SIOCSIFMTU, struct.pack("=i", self.interface.mtu))
            if ipv4 is not None:
                text, _, prefix = ipv4.partition("/")
                mask = (0xFFFF_FFFF << 32 - int(prefix or 24)) & 0xFFFF_FFFF
                self._set(control, _SIOCSIFADDR, _inet(socket.inet_aton(text)))
                self._set(control, _SIOCSIFNETMASK, _inet(mask.to_bytes(4, "big")))
            flags = self._set(control, _SIOCGIFFLAGS, b"")
            (number,) = struct.unpack_from("=H", flags)
            self._set(control, _SIOCSIFFLAGS, struct.pack("=H", number | _IFF_UP))

    def _set(self, control: socket.socket, command: int, value: bytes) -> bytes:
        request = struct.pack("16s24s", self.name.encode(), value)
        try:
            return fcntl.ioctl(control, command, request)[16:]
        except OSError as error:
            raise _lacks(f"cannot configure the TAP interface {self.name}", error) from error

    # -- frames

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Pass frames both ways until cancelled; then the Linux interface disappears."""
        stop = self.interface.receive(self._to_linux)
        try:
            task_status.started()
            await self._from_linux()
        finally:
            stop()
            self.close()

    async def _from_linux(self) -> None:
        interface = self.interface
        while not interface.gone:
            await trio.lowlevel.wait_readable(self._fd)
            frames = self._read()
            self.sent += len(frames)
            while frames and interface.flags & IfFlags.UP:
                frames = frames[interface.send_some(frames) :]
                if frames:
                    await interface.room()

    def _read(self) -> list[bytes]:
        """Return what Linux has sent so far, at most one batch."""
        frames: list[bytes] = []
        fd, read = self._fd, os.read
        most = min(BATCH, max(self.interface.ifnet.room, 1))
        with suppress(BlockingIOError):
            while len(frames) < most:
                frames.append(read(fd, FRAME_SIZE))
        return frames

    def _to_linux(self, frames: list[bytes]) -> None:
        fd, write = self._fd, os.write
        for frame in frames:
            try:
                write(fd, frame)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ENOBUFS, errno.EIO, errno.EINVAL):
                    raise
                self.dropped += 1
            else:
                self.received += 1

    def close(self) -> None:
        """Remove the Linux interface."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _inet(address: bytes) -> bytes:
    return struct.pack("=HH4s8x", socket.AF_INET, 0, address)


def _lacks(what: str, error: OSError) -> HostLacks:
    reason = error.strerror or str(error)
    if error.errno in (errno.EPERM, errno.EACCES):
        reason += ": it takes root, or CAP_NET_ADMIN"
    elif error.errno == errno.ENOENT:
        reason += ": load the tun module (modprobe tun)"
    elif error.errno == errno.EBUSY:
        reason += ": an interface of that name is in use"
    elif error.errno == errno.EINVAL:
        reason += ": Linux has an interface of that name that is no TAP, or takes no such name"
    return HostLacks(f"{what}: {reason}")


@contextmanager
def _in_namespace(name: str | None) -> Iterator[None]:
    """Be in a network namespace for a moment; this thread only."""
    if name is None:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        target = os.open(_NAMESPACES / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise HostLacks(
                f"no network namespace {name}: `ip netns add {name}` makes it"
            ) from error
        raise _lacks(f"cannot open the network namespace {name}", error) from error
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(target, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            why = OSError(number, os.strerror(number))
            raise _lacks(f"cannot enter the network namespace {name}", why)
        try:
            yield
        finally:
            libc.setns(home, _CLONE_NEWNET)
    finally:
        os.close(target)
        os.close(home)
