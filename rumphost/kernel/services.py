"""Every service of the kernel, in the order in which they release what a dead driver had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .autoconf import Autoconf
from .bpf import Bpf
from .bus_dma import BusDma
from .bus_space import BusSpace
from .cprng import Cprng
from .evcnt import Evcnt
from .faults import Faults
from .firmload import Firmload
from .guard import Guard
from .ifnet import Ifnets
from .kmem import Kmem
from .panic import Panic
from .pci import Pci
from .pci_intr import PciIntr
from .pmf import Pmf
from .properties import Properties
from .sanitizers import Sanitizers
from .service import Service
from .synchronization import register_synchronization
from .sysctl import Sysctl

if TYPE_CHECKING:
    from .kernel import Kernel

# Interrupts first, so that nothing starts anew.
_FIRST: tuple[Callable[[Kernel], Service], ...] = (Pci, PciIntr)
_LAST: tuple[Callable[[Kernel], Service], ...] = (
    Properties, Autoconf, Pmf, Sysctl, Evcnt, Firmload, Cprng, Bpf, Ifnets, BusDma, BusSpace, Kmem,
    Guard, Sanitizers, Faults,
)  # fmt: skip


def register_all(kernel: Kernel, firmware: Sequence[Path] = ()) -> list[Service]:
    """Make and register every service; ``firmware`` are directories for firmload(9)."""
    kernel.register(Panic())
    services = [_register(kernel, make) for make in _FIRST]
    services += register_synchronization(kernel)
    services += [_register(kernel, make) for make in _LAST]
    firmload = kernel.service(Firmload)
    firmload.directories[:0] = firmware
    kernel.service(Sysctl).provide(
        "hw.firmware.path",
        lambda: firmload.path,
        lambda text: setattr(firmload, "path", str(text)),
    )
    return services


def _register(kernel: Kernel, make: Callable[[Kernel], Service]) -> Service:
    service = make(kernel)
    kernel.register(service)
    return service
