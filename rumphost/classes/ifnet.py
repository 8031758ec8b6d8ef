"""The network interface of a driver, for trio: configuration, frames, counters.

::

    await interface.up()
    with interface.frames() as frames:
        await interface.send(request)
        async for frame in frames:
            ...

Made by ``host.py`` around ``kernel.ifnet.Ifnet``. Every change goes the way of ifconfig(8): an lwp
of the kernel calls the driver's own ioctl function.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import trio

from rumphost.errors import RumphostError, UsageError
from rumphost.kernel import errno
from rumphost.kernel.bpf import DLT_EN10MB, Bpf, Tap
from rumphost.kernel.ifnet import Command, Ifnet, Member
from rumphost.kernel.kernel import Kernel

from .media import Media
from .stream import FrameStream

_MEDIA_WORDS = 5 + 128


class IoctlError(RumphostError):
    """The driver refused a change; ``errno`` is NetBSD's number, ``name`` its name."""

    def __init__(self, interface: str, what: str, number: int) -> None:
        self.errno = number
        self.name = errno.NAMES.get(number, str(number))
        super().__init__(f"{interface}: {what}: the driver answers {self.name}")


class InterfaceGone(RumphostError):
    """The driver has detached the interface."""


class IfFlags(enum.IntFlag):
    """IFF_*."""

    UP = 0x0001
    BROADCAST = 0x0002
    DEBUG = 0x0004
    LOOPBACK = 0x0008
    POINTOPOINT = 0x0010
    RUNNING = 0x0040
    NOARP = 0x0080
    PROMISC = 0x0100
    ALLMULTI = 0x0200
    OACTIVE = 0x0400
    SIMPLEX = 0x0800
    LINK0 = 0x1000
    LINK1 = 0x2000
    LINK2 = 0x4000
    MULTICAST = 0x8000

    def __str__(self) -> str:
        return ",".join(flag.name or "" for flag in self)


class LinkState(enum.IntEnum):
    """LINK_STATE_*."""

    UNKNOWN = 0
    DOWN = 1
    UP = 2


@dataclass(frozen=True)
class Counters:
    """What the interface has counted since it was attached or ``zero_counters`` was called."""

    ipackets: int
    ierrors: int
    opackets: int
    oerrors: int
    collisions: int
    ibytes: int
    obytes: int
    imcasts: int
    omcasts: int
    iqdrops: int
    noproto: int


class Caller(Protocol):
    """The host: runs a C function on an lwp of its own."""

    async def __call__(self, ifnet: Ifnet, entry: str, args: Sequence[int]) -> int:
        """Call the shim's entry point in the interface's image; raises ``DriverPanic``."""


class Interface:
    """One interface. Properties are what the driver's ``struct ifnet`` says at this moment."""

    def __init__(self, kernel: Kernel, ifnet: Ifnet, call: Caller) -> None:
        self.ifnet = ifnet
        self.kernel = kernel
        self._call = call
        self._changed = trio.Event()
        ifnet.on_room.append(self._wake)
        ifnet.on_gone.append(self._wake)
        ifnet.on_link.append(lambda _state: self._wake())

    def __repr__(self) -> str:
        return f"<Interface {self.name}>"

    def __str__(self) -> str:
        return f"{self.name}: flags={self.flags.value:#x}<{self.flags}> mtu {self.mtu}"

    # -- state

    @property
    def name(self) -> str:
        """Name and unit number: ``wm0``."""
        return self.ifnet.name

    @property
    def gone(self) -> bool:
        """The driver has detached it."""
        return self.ifnet.gone

    @property
    def address(self) -> str:
        """Link-level address: ``52:54:00:12:34:56``."""
        return self.ifnet.address.hex(":")

    @property
    def flags(self) -> IfFlags:
        return IfFlags(self.ifnet.member(Member.FLAGS))

    @property
    def mtu(self) -> int:
        """Largest payload of a frame, in bytes."""
        return self.ifnet.member(Member.MTU)

    @property
    def link_state(self) -> LinkState:
        return LinkState(self.ifnet.member(Member.LINK_STATE))

    @property
    def baudrate(self) -> int:
        """Speed of the link in bits per second."""
        return self.ifnet.member(Member.BAUDRATE)

    @property
    def capabilities(self) -> int:
        """IFCAP_* that the hardware has."""
        return self.ifnet.member(Member.CAPABILITIES)

    @property
    def capenable(self) -> int:
        """IFCAP_* that are on."""
        return self.ifnet.member(Member.CAPENABLE)

    @property
    def queue_drops(self) -> int:
        """Frames that the output queue had no room for."""
        return self.ifnet.member(Member.SND_DROPS)

    @property
    def counters(self) -> Counters:
        member = self.ifnet.member
        return Counters(*(member(Member(n)) for n in range(Member.IPACKETS, Member.NOPROTO + 1)))

    # -- configuration

    async def up(self) -> None:
        """Start the interface, as ``ifconfig up`` does."""
        await self.set_flags(IfFlags.UP)

    async def down(self) -> None:
        """Stop it."""
        await self.set_flags(clear=IfFlags.UP)

    async def set_flags(self, flags: int = 0, *, clear: int = 0) -> None:
        """Set and clear IFF_*."""
        await self._ioctl(f"flags {IfFlags(flags | clear)}", Command.SET_FLAGS, flags, clear)

    async def set_mtu(self, mtu: int) -> None:
        await self._ioctl(f"MTU {mtu}", Command.SET_MTU, mtu)

    async def set_promiscuous(self, on: bool) -> None:
        """One more who wants every frame on the wire, or one fewer."""
        await self._ioctl("promiscuous mode", Command.SET_PROMISC, int(on))

    async def add_multicast(self, address: str | bytes) -> None:
        """Receive frames for a group address; counted, as often as it is added."""
        await self._ioctl("multicast address", Command.ADD_MULTI, mac_number(address))

    async def del_multicast(self, address: str | bytes) -> None:
        """Undo one ``add_multicast``."""
        await self._ioctl("multicast address", Command.DEL_MULTI, mac_number(address))

    async def set_capabilities(self, capenable: int) -> None:
        """Turn IFCAP_* on, and all others off."""
        await self._ioctl(f"capabilities {capenable:#x}", Command.SET_CAPENABLE, capenable)

    async def set_address(self, address: str | bytes) -> None:
        """Change the link-level address."""
        await self._ioctl("address", Command.SET_ADDRESS, mac_number(address))

    async def set_vlan(self, identifier: int, on: bool = True) -> None:
        """Tell the driver that 802.1Q is used on it, or no longer."""
        await self._ioctl(f"VLAN {identifier}", Command.SET_VLAN, identifier, int(on))

    async def assign(self, ipv4: str) -> None:
        """Tell the driver that a protocol address is in use, as ``ifconfig inet`` does: it starts.

        The address itself is kept by who speaks the protocol, not here.
        """
        number = int.from_bytes(bytes(map(int, ipv4.split("."))), "big")
        await self._ioctl(f"address {ipv4}", Command.INIT_ADDRESS, number)

    async def zero_counters(self) -> None:
        await self._ioctl("counters", Command.ZERO_COUNTERS)

    async def media(self) -> Media:
        """Return the media that there are, and which one is chosen and active."""
        memory = self.kernel.memory
        words = memory.allocate(4 * _MEDIA_WORDS)
        try:
            await self._ioctl("media", Command.GET_MEDIA, words, _MEDIA_WORDS)
            raw = memory.read(words, 4 * _MEDIA_WORDS)
        finally:
            memory.release(words)
        return Media.unpack(raw)

    async def set_media(self, media: int | str) -> None:
        """Choose a medium: ``1000baseT full-duplex``, ``autoselect``, or a media word."""
        word = media if isinstance(media, int) else (await self.media()).parse(media)
        await self._ioctl(f"media {media}", Command.SET_MEDIA, word)

    async def request(self, what: str, command: int, data: bytes) -> bytes:
        """Make any ioctl(2) request; returns what its structure, ``data``, holds afterwards.

        Pointers in it lead to memory of the kernel (``kernel.memory.allocate``).
        """
        self._check()
        memory = self.kernel.memory
        address = memory.allocate(len(data))
        try:
            memory.write(address, data)
            args = (self.ifnet.ifp, command, address)
            number = await self._call(self.ifnet, "rumphost_ifnet_request", args)
            if number & 0xFFFF_FFFF:
                raise IoctlError(self.name, what, number & 0xFFFF_FFFF)
            return memory.read(address, len(data))
        finally:
            memory.release(address)

    async def _ioctl(self, what: str, command: Command, a: int = 0, b: int = 0) -> None:
        self._check()
        args = (self.ifnet.ifp, command, a, b)
        number = await self._call(self.ifnet, "rumphost_ifnet_ioctl", args)
        if number:
            raise IoctlError(self.name, what, number & 0xFFFF_FFFF)

    # -- frames

    async def send(self, frame: bytes) -> None:
        """Send one frame, without FCS; waits while the queue is full."""
        await self.send_all((frame,))

    async def send_all(self, frames: Sequence[bytes]) -> None:
        """Send frames in order; returns when all are queued."""
        while True:
            frames = frames[self.send_some(frames) :]
            if not frames:
                await trio.lowlevel.checkpoint()
                return
            await self.room()

    def send_some(self, frames: Sequence[bytes]) -> int:
        """Queue what there is room for; returns how many frames that were."""
        self._check()
        if not self.ifnet.member(Member.FLAGS) & IfFlags.UP:
            raise UsageError(f"{self.name} is down: bring it up before sending")
        return self.ifnet.send(frames)

    async def room(self) -> None:
        """Wait until the queue has room."""
        while self.ifnet.room == 0:
            self._check()
            await self._changed.wait()

    def frames(self, limit: int = 1024) -> FrameStream:
        """Return a stream of what comes in from now on; at most ``limit`` frames wait in it."""
        self._check()
        return FrameStream(self.ifnet, limit)

    def receive(self, receiver: Callable[[list[bytes]], None]) -> Callable[[], None]:
        """Call ``receiver`` with each batch of frames; returns a function that ends this.

        For those who pass frames on: it is called on the virtual CPU and must not block.
        """
        self._check()
        self.ifnet.receivers.append(receiver)
        return lambda: self.ifnet.receivers.remove(receiver)

    async def wait_link(self, state: LinkState = LinkState.UP) -> None:
        """Wait until the link is in a state."""
        while self.link_state is not state:
            self._check()
            await self._changed.wait()

    def tap(self, dlt: int = DLT_EN10MB) -> Tap:
        """Return the bpf(4) tap of one type of frames."""
        tap = self.kernel.service(Bpf).tap(self.ifnet.ifp, dlt)
        if tap is None:
            raise UsageError(f"{self.name} has no tap for frames of type {dlt}")
        return tap

    def _check(self) -> None:
        if self.gone:
            raise InterfaceGone(f"{self.name}: the driver has detached it")

    def _wake(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()


def mac_bytes(address: str | bytes) -> bytes:
    """Return the six bytes of a link-level address; raises ``UsageError``."""
    if isinstance(address, bytes):
        raw = address
    else:
        try:
            raw = bytes(int(part, 16) for part in address.replace("-", ":").split(":"))
        except ValueError:
            raw = b""
    if len(raw) != 6:
        raise UsageError(f"{address!r} is no link-level address: write it 52:54:00:12:34:56")
    return raw


def mac_number(address: str | bytes) -> int:
    """Return a link-level address as the number that the shim takes."""
    return int.from_bytes(mac_bytes(address), "big")
