"""The ``vfio:`` machine: a real PCI function through mainline Linux's vfio-pci."""

from .machine import VfioMachine

__all__ = ["VfioMachine"]
