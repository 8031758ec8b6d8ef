"""What the names on a command line stand for: devices, attachments, stems and paths of sources.

Called by :mod:`rumphost.build.builder`.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from rumphost.build.config.expression import Name
from rumphost.build.config.lexer import Place
from rumphost.build.config.model import Config, SourceFile
from rumphost.errors import BuildError, UsageError


def is_path(name: str) -> bool:
    """Tell the path of a C source from a name."""
    return name.endswith(".c") or "/" in name


def source_of(path: Path, device: str) -> SourceFile:
    """Return a source that belongs to a device though no file statement says so."""
    return SourceFile(str(path), Name(device), False, False, (Path("/"),), Place(path, 1))


def existing(source: SourceFile) -> Path:
    """Return the file of a source; raises BuildError that names the statement."""
    path = source.resolve()
    if path is None:
        raise BuildError(f"{source.place}: {source.path} does not exist")
    return path


def devices_of_source(config: Config, path: Path) -> list[str]:
    """Return the devices that a config(5) file already names in the condition of this source."""
    found: list[str] = []
    for source in config.sources:
        if source.condition is None or not source.path.endswith(path.name):
            continue
        if source.resolve() == path:
            names = source.condition.names()
            found += [
                name for name in names if name in config.devices or name in config.attachments
            ]
    return found


def _is_device(config: Config, name: str) -> bool:
    return name in config.devices or name in config.attachments


def resolve(config: Config, name: str) -> str:
    """Return the device or attachment that a name stands for."""
    if _is_device(config, name):
        return name
    stems: dict[str, str] = {}
    for source in config.sources:
        for one in source.condition.names() if source.condition is not None else ():
            if _is_device(config, one):
                stems.setdefault(Path(source.path).stem, one)
                break
    if name in stems:
        return stems[name]
    known = list(dict.fromkeys([*config.attachments, *stems]))
    close_ones = difflib.get_close_matches(name, known, 3, 0.6)
    hint = f": is it {' or '.join(close_ones)}?" if close_ones else ""
    raise UsageError(f"no driver `{name}'{hint or ' (rumphost list drivers shows them)'}")
