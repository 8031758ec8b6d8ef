"""Introduces the kernel's services to the boundary: what they ask of it, and it of them."""

from __future__ import annotations

from .boundary import Boundary, GuardedMemory
from .kernel.autoconf import Autoconf
from .kernel.bus_dma import BusDma
from .kernel.bus_space import BusSpace, Mapping
from .kernel.guard import Guard
from .kernel.kernel import Kernel
from .kernel.lock_order import LockOrder
from .kernel.sanitizers import Sanitizers


def introduce(kernel: Kernel, boundary: Boundary) -> None:
    """Let each have what it needs of the other; afterwards lwps may run."""
    frames = boundary.symbolizer.frames

    def note_mapping(mapping: Mapping, size: int) -> None:
        boundary.note_mapping(mapping.handle, size, mapping.start, mapping.region.name)

    kernel.findings.locate = lambda site: str(frames([site])[0])
    kernel.service(BusDma).report.frames = frames
    kernel.service(LockOrder).frames = frames
    kernel.service(BusSpace).on_mapping = note_mapping
    guard = kernel.service(Guard)
    guard.watch, guard.frames = boundary.guard, frames
    guard.softc_of = kernel.service(Autoconf).softc_of
    if isinstance(boundary.memory, GuardedMemory):
        boundary.memory.refuse = guard.refuse
    sanitizers = kernel.service(Sanitizers)
    sanitizers.explain, sanitizers.frames = boundary.shadow.explain, frames
