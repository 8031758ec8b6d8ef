"""Every service of the kernel, in the order in which they release what a dead driver had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .autoconf import Autoconf
from .bpf import Bpf
from .bus_dma import BusDma
from .bus_space import BusSpace
from .ifnet import Ifnets
from .panic import Panic
from .pci import Pci
from .pci_intr import PciIntr
from .synchronization import register_synchronization

if TYPE_CHECKING:
    from .kernel import Kernel

# Interrupts first, so that nothing starts anew; devices last, which need an lwp to go.
_FIRST = (PciIntr,)
_LAST = (Pci, Bpf, Ifnets, BusDma, BusSpace, Autoconf)


def register_all(kernel: Kernel, firmware: Sequence[Path] = ()) -> list[Any]:
    """Make and register every service; ``firmware`` are directories for firmload(9)."""
    services: list[Any] = []
    kernel.register(Panic())
    for make in _FIRST:
        services.append(make(kernel))
        kernel.register(services[-1])
    services += register_synchronization(kernel)
    for make in _LAST:
        services.append(make(kernel))
        kernel.register(services[-1])
    return services
