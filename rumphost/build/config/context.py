"""What a config(5) statement sees of where it stands.

Made by :mod:`rumphost.build.config.parser`, one for each top file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rumphost.build.config.lexer import Cursor
from rumphost.build.config.model import Config


@dataclass
class Context:
    """What a statement sees of where it stands."""

    config: Config
    roots: tuple[Path, ...]
    yields: bool = False
    prefixes: list[str] = field(default_factory=list)
    given_way: set[str] = field(default_factory=set)

    def prefixed(self, path: str) -> str:
        """Return a source path below the prefix in force."""
        if path.startswith(("$", "/")) or not self.prefixes:
            return path
        return f"{self.prefixes[-1]}/{path}"


Statement = Callable[[Context, Cursor], None]
