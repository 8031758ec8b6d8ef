"""The ``rumphost`` command. Each subcommand has a module of its own here."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Sequence

import click

from rumphost.errors import RumphostError
from rumphost.tasks import leaves

from .bind import bind, unbind
from .build import build
from .coverage import coverage
from .doctor import doctor
from .fuzz import fuzz
from .gdb import gdb
from .instrumenting import covered
from .listing import list_
from .options import asks_json
from .output import AlreadyTold, Output, OutputClosed
from .pci import pci
from .run import Terminated, run
from .shell import shell
from .trials import explore, fault
from .wifi import wifi

DEFECT = 70
"""The exit status of a defect of rumphost itself: EX_SOFTWARE of sysexits(3)."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rumphost")
def rumphost() -> None:
    """Run NetBSD kernel drivers in this process.

    Exit status: 0 good, 1 the driver failed, 2 wrong usage, 3 this computer lacks something.
    """


for command in (
    list_, build, run, shell, gdb, fault, explore, fuzz, coverage, covered, pci, wifi, bind, unbind,
    doctor,
):  # fmt: skip
    rumphost.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    output = Output(json=asks_json(words))
    try:
        status = _run(words, output)
    except OutputClosed:
        status = 141  # as a command has that SIGPIPE ends
    except RumphostError as error:  # the output itself could not be written
        status = error.exit_status
    if not _flushed():
        # Python would say so once more, and change the status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(status)


def _run(words: list[str], output: Output) -> int:
    try:
        result = rumphost.main(args=words, prog_name="rumphost", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        if output.json:
            record = {"message": error.format_message(), "driver": "", "backtrace": []}
            output.fact("", "error", exit_status=error.exit_code, **record)
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BaseException as error:
        return _report(error, output)


def _report(error: BaseException, output: Output) -> int:
    """Tell of every error that a run ended with; the status is the first one's."""
    errors = list(leaves(error))
    for kind, status in ((OutputClosed, 141), (KeyboardInterrupt, 130), (Terminated, 143)):
        if any(isinstance(one, kind) for one in errors):
            return status
    known = [one for one in errors if isinstance(one, RumphostError)]
    if known:
        told = set()
        for one in known:
            if str(one) not in told and not isinstance(one, AlreadyTold):
                told.add(str(one))
                output.error(one)
        return known[0].exit_status
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, OSError) and error.filename:
        output.error(RumphostError(f"{error.filename}: {error.strerror}"), 3)
        return 3
    if sys.stderr is not None:
        traceback.print_exception(error)
    output.error(RumphostError(f"a defect of rumphost itself: {error!r}: please report it"), DEFECT)
    return DEFECT


def _flushed() -> bool:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        return True
    return sys.stdout is None
