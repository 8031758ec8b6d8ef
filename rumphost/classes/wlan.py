"""A wireless interface: scan, join a network, leave it, see how it is.

::

    async with Wlan(host.interface(device)) as wlan:
        for network in await wlan.scan():
            print(network)
        await wlan.join("home", "correct horse")
        ...

It does for a driver what ifconfig(8) and wpa_supplicant(8) do on NetBSD, with the same requests:
the driver's 802.11 layer associates, the four-way handshake of WPA2 takes place here
(``wlan_keys.py``), and its keys go to the driver. Used by ``rumphost wifi`` and by tests.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType

import trio

from rumphost.errors import RumphostError, Unsupported, UsageError
from rumphost.models.air.eapol import RSN_CCMP_PSK
from rumphost.tasks import unwrapped

from .ieee80211 import RESULTS_SIZE, Event, Ioc, Mlme, Requests, Roaming
from .ifnet import IfFlags, Interface, InterfaceGone, IoctlError, LinkState, mac_bytes
from .scan_result import ELEMENT_RSN, WlanNetwork, parse_results
from .wlan_keys import KeyExchange

SCAN_S = 6.0
"""How long a scan may take: a passive one of 2.4 GHz takes two seconds, 5 GHz three more."""
JOIN_S = 10.0
_RSN = bytes([ELEMENT_RSN, len(RSN_CCMP_PSK)]) + RSN_CCMP_PSK
_NOBODY = "00:00:00:00:00:00"
_REASON_LEAVING = 3


class JoinFailed(RumphostError):
    """A network could not be joined; the message says how far it went."""


class State(enum.Enum):
    """Where the interface is on its way into a network."""

    DOWN = "down"
    IDLE = "idle"
    SCANNING = "scanning"
    JOINING = "joining"
    HANDSHAKE = "handshake"
    JOINED = "joined"


@dataclass(frozen=True)
class Status:
    """What ``ifconfig`` shows of a wireless interface; ``network`` is the one it is in."""

    state: State
    ssid: str
    bssid: str
    channel: int
    media: str
    network: WlanNetwork | None


@dataclass(frozen=True)
class _Wanted:
    ssid: bytes
    passphrase: str | None


class Wlan:
    """The wireless side of an interface, open inside ``async with``.

    ``state`` is where it is; ``on_state`` are called with each new one, on the virtual CPU.
    ``scan_ended`` tells whether the driver has said so of the last scan: some never do.
    """

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.requests = Requests(interface)
        self.state = State.IDLE if interface.flags & IfFlags.UP else State.DOWN
        self.on_state: list[Callable[[State], None]] = []
        self.scan_ended = True
        self._scans = 0
        self._ssid = b""
        self._wpa = False
        self._wanted: _Wanted | None = None
        self._exchange: KeyExchange | None = None
        self._exchanges = 0
        self._changed = trio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Wlan:
        ifnet = self.interface.ifnet
        async with AsyncExitStack() as stack:
            stack.enter_context(unwrapped())
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            for calls, call in (
                (ifnet.on_link, self._link), (ifnet.on_event, self._event),
                (ifnet.on_gone, self._wake),
            ):  # fmt: skip
                calls.append(call)  # type: ignore[arg-type]
                stack.callback(calls.remove, call)  # type: ignore[arg-type]
            send, receive = trio.open_memory_channel[bytes](64)
            stack.callback(self.interface.receive(lambda frames: self._take_eapol(send, frames)))
            nursery.start_soon(self._serve, receive)
            await self._try(self.requests.set(Ioc.ROAMING, value=Roaming.MANUAL))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, traceback)

    @staticmethod
    async def _try(request: Awaitable[None]) -> None:
        """Make a request that some drivers do not know."""
        try:
            await request
        except IoctlError as error:
            if error.name not in ("EINVAL", "ENOTTY", "EOPNOTSUPP"):
                raise

    # -- looking around

    async def scan(
        self, ssid: str | bytes = b"", *, timeout_s: float = SCAN_S
    ) -> list[WlanNetwork]:
        """Look for networks; with ``ssid`` also for a hidden one. Ends what was joined.

        Returns when the driver tells of the end, or after ``timeout_s``. A driver that did not
        tell the last time is taken down and up again, or it might not look at all.
        """
        raw = _raw(ssid)
        before = self._scans
        up = bool(self.interface.flags & IfFlags.UP)
        if up and (raw != self._ssid or not self.scan_ended):
            await self.interface.down()
            up = False
        if raw != self._ssid:
            await self.requests.set_ssid(raw)
            self._ssid = raw
        self._exchange = None
        self._enter(State.SCANNING)
        if up:
            await self.requests.set(Ioc.SCAN_REQ)
        else:
            await self._up()
        with trio.move_on_after(timeout_s) as scope:
            await self._until(lambda: self._scans > before)
        self.scan_ended = not scope.cancelled_caught
        self._enter(State.IDLE)
        return await self.networks()

    async def _up(self) -> None:
        """Bring the interface up; again where the driver's own worker was still at the card."""
        try:
            await self.interface.up()
        except IoctlError as error:
            if error.name != "EAGAIN":
                raise
            await self.interface.up()

    async def networks(self) -> list[WlanNetwork]:
        """Return what the driver knows from its last scan, the strongest first."""
        data = await self.requests.get(Ioc.SCAN_RESULTS, RESULTS_SIZE)
        return sorted(parse_results(data), key=lambda one: -one.signal_dbm)

    async def status(self) -> Status:
        """Return what the interface is in."""
        requests = self.requests
        bssid = (await requests.bssid()).hex(":")
        found = {one.bssid: one for one in await self.networks()} if bssid != _NOBODY else {}
        ssid = (await requests.ssid()).decode(errors="backslashreplace")
        media = str(await self.interface.media())
        return Status(self.state, ssid, bssid, await requests.channel(), media, found.get(bssid))

    # -- joining

    async def join(
        self,
        ssid: str | bytes,
        passphrase: str | None = None,
        *,
        bssid: str | bytes | None = None,
        timeout_s: float = JOIN_S,
    ) -> WlanNetwork:
        """Join a network: open without a passphrase, WPA2-PSK with one; scans if need be.

        Returns the access point, the strongest of those with the SSID unless ``bssid`` says which.
        Raises ``JoinFailed``, and ``UsageError`` when network and passphrase do not fit.
        """
        await self._secure(passphrase is not None)
        network = await self._find(_raw(ssid), bssid)
        _check(network, passphrase)
        self._wanted = _Wanted(network.raw_ssid, passphrase)
        address = mac_bytes(network.bssid)
        self._exchange = None
        if passphrase is not None:
            self._exchanges += 1
            self._exchange = KeyExchange(
                self.interface, self.requests, passphrase, network.raw_ssid, address,
                session=self._exchanges,
            )  # fmt: skip
        self._enter(State.JOINING)
        with trio.move_on_after(timeout_s) as scope:
            await self.requests.mlme(Mlme.ASSOC, address, network.raw_ssid)
            await self.wait_state(State.JOINED, State.IDLE)
        if scope.cancelled_caught or self.state is not State.JOINED:
            why = self._why(timed_out=scope.cancelled_caught)
            self._exchange = None
            self._enter(State.IDLE)
            raise JoinFailed(f"{self.interface.name}: cannot join {network.ssid!r}: {why}")
        return network

    def _why(self, *, timed_out: bool) -> str:
        exchange = self._exchange
        if exchange is None or not exchange.answered:
            return "the access point does not answer" if timed_out else "it refuses"
        if exchange.failed:
            return f"the handshake failed: {exchange.failed}"
        return "it broke off the handshake: the passphrase is wrong"

    async def _secure(self, wpa: bool) -> None:
        """Set what wpa_supplicant(8) sets before it joins, or take it back."""
        if wpa is self._wpa:
            return
        was_up = self.interface.flags & IfFlags.UP
        if was_up:
            await self.interface.down()
        requests, on = self.requests, int(wpa)
        await requests.set(Ioc.WPA, value=2 * on)
        await requests.set(Ioc.PRIVACY, value=on)
        await requests.set(Ioc.DROPUNENCRYPTED, value=on)
        await requests.set(Ioc.OPTIE, _RSN if wpa else b"")
        self._wpa = wpa
        if was_up:
            await self.scan()

    async def _find(self, ssid: bytes, bssid: str | bytes | None) -> WlanNetwork:
        wanted = None if bssid is None else mac_bytes(bssid).hex(":")

        def choose(networks: list[WlanNetwork]) -> WlanNetwork | None:
            for one in networks:
                if one.raw_ssid == ssid and wanted in (None, one.bssid):
                    return one
            return None

        found = None
        if self.interface.flags & IfFlags.UP and self.state is State.IDLE:
            found = choose(await self.networks())
        found = found or choose(await self.scan()) or choose(await self.scan(ssid))
        if found is None:
            where = f" at {wanted}" if wanted else ""
            name = ssid.decode(errors="backslashreplace")
            raise JoinFailed(f"{self.interface.name}: there is no network {name!r}{where}")
        return found

    async def leave(self) -> None:
        """Leave the network."""
        self._wanted = self._exchange = None
        bssid = await self.requests.bssid()
        await self.requests.mlme(Mlme.DISASSOC, bssid, reason=_REASON_LEAVING)
        with trio.move_on_after(1):
            await self.interface.wait_link(LinkState.DOWN)
        self._enter(State.IDLE)

    async def roam(self, *, timeout_s: float = JOIN_S) -> WlanNetwork:
        """Look for the network that was joined last again, and join its strongest access point."""
        wanted = self._wanted
        if wanted is None:
            raise UsageError(f"{self.interface.name} was in no network that it could join again")
        await self.scan()
        return await self.join(wanted.ssid, wanted.passphrase, timeout_s=timeout_s)

    async def keep_joined(self, on_roam: Callable[[WlanNetwork], None] | None = None) -> None:
        """Join the network again whenever it is lost, until cancelled or ``leave``."""
        while self._wanted is not None:
            await self.wait_state(*(set(State) - {State.JOINED}))
            while self._wanted is not None and self.state is not State.JOINED:
                try:
                    network = await self.roam()
                except JoinFailed:
                    continue
                if on_roam is not None:
                    on_roam(network)

    async def wait_state(self, *states: State) -> State:
        """Wait until the state is one of these; returns it."""
        await self._until(lambda: self.state in states)
        return self.state

    # -- what happens

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            if self.interface.gone:
                raise InterfaceGone(f"{self.interface.name}: the driver has detached it")
            await self._changed.wait()

    def _wake(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def _enter(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            for call in tuple(self.on_state):
                call(state)
        self._wake()

    def _link(self, state: int) -> None:
        if state == LinkState.UP:
            self._associated()
        else:
            self._lost()

    def _event(self, what: int, _data: bytes) -> None:
        if what == Event.SCAN:
            self._scans += 1
        elif what in (Event.ASSOC, Event.REASSOC):
            self._associated()
        elif what == Event.DISASSOC:
            self._lost()
        self._wake()

    def _associated(self) -> None:
        if self.state not in (State.HANDSHAKE, State.JOINED):
            secure = self._exchange is not None and not self._exchange.done
            self._enter(State.HANDSHAKE if secure else State.JOINED)

    def _lost(self) -> None:
        if self.state in (State.JOINING, State.HANDSHAKE, State.JOINED):
            up = self.interface.flags & IfFlags.UP
            self._enter(State.IDLE if up else State.DOWN)

    @staticmethod
    def _take_eapol(send: trio.MemorySendChannel[bytes], frames: list[bytes]) -> None:
        for frame in frames:
            if frame[12:14] == b"\x88\x8e":
                try:
                    send.send_nowait(frame)
                except trio.WouldBlock:
                    return  # the access point repeats it

    async def _serve(self, receive: trio.MemoryReceiveChannel[bytes]) -> None:
        """Answer the access point's key frames: at the beginning, and when it changes keys."""
        async for frame in receive:
            exchange = self._exchange
            if exchange is None or frame[6:12] != exchange.bssid:
                continue
            try:
                await exchange.answer(frame[14:])
            except (IoctlError, InterfaceGone, UsageError) as error:
                exchange.failed = str(error)
                self._enter(State.IDLE)
                continue
            if exchange.done and self.state is State.HANDSHAKE:
                self._enter(State.JOINED)


def _raw(ssid: str | bytes) -> bytes:
    raw = ssid.encode() if isinstance(ssid, str) else ssid
    if len(raw) > 32:
        raise UsageError(f"{ssid!r} is no SSID: it has more than 32 bytes")
    return raw


def _check(network: WlanNetwork, passphrase: str | None) -> None:
    """Raise what keeps a network from being joined with this passphrase, or without one."""
    if network.security == "open":
        if passphrase is not None:
            raise UsageError(f"{network.ssid!r} is open: leave the passphrase out")
        return
    rsn = network.rsn
    if rsn is None or "PSK" not in rsn.key_management:
        raise Unsupported(f"ieee80211(9): joining a network with {network.security}")
    if rsn.group != "CCMP" or "CCMP" not in rsn.pairwise:
        raise Unsupported(f"ieee80211(9): a network with the ciphers {rsn.group}, {rsn.pairwise}")
    if passphrase is None:
        raise UsageError(f"{network.ssid!r} has {network.security}: it takes a passphrase")
    size = len(passphrase.encode())
    if not 8 <= size <= 64:
        raise UsageError("a passphrase has 8 to 63 characters, or is 64 hexadecimal digits")
