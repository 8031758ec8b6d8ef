"""What an IOMMU kept a function from. Linux tells of that in its log only, see dmesg(1).

``EventfdMachine`` watches the log of the ``kmod:`` and ``vfio:`` machines' functions. Linux writes
few such lines when there are many, so this is no count of them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

PATH = "/dev/kmsg"
_RECORD_MAX = 8192
# drivers/iommu/intel/dmar.c and drivers/iommu/amd/iommu.c.
_INTEL = re.compile(
    r"DMAR: \[DMA (?P<what>Read|Write)[^]]*\] Request device \[(?:0x)?(?P<function>[0-9a-f:.]+)\]"
    r" fault addr (?:0x)?(?P<address>[0-9a-f]+)"
)
_AMD = re.compile(
    r"(?:(?P<owner>[0-9a-f:.]+): )?AMD-Vi: Event logged \[IO_PAGE_FAULT"
    r" (?:device=(?P<function>[0-9a-f:.]+) )?.*address=0x(?P<address>[0-9a-f]+)"
    r" flags=0x(?P<flags>[0-9a-f]+)"
)
_AMD_WRITE = 0x20


@dataclass(frozen=True)
class DmaFault:
    """A blocked access; ``function`` as 0000:00:03.0 or 00:03.0, ``address`` on the bus."""

    function: str
    address: int
    write: bool

    def __str__(self) -> str:
        what = "write to" if self.write else "read of"
        return f"the IOMMU stopped its {what} bus address {self.address:#x}, which no DMA map has"


def parse(line: str) -> DmaFault | None:
    """Return the fault that a line of the kernel's log tells of, if it does."""
    if found := _INTEL.search(line):
        return DmaFault(found["function"], int(found["address"], 16), found["what"] == "Write")
    if found := _AMD.search(line):
        function = found["function"] or found["owner"] or ""
        write = bool(int(found["flags"], 16) & _AMD_WRITE)
        return DmaFault(function, int(found["address"], 16), write)
    return None


class FaultLog:
    """The kernel's log from now on. ``fd`` is readable when it has grown.

    Raises ``OSError`` where the log may not be read (kernel.dmesg_restrict).
    """

    def __init__(self) -> None:
        self.fd = os.open(PATH, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self.fd, 0, os.SEEK_END)

    def take(self, name: str) -> list[DmaFault]:
        """Return the new faults of the function ``name``, 0000:00:03.0."""
        found: list[DmaFault] = []
        while True:
            try:
                record = os.read(self.fd, _RECORD_MAX)
            except BrokenPipeError:  # lines were lost
                continue
            except BlockingIOError:
                return found
            fault = parse(record.decode(errors="replace").partition("\n")[0])
            if fault is not None and fault.function and name.endswith(fault.function):
                found.append(fault)

    def close(self) -> None:
        os.close(self.fd)
