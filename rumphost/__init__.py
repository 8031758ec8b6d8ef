"""rumphost: runs NetBSD kernel drivers, unmodified, in an ordinary Linux process."""

from .errors import (
    BuildError,
    DriverError,
    DriverLeak,
    DriverPanic,
    HostLacks,
    MachineError,
    Misuse,
    RumphostError,
    Unsupported,
    UsageError,
)
from .host import Host, open_host, run

__all__ = [
    "BuildError",
    "DriverError",
    "DriverLeak",
    "DriverPanic",
    "Host",
    "HostLacks",
    "MachineError",
    "Misuse",
    "RumphostError",
    "Unsupported",
    "UsageError",
    "open_host",
    "run",
]
