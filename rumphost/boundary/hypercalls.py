"""Reads ``hypercall.h``: the one description of every crossing.

From it come the C stubs that the builder compiles into each image, the Python side's names and
numbers, and the declarations of the shared structures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pycparser import c_ast, c_generator, c_parser

PREFIX = "rumphost_"
_TYPEDEFS = "\n".join(
    f"typedef {plain} {name};"
    for name, plain in {
        "int32_t": "int",
        "uint32_t": "unsigned int",
        "int64_t": "long",
        "uint64_t": "unsigned long",
    }.items()
)
_BANNER = re.compile(r"/\* == (.*?) == \*/")


@dataclass(frozen=True)
class Hypercall:
    """One hypercall: ``kinds`` has, for each argument, i32, i64, u or s (a string)."""

    number: int
    name: str
    page: str
    kinds: tuple[str, ...]
    returns: str
    parameters: tuple[str, ...]

    @property
    def short_name(self) -> str:
        return self.name.removeprefix(PREFIX)


@dataclass
class Interface:
    """What ``hypercall.h`` says; ``constants`` are its enumerators, without ``RUMPHOST_``."""

    hypercalls: dict[str, Hypercall] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)
    structures: str = ""

    @classmethod
    def read(cls, header: Path) -> Interface:
        """Parse the header; raises pycparser's errors, since it is our own file."""
        text = header.read_text()
        pages = _pages(text)
        plain = _without_comments(text)
        tree = c_parser.CParser().parse(_TYPEDEFS + "\n" + plain, str(header))
        generator = c_generator.CGenerator()
        interface = cls()
        structures = []
        for node in tree.ext:
            if isinstance(node, c_ast.Typedef):
                continue
            if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
                number = interface.constants["EXIT_HYPERCALL"] + len(interface.hypercalls)
                call = _hypercall(node, number, pages, generator)
                interface.hypercalls[call.short_name] = call
                continue
            structures.append(generator.visit(node) + ";")
            interface.constants |= _constants(node)
        interface.structures = "\n".join(structures)
        return interface

    def stubs_source(self) -> str:
        """Return the C source of the stubs: each packs its arguments and traps to the host."""
        parts = ["#include <sys/types.h>\n", '#include "shim.h"\n']
        parts += [_stub(call) for call in self.hypercalls.values()]
        return "\n".join(parts)

    def table(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Return name without prefix → number and argument kinds, as the kernel wants it."""
        return {name: (call.number, call.kinds) for name, call in self.hypercalls.items()}


def stubs_source(header: Path) -> str:
    """Return the C source of the hypercall stubs for one ``hypercall.h``."""
    return Interface.read(header).stubs_source()


def _without_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return "\n".join("" if line.startswith("#") else line for line in text.splitlines())


def _pages(text: str) -> dict[str, str]:
    """Return function name → manual page of the banner above it."""
    pages: dict[str, str] = {}
    page = ""
    for line in text.splitlines():
        if banner := _BANNER.search(line):
            page = banner.group(1)
        for name in re.findall(rf"\b({PREFIX}\w+)\(", line):
            pages.setdefault(name, page)
    return pages


def _constants(node: c_ast.Node) -> dict[str, int]:
    enum = node.type if isinstance(node, c_ast.Decl) else None
    if not isinstance(enum, c_ast.Enum):
        return {}
    return {
        entry.name.removeprefix(PREFIX.upper()): int(entry.value.value, 0)
        for entry in enum.values.enumerators
    }


def _hypercall(node: c_ast.Decl, number: int, pages: dict[str, str], generator: Any) -> Hypercall:
    function = node.type
    parameters = function.args.params if function.args is not None else []
    if len(parameters) == 1 and _type_name(parameters[0].type) == "void":
        parameters = []
    return Hypercall(
        number=number,
        name=node.name,
        page=pages.get(node.name, ""),
        kinds=tuple(_kind(parameter.type) for parameter in parameters),
        returns=_returns(function.type),
        parameters=tuple(generator.visit(parameter) for parameter in parameters),
    )


def _returns(node: c_ast.Node) -> str:
    if not isinstance(node, c_ast.PtrDecl):
        return _type_name(node)
    return " ".join([*node.type.quals, _type_name(node.type), "*"])


def _type_name(node: c_ast.Node) -> str:
    if isinstance(node, c_ast.TypeDecl) and isinstance(node.type, c_ast.IdentifierType):
        return " ".join(node.type.names)
    return ""


def _kind(node: c_ast.Node) -> str:
    if isinstance(node, c_ast.PtrDecl):
        is_string = _type_name(node.type) == "char" and "const" in node.type.quals
        return "s" if is_string else "u"
    return {"int": "i32", "int32_t": "i32", "int64_t": "i64"}.get(_type_name(node), "u")


def _stub(call: Hypercall) -> str:
    names = [f"a{n}" for n in range(len(call.parameters))]
    declared = [
        re.sub(r"\w+$", name, parameter)
        for name, parameter in zip(names, call.parameters, strict=True)
    ]
    lines = [
        f"{call.returns}",
        f"{call.name}({', '.join(declared) or 'void'})",
        "{",
        "\tstruct rumphost_lwp *l = rumphost_curlwp();",
        *([] if call.returns == "void" else ["\tuint64_t result;"]),
        "",
        f"\tl->exit = {call.number};",
        "\tl->caller = RUMPHOST_CALLER;",
        *(
            f"\tl->args[{n}] = {_widen(kind, name)};"
            for n, (kind, name) in enumerate(zip(call.kinds, names, strict=True))
        ),
    ]
    if call.returns == "void":
        lines += ["\t(void)rumphost_host->trap(l);", "\trumphost_update_clock();"]
    else:
        lines += [
            "\tresult = rumphost_host->trap(l);",
            "\trumphost_update_clock();",
            f"\treturn {_narrow(call.returns)};",
        ]
    return "\n".join([*lines, "}", ""])


def _widen(kind: str, name: str) -> str:
    return f"(uint64_t)(int64_t){name}" if kind.startswith("i") else f"(uint64_t)(uintptr_t){name}"


def _narrow(returns: str) -> str:
    return f"({returns})(uintptr_t)result" if "*" in returns else f"({returns})result"


def decode(kinds: Sequence[str], words: Sequence[int], c_string: Any) -> list[Any]:
    """Turn raw argument words into the values a handler gets."""
    values: list[Any] = list(words)
    for place, kind in _other_than_words(tuple(kinds)):
        word = values[place]
        if kind == "i32":
            word &= 0xFFFF_FFFF
            values[place] = word - (1 << 32) if word >> 31 else word
        elif kind == "i64":
            values[place] = word - (1 << 64) if word >> 63 else word
        else:
            values[place] = c_string(word) if word else None
    return values


@cache
def _other_than_words(kinds: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    return tuple((place, kind) for place, kind in enumerate(kinds) if kind != "u")
