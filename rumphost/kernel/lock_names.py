"""What a lock is called in its driver's source. Used by ``lock_order.py``.

A kernel knows no names of locks. But the code address that initialised one leads to a line of the
source, and there it stands: ``mutex_init(&sc->sc_lock, ...)``.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from rumphost.errors import Frame

_LVALUE = r"([A-Za-z_][\w.\->\[\]]*)"
_INIT = re.compile(
    rf"\b(?:mutex_init|rw_init)\s*\(\s*&?\s*\(?{_LVALUE}"
    rf"|{_LVALUE}\s*=\s*\(?\s*(?:mutex_obj_alloc|rw_obj_alloc)\s*\("
)
_LINES_BEFORE = 3  # a call may begin above the line that the compiler notes for it
_LINES_AFTER = 2


def lock_name(frame: Frame) -> str:
    """Return the name of the lock that the call at ``frame`` initialises, or a description."""
    lines = _lines(frame.file)
    number = frame.line - 1
    for first in (number, *range(number - 1, number - 1 - _LINES_BEFORE, -1)):
        if 0 <= first < len(lines):
            text = " ".join(lines[first : number + _LINES_AFTER])
            if found := _INIT.search(text):
                return re.split(r"->|\.", found[1] or found[2])[-1]
    return f"the lock of {frame.function}"


@cache
def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(errors="replace").splitlines()
    except OSError:
        return []
