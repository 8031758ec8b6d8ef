"""``rumphost gdb``: the same run, under gdb with the extension loaded."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rumphost.debug.gdb import gdb_command
from rumphost.errors import UsageError

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "-b", "--break", "breakpoints", multiple=True, metavar="WHERE", help="Stop there; repeatable."
)
@click.option("--core", type=_FILE, help="Look at a core file instead of running.")
@click.option("-x", "--command", "script", type=_FILE, help="A file of gdb commands to run.")
@click.option("--batch", is_flag=True, help="Run the commands, then leave gdb.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="DRIVER [RUN OPTIONS]...")
def gdb(
    breakpoints: tuple[str, ...],
    core: Path | None,
    script: Path | None,
    batch: bool,
    arguments: tuple[str, ...],
) -> None:
    """Run `rumphost run DRIVER ...` under gdb.

    Breakpoints on driver functions are pending until the driver is loaded. In gdb, `rumphost lwps`
    lists the lwps and `rumphost bt LID` prints the backtrace of one.
    """
    if core is None and not arguments:
        raise UsageError("say which driver to run, or --core FILE")
    command = gdb_command(arguments, breakpoints=breakpoints, core=core, script=script, batch=batch)
    os.execvp(command[0], command)
