"""The command as the tests of the command line see it: how it is run, and how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

COMMAND = [sys.executable, "-m", "rumphost"]


@dataclass
class Result:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its output as records; fails when a line is no JSON object."""
        records = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(record, dict) for record in records)
        return records

    def one(self, event: str) -> dict[str, Any]:
        """Return the only record of an event."""
        (found,) = [record for record in self.events if record["event"] == event]
        return found


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Read a process's output up to and with the line that has ``words``."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            return "".join(seen)
    raise AssertionError(f"{words!r} never came: {''.join(seen)}")
