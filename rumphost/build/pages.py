"""Which manual page a kernel function belongs to, from hypercalls/pages.txt.

Called by :mod:`rumphost.build.linker` for the report of missing symbols.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from rumphost.sources import hypercalls_dir

_LINE = re.compile(r"(?P<page>\S+\(\w+\))\s+(?P<patterns>.+)")


class Pages:
    """The table: each line is a page and patterns of names; exact names go before patterns."""

    def __init__(self, text: str) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[str, str]] = []
        page = ""
        for line in text.splitlines():
            line = line.partition("#")[0]
            if match := _LINE.fullmatch(line.strip()):
                page, line = match["page"], match["patterns"]
            for name in line.split():
                if any(sign in name for sign in "*?["):
                    self._patterns.append((name, page))
                else:
                    self._exact.setdefault(name, page)
        self._patterns.sort(key=lambda item: -len(item[0]))

    @classmethod
    def read(cls, path: Path | None = None) -> Pages:
        """Read the table that comes with the shim."""
        path = hypercalls_dir() / "pages.txt" if path is None else path
        return cls(path.read_text(encoding="utf-8"))

    def of(self, name: str) -> str:
        """Return the page, or "" when the table does not know the name."""
        if name in self._exact:
            return self._exact[name]
        return next((page for pattern, page in self._patterns if fnmatchcase(name, pattern)), "")
