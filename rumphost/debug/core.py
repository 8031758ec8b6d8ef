"""What an ELF core file says of the process: its executable, and what was mapped.

``rumphost gdb --core`` asks, since gdb must be given the executable. Follows core(5) and elf(5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rumphost.errors import UsageError

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_ET_CORE, _PT_NOTE, _PN_XNUM = 4, 4, 0xFFFF
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
                notes = dict(_notes(file, path))
        except FileNotFoundError:
            raise UsageError(f"no core file {path}") from None
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        except struct.error:
            raise UsageError(f"{path}: the core file was cut off") from None
        mapped = list(_mapped(notes.get(_NT_FILE, b"")))
        if not mapped:
            raise UsageError(f"{path}: the core file does not say what the process had mapped")
        auxiliary = dict(struct.iter_unpack("<QQ", notes.get(_NT_AUXV, b"")))
        entry = auxiliary.get(_AT_ENTRY, mapped[0][0])
        executable = next((name for low, high, name in mapped if low <= entry < high), mapped[0][2])
        names = dict.fromkeys(name for _, _, name in mapped)
        return cls(path, _path(executable), tuple(map(_path, names)))

    def missing(self) -> list[Path]:
        """Return the mapped shared objects that are not there any more."""
        return [file for file in self.files if ".so" in file.name and not file.exists()]


def _path(name: str) -> Path:
    return Path(name.removesuffix(_GONE))


def _notes(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of each note."""
    header = file.read(64)
    if header[:6] != _MAGIC or struct.unpack_from("<H", header, 16)[0] != _ET_CORE:
        raise UsageError(f"{path} is not a core file (of a 64-bit process)")
    (at,) = struct.unpack_from("<Q", header, 32)
    size, count = struct.unpack_from("<HH", header, 54)
    if count == _PN_XNUM:  # more than fit: the number is in the first section header
        (section,) = struct.unpack_from("<Q", header, 40)
        file.seek(section)
        (count,) = struct.unpack_from("<I", file.read(64), 44)
    file.seek(at)
    programs = file.read(size * count)
    for n in range(count):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", programs, n * size)
        if kind == _PT_NOTE:
            file.seek(offset)
            yield from _each_note(file.read(length))


def _each_note(notes: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(notes):
        name_size, size, kind = struct.unpack_from("<III", notes, at)
        at += 12 + (name_size + 3 & ~3)
        yield kind, notes[at : at + size]
        at += size + 3 & ~3


def _mapped(note: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and file of each mapping in an NT_FILE note."""
    if not note:
        return
    count, _page = struct.unpack_from("<QQ", note)
    ranges = struct.iter_unpack("<QQQ", note[16 : 16 + 24 * count])
    names = note[16 + 24 * count :].split(b"\0")
    for (low, high, _), name in zip(ranges, names, strict=False):
        yield low, high, name.decode("utf-8", "surrogateescape")
