"""Which lines and branches of drivers have run, kept over runs and machines, and shown.

``host.py`` puts the counters of its images into a :class:`CoverageData`; the command line and the
pytest plugin have reports made of it.
"""

from .data import CoverageData, counted, counting
from .report import CoverageReport, FileCoverage, check_tools, write_report

__all__ = [
    "CoverageData",
    "CoverageReport",
    "FileCoverage",
    "check_tools",
    "counted",
    "counting",
    "write_report",
]
