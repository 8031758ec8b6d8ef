"""Code addresses to C functions, files and lines, through binutils' addr2line."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from rumphost.errors import Frame


class Symbolizer:
    """Looks addresses of this process up in the debug information of what is mapped there.

    Frames of ``hidden``, the host's own library, say nothing of a driver and are left out.
    """

    def __init__(self, hidden: str = "") -> None:
        self._hidden = hidden

    def frames(self, addresses: list[int], *, exact_first: bool = False) -> list[Frame]:
        """Return the frames of a backtrace; inlined calls get frames of their own.

        All but the first are return addresses, one past the call; so is the first unless
        ``exact_first``.
        """
        mapped = _mappings()
        skipped: set[int] = set()
        by_file: dict[str, list[tuple[int, int]]] = {}
        for index, address in enumerate(addresses):
            where = next((m for m in mapped if m[0] <= address < m[1]), None)
            if where is not None and where[3] == self._hidden:
                skipped.add(index)
            elif where is not None:
                back = 0 if exact_first and index == 0 else 1
                by_file.setdefault(where[3], []).append((index, address - back - where[2]))
        found: dict[int, list[Frame]] = {}
        for file, wanted in by_file.items():
            looked_up = _addr2line(file, [offset for _, offset in wanted])
            for (index, _), frames in zip(wanted, looked_up, strict=False):
                found[index] = [
                    Frame(addresses[index], function, source, line)
                    for function, source, line in frames
                ]
        return [
            frame
            for index, address in enumerate(addresses)
            for frame in found.get(index, [Frame(address)])
            if index not in skipped and not _is_entry(frame)
        ]


def _is_entry(frame: Frame) -> bool:
    """Tell whether a frame is the image's way into or out of a fiber: start.c, or a stub."""
    return frame.function == "rumphost_enter" or "/stubs-" in frame.file


def _mappings() -> list[tuple[int, int, int, str]]:
    """Return start, end, load address and file of each mapped shared object."""
    base: dict[str, int] = {}
    mapped = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) < 6 or not fields[5].startswith("/"):
            continue
        start, end = (int(part, 16) for part in fields[0].split("-"))
        base.setdefault(fields[5], start)
        if "x" in fields[1]:
            mapped.append((start, end, base[fields[5]], fields[5]))
    return mapped


def _addr2line(file: str, offsets: list[int]) -> list[list[tuple[str, str, int]]]:
    tool = shutil.which("addr2line")
    if tool is None or not Path(file).exists():
        return []
    done = subprocess.run(
        [tool, "-a", "-f", "-i", "-e", file, *map(hex, offsets)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [_parse(block.splitlines()) for block in done.stdout.split("0x")[1:]]


def _parse(lines: list[str]) -> list[tuple[str, str, int]]:
    """Parse one address's block: the address, then function and file:line in turn."""
    frames = []
    for function, where in zip(lines[1::2], lines[2::2], strict=False):
        source, _, number = where.partition(" (")[0].rpartition(":")
        known = source not in ("", "??")
        frames.append((function, source if known else "", int(number) if number.isdigit() else 0))
    return frames
