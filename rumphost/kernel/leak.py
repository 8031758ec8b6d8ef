"""What a driver has left behind, as the services of each page report it: see ``service.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """One resource: the manual page that it is of, a phrase, and the code address that took it.

    ``site`` is a return address, as a backtrace has them, or a function's own address plus one.
    """

    page: str
    what: str
    site: int = 0

    def __str__(self) -> str:
        return f"{self.page}: {self.what}"
