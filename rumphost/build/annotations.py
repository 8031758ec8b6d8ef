"""A report as lines that a CI service shows beside the source: GitHub's workflow commands.

Called by ``rumphost build --annotations``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from rumphost.build.builder import BuildFailure
from rumphost.build.compiler import Diagnostic
from rumphost.build.config.lexer import ConfigError
from rumphost.build.linker import MissingSymbol
from rumphost.build.report import DriverReport, Report
from rumphost.errors import BuildError

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+)")


def annotation_lines(
    report: Report, base: Path, shown: Callable[[DriverReport], bool] = lambda _driver: True
) -> list[str]:
    """Return a line for each complaint, each once; paths below ``base`` become relative to it."""
    found: dict[str, None] = {}
    for driver in report.drivers:
        if shown(driver):
            for line in _of_driver(driver, base):
                found.setdefault(line)
    return sorted(found, key=lambda line: not line.startswith("::error"))


def annotation_of(error: BuildError, base: Path) -> str:
    """Return the line of an error that keeps everything from being built."""
    if isinstance(error, ConfigError):
        place, text = (str(error.place.path), error.place.line), error.message
    elif isinstance(error, BuildFailure) and error.errors:
        first = error.errors[0]
        place, text = (first.file, first.line), first.text
    else:
        place, text = ("", 0), str(error)
    return _line("error", place, "nothing can be built", text, base)


def _of_driver(driver: DriverReport, base: Path) -> Iterator[str]:
    for error in driver.errors:
        yield _line(
            "error", _place(error, driver), f"{driver.name} does not build", error.text, base
        )
    for symbol in driver.missing:
        page = f" of {symbol.page}" if symbol.page else ""
        text = f"nothing defines {symbol.name}{page}"
        yield _line("error", _used_at(symbol, driver), f"{driver.name} does not link", text, base)
    for warning in driver.warnings:
        yield _line("warning", _place(warning, driver), "warning", warning.text, base)


def _place(note: Diagnostic, driver: DriverReport) -> tuple[str, int]:
    return (note.file, note.line) if note.file else _split(driver.defined_at)


def _used_at(symbol: MissingSymbol, driver: DriverReport) -> tuple[str, int]:
    sources = driver.sources[:1]
    return _split(symbol.used_at or (sources[0] if sources else driver.defined_at))


def _split(place: str) -> tuple[str, int]:
    match = _PLACE.fullmatch(place)
    return (match["file"], int(match["line"])) if match else (place, 0)


def _line(kind: str, place: tuple[str, int], title: str, text: str, base: Path) -> str:
    file, line = place
    properties = []
    if file:
        path = Path(file)
        shown = path.relative_to(base) if path.is_relative_to(base) else path
        properties.append(f"file={_property(str(shown))}")
    if line:
        properties.append(f"line={line}")
    properties.append(f"title={_property(title)}")
    return f"::{kind} {','.join(properties)}::{_message(text)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
