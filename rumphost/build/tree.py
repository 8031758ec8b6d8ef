"""Which config(5) files and headers are in force: a NetBSD tree's, or the built-in ones.

Called by :mod:`rumphost.build.builder` and :mod:`rumphost.build.listing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.build.config.model import Config
from rumphost.build.config.parser import ConfigFile, parse
from rumphost.errors import UsageError
from rumphost.sources import drivers_dir, hypercalls_dir

_REQUIRED = ("conf/files", "sys/param.h", "sys/device.h", "sys/systm.h")


@dataclass(frozen=True)
class Sources:
    """Where definitions and headers come from; ``root`` is the tree's sys/, or None."""

    root: Path | None

    @classmethod
    def find(cls, sys: Path | None) -> Sources:
        """Check a tree; it may be named by its sys/ or by the directory that holds it.

        Raises UsageError that says which file is missing.
        """
        if sys is None:
            return cls(None)
        root = sys.expanduser().resolve()
        if not root.is_dir():
            raise UsageError(f"{sys}: no such directory")
        if not (root / _REQUIRED[0]).is_file() and (root / "sys" / _REQUIRED[0]).is_file():
            root /= "sys"
        for name in _REQUIRED:
            if not (root / name).is_file():
                raise UsageError(f"{sys} is no NetBSD kernel source tree: {name} is missing")
        return cls(root)

    def config(self, extra: Sequence[Path] = ()) -> Config:
        """Read every config(5) file in force; ``extra`` are a user's own files.* files."""
        host = hypercalls_dir()
        tree = () if self.root is None else (self.root,)
        builtin = ConfigFile(host / "files.builtin", tree, yields=True)
        machine = ConfigFile(host / "files.rumphost", tree, partial=True)
        if self.root is None:
            files = [builtin, machine]
        else:  # what the tree, or the part of one that is there, does not define is built in
            files = [ConfigFile(self.root / "conf" / "files", tree, partial=True), machine, builtin]
        own = drivers_dir() / "files.drivers"
        if own.is_file():
            files.append(ConfigFile(own, (own.parent.parent,), yields=True))
        files += [ConfigFile(path, (path.resolve().parent, *tree)) for path in extra]
        return parse(files)

    def include_dirs(self) -> list[Path]:
        """Return the directories of the machine layer and of the kernel's headers, in order."""
        include = hypercalls_dir() / "include"
        if self.root is None:
            return [include, include / "builtin"]
        common = self.root.parent / "common" / "include"
        return [include, self.root, *([common] if common.is_dir() else [])]
