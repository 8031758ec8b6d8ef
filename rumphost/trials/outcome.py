"""How a trial ended: what the driver did, and the troubles that it ought not to have made."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from rumphost.errors import DriverError, DriverLeak, DriverPanic, Frame
from rumphost.kernel.faults import Injection, driver_frames

HANGS = ("hung:", "endless loop")


@dataclass(frozen=True)
class Trouble:
    """What a driver should not have done: ``kind`` is panic, leak, hang or dead."""

    kind: str
    message: str
    device: str = ""
    frames: tuple[Frame, ...] = ()

    @classmethod
    def of(cls, error: DriverError) -> Trouble:
        """Return what an error of a driver amounts to."""
        kind = "leak" if isinstance(error, DriverLeak) else "panic"
        if isinstance(error, DriverPanic) and any(word in error.message for word in HANGS):
            kind = "hang"
        return cls(kind, error.message.strip(), error.driver, tuple(error.backtrace))

    @property
    def place(self) -> Frame | None:
        """The driver's frame that it happened in, or for a leak that took what was left."""
        frames = driver_frames(list(self.frames))
        return frames[0] if frames else None

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for what is the same trouble, met in two trials."""
        place = self.place
        where = f"{place.function} {place.file}:{place.line}" if place is not None else ""
        return self.kind, re.sub(r"0x[0-9a-f]+|\d+", "#", self.message), where

    @property
    def parts(self) -> list[str]:
        """What it consists of: a leak, of what was left."""
        _, _, rest = self.message.partition(": ")
        if self.kind != "leak" or not rest:
            return [f"{self.kind} {self.message}"]
        return [f"leak {part}" for part in rest.split("; ")]

    def without(self, parts: Collection[str]) -> Trouble | None:
        """Return it less what is known; None if nothing is left."""
        left = [part for part in self.parts if part not in parts]
        if not left or len(left) == len(self.parts):
            return self if left else None
        head = self.message.partition(": ")[0]
        return replace(self, message=f"{head}: {'; '.join(p.removeprefix('leak ') for p in left)}")

    def __str__(self) -> str:
        where = f", in {self.place}" if self.place is not None else ""
        who = f"{self.device}: " if self.device else ""
        return f"{self.kind}: {who}{self.message}{where}"


@dataclass
class Outcome:
    """One trial.

    ``life``: what the driver offered once it had attached, in words that two trials have in common.
    ``complaint``: the error that the scenario met, "" if none; ``again``: the one when it was tried
    anew; ``restarted``: the one after interfaces were brought down and up besides. ``gone``: the
    device was taken away on purpose. ``said``: the lines on the console.
    """

    life: frozenset[str] = frozenset()
    complaint: str = ""
    again: str = ""
    restarted: str = ""
    gone: bool = False
    said: list[str] = field(default_factory=list)
    injected: list[Injection] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def compare(self, clean: Outcome) -> None:
        """Leave out what also happens without faults, and find what only shows beside such a run.

        A driver may fail once, when the fault strikes; after that it is to work again.
        """
        known = {part for trouble in clean.troubles for part in trouble.parts}
        rests = [trouble.without(known) for trouble in self.troubles]
        self.troubles = [trouble for trouble in rests if trouble is not None]
        over = self.gone or any(trouble.kind != "leak" for trouble in self.troubles)
        if self.again and not over and not clean.complaint and self.is_there(clean):
            what = f"works again only after down and up: {self.again}"
            if self.restarted:
                what = f"attached, but does not work any more: {self.restarted}"
            self.add(Trouble("dead", what))

    def is_there(self, clean: Outcome) -> bool:
        """Tell whether users find what they find without faults: interfaces, if it has any."""
        interfaces = {one for one in clean.life if one.startswith("interface ")}
        return self.life >= (interfaces or clean.life)

    def judge(self, clean: Outcome) -> str:
        """Return in a word what the driver did, as compared with a run without faults."""
        if self.troubles:
            return self.troubles[0].kind
        if not self.life:
            return "gave up"
        if self.life < clean.life:
            return "partly"
        if self.complaint and not clean.complaint:
            return "told"
        return "unharmed"

    def news(self, clean: Outcome) -> list[str]:
        """Return what the console said, and did not say in a run without faults."""
        known = set(clean.said)
        return [line for line in dict.fromkeys(self.said) if line not in known]

    def add(self, trouble: Trouble) -> None:
        """Note a trouble, once."""
        if all(trouble.key != other.key for other in self.troubles):
            self.troubles.append(trouble)
