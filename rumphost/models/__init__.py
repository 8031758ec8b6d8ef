"""Device models in Python for the ``sim:`` machine; they import ``rumphost.machine`` only."""

from .base import PciModel
from .edu import EduModel
from .i82540em import I82540em
from .teach import TeachModel
from .wire import Crossover, Recorder, Wire

__all__ = [
    "Crossover",
    "EduModel",
    "I82540em",
    "PciModel",
    "Recorder",
    "TeachModel",
    "Wire",
]
