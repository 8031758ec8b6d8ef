"""Reads config(5) files: which files there are, in which order, under which prefix and condition.

Called by :mod:`rumphost.build.tree`.  The statements themselves are in
:mod:`~rumphost.build.config.definitions` (what exists) and
:mod:`~rumphost.build.config.selections` (what is wanted of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.build.config.context import Context
from rumphost.build.config.definitions import DEFINITIONS
from rumphost.build.config.lexer import ConfigError, Cursor, Place, statements
from rumphost.build.config.model import Config
from rumphost.build.config.selections import SELECTIONS, instance
from rumphost.errors import UsageError

_DEPTH = 32


@dataclass(frozen=True)
class ConfigFile:
    """A file to read; ``roots`` are where its includes and source files are looked for.

    ``yields``: what it defines gives way, in silence, to what is already defined.
    ``partial``: an include that is missing is noted in ``Config.missing`` and left out.
    """

    path: Path
    roots: tuple[Path, ...]
    yields: bool = False
    partial: bool = False


@dataclass
class Conditional:
    """One open ``ifdef``: whether its branch is read, and whether one was already."""

    place: Place
    taken: bool
    done: bool
    last: bool = False


def parse(files: Sequence[ConfigFile], config: Config | None = None) -> Config:
    """Read the files in order; raises ConfigError, or UsageError when one does not exist."""
    config = Config() if config is None else config
    for file in files:
        if not file.path.is_file():
            raise UsageError(f"{file.path}: no such file")
        context = Context(config, file.roots, file.yields)
        _Reader(context, partial=file.partial).read(file.path, 0)
    return config


class _Reader:
    """Reads one top file and all that it includes."""

    def __init__(self, context: Context, *, partial: bool) -> None:
        self._context = context
        self._partial = partial

    def read(self, path: Path, depth: int) -> None:
        try:
            text = path.read_text(encoding="latin-1")
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        self._context.config.files.append(path)
        open_conditions: list[Conditional] = []
        for tokens in statements(path, text):
            cursor = Cursor(tokens)
            if self._condition(cursor, open_conditions):
                continue
            if all(condition.taken for condition in open_conditions):
                self._statement(cursor, depth)
        if open_conditions:
            raise ConfigError(open_conditions[-1].place, "ifdef without endif")

    def _condition(self, cursor: Cursor, stack: list[Conditional]) -> bool:
        word = cursor.accept("ifdef", "ifndef", "elifdef", "elifndef", "else", "endif")
        if word is None:
            return False
        if word.text in ("ifdef", "ifndef"):
            holds = self._defined(cursor.word("an attribute")) == (word.text == "ifdef")
            stack.append(Conditional(word.place, taken=holds, done=holds))
        elif not stack:
            raise ConfigError(word.place, f"{word.text} without ifdef")
        elif word.text == "endif":
            stack.pop()
        elif stack[-1].last:
            raise ConfigError(word.place, f"{word.text} after else")
        else:
            top = stack[-1]
            holds = True
            if word.text == "else":
                top.last = True
            else:
                holds = self._defined(cursor.word("an attribute")) == (word.text == "elifdef")
            top.taken = holds and not top.done
            top.done = top.done or holds
        cursor.finish()
        return True

    def _defined(self, name: str) -> bool:
        config = self._context.config
        return name in config.attributes or name in config.machine

    def _statement(self, cursor: Cursor, depth: int) -> None:
        if cursor.accept("include"):
            self._include(cursor, depth, must_exist=True)
        elif cursor.accept("cinclude"):
            self._include(cursor, depth, must_exist=False)
        elif cursor.accept("package"):
            self._package(cursor, depth)
        elif _is_instance(cursor):
            instance(self._context, cursor)
            cursor.finish()
        else:
            keyword = cursor.take("a statement")
            handler = DEFINITIONS.get(keyword.text) or SELECTIONS.get(keyword.text)
            if handler is None:
                raise ConfigError(keyword.place, f"unknown statement `{keyword.text}'")
            handler(self._context, cursor)
            cursor.finish()

    def _include(self, cursor: Cursor, depth: int, *, must_exist: bool) -> None:
        place = cursor.place
        name = cursor.text("a file name")
        cursor.finish()
        self._read_named(name, place, depth, must_exist=must_exist)

    def _package(self, cursor: Cursor, depth: int) -> None:
        place = cursor.place
        name = cursor.text("a file name")
        cursor.finish()
        full = self._context.prefixed(name)
        self._context.prefixes.append(str(Path(full).parent))
        self._read_named(full, place, depth, must_exist=True, is_prefixed=True)
        self._context.prefixes.pop()

    def _read_named(
        self, name: str, place: Place, depth: int, *, must_exist: bool, is_prefixed: bool = False
    ) -> None:
        if depth >= _DEPTH:
            raise ConfigError(place, f'"{name}" is included too deeply; does it include itself?')
        relative = name if is_prefixed else self._context.prefixed(name)
        for root in self._context.roots:
            if (root / relative).is_file():
                self.read(root / relative, depth + 1)
                return
        if self._partial:
            self._context.config.missing.append((place, relative))
        elif must_exist:
            where = " or ".join(str(root) for root in self._context.roots) or "no directory"
            raise ConfigError(place, f'"{relative}" is not in {where}')


def _is_instance(cursor: Cursor) -> bool:
    """Tell ``wm* at pci?`` and ``mainbus0 at root`` from a statement with a keyword."""
    first, second = cursor.peek(), cursor.peek(1)
    if first is not None and first.text == "*":
        return True
    if second is None:
        return False
    if second.text == "*":
        second = cursor.peek(2)
    return second is not None and second.text == "at" and not cursor.sees("attach", "no")
