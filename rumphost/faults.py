"""The language in which faults are asked for: ``alloc:3``, ``interrupt:late=10ms``.

Used by ``rumphost run --fault``, ``open_host(faults=…)`` and ``@pytest.mark.faults(…)``; what a
fault does is ``kernel/faults.py``'s affair. ::

    WHAT[:ITEM[,ITEM…]]

``WHAT`` is something that a kernel may refuse, one of ``REFUSALS`` or of the groups of them
(``GROUPS``), or a part of the hardware with what is wrong about it (``HARDWARE``):
``interrupt:lost``, ``interrupt:late=TIME``, ``interrupt:spurious[=TIME]``, ``register:ones``,
``register:slow=TIME``, ``firmware:missing``, ``firmware:error``, ``firmware:short[=BYTES]``,
``link:flap[=TIME]``. The other items choose among its occurrences, which are counted from 1:

=============  ====================================================
``N``          the N-th only
``from=N``     not those before the N-th
``every=N``    of those each N-th
``times=N``    of those the first N
``p=P``        of those each with probability P, 0 to 1
``seed=N``     of ``p``; 0 unless given
``sleeping``   ``alloc``: also callers that may sleep, which a kernel never refuses
=============  ====================================================

Without such an item all are meant. What reads ones with ``from=N`` is gone from then on, as after a
removal: nothing more reaches it, and it does not interrupt. A time is a number with ``ns``,
``us``, ``ms`` or ``s``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from .errors import UsageError

ALLOCATIONS = ("kmem", "malloc", "pool", "mbuf", "hash")
DMA = ("dma_tag", "dma_create", "dma_load", "dma_alloc", "dma_map")
INTERRUPTS = ("intr_map", "intr_establish")
REFUSALS = (*ALLOCATIONS, *DMA, "bus_map", *INTERRUPTS, "kthread", "softint", "workqueue")
"""What a kernel may refuse, by the names that the shim and the services give them."""
GROUPS = {
    "alloc": ALLOCATIONS,
    "dma": DMA,
    "intr": INTERRUPTS,
    "any": REFUSALS,
    **{one: (one,) for one in REFUSALS},
}
_MS = 1_000_000
HARDWARE = {
    "interrupt": ("lost", "late", "spurious"),
    "register": ("ones", "slow"),
    "firmware": ("missing", "error", "short"),
    "link": ("flap",),
}
_TIMES: dict[tuple[str, str], int | None] = {
    ("interrupt", "late"): None,
    ("interrupt", "spurious"): _MS,
    ("register", "slow"): None,
    ("link", "flap"): 100 * _MS,
}
"""Which take a time, and the one they have without."""
_UNITS = {"ns": 1, "us": 1000, "ms": _MS, "s": 1000 * _MS}


@dataclass(frozen=True)
class Fault:
    """``what`` fails, or is amiss in the way of ``effect``; ``amount`` in ns, of firmware in bytes.

    ``number``, ``first``, ``every``, ``times``, ``probability`` choose among the occurrences: see
    the module's text; 0 is no choice.
    """

    what: str
    effect: str = ""
    amount: int = 0
    number: int = 0
    first: int = 1
    every: int = 1
    times: int = 0
    probability: float = 1.0
    seed: int = 0
    sleeping: bool = False

    def __str__(self) -> str:
        items = [self._effect()] if self.effect else []
        items += [str(self.number)] if self.number else []
        items += [f"from={self.first}"] if self.first > 1 else []
        items += [f"every={self.every}"] if self.every > 1 else []
        items += [f"times={self.times}"] if self.times else []
        items += [f"p={self.probability:g}"] if self.probability < 1 else []
        items += [f"seed={self.seed}"] if self.seed else []
        items += ["sleeping"] if self.sleeping else []
        return f"{self.what}:{','.join(items)}" if items else self.what

    def _effect(self) -> str:
        if not self.amount:
            return self.effect
        if self.what == "firmware":
            return f"{self.effect}={self.amount}"
        unit = next(name for name in ("s", "ms", "us", "ns") if self.amount % _UNITS[name] == 0)
        return f"{self.effect}={self.amount // _UNITS[unit]}{unit}"

    @property
    def refuses(self) -> tuple[str, ...]:
        """What of ``REFUSALS`` it refuses; nothing if it is one of the hardware."""
        return GROUPS.get(self.what, ())

    @property
    def lasts(self) -> bool:
        """Whether it never ends once it has begun."""
        return self.number == self.times == 0 and self.every == 1 and self.probability == 1

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault; raises ``UsageError`` with what is wrong about it."""
        what, colon, rest = text.strip().partition(":")
        if what not in GROUPS and what not in HARDWARE:
            raise UsageError(
                f"fault {text!r}: nothing is called {what!r} that could fail: there are "
                f"{', '.join([*GROUPS, *HARDWARE])}"
            )
        fault = cls(what)
        items = [item.strip() for item in rest.split(",")] if colon else []
        for item in items:
            fault = fault._with(text, item)
        if what in HARDWARE and not fault.effect:
            ways = " or ".join(f"{what}:{way}" for way in HARDWARE[what])
            raise UsageError(f"fault {text!r}: say what is amiss: {ways}")
        return fault

    def _with(self, text: str, item: str) -> Fault:
        name, equals, value = item.partition("=")
        if name in HARDWARE.get(self.what, ()):
            if self.effect:
                raise UsageError(f"fault {text!r}: {self.effect} and {name} are two faults")
            return replace(self, effect=name, amount=self._amount(text, name, equals and value))
        if re.fullmatch(r"\d+", item):
            return replace(self, number=_count(text, item))
        if name == "from" and equals:
            return replace(self, first=_count(text, value))
        if name == "every" and equals:
            return replace(self, every=_count(text, value))
        if name == "times" and equals:
            return replace(self, times=_count(text, value))
        if name == "seed" and re.fullmatch(r"\d+", value):
            return replace(self, seed=int(value))
        if name == "p" and equals:
            return replace(self, probability=_probability(text, value))
        if item == "sleeping" and set(self.refuses) & set(ALLOCATIONS):
            return replace(self, sleeping=True)
        known = [*HARDWARE.get(self.what, ()), "N", "from=N", "every=N", "times=N", "p=P", "seed=N"]
        if set(self.refuses) & set(ALLOCATIONS):
            known.append("sleeping")
        raise UsageError(f"fault {text!r}: {item!r} is none of {', '.join(known)}")

    def _amount(self, text: str, effect: str, value: str) -> int:
        """Return what stands behind the ``=`` of an effect, or what holds without."""
        if (self.what, effect) in _TIMES:
            usual = _TIMES[self.what, effect]
            if value:
                return _time_ns(text, value)
            if usual is None:
                raise UsageError(f"fault {text!r}: how {effect}? write {self.what}:{effect}=10ms")
            return usual
        if not value:
            return 0
        if (self.what, effect) == ("firmware", "short") and re.fullmatch(r"\d+", value):
            return int(value)
        raise UsageError(f"fault {text!r}: {effect} does not take {value!r}")

    def chooser(self) -> Callable[[], bool]:
        """Return a function to be asked at each occurrence: is it meant?"""
        source = random.Random(self.seed)
        seen = hits = 0

        def choose() -> bool:
            nonlocal seen, hits
            seen += 1
            if self.number:
                return seen == self.number
            if seen < self.first or (seen - self.first + 1) % self.every:
                return False
            if self.probability < 1 and source.random() >= self.probability:
                return False
            hits += 1
            return not self.times or hits <= self.times

        return choose


def _count(text: str, value: str) -> int:
    if not re.fullmatch(r"\d+", value) or int(value) == 0:
        raise UsageError(f"fault {text!r}: {value!r} is no count: the first is 1")
    return int(value)


def _probability(text: str, value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise UsageError(f"fault {text!r}: {value!r} is no probability: write p=0.05")
    return found


def _time_ns(text: str, value: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ns|us|ms|s)", value)
    found = round(float(match[1]) * _UNITS[match[2]]) if match else 0
    if found <= 0:
        raise UsageError(f"fault {text!r}: {value!r} is no time: write 10ms, 500us or 2s")
    return found
