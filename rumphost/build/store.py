"""The cache of built things, by content: objects, generated headers and images.

Called by :mod:`rumphost.build.compiler`, ``linker`` and ``builder``.  An object is found by what
went into it: the compiler, its flags and the contents of the source and of every header that the
compiler said it read the last time.  What did not compile is kept as well, with its complaints:
there a name that begins with ``!`` is of a file that must still be absent.  Several processes may
use one store at the same time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

_VARIANTS = 8
_KEEP_SECONDS = 30 * 24 * 3600
_DAY = 24 * 3600
_NAMES_IN_WORK = ".new-"
_FAILED = ".failed"
NOTES = ".gcno"
"""What gcov needs besides the counters is kept beside an object under this suffix."""
GENERATED = "$GENERATED"
ABSENT = "!"


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
        self._seen: dict[str, str] | None = None
        self._known: dict[tuple[str, int], tuple[str, list[str]]] = {}
        self._manifests: dict[str, list[list[str]]] = {}

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Look at each file once only meanwhile: for a build of very many drivers."""
        self._seen = {}
        try:
            yield
        finally:
            self._seen = None
            self._known.clear()
            self._manifests.clear()

    def file_digest(self, path: str) -> str:
        """Return the digest of a file's content, or "" if it cannot be read."""
        if self._seen is None:
            return self._read_digest(path)
        value = self._seen.get(path)
        if value is None:
            value = self._seen[path] = self._read_digest(path)
        return value

    def _read_digest(self, path: str) -> str:
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
        """Return a directory that holds exactly these generated files.

        Files of the same content are one file: the configurations of two drivers differ in few.
        """
        name = digest(*(part for item in sorted(texts.items()) for part in item))
        directory = self.root / "generated" / name
        if directory.is_dir():
            self.touch(directory)
            return directory
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=directory.parent, prefix=_NAMES_IN_WORK))
        for file, text in texts.items():
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            self._place(work / file, text)
        try:
            work.rename(directory)
        except OSError:  # another process was faster
            shutil.rmtree(work, ignore_errors=True)
        return directory

    def _place(self, path: Path, text: str) -> None:
        """Make a generated file, as a link to the one that has this content already."""
        content = self.root / "contents" / digest(text)
        try:
            os.link(content, path)
        except OSError:  # not there yet, too many links, or no links here at all
            path.write_text(text, encoding="utf-8")
            with contextlib.suppress(OSError):
                content.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, content)

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """Return a directory on the same file system for work in progress."""
        work = self.root / "work"
        work.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=work)

    def object_path(self, key: str) -> Path:
        """Return where the object of this key is kept; there is none of what did not compile."""
        return self.root / "objects" / key[:2] / f"{key}.o"

    def notes(self, key: str) -> list[list[str]]:
        """Return what was kept beside an object, or instead of it."""
        path = self.object_path(key)
        beside = path.with_suffix(".json" if path.is_file() else _FAILED)
        try:
            kept = json.loads(beside.read_text())
        except (OSError, ValueError):
            return []
        return list(kept) if isinstance(kept, list) else []

    def find(self, recipe: str, generated: Path) -> str | None:
        """Return the key of what this recipe made from the files as they are now."""
        for index, dependencies in enumerate(self._variants(recipe)):
            key = self._key(recipe, dependencies, generated, index)
            if key is None:
                continue
            path = self.object_path(key)
            for kept in (path, path.with_suffix(_FAILED)):
                if kept.is_file():
                    self.touch(kept)
                    self.touch(kept.with_suffix(NOTES))
                    return key
        return None

    def keep(
        self,
        recipe: str,
        dependencies: Iterable[str],
        generated: Path,
        built: Sequence[Path],
        notes: list[list[str]],
    ) -> str:
        """Keep what was built, an object and what may be beside it, or that there is none.

        Returns the key.
        """
        prefix = f"{generated}/"
        names = sorted({_neutral(name, prefix) for name in dependencies})
        key = self._key(recipe, names, generated)
        if key is None:  # a header was changed or deleted under the compiler's hands
            key = digest(recipe, str(built), str(time.time_ns()))
        path = self.object_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        suffix = ".json" if built else _FAILED
        write_atomically(path.with_suffix(suffix), json.dumps(notes))
        for one in reversed(built):  # the object last, which all is found by
            if one.is_file():
                os.replace(one, path.with_suffix(one.suffix))
        variants = [names, *(one for one in self._variants(recipe) if one != names)][:_VARIANTS]
        write_atomically(self._manifest(recipe), json.dumps(variants))
        self._forget(recipe)
        return key

    def _manifest(self, recipe: str) -> Path:
        return self.root / "manifests" / recipe[:2] / f"{recipe}.json"

    def _variants(self, recipe: str) -> list[list[str]]:
        if recipe in self._manifests:
            return self._manifests[recipe]
        try:
            kept = json.loads(self._manifest(recipe).read_text())
        except (OSError, ValueError):
            kept = []
        found = kept if isinstance(kept, list) else []
        if self._seen is not None:
            self._manifests[recipe] = found
        return found

    def _forget(self, recipe: str) -> None:
        """A manifest was written: what is remembered of the one before holds no longer."""
        self._manifests.pop(recipe, None)
        for index in range(_VARIANTS):
            self._known.pop((recipe, index), None)

    def _key(
        self, recipe: str, dependencies: list[str], generated: Path, index: int | None = None
    ) -> str | None:
        """Return the key, or None when a file is not there; ``index`` is that of a variant."""
        known = self._known.get((recipe, index)) if index is not None else None
        if known is None:
            fixed = self._fixed_part(recipe, dependencies)
            known = fixed, [name for name in dependencies if _moves(name)]
            if index is not None and self._seen is not None:
                self._known[(recipe, index)] = known
        fixed, moving = known
        if not fixed:
            return None
        parts = [fixed]
        for name in moving:
            path = name.removeprefix(ABSENT).replace(GENERATED, str(generated), 1)
            value = self.file_digest(path)
            if bool(value) == name.startswith(ABSENT):
                return None
            parts += [name, value]
        return digest(*parts)

    def _fixed_part(self, recipe: str, dependencies: list[str]) -> str:
        """Return a digest of the files that are where they are, or "" when one does not fit."""
        parts = [recipe]
        for name in dependencies:
            if _moves(name):
                continue
            value = self.file_digest(name.removeprefix(ABSENT))
            if bool(value) == name.startswith(ABSENT):
                return ""
            parts += [name, value]
        return digest(*parts)

    def touch(self, path: Path) -> None:
        """Note that a file was used, so that it is not removed; once a day is enough."""
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
        for kind in ("objects", "manifests", "images", "work"):
            for path in (self.root / kind).rglob("*"):
                with contextlib.suppress(OSError):
                    if path.is_file() and now - path.stat().st_mtime > _KEEP_SECONDS:
                        path.unlink()
        for path in (self.root / "generated").glob("*"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > _KEEP_SECONDS:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (self.root / "contents").glob("*"):
            with contextlib.suppress(OSError):
                if path.stat().st_nlink == 1:
                    path.unlink()


def _moves(name: str) -> bool:
    """Return whether a name is of a generated header, which is wherever the configuration is."""
    return name.removeprefix(ABSENT).startswith(GENERATED)


def _neutral(name: str, prefix: str) -> str:
    """Return a path without the name of the directory of generated headers."""
    absent = ABSENT if name.startswith(ABSENT) else ""
    name = os.path.normpath(name.removeprefix(ABSENT))
    if name.startswith(prefix):
        name = f"{GENERATED}/{name.removeprefix(prefix)}"
    return absent + name
