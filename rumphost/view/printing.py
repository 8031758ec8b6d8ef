"""Views as text, in the manner of gdb: a structure's members one a line, what is inside in braces.

What cannot be read is said in its place, in angle brackets.
"""

from __future__ import annotations

from typing import Any

from .memory import Unreadable
from .types import Array, CType, Function, Integer, Pointer, Structure
from .values import ArrayView, PointerView, StructView, View, load_member, text_of

MOST_ELEMENTS = 16
MOST_SCANNED = 1024  # of elements, though they be alike
WIDTH = 100
_INDENT = "    "
_DEEPEST = 3
_SMALL = 1000


def show(view: View, *, deepest: int = _DEEPEST) -> str:
    """Return a view's text: its type, where it is, and what."""
    if isinstance(view, PointerView):
        return f"({view._type}) {_pointer(view)}"
    return f"{view._type} at {view._address:#x} {_inner(view, 0, deepest)}"


def describe(value: Any, *, deepest: int = _DEEPEST) -> str:
    """Return the text of anything that is loaded from memory."""
    if isinstance(value, PointerView):
        return _pointer(value)
    if isinstance(value, View):
        return _inner(value, 0, deepest)
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is int and value >= _SMALL:
        return hex(value)
    return str(value)


def _inner(view: View, level: int, deepest: int) -> str:
    try:
        if isinstance(view, ArrayView):
            return _array(view, level, deepest)
        if isinstance(view, StructView):
            return _structure(view, level, deepest)
    except Unreadable as error:
        return f"<{error}>"
    return describe(view)


def _structure(view: StructView, level: int, deepest: int) -> str:
    kind = view._type.plain
    assert isinstance(kind, Structure)
    if not kind.is_complete:
        return "{<what is in it is not known>}"
    if level >= deepest:
        return "{...}"
    parts = []
    for member in kind.members:
        try:
            value = load_member(view._source, member, view._address)
            text = _inner(value, level + 1, deepest) if isinstance(value, View) else ""
            text = text or _scalar(value, member.type)
        except Unreadable as error:
            text = f"<{error}>"
        parts.append(f"{member.name} = {text}" if member.name else text)
    line = "{" + ", ".join(parts) + "}"
    if level and len(line) <= WIDTH - len(_INDENT) * level and "\n" not in line:
        return line
    space = _INDENT * (level + 1)
    return "{\n" + "".join(f"{space}{part},\n" for part in parts) + f"{_INDENT * level}}}"


def _scalar(value: Any, kind: CType) -> str:
    plain = kind.plain
    if isinstance(plain, Integer) and plain.is_character and 32 < value < 127:
        return f"{value} {chr(value)!r}"
    return describe(value)


def _array(view: ArrayView, level: int, deepest: int) -> str:
    kind = view._type.plain
    assert isinstance(kind, Array)
    element = kind.element.plain
    if isinstance(element, Integer) and element.is_character:
        data = view._source.memory.read(view._address, kind.count).rstrip(b"\0")
        if all(byte >= 32 or byte in b"\t\n\r" for byte in data):
            return _quoted(data.decode("utf-8", "backslashreplace"))
    if level >= deepest:
        return "{...}"
    runs: list[tuple[str, int]] = []
    for number in range(kind.count):
        value = view[number]
        text = _inner(value, level + 1, deepest) if isinstance(value, View) else describe(value)
        if runs and runs[-1][0] == text:
            runs[-1] = (text, runs[-1][1] + 1)
        else:
            runs.append((text, 1))
        if len(runs) > MOST_ELEMENTS or number == MOST_SCANNED:
            runs[-1] = ("...", 1)
            break
    return "{" + ", ".join(_run(text, count) for text, count in runs) + "}"


def _run(text: str, count: int) -> str:
    return text if count == 1 else f"{text} <{count} times>"


def _pointer(view: PointerView) -> str:
    address, kind = view._address, view._type.plain
    if not address:
        return "NULL"
    assert isinstance(kind, Pointer)
    name = view._source.name_of(address)
    target = kind.target.plain
    if isinstance(target, Function):
        return name or f"{address:#x}"
    if isinstance(target, Integer) and target.is_character and target.signed:
        try:
            return f"{address:#x} {_quoted(text_of(view))}"
        except Unreadable as error:
            return f"{address:#x} <{error}>"
    return f"{address:#x} <{name}>" if name else f"{address:#x}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
