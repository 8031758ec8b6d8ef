"""pci(9): names of vendors, products and classes. Called by ``pci.py``.

Only what the project's models and QEMU's devices are; any other is told by its numbers.
"""

from __future__ import annotations

_VENDORS = {
    0x10DE: "NVIDIA",
    0x10EC: "Realtek",
    0x1022: "AMD",
    0x1234: "QEMU",
    0x1274: "Ensoniq",
    0x1AF4: "Qumranet",
    0x1B36: "Red Hat",
    0x7EAC: "rumphost",
    0x8086: "Intel",
}

_PRODUCTS = {
    (0x10EC, 0x8139): "8139 10/100 Ethernet",
    (0x1022, 0x2000): "PCnet-PCI Ethernet",
    (0x1234, 0x11E8): "educational device",
    (0x1274, 0x5000): "AudioPCI",
    (0x1AF4, 0x1000): "Virtio network device",
    (0x1AF4, 0x1001): "Virtio block device",
    (0x7EAC, 0x0001): "teaching device",
    (0x8086, 0x100E): "82540EM Ethernet",
    (0x8086, 0x100F): "82545EM Ethernet",
    (0x8086, 0x10D3): "82574L Ethernet",
    (0x8086, 0x1209): "8255x Ethernet",
    (0x8086, 0x1237): "82441FX host bridge",
    (0x8086, 0x2668): "High Definition Audio",
    (0x8086, 0x2918): "82801IB LPC bridge",
    (0x8086, 0x2922): "82801I AHCI SATA controller",
    (0x8086, 0x2930): "82801I SMBus controller",
    (0x8086, 0x29C0): "82G33 host bridge",
    (0x8086, 0x7000): "82371SB ISA bridge",
    (0x8086, 0x7010): "82371SB IDE controller",
    (0x8086, 0x7113): "82371AB power management",
}

_CLASSES = {
    0x00: "prehistoric",
    0x01: "mass storage",
    0x02: "network",
    0x03: "display",
    0x04: "multimedia",
    0x05: "memory",
    0x06: "bridge",
    0x07: "communications",
    0x08: "system",
    0x09: "input",
    0x0A: "dock",
    0x0B: "processor",
    0x0C: "serial bus",
    0x0D: "wireless",
    0x0E: "I2O",
    0x0F: "satellite comm",
    0x10: "crypto",
    0x11: "DASP",
    0xFF: "undefined",
}

_SUBCLASSES = {
    (0x01, 0x00): "SCSI",
    (0x01, 0x01): "IDE",
    (0x01, 0x04): "RAID",
    (0x01, 0x05): "ATA",
    (0x01, 0x06): "SATA",
    (0x01, 0x08): "NVM",
    (0x02, 0x00): "ethernet",
    (0x03, 0x00): "VGA",
    (0x04, 0x00): "video",
    (0x04, 0x01): "audio",
    (0x04, 0x03): "mixed mode",
    (0x06, 0x00): "host",
    (0x06, 0x01): "ISA",
    (0x06, 0x04): "PCI",
    (0x07, 0x00): "serial",
    (0x07, 0x80): "miscellaneous",
    (0x08, 0x80): "miscellaneous",
    (0x0C, 0x00): "Firewire",
    (0x0C, 0x03): "USB",
    (0x0C, 0x05): "SMBus",
}


def vendor_name(vendor: int) -> str:
    """Return the vendor's name, or ``vendor 0x1234``."""
    return _VENDORS.get(vendor, f"vendor 0x{vendor:04x}")


def product_name(identity: int) -> str:
    """Return vendor and product by the ID register: ``Intel 82540EM Ethernet``."""
    vendor, product = identity & 0xFFFF, identity >> 16 & 0xFFFF
    name = _PRODUCTS.get((vendor, product), f"product 0x{product:04x}")
    return f"{vendor_name(vendor)} {name}"


def class_name(register: int) -> str:
    """Return the class register in words: `` (ethernet network, revision 0x03)``."""
    major, minor = register >> 24 & 0xFF, register >> 16 & 0xFF
    interface, revision = register >> 8 & 0xFF, register & 0xFF
    words = _CLASSES.get(major, f"class 0x{major:02x}")
    subclass = _SUBCLASSES.get((major, minor), "miscellaneous" if minor == 0x80 else "")
    if not subclass:
        words += f", subclass 0x{minor:02x}"
    else:
        words = f"{subclass} {words}"
    if interface:
        words += f", interface 0x{interface:02x}"
    if revision:
        words += f", revision 0x{revision:02x}"
    return f" ({words})"
