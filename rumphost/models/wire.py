"""What an Ethernet model's connector is plugged into.

Used by ``i82540em`` and by whoever plays the network. Frames carry no preamble and no FCS.
"""

from __future__ import annotations

from typing import Protocol


class Wire(Protocol):
    """The far end of a network cable."""

    def transmit(self, frame: bytes) -> None:
        """The model sends ``frame``; called from an event, must not block."""


class Station(Protocol):
    """Something with a network connector."""

    def attach_wire(self, wire: Wire | None) -> None:
        """Plug the connector into ``wire``."""

    def receive(self, frame: bytes) -> object:
        """Take a frame from the wire."""


class Recorder:
    """A wire that keeps every frame in ``frames`` and answers nothing."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def transmit(self, frame: bytes) -> None:
        self.frames.append(frame)


class _Lead:
    def __init__(self, far: Station) -> None:
        self._far = far

    def transmit(self, frame: bytes) -> None:
        self._far.receive(frame)


class Crossover:
    """A cable between two stations: what one sends, the other receives."""

    def __init__(self, left: Station, right: Station) -> None:
        left.attach_wire(_Lead(right))
        right.attach_wire(_Lead(left))
