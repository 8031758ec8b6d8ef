"""The kernel module's interface, read from ``kmod/rumphost.h``: nothing of it is written here.

Structures become ctypes structures, enums and requests become numbers. Used by this package and
by the tests.
"""

from __future__ import annotations

import ctypes
import functools
import re
from pathlib import Path
from typing import Any

from pycparser import CParser, c_ast

from rumphost.sources import kmod_dir

_TYPES = {
    "__u8": ctypes.c_uint8,
    "__u16": ctypes.c_uint16,
    "__u32": ctypes.c_uint32,
    "__s32": ctypes.c_int32,
    "__u64": ctypes.c_uint64,
}
_TYPEDEFS = "".join(f"typedef int {name};\n" for name in _TYPES)
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_REQUEST = re.compile(r"#define\s+(\w+)\s+_IO(R|W|WR|)\((\w+),\s*(\w+)(?:,\s*struct\s+(\w+))?\)")
_DIRECTION = {"": 0, "W": 1, "R": 2, "WR": 3}


class Uapi:
    """``struct`` by name, ``constant`` by name, ``request`` by name: KeyError if there is none."""

    def __init__(self, text: str) -> None:
        text = _COMMENT.sub("", text)
        code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
        self._structs: dict[str, type[ctypes.Structure]] = {}
        self._constants: dict[str, int] = {}
        for node in CParser().parse(_TYPEDEFS + code).ext:
            if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Struct):
                self._structs[node.type.name] = self._structure(node.type)
            elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Enum):
                for one in node.type.values.enumerators:
                    self._constants[one.name] = int(one.value.value, 0)
        self._requests = {
            found[1]: self._number(*found.groups()[1:]) for found in _REQUEST.finditer(text)
        }

    def struct(self, name: str) -> Any:
        """Return the ctypes structure ``rumphost_<name>``."""
        return self._structs[f"rumphost_{name}"]

    def constant(self, name: str) -> int:
        """Return the value of ``RUMPHOST_<name>``."""
        return self._constants[f"RUMPHOST_{name}"]

    def request(self, name: str) -> int:
        """Return the number of the request ``RUMPHOST_<name>``."""
        return self._requests[f"RUMPHOST_{name}"]

    @property
    def requests(self) -> dict[str, int]:
        return dict(self._requests)

    def _number(self, direction: str, kind: str, number: str, struct: str | None) -> int:
        size = ctypes.sizeof(self._structs[struct]) if struct else 0
        return _DIRECTION[direction] << 30 | size << 16 | int(kind, 0) << 8 | int(number, 0)

    def _structure(self, node: Any) -> type[ctypes.Structure]:
        fields = [(one.name, self._type(one.type)) for one in node.decls]
        return type(node.name, (ctypes.Structure,), {"_fields_": fields})

    def _type(self, node: Any) -> Any:
        if isinstance(node, c_ast.ArrayDecl):
            return self._type(node.type) * int(node.dim.value, 0)
        inner = node.type
        if isinstance(inner, c_ast.Struct):
            return self._structs[inner.name]
        return _TYPES[inner.names[0]]


@functools.cache
def uapi(path: Path | None = None) -> Uapi:
    """Return the interface of the header that belongs to this rumphost."""
    return Uapi((path or kmod_dir() / "rumphost.h").read_text())
