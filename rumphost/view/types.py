"""C types as debug information tells them: sizes, members, names.

Made by :mod:`rumphost.view.dwarf`; :mod:`rumphost.view.values` reads memory with them. Sizes and
offsets are in bytes unless a name says bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, eq=False)
class CType:
    """A type; ``str()`` of it is its C spelling. ``size`` is 0 where it is not known."""

    name: str
    size: int

    def __str__(self) -> str:
        return self.name

    @property
    def plain(self) -> CType:
        """The type without the names that typedefs give it."""
        return self


@dataclass(frozen=True, eq=False)
class Void(CType):
    """No type, or one that this reader does not know."""


@dataclass(frozen=True, eq=False)
class Integer(CType):
    """An integer, a character or a boolean."""

    signed: bool
    is_bool: bool = False
    is_character: bool = False


@dataclass(frozen=True, eq=False)
class Float(CType):
    """A floating-point number."""


@dataclass(frozen=True, eq=False)
class Enumeration(CType):
    """An enumeration: its constants by name."""

    signed: bool
    constants: dict[str, int]

    @cached_property
    def names(self) -> dict[int, str]:
        """The constants by value; of two of one value the first."""
        return {value: name for name, value in reversed(self.constants.items())}


@dataclass(frozen=True, eq=False)
class Function(CType):
    """The type of a function; only pointers to such are ever met in memory."""


@dataclass(frozen=True, eq=False)
class Pointer(CType):
    """A pointer; its target is looked up when it is needed."""

    find_target: Callable[[], CType]

    @cached_property
    def target(self) -> CType:
        return self.find_target()

    def __str__(self) -> str:
        target = self.target
        return "(*)()" if isinstance(target.plain, Function) else f"{target} *".replace("* *", "**")


@dataclass(frozen=True, eq=False)
class Array(CType):
    """``count`` elements; 0 where the array has no length of its own, as at a structure's end."""

    element: CType
    count: int

    def __str__(self) -> str:
        length = f"[{self.count or ''}]"
        if isinstance(self.element, Array):
            head, bracket, rest = str(self.element).partition("[")
            return f"{head}{length}{bracket}{rest}"
        return f"{self.element}{length}"


@dataclass(frozen=True, eq=False)
class Member:
    """A member of a structure or union; ``bits`` is the width of a bit field, or 0.

    ``bit_offset`` counts from the beginning of the structure, least significant bit first.
    """

    name: str
    type: CType
    offset: int
    bit_offset: int = 0
    bits: int = 0


@dataclass(frozen=True, eq=False)
class Structure(CType):
    """A structure or a union; ``name`` has the word. ``is_complete``: its members are known."""

    find_members: Callable[[], list[Member]]
    is_complete: bool = True

    @cached_property
    def members(self) -> list[Member]:
        """In order, without a name where C has none."""
        return self.find_members()

    @cached_property
    def by_name(self) -> dict[str, Member]:
        """All that C reaches by one name, through members without a name as well."""
        return dict(self._named(0))

    def _named(self, start: int) -> Iterator[tuple[str, Member]]:
        for one in self.members:
            if one.name:
                moved = Member(
                    one.name, one.type, start + one.offset, 8 * start + one.bit_offset, one.bits
                )
                yield one.name, moved
            elif isinstance(one.type.plain, Structure):
                yield from one.type.plain._named(start + one.offset)


@dataclass(frozen=True, eq=False)
class Alias(CType):
    """A typedef."""

    target: CType = field(repr=False)

    @property
    def plain(self) -> CType:
        return self.target.plain


@dataclass(frozen=True)
class Variable:
    """A variable with a place in memory; ``offset`` is from where the image is loaded."""

    name: str
    type: CType
    offset: int
    source: str
