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


def optional_sources(closure: Closure) -> dict[Path, frozenset[str]]:
    """Return the sources that only such devices need, with those devices."""
    if not closure.optional:
        return {}
    config = closure.config
    required = [name for name in closure.devices if name not in closure.optional]
    known = {one.path for one in close(config, required, closure.optional).sources}
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
    lost = {one.name: one for one in missing}
    if not lost:
        return frozenset(), ()
    optional = optional_sources(closure)
    notes = []
    devices: set[str] = set()
    for one in results:
        if one.path is None or one.job.source not in optional:
            continue
        needed = sorted(read_symbols(one.path).undefined & lost.keys())
        if needed:
            devices |= optional[one.job.source]
            names = " ".join(sorted(optional[one.job.source]))
            shown = ", ".join(needed[:4]) + (f" and {len(needed) - 4} more" * (len(needed) > 4))
            text = f"left out: {names}: nothing defines {shown}"
            notes.append(Diagnostic(str(one.job.source), 0, "warning", text))
    return frozenset(devices), tuple(notes)
