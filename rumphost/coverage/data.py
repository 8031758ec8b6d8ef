"""Counters of drivers' lines and branches, in a directory: added up over runs and processes.

Called by ``host.py`` when a host ends, whether its drivers crashed or not.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rumphost.build import Builder
from rumphost.build.builder import COUNTED
from rumphost.build.instrumentation import Instrumentation
from rumphost.build.store import Store
from rumphost.errors import HostLacks, RumphostError, UsageError

from .counts import added, has_counts


@dataclass(frozen=True)
class Counted:
    """An object's counters: files of gcov's, without suffix, and the source, when it was built."""

    stem: Path
    source: Path
    digest: str
    is_shim: bool

    @property
    def is_current(self) -> bool:
        """Whether the source is as it was."""
        return _digest(self.source) == self.digest


def counting(builder: Builder) -> Builder:
    """Return a builder that puts counters into drivers, besides what it puts there anyway."""
    return builder.instrumented(builder.instrumentation | Instrumentation(coverage=True))


class CoverageData:
    """One directory of counters; it is made if need be.  Raises HostLacks if it cannot be."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._data = directory / "data"
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            (self._data / ".lock").touch()
        except OSError as error:
            raise HostLacks(f"cannot keep coverage in {directory}: {error.strerror}") from error

    def collect(self, image: Path, counters: Mapping[str, bytes]) -> None:
        """Add the counters of an image, by the names that their objects have there."""
        beside = image.with_suffix(COUNTED)
        if not counters or not beside.is_file():
            return
        for name, notes, source, digest, is_shim in json.loads(beside.read_text()):
            data = counters.get(name)
            if data is not None and has_counts(data):
                self._add(Path(notes), Path(source), digest, is_shim, data)

    def merge(self, other: Path) -> None:
        """Add what another directory has, such as that of another computer."""
        if other.resolve() == self.directory.resolve():
            raise UsageError(f"{other}: what is in it cannot be added to itself")
        found = counted(other)
        if not found:
            raise UsageError(f"{other}: there are no counters of coverage in it")
        for one in found:
            notes = one.stem.with_suffix(".gcno")
            data = one.stem.with_suffix(".gcda").read_bytes()
            self._add(notes, one.source, one.digest, one.is_shim, data)

    def _add(self, notes: Path, source: Path, digest: str, is_shim: bool, data: bytes) -> None:
        name = f"{source.stem}-{_digest(notes)[:12]}"
        with self._locked():
            target = self._data / f"{name}.gcda"
            if target.is_file():
                data = self._added(target, data)
            else:
                shutil.copyfile(notes, self._data / f"{name}.gcno")
                about = {"source": str(source), "digest": digest, "shim": is_shim}
                self._write(self._data / f"{name}.json", json.dumps(about).encode())
            self._write(target, data)

    def _added(self, target: Path, data: bytes) -> bytes:
        try:
            return added(target.read_bytes(), data)
        except ValueError as error:
            raise RumphostError(f"{target}: {error}: remove {self.directory}") from error

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all."""
        with tempfile.NamedTemporaryFile(dir=self._data, delete=False) as stream:
            stream.write(data)
        os.replace(stream.name, path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes out, such as other workers of pytest."""
        with open(self._data / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def counted(directory: Path) -> list[Counted]:
    """Return what has been counted in a directory, in the order of the sources."""
    found = []
    for path in (directory / "data").glob("*.json"):
        about = json.loads(path.read_text())
        if path.with_suffix(".gcda").is_file():
            stem, source = path.with_suffix(""), Path(about["source"])
            found.append(Counted(stem, source, about["digest"], about["shim"]))
    return sorted(found, key=lambda one: (str(one.source), one.stem))


def _digest(path: Path) -> str:
    """Return a digest as the store of the builder makes it."""
    return Store(path.parent).file_digest(str(path))
