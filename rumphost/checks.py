"""Which checks a host runs its drivers with; each costs time, so all are off unless asked for.

Given to ``rumphost.open_host``, by options to ``rumphost run`` and to pytest; services of
the kernel read ``kernel.checks`` when they are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from .errors import UsageError


@dataclass(frozen=True)
class Checks:
    """``dma``: what bus_dma(9) asks for, page by page. ``locks``: lock order and contexts.
    ``guard``: what lies around, and is left of, memory of kmem(9), malloc(9) and pool(9)."""

    dma: bool = False
    locks: bool = False
    guard: bool = False

    @property
    def traps(self) -> tuple[str, ...]:
        """What has to be trapped for them (``Host.trap``)."""
        return (
            *(("dma", "use") if self.dma else ()),
            *(("lock", "memory") if self.locks else ()),
            *(("memory",) if self.guard else ()),
        )

    @classmethod
    def of(cls, words: Iterable[str]) -> Checks:
        """Return the named ones; raises ``UsageError`` on a word that names none."""
        known = [field.name for field in fields(cls)]
        words = list(words)
        for word in words:
            if word not in known:
                raise UsageError(f"there is no check {word!r}: there are {', '.join(known)}")
        return cls(**dict.fromkeys(words, True))

    @classmethod
    def all(cls) -> Checks:
        """Return every one."""
        return cls(**{field.name: True for field in fields(cls)})

    def __or__(self, other: Checks) -> Checks:
        """Return those of both."""
        names = [field.name for field in fields(self)]
        return Checks(**{name: getattr(self, name) or getattr(other, name) for name in names})
