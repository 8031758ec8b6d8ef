"""A driver's data by the names of its source: ``device.softc.sc_state``, through DWARF."""

from .image import ImageView
from .memory import Place, SafeMemory, Unreadable
from .queue import entries
from .snapshot import frozen
from .values import (
    EnumValue,
    View,
    address_of,
    bytes_of,
    text_of,
    type_of,
)

__all__ = [
    "EnumValue",
    "ImageView",
    "Place",
    "SafeMemory",
    "Unreadable",
    "View",
    "address_of",
    "bytes_of",
    "entries",
    "frozen",
    "text_of",
    "type_of",
]
