"""Options that several subcommands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DIRECTORY = click.Path(path_type=Path, file_okay=False)


def sys_tree(command: F) -> F:
    """Add ``--sys``."""
    return click.option(
        "--sys",
        "sys_tree",
        type=DIRECTORY,
        envvar="RUMPHOST_SYS",
        help="A NetBSD kernel source tree (its sys/); else RUMPHOST_SYS; else drivers/ only.",
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
