"""Machines by name, as ``--machine`` takes them: ``sim:i82540em,edu``, ``qemu:e1000``."""

from __future__ import annotations

from .errors import UsageError
from .machine import Machine, RealClock, VirtualClock
from .machine.qemu import QemuMachine
from .machine.sim import SimMachine
from .models import MODELS, parse_models

KINDS = ("sim", "qemu")
_PLANNED = ("kmod", "vfio", "replay")


def default_models() -> str:
    """Return the names of all models, each once: what ``sim:`` alone means."""
    return ",".join({model: name for name, model in reversed(list(MODELS.items()))}.values())


def clock_of(text: str) -> str:
    """Return the clock that a machine runs on unless told otherwise: virtual or real."""
    return "virtual" if text.partition(":")[0] == "sim" else "real"


def open_machine(text: str, *, virtual: bool) -> Machine:
    """Make the machine of a name (it is opened by ``async with``); raises ``UsageError``.

    ``sim:`` alone has one of each model; ``sim:NAME[:OPTION=VALUE]…,…`` those named.
    ``qemu:NAME[:OPTION=VALUE]…,…`` has QEMU's devices of those names.
    """
    kind, colon, names = text.partition(":")
    if kind == "sim":
        clock = VirtualClock() if virtual else RealClock()
        return SimMachine(clock, parse_models(names or default_models()), name=text)
    if kind == "qemu":
        if virtual:
            raise UsageError("qemu: machines run on the real clock: say --clock real")
        return QemuMachine.from_text(names)
    if kind in _PLANNED:
        raise UsageError(
            f"{kind}: machines are not part of this version of rumphost: say sim:NAME or qemu:NAME"
        )
    what = f"no kind of machine is called {kind!r}" if colon else f"{text!r} is no machine"
    raise UsageError(f"{what}: say sim:NAME,… or qemu:NAME,…")
