"""queue(3) heads and other chains, walked by Python: ``for one in sc.sc_queue``.

A head says by the names in it which of queue(3)'s kinds it is. By which link its elements hang
together is in no debug information: where an element has more than one, the link whose way back
leads to this head is the one, or the caller names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rumphost.errors import UsageError

from .types import Pointer, Structure
from .values import PointerView, StructView, View


@dataclass(frozen=True)
class _Kind:
    """One of queue(3): the names in its head and links."""

    name: str
    first: str
    next: str
    back: str = ""
    is_circle: bool = False


_KINDS = (
    _Kind("LIST", "lh_first", "le_next", "le_prev"),
    _Kind("SLIST", "slh_first", "sle_next"),
    _Kind("TAILQ", "tqh_first", "tqe_next", "tqe_prev"),
    _Kind("STAILQ", "stqh_first", "stqe_next"),
    _Kind("SIMPLEQ", "sqh_first", "sqe_next"),
    _Kind("CIRCLEQ", "cqh_first", "cqe_next", "cqe_prev", is_circle=True),
)
MOST = 1_000_000


def entries(head: View, link: str = "") -> Iterator[StructView]:
    """Yield the elements of a queue, from the first on.

    ``head`` is a queue(3) head and ``link`` the member of an element that the ``_ENTRY`` macro
    declares; or ``head`` points to the first element and ``link`` is the pointer to the next one,
    such as ``m_next``. Raises ``UsageError`` when there is no such link or several may be meant,
    and when the elements go in a circle.
    """
    if isinstance(head, PointerView):
        if not link:
            raise UsageError(f"entries({head._type}): name the member that leads to the next one")
        yield from _walk(head, link.split("."), 0)
        return
    kind = _kind_of(head)
    first = head[kind.first]  # type: ignore[index]
    end = head._address if kind.is_circle else 0
    if int(first) != end:
        name = link or _link_of(first, kind, head)
        yield from _walk(first, [*name.split("."), kind.next], end)


def _walk(first: PointerView, way: list[str], end: int) -> Iterator[StructView]:
    seen: set[int] = set()
    at = first
    while int(at) != end:
        if int(at) in seen or len(seen) > MOST:
            raise UsageError(f"the queue goes in a circle: {int(at):#x} comes again")
        seen.add(int(at))
        element = at[0]
        yield element
        at = element
        for name in way:
            at = at[name]


def _kind_of(head: View) -> _Kind:
    plain = head._type.plain
    names = plain.by_name if isinstance(plain, Structure) else {}
    for kind in _KINDS:
        if kind.first in names:
            return kind
    raise UsageError(f"{head._type} is no head of a queue(3)")


def _link_of(first: PointerView, kind: _Kind, head: View) -> str:
    """Return the name of the link that elements hang together by."""
    pointer = first._type.plain
    assert isinstance(pointer, Pointer)
    element = pointer.target.plain
    found = list(_links(element, kind))
    if len(found) > 1 and kind.back:
        # The way back of a first element leads to the head.
        home = head._address
        found = [name for name in found if int(_follow(first, name)[kind.back]) == home]
    if len(found) == 1:
        return found[0]
    said = f"which of {', '.join(_links(element, kind))}" if found else f"no {kind.name}_ENTRY"
    raise UsageError(f"{element} has {said}: say entries(head, LINK)")


def _links(element: Any, kind: _Kind, before: str = "") -> Iterator[str]:
    """Yield the names of members that are links of this kind, in structures inside too."""
    if not isinstance(element, Structure):
        return
    for name, member in element.by_name.items():
        inner = member.type.plain
        if isinstance(inner, Structure):
            if kind.next in inner.by_name:
                yield before + name
            elif not before:
                yield from _links(inner, kind, f"{name}.")


def _follow(first: PointerView, name: str) -> Any:
    at: Any = first
    for part in name.split("."):
        at = at[part]
    return at
