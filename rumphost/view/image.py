"""A loaded image seen through its debug information: types, variables, what is at an address.

Made by :class:`rumphost.boundary.Image`, for ``device.softc``, ``device.view`` and whoever wants
to look at a driver by its own names. Nothing is read before it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, SupportsInt

from rumphost.errors import UsageError

from .dwarf import DebugInfo
from .memory import SafeMemory
from .types import CType, Structure, Variable
from .values import load, store

_FIXED = "rumphost_enter"


class ImageView:
    """Types and variables of one image; ``enter`` is where its rumphost_enter is loaded."""

    def __init__(self, path: Path, enter: int, memory: SafeMemory) -> None:
        self.info = DebugInfo(path)
        self.memory = memory
        self.base = enter - self.info.symbol_value(_FIXED)

    def name_of(self, address: int) -> str:
        """Return ``name`` or ``name+0x10`` of a function or variable of the image, or ""."""
        found = self.info.symbol_at(address - self.base) if address >= self.base else None
        if found is None:
            return ""
        name, inside = found
        return f"{name}+{inside:#x}" if inside else name

    def type(self, name: str) -> CType:
        """Return a type by its C spelling; raises ``UsageError`` when the image has none."""
        return self.info.type(name)

    def view(self, type_: CType | str, address: SupportsInt) -> Any:
        """Return what is at an address, taken for a type."""
        kind = self.type(type_) if isinstance(type_, str) else type_
        if not kind.size:
            raise UsageError(f"{kind} has no size here: its source is not part of the image")
        return load(self, kind, int(address))

    def variable(self, name: str, source: str = "") -> Any:
        """Return the value of a variable outside functions, or a view of it.

        ``source`` is the file, where several have a static one of that name.
        """
        found = self._variable(name, source)
        return load(self, found.type, self.base + found.offset)

    def set_variable(self, name: str, value: int | str, source: str = "") -> None:
        """Write a number into a variable."""
        found = self._variable(name, source)
        store(self, found.type, self.base + found.offset, value)

    def structure_used_by(self, function: int, size: int, suffix: str) -> Structure:
        """Return the one structure of a size that a function works with.

        Names that end in ``suffix`` go before others. Raises ``UsageError`` when it is not clear.
        """
        found = self.info.structures_of(function - self.base, size)
        named = [one for one in found if one.name.endswith(suffix)] or found
        if len(named) == 1:
            return named[0]
        who = self.name_of(function) or f"{function:#x}"
        if not named:
            raise UsageError(f"{who}: its source has no structure of {size} bytes")
        names = ", ".join(sorted(one.name for one in named))
        raise UsageError(f"{who}: {names} all have {size} bytes: say view(TYPE, ADDRESS)")

    def _variable(self, name: str, source: str) -> Variable:
        found = [one for one in self.info.variables(name) if source in ("", one.source)]
        if len(found) == 1:
            return found[0]
        where = f" of {source}" if source else ""
        if not found and self.info.is_removed(name):
            raise UsageError(f"{name}: the compiler has removed it; build with -O 0")
        if not found:
            raise UsageError(f"{self.info.path.name} has no variable {name}{where}")
        files = ", ".join(one.source for one in found)
        raise UsageError(f"{name} is a variable of {files}: say which")
