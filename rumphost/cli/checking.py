"""Options that say which checks to run drivers with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from rumphost.checks import Checks

_OPTIONS = {
    "dma": ("--strict-dma", "Let the device see only what bus_dmamap_sync gives it."),
    "locks": ("--lock-order", "Check the order of locks, and where they are taken."),
    "guard": ("--guard", "Check the bounds and the life of allocated memory."),
}


def words_of(checks: Checks) -> list[str]:
    """Return the options that ask for these checks."""
    if checks == Checks.all():
        return ["--strict"]
    return [option for name, (option, _) in _OPTIONS.items() if getattr(checks, name)]


def checking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; their values come as one, ``checks``."""

    @functools.wraps(command)
    def collected(*args: Any, strict: bool, **options: Any) -> Any:
        words = [name for name in _OPTIONS if options.pop(name)]
        checks = Checks.all() if strict else Checks.of(words)
        return command(*args, checks=checks, **options)

    wrapped: Callable[..., Any] = collected
    for name, (option, text) in reversed(_OPTIONS.items()):
        wrapped = click.option(option, name, is_flag=True, help=text)(wrapped)
    names = ", ".join(option for option, _ in _OPTIONS.values())
    return click.option("--strict", is_flag=True, help=f"All of {names}.")(wrapped)
