"""Machines: the hardware under a driver, whatever it is made of. Knows no C and no kernel."""

from .base import Machine
from .clock import Clock, RealClock, VirtualClock
from .dma import DmaChunk, DmaError, DmaGate, DmaMemory, DmaWatcher, MappedMemory
from .events import Event, EventQueue
from .interrupt import InterruptLine
from .pci import Bar, PciAddress, PciFunction, VectorKind
from .region import Region

__all__ = [
    "Bar",
    "Clock",
    "DmaChunk",
    "DmaError",
    "DmaGate",
    "DmaMemory",
    "DmaWatcher",
    "Event",
    "EventQueue",
    "InterruptLine",
    "Machine",
    "MappedMemory",
    "PciAddress",
    "PciFunction",
    "RealClock",
    "Region",
    "VectorKind",
    "VirtualClock",
]
