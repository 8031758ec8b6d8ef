"""The directory of a campaign: inputs that reached something new, and what crashed.

::

    DIR/queue/000017-2f6c….json     an input; a later campaign begins with all of them
    DIR/crashes/NAME.replay         a recording, for ``rumphost run DRIVER -m replay:FILE``
    DIR/crashes/NAME.json           what it is: message, backtrace, mutations
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from rumphost.errors import HostLacks

from .mutation import Input, load, save, to_records


class Corpus:
    """Reads and writes the directory; raises ``HostLacks`` where it cannot."""

    def __init__(self, directory: Path) -> None:
        self.queue = directory / "queue"
        self.crashes = directory / "crashes"
        self._names: dict[str, object] = {}
        try:
            self.queue.mkdir(parents=True, exist_ok=True)
            self.crashes.mkdir(exist_ok=True)
        except OSError as error:
            raise HostLacks(f"cannot make a corpus in {directory}: {error.strerror}") from error
        self._files = {path.stem.partition("-")[2] for path in self._paths()}
        self._count = len(self._files)

    def _paths(self) -> list[Path]:
        return sorted(self.queue.glob("*.json"))

    def inputs(self) -> list[Input]:
        """Return what an earlier campaign has kept; raises ``UsageError``."""
        return [load(path) for path in self._paths()]

    def add(self, mutations: Input) -> None:
        """Keep an input, once."""
        text = json.dumps(to_records(mutations)).encode()
        name = hashlib.blake2b(text, digest_size=8).hexdigest()
        if name in self._files or not mutations:
            return
        self._files.add(name)
        self._count += 1
        self._write(self.queue / f"{self._count:06}-{name}.json", mutations)

    def crash_path(self, name: str, key: object) -> Path:
        """Return the file of a crash's recording; crashes of one name have each their own."""
        number, free = 1, name
        while self._names.setdefault(free, key) != key:
            number += 1
            free = f"{name}-{number}"
        return self.crashes / f"{free}.replay"

    def describe(self, path: Path, record: dict[str, Any]) -> None:
        """Write down what a crash is, beside its recording."""
        try:
            path.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
        except OSError as error:
            raise HostLacks(f"cannot write into {self.crashes}: {error.strerror}") from error

    def _write(self, path: Path, mutations: Input) -> None:
        try:
            save(path, mutations)
        except OSError as error:
            raise HostLacks(f"cannot write {path}: {error.strerror}") from error
