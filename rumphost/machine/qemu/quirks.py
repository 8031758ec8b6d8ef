"""Where QEMU's device models answer otherwise than the chips that they model.

Listed by PCI ID, and only what a driver for the chip cannot do without. Used by ``function``.
"""

from __future__ import annotations

from .region import QemuRegion

_AM79C970A = 0x2000_1022


class AddressPromRegion(QemuRegion):
    """Registers of an Am79C970A, whose address PROM lies in the first 16 bytes.

    In its 32-bit mode the chip still lets the PROM be read by bytes. The model then knows aligned
    reads of 4 bytes only, and answers all others with ones.
    """

    PROM_SIZE = 16

    def read(self, offset: int, width: int) -> int:
        value = super().read(offset, width)
        ones = (1 << 8 * width) - 1
        if value != ones or width >= 4 or offset >= self.PROM_SIZE:
            return value
        wide = super().read(offset & ~3, 4)
        return value if wide == 0xFFFF_FFFF else wide >> 8 * (offset & 3) & ones


_REGIONS: dict[int, type[QemuRegion]] = {_AM79C970A: AddressPromRegion}


def region_type(identity: int) -> type[QemuRegion]:
    """Return the kind of region for a function; ``identity`` is its first configuration word."""
    return _REGIONS.get(identity, QemuRegion)
