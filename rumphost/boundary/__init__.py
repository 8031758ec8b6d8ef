"""The boundary between Python and C: fibers, images and memory. The only importer of cffi."""

from .guard import GuardedMemory
from .hypercalls import Hypercall, Interface
from .library import Library, load_library
from .memory import ProcessMemory
from .process import Allocation, Boundary, Image

__all__ = [
    "Allocation",
    "Boundary",
    "GuardedMemory",
    "Hypercall",
    "Image",
    "Interface",
    "Library",
    "ProcessMemory",
    "load_library",
]
