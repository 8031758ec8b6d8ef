"""The ``rumphost`` command. Each subcommand has a module of its own here."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from rumphost.errors import RumphostError

from .build import build
from .gdb import gdb
from .listing import list_
from .output import Output
from .run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rumphost")
def rumphost() -> None:
    """Run NetBSD kernel drivers in this process.

    Exit status: 0 good, 1 the driver failed, 2 wrong usage, 3 this computer lacks something.
    """


for command in (list_, build, run, gdb):
    rumphost.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    try:
        rumphost.main(args=arguments, prog_name="rumphost", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except RumphostError as error:
        words = list(sys.argv[1:] if arguments is None else arguments)
        Output(json="--format=json" in words or "json" in words).error(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.exit(141)
