"""From driver names to one shared object: config(5), compiler, linker, symbol report, cache.

``host.py`` and the command line call :class:`~rumphost.build.builder.Builder`; the configuration
language lives in :mod:`rumphost.build.config`.
"""

from rumphost.build.builder import Builder, BuildFailure, Built, Plan
from rumphost.build.compiler import Diagnostic, Progress
from rumphost.build.config import ConfigError
from rumphost.build.linker import MissingSymbol
from rumphost.build.listing import DriverInfo, list_drivers

__all__ = [
    "BuildFailure",
    "Builder",
    "Built",
    "ConfigError",
    "Diagnostic",
    "DriverInfo",
    "MissingSymbol",
    "Plan",
    "Progress",
    "list_drivers",
]
