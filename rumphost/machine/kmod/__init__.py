"""The ``kmod:`` machine: a real PCI function through rumphost's own Linux kernel module."""

from .machine import KmodMachine

__all__ = ["KmodMachine"]
