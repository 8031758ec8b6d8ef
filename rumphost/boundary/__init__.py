"""The boundary between Python and C: fibers, images and memory. The only importer of cffi."""

from .hypercalls import Hypercall, Interface
from .library import Library, load_library
from .process import Allocation, Boundary, Image, ProcessMemory

__all__ = [
    "Allocation",
    "Boundary",
    "Hypercall",
    "Image",
    "Interface",
    "Library",
    "ProcessMemory",
    "load_library",
]
