"""Splits a config(5) file into statements, and a statement into tokens.

Called by :mod:`rumphost.build.config.parser`.  A statement ends at a newline, unless the next
line begins with white space; ``#`` starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NoReturn

from rumphost.errors import BuildError


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file, counted from 1."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class ConfigError(BuildError):
    """A config(5) file is wrong; the message starts with its file and line."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.message = message


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    SIGN = "sign"


@dataclass(frozen=True)
class Token:
    """One token; the text of a string has no quotes any more."""

    kind: Kind
    text: str
    place: Place

    def __str__(self) -> str:
        return f'"{self.text}"' if self.kind is Kind.STRING else f"`{self.text}'"


_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\f\v]+)
      | (?P<comment>\#[^\n]*)
      | (?P<newline>\n)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<sign>\+=|:=|[{}\[\]():,=&|!*?])
      | (?P<word>(?:[-A-Za-z0-9_.$/@~%]|\$\{[^}\n]*\}|\+(?!=))+)""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")


def statements(path: Path, text: str) -> Iterator[list[Token]]:
    """Yield the statements of a file, none of them empty."""
    statement: list[Token] = []
    line = 1
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            what = "a string without end" if text[position] == '"' else repr(text[position])
            raise ConfigError(Place(path, line), f"{what} is not expected here")
        position = match.end()
        kind = match.lastgroup
        if kind == "newline":
            line += 1
            if statement and text[position : position + 1] not in (" ", "\t"):
                yield statement
                statement = []
        elif kind == "string":
            value = _ESCAPE.sub(r"\1", match.group()[1:-1])
            statement.append(Token(Kind.STRING, value, Place(path, line)))
        elif kind in ("sign", "word"):
            token_kind = Kind.SIGN if kind == "sign" else Kind.WORD
            statement.append(Token(token_kind, match.group(), Place(path, line)))
    if statement:
        yield statement


class Cursor:
    """Walks over the tokens of one statement; every complaint names file and line."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def place(self) -> Place:
        """Where the statement starts."""
        return self._tokens[0].place

    def peek(self, ahead: int = 0) -> Token | None:
        """The token that comes next, or None at the end."""
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def at_end(self) -> bool:
        """Whether no token is left."""
        return self._next == len(self._tokens)

    def sees(self, *texts: str) -> bool:
        """Whether the next token is one of these words or signs."""
        token = self.peek()
        return token is not None and token.kind is not Kind.STRING and token.text in texts

    def accept(self, *texts: str) -> Token | None:
        """Take the next token if it is one of these words or signs."""
        return self.take("a token") if self.sees(*texts) else None

    def take(self, expected: str) -> Token:
        """Take the next token, whatever it is; ``expected`` is for the complaint."""
        token = self.peek()
        if token is None:
            raise ConfigError(self._tokens[-1].place, f"{expected} expected at the end of the line")
        self._next += 1
        return token

    def expect(self, text: str) -> None:
        """Take the next token, which must be this word or sign."""
        if self.accept(text) is None:
            self.fail(f"`{text}' expected")

    def word(self, expected: str) -> str:
        """Take a word."""
        token = self.peek()
        if token is not None and token.kind is not Kind.WORD:
            self.fail(f"{expected} expected")
        return self.take(expected).text

    def text(self, expected: str) -> str:
        """Take a word or a string."""
        token = self.peek()
        if token is not None and token.kind is Kind.SIGN:
            self.fail(f"{expected} expected")
        return self.take(expected).text

    def number(self, expected: str) -> int:
        """Take a number in C's notation."""
        text = self.word(expected)
        try:
            return parse_number(text)
        except ValueError:
            raise ConfigError(self.place, f"{expected} expected, not `{text}'") from None

    def rest(self) -> list[Token]:
        """Take all that is left."""
        left = self._tokens[self._next :]
        self._next = len(self._tokens)
        return left

    def fail(self, message: str) -> NoReturn:
        """Complain about the next token."""
        token = self.peek()
        if token is None:
            raise ConfigError(self._tokens[-1].place, f"{message} at the end of the line")
        raise ConfigError(token.place, f"{message}, not {token}")

    def finish(self) -> None:
        """The statement must be over."""
        if not self.at_end():
            self.fail("end of the statement expected")


def parse_number(text: str) -> int:
    """A number in C's notation: 10, 0x10, 010, with a sign."""
    digits = text.lstrip("-")
    value = int(digits, 8 if re.fullmatch(r"0[0-7]+", digits) else 0)
    return -value if text.startswith("-") else value
