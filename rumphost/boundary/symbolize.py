"""Code addresses to C functions, files and lines, through binutils' addr2line."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from rumphost.errors import Frame

_NOWHERE = (1 << 64) - 1


class Symbolizer:
    """Looks addresses of this process up in the debug information of what is mapped there.

    Frames of ``hidden``, the host's own library, say nothing of a driver and are left out.
    """

    def __init__(self, hidden: str = "") -> None:
        self._hidden = hidden
        self._readers: dict[str, _Reader] = {}

    def close(self) -> None:
        """End the addr2line processes; ``frames`` starts them anew."""
        while self._readers:
            self._readers.popitem()[1].close()

    def _addr2line(self, file: str, offsets: list[int]) -> list[list[tuple[str, str, int]]]:
        tool = shutil.which("addr2line")
        if tool is None or not Path(file).exists():
            return []
        if file not in self._readers:
            self._readers[file] = _Reader(tool, file)
        said = self._readers[file].ask(offsets)
        if not said:
            self._readers.pop(file).close()
        return [_parse(block.splitlines()) for block in re.split("^0x", said, flags=re.M)[1:]]

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
            looked_up = self._addr2line(file, [offset for _, offset in wanted])
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
    """Tell whether a frame is the image's way into or out of a fiber: start.c, a stub, or what
    a sanitizer's check calls."""
    if "/hypercalls/instrument/" in frame.file:
        return True
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


class _Reader:
    """An addr2line that answers as long as the host runs: to start one for a big image takes long.

    It is killed when the Symbolizer is closed.
    """

    def __init__(self, tool: str, file: str) -> None:
        self._process = subprocess.Popen(
            [tool, "-a", "-f", "-i", "-e", file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C is not for it
        )

    def ask(self, offsets: list[int]) -> str:
        """Return what it says of all these; "" when it is gone."""
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None
        assert answers is not None
        try:
            questions.write("".join(f"{offset:#x}\n" for offset in (*offsets, _NOWHERE)))
            questions.flush()
        except OSError:
            return ""
        lines = []
        for line in answers:
            if line.startswith("0x") and int(line, 16) == _NOWHERE:
                answers.readline(), answers.readline()
                break
            lines.append(line)
        return "".join(lines)

    def close(self) -> None:
        self._process.kill()
        with self._process:
            pass


def _parse(lines: list[str]) -> list[tuple[str, str, int]]:
    """Parse one address's block: the address, then function and file:line in turn."""
    frames = []
    for function, where in zip(lines[1::2], lines[2::2], strict=False):
        source, _, number = where.partition(" (")[0].rpartition(":")
        known = source not in ("", "??")
        frames.append((function, source if known else "", int(number) if number.isdigit() else 0))
    return frames
