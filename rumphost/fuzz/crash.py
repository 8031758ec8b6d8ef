"""What a driver did wrong in an execution, and when two executions show the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from rumphost.errors import DetachRefused, DriverError, DriverLeak, DriverPanic, RumphostError
from rumphost.kernel.faults import driver_frames
from rumphost.trials.outcome import Trouble

DEPTH = 3
"""How many of the driver's frames, from the innermost on, tell crashes apart."""
_STORM = "pci_intr(9): interrupt storm"
_ASLEEP = re.compile(r"not (at|de)tached within")

Signature: TypeAlias = tuple[str, ...]


def crash_of(failures: Iterable[RumphostError]) -> Trouble | None:
    """Return the first failure that is a crash, a leak or a hang of a driver.

    An interrupt storm is none: no driver can help it if a line stays asserted for no reason.
    """
    for error in failures:
        if isinstance(error, DriverError) and _STORM in error.message:
            continue
        if isinstance(error, DriverPanic | DriverLeak):
            return Trouble.of(error)
        if isinstance(error, DetachRefused) or not isinstance(error, DriverError):
            continue
        if _ASLEEP.search(error.message):
            return replace(Trouble.of(error), kind="hang")
    return None


def signature(crash: Trouble) -> Signature:
    """Return what is equal for the same crash: its kind, and where in the driver it was.

    Of a hang, all functions from the outermost on: what calls the loop is always the same.
    """
    frames = driver_frames(list(crash.frames))
    if crash.kind == "hang":
        return crash.kind, *(frame.function for frame in reversed(frames))
    places = [f"{frame.function} {frame.file}:{frame.line}" for frame in frames[:DEPTH]]
    if crash.kind == "leak" or not places:
        places.append(re.sub(r"0x[0-9a-f]+|\d+", "#", crash.message.partition("\n")[0]))
    return crash.kind, *places


def common(samples: Sequence[Signature]) -> Signature:
    """Return what hangs have in common that were caught at several places of one loop."""
    first = samples[0]
    size = 0
    while all(len(one) > size and one[: size + 1] == first[: size + 1] for one in samples):
        size += 1
        if size == len(first):
            break
    return first[:size]


def alike(one: Signature, known: Signature) -> bool:
    """Tell whether a crash is one that is ``known``; a hang may be further inside of the loop."""
    if known[0] == "hang":
        return one[: len(known)] == known
    return one == known


def name(crash: Trouble, key: Signature) -> str:
    """Return a short name, good for a file: ``hang-teach_wait``, ``panic-teach_copy-120``."""
    if crash.kind == "hang" and len(key) > 1:
        return f"hang-{_word(key[-1])}"
    named = (frame for frame in driver_frames(list(crash.frames)) if frame.function != "??")
    place = next(named, None)
    if place is None:
        return crash.kind
    line = f"-{place.line}" if crash.kind == "panic" else ""
    return f"{crash.kind}-{_word(place.function)}{line}"


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", text)
