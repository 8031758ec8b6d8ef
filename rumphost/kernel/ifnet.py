"""ifnet(9): the network interfaces that drivers have attached, and frames in both directions.

Called by the shim's ``ifnet.c``, ``ifnet_input.c`` and ``ifnet_output.c``; used from above by
``rumphost.classes``. Frames cross in batches: one hypercall for all that a driver's soft interrupt
has to give, one wake of an lwp for all that the host sends. Nothing here awaits.
"""

from __future__ import annotations

import enum
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .hypercall import PARKED, Answer, Steps, hypercall
from .kernel import Kernel
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service

QUEUE_LIMIT = 1024
"""Frames that wait on the host's side of an interface, at most."""

# Places in the memory through which frames are sent: RUMPHOST_IFNET_* of hypercall.h.
_OUTSTANDING = 0
_WANT_ROOM = 4
_LENGTHS = 64
_FRAMES = 2048
_BATCH = 256
_OUTPUT_SIZE = 262144
_LARGEST = _OUTPUT_SIZE - _FRAMES


class Member(enum.IntEnum):
    """Members of a ``struct ifnet``, in hypercall.h's order."""

    FLAGS = 0
    MTU = 1
    LINK_STATE = 2
    BAUDRATE = 3
    CAPABILITIES = 4
    CAPENABLE = 5
    TIMER = 6
    SND_LENGTH = 7
    SND_DROPS = 8
    IPACKETS = 9
    IERRORS = 10
    OPACKETS = 11
    OERRORS = 12
    COLLISIONS = 13
    IBYTES = 14
    OBYTES = 15
    IMCASTS = 16
    OMCASTS = 17
    IQDROPS = 18
    NOPROTO = 19


class Command(enum.IntEnum):
    """What ``rumphost_ifnet_ioctl`` does, in hypercall.h's order."""

    SET_FLAGS = 0
    SET_MTU = 1
    SET_PROMISC = 2
    ADD_MULTI = 3
    DEL_MULTI = 4
    SET_MEDIA = 5
    GET_MEDIA = 6
    SET_CAPENABLE = 7
    SET_ADDRESS = 8
    INIT_ADDRESS = 9
    SET_VLAN = 10
    ZERO_COUNTERS = 11


Receiver = Callable[[list[bytes]], None]


class Ifnet:
    """One attached interface.

    ``receivers`` get every batch of frames that comes in; ``on_room`` are called when the queue of
    frames to send has room again, ``on_link`` with each new LINK_STATE_*, ``on_event`` with each
    RTM_IEEE80211_* and its data, ``on_gone`` once.
    """

    def __init__(self, kernel: Kernel, lwp: Lwp, ifp: int, name: str, members: bytes) -> None:
        self.name = name
        self.ifp = ifp
        self.image = lwp.image
        self.owner = lwp.owner
        self.address = b""
        self.gone = False
        self.receivers: list[Receiver] = []
        self.on_room: list[Callable[[], None]] = []
        self.on_link: list[Callable[[int], None]] = []
        self.on_event: list[Callable[[int, bytes], None]] = []
        self.on_gone: list[Callable[[], None]] = []
        self._kernel = kernel
        self._memory = kernel.memory
        self._members = tuple(struct.iter_unpack("=QQ", members))
        self._queue: deque[bytes] = deque()
        self._sender: Lwp | None = None
        self._buffer = 0
        self._limit = 0
        self._room_wanted = False
        self._detacher: Lwp | None = None

    def member(self, member: Member) -> int:
        """Return a member of the driver's ``struct ifnet``, as it is now (0 once it is gone)."""
        address, size = self._members[member]
        return self._memory.read_uint(address, size) if size and not self.gone else 0

    def symbol(self, name: str) -> int:
        """Return the address of one of the shim's entry points in the driver's image."""
        address: int = self.image.symbol(name)
        return address

    # -- frames to the driver

    @property
    def room(self) -> int:
        """How many frames ``send`` would take now."""
        return 0 if self.gone else max(QUEUE_LIMIT - len(self._queue), 0)

    @property
    def waiting(self) -> int:
        """Frames that the driver has not been given yet."""
        return len(self._queue)

    def send(self, frames: Sequence[bytes]) -> int:
        """Queue frames, without FCS, in order; returns how many were taken.

        When not all are, ``on_room`` tells of better times.
        """
        room = self.room
        if len(frames) > room:
            self._room_wanted = True
            frames = frames[:room]
        if not frames:
            return 0
        self._queue.extend(frames)
        sender = self._sender
        if sender is None:
            self._sender = self._kernel.scheduler.spawn(
                f"{self.name}/out", self.symbol("rumphost_ifnet_serve"), (self.ifp,),
                image=self.image, owner=self.owner, on_exit=self._sender_left,
            )  # fmt: skip
        elif self._buffer and sender.wmesg == "ifout":
            self._hand_over()
        return len(frames)

    def serve(self, lwp: Lwp, buffer: int, limit: int) -> Answer:
        """The sender asks for a batch."""
        if self.gone:
            return -1
        self._sender, self._buffer, self._limit = lwp, buffer, limit
        count = self._stage()
        if count:
            return count
        self._kernel.scheduler.park(lwp, "ifout")
        return PARKED

    def room_again(self) -> None:
        """The driver has freed so many frames that it can take more."""
        sender = self._sender
        if sender is not None and sender.wmesg == "ifout" and self._queue:
            self._hand_over()

    def _hand_over(self) -> None:
        count = self._stage()
        if count:
            assert self._sender is not None
            self._kernel.scheduler.wake(self._sender, count)

    def _stage(self) -> int:
        """Put what fits into the shared memory; returns the number of frames."""
        memory, queue = self._memory, self._queue
        if not queue:
            return 0
        most = min(self._limit - memory.read_uint(self._buffer + _OUTSTANDING, 4), _BATCH)
        if most <= 0:
            memory.write_uint(self._buffer + _WANT_ROOM, 4, 1)
            return 0
        frames: list[bytes] = []
        size = 0
        while queue and len(frames) < most:
            size += len(queue[0])
            if size > _LARGEST:
                break
            frames.append(queue.popleft())
        memory.write(self._buffer + _LENGTHS, struct.pack(f"={len(frames)}I", *map(len, frames)))
        memory.write(self._buffer + _FRAMES, b"".join(frames))
        if self._kernel.trace.on:
            self._kernel.trace.emit("ifnet.output", None, interface=self.name, frames=len(frames))
        if self._room_wanted and len(queue) <= QUEUE_LIMIT // 2:
            self._room_wanted = False
            for call in tuple(self.on_room):
                call()
        return len(frames)

    # -- the end

    def leave(self, lwp: Lwp) -> Steps:
        """The driver detaches the interface on ``lwp``: wait until the sender is out of it."""
        self._gone()
        sender = self._sender
        if sender is not None and not sender.gone:
            self._detacher = lwp
            if sender.wmesg == "ifout":
                self._kernel.scheduler.wake(sender, -1)
            self._kernel.scheduler.park(lwp, "ifdetach")
            yield PARKED
        return 0

    def _sender_left(self, _result: int) -> None:
        self._sender = None
        if self._detacher is not None:
            self._kernel.scheduler.wake(self._detacher)

    def _gone(self) -> None:
        self.gone = True
        self._queue.clear()
        for call in (*self.on_gone, *self.on_room):
            call()

    def abandon(self) -> None:
        """The driver is no more; nothing of it may run."""
        self._gone()
        if self._sender is not None:
            self._kernel.scheduler.end(self._sender)
            self._sender = None


class Ifnets(Service):
    """All interfaces. ``on_attach`` and ``on_detach`` are called with each that comes and goes."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._memory = kernel.memory
        self._by_address: dict[int, Ifnet] = {}
        self.on_attach: list[Callable[[Ifnet], None]] = []
        self.on_detach: list[Callable[[Ifnet], None]] = []

    def __iter__(self) -> Iterator[Ifnet]:
        yield from self._by_address.values()

    def find(self, name: str) -> Ifnet | None:
        """Return the interface of a name."""
        return next((ifnet for ifnet in self if ifnet.name == name), None)

    def of(self, owner: Owner) -> list[Ifnet]:
        """Return the interfaces of a device."""
        return [ifnet for ifnet in self if ifnet.owner is owner]

    def at(self, ifp: int) -> Ifnet:
        """Return the interface whose ``struct ifnet`` is at an address."""
        return self._by_address[ifp]

    @hypercall
    def ifnet_attach(self, lwp: Lwp, ifp: int, name: str, members: int) -> None:
        """An interface comes."""
        read = self._memory.read(members, 16 * len(Member))
        ifnet = Ifnet(self._kernel, lwp, ifp, name, read)
        self._by_address[ifp] = ifnet
        self._note("ifnet.attach", lwp, ifnet)
        for call in tuple(self.on_attach):
            call(ifnet)

    @hypercall
    def ifnet_address(self, lwp: Lwp, ifp: int, address: int, length: int) -> None:
        """Its link-level address is set."""
        ifnet = self._by_address[ifp]
        ifnet.address = self._memory.read(address, length)
        self._note("ifnet.address", lwp, ifnet, address=ifnet.address.hex(":"))

    @hypercall
    def ifnet_detach(self, lwp: Lwp, ifp: int) -> Answer:
        """It goes."""
        ifnet = self._by_address.pop(ifp, None)
        if ifnet is None:
            return 0
        self._note("ifnet.detach", lwp, ifnet)
        for call in tuple(self.on_detach):
            call(ifnet)
        return ifnet.leave(lwp)

    @hypercall
    def ifnet_link(self, lwp: Lwp, ifp: int, state: int) -> None:
        """The state of its link has changed."""
        ifnet = self._by_address.get(ifp)
        if ifnet is not None:
            self._note("ifnet.link", lwp, ifnet, state=state)
            for call in tuple(ifnet.on_link):
                call(state)

    @hypercall
    def ifnet_event(self, lwp: Lwp, ifp: int, what: int, data: int, size: int) -> None:
        """An 802.11 interface tells of an event."""
        ifnet = self._by_address.get(ifp)
        if ifnet is not None:
            self._note("ifnet.event", lwp, ifnet, what=what)
            raw = self._memory.read(data, size) if size else b""
            for call in tuple(ifnet.on_event):
                call(what, raw)

    @hypercall
    def ifnet_input(
        self, lwp: Lwp, ifp: int, lengths: int, frames: int, count: int, size: int
    ) -> None:
        """A batch of frames has come in."""
        ifnet = self._by_address.get(ifp)
        if self._kernel.trace.on and ifnet is not None:
            self._note("ifnet.input", lwp, ifnet, frames=count)
        if ifnet is None or not ifnet.receivers:
            return
        batch = list(cut(self._memory.read(frames, size), self._lengths(lengths, count)))
        for receive in tuple(ifnet.receivers):
            receive(batch)

    def _lengths(self, address: int, count: int) -> Iterable[int]:
        lengths: Iterable[int] = struct.unpack(f"={count}I", self._memory.read(address, 4 * count))
        return lengths

    @hypercall
    def ifnet_output(self, lwp: Lwp, ifp: int, buffer: int, limit: int) -> Answer:
        """Its sender wants frames."""
        ifnet = self._by_address.get(ifp)
        return -1 if ifnet is None else ifnet.serve(lwp, buffer, limit)

    @hypercall
    def ifnet_room(self, lwp: Lwp, ifp: int) -> None:
        """The driver can take more frames."""
        ifnet = self._by_address.get(ifp)
        if ifnet is not None:
            ifnet.room_again()

    def _note(self, event: str, lwp: Lwp, ifnet: Ifnet, **fields: Any) -> None:
        if self._kernel.trace.on:
            self._kernel.trace.emit(event, lwp, interface=ifnet.name, **fields)

    # -- what a driver has left behind

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return the interfaces that a driver has not detached."""
        return [Leak("ifnet(9)", f"interface {ifnet.name} is still attached")
                for ifnet in self.of(owner)]  # fmt: skip

    def release(self, owner: Owner) -> None:
        """Forget the interfaces of a driver that is gone."""
        for ifnet in self.of(owner):
            del self._by_address[ifnet.ifp]
            ifnet.abandon()
            for call in tuple(self.on_detach):
                call(ifnet)


def cut(data: bytes, lengths: Iterable[int]) -> Iterator[bytes]:
    """Cut a batch into its frames."""
    start = 0
    for length in lengths:
        end = start + length
        yield data[start:end]
        start = end
