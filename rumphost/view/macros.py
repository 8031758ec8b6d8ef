"""Reads .debug_macro: the preprocessor's macros of a source that was compiled with -g3.

pyelftools has no reader for it. Follows DWARF 5, section 6.3, as gcc writes it; gcc's older form
(version 4) has the same operations. Made by ``ImageView.macros``.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_END, _DEFINE, _UNDEFINE, _START_FILE, _END_FILE = 0, 1, 2, 3, 4
_DEFINE_STRP, _UNDEFINE_STRP, _IMPORT = 5, 6, 7
_WIDE, _HAS_LINES = 1, 2
_DEEPEST = 20

_DEFINITION = re.compile(r"(\w+)(?:\(([^)]*)\))?\s*(.*)", re.DOTALL)
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b")
_OCTAL = re.compile(r"(?<![\w.])0(?=[0-7])")
_CAST = re.compile(r"\(\s*(?:const\s+)?(?:u?int\d*_t|uintmax_t|unsigned(?:\s+\w+)?|int|u_int\d*"
                   r"(?:_t)?|u?long|size_t)\s*\)")  # fmt: skip
_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift, ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_, ast.BitXor: operator.xor, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}  # fmt: skip
_LARGEST_SHIFT = 63


@dataclass(frozen=True)
class Macro:
    """One definition: where it is in its file, and what it stands for."""

    name: str
    parameters: tuple[str, ...] | None
    body: str
    file: int
    line: int


class Macros:
    """The macros of one source, by name; ``in_order`` as they were defined."""

    def __init__(self, macros: Iterator[Macro]) -> None:
        self.in_order = list(macros)
        self.by_name = {macro.name: macro for macro in self.in_order}
        self._values: dict[str, int | None] = {}

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each is in ``in_order``."""
        return {macro.name: number for number, macro in enumerate(self.in_order)}

    def value(self, name: str) -> int | None:
        """Return the number that a macro without parameters stands for, or None."""
        if name not in self._values:
            macro = self.by_name.get(name)
            plain = macro is not None and macro.parameters is None and macro.body
            self._values[name] = self._evaluate(macro.body, 0) if plain and macro else None
        return self._values[name]

    def call(self, name: str, argument: int) -> int | None:
        """Return what a macro with one parameter gives for a number, or None."""
        macro = self.by_name[name]
        if macro.parameters is None or len(macro.parameters) != 1:
            return None
        return self._evaluate(_replaced(macro, [str(argument)]), 0)

    def _evaluate(self, text: str, depth: int) -> int | None:
        expanded = self._expand(text, depth)
        if expanded is None:
            return None
        plain = _OCTAL.sub("0o", _SUFFIX.sub(r"\1", expanded.strip())).replace("/", "//")
        try:
            return _number(ast.parse(plain, mode="eval").body)
        except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
            return None

    def _expand(self, text: str, depth: int) -> str | None:
        """Replace every macro; None when a word is left that is none."""
        if depth > _DEEPEST:
            return None
        text = _CAST.sub("", text)
        parts, at = [], 0
        for match in _WORD.finditer(text):
            if match.start() < at:
                continue
            found = self._replacement(match[0], text, match.end())
            if found is None:
                return None
            inner = self._expand(found[0], depth + 1)
            if inner is None:
                return None
            parts += [text[at : match.start()], f"({inner})"]
            at = found[1]
        return "".join([*parts, text[at:]])

    def _replacement(self, word: str, text: str, after: int) -> tuple[str, int] | None:
        """Return what a macro's use is replaced by, and where the use ends."""
        if word in ("__BIT", "__BITS", "BIT"):  # written so that no compiler warns: too clever
            arguments, end = _arguments(text, after)
            if len(arguments) == 1:
                return f"1 << ({arguments[0]})", end
            if len(arguments) == 2:
                high, low = arguments
                return f"((1 << (({high}) - ({low}) + 1)) - 1) << ({low})", end
        macro = self.by_name.get(word)
        if macro is None:
            return None
        if macro.parameters is None:
            return macro.body, after
        arguments, end = _arguments(text, after)
        if len(arguments) != len(macro.parameters):
            return None
        return _replaced(macro, arguments), end


def read_macros(section: bytes, strings: bytes, start: int) -> Macros:
    """Return the macros of the unit that starts at a place in .debug_macro."""
    return Macros(_Reader(section, strings).read(start))


class _Reader:
    """Walks the section: one unit imports others."""

    def __init__(self, section: bytes, strings: bytes) -> None:
        self._data, self._strings = section, strings
        self._files: list[int] = []

    def read(self, at: int) -> Iterator[Macro]:
        data = self._data
        flags = data[at + 2]
        wide = 8 if flags & _WIDE else 4
        at += 3 + (wide if flags & _HAS_LINES else 0)
        while (operation := data[at]) != _END:
            at += 1
            if operation == _END_FILE:
                self._files.pop()
                continue
            if operation == _IMPORT:
                yield from self.read(int.from_bytes(data[at : at + wide], "little"))
                at += wide
                continue
            line, at = _uleb(data, at)
            if operation == _START_FILE:
                file, at = _uleb(data, at)
                self._files.append(file)
            elif operation in (_DEFINE, _UNDEFINE):
                end = data.index(0, at)
                text, at = data[at:end], end + 1
                if operation == _DEFINE:
                    yield self._macro(text, line)
            elif operation in (_DEFINE_STRP, _UNDEFINE_STRP):
                place = int.from_bytes(data[at : at + wide], "little")
                at += wide
                if operation == _DEFINE_STRP:
                    text = self._strings[place : self._strings.index(0, place)]
                    yield self._macro(text, line)
            else:
                return  # of a compiler that this reader does not know

    def _macro(self, text: bytes, line: int) -> Macro:
        match = _DEFINITION.match(text.decode("utf-8", "replace"))
        assert match is not None
        listed = match[2]
        parameters = None
        if listed is not None:
            parameters = tuple(word.strip() for word in listed.split(",") if word.strip())
        file = self._files[-1] if self._files else 0
        return Macro(match[1], parameters, match[3].strip(), file, line)


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _arguments(text: str, at: int) -> tuple[list[str], int]:
    """Return the arguments of a macro's use, from its parenthesis on, and where they end."""
    start = text.find("(", at)
    if start < 0 or text[at:start].strip():
        return [], at
    depth, found, begin = 0, [], start + 1
    for n in range(start, len(text)):
        if text[n] == "(":
            depth += 1
        elif text[n] == ")":
            depth -= 1
        if (text[n] == "," and depth == 1) or depth == 0:
            found.append(text[begin:n].strip())
            begin = n + 1
        if depth == 0:
            return found, n + 1
    return [], at


def _replaced(macro: Macro, arguments: list[str]) -> str:
    given = dict(zip(macro.parameters or (), arguments, strict=True))
    return _WORD.sub(lambda match: f"({given[match[0]]})" if match[0] in given else match[0],
                     macro.body)  # fmt: skip


def _number(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -_number(node.operand) if isinstance(node.op, ast.USub) else _number(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _number(node.left), _number(node.right)
        if isinstance(node.op, ast.LShift | ast.RShift) and not 0 <= right <= _LARGEST_SHIFT:
            raise ValueError
        return int(_OPERATORS[type(node.op)](left, right))
    raise ValueError
