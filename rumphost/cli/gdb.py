"""``rumphost gdb``: the same run under gdb, or a core file, with the extension loaded."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.debug.gdb import (
    check_pid,
    dump_shared_files,
    find_gdb,
    gdb_command,
    read_core,
    run_program,
    start,
)
from rumphost.errors import UsageError

from .instrumenting import InstrumentingOptions
from .output import Output
from .run import run

_FILE = click.Path(path_type=Path, dir_okay=False)
_SCRIPT = click.Path(path_type=Path, dir_okay=False, exists=True)
_DEBUG_OPTIMISE = ("-O", "g")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "-b",
    "--break",
    "breakpoints",
    multiple=True,
    metavar="WHERE",
    help="Stop at a function, or FILE:LINE, also of a driver that is loaded later. Repeatable.",
)
@click.option("--core", type=_FILE, help="Look at a core file instead of running.")
@click.option("-p", "--pid", type=int, help="Look at a host that is running already.")
@click.option("-x", "--command", "script", type=_SCRIPT, help="A file of gdb commands to run.")
@click.option(
    "-e", "--execute", "commands", multiple=True, metavar="COMMAND", help="A gdb command to run."
)
@click.option("--batch", is_flag=True, help="Run the commands, then leave gdb.")
@click.option("--python", is_flag=True, help="ARGUMENTS are Python's own: a script, or -m pytest …")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="DRIVER [RUN OPTIONS]…")
def gdb(
    breakpoints: tuple[str, ...],
    core: Path | None,
    pid: int | None,
    script: Path | None,
    commands: tuple[str, ...],
    batch: bool,
    python: bool,
    arguments: tuple[str, ...],
) -> None:
    """Run `rumphost run DRIVER …` under gdb, or look at a core file.

    Options for gdb come before DRIVER, those of `rumphost run` after it. The driver is built first,
    with -O g unless you say otherwise. With -b it runs at once, without you get gdb's prompt.

    \b
    In gdb:
      rumphost lwps              the lwps: state, IPL, wait message, locks held
      rumphost bt LID|NAME|all   the C backtrace of one or all
      rumphost lwp LID           have bt, frame, info locals, print … work on that lwp
      rumphost frame LID N       the same, at frame N
      rumphost locks             who holds and who waits for what
      print sc->sc_lock          a mutex, callout, mbuf, DMA map … in words
      print CTRL == FOO_RESET    the driver's macros are known

    --batch without -x or -e runs until the first stop, prints lwps, locks and backtraces, and
    leaves. Its exit status is the run's; 1 if a breakpoint was never reached or a command failed.

    \b
    Examples:
      rumphost gdb -b i8254x_intr if_i8254x -m sim:i82540em
      rumphost gdb -b teach_intr teach -m sim:teach --sysctl hw.teach0.text=Hello
      rumphost gdb --batch -b rumphost_panic my_driver.c
      rumphost gdb -b teach_intr --python -m pytest tests/test_mine.py
      rumphost gdb --core core.1234
    """
    if sum((core is not None, pid is not None, bool(arguments))) != 1:
        raise UsageError("say either which DRIVER to run, or --core FILE, or --pid PID")
    if breakpoints and core is not None:
        raise UsageError("a core file does not run: no breakpoints in it")
    found = read_core(core) if core is not None else None
    if pid is not None:
        check_pid(pid)
    path = find_gdb()
    if arguments and not python:
        arguments = tuple(run_program(_built(arguments)))
    for file in found.missing() if found is not None else ():
        Output().note(f"{file} is gone: what the core file has of it shows no names", "yellow")
    dump_shared_files()
    start(
        gdb_command(
            path,
            program=arguments,
            core=found,
            pid=pid,
            breakpoints=breakpoints,
            script=script,
            commands=commands,
            batch=batch,
        )
    )


def _built(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Check the arguments of `rumphost run` and build the driver, so that errors come now."""
    try:
        context = run.make_context("rumphost run", list(arguments))
    except click.NoSuchOption as error:
        hint = "options for gdb itself come before DRIVER"
        raise UsageError(f"rumphost run has no {error.option_name}: {hint}") from None
    if context.get_parameter_source("optimise") is ParameterSource.DEFAULT:
        arguments = (*_DEBUG_OPTIMISE, *arguments)
        context = run.make_context("rumphost run", list(arguments))
    given = context.params
    options = InstrumentingOptions(Instrumentation(given["sanitize"]), None)
    with Output(quiet=given["quiet"]).progress() as progress:
        builder = Builder(
            given["sys_tree"],
            optimise=given["optimise"],
            instrumentation=options.for_run(given["optimise"], traces=False),
            progress=progress,
        )
        builder.build(given["drivers"])
    return arguments
