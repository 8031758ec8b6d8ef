"""What came along by ``* at bus?`` and does not build: the driver is built without it.

Called by :mod:`rumphost.build.builder`.  A PHY whose header a tree lacks, or an audio(4) whose
needs the shim does not meet yet, does not keep the driver that carries its bus from being built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rumphost.build.compiler import Compiled, Diagnostic
from rumphost.build.config.closure import Closure, close
from rumphost.build.linker import MissingSymbol
from rumphost.build.symbols import read_symbols

_SHOWN = 4


def optional_sources(closure: Closure) -> dict[Path, frozenset[str]]:
    """Return the sources that only such devices need, with those devices."""
    if not closure.optional:
        return {}
    config = closure.config
    required = [name for name in closure.devices if name not in closure.optional]
    without = config, required, closure.optional, closure.given
    known = {one.path for one in close(*without).sources}
    needs = {name: config.transitive([name]) for name in closure.optional}
    found = {}
    for source in closure.sources:
        path = source.resolve()
        if path is None or source.path in known or source.condition is None:
            continue
        names = frozenset(source.condition.names())
        own = names & closure.optional
        found[path] = own or frozenset(name for name in needs if names & needs[name])
    return found


def not_compiled(
    closure: Closure, results: Sequence[Compiled]
) -> tuple[frozenset[str], tuple[Diagnostic, ...]]:
    """Return such devices that did not compile, and a warning for each error in them."""
    failed = [one for one in results if one.path is None and not one.job.is_own]
    if not failed:
        return frozenset(), ()
    optional = optional_sources(closure)
    notes = []
    devices: set[str] = set()
    for one in failed:
        if one.job.source in optional:
            devices |= optional[one.job.source]
            notes += [
                Diagnostic(note.file, note.line, "warning", f"left out: {note.text}")
                for note in one.errors[:1]
            ]
    return frozenset(devices), tuple(notes)


def not_linked(
    closure: Closure, results: Sequence[Compiled], missing: Iterable[MissingSymbol]
) -> tuple[frozenset[str], tuple[Diagnostic, ...]]:
    """Return such devices that need what nothing defines, and a warning for each of those."""
    lost = {one.name for one in missing}
    if not lost:
        return frozenset(), ()
    optional = optional_sources(closure)
    needs: dict[Path, list[str]] = {}
    for one in results:
        if one.path is not None and one.job.source in optional:
            needed = sorted(read_symbols(one.path).undefined & lost)
            if needed:
                needs[one.job.source] = needed
    devices = _outermost(closure, {name for path in needs for name in optional[path]})
    notes = [_left_out(path, needs[path], optional[path]) for path in needs]
    chosen = [note for path, note in zip(needs, notes, strict=True) if optional[path] & devices]
    return frozenset(devices), tuple(chosen)


def _left_out(path: Path, needed: Sequence[str], devices: Iterable[str]) -> Diagnostic:
    more = f" and {len(needed) - _SHOWN} more" if len(needed) > _SHOWN else ""
    what = f"{', '.join(needed[:_SHOWN])}{more}"
    text = f"left out: {' '.join(sorted(devices))}: nothing defines {what}"
    return Diagnostic(str(path), 0, "warning", text)


def _outermost(closure: Closure, devices: set[str]) -> set[str]:
    """Return those of the devices that carry no bus for another of them.

    What is below a bus may be all that keeps the bus itself from being linked.
    """
    config = closure.config
    buses = {
        name: {bus for one in config.devices[name].attachments for bus in one.at}
        for name in devices
    }
    leaves = set()
    for name in devices:
        carried = config.interfaces(config.transitive([name]))
        if not any(carried & at for other, at in buses.items() if other != name):
            leaves.add(name)
    return leaves or devices
