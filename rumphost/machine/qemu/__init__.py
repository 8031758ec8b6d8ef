"""The ``qemu:`` machine: QEMU's own device models without a guest, through the qtest protocol."""

from .listing import list_devices
from .machine import QemuMachine

__all__ = ["QemuMachine", "list_devices"]
