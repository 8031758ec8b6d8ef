"""The ``qemu:`` machine: QEMU's own device models without a guest, through the qtest protocol."""

from .machine import QemuMachine

__all__ = ["QemuMachine"]
