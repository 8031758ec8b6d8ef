"""Recording what a machine's devices say, and the ``replay:`` machine that says it again."""

from .format import Malformed
from .machine import ReplayMachine
from .player import Difference, Tolerance
from .recording import RecordingMachine, RecordingRegion

__all__ = [
    "Difference",
    "Malformed",
    "RecordingMachine",
    "RecordingRegion",
    "ReplayMachine",
    "Tolerance",
]
