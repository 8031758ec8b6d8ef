"""Conditions of ``file`` statements: attributes and options under ``&``, ``|``, ``!``, ``( )``.

Called by the parser and the closure; see config(5), "Conditions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rumphost.build.config.lexer import Cursor

Truth = Callable[[str], bool]


@dataclass(frozen=True)
class Name:
    """True when the attribute or option of this name is selected."""

    name: str

    def holds(self, truth: Truth) -> bool:
        """Evaluate."""
        return truth(self.name)

    def names(self) -> Iterator[str]:
        """Every name that the condition mentions, in order."""
        yield self.name


@dataclass(frozen=True)
class Not:
    """True when the operand is not."""

    operand: Expression

    def holds(self, truth: Truth) -> bool:
        """Evaluate."""
        return not self.operand.holds(truth)

    def names(self) -> Iterator[str]:
        """Every name that the condition mentions, in order."""
        return self.operand.names()


@dataclass(frozen=True)
class All:
    """True when every operand is."""

    operands: tuple[Expression, ...]

    def holds(self, truth: Truth) -> bool:
        """Evaluate."""
        return all(operand.holds(truth) for operand in self.operands)

    def names(self) -> Iterator[str]:
        """Every name that the condition mentions, in order."""
        for operand in self.operands:
            yield from operand.names()


@dataclass(frozen=True)
class Any:
    """True when at least one operand is."""

    operands: tuple[Expression, ...]

    def holds(self, truth: Truth) -> bool:
        """Evaluate."""
        return any(operand.holds(truth) for operand in self.operands)

    def names(self) -> Iterator[str]:
        """Every name that the condition mentions, in order."""
        for operand in self.operands:
            yield from operand.names()


Expression = Name | Not | All | Any


def parse_expression(cursor: Cursor) -> Expression:
    """Take a condition; ``&`` binds more tightly than ``|``."""
    operands = [_conjunction(cursor)]
    while cursor.accept("|"):
        operands.append(_conjunction(cursor))
    return operands[0] if len(operands) == 1 else Any(tuple(operands))


def _conjunction(cursor: Cursor) -> Expression:
    operands = [_atom(cursor)]
    while cursor.accept("&"):
        operands.append(_atom(cursor))
    return operands[0] if len(operands) == 1 else All(tuple(operands))


def _atom(cursor: Cursor) -> Expression:
    if cursor.accept("!"):
        return Not(_atom(cursor))
    if cursor.accept("("):
        inner = parse_expression(cursor)
        cursor.expect(")")
        return inner
    return Name(cursor.word("an attribute"))
