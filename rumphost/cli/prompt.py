"""A Python prompt inside a trio task, with ``await`` at top level, history and completion.

At the prompt everything stands still, as under a debugger: time, lwps, trio's other tasks. They go
on while an ``await`` waits. ``rumphost shell`` uses it.
"""

from __future__ import annotations

import ast
import builtins
import codeop
import contextlib
import inspect
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import trio

from rumphost.errors import RumphostError

_PS1, _PS2 = ">>> ", "... "
_FILE = "<shell>"
_HISTORY = 5000
_TURNS = 3  # of trio's loop, for what a statement has set going


class Prompt:
    """Runs what people type, in ``names``, and gives values to ``show``.

    ``failed``: a script's statement has raised.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = {"__name__": "__rumphost__", "__builtins__": builtins, **names}
        self.failed = False
        self.show: Callable[[object], object] = sys.displayhook
        self._compile = codeop.CommandCompiler()
        self._compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    async def interact(self, history: Path) -> None:
        """Read and run until end of file or ``exit()``."""
        with _line_editing(self.names, history):
            lines: list[str] = []
            while True:
                try:
                    with _interruptible():
                        line = input(_PS2 if lines else _PS1)
                except EOFError:
                    print(file=sys.stderr)
                    return
                except KeyboardInterrupt:
                    print("\nKeyboardInterrupt", file=sys.stderr)
                    lines = []
                    continue
                lines.append(line)
                if not await self._run_line("\n".join(lines)):
                    continue
                lines = []

    async def run_lines(self, source: str) -> None:
        """Run statements as if they had been typed: values are shown; the first error ends it."""
        try:
            statements = ast.parse(source, _FILE).body
            for statement in statements:
                tree = ast.Interactive([statement])
                await self._run(compile(tree, _FILE, "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        except Exception:
            self.failed = True
            self._show_error()

    async def run_script(self, source: str, name: str) -> None:
        """Run a whole program."""
        try:
            await self._run(compile(source, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        except Exception:
            self.failed = True
            self._show_error()

    # -- the inner parts

    async def _run_line(self, source: str) -> bool:
        """Run it if it is whole; False when more is to come."""
        try:
            code = self._compile(source, _FILE, "single")
            if code is None:
                return False
            await self._run(code)
            for _ in range(_TURNS):
                await trio.lowlevel.checkpoint()
        except KeyboardInterrupt:
            print("\nKeyboardInterrupt", file=sys.stderr)
        except Exception:
            self._show_error()
        return True

    async def _run(self, code: CodeType) -> None:
        function = FunctionType(code, self.names)
        before, sys.displayhook = sys.displayhook, self.show
        try:
            if inspect.iscoroutinefunction(function):
                await function()
            else:
                with _interruptible():
                    function()
        finally:
            sys.displayhook = before

    def _show_error(self) -> None:
        """Print what was raised: with a traceback of what was typed, not of this file.

        Of what rumphost says in a sentence there is nothing to trace.
        """
        error = sys.exc_info()[1]
        assert error is not None
        says_all = isinstance(error, SyntaxError | AttributeError | RumphostError)
        trace = None if says_all else error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        text = traceback.format_exception(type(error), error, trace)
        print("".join(text), end="", file=sys.stderr)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C be an exception at once, where trio would keep it for its next checkpoint."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _line_editing(names: dict[str, Any], history: Path) -> Iterator[None]:
    """Have readline complete ``names`` and remember lines; without readline, just go on."""
    try:
        import readline
        import rlcompleter
    except ImportError:
        yield
        return
    before = readline.get_completer()
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(_HISTORY)
    with contextlib.suppress(OSError):
        readline.read_history_file(history)
    try:
        yield
    finally:
        readline.set_completer(before)
        with contextlib.suppress(OSError):
            readline.write_history_file(history)
