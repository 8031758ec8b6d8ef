"""The air: radios that hear one another when they are on the same channel.

Access points and the models of wireless cards are its radios. What happens is decided by frames,
the machine's time and what a test sets; nothing here is random. Faults: ``loss`` is asked for each
frame and each radio that would hear it, ``delay_ns`` is how much later frames arrive, ``noise_dbm``
is what cards measure between frames. ``on_transmit`` sees every frame (see ``monitor.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rumphost.machine.events import EventQueue

if TYPE_CHECKING:
    from .accesspoint import AccessPoint


@dataclass(frozen=True)
class Reception:
    """How a frame was heard; ``rate`` in units of 500 kb/s."""

    channel: int
    rate: int
    signal_dbm: int
    noise_dbm: int


class Radio(Protocol):
    """One end of the air."""

    @property
    def address(self) -> bytes:
        """The address that it acknowledges frames to."""

    @property
    def channel(self) -> int | None:
        """Where it listens; None: nowhere."""

    def hear(self, frame: bytes, reception: Reception) -> None:
        """A frame has arrived, whoever it is for."""


class Distribution:
    """The Ethernet behind the access points: a ``FramePort`` for an in-process network or a TAP."""

    def __init__(self, air: Air) -> None:
        self._air = air
        self.on_frame: Callable[[bytes], Any] | None = None

    def deliver(self, frame: bytes) -> None:
        """Network → stations."""
        for point in self._air.access_points:
            point.distribute(frame)

    def leave(self, frame: bytes, source: AccessPoint) -> None:
        """A station's frame → network, and to the other access points' stations."""
        for point in self._air.access_points:
            if point is not source:
                point.distribute(frame)
        if self.on_frame is not None:
            self.on_frame(frame)


class Air:
    """``access_points`` in the order in which they were put on the air."""

    def __init__(self, access_points: Iterable[AccessPoint] = (), *, noise_dbm: int = -95) -> None:
        self.access_points: list[AccessPoint] = []
        self.noise_dbm = noise_dbm
        self.delay_ns = 0
        self.loss: Callable[[bytes, Radio], bool] = lambda _frame, _radio: False
        self.on_transmit: list[Callable[[bytes, Reception], Any]] = []
        self.distribution = Distribution(self)
        self.events: EventQueue | None = None
        self._radios: list[Radio] = []
        for point in access_points:
            self.add(point)

    def attach(self, events: EventQueue) -> None:
        """Run on a machine's time; a model calls it when it is plugged in."""
        if self.events is not events:
            self.events = events
            for point in self.access_points:
                point.wake()

    def now_ns(self) -> int:
        return 0 if self.events is None else self.events.now_ns()

    def add(self, point: AccessPoint) -> AccessPoint:
        """Put an access point on the air; returns it."""
        self.access_points.append(point)
        point.enter(self)
        return point

    def remove(self, point: AccessPoint) -> None:
        """Switch an access point off, without a word to its stations."""
        self.access_points.remove(point)
        point.leave()

    def join(self, radio: Radio) -> None:
        """A card's radio is there."""
        if radio not in self._radios:
            self._radios.append(radio)

    def leave(self, radio: Radio) -> None:
        """A card's radio is gone."""
        if radio in self._radios:
            self._radios.remove(radio)

    def retuned(self) -> None:
        """A card's radio is on another channel."""
        for point in self.access_points:
            point.wake()

    def listened_to(self, channel: int) -> bool:
        """Return whether a card listens on ``channel``: who is not heard need not speak."""
        return any(radio.channel == channel for radio in self._radios)

    def transmit(
        self, sender: Radio, frame: bytes, *, channel: int, rate: int, signal_dbm: int
    ) -> bool:
        """Let everybody on the channel hear a frame that has just ended.

        Returns whether it was acknowledged: always False for frames to groups.
        """
        reception = Reception(channel, rate, signal_dbm, self.noise_dbm)
        for listener in self.on_transmit:
            listener(frame, reception)
        acknowledged = False
        for radio in (*self.access_points, *self._radios):
            if radio is sender or radio.channel != channel or self.loss(frame, radio):
                continue
            acknowledged |= radio.address == frame[4:10]
            self._arrive(radio, frame, reception)
        return acknowledged

    def _arrive(self, radio: Radio, frame: bytes, reception: Reception) -> None:
        if self.delay_ns and self.events is not None:
            self.events.after(self.delay_ns, lambda: radio.hear(frame, reception))
        else:
            radio.hear(frame, reception)
