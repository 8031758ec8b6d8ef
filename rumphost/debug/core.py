"""What an ELF core file says of the process: its executable, and what was mapped.

``rumphost gdb --core`` asks, since gdb must be given the executable. Follows core(5) and elf(5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rumphost.errors import UsageError

_ET_CORE, _PT_NOTE = 4, 4
_NT_AUXV, _NT_FILE = 6, 0x46494C45
_AT_ENTRY = 9
_GONE = " (deleted)"


@dataclass(frozen=True)
class CoreFile:
    """A core file: the program that dumped it, and every file that was mapped in it."""

    path: Path
    executable: Path
    files: tuple[Path, ...]

    @classmethod
    def read(cls, path: Path) -> CoreFile:
        """Read the notes of a core file; raises ``UsageError`` when it is none."""
        try:
            with path.open("rb") as file:
                notes = dict(_notes(file.read(_headers_size(file.read(64), path)), path))
        except FileNotFoundError:
            raise UsageError(f"no core file {path}") from None
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        except struct.error:
            raise UsageError(f"{path}: the core file was cut off") from None
        mapped = list(_mapped(notes.get(_NT_FILE, b"")))
        if not mapped:
            raise UsageError(f"{path}: the core file does not say what the process had mapped")
        entry = dict(_pairs(notes.get(_NT_AUXV, b""))).get(_AT_ENTRY, mapped[0][0])
        executable = next((name for low, high, name in mapped if low <= entry < high), mapped[0][2])
        names = dict.fromkeys(Path(name.removesuffix(_GONE)) for _, _, name in mapped)
        return cls(path, Path(executable.removesuffix(_GONE)), tuple(names))

    def missing(self) -> list[Path]:
        """Return the mapped shared objects that are not there any more."""
        return [file for file in self.files if ".so" in file.name and not file.exists()]
