"""Options that several subcommands share, and what their values must look like."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DIRECTORY = click.Path(path_type=Path, file_okay=False)
EXISTING_DIRECTORY = click.Path(path_type=Path, file_okay=False, exists=True, readable=True)


def sys_tree(command: F) -> F:
    """Add ``--sys``."""
    return click.option(
        "--sys",
        "sys_tree",
        type=DIRECTORY,
        envvar="RUMPHOST_SYS",
        help="A NetBSD kernel source tree (its sys/); else RUMPHOST_SYS; else drivers/ only.",
    )(command)


def optimise(command: F) -> F:
    """Add ``-O``."""
    return click.option(
        "-O",
        "optimise",
        type=click.Choice(["0", "1", "2", "3", "s", "g", "fast"]),
        default="2",
        show_default=True,
        help="As the compiler's -O.",
    )(command)


def output_format(command: F) -> F:
    """Add ``--format`` and ``--quiet``."""
    command = click.option("-q", "--quiet", is_flag=True, help="Facts only, no log.")(command)
    return click.option(
        "--format",
        "format_",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people, or one JSON object a line.",
    )(command)


def asks_json(words: list[str]) -> bool:
    """Tell whether a command line asks for JSON, even one with mistakes in it."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return any(one == "--format=json" or (one, next_) == ("--format", "json")
               for one, next_ in pairs)  # fmt: skip


class OutputFile(click.Path):
    """A file that can be written, or made; ``-`` is not special."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, writable=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        directory = path.parent
        if not directory.is_dir():
            self.fail(f"there is no directory {str(directory)!r} to write it into", param, ctx)
        if not path.exists() and not os.access(directory, os.W_OK):
            self.fail(f"you may not write into {str(directory)!r}", param, ctx)
        return path


class Ipv4(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """An IPv4 address, as text."""

    name = "address"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        try:
            return str(ipaddress.IPv4Address(value))
        except ValueError:
            self.fail(f"{value!r} is no IPv4 address: write it as 10.0.2.2", param, ctx)


class Ipv4WithPrefix(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """An IPv4 address with the length of its network's prefix, as text."""

    name = "address/length"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        try:
            if "/" not in value:
                raise ValueError
            return str(ipaddress.IPv4Interface(value))
        except ValueError:
            self.fail(f"{value!r} is no address with a length: write 10.0.2.15/24", param, ctx)


class InterfaceName(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A name that Linux takes for an interface."""

    name = "name"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        name = str(value)
        if len(name.encode()) > 15:
            self.fail(f"{name!r} is too long: Linux takes 15 bytes at most", param, ctx)
        if not name or name in (".", "..") or re.search(r"[/:%\s]", name):
            self.fail(f"{name!r} is no name for an interface of Linux", param, ctx)
        return name


class SysctlSetting(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """``NAME`` or ``NAME=VALUE``, as a pair whose second may be None."""

    name = "name[=value]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str | None]:
        if isinstance(value, tuple):
            return value
        name, equals, new = str(value).partition("=")
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", name):
            self.fail(f"{name!r} is no sysctl name: write hw.teach0.period", param, ctx)
        return name, new if equals else None
