"""Machines by name, as ``--machine`` takes them: ``sim:i82540em,edu``, ``qemu:e1000``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from .errors import MachineError, UsageError
from .machine import Machine, RealClock, Region, VirtualClock
from .machine.kmod import KmodMachine
from .machine.qemu import QemuMachine
from .machine.replay import RecordingMachine, RecordingRegion, ReplayMachine
from .machine.sim import SimMachine
from .machine.vfio import VfioMachine
from .models import MODELS, PciModel, parse_models

KINDS = ("sim", "qemu", "kmod", "vfio", "replay")
_VIRTUAL = ("sim", "replay")


def default_models() -> str:
    """Return the names of all models, each once: what ``sim:`` alone means."""
    return ",".join({model: name for name, model in reversed(list(MODELS.items()))}.values())


def clock_of(text: str) -> str:
    """Return the clock that a machine runs on unless told otherwise: virtual or real."""
    return "virtual" if text.partition(":")[0] in _VIRTUAL else "real"


def open_machine(text: str, *, virtual: bool) -> Machine:
    """Make the machine of a name (it is opened by ``async with``); raises ``UsageError``.

    ``sim:`` alone has one of each model; ``sim:NAME[:OPTION=VALUE]…,…`` those named.
    ``qemu:NAME[:OPTION=VALUE]…,…`` has QEMU's devices of those names. ``kmod:0000:00:03.0`` and
    ``vfio:0000:00:03.0`` are a real PCI function, through rumphost's kernel module or vfio-pci.
    ``replay:FILE[:tolerate=polls+order]`` plays what ``record`` has kept.
    """
    kind, colon, names = text.partition(":")
    if kind == "sim":
        clock = VirtualClock() if virtual else RealClock()
        return SimMachine(clock, parse_models(names or default_models()), name=text)
    if kind in ("qemu", "kmod", "vfio") and virtual:
        raise UsageError(f"{kind}: machines run on the real clock: say --clock real")
    if kind == "qemu":
        return QemuMachine.from_text(names)
    if kind in ("kmod", "vfio"):
        return KmodMachine(names) if kind == "kmod" else VfioMachine(names)
    if kind == "replay":
        if not virtual:
            raise UsageError("replay: machines run on the virtual clock: leave --clock out")
        return ReplayMachine.from_text(names)
    what = f"no kind of machine is called {kind!r}" if colon else f"{text!r} is no machine"
    raise UsageError(f"{what}: say sim:NAME,… or qemu:NAME,…")


def record(machine: Machine, path: Path) -> Machine:
    """Return a machine that is ``machine``, and records it into a file from its opening on."""
    return RecordingMachine(machine, path)


def name_registers(machine: Machine) -> None:
    """Let the regions of an open machine say what a model of the same chip calls its registers."""
    for function in machine.functions:
        identity = function.config_read(0, 4)
        for model in dict.fromkeys(MODELS.values()):
            if identity != model.IDENTITY.device << 16 | model.IDENTITY.vendor:
                continue
            example: PciModel | None = None
            for index, bar in function.bars.items():
                region = function.map_bar(index)
                if isinstance(region, RecordingRegion):
                    region = region.inner
                if type(region).describe is Region.describe and not bar.is_io:
                    example = example or model()
                    with suppress(KeyError, MachineError):
                        region.namer = example.map_bar(index).describe
