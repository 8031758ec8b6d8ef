"""Which events a trace keeps: ``--only`` and ``--not`` of the command line, or ``Filter`` by hand.

A pattern is ``[PAGE[.EVENT]][:REGISTER][@DEVICE][%LWP]``, each part with the wildcards of a shell::

    callout                    all of callout(9)
    bus_space.write:CTRL       writes to one register
    bus_space:RX*@iex0         accesses of iex0 to the registers of its receiver
    @iex0  @00:03.0            what is done for a device, or with its registers
    lwp.*%intr*                how the lwps of interrupt handlers come and go
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rumphost.errors import UsageError
from rumphost.trace import TraceEvent

_PATTERN = re.compile(
    r"(?P<event>[^:@%]*)(:(?P<register>[^@%]+))?(@(?P<device>[^%]+))?(%(?P<lwp>.+))?"
)
_OF_DEVICE = ("device", "interface", "function", "region")
SLOW_PAGES = {
    "mutex": "lock", "rwlock": "lock", "spl": "lock",
    "kmem": "memory", "malloc": "memory", "pool": "memory", "mbuf": "memory",
}  # fmt: skip
"""Pages whose crossings cost nothing until they are traced: what has to be trapped for them."""


@dataclass(frozen=True)
class Pattern:
    """One pattern, taken apart; an empty part matches everything."""

    event: str
    register: str
    device: str
    lwp: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Take a pattern apart; raises ``UsageError``."""
        match = _PATTERN.fullmatch(text)
        parts = match.groupdict("") if match else {}
        if not any(parts.values()):
            raise UsageError(
                f"{text!r} is no pattern of events: write PAGE[.EVENT][:REGISTER][@DEVICE][%LWP], "
                "such as callout or bus_space.write:CTRL"
            )
        return cls(**parts)

    @property
    def page(self) -> str:
        return self.event.partition(".")[0]

    @property
    def by_name(self) -> bool:
        """The event's name alone decides."""
        return not (self.register or self.device or self.lwp)

    def names(self, name: str) -> bool:
        """Tell whether an event of that name may match."""
        if self.register and not name.startswith("bus_space."):
            return False
        if not self.event:
            return True
        return fnmatchcase(name, self.event) or fnmatchcase(name.partition(".")[0], self.event)

    def matches(self, event: TraceEvent) -> bool:
        """Tell whether the event, whose name matches, does too."""
        if self.lwp and not fnmatchcase(event.lwp, self.lwp):
            return False
        if self.register and not self._of_register(event):
            return False
        return not self.device or self._of_device(event)

    def _of_register(self, event: TraceEvent) -> bool:
        register = str(event.fields.get("register", ""))
        name = register.partition(".")[0]
        offset = event.fields.get("offset")
        wanted = (name, name.partition("[")[0], f"{offset:#x}" if isinstance(offset, int) else "")
        return any(fnmatchcase(one, self.register) for one in wanted)

    def _of_device(self, event: TraceEvent) -> bool:
        if event.device and fnmatchcase(event.device, self.device):
            return True
        values = [str(event.fields[key]) for key in _OF_DEVICE if key in event.fields]
        return any(fnmatchcase(value.partition(" ")[0], self.device) for value in values)


class Filter:
    """Keeps what any of ``only`` matches (all, if there is none) and none of ``never``."""

    def __init__(self, only: Sequence[str] = (), never: Sequence[str] = ()) -> None:
        self.only = [Pattern.parse(text) for text in only]
        self.never = [Pattern.parse(text) for text in never]
        self._asked: dict[str, tuple[list[Pattern], list[Pattern]]] = {}

    def __bool__(self) -> bool:
        return bool(self.only or self.never)

    def wants(self, name: str) -> bool:
        """Tell whether an event of that name may be kept at all (``Trace.add_sink``)."""
        if self.only and not any(pattern.names(name) for pattern in self.only):
            return False
        return not any(pattern.by_name and pattern.names(name) for pattern in self.never)

    def accepts(self, event: TraceEvent) -> bool:
        """Tell whether to keep an event."""
        found = self._asked.get(event.name)
        if found is None:
            found = self._asked[event.name] = (
                [pattern for pattern in self.only if pattern.names(event.name)],
                [pattern for pattern in self.never if pattern.names(event.name)],
            )
        only, never = found
        if self.only and not any(pattern.matches(event) for pattern in only):
            return False
        return not any(pattern.matches(event) for pattern in never)

    def traps(self) -> set[str]:
        """Return what must be trapped for events that somebody asked for by name."""
        return {
            what
            for page, what in SLOW_PAGES.items()
            if any(pattern.page and fnmatchcase(page, pattern.page) for pattern in self.only)
        }
