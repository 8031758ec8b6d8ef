"""The cache of built things, by content: objects, generated headers and images.

Called by :mod:`rumphost.build.compiler`, ``linker`` and ``builder``.  An object is found by what
went into it: the compiler, its flags and the contents of the source and of every header that the
compiler said it read the last time.  Several processes may use one store at the same time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

_VARIANTS = 8
_KEEP_SECONDS = 30 * 24 * 3600
_DAY = 24 * 3600
GENERATED = "$GENERATED"


def digest(*parts: str) -> str:
    """Return a short digest of texts."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return whole.hexdigest()[:32]


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that no other process ever sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(name, path)


class Store:
    """One cache directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._digests: dict[str, tuple[tuple[int, int, int], str]] = {}

    def file_digest(self, path: str) -> str:
        """Return the digest of a file's content, or "" if it cannot be read."""
        try:
            status = os.stat(path)
            key = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._digests.get(path)
            if known is not None and known[0] == key:
                return known[1]
            with open(path, "rb") as stream:
                value = hashlib.sha256(stream.read()).hexdigest()[:32]
        except OSError:
            return ""
        self._digests[path] = (key, value)
        return value

    def generated(self, texts: Mapping[str, str]) -> Path:
        """Return a directory that holds exactly these generated files."""
        name = digest(*(part for item in sorted(texts.items()) for part in item))
        directory = self.root / "generated" / name
        if directory.is_dir():
            return directory
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".new-"))
        for file, text in texts.items():
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            (work / file).write_text(text, encoding="utf-8")
        try:
            work.rename(directory)
        except OSError:  # another process was faster
            for left in work.iterdir():
                left.unlink()
            work.rmdir()
        return directory

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """Return a directory on the same file system for work in progress."""
        work = self.root / "work"
        work.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=work)

    def object_path(self, key: str) -> Path:
        """Return where the object of this key is kept."""
        return self.root / "objects" / key[:2] / f"{key}.o"

    def notes(self, key: str) -> list[list[str]]:
        """Return what was kept beside an object."""
        try:
            kept = json.loads(self.object_path(key).with_suffix(".json").read_text())
        except (OSError, ValueError):
            return []
        return list(kept) if isinstance(kept, list) else []

    def find(self, recipe: str, generated: Path) -> str | None:
        """Return the key of an object made by this recipe from the files as they are now."""
        for dependencies in self._variants(recipe):
            key = self._key(recipe, dependencies, generated)
            if key is not None:
                path = self.object_path(key)
                if path.is_file():
                    self._touch(path)
                    return key
        return None

    def keep(
        self,
        recipe: str,
        dependencies: Iterable[str],
        generated: Path,
        built: Path,
        notes: list[list[str]],
    ) -> str:
        """Keep an object; return its key."""
        prefix = f"{generated}/"
        names = sorted({_neutral(os.path.normpath(name), prefix) for name in dependencies})
        key = self._key(recipe, names, generated)
        if key is None:  # a header was changed or deleted under the compiler's hands
            key = digest(recipe, str(built), str(time.time_ns()))
        path = self.object_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path.with_suffix(".json"), json.dumps(notes))
        os.replace(built, path)
        variants = [names, *(one for one in self._variants(recipe) if one != names)]
        write_atomically(self._manifest(recipe), json.dumps(variants[:_VARIANTS]))
        return key

    def _manifest(self, recipe: str) -> Path:
        return self.root / "manifests" / recipe[:2] / f"{recipe}.json"

    def _variants(self, recipe: str) -> list[list[str]]:
        try:
            kept = json.loads(self._manifest(recipe).read_text())
        except (OSError, ValueError):
            return []
        return kept if isinstance(kept, list) else []

    def _key(self, recipe: str, dependencies: list[str], generated: Path) -> str | None:
        parts = [recipe]
        for name in dependencies:
            value = self.file_digest(name.replace(GENERATED, str(generated), 1))
            if not value:
                return None
            parts += [name, value]
        return digest(*parts)

    def _touch(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                os.utime(path)

    def prune(self) -> None:
        """Once a day, remove what nobody has used for a month."""
        stamp = self.root / "pruned"
        now = time.time()
        with contextlib.suppress(OSError):
            if now - stamp.stat().st_mtime < _DAY:
                return
        self.root.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        for kind in ("objects", "manifests", "images", "generated", "work"):
            for path in (self.root / kind).rglob("*"):
                with contextlib.suppress(OSError):
                    if path.is_file() and now - path.stat().st_mtime > _KEEP_SECONDS:
                        path.unlink()


def _neutral(name: str, prefix: str) -> str:
    """Return a path without the name of the directory of generated headers."""
    return f"{GENERATED}/{name.removeprefix(prefix)}" if name.startswith(prefix) else name
